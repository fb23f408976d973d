"""Joint: the default truth model for single-choice votes. Several models of workers and tasks, averaged by evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.calibration import softmax, worth
from tawsim.truth.choice.confidences import confidence_evidence, in_order_of_votes
from tawsim.truth.choice.families import (
    copy_weights,
    effective_votes,
    error_correlation,
    find_families,
    find_pairs,
)
from tawsim.truth.choice.gold import loss_on_gold, power_by_gold, read_gold, weigh_by_gold, with_newcomers
from tawsim.truth.choice.joint_em import Crowd, Known, Setting, fit_setting
from tawsim.truth.choice.joint_judge import copies_count_once, judge_of, judged
from tawsim.truth.choice.joint_pool import (
    HUMILITY,
    Evidence,
    evidence_of,
    humbled,
    pooled,
    said_by_somebody,
    tempered,
    weigh,
)
from tawsim.truth.choice.wawa import Wawa
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.model import ChoiceModel, read_votes
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# Each is right where another is wrong: see the docstring of Joint.
SETTINGS = (
    Setting("ability and difficulty", "additive", "coin", 2.0, 2),
    Setting("difficulty by worker", "counts", "coin", 8.0, 2),
    Setting("one coin", "counts", "coin", np.inf, 1),
)
# Members that only gold can call in; Wawa is the third.
NEWCOMERS = (
    Setting("confusions", "counts", "crowd", 2.0, 1),
    Setting("one coin, even labels", "counts", "coin", np.inf, 1, even_classes=True),
)
# Imagined answers of a worker in the confusions that judge votes of other tasks, spread as the crowd answers.
IMAGINED = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """Members' probabilities, each (T, K), their evidence from the votes, and what is kept to judge others by."""

    truths: list[Floats]
    evidence: list[Evidence]
    judges: list[dict[str, Any] | None]


