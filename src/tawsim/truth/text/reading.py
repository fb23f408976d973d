"""Answers of text as sequences of word numbers, and back as text in the workers' spelling. No reliability is learned here."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.core.orthography import NOTHING_SAME
from tawsim.core.settings import Same
from tawsim.truth.answers import Answers
from tawsim.truth.text.distance import Ints, align
from tawsim.truth.text.fusion import Text
from tawsim.truth.text.reliability import Pairs, pairs_of
from tawsim.truth.text.tokens import Word, joined, words

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """N answers, sorted by task: `words` (N,) as numbers, in the order of the keys by code point; `spelled` (N,) as `Word`s;
    `task`, `worker` (N,); `counts` (N,): whether the answer has words, or nobody in its task has; `pairs`: distances."""

    answers: Answers
    words: list[Text]
    spelled: list[tuple[Word, ...]]
    task: Ints
    worker: Ints
    counts: NDArray[np.bool_]
    pairs: Pairs

    def best(self, error: Floats, rank: int = 0) -> Ints:
        """The answer of each task with the least error, (T,); with `rank`, the next but so many that has another text.

        Among equals the shortest, then the first by its words, so that workers' names decide nothing.
        """
        starts = self.answers.starts()
        rounded, task, words = np.round(error, 9).tolist(), self.task.tolist(), self.words
        order = sorted(range(len(rounded)), key=lambda i: (task[i], rounded[i], len(words[i]), words[i]))
        chosen = np.zeros(len(starts) - 1, np.int64)
        for t, (start, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
            different: list[int] = []
            for i in order[start:end]:
                if len(different) > rank:
                    break
                if all(self.words[i] != self.words[j] for j in different):
                    different.append(i)
            chosen[t] = different[min(rank, len(different) - 1)] if different else -1
        return chosen


def read_texts(table: Any, *, exact: bool, strict: bool, same: Same = NOTHING_SAME) -> Texts:
    """`Texts` from any table with task, worker, label; `same`: see `words`. Raises `BadInput` for a label that is not text."""
    answers = table if isinstance(table, Answers) else Answers.from_table(table, read=_text, strict=strict)
    if isinstance(table, Answers):
        for value in answers.values:
            _text(value)
    spelled = [words(value, exact=exact, same=same) for value in answers.values]
    number = {key: i for i, key in enumerate(sorted({word.key for one in spelled for word in one}))}
    numbered = [[number[word.key] for word in one] for one in spelled]
    task, worker = answers.task.astype(np.int64), answers.worker.astype(np.int64)
    filled = np.array([bool(one) for one in numbered])
    any_filled = np.bincount(task[filled], minlength=len(answers.tasks)) > 0
    pairs = pairs_of(numbered, answers.starts())
    # Two answers without words agree on nothing where somebody found words.
    silent = ~(filled[pairs.first] | filled[pairs.second]) & any_filled[task[pairs.first]]
    pairs.apart[silent] = 1.0
    return Texts(answers, numbered, spelled, task, worker, filled | ~any_filled[task], pairs)


def shown(texts: Texts, result: list[Text], best: Ints, fused: NDArray[np.bool_]) -> list[str]:
    """Each task's text: as the `best` answer wrote it, or, where `fused`, each word as most of those who have it spell it."""
    written = [joined(texts.spelled[i]) for i in best.tolist()]
    rows = np.flatnonzero(texts.counts & fused[texts.task])
    spellings: dict[tuple[int, int], dict[tuple[str, bool], int]] = defaultdict(lambda: defaultdict(int))
    centres = [result[t] for t in texts.task[rows].tolist()]
    for block, found in align(centres, [texts.words[i] for i in rows.tolist()]):
        for row, aligned in zip(rows[block].tolist(), found.aligned, strict=True):
            t, said = int(texts.task[row]), texts.spelled[row]
            for at, (word, place) in enumerate(zip(result[t], aligned.tolist(), strict=False)):
                if place >= 0 and texts.words[row][place] == word:
                    spellings[t, at][said[place].surface, said[place].apart] += 1
    key = _keys(texts)
    for t in np.flatnonzero(fused).tolist():
        chosen = []
        for at, word in enumerate(result[t]):
            votes = spellings[t, at] or {(key[word], True): 1}
            surface, apart = min(votes, key=lambda spelling: (-votes[spelling], spelling))
            chosen.append(Word(key[word], surface, apart))
        written[t] = joined(chosen)
    return written


def _keys(texts: Texts) -> dict[int, str]:
    pairs = zip(texts.words, texts.spelled, strict=True)
    return {number: word.key for numbers, said in pairs for number, word in zip(numbers, said, strict=True)}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(
            f"{str(value)[:40]!r} is not text.", "Free text is compared word by word; quote it.", column="label"
        )
    return value
