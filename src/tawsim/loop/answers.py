"""Stored answers → small integer columns: about 16 bytes an answer, however long the texts are. Infers nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Question
from tawsim.kinds import Choices
from tawsim.labelling.schemas import Carrier
from tawsim.truth import Votes

CHUNK = 20_000
# Answers to one question are few different texts, so each is parsed once; those to several questions may multiply.
REMEMBERED = 100_000
NOT_ANSWERED, MISFIT = -1, -2


@dataclass(slots=True)
class Answers:
    """N answers in any order: `seq` (N,) int64, `worker` and `code` (N,) int32.

    `worker` is a position in `workers`; `code` one among the question's labels or, where an answer is a set of labels,
    in `sets`. `misfits` (M,): the tasks of answers that do not fit the question any more, and are left out.
    """

    seq: NDArray[np.int64]
    worker: NDArray[np.int32]
    code: NDArray[np.int32]
    workers: tuple[str, ...]
    sets: list[tuple[str, ...]] | None
    misfits: NDArray[np.int64]


def gather(rows: Iterator[Any], question: Question, carrier: Carrier) -> Answers:
    """Columns from rows of seq, worker_id, answers (JSON text) and schema_version, in bounded memory but for the columns."""
    read = _Reader(question, carrier)
    workers: dict[str, int] = {}
    seqs, who, codes = bytearray(), bytearray(), bytearray()
    # Columns of a chunk at once: three times as fast as row by row, and a project may have millions of answers.
    while chunk := list(islice(rows, CHUNK)):
        seq, worker, text, version = zip(*chunk, strict=True)
        for one in set(worker) - workers.keys():
            workers[one] = len(workers)
        seqs += np.fromiter(seq, np.int64, len(chunk)).tobytes()
        who += np.fromiter(map(workers.__getitem__, worker), np.int32, len(chunk)).tobytes()
        codes += read.codes(text, version).tobytes()
    code = np.frombuffer(bytes(codes), np.int32)
    answered = code >= 0
    numbers = np.frombuffer(bytes(seqs), np.int64)
    return Answers(
        seq=numbers[answered],
        worker=np.frombuffer(bytes(who), np.int32)[answered],
        code=code[answered],
        workers=tuple(workers),
        sets=read.sets,
        misfits=numbers[code == MISFIT],
    )


@dataclass(slots=True)
class Fitting:
    """The same rows as (seq, worker_id, answers), one pass: those that do not fit the question any more are left out, and
    counted in `misfits`."""

    rows: Iterator[Any]
    question: Question
    carrier: Carrier
    misfits: int = 0

    def __iter__(self) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        for seq, worker, text, version in self.rows:
            answers = json.loads(text)
            if not self.carrier.is_present(version):
                carried = self.carrier.carry(version, answers)
                self.misfits += self.question.name in carried.misfits
                answers = carried.answers
            yield seq, worker, answers


@dataclass(slots=True)
class _Reader:
    """The code of an answer's JSON text, remembered; -1 where the question was not answered, -2 where the answer to it does
    not fit it any more."""

    question: Question
    carrier: Carrier
    sets: list[tuple[str, ...]] | None = None
    _place: dict[Any, int] = field(default_factory=dict)
    _parsed: dict[Any, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.question, Choices):
            self.sets = []
        else:
            self._place = {label: i for i, label in enumerate(getattr(self.question, "labels", ()))}

    def codes(self, texts: tuple[Any, ...], versions: tuple[int, ...]) -> NDArray[np.int32]:
        """The codes of many answers, each given to the questions of one version."""
        present = self.carrier.present.version
        if set(versions) != {present}:
            texts = tuple(text if one == present else (one, text) for text, one in zip(texts, versions, strict=True))
        if len(self._parsed) > REMEMBERED:
            self._parsed.clear()
        for text in set(texts) - self._parsed.keys():
            self._parsed[text] = self._parse(text)
        return np.fromiter(map(self._parsed.__getitem__, texts), np.int32, len(texts))

    def _parse(self, key: Any) -> int:
        name = self.question.name
        if isinstance(key, tuple):
            carried = self.carrier.carry(key[0], json.loads(key[1]))
            if name in carried.misfits:
                return MISFIT
            answer = carried.answers.get(name)
        else:
            answer = json.loads(key).get(name)
        if answer is None:
            return NOT_ANSWERED
        if self.sets is None:
            return self._place.get(answer, NOT_ANSWERED)
        chosen = tuple(answer)
        if chosen not in self._place:
            self._place[chosen] = len(self.sets)
            self.sets.append(chosen)
        return self._place[chosen]


def votes_of(found: Answers, labels: tuple[str, ...]) -> Votes:
    """`Votes` from columns that are numbers already, in the canonical order. That a worker answers a task once a round
    is kept by an index of the store, so nothing has to be looked for here."""
    tasks, task = np.unique(found.seq, return_inverse=True)
    workers = sorted(found.workers)
    rank = {worker: i for i, worker in enumerate(workers)}
    worker = np.array([rank[one] for one in found.workers], np.int32)[found.worker]
    order = np.argsort(task.reshape(-1) * len(workers) + worker, kind="stable")
    return Votes(
        task=task.reshape(-1)[order].astype(np.int32),
        worker=worker[order],
        label=found.code[order].astype(np.int16 if len(labels) < 2**15 else np.int32),
        tasks=tuple(tasks.tolist()),
        workers=tuple(workers),
        labels=labels,
    )
