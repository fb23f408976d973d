"""The truth of questions whose answers are more than labels of one list: numbers, scales, spans, regions, texts, rubrics.

A kind says what of its answers is inferred (its aspects); each aspect goes through the one door of tawsim.truth, and what
comes out is put together again as an answer. Reads the store and shapes arrays; infers nothing itself.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadAnswer
from tawsim.core.orthography import NOTHING_SAME, names_of
from tawsim.core.records import Question
from tawsim.core.settings import Same
from tawsim.kinds import Aspect, kind_of
from tawsim.loop.settled import ENOUGH_KNOWN
from tawsim.truth import Agreement, WorkerSkill
from tawsim.truth.door import infer_any
from tawsim.truth.infer import MOST_FOR_JOINT, Why
from tawsim.truth.outcomes import Result
from tawsim.truth.text.tokens import joined, words

# A part of a task is a task of its own to the truth: its number, then the part.
BETWEEN = "/"
# Kinds whose inferred answer is completed from the row.
FROM_ROW = frozenset({"spans"})
# What an answer tells of its medium, not of what is in it.
EXTENTS = ("size", "duration")
# What is inferred by models that take known answers; beyond so many votes learning with them would take minutes.
LEARN_FROM_KNOWN = frozenset({"choice", "numeric"})
MOST_WITH_KNOWN = MOST_FOR_JOINT
# By which model agreement is told where the truth was learned with known answers: agreement is that of the work alone.
PLAINEST = {"choice": "majority", "numeric": "mean"}
VERDICTS = ("trusted", "careless", "mixes", "unsure")


@dataclass(slots=True)
class _Table:
    """The votes on one aspect, by columns."""

    task: list[str] = field(default_factory=list)
    worker: list[str] = field(default_factory=list)
    label: list[Any] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)

    def columns(self) -> dict[str, list[Any]]:
        """As the door takes it: left and right only for comparisons."""
        found: dict[str, list[Any]] = {"task": self.task, "worker": self.worker, "label": self.label}
        return found | {"left": self.left, "right": self.right} if any(self.left) else found


class Taught(NamedTuple):
    """What gold teaches: the known `answers` by task, and what people said to these tasks, as rows like those of the work.
    Such tasks are no work: nothing of them stands in the truth."""

    answers: Mapping[int, Any]
    rows: Iterable[tuple[int, str, Mapping[str, Any]]] = ()


NOT_TAUGHT = Taught({})


class Structured(NamedTuple):
    """The truth of T answered tasks. `chosen` (T) the inferred answers in their kind's form, None where nothing came out;
    `p` (T,) of the least sure part, NaN where the kind has no probability; `low` and `high` (T,) of numbers, else None;
    `answers` (T,); `labels` (K), `probabilities` and `votes` (T, K) where the answer is one step of a scale (else K = 0)."""

    model: str
    why: Why
    seqs: NDArray[np.int64]
    chosen: tuple[Any, ...]
    p: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    answers: NDArray[np.int64]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    votes: NDArray[np.int64]
    workers: tuple[WorkerSkill, ...]
    measure: str
    agreement: Agreement | None
    agreement_measure: str


def infer_structured(
    rows: Iterable[tuple[int, str, Mapping[str, Any]]],
    question: Question,
    same: Same = NOTHING_SAME,
    known: Mapping[int, Any] | None = None,
    taught: Taught = NOT_TAUGHT,
) -> Structured | None:
    """The truth of a question from rows of (task number, worker, answers by question); None if nobody answered it. `same`:
    what of Arabic spelling counts as the same where texts are compared; inferred texts stand as somebody wrote them.
    `known`: answers that were settled, by task; models that can use them learn workers from them, and from `taught`."""
    work = _gathered(rows, question)
    if not work.answers:
        return None
    school = _gathered(taught.rows, question).tables
    certain = {**(known or {}), **taught.answers}
    found = []
    for one in kind_of(question).aspects(question):
        if one.name in work.tables:
            table = work.tables[one.name]
            result = _inferred(one, table, same, _known(question, one, certain), school.get(one.name))
            if result is not None:
                found.append((one, result))
    for aspect, result in found:
        if aspect.truth == "text":
            result.columns["label"][:] = _as_written(result, work.tables[aspect.name])
    return _together(question, work, found)


def learns_from_known(question: Question) -> bool:
    """Whether anything of the question is inferred by a model that takes known answers."""
    return any(one.truth in LEARN_FROM_KNOWN for one in kind_of(question).aspects(question))


@dataclass(slots=True)
class _Gathered:
    """Rows by aspect; how many answers each task and each worker has; what answers tell of their medium."""

    tables: dict[str, _Table] = field(default_factory=lambda: defaultdict(_Table))
    answers: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    by_worker: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sizes: dict[int, dict[str, Any]] = field(default_factory=dict)


def _gathered(rows: Iterable[tuple[int, str, Mapping[str, Any]]], question: Question) -> _Gathered:
    kind, found = kind_of(question), _Gathered()
    for seq, worker, given in rows:
        answer = given.get(question.name)
        if answer is None:
            continue
        found.answers[seq] += 1
        found.by_worker[worker] += 1
        if isinstance(answer, Mapping) and (told := {name: answer[name] for name in EXTENTS if answer.get(name)}):
            found.sizes.setdefault(seq, told)
        for vote in kind.votes(question, answer):
            table = found.tables[vote.aspect]
            table.task.append(f"{seq}{BETWEEN}{vote.part}")
            table.worker.append(worker)
            table.label.append(vote.label)
            table.left.append(vote.left)
            table.right.append(vote.right)
    return found


def _known(question: Question, aspect: Aspect, settled: Mapping[int, Any]) -> dict[str, Any]:
    """What settled answers say of this aspect, by the names that tasks have in its table; nothing where its models learn
    nothing from what is known."""
    if aspect.truth not in LEARN_FROM_KNOWN:
        return {}
    return {
        f"{seq}{BETWEEN}{vote.part}": vote.label
        for seq, answer in settled.items()
        for vote in kind_of(question).votes(question, answer)
        if vote.aspect == aspect.name
    }


def _usable(aspect: Aspect, table: _Table, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is known of tasks that somebody voted on; None where it is too little to help, or would take minutes."""
    if not known or len(table.task) > MOST_WITH_KNOWN:
        return None
    voted, labels = set(table.task), set(table.label) if aspect.truth == "choice" else None
    found = {task: label for task, label in known.items() if task in voted and (labels is None or label in labels)}
    return found if found and (labels is None or len(found) >= ENOUGH_KNOWN) else None


