"""Stored answers → small integer columns: about 16 bytes an answer, however long the texts are. Infers nothing."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Question
from tawsim.kinds import Choices

# Answers to one question are few different texts, so each is parsed once; several free questions may multiply.
PARSED_AT_MOST = 100_000


@dataclass(slots=True)
class Answers:
    """N answers in the order of tasks: `seq` (N,) int64, `worker` and `code` (N,) int32.

    `code` is a position among the question's labels; or, where an answer is a set of labels, in `sets`.
    """

    seq: NDArray[np.int64]
    worker: NDArray[np.int32]
    code: NDArray[np.int32]
    workers: tuple[str, ...]
    sets: list[tuple[str, ...]] | None

    def workers_of(self) -> list[str]:
        """The worker's id of each answer; the texts are shared."""
        return [self.workers[one] for one in self.worker]


def gather(rows: Iterable[Any], question: Question) -> Answers:
    """Columns from rows with seq, worker_id and answers (JSON text)."""
    read = _Reader(question)
    workers: dict[str, int] = {}
    seqs, who, codes = bytearray(), bytearray(), bytearray()
    for chunk in _chunks(rows):
        kept = [(row[0], row[1], read.code(row[2])) for row in chunk]
        kept = [row for row in kept if row[2] >= 0]
        seqs += np.fromiter((row[0] for row in kept), np.int64, len(kept)).tobytes()
        who += np.fromiter((workers.setdefault(row[1], len(workers)) for row in kept), np.int32, len(kept)).tobytes()
        codes += np.fromiter((row[2] for row in kept), np.int32, len(kept)).tobytes()
    return Answers(
        seq=np.frombuffer(bytes(seqs), np.int64),
        worker=np.frombuffer(bytes(who), np.int32),
        code=np.frombuffer(bytes(codes), np.int32),
        workers=tuple(workers),
        sets=read.sets,
    )


def _chunks(rows: Iterable[Any], size: int = 20_000) -> Iterable[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


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

    def code(self, text: str) -> int:
        found = self._parsed.get(text)
        if found is None:
            found = self._parse(text)
            if len(self._parsed) < PARSED_AT_MOST:
                self._parsed[text] = found
        return found

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
