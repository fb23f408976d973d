"""Text as words: what is compared (`key`) and what is shown (`surface`), and words as text again. Any script; no model.

Words are runs of letters, marks, digits and apostrophes between anything else; characters of scripts that are written
without blanks (Han, kana, Thai, Lao, Khmer, Burmese) are words of their own. Nothing is dropped from the surface: signs
stick to the word before them, or to the first word.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from tawsim.core.orthography import NOTHING_SAME, folded
from tawsim.core.settings import Same

# Written without blanks between words: Thai, Lao, Burmese, Khmer, kana, Han and its extensions.
UNSPACED = re.compile("[฀-໿က-႟ក-៿぀-ヿ㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]")
# Apostrophes join (don't); a soft hyphen, joiners and marks are part of the word they stand in.
JOINERS = "'’ʼ\u00ad\u200c\u200d"
# Signs that Arabic may leave out: vowel marks, the small alef, and the stretching line. Compared without; kept in the surface.
OPTIONAL = re.compile("[\u064b-\u0652\u0670\u0640\u00ad\u200c\u200d]")


JOINED = ("letter", "mark")
# Most words: letters and then signs.
PLAIN = re.compile(r"([A-Za-z0-9]+)([\x21-\x26\x28-\x2f:-@\[-`{-~]*)")


class Word(NamedTuple):
    """`key` is compared; `surface` is shown, with the signs around it; `apart`: white space stood before it."""

    key: str
    surface: str
    apart: bool


def words(text: str, *, exact: bool = False, same: Same = NOTHING_SAME) -> tuple[Word, ...]:
    """The words of `text`; with `exact`, its pieces between white space, compared as they stand. `same`: what of Arabic
    spelling is left out of what is compared; what is shown keeps it.

    >>> [word.key for word in words("Don't stop -- well-known!")]
    ["don't", 'stop', 'well', 'known']
    >>> words("مُحَمَّد، نعم")[0].key
    'محمد'
    """
    text = unicodedata.normalize("NFC", text)
    if exact:
        return tuple(Word(folded(piece, same) or piece, piece, True) for piece in text.split())
    found: list[Word] = []
    loose = ""  # signs before the first word
    for piece in text.split():
        apart = True
        for core, signs in _parts(piece):
            if core:
                found.append(Word(_key(core, same), loose + core + signs, apart))
                loose = ""
            elif found:
                last = found[-1]
                found[-1] = last._replace(surface=last.surface + (" " if apart else "") + signs)
            else:
                loose += signs
            apart = False
    return tuple(found)


def joined(words: Sequence[Word]) -> str:
    """Words as text: a blank where one stood before the word, or where two would otherwise run together."""
    text = ""
    for word in words:
        runs_on = bool(text) and KIND[text[-1]] in JOINED and KIND[word.surface[:1]] in JOINED
        text += (" " if text and (word.apart or runs_on) else "") + word.surface
    return text


def _parts(piece: str) -> list[tuple[str, str]]:
    """A piece without white space as (core, signs after it); the first core may be empty."""
    plain = PLAIN.fullmatch(piece)
    if plain:
        return [(plain[1], plain[2])]
    parts, before = [["", ""]], ""
    for character in piece:
        kind = KIND[character]
        if kind == "sign":
            parts[-1][1] += character
        else:
            begins = kind == "alone" or not parts[-1][0] or parts[-1][1] or (before == "alone" and kind != "mark")
            if begins:
                parts.append(["", ""])
            parts[-1][0] += character
            before = "alone" if kind == "mark" and before == "alone" else kind
    return [(core, signs) for core, signs in map(_without_quotes, parts) if core or signs]


def _without_quotes(part: list[str]) -> tuple[str, str]:
    """A core without any letter or digit (apostrophes, a stretching line, a stray mark) is a sign."""
    core, signs = part
    return (core, signs) if any(map(str.isalnum, OPTIONAL.sub("", core))) else ("", core + signs)


def _key(core: str, same: Same) -> str:
    plain = unicodedata.normalize("NFKC", core).casefold().replace("’", "'").replace("ʼ", "'")
    return folded(OPTIONAL.sub("", plain).strip("'"), same) or core


class _Kinds(dict[str, str]):
    """Kind of a character: "alone" (a word of its own), "mark", "letter" (and digits, apostrophes, joiners), "sign"."""

    def __missing__(self, character: str) -> str:
        mark = unicodedata.category(character)[0] == "M"
        if mark:
            kind = "mark"
        elif UNSPACED.match(character) and character.isalnum():
            kind = "alone"
        else:
            kind = "letter" if character.isalnum() or character in JOINERS else "sign"
        self[character] = kind
        return kind


KIND = _Kinds()
