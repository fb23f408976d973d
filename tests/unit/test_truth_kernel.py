"""The compiled loops and NumPy give the same numbers; the library is built, rebuilt and refused as it should be."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.truth import DawidSkene, Votes
from tawsim.truth.kernel import EMStep, GroupedSum, name
from tawsim.truth.kernel import library as room
from tawsim.truth.kernel.order import by_group, starts

ROOT = Path(__file__).resolve().parents[2]
needs_c = pytest.mark.skipif(name() != "c", reason="the compiled loops are not built here (1 of 2 engines untested)")
ENGINES = ["numpy", pytest.param("c", marks=needs_c)]


@pytest.fixture
def engine(request, monkeypatch):
    monkeypatch.setenv("TAWSIM_KERNEL", request.param)
    assert name() == request.param
    return request.param


def with_kernel(which, function):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAWSIM_KERNEL", which)
        return function()


def crowd(seed=0, tasks=300, workers=12, labels=3, overlap=4):
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    right = random.beta(8, 3, workers)
    task = np.repeat(np.arange(tasks), overlap)
    worker = np.concatenate([np.sort(random.permutation(workers)[:overlap]) for _ in range(tasks)])
    wrong = (truth[task] + random.integers(1, max(labels, 2), len(task))) % labels
    return task, worker, np.where(random.random(len(task)) < right[worker], truth[task], wrong)


def a_step(task, worker, label, sizes, prior, log_conf, evidence):
    step = EMStep(task, worker, label, **sizes)
    posterior = np.full((sizes["tasks"], sizes["labels"]), 1 / sizes["labels"])
    step.believe(log_conf)
    told = step.expect(prior, posterior, evidence)
    counts = step.counted()
    imagined = np.full((sizes["labels"], sizes["labels"]), 0.3)
    summed = step.maximise(imagined)
    return [posterior, counts, told.moved, told.log_likelihood, told.per_class, summed, step.log_confusion()]


@needs_c
@pytest.mark.parametrize("labels", [1, 2, 3, 4, 5, 8, 10, 13, 17, 40])
@pytest.mark.parametrize("known", [False, True], ids=["", "with evidence"])
def test_one_step_is_the_same_in_c_and_numpy(labels, known):
    random = np.random.default_rng(labels)
    task, worker, label = crowd(labels, labels=labels)
    sizes = {"tasks": 302, "workers": 13, "labels": labels}  # the last two tasks and one worker have no votes
    log_conf = np.log(random.dirichlet(np.ones(labels), (13, labels)).transpose(0, 2, 1))
    prior = np.log(random.dirichlet(np.ones(labels)))
    evidence = random.normal(0, 2, (302, labels)) if known else None
    both = [
        with_kernel(which, lambda: a_step(task, worker, label, sizes, prior, log_conf, evidence))
        for which in ("c", "numpy")
    ]
    for ours, plain in zip(*both, strict=True):
        assert np.allclose(ours, plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_step_is_what_the_formula_says(engine):
    """Against loops that anybody can read."""
    task, worker, label = crowd(3, tasks=20, workers=4, labels=3, overlap=3)
    random = np.random.default_rng(0)
    log_conf = np.log(random.dirichlet(np.ones(3), (4, 3)).transpose(0, 2, 1))
    prior = np.log([0.2, 0.3, 0.5])
    step = EMStep(task, worker, label, tasks=20, workers=4, labels=3)
    step.believe(log_conf)
    posterior = np.full((20, 3), 1 / 3)
    told = step.expect(prior, posterior)
    counts, log_likelihood = np.zeros((4, 3, 3)), 0.0
    for t in range(20):
        votes = np.flatnonzero(task == t)
        weight = np.exp(prior + sum(log_conf[worker[i], label[i]] for i in votes))
        log_likelihood += np.log(weight.sum())
        assert np.allclose(posterior[t], weight / weight.sum(), atol=1e-14)
        for i in votes:
            counts[worker[i], label[i]] += weight / weight.sum()
    assert np.allclose(step.counted(), counts, atol=1e-13)
    assert told.log_likelihood == pytest.approx(log_likelihood, rel=1e-13)
    assert told.moved == pytest.approx(np.abs(posterior - 1 / 3).sum() / 2)
    assert np.allclose(step.count(posterior), counts, atol=1e-13)
    assert np.allclose(step.weigh(prior), np.log(posterior) + (step.weigh(prior) - np.log(posterior))[:, :1])
    summed = step.maximise(np.full((3, 3), 0.5))
    conf = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    assert np.allclose(step.log_confusion(), np.log(conf), atol=1e-13)
    assert np.allclose(summed, np.log(conf).sum(axis=0), atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_far_apart_and_certain_weights_stay_finite(engine):
    """A thousand votes, and evidence that leaves one label: no overflow, no NaN, and the probabilities sum to one."""
    worker = np.arange(1000)
    step = EMStep(np.zeros(1000, int), worker, np.zeros(1000, int), tasks=1, workers=1000, labels=2)
    step.believe(np.log(np.broadcast_to([[0.9999, 1e-4], [1e-4, 0.9999]], (1000, 2, 2))))
    posterior = np.full((1, 2), 0.5)
    told = step.expect(np.log([0.5, 0.5]), posterior)
    assert posterior.tolist() == [[1.0, 0.0]]
    assert told.log_likelihood == pytest.approx(np.log(0.5) + 1000 * np.log(0.9999))
    step.expect(np.log([0.5, 0.5]), posterior, np.array([[-1e5, 0.0]]))
    assert posterior.tolist() == [[0.0, 1.0]]
    step.maximise(np.full((2, 2), 1e-320))
    assert np.isfinite(step.log_confusion()).all()


@needs_c
def test_exp_and_log_are_right_to_the_last_digits():
    """One task a value: softmax of (0, x) is 1 / (1 + exp x); log through the M step."""
    x = np.concatenate([-np.logspace(-12, 2.84, 4000), [0.0, -690.0, -701.0]])
    step = EMStep(np.arange(len(x)), np.zeros(len(x), int), np.zeros(len(x), int), tasks=len(x), workers=1, labels=2)
    step.believe(np.zeros((1, 2, 2)))
    posterior = np.full((len(x), 2), 0.5)
    step.expect(np.zeros(2), posterior, np.stack([np.zeros_like(x), x], axis=1))
    small = posterior[:, 1] / posterior[:, 0]
    exact = np.where(x < -700, 0, np.exp(x))
    assert (np.abs(small - exact) <= 1e-15 * exact).all()
    share = np.logspace(-12, 0, 600)
    step = EMStep(np.zeros(1, int), np.zeros(1, int), np.zeros(1, int), tasks=1, workers=1, labels=len(share))
    step.count(np.zeros((1, len(share))))
    step.maximise(np.repeat(share[:, None], len(share), axis=1))
    # Errors of the sum and the quotient come on top.
    assert np.allclose(step.log_confusion()[0, :, 0], np.log(share / share.sum()), rtol=1e-14, atol=1e-15)


@needs_c
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_grouped_sums_are_the_same_bits(data):
    groups, rows, width = (data.draw(st.integers(1, 9)) for _ in range(3))
    members = data.draw(st.lists(st.tuples(st.integers(0, groups - 1), st.integers(0, rows - 1)), max_size=60))
    group, row = np.array(members * data.draw(st.sampled_from([1, 50])), dtype=np.int64).reshape(-1, 2).T
    table = np.random.default_rng(0).normal(size=(rows, width))
    both = [with_kernel(which, lambda: GroupedSum(group, row, groups)(table)) for which in ("c", "numpy")]
    assert np.array_equal(*both)


@needs_c
def test_grouped_sum_refuses_a_short_table():
    with pytest.raises(ValueError, match="3 rows"):
        GroupedSum(np.array([0]), np.array([2]), 1)(np.zeros((2, 1)))


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_order_is_a_stable_sort(engine):
    group = np.random.default_rng(0).integers(0, 7, 500)
    assert np.array_equal(by_group(group, 7), np.argsort(group, kind="stable"))
    assert starts(np.array([0, 0, 2]), 4).tolist() == [0, 2, 2, 3, 3]


@needs_c
@pytest.mark.parametrize("labels", [2, 10])
def test_a_whole_fit_agrees(labels):
    votes = Votes.from_columns(*crowd(7, tasks=2000, workers=40, labels=labels))
    ours, plain = (with_kernel(which, lambda: DawidSkene().fit(votes)) for which in ("c", "numpy"))
    assert ours.n_iter_ == plain.n_iter_
    assert np.abs(ours.posterior_ - plain.posterior_).max() < 1e-9
    assert np.abs(ours.confusion_ - plain.confusion_).max() < 1e-9
    assert ours.vote_correlation_ == plain.vote_correlation_
    again = with_kernel("c", lambda: DawidSkene().fit(votes))
    assert np.array_equal(ours.posterior_, again.posterior_)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_what_the_loops_would_not_survive_is_refused(engine):
    sizes = {"tasks": 2, "workers": 2, "labels": 2}
    zero, one = np.zeros(2, int), np.array([0, 1])
    for bad in ((one[::-1], zero, zero), (one, zero + 2, zero), (one, zero, zero + 2), (one, zero - 1, zero)):
        with pytest.raises(ValueError, match=r"sorted|outside"):
            EMStep(*bad, **sizes)
    with pytest.raises(ValueError, match="length"):
        EMStep(one, zero[:1], zero, **sizes)
    step = EMStep(one, zero, zero, **sizes)
    with pytest.raises(ValueError, match="no counts"):
        step.maximise(np.ones((2, 2)))
    with pytest.raises(ValueError, match="no confusion"):
        step.expect(np.zeros(2), np.zeros((2, 2)))
    for posterior in (np.zeros((2, 3)), np.zeros((2, 2), np.float32), np.zeros((2, 4))[:, ::2]):
        with pytest.raises(ValueError, match="contiguous"):
            step.count(posterior)


def test_a_library_of_another_version_is_not_used(tmp_path, monkeypatch):
    rubbish = tmp_path / "tawsim_kernel.so"
    rubbish.write_bytes(b"\x7fELF rubbish")
    assert room.load(rubbish) is None
    assert room.load(tmp_path / "missing.so") is None
    if room.FILE.is_file():
        copy = tmp_path / "other.so"
        shutil.copy(room.FILE, copy)
        monkeypatch.setattr(room, "ABI", room.ABI + 1)
        assert room.load(copy) is None


def test_the_wish_for_numpy_is_heard():
    code = "from tawsim.truth.kernel import name; print(name())"
    env = {"TAWSIM_KERNEL": "numpy", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "numpy"


@pytest.fixture
def builder(tmp_path):
    """hatch_build.py, and a copy of the C sources to build in."""
    script = ROOT / "hatch_build.py"
    if not script.is_file():
        pytest.skip("hatch_build.py is not here (an installed package)")
    spec = importlib.util.spec_from_file_location("hatch_build", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / module.KERNEL
    folder.mkdir(parents=True)
    for source in module.KERNEL_SOURCES:
        shutil.copy(ROOT / module.KERNEL / source, folder / source)
    return module, tmp_path


def test_without_a_compiler_the_build_goes_on(builder, monkeypatch):
    module, root = builder
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    assert module.build_kernel(root) == "there is no C compiler here"
    assert not (root / module.LIBRARY).exists()


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here (2 tests of building left out)")
def test_a_stale_library_is_rebuilt(builder, monkeypatch):
    module, root = builder
    # What is made matters here, not how fast it runs.
    monkeypatch.setattr(module, "C_FLAGS", tuple("-O0" if flag == "-O3" else flag for flag in module.C_FLAGS))
    assert module.build_kernel(root) == "built"
    assert module.build_kernel(root) == "up to date"
    assert room.load(root / module.LIBRARY) is not None
    source = root / module.KERNEL / "em.c"
    source.write_text(source.read_text() + "/* changed */\n")
    assert not module.kernel_is_built(root)
    assert module.build_kernel(root) == "built"
    source.write_text("this is no C")
    assert "failed" in module.build_kernel(root)
    assert not (root / module.LIBRARY).exists(), "a stale library is worse than none"


@needs_c
def test_the_library_here_is_of_these_sources(builder):
    module, _ = builder
    assert module.kernel_is_built(ROOT), "run: python hatch_build.py"
