"""Names that look the same and are not: by case, white space, compatibility forms, or Arabic spelling. Named, never
merged: whether “Yes” and “yes” are one label is for people to say."""

import unicodedata
from collections.abc import Iterable
from typing import Any

# One letter written in several ways, in Arabic: hamza on alef, final yeh, teh marbuta. And the stretching stroke.
LETTERS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": None, "ی": "ي", "ک": "ك"})
# Ten million names are not labels; they would only cost time here.
MOST = 100_000


def lookalikes(names: Iterable[Any]) -> tuple[tuple[str, ...], ...]:
    """Groups of two or more different names that read alike, each sorted, in the order of the first.

    >>> lookalikes(["yes", "Yes ", "no", "إيجابي", "ايجابى"])
    (('Yes ', 'yes'), ('إيجابي', 'ايجابى'))
    """
    groups: dict[str, set[str]] = {}
    for i, name in enumerate(names):
        if i >= MOST:
            return ()
        text = str(name)
        groups.setdefault(_plain(text), set()).add(text)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS)
    kept = (c for c in text if unicodedata.category(c) not in ("Mn", "Cf"))
    return " ".join("".join(kept).replace("_", " ").replace("-", " ").split()) or text
