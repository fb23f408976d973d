"""Joint: each of its promises on crowds made to break it, gold, families, copies, confidence, and its parts by hand."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth import Majority, Votes
from tawsim.truth.choice.confidences import confidence_evidence, read_confidence
from tawsim.truth.choice.dawid_skene import DawidSkene
from tawsim.truth.choice.families import effective_votes, error_correlation, find_families, find_pairs
from tawsim.truth.choice.gold import power_by_gold, weigh_by_gold
from tawsim.truth.choice.joint import SETTINGS, Joint
from tawsim.truth.choice.joint_em import Crowd, Known, Setting, fit_setting
from tawsim.truth.choice.joint_pool import Evidence, humbled, said_by_somebody, weigh

HERE = Path(__file__).resolve()


def made_crowds():
    path = HERE.parents[2] / "benchmarks" / "truth" / "made_crowds.py"
    spec = importlib.util.spec_from_file_location("made_crowds", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["made_crowds"] = module
    spec.loader.exec_module(module)
    return module


made = made_crowds()


def accuracy(model, gold):
    p = model.predict_proba()[gold[0]]
    top = p >= p.max(axis=1, keepdims=True) - 1e-9
    return float((top[np.arange(len(p)), gold[1]] / top.sum(axis=1)).mean())


def coin(seed=0, tasks=300, right=(0.9, 0.8, 0.7, 0.6, 0.6)):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, tasks)
    said = [np.where(random.random(tasks) < p, truth, (truth + random.integers(1, 3, tasks)) % 3) for p in right]
    task, worker = np.tile(np.arange(tasks), len(right)), np.repeat(np.arange(len(right)), tasks)
    return made.pack(task, worker, np.concatenate(said), truth, 3)


# ---- what it is for
def test_judges_that_fall_into_one_trap_are_outvoted_by_the_able():
    votes, gold = made.judges(2, made.SIX, 1.0)
    joint = Joint().fit(votes)
    assert accuracy(Majority().fit(votes), gold) < 0.65
    assert accuracy(DawidSkene().fit(votes), gold) < 0.7
    assert accuracy(joint, gold) > 0.85
    # No one of 130 votes is independent: they are worth few.
    assert joint.effective_votes_.max() < 15


def test_copies_count_once():
    votes, gold = made.copiers(19, 500, 40, 9, 2, faithful=0.98)
    joint = Joint().fit(votes)
    assert (joint.copies_ >= 0).sum() >= 8
    assert "copy" in joint.why_["text"]
    assert accuracy(joint, gold) > accuracy(Majority().fit(votes), gold) + 0.05
    assert accuracy(DawidSkene().fit(votes), gold) < accuracy(joint, gold) - 0.2


@pytest.mark.parametrize("name", ["letters, of five", "rare, 3 %", "hard tasks", "spammers, few votes", "two votes"])
def test_never_below_the_majority(name):
    votes, gold = made.MADE[name]()
    assert accuracy(Joint().fit(votes), gold) >= accuracy(Majority().fit(votes), gold) - 0.005


def test_letters_without_meaning_favour_one_coin():
    meaning = Joint().fit(made.MADE["confusion"]()[0]).weights_["one coin"]
    none = Joint().fit(made.MADE["letters, of five"]()[0]).weights_["one coin"]
    assert none > 0.25 > 0.15 > meaning


def test_a_label_that_nobody_gave_is_not_the_answer():
    # A rare label that one worker alone gave: how frequent the other is must not overrule the only answer there is.
    rows = [(t, w, "common") for t in range(200) for w in range(4)] + [("lone", 0, "rare")]
    joint = Joint().fit(rows)
    assert joint.predict()[joint.tasks_.index("lone")] == "rare"


# ---- gold
def test_gold_is_a_fixed_point_and_teaches():
    votes, truth = made.judges(2, made.SIX, 1.4)
    given = {int(t): int(k) for t, k in truth[:, :60].T}
    rest = truth[:, 60:]
    plain, taught = Joint().fit(votes), Joint().fit(votes, gold=given)
    p = taught.predict_proba()
    assert all(p[t, k] == 1.0 and p[t].sum() == 1.0 for t, k in given.items())
    assert accuracy(taught, rest) > accuracy(plain, rest) + 0.1
    assert taught.calibration_["by"] == "gold"
    assert taught.calibration_["gold"] == 60
    assert set(taught.weights_) > set(plain.weights_)
    assert sum(taught.weights_.values()) == pytest.approx(1)
    assert np.array_equal(Joint(gold=given).fit(votes).predict_proba(), p)


def test_gold_tells_how_sure_to_be():
    votes, truth = coin(right=(0.8, 0.8, 0.8))
    random = np.random.default_rng(1)
    noise = np.where(random.random(300) < 0.35, (truth[1] + 1) % 3, truth[1])
    good = Joint().fit(votes, gold=dict(zip(range(100), truth[1].tolist(), strict=False)))
    bad = Joint().fit(votes, gold=dict(zip(range(100), noise.tolist(), strict=False)))
    assert bad.calibration_["power"] < 0.6 < good.calibration_["power"]
    assert bad.calibration_["brier"] > good.calibration_["brier"] + 0.1


def test_little_gold_changes_little():
    votes, truth = coin()
    plain = Joint().fit(votes).predict_proba()
    taught = Joint().fit(votes, gold={0: int(truth[1, 0])}).predict_proba()
    assert np.abs(plain - taught)[1:].mean() < 0.05


@pytest.mark.parametrize(
    ("gold", "says"),
    [({"t0": 1}, "t0"), ({0: "cat"}, "cat"), ([(0, 1)], "mapping"), ({0: 1, "x": 2, "y": 1}, "2 gold")],
)
def test_wrong_gold_is_named(gold, says):
    with pytest.raises(BadInput, match=says):
        Joint().fit(coin(tasks=20)[0], gold=gold)


def test_gold_on_a_task_without_votes():
    votes = Votes.from_columns([0, 0, 1, 1], ["a", "b", "a", "b"], ["x", "x", "y", "y"], tasks=range(3))
    joint = Joint().fit(votes, gold={2: "y"})
    assert joint.predict() == ["x", "y", "y"]
    assert np.isfinite(joint.predict_proba()).all()


def test_weights_and_power_by_gold_by_hand():
    good, bad = np.tile([0.9, 0.1], (40, 1)), np.tile([0.4, 0.6], (40, 1))
    known = Known(np.arange(40), np.zeros(40, int))
    start = np.array([0.5, 0.5])
    assert weigh_by_gold([good, bad], known, start)[0] > 0.8
    assert weigh_by_gold([good, bad], Known(np.arange(0), np.zeros(0, int)), start) == pytest.approx(start)
    assert power_by_gold(good, known, 0.8) > 0.8
    assert power_by_gold(good, Known(np.arange(40), np.arange(40) % 2), 0.8) < 0.4


# ---- families
def test_families_given_and_found():
    votes, _ = made.judges(1, made.SIX, 1.0)
    prompts = [2 * one[2] for one in made.SIX]
    of = {w: f"model {f}" for f, w in zip(np.repeat(range(6), prompts), range(130), strict=True)}
    given = Joint(families=of).fit(votes)
    assert sorted(np.bincount(given.family_).tolist()) == sorted(prompts)
    assert given.family_correlation_.shape == (6,)
    assert (given.family_correlation_ > 0.1).sum() >= 4
    found = Joint().fit(votes)
    assert (found.family_ >= 0).sum() > 40
    assert np.array_equal(found.predict_proba(), given.predict_proba())
    with pytest.raises(BadInput, match="mapping"):
        Joint(families=["a"])


def test_strangers_are_no_family():
    for seed in range(3):
        crowd = Crowd(coin(seed, right=(0.9, 0.8, 0.8, 0.7, 0.7, 0.7, 0.6, 0.5))[0])
        family, copies = find_families(find_pairs(crowd), crowd.workers)
        assert (family == -1).all()
        assert (copies == -1).all()


def test_effective_votes_by_hand():
    crowd = Crowd(Votes.from_columns([0] * 4 + [1], [0, 1, 2, 3, 0], [0, 0, 1, 1, 0]))
    family = np.array([0, 0, 0, -1])
    assert effective_votes(crowd, family, np.array([1.0]), 0.0).tolist() == [2.0, 1.0]
    assert effective_votes(crowd, family, np.array([0.0]), 0.0).tolist() == [4.0, 1.0]
    assert effective_votes(crowd, family, np.array([0.0]), 1.0).tolist() == [1.0, 1.0]
    assert effective_votes(crowd, np.full(4, -1), np.zeros(0), 0.5) == pytest.approx([1.6, 1.0])


def test_error_correlation_is_one_for_twins_and_none_for_strangers():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 2000)
    one, other, third = (np.where(random.random(2000) < 0.7, truth, 1 - truth) for _ in range(3))
    task, worker = np.tile(np.arange(2000), 4), np.repeat(np.arange(4), 2000)
    crowd = Crowd(Votes.from_columns(task, worker, np.concatenate([one, one, other, third])))
    posterior = np.eye(2)[truth]
    assert error_correlation(crowd, posterior, np.array([0, 0, -1, -1]))[0] > 0.95
    assert error_correlation(crowd, posterior, np.array([-1, -1, 0, 0]))[0] < 0.1


# ---- confidence
def doubtful(seed=0, tasks=600, informative=True):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, tasks)
    rows, confidence = [], []
    for w in range(4):
        sure = random.random(tasks) < 0.5
        right = random.random(tasks) < np.where(sure, 0.95, 0.55)
        rows += [(t, w, int(truth[t] if right[t] else 1 - truth[t])) for t in range(tasks)]
        confidence += np.where(sure if informative else random.random(tasks) < 0.5, 0.9, 0.6).tolist()
    return rows, confidence, np.array([np.arange(tasks), truth])


def test_confidence_counts_when_it_means_something():
    rows, confidence, gold = doubtful()
    plain, heard = Joint().fit(rows), Joint().fit(rows, confidence=confidence)
    assert (heard.confidence_slope_ > 0.3).all()
    assert accuracy(heard, gold) > accuracy(plain, gold) + 0.03
    order = np.random.default_rng(1).permutation(len(rows))
    other = Joint().fit([rows[i] for i in order], confidence=[confidence[i] for i in order])
    assert np.array_equal(other.predict_proba(), heard.predict_proba())


def test_confidence_without_meaning_changes_little():
    rows, confidence, gold = doubtful(informative=False)
    plain, heard = Joint().fit(rows), Joint().fit(rows, confidence=confidence)
    assert heard.confidence_slope_.max() < 0.3
    assert abs(accuracy(heard, gold) - accuracy(plain, gold)) < 0.01
    always = Joint().fit(rows, confidence=[0.99] * len(rows))
    assert np.allclose(always.predict_proba(), plain.predict_proba(), atol=1e-6)
    none = Joint().fit(rows, confidence=[None] * len(rows))
    assert np.array_equal(none.predict_proba(), plain.predict_proba())


def test_wrong_confidences_are_named():
    votes = coin(tasks=10)[0]
    with pytest.raises(BadInput, match="Row 3"):
        Joint().fit(votes, confidence=[0.5, 0.5, 1.5] + [0.5] * 47)
    with pytest.raises(BadInput, match="50 votes and 2"):
        Joint().fit(votes, confidence=[0.5, 0.5])
    with pytest.raises(BadInput, match="0 to 1"):
        Joint().fit(votes, confidence=["high"] * 50)
    assert read_confidence(None, 3) is None


def test_confidence_of_lone_votes_is_harmless():
    crowd = Crowd(Votes.from_columns([0, 1], ["a", "a"], ["x", "y"]))
    extra, slope = confidence_evidence(crowd, np.array([0.9, 0.2]), crowd.share)
    assert np.isfinite(extra).all()
    assert slope.tolist() == [0.0]


# ---- parts by hand
def test_weights_are_those_of_one_task():
    evidence = [Evidence(0.0, -0.5), Evidence(0.0, -0.7)]
    assert weigh(evidence, np.array([4, 4, 0]))[0] == pytest.approx(1 / (1 + np.exp(-0.8)))
    assert weigh([Evidence(1.0, -0.5), Evidence(0.0, -0.7)], np.array([4]))[0] == pytest.approx(1 / (1 + np.exp(-0.2)))


def test_humbling_and_the_cap():
    p = np.array([[0.9, 0.1, 0.0]])
    assert humbled(p, 1.0) == pytest.approx(p, abs=1e-9)
    assert humbled(p, 0.5)[0, 0] == pytest.approx(3 / 4, abs=1e-4)
    crowd = Crowd(Votes.from_columns([0, 0], [0, 1], [1, 1], labels=[0, 1, 2]))
    capped = said_by_somebody(np.array([[0.7, 0.2, 0.1]]), crowd.votes.counts())
    assert capped.argmax() == 1
    assert capped.sum() == pytest.approx(1)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_known_tasks_stay_and_skills_are_found(setting):
    votes, gold = coin(tasks=600)
    crowd = Crowd(votes)
    plain = fit_setting(crowd, setting)
    member = fit_setting(crowd, setting, Known(gold[0][:200], gold[1][:200]))
    found = [(one.log_posterior[200:].argmax(axis=1) == gold[1][200:]).mean() for one in (plain, member)]
    assert min(found) > 0.85
    assert found[1] >= found[0] - 0.01
    # Votes on known tasks are no test of anything and are not hidden.
    assert len(plain.hidden.left) == 600 * 5
    assert len(member.hidden.left) == 400 * 5


def test_one_coin_setting_is_maximum_a_posteriori():
    # Two abilities far apart: the better worker's lone vote outweighs two bad ones.
    votes, gold = coin(tasks=500, right=(0.95, 0.45, 0.45))
    member = fit_setting(Crowd(votes), Setting("one coin", "counts", "coin", np.inf, 1))
    assert (member.log_posterior.argmax(axis=1) == gold[1]).mean() > 0.92


def test_weights_of_votes_are_those_of_copies():
    votes, _ = coin()
    crowd, plain = Crowd(votes), Crowd(votes)
    crowd.weight = np.ones(len(votes))
    table = np.random.default_rng(0).random((crowd.workers * 3, 2))
    assert np.allclose(crowd.by_task(table), plain.by_task(table))


def test_it_says_which_and_why():
    joint = Joint().fit(coin()[0])
    assert joint.why_["code"] == "hidden_votes"
    assert joint.why_["facts"]["best"] in joint.why_["text"]
    assert joint.why_["facts"]["votes_a_task"] == 5
    assert 1 <= joint.why_["facts"]["effective_votes_a_task"] <= 5
    assert sum(joint.weights_.values()) == pytest.approx(1)


def test_too_large_is_refused():
    with pytest.raises(TooLarge, match="too many"):
        Joint().fit(Votes.from_columns(range(9_000), range(9_000), range(9_000)))


def test_the_same_votes_are_judged_as_they_were_when_learned():
    from tawsim.truth.choice import joint_judge

    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 120)
    rows = [
        (t, w, "abc"[k if random.random() < 0.5 + 0.05 * w else random.integers(0, 3)])
        for t, k in enumerate(truth)
        for w in random.choice(9, 5, replace=False).tolist()
    ]
    votes = Votes.from_table(rows)
    model = Joint().fit(votes)
    assert np.allclose(model.predict_proba(votes), model.posterior_, atol=1e-9)
    # Other tasks of the same workers, one of them unknown: sensible, and the same from a state.
    other = [("x", 8, "a"), ("x", 7, "a"), ("x", 0, "b"), ("y", "stranger", "c")]
    p = model.predict_proba(other)
    assert p[0].argmax() == 0
    assert p[1].argmax() == 2
    assert p[0].max() > p[1].max()
    assert np.array_equal(Joint.from_state(model.to_state()).predict_proba(other), p)
    by_confusions = Joint().fit(votes)
    by_confusions.judges_ = []
    assert np.abs(by_confusions.predict_proba(votes) - model.posterior_).mean() < 0.1
    assert joint_judge.MOST_KEPT > 1_000_000


def test_copies_count_once_in_other_votes_too():
    from tawsim.truth.choice.joint_judge import copies_count_once

    votes = Votes.from_table([("s", "a", "x"), ("s", "b", "x"), ("s", "c", "y"), ("t", "a", "x"), ("t", "c", "y")])
    assert copies_count_once(votes, np.array([0, 0, -1])).tolist() == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert copies_count_once(votes, np.array([-1, -1, -1])) is None


@pytest.mark.parametrize("teams", [1, 4])
def test_two_good_workers_beside_a_bad_one_are_no_copies(teams):
    right = []
    for seed in range(10):
        random, rows, truth = np.random.default_rng(seed), [], {}
        for team in range(teams):
            z = random.integers(0, 4, 200)
            for w, skill in enumerate((0.98, 0.98, 0.8)):
                said = np.where(random.random(200) < skill, z, (z + random.integers(1, 4, 200)) % 4)
                rows += [(f"{team}.{t}", f"{team}.{w}", int(said[t])) for t in range(200)]
            truth |= {f"{team}.{t}": int(z[t]) for t in range(200)}
        model = Joint().fit(rows)
        assert (model.copies_ == -1).all()
        right.append(np.mean([truth[t] == label for t, label in zip(model.tasks_, model.predict(), strict=True)]))
    assert min(right) > 0.94
