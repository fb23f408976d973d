"""Made crowds with a known truth, of kinds that real sets come in: for accuracy.py, so that nothing is fitted to those.

Each maker returns votes and the truth of each task, as positions of labels; the same seed gives the same crowd.
"""

from collections.abc import Callable

import numpy as np

from tawsim.truth import Votes

Crowd = tuple[Votes, np.ndarray]


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def pack(task: np.ndarray, worker: np.ndarray, label: np.ndarray, truth: np.ndarray, labels: int) -> Crowd:
    """Votes, and gold as (task, label) positions."""
    votes = Votes.from_columns(task, worker, label, labels=range(labels), tasks=range(len(truth)))
    return votes, np.array([np.arange(len(truth)), truth])


def assigned(random: np.random.Generator, tasks: int, workers: int, overlap: int) -> tuple[np.ndarray, np.ndarray]:
    """`overlap` different workers a task; some workers do most of the work."""
    zeal = np.log(random.gamma(0.6, 1, workers) + 0.02)
    chosen = np.argsort(-(zeal + random.gumbel(size=(tasks, workers))), axis=1)[:, :overlap]
    return np.repeat(np.arange(tasks), overlap), chosen.reshape(-1)


def judges(seed: int, families: list[tuple[float, float, int, float]], trap: float, tasks: int = 300) -> Crowd:
    """Language models as judges: families (strength, gullibility, prompts, bias to the first shown) that fall into the
    same traps; each prompt in both orders. `trap` is how deep the traps are: at 1 most judgements of most models are
    wrong, as in LLMBar's adversarial sets."""
    random = np.random.default_rng(seed)
    truth, depth = random.integers(0, 2, tasks), random.normal(trap, 1.0, tasks)
    said = []
    for strength, gullible, prompts, first in families:
        own = random.normal(0, 1.0, tasks)
        for _ in range(prompts):
            prompt = random.normal(0, 0.4)
            for order in (1, -1):
                right = strength + prompt + own - gullible * depth + random.normal(0, 0.5, tasks)
                one = np.where(truth == 1, right, -right) + order * first * (1 + 0.3 * random.normal())
                said.append(random.random(tasks) < logistic(2 * one))
    workers = len(said)
    task, worker = np.tile(np.arange(tasks), workers), np.repeat(np.arange(workers), tasks)
    return pack(task, worker, np.concatenate(said).astype(int), truth, 2)


SIX = [(2.2, 0.7, 15, 0.2), (0.9, 1.0, 11, 0.6), (0.7, 1.0, 10, 0.8), (0.5, 1.0, 10, 0.7), (1.0, 0.9, 9, 0.4)]
SIX += [(0.1, 0.3, 10, 2.0)]


def six_at_random(seed: int) -> list[tuple[float, float, int, float]]:
    """Six families as they come."""
    random = np.random.default_rng(seed)
    return [
        (random.uniform(0.3, 2.2), random.uniform(0.5, 1.1), int(random.integers(5, 16)), random.uniform(0.1, 1.5))
        for _ in range(6)
    ]


def confusers(
    seed: int,
    tasks: int,
    workers: int,
    overlap: int,
    labels: int,
    right: tuple[float, float] = (4, 2),
    frequency: list[float] | None = None,
    alike: float = 2.0,
    lean: list[float] | None = None,
) -> Crowd:
    """Each worker confuses labels in its own way around the crowd's; `lean`: labels that are over- or under-said."""
    random = np.random.default_rng(seed)
    truth = random.choice(labels, tasks, p=frequency)
    task, worker = assigned(random, tasks, workers, overlap)
    shared = random.dirichlet(np.ones(labels), labels)
    confusion = np.zeros((workers, labels, labels))
    for w in range(workers):
        able = random.beta(*right)
        for k in range(labels):
            wrong = random.dirichlet(alike * shared[k] * labels + 0.05)
            wrong[k] = 0.0
            a = able + random.normal(0, 0.12) + (0.0 if lean is None else lean[k] * random.random())
            a = float(np.clip(a, 0.02, 0.99))
            confusion[w, k] = (1 - a) * wrong / max(wrong.sum(), 1e-9)
            confusion[w, k, k] += a
    reached = np.cumsum(confusion[worker, truth[task]], axis=1) < random.random(len(task))[:, None]
    return pack(task, worker, reached.sum(axis=1).clip(0, labels - 1), truth, labels)


def hard_tasks(seed: int, tasks: int, workers: int, overlap: int, labels: int) -> Crowd:
    """A third of the tasks is hard, each with one tempting wrong label."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    lure = (truth + random.integers(1, labels, tasks)) % labels
    ease = np.where(random.random(tasks) < 0.35, random.normal(-0.6, 0.7, tasks), random.normal(2.0, 0.7, tasks))
    task, worker = assigned(random, tasks, workers, overlap)
    right = random.random(len(task)) < logistic(ease[task] + random.normal(0, 0.7, workers)[worker])
    wrong = np.where(random.random(len(task)) < 0.8, lure[task], random.integers(0, labels, len(task)))
    return pack(task, worker, np.where(right, truth[task], wrong), truth, labels)


def spammers(seed: int, tasks: int, workers: int, overlap: int, labels: int) -> Crowd:
    """A quarter of the workers guesses, one in seven says the same always."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    task, worker = assigned(random, tasks, workers, overlap)
    kind, always = random.choice(3, workers, p=[0.6, 0.25, 0.15]), random.integers(0, labels, workers)
    right = random.random(len(task)) < random.beta(8, 3, workers)[worker]
    said = np.where(right, truth[task], (truth[task] + random.integers(1, labels, len(task))) % labels)
    said = np.where(kind[worker] == 1, random.integers(0, labels, len(task)), said)
    return pack(task, worker, np.where(kind[worker] == 2, always[worker], said), truth, labels)


