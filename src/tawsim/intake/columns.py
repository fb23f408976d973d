"""Which column holds the text to be labelled, and whether a row has it. Reads no file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadFile, BadInput
from tawsim.core.text import for_terminal

# In the order of preference: the first name that is there wins.
TEXT_NAMES = (
    "text", "نص", "النص", "sentence", "review", "content", "tweet", "comment", "message", "post", "body", "document",
    "utterance", "query", "question", "prompt", "تغريدة", "تعليق", "مراجعة", "جملة", "الجملة", "المحتوى", "محتوى",
    "headline", "title", "description", "feed",
)  # fmt: skip
_ID_NAME = re.compile(
    r"(^|[\W_])(id|ids|uid|uuid|guid|key|index|idx|seq|hash|sha1|sha256|md5|url|معرف|المعرف|رقم)$", re.I
)
_CAMEL_ID = re.compile(r"[a-z](Id|ID|Uuid|UUID|Key|Index)$")


def guess_text_column(columns: Sequence[str], sample_rows: Sequence[Mapping[str, Any]]) -> str:
    """The column to label: one with a usual name, else the one with the longest texts on average; never an id.

    `sample_rows` are the first rows of the file, ten to a hundred. Raises `BadInput` if no column holds text.
    """
    texts = {name: found for name in columns if (found := _texts(name, sample_rows))}
    plain = {name.strip().casefold(): name for name in reversed(texts)}
    for usual in TEXT_NAMES:
        if usual in plain:
            return plain[usual]
    if not texts:
        listed = ", ".join(for_terminal(name) for name in columns[:20])
        raise BadInput("No column holds text that could be labelled.", f"Name one with --text. Columns: {listed}")
    return max(texts, key=lambda name: sum(map(len, texts[name])) / len(texts[name]))


def _texts(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The texts of a column; none if it is an id, or holds numbers or machine words only."""
    if _ID_NAME.search(name.strip()) or _CAMEL_ID.search(name.strip()):
        return []
    values = [row.get(name) for row in rows]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if len(texts) * 2 < len([value for value in values if value not in (None, "")]):
        return []
    return texts if any(_reads_like_text(text) for text in texts) else []


def _reads_like_text(text: str) -> bool:
    return any(c.isalpha() for c in text) and not re.fullmatch(r"[0-9a-fA-F-]{8,}|https?://\S+", text.strip())


def check_text(row: Mapping[str, Any], column: str, *, file: str, number: int) -> str:
    """The text of row `number` of `file`, unchanged. Raises `BadFile` if it is missing, empty or no text."""
    if column not in row:
        listed = ", ".join(for_terminal(name) for name in list(row)[:20])
        raise BadFile("the column is missing.", f"This row has: {listed}", file=file, row=number, column=column)
    text = row[column]
    if text is None or (isinstance(text, str) and not text.strip()):
        raise BadFile("the text is empty.", "Every task needs a text.", file=file, row=number, column=column)
    if not isinstance(text, str):
        kind = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
        found = kind.get(type(text), type(text).__name__)
        hint = "Name the column that holds the text with --text."
        raise BadFile(f"text expected, not {found}.", hint, file=file, row=number, column=column)
    return text