class Joint(ChoiceModel):
    """Three models of one family, averaged by how well each predicts hidden votes; calibrated, and better with gold.

    Family: a task t has a hidden label k and a hidden level of difficulty l; votes are independent given both:

        p(y_tw = k | k, l) = a[w, k, l],   p(y_tw = y | k, l) = (1 - a[w, k, l]) e[w, y, k] for y ≠ k

    * "ability and difficulty": logit a[w, k, l] = ability[w, k] + ease[l], two levels; a worker is as able on hard tasks
      as on easy ones, compared with others. So a majority that falls into a trap is outvoted by those who prove able
      elsewhere (language models with a shared weakness; "is Chicago the capital of Illinois").
    * "difficulty by worker": each worker has a confusion matrix for each of two levels, drawn to one accuracy a level
      by 8 imagined answers: hard tasks stop looking like a third kind of label, which is what ruins Dawid and Skene's.
    * "one coin": one accuracy a worker, errors spread evenly: right where labels mean something else in each task.
    * With gold: Dawid and Skene's confusions, one coin with even labels, and Wawa may come in.

    All are fitted by EM from the shares of votes. Then
    1. each member's posterior is raised to 1 / (1 + (n - 1) ρ), ρ as hidden votes are best predicted;
    2. p = Σ_m weight_m p_m, weight_m ∝ exp(evidence of one task's votes for m) (joint_pool.py);
    3. p is raised to 0.75, as gold never quite is the consensus; with gold, to the power that gold calls for (gold.py);
    4. a label that nobody gave to a task is not its answer.
    Gold tasks are fixed points: of EM, and p = 1 in the answer. What gold says about the members is taken from fits
    without gold, so that nothing is judged by what it was told.
    Copies (workers who agree on nearly everything where others do not) count as one vote. Families whose errors go
    together keep their votes; their correlation and the effective number of votes are told (families.py: why).
    `confidence`, one number a vote, counts after its meaning is learned for each worker (confidences.py).

    Assumes that of all tasks most workers get more right than wrong, or that the able ones are recognised by it.
    Papers: Dawid and Skene 1979; Rasch 1960 for abilities; Whitehill et al. 2009 (GLAD) for difficulty; linear opinion
    pools: Stone 1961; coarsened posteriors: Miller and Dunson 2019. Where we depart: levels of difficulty are shared by
    all workers and few, so that EM has a closed form or one step of Newton's; and the models are averaged, not chosen.

    Cost: 10 to 60 EM steps a member, each two passes over the N votes of K or 2 K numbers; memory 8 (T + 6 W K) 2 K
    bytes. With gold twice that and two members more.

    Settings: `families`, worker → name of its family (only for the correlation told; found in the votes otherwise);
    `gold`, task → label, for each fit that brings none of its own.

    Learned: those of `ChoiceModel`, with `posterior_` calibrated; `weights_` {member: weight}; `why_` {code, text} and
    facts; `effective_votes_` (T,); `family_` (W,) number of the worker's family, -1 for none, and
    `family_correlation_` (F,) 0..1; `copies_` (W,) likewise; `calibration_` {by, power, correlation, gold, brier};
    `confidence_slope_` (W,), 0 where confidence says nothing; `confusion_` (W + 1, K, K) [worker, truth, said], the last
    of an unknown worker; `class_prior_` (K,); `judges_`: what other votes are judged by, one a member (joint_judge.py).

    >>> from tawsim.truth.choice.joint import Joint
    >>> table = [(t, w, "cat" if (t + (w == "max")) % 2 else "dog") for t in range(20) for w in ("ann", "bob", "max")]
    >>> model = Joint().fit(table)
    >>> model.predict()[:2], model.calibration_["by"]
    (['dog', 'cat'], 'hidden votes')
    """

    weights_: dict[str, float]
    why_: dict[str, Any]
    effective_votes_: Floats
    family_: NDArray[np.int64]
    family_correlation_: Floats
    copies_: NDArray[np.int64]
    calibration_: dict[str, Any]
    confidence_slope_: Floats
    confusion_: Floats
    class_prior_: Floats
    judges_: list[dict[str, Any]]

    def __init__(self, *, families: Mapping[Any, Any] | None = None, gold: Mapping[Any, Any] | None = None) -> None:
        if not all(isinstance(one, Mapping | None) for one in (families, gold)):
            raise BadInput("families is a mapping of worker to family, gold one of task to label.")
        self.families = None if families is None else dict(families)
        self.gold = None if gold is None else dict(gold)

    def fit(self, votes: Any, gold: Mapping[Any, Any] | None = None, confidence: Any = None) -> Self:
        """Learn truth, workers and weights. `gold`: task → label; `confidence` (N,): each worker's own probability of
        being right, in the order of the rows of `votes` (None or NaN: none given).

        Raises `BadInput` for gold of unknown tasks or labels and for confidences outside 0..1, `TooLarge` where
        workers × labels² or tasks × labels are too many.
        """
        sure = None if confidence is None else in_order_of_votes(votes, confidence)
        votes = read_votes(votes)
        known = read_gold(self.gold if gold is None else gold, votes)
        crowd = Crowd(votes)
        pairs = find_pairs(crowd)
        self.family_, self.copies_ = find_families(pairs, crowd.workers)
        if self.families is not None:
            self.family_ = _given_families(self.families, votes)
        crowd.weight = copy_weights(crowd, self.copies_)
        settings = SETTINGS if known is None else SETTINGS + NEWCOMERS
        fitted, extra = self._fit_members(crowd, settings, sure)
        weight = weigh(fitted.evidence[: len(SETTINGS)], crowd.per_task)
        correlation = float(sum(w * one.correlation for w, one in zip(weight, fitted.evidence, strict=False)))
        names = [one.name for one in SETTINGS]
        power, brier, truths, judges = HUMILITY, None, fitted.truths, fitted.judges
        if known is not None:
            start = with_newcomers(weight, len(NEWCOMERS) + 1)
            truths, weight, power, brier, judges = _with_gold(crowd, settings, fitted.truths, known, start, extra)
            names = [*(one.name for one in settings), "wawa"]
        posterior = said_by_somebody(humbled(pooled(truths, weight), power), votes.counts())
        if known is not None:
            posterior[known.task] = 0.0
            posterior[known.task, known.label] = 1.0
        self._keep(votes, posterior)
        self.weights_ = dict(zip(names, weight.tolist(), strict=True))
        self.judges_ = [one for one in judges if one is not None] if None not in judges else []
        self.calibration_ = {
            "by": "hidden votes" if known is None else "gold",
            "power": power,
            "correlation": correlation,
            "gold": 0 if known is None else len(known.task),
            "brier": brier,
        }
        self.family_correlation_ = error_correlation(crowd, posterior, self.family_)
        self.effective_votes_ = effective_votes(crowd, self.family_, self.family_correlation_, correlation)
        self._learn_confusions(crowd)
        self.why_ = self._explain(crowd)
        return self

    def _fit_members(
        self, crowd: Crowd, settings: tuple[Setting, ...], confidence: Floats | None
    ) -> tuple[_Fitted, Floats | None]:
        """All members without gold; where there are confidences, again with what they say."""
        self.confidence_slope_ = np.zeros(crowd.workers)
        fitted = _members(crowd, settings, None, None)
        if confidence is None or not np.isfinite(confidence).any():
            return fitted, None
        weight = weigh(fitted.evidence[: len(SETTINGS)], crowd.per_task)
        pool = pooled(fitted.truths[: len(SETTINGS)], weight)
        extra, self.confidence_slope_ = confidence_evidence(crowd, confidence, pool)
        return _members(crowd, settings, None, extra), extra

    def _learn_confusions(self, crowd: Crowd) -> None:
        """What the final posterior says of each worker, for votes of other tasks."""
        votes = crowd.by_worker(self.posterior_ * crowd.answered[:, None]).transpose(0, 2, 1)
        whole = votes.sum(axis=0) + (0.5 / crowd.labels + 0.5 * np.eye(crowd.labels))
        whole /= whole.sum(axis=1, keepdims=True)
        said = np.concatenate([votes, np.zeros((1, crowd.labels, crowd.labels))]) + IMAGINED * whole
        self.confusion_ = said / said.sum(axis=2, keepdims=True)
        mass = self.posterior_[crowd.answered].sum(axis=0) + 1
        self.class_prior_ = mass / mass.sum()

    def _judge(self, votes: Votes) -> Floats:
        """Other votes by the members' own tables, pooled as in the fit (Wawa, which gold may call in, is left out); by one
        confusion a worker where those tables would be too large."""
        power = self.calibration_["power"]
        if self.judges_:
            copies = copies_count_once(votes, self.copies_)
            weight = np.array(list(self.weights_.values()))[: len(self.judges_)]
            pool = pooled([judged(one, votes, copies) for one in self.judges_], weight / weight.sum())
            return said_by_somebody(humbled(pool, power), votes.counts())
        labels = len(self.labels_)
        table = np.log(self.confusion_.transpose(0, 2, 1)).reshape(-1, labels)
        cells = votes.worker.astype(np.int64) * labels + votes.label
        log_weight = GroupedSum(votes.task, cells, len(votes.tasks))(table) + np.log(self.class_prior_)
        sure = worth(votes.per_task(), self.calibration_["correlation"]) * power
        return softmax(sure[:, None] * log_weight)

    def _explain(self, crowd: Crowd) -> dict[str, Any]:
        """Which members, and why: code, one sentence, and its facts."""
        best = max(self.weights_, key=lambda name: self.weights_[name])
        many = int(crowd.per_task.sum())
        facts = {"best": best, "weight": self.weights_[best], "votes": many, "gold": self.calibration_["gold"]}
        by = "hidden votes say" if self.calibration_["by"] == "hidden votes" else f"{facts['gold']} gold tasks say"
        text = f"{len(self.weights_)} models averaged; {by} most for “{best}” (weight {self.weights_[best]:.2f})."
        effective = float(self.effective_votes_[crowd.answered].mean()) if crowd.answered.any() else 0.0
        facts["votes_a_task"], facts["effective_votes_a_task"] = many / max(int(crowd.answered.sum()), 1), effective
        text += f" {facts['votes_a_task']:.1f} votes a task are worth {effective:.1f} independent ones."
        facts["copies"] = int((self.copies_ >= 0).sum())
        if facts["copies"]:
            groups = int(self.copies_.max()) + 1
            text += f" {facts['copies']} workers who copy one another count as {groups}."
        return {"code": "gold" if self.calibration_["gold"] else "hidden_votes", "text": text, "facts": facts}