def copiers(seed: int, tasks: int, workers: int, overlap: int, labels: int, faithful: float = 0.85) -> Crowd:
    """A third of the workers copies one of two, `faithful` of the time."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    task, worker = assigned(random, tasks, workers, overlap)
    right = random.random((workers, tasks)) < random.beta(6, 3, workers)[:, None]
    said = np.where(right, truth, (truth + random.integers(1, labels, (workers, tasks))) % labels)
    leaders = random.integers(0, workers, 2)
    for one in np.flatnonzero(random.random(workers) < 0.35):
        said[one] = np.where(random.random(tasks) < faithful, said[leaders[one % 2]], said[one])
    return pack(task, worker, said[worker, task], truth, labels)


def letters(seed: int, tasks: int, workers: int, labels: int, experts: float = 0.2) -> Crowd:
    """Examination questions: letters mean nothing across tasks, few workers know, the others like one wrong answer."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    lure = (truth + random.integers(1, labels, tasks)) % labels
    able = np.where(random.random(workers) < experts, 1.8, -0.9) + random.normal(0, 0.4, workers)
    knows = logistic(1.5 * (able[:, None] + random.normal(0, 1, tasks)))
    right = random.random((workers, tasks)) < 1 / labels + (1 - 1 / labels) * knows
    wrong = np.where(random.random((workers, tasks)) < 0.45, lure, random.integers(0, labels, (workers, tasks)))
    task, worker = np.tile(np.arange(tasks), workers), np.repeat(np.arange(workers), tasks)
    return pack(task, worker, np.where(right, truth, wrong).reshape(-1), truth, labels)


MADE: dict[str, Callable[[], Crowd]] = {
    **{f"judges, traps {s}": (lambda s=s: judges(s, SIX, 1.0)) for s in range(3)},  # type: ignore[misc]
    "judges, deep traps": lambda: judges(7, SIX, 1.25),
    "judges, few traps": lambda: judges(8, SIX, 0.4, tasks=100),
    "judges, easy": lambda: judges(9, SIX, -0.4, tasks=150),
    "judges, two families": lambda: judges(10, [(1.6, 0.6, 3, 0.3), (0.8, 1, 3, 0.8)], 0.5, tasks=100),
    **{f"judges, any {s}": (lambda s=s: judges(s, six_at_random(s), 0.8)) for s in range(20, 24)},  # type: ignore[misc]
    "one coin": lambda: confusers(1, 800, 60, 5, 3, alike=50.0),
    "confusion": lambda: confusers(2, 1000, 80, 6, 5, (3, 2), alike=0.6),
    "confusion, few tasks": lambda: confusers(3, 300, 100, 5, 6, (3, 2), alike=0.6),
    "two votes": lambda: confusers(4, 1500, 100, 2, 8, (5, 2)),
    "three votes": lambda: confusers(5, 1000, 150, 3, 4),
    "three votes, binary": lambda: confusers(6, 2000, 80, 3, 2),
    "rare, 3 %": lambda: confusers(7, 3000, 80, 5, 2, (6, 2), [0.97, 0.03]),
    "rare, 10 %": lambda: confusers(8, 1500, 80, 3, 2, (6, 2), [0.9, 0.1]),
    "rare, of five": lambda: confusers(9, 1500, 60, 5, 5, (5, 2), [0.8, 0.1, 0.05, 0.03, 0.02]),
    "leaning": lambda: confusers(10, 1000, 60, 9, 2, (4, 3), lean=[0.35, -0.35]),
    "leaning, of four": lambda: confusers(11, 1000, 60, 7, 4, (4, 3), lean=[0.3, -0.3, 0, 0.1]),
    "hard tasks": lambda: hard_tasks(12, 800, 80, 7, 2),
    "hard tasks, of five": lambda: hard_tasks(13, 600, 80, 9, 5),
    "hard tasks, few votes": lambda: hard_tasks(14, 1000, 80, 4, 3),
    "spammers": lambda: spammers(15, 600, 80, 7, 2),
    "spammers, of five": lambda: spammers(16, 600, 80, 6, 5),
    "spammers, few votes": lambda: spammers(21, 600, 80, 3, 4),
    "copiers": lambda: copiers(17, 500, 40, 9, 2),
    "copiers, of four": lambda: copiers(18, 500, 40, 7, 4),
    "sybils": lambda: copiers(19, 500, 40, 9, 2, faithful=0.98),
    "letters, of five": lambda: letters(19, 30, 60, 5),
    "letters, of four": lambda: letters(22, 120, 30, 4),
}
