"""What the guideline says of labels that are mixed up, sentence by sentence, and what people said on such tasks. No figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tawsim.core.orthography import folded, same_of
from tawsim.core.settings import Same

# A guideline is written as people write: vowel marks, hamza and dots come and go.
LOOSELY = same_of(Same.__dataclass_fields__)
# Sentences end where a sign and a space do, and at the end of a line; a list's mark is no part of them.
_ENDS = re.compile(r"(?<=[.!?؟؛。])\s+|\n+")
_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)])\s*")
# What Arabic writes together with a word, before and behind it.
_BEFORE, _BEHIND = "[وف]?(?:[بكل]?ال|لل|[بكل])?", "(?:ه|ات|ين|ون|s|es)?"
MOST_SENTENCES = 3
MOST_COMMENTS = 5
MOST_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said on a task."""

    seq: int
    task_id: str
    text: str


def sentences_on(guideline: str, a: str, b: str) -> dict[str, list[str]]:
    """Sentences of the guideline that name both labels (`both`), and such that name one of them (`a`, `b`); three of each at
    most. A label is named by its whole name or, of a path, by its last part; small differences of spelling do not count, nor
    does what Arabic writes together with a word."""
    found: dict[str, list[str]] = {"both": [], "a": [], "b": []}
    first, second = _named(a), _named(b)
    for sentence, plain in _sentences(guideline):
        has_a, has_b = bool(first.search(plain)), bool(second.search(plain))
        where = "both" if has_a and has_b else "a" if has_a else "b" if has_b else ""
        if where and len(found[where]) < MOST_SENTENCES:
            found[where].append(sentence[:MOST_LENGTH])
    return found


@lru_cache(maxsize=32)
def _sentences(guideline: str) -> tuple[tuple[str, str], ...]:
    pieces = (_MARK.sub("", piece).strip() for piece in _ENDS.split(guideline))
    return tuple((piece, _plain(piece)) for piece in pieces if piece)


@lru_cache(maxsize=1024)
def _named(label: str) -> re.Pattern[str]:
    names = {label, re.split(r"[/>:]", label)[-1]}
    either = "|".join(re.escape(_plain(name)) for name in sorted(names, key=len, reverse=True) if name.strip())
    return re.compile(rf"(?<!\w){_BEFORE}(?:{either}){_BEHIND}(?!\w)")


def _plain(text: str) -> str:
    return folded(text, LOOSELY).casefold()


def comments_on(comments: Sequence[Comment], seqs: set[int]) -> list[dict[str, Any]]:
    """The newest of the comments on these tasks."""
    found = [one for one in comments if one.seq in seqs][:MOST_COMMENTS]
    return [{"seq": one.seq, "task_id": one.task_id, "text": one.text[:MOST_LENGTH]} for one in found]
