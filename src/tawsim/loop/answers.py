"""Stored answers → small integer columns: about 16 bytes an answer, however long the texts are. Infers nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Question
from tawsim.kinds import Choices

CHUNK = 20_000
# Answers to one question are few different texts, so each is parsed once; those to several questions may multiply.
REMEMBERED = 100_000


@dataclass(slots=True)
class Answers:
    """N answers in any order: `seq` (N,) int64, `worker` and `code` (N,) int32.

    `worker` is a position in `workers`; `code` one among the question's labels or, where an answer is a set of labels,
    in `sets`.
    """

    seq: NDArray[np.int64]
    worker: NDArray[np.int32]
    code: NDArray[np.int32]
    workers: tuple[str, ...]
    sets: list[tuple[str, ...]] | None


def gather(rows: Iterator[Any], question: Question) -> Answers:
    """Columns from rows of seq, worker_id and answers (JSON text), in bounded memory but for the columns."""
    read = _Reader(question)
    workers: dict[str, int] = {}
    seqs, who, codes = bytearray(), bytearray(), bytearray()
    # Columns of a chunk at once: three times as fast as row by row, and a project may have millions of answers.
    while chunk := list(islice(rows, CHUNK)):
        seq, worker, text = zip(*chunk, strict=True)
        for one in set(worker) - workers.keys():
            workers[one] = len(workers)
        seqs += np.fromiter(seq, np.int64, len(chunk)).tobytes()
        who += np.fromiter(map(workers.__getitem__, worker), np.int32, len(chunk)).tobytes()
        codes += read.codes(text).tobytes()
    code = np.frombuffer(bytes(codes), np.int32)
    answered = code >= 0
    return Answers(
        seq=np.frombuffer(bytes(seqs), np.int64)[answered],
        worker=np.frombuffer(bytes(who), np.int32)[answered],
        code=code[answered],
        workers=tuple(workers),
        sets=read.sets,
    )


@dataclass(slots=True)
class _Reader:
    """The code of an answer's JSON text, remembered; -1 where the question was not answered."""

    question: Question
    sets: list[tuple[str, ...]] | None = None
    _place: dict[Any, int] = field(default_factory=dict)
    _parsed: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.question, Choices):
            self.sets = []
        else:
            self._place = {label: i for i, label in enumerate(getattr(self.question, "labels", ()))}

    def codes(self, texts: tuple[str, ...]) -> NDArray[np.int32]:
        """The codes of many answers."""
        if len(self._parsed) > REMEMBERED:
            self._parsed.clear()
        for text in set(texts) - self._parsed.keys():
            self._parsed[text] = self._parse(text)
        return np.fromiter(map(self._parsed.__getitem__, texts), np.int32, len(texts))

    def _parse(self, text: str) -> int:
        answer = json.loads(text).get(self.question.name)
        if answer is None:
            return -1
        if self.sets is None:
            return self._place.get(answer, -1)
        chosen = tuple(answer)
        if chosen not in self._place:
            self._place[chosen] = len(self.sets)
            self.sets.append(chosen)
        return self._place[chosen]
