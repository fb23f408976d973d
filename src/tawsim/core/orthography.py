"""Arabic spelling: what counts as the same text where a project says so. Nothing that was written is changed.

What may count as the same stands in `Same` (core/settings.py), letter by letter; each is off unless a project turns it on.
The letters are those of N. Habash, "Introduction to Arabic Natural Language Processing" (2010), 3.2, and the marks those
that he calls optional.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from tawsim.core.errors import BadInput
from tawsim.core.settings import Same
from tawsim.core.text import comparable

# Alef with madda, with hamza above or below, with wasla: the bare alef. A hamza on another letter, or alone, stays.
ALEF = dict.fromkeys(map(ord, "\u0622\u0623\u0625\u0671"), "\u0627")
# Taa marbuta is written as haa where its dots are left out.
TAA_MARBUTA = {0x0629: "\u0647"}
# Yaa without dots (alef maqsura), and the Persian one, as yaa.
YAA = dict.fromkeys(map(ord, "\u0649\u06cc"), "\u064a")
# Vowel marks, tanwin, shadda and sukun, the small alef, and the signs of the Quran's recitation. Not the hamza that stands
# above or below a letter (U+0654, U+0655), nor the madda: these make another letter.
MARKS = (
    *range(0x0610, 0x061B), *range(0x064B, 0x0653), *range(0x0656, 0x0660), 0x0670, *range(0x06D6, 0x06DD),
    *range(0x06DF, 0x06E5), 0x06E7, 0x06E8, *range(0x06EA, 0x06EE), *range(0x08D4, 0x08E2), *range(0x08E3, 0x0900),
)  # fmt: skip
TATWEEL = {0x0640: None}
# Digits as Arabic and as Persian and Urdu write them.
DIGITS = {first + n: str(n) for first in (0x0660, 0x06F0) for n in range(10)}
NOTHING_SAME = Same()


def folded(text: str, same: Same) -> str:
    """`text` in the one form of all texts that count as the same: equal if and only if they do. Without outer white space
    and in Unicode's NFC, as everywhere where texts are compared; with no setting on, that is all. Folding twice changes
    nothing.

    >>> folded("الْمَدْرَسَةُ", Same(diacritics=True, taa_marbuta=True))
    'المدرسه'
    """
    text = comparable(text)
    table = _table(same)
    if not table:
        return text
    # A sign that was left out may have stood between a letter and its hamza: then they are one letter now, which is read
    # anew. A text never grows, so this ends.
    while (next_ := comparable(text.translate(table))) != text:
        text = next_
    return text


def same_text(a: str, b: str, same: Same) -> bool:
    """Whether the two texts count as the same.

    >>> same_text("أحمد", "احمد", Same(alef=True)), same_text("أحمد", "احمد", Same())
    (True, False)
    """
    return a == b or folded(a, same) == folded(b, same)


def same_of(names: Iterable[str]) -> Same:
    """The settings of these names, on. Raises `BadInput` for one that does not exist."""
    known = Same.__dataclass_fields__
    given = tuple(names)
    for name in given:
        if name not in known:
            raise BadInput(f"There is no {str(name)[:40]!r} to count as the same.", "Known: " + ", ".join(known) + ".")
    return Same(**dict.fromkeys(given, True))


def names_of(same: Same) -> tuple[str, ...]:
    """The settings that are on, by name, in their order: what a number says that it counted as the same."""
    return tuple(name for name in Same.__dataclass_fields__ if getattr(same, name))


@lru_cache(maxsize=64)
def _table(same: Same) -> Mapping[int, str | None]:
    """What `str.translate` does for these settings."""
    table: dict[int, str | None] = {}
    if same.alef:
        table |= ALEF
    if same.taa_marbuta:
        table |= TAA_MARBUTA
    if same.yaa:
        table |= YAA
    if same.diacritics:
        table |= dict.fromkeys(MARKS)
    if same.tatweel:
        table |= TATWEEL
    if same.digits:
        table |= DIGITS
    return table