def _inferred(
    aspect: Aspect, table: _Table, same: Same, known: Mapping[str, Any], school: _Table | None
) -> Result | None:
    """None where there is nothing to infer: everybody gave an empty set, as where no spans are related. `school`: votes on
    tasks of known answer; of what is inferred with them, those tasks are left for `_together` to pass over."""
    if aspect.truth == "choices" and not any(table.label):
        return None
    levels = aspect.levels if aspect.truth == "ordinal" and aspect.levels else None
    if school is not None and (gold := _usable(aspect, both := _joined(table, school), known)) is not None:
        found = infer_any(both.columns(), kind=aspect.truth, gold=gold, same=names_of(same), measured=False)
        alone = infer_any(table.columns(), kind=aspect.truth, model=PLAINEST[aspect.truth])
        return replace(found, agreement=alone.agreement)
    gold = _usable(aspect, table, known)
    return infer_any(
        table.columns(), kind=aspect.truth, gold=gold, levels=levels, same=names_of(same), measured=False
    )  # fmt: skip


def _joined(table: _Table, more: _Table) -> _Table:
    return _Table(
        table.task + more.task, table.worker + more.worker, table.label + more.label, table.left + more.left,
        table.right + more.right,
    )  # fmt: skip


def _as_written(result: Result, table: _Table) -> list[Any]:
    """The inferred texts as somebody wrote them, where somebody did. Words are inferred, and stand with a blank between
    them: the lines of a text whose words won are its own."""
    said: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for task, text in zip(table.task, table.label, strict=True):
        said[task][text] += 1
    found = []
    for task, label in zip(result.tasks, result.columns["label"], strict=True):
        same = {text: n for text, n in said[str(task)].items() if joined(words(text)) == label}
        found.append(min(same, key=lambda text: (-same[text], text)) if same else label)
    return found


