"""Names that look the same and are not: by case, white space, compatibility forms, or Arabic spelling. Named, never
merged: whether “Yes” and “yes” are one label is for people to say."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

# One letter written in several ways, in Arabic: hamza on alef, final yeh, teh marbuta. And the stretching stroke.
LETTERS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": None, "ی": "ي", "ک": "ك"})
# Ten million names are not labels; they would only cost time here.
MOST = 100_000
EDGE = "\0"


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


def told_apart(group: Sequence[str]) -> tuple[str, ...]:
    """The names as people can tell them apart: where two would look the same in print, what differs stands beside them in
    escapes. (é in one character or two, white space of several kinds, marks without width.)

    >>> told_apart(["New York", "New\\xa0York", "new york"])
    ('New York (New York)', 'New\\xa0York (New\\\\u00a0York)', 'new york')
    """
    looks: dict[str, list[str]] = {}
    for name in group:
        looks.setdefault(_printed(name), []).append(name)
    shown = []
    for name in group:
        same = looks[_printed(name)]
        if len(same) > 1:
            shared = set(_marked(same[0])).intersection(*map(_marked, same[1:]))
            shown.append(f"{name} ({''.join(_escape(c, shared) for c in _marked(name))})")
        else:
            shown.append(name)
    return tuple(shown)


def _printed(name: str) -> str:
    """What is left of a name on paper."""
    text = unicodedata.normalize("NFC", name)
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())


def _marked(name: str) -> list[str]:
    """The characters, with those spaces that nobody sees (at an end, or after another) marked."""
    return [EDGE if c == " " and (i in (0, len(name) - 1) or name[i - 1].isspace()) else c for i, c in enumerate(name)]


def _escape(c: str, shared: set[str]) -> str:
    if c == EDGE:
        return "\\u0020"
    plain = c in shared or (c.isascii() and c.isprintable())
    return c if plain else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS)
    kept = (c for c in text if unicodedata.category(c) not in ("Mn", "Cf"))
    return " ".join("".join(kept).replace("_", " ").replace("-", " ").split()) or text