def _members(crowd: Crowd, settings: tuple[Setting, ...], known: Known | None, extra: Floats | None) -> _Fitted:
    """Fits each setting."""
    members = [fit_setting(crowd, setting, known, extra) for setting in settings]
    evidence = [evidence_of(member.hidden) for member in members]
    pairs = list(zip(members, evidence, strict=True))
    judges = [judge_of(crowd, member, found.correlation) for member, found in pairs]
    return _Fitted([tempered(crowd, *pair) for pair in pairs], evidence, judges)


def _with_gold(
    crowd: Crowd,
    settings: tuple[Setting, ...],
    truths: list[Floats],
    known: Known,
    start: Floats,
    extra: Floats | None,
) -> tuple[list[Floats], Floats, float, float, list[dict[str, Any] | None]]:
    """Members refitted with gold, their weights and power by gold, the Brier score of the pool without gold, and judges."""
    wawa = Wawa().fit(crowd.votes).predict_proba()
    apart = [*truths, wawa]
    judged = crowd.answered[known.task]
    test = Known(known.task[judged], known.label[judged])
    weight, power = start, HUMILITY
    if len(test.task):
        weight = weigh_by_gold(apart, test, start)
        power = power_by_gold(pooled(apart, weight), test, HUMILITY)
    brier = loss_on_gold(humbled(pooled(apart, weight), power), test) if len(test.task) else float("nan")
    again = _members(crowd, settings, known, extra)
    return [*again.truths, wawa], weight, power, brier, again.judges


def _given_families(families: dict[Any, Any], votes: Votes) -> NDArray[np.int64]:
    """Number of the family of each worker, -1 for workers that `families` does not name."""
    names = sorted({str(families[worker]) for worker in votes.workers if worker in families})
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[str(families[worker])] if worker in families else -1 for worker in votes.workers])
