"""The one door: votes in, truth out, with who was trusted and why. Chooses the model; all maths is next door."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.agreement import Agreement, krippendorff_alpha, pairwise_agreement
from tawsim.truth.choice.bwa import BWA
from tawsim.truth.choice.confidences import in_order_of_votes
from tawsim.truth.choice.correlated import Correlated
from tawsim.truth.choice.dawid_skene import MAX_CELLS, DawidSkene
from tawsim.truth.choice.difficulty import Difficulty
from tawsim.truth.choice.joint import Joint
from tawsim.truth.choice.majority import Majority
from tawsim.truth.choice.one_coin import OneCoin
from tawsim.truth.choice.wawa import Wawa
from tawsim.truth.model import TruthModel, best_labels, read_votes
from tawsim.truth.skill import WorkerSkill, worker_skills
from tawsim.truth.votes import Votes

MODELS: dict[str, type[TruthModel]] = {
    "majority": Majority,
    "dawid_skene": DawidSkene,
    "wawa": Wawa,
    "one_coin": OneCoin,
    "bwa": BWA,
    "difficulty": Difficulty,
    "correlated": Correlated,
    "joint": Joint,
}
# Two workers who disagree cannot tell who is wrong; a third can. Below ten shared tasks a confusion matrix is all
# prior.
MIN_WORKERS = 3
MIN_SHARED_TASKS = 10
SURE = 0.95
# Standard errors beyond what chance would give the most extreme pair; and workers² × labels that are compared for it.
SURELY, MOST_COMPARED = 2.0, 4_000_000
# What a vote is worth before anything is known of its worker: over 21 real crowds with gold, the share of right answers
# has the median .705 (from .26 to .89).
ASSUMED_ACCURACY = 0.7


# Joint takes some 20 s of CPU for a million votes, Dawid–Skene one: beyond this, people would wait for minutes.
MOST_FOR_JOINT = 1_500_000
# Workers × labels²: Joint learns so many confusions, and needs some 5 s for half a million of them. With very many labels
# hardly any of them is ever seen; one precision for each worker and label is then what can be learned.
MOST_CONFUSIONS = 1_500_000


@dataclass(frozen=True, slots=True)
class Why:
    """Why this model: a `code` for programs, a `text` in English for people, and the numbers it rests on."""

    code: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """The truth of T tasks with K labels, and what it rests on.

    `label` (T) and `p` (T,): the most probable label and its probability; None and 0.0 where nobody answered.
    `probabilities` (T, K), rows sum to 1. `votes` (T, K) counts. `ties` (T,) bool: labels equally likely, the first is
    named. `workers`: skills, in the order of the worker names. `agreement`: None where it is undefined. `repeated`:
    votes that a later one of the same worker replaced. `fitted`: the model itself, to judge other votes of the same
    workers with what it learned.
    """

    model: str
    why: Why
    labels: tuple[Any, ...]
    tasks: tuple[Any, ...]
    label: tuple[Any, ...]
    p: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    votes: NDArray[np.int64]
    workers: tuple[WorkerSkill, ...]
    agreement: Agreement | None
    ties: NDArray[np.bool_]
    repeated: int = 0
    fitted: TruthModel | None = None

    def columns(self) -> dict[str, list[Any]]:
        """The columns task, label, p as lists: a table for any library."""
        return {"task": list(self.tasks), "label": list(self.label), "p": self.p.tolist()}

    def summary(self, threshold: float = SURE) -> dict[str, Any]:
        """Tasks, how many have a label, their mean p, and how many reach `threshold`. Plain numbers."""
        answered = self.votes.sum(axis=1) > 0
        many = int(answered.sum())
        return {
            "tasks": len(self.tasks),
            "labelled": many,
            "mean_p": float(self.p[answered].mean()) if many else 0.0,
            "sure": {"threshold": threshold, "tasks": int((self.p[answered] >= threshold).sum())},
        }


def infer(votes: Any, model: str = "auto", gold: Mapping[Any, Any] | None = None, confidence: Any = None) -> Inference:
    """The truth of `votes` (`Votes`, or any table with task, worker, label) by `model`: "auto" or a key of `MODELS`.

    "auto" takes the majority where there is too little to learn workers from, each vote taken to be right seven
    times in ten; else `Joint`, or Dawid–Skene for millions of votes, or BWA for hundreds of labels; `why` says which and
    why. `gold`, task → label, makes "auto" take Joint, which it makes better and its probabilities truer; where Joint
    would not fit in memory `why` says that gold was left aside. Other models cannot use gold and refuse it.
    `confidence` (N,), each worker's own probability of being right in the order of the rows of `votes`, None or NaN where
    there is none, is used and refused likewise; "auto" leaves it aside where it takes another model than `Joint`.
    The same votes give the same result, whatever the order of their rows. Raises `BadInput` for votes or a model
    name that cannot be used, `TooLarge` where a named model does not fit in memory.
    """
    sure = None if confidence is None else in_order_of_votes(votes, confidence)
    votes = read_votes(votes)
    if model not in ("auto", *MODELS):
        raise BadInput(f"There is no truth model {model!r}.", "Known models: auto, " + ", ".join(MODELS))
    name, why = _model_for(votes, gold) if model == "auto" else (model, Why("asked", f"You asked for {model}."))
    for what, given in (("gold", gold), ("confidence", confidence)):
        if given is not None and model not in ("auto", "joint"):
            raise BadInput(f"The model {model} cannot use {what}.", "Use model='joint', or leave the model to Tawsim.")
    fitted: TruthModel
    if model == "auto" and name == "majority":
        # A share of 1 from a single vote would claim certainty, just where nothing is known of whoever voted.
        fitted = Majority(assumed_accuracy=ASSUMED_ACCURACY).fit(votes)
    elif name == "joint":
        fitted = Joint().fit(votes, gold, sure)
        why = replace(why, text=f"{why.text} {fitted.why_['text']}", facts=fitted.why_["facts"])
    else:
        fitted = MODELS[name]().fit(votes)
    probabilities = fitted.predict_proba()
    best, _ = best_labels(probabilities)
    counts = votes.counts()
    answered = counts.sum(axis=1) > 0
    agreement = krippendorff_alpha(counts)
    names = np.array([*votes.labels, None], dtype=object)
    return Inference(
        model=name,
        why=why,
        labels=votes.labels,
        tasks=votes.tasks,
        label=tuple(names[np.where(answered, best, -1)].tolist()),
        p=np.where(answered, _sureness(probabilities, best, counts), 0.0),
        probabilities=probabilities,
        votes=counts,
        workers=worker_skills(votes, probabilities, agree=_agree(votes, agreement)),
        agreement=agreement,
        ties=fitted.ties_ & answered,
        repeated=votes.repeated,
        fitted=fitted,
    )


def _agree(votes: Votes, agreement: Agreement | None) -> bool:
    """Whether somebody agrees, or disagrees, with somebody beyond chance: one who swaps labels takes alpha below zero and is
    found out all the same. Of P pairs the one that stands out most does so by sqrt(2 ln P) standard errors by chance."""
    if agreement is None or agreement.low > 0 or len(votes.workers) ** 2 * len(votes.labels) > MOST_COMPARED:
        return True
    found = pairwise_agreement(votes)
    first, second = np.triu_indices(len(votes.workers), 1)
    shared = found.shared[first, second]
    known = shared >= MIN_SHARED_TASKS
    if not known.any():
        return False
    errors = np.abs(np.nan_to_num(found.kappa[first, second][known])) * np.sqrt(shared[known])
    return bool(errors.max() > np.sqrt(2 * np.log(max(int(known.sum()), 1))) + SURELY)


def _sureness(probabilities: NDArray[np.float64], best: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of the best label, (T,). Where only one label was ever given it is taken against another that nobody
    gave, each vote being right with `ASSUMED_ACCURACY`: that a label has no rival in the table makes no vote certain."""
    if counts.shape[1] > 1:
        return np.asarray(probabilities[np.arange(len(best)), best])
    against = ((1 - ASSUMED_ACCURACY) / ASSUMED_ACCURACY) ** counts[:, 0]
    return np.asarray(1 / (1 + against), np.float64)