def _together(question: Question, work: _Gathered, found: Sequence[tuple[Aspect, Result]]) -> Structured:
    """All aspects and parts of each task as one answer, of the tasks and the people of the work."""
    answers = work.answers
    seqs = np.array(sorted(answers), np.int64)
    parts: dict[int, dict[tuple[str, str], Any]] = defaultdict(dict)
    sure: dict[int, float] = {}
    for aspect, result in found:
        for place, name in enumerate(result.tasks):
            number, _, part = str(name).partition(BETWEEN)
            seq = int(number)
            parts[seq][aspect.name, part] = result.columns["label"][place]
            p = float(result.p[place])
            if not math.isnan(p):
                sure[seq] = min(sure.get(seq, 1.0), p)
    kind = kind_of(question)
    chosen = tuple(
        _sized(_assembled(kind.assemble, question, parts[int(seq)]), work.sizes.get(int(seq))) for seq in seqs
    )
    first = found[0][1] if found else None
    whole = first is not None and len(found) == 1 and not any(part for _, part in _names(first))
    labels, probabilities, votes = _steps(first if whole else None, seqs)
    low, high = _bounds(first if whole and found[0][0].truth == "numeric" else None, seqs)
    return Structured(
        model=first.model if first else "majority",
        why=first.why if first else Why("no_answers", "Nothing was answered that a truth is inferred of."),
        seqs=seqs, chosen=chosen, p=np.array([sure.get(int(seq), math.nan) for seq in seqs]), low=low, high=high,
        answers=np.array([answers[int(seq)] for seq in seqs], np.int64), labels=labels, probabilities=probabilities,
        votes=votes, workers=_skills(first, work.by_worker) if first else (),
        measure=first.worker_measure if first else "accuracy",
        agreement=_agreement(first), agreement_measure=first.agreement.measure if first and first.agreement else "alpha",
    )  # fmt: skip


def _assembled(assemble: Any, question: Question, parts: Mapping[tuple[str, str], Any]) -> Any:
    try:
        return assemble(question, parts)
    except BadAnswer:  # what was inferred part by part need not fit together
        return None


def _sized(answer: Any, size: Mapping[str, Any] | None) -> Any:
    """Regions with the size of their picture, segments with the length of their recording: the truth infers neither, and
    those who saw or heard it told it."""
    return {**answer, **size} if answer is not None and size is not None else answer


def completed(question: Question, answer: Any, content: Mapping[str, Any]) -> Any:
    """An inferred answer with what only its row can tell: the quotes of spans."""
    if answer is None or question.kind not in FROM_ROW:  # type: ignore[attr-defined]
        return answer
    try:
        return kind_of(question).validate(question, answer, content)
    except BadAnswer:
        return answer


def _names(result: Result) -> list[tuple[str, str]]:
    return [(number, part) for number, _, part in (str(name).partition(BETWEEN) for name in result.tasks)]


def _order(result: Result, seqs: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The places in the result of each task; None where one is missing."""
    place = {int(number): at for at, (number, _) in enumerate(_names(result))}
    wanted = [place.get(int(seq), -1) for seq in seqs]
    return None if -1 in wanted else np.array(wanted, np.int64)


def _steps(
    result: Result | None, seqs: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.int64]]:
    """Labels, probabilities and counts, where the truth has them."""
    if result is not None and result.votes is not None and result.probability is not None:
        order = _order(result, seqs)
        if order is not None:
            labels = tuple(str(label) for label in result.labels)
            return labels, result.probability[order], result.votes.counts()[order]
    return (), np.zeros((len(seqs), 0)), np.zeros((len(seqs), 0), np.int64)


def _bounds(
    result: Result | None, seqs: NDArray[np.int64]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """The 95 % interval of each number."""
    if result is None or not {"low", "high"} <= set(result.columns):
        return None, None
    order = _order(result, seqs)
    if order is None:
        return None, None
    low, high = (
        np.array([math.nan if one in (None, "") else float(one) for one in result.columns[name]])
        for name in ("low", "high")
    )
    return low[order], high[order]


def _skills(result: Result, by_worker: Mapping[str, int]) -> tuple[WorkerSkill, ...]:
    """Those who did any of the work: of who answered gold alone nothing is told."""
    return tuple(_skill(row, by_worker) for row in result.workers if row.name in by_worker)


def _skill(row: Any, by_worker: Mapping[str, int]) -> WorkerSkill:
    """A worker of any measure in the form of the others; NaN where the model knows none. Answers are counted whole: one of
    several parts is as many votes."""
    answers = by_worker.get(row.name, row.answers)

    def number(value: float | None) -> float:
        return math.nan if value is None else float(value)

    return WorkerSkill(
        worker=row.name, answers=answers, judged=answers, accuracy=number(row.value), low=number(row.low),
        high=number(row.high), dependence=0.0, verdict=row.verdict if row.verdict in VERDICTS else "unsure",
        why=dict(row.why) or {"code": "not_judged"}, confusion=np.zeros((0, 0)),
    )  # fmt: skip


def _agreement(result: Result | None) -> Agreement | None:
    found = result.agreement if result else None
    return None if found is None else Agreement(found.value, found.low, found.high, found.tasks)
