"""`TextTruth`, `Rover` and `BestText`: one text from several people's. Reading, choosing and reporting; the steps lie beside."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.core.orthography import same_of
from tawsim.truth.state import Restorable
from tawsim.truth.text.distance import Ints
from tawsim.truth.text.evidence import STARTS, Evidence, better_by, errors_of, held_out
from tawsim.truth.text.fusion import Text, fuse, fuse_from
from tawsim.truth.text.reading import Texts, read_texts, shown
from tawsim.truth.text.reliability import Reliability, reliability

Floats = NDArray[np.float64]
# The best answer must be ahead of the fused one by this many standard errors: where they are about as good, fusing is the
# safer of the two, as it does not hang on the one answer that was judged best.
DOUBT = 1.0
# No answer that was given counts for less than this part of a typical one.
LEAST_WEIGHT = 0.05


class TextTruth(Restorable):
    """The text nearest to the truth: the answers fused word by word, or the best answer as it stands.

    1. Words: see tokens.py. Compared without case, punctuation and optional Arabic signs (`match="loose"`), or as they
       stand between blanks (`"exact"`), and where `same` names some, without differences of Arabic spelling
       (core/orthography.py); what is given back is in the workers' own spelling.
    2. Reliability: the share of wrong words e_a of each answer and m_w of each worker, from the distances between the
       answers of a task, each of which is judged by the others only (reliability.py).
    3. Fusion: the word sequence h with the least Σ_a v_a · distance(h, a), v_a = log((1 - e_a) / (q e_a)): the most
       probable truth if each word of a is right with 1 - e_a, and two wrong words are the same with probability q. q is
       measured once, from a first fusion with equal weights (`echo_`).
    4. Best answer: the one with the least e_a.
    5. Which of the two: answers of up to 200 tasks are hidden in turn, and each way, from the other answers, is measured on
       them (`held_out_`, word error rate), weighted by how far the nearest other answer is: of an answer that has a copy
       (of a neighbour, or of the same translating machine) the others know already what it says, and they do not know
       the truth so. The best answer is taken where it is better by a
       standard error, for all tasks. With one or two answers nothing can be outvoted: the best is taken.

    Papers: J. Fiscus, "A post-processing system to yield reduced word error rates: ROVER", ASRU 1997 (alignment and vote);
    J. Li, "Crowdsourced text sequence aggregation based on hybrid reliability and representation", SIGIR 2020 (worker
    and answer reliability). Where we depart and why: the slots are aligned anew with each fused text until the cost stays
    (ROVER aligns once, in the order of the answers, which changes its result); reliability comes from distances of words,
    not of embeddings, so it needs no model of any language; the choice is made on hidden answers, not fixed.

    Workers err together, and errors that all share show nowhere in the answers, so `expected_error_` lies between two
    bounds. The lower holds if answers err independently: what the text's distance to a hidden answer has in excess of that
    answer's own error. The upper holds if all that fusing gathers is shared error: the text is as wrong as the answers.
    Half-way between them in logarithms is taken, and the width goes into `error_spread_`. Over four real sets (word error
    rates .062, .119, .487, .587) the lower bound says .036, .059, .177, .216, and half-way .072, .114, .276, .332. Made
    crowds whose errors are independent lie at the lower. `answer_error_` and `worker_error_` are scaled to the distances
    from the fused texts. All start from a typical worker, who has 0.3 of the words wrong (reliability.py).
    Empty answers count only where all are empty. Cost: distances of a task's answers (20 operations a word for
    64-word texts, at most 64 partners an answer), and about 12 alignments an answer; 20 000 transcripts take half a minute.

    Learned: `tasks_` (T,), `workers_` (W,); `texts_` (T,); `expected_error_` (T,) expected share of wrong words, 0..1, and
    `confidence_` = 1 - it; `way_` (T,) "fused" | "answer"; `answer_error_` (N,) in the order of task and worker;
    `worker_error_`, `worker_low_`, `worker_high_` (W,) the worker's share of wrong words with its 95 % interval;
    `held_out_` {"fused", "answer"} (NaN where no task has three answers); `echo_`.

    >>> said = {"ann": "The cat sat down.", "bob": "the hat sat down", "eve": "The cat sat down."}
    >>> TextTruth().fit([("t", worker, text) for worker, text in said.items()]).predict()
    ['The cat sat down.']
    """

    ways: ClassVar[tuple[str, ...]] = ("fused", "answer")
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    texts_: list[str]
    way_: tuple[str, ...]
    expected_error_: Floats
    error_spread_: Floats
    confidence_: Floats
    answer_error_: Floats
    worker_error_: Floats
    worker_low_: Floats
    worker_high_: Floats
    held_out_: dict[str, float]
    echo_: float

    def __init__(self, *, match: str = "loose", strict: bool = False, same: Sequence[str] = ()) -> None:
        if match not in ("loose", "exact"):
            raise BadInput(f"match is “loose” or “exact”, not {str(match)[:40]!r}.")
        self.match = match
        self.strict = strict
        self.same = tuple(same)
        same_of(self.same)

    def fit(self, answers: Any) -> Self:
        """Learn from `answers` (task, worker, label: text). Raises `BadInput` for a label that is not text."""
        texts = read_texts(answers, exact=self.match == "exact", strict=self.strict, same=same_of(self.same))
        trust = reliability(texts.pairs, texts.task, texts.worker, len(texts.answers.tasks), len(texts.answers.workers))
        error = np.where(texts.counts, trust.answer, 1.0)
        weight = self._weigh(texts, error)
        best = texts.best(error)
        self.held_out_ = {way: float("nan") for way in TextTruth.ways}
        evidence = held_out(texts, error, weight, self.ways)
        self.held_out_.update({way: found.error for way, found in evidence.items()})
        way = self._way(evidence)
        result = [texts.words[i] for i in best.tolist()]
        fused = np.zeros(len(best), bool)
        if way == "fused":
            # Two answers cannot outvote one another.
            fused = np.bincount(texts.task[texts.counts], minlength=len(best)) > 2
            result = _fused(texts, error, weight, fused, result)
        self._report(texts, trust, result, best, fused, evidence)
        return self

    def predict(self) -> list[str]:
        """A task: the text, in the workers' spelling."""
        _check(self)
        return list(self.texts_)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Low and high end of the expected share of wrong words of each task, (T,) each, 0..1, by a normal approximation."""
        _check(self)
        if not 0 < level < 1:
            raise BadInput("level is between 0 and 1.")
        half = NormalDist().inv_cdf((1 + level) / 2) * self.error_spread_
        return np.clip(self.expected_error_ - half, 0, 1), np.clip(self.expected_error_ + half, 0, 1)

    def _way(self, evidence: dict[str, Evidence]) -> str:
        """Step 5."""
        if len(self.ways) == 1 or not evidence:
            return self.ways[0]
        return "answer" if better_by(evidence["answer"], evidence["fused"]) > DOUBT else "fused"

    def _weigh(self, texts: Texts, error: Floats) -> Floats:
        """v_a of each answer, (N,), and `echo_`."""
        self.echo_ = float("nan")
        rows = np.flatnonzero(texts.counts)
        centres = [texts.words[i] for i in texts.best(error).tolist()]
        if "fused" in self.ways and len(rows):
            said = [texts.words[i] for i in rows.tolist()]
            self.echo_ = fuse(centres, said, texts.task[rows], np.ones(len(rows))).echo
        echo = 1.0 if np.isnan(self.echo_) else max(self.echo_, 1e-3)
        weight = np.log((1 - error.clip(0.005, 0.98)) / error.clip(0.005, 0.98)) - np.log(echo)
        least = LEAST_WEIGHT * max(float(np.median(weight)), 0.1)
        return np.asarray(np.maximum(weight, least))

    def _report(
        self,
        texts: Texts,
        trust: Reliability,
        result: list[Text],
        best: Ints,
        fused: NDArray[np.bool_],
        evidence: dict[str, Evidence],
    ) -> None:
        self.tasks_, self.workers_ = texts.answers.tasks, texts.answers.workers
        self.texts_ = shown(texts, result, best, fused)
        self.way_ = tuple("fused" if each else "answer" for each in fused.tolist())
        found = errors_of(texts, trust, result, best, fused, evidence)
        self.expected_error_, self.error_spread_ = found.text, found.spread
        self.confidence_ = 1 - self.expected_error_
        self.answer_error_ = found.answer
        self.worker_error_, self.worker_low_, self.worker_high_ = found.worker, found.low, found.high


class Rover(TextTruth):
    """The answers fused word by word, always (where three or more have words): steps 1 to 3 of `TextTruth`.

    Formula, assumptions, cost, learned values, paper and departures: see `TextTruth`; `held_out_` is measured for fusion.

    >>> said = {"ann": "قال نعم ثم ذهب", "bob": "قال نعم ذهب", "eve": "قال لا ثم ذهب"}
    >>> Rover().fit([("t", worker, text) for worker, text in said.items()]).predict()
    ['قال نعم ثم ذهب']
    """

    ways: ClassVar[tuple[str, ...]] = ("fused",)


class BestText(TextTruth):
    """The best answer of each task as it stands: the least expected share of wrong words, steps 1, 2 and 4 of `TextTruth`.

    For texts that must stay whole sentences of one writer. Formula, assumptions, cost, learned values: see `TextTruth`.

    >>> said = {"ann": "red green blue", "bob": "red green blue", "eve": "red red red"}
    >>> BestText().fit([("t", worker, text) for worker, text in said.items()]).predict()
    ['red green blue']
    """

    ways: ClassVar[tuple[str, ...]] = ("answer",)


def _fused(texts: Texts, error: Floats, weight: Floats, where: NDArray[np.bool_], result: list[Text]) -> list[Text]:
    """`result` with the tasks `where` fused, from several starts each."""
    rows = np.flatnonzero(texts.counts & where[texts.task])
    if not len(rows):
        return result
    tasks, task = np.unique(texts.task[rows], return_inverse=True)
    centres = [[texts.words[i] for i in texts.best(error, start)[tasks].tolist()] for start in range(STARTS)]
    found = fuse_from(centres, [texts.words[i] for i in rows.tolist()], task.reshape(-1), weight[rows])
    result = list(result)
    for t, text in zip(tasks.tolist(), found.texts, strict=True):
        result[t] = text
    return result


def _check(model: Any) -> None:
    if not hasattr(model, "tasks_"):
        raise BadInput(f"This {type(model).__name__} has not seen any answers.", "Call fit(answers) first.")