def _model_for(votes: Votes, gold: Mapping[Any, Any] | None) -> tuple[str, Why]:
    """The model that "auto" takes where there may be gold, and why."""
    name, why = choose_model(votes)
    if not gold:
        return name, why
    tasks, workers, labels = len(votes.tasks), len(votes.workers), len(votes.labels)
    if tasks * labels > MAX_CELLS or workers * labels**2 > 2 * MOST_CONFUSIONS:  # a minute or two
        text = f"{why.text} Gold was left aside: with so many labels it could not be used."
        return name, replace(why, text=text, facts={"gold_left_aside": len(gold)})
    return "joint", Why("gold", f"The truth of {len(gold)} tasks is given.")


def choose_model(votes: Votes) -> tuple[str, Why]:
    """The model that "auto" takes for `votes`, and why."""
    shared = int((votes.per_task() > 1).sum())
    workers, labels, tasks = len(np.unique(votes.worker)), len(votes.labels), len(votes.tasks)
    if len(np.unique(votes.label)) < 2:
        return "majority", Why("one_label", "Only one label was ever given, so there is nothing to weigh.")
    if workers < MIN_WORKERS:
        people = "one worker" if workers == 1 else "two workers"
        text = f"With {people} nobody can tell who is right where answers differ; it takes three."
        return "majority", Why("few_workers", text)
    if shared < MIN_SHARED_TASKS:
        text = f"Only {shared} tasks have two answers or more: too few to learn who confuses what (ten are needed)."
        return "majority", Why("few_shared_tasks", text)
    if tasks * labels > MAX_CELLS:
        text = "Too many tasks and labels for a table of probabilities and what is learned from it."
        return "majority", Why("too_large", text)
    text = (
        f"{shared} tasks have answers of several of the {workers} workers: enough to learn who confuses which labels."
    )
    if len(votes.workers) * labels**2 > MOST_CONFUSIONS:
        return "bwa", Why(
            "many_labels", f"{labels} labels are too many to learn who confuses which; workers are weighed."
        )
    if len(votes) > MOST_FOR_JOINT:
        return "dawid_skene", Why("many_votes", f"{text} With {len(votes):,} votes the joint model would take minutes.")
    return "joint", Why("learned", text)
