"""Joint: the default truth model for single-choice votes. Several models of one family, averaged by evidence."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.joint_em import Crowd, Known, Setting, fit_setting
from tawsim.truth.choice.joint_pool import HUMILITY, evidence_of, humbled, pooled, said_by_somebody, tempered, weigh
from tawsim.truth.model import best_labels, check_fitted, read_votes
from tawsim.truth.state import Restorable
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# Each is right where another is wrong: see the docstring of Joint.
SETTINGS = (
    Setting("ability and difficulty", "additive", "coin", 2.0, 2),
    Setting("difficulty by worker", "counts", "coin", 8.0, 2),
    Setting("one coin", "counts", "coin", np.inf, 1),
)


class Joint(Restorable):
    """Several models of workers and tasks, averaged by how well each predicts hidden votes.

    >>> from tawsim.truth.choice.joint import Joint
    >>> table = [(t, w, "cat" if (t + (w == "max")) % 2 else "dog") for t in range(20) for w in ("ann", "bob", "max")]
    >>> Joint().fit(table).predict()[:2]
    ['dog', 'cat']
    """

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    ties_: NDArray[np.bool_]

    def __init__(self) -> None:
        pass

    def fit(self, votes: Any) -> Self:
        """Learn."""
        votes = read_votes(votes)
        crowd = Crowd(votes)
        members = [fit_setting(crowd, setting) for setting in SETTINGS]
        evidence = [evidence_of(member.hidden) for member in members]
        weight = weigh(evidence, crowd.per_task)
        pool = pooled([tempered(crowd, *pair) for pair in zip(members, evidence, strict=True)], weight)
        self.posterior_ = said_by_somebody(humbled(pool, HUMILITY), crowd)
        self.labels_, self.tasks_, self.workers_ = votes.labels, votes.tasks, votes.workers
        self.weights_ = {setting.name: float(w) for setting, w in zip(SETTINGS, weight, strict=True)}
        self.ties_ = best_labels(self.posterior_)[1]
        self.repeated_ = votes.repeated
        return self

    def predict(self) -> list[Any]:
        """The most probable label of every task, (T,)."""
        return [self.labels_[k] for k in best_labels(self.predict_proba())[0]]

    def predict_proba(self) -> Floats:
        """Calibrated probability of each label, (T, K); rows sum to 1."""
        check_fitted(self)
        return self.posterior_
