"""Text as people mean it: normal form for comparing, cleaning for the terminal, edges of what readers see as one character.

Offsets are code points. No display, no files.
"""

import hashlib
import unicodedata


def comparable(text: str) -> str:
    """Unicode NFC without outer white space: two texts that look the same compare equal. Stored text is never changed."""
    return unicodedata.normalize("NFC", text).strip()


def text_key(text: str) -> int:
    """A signed 64-bit fingerprint of `comparable(text)`, for finding duplicates by an index (BLAKE2b, 8 bytes)."""
    return int.from_bytes(
        hashlib.blake2b(comparable(text).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )


# Joiners and direction marks belong to how Arabic, Persian and Hebrew are written; embeddings and overrides do not.
_MARKS = frozenset("\u200c\u200d\u200e\u200f\u061c\u2066\u2067\u2068\u2069")


def for_terminal(text: str) -> str:
    """`text` without control characters, so that nothing a user imported can drive the terminal that prints it."""
    return "".join(c if c.isprintable() or c == "\n" or c in _MARKS else "\N{REPLACEMENT CHARACTER}" for c in text)


def is_name(text: str) -> bool:
    """Whether `text` can stand in a name or a label: printable, and joiners as well, without which Persian words and many
    emoji cannot be written. Marks that turn the text around them are not printable."""
    return text.replace("\u200c", "").replace("\u200d", "").isprintable()


def is_unicode(text: str) -> bool:
    """Whether `text` can be written as UTF-8: it holds no half of a surrogate pair, as broken clients send them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def newlines(text: str) -> str:
    """`text` with every line ending as \\n, as answers hold it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---- grapheme clusters --------------------------------------------------------------------------------------------
# Marks of category Mc that UAX #29 leaves out of SpacingMark: they may begin a cluster.
_FREE_MARKS = frozenset((
    0x102B, 0x102C, 0x1038, *range(0x1062, 0x1065), *range(0x1067, 0x106E), 0x1083, *range(0x1087, 0x108D), 0x108F,
    *range(0x109A, 0x109D), 0x1A61, 0x1A63, 0x1A64, 0xAA7B, 0xAA7D, 0x11720, 0x11721,
))  # fmt: skip
# What goes on a cluster and is no mark: joiners, Thai and Lao am, half-width voice marks; ranges of skin tones and tags.
_GO_ON = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
# Signs of category Cf that do not stand alone: joiners, and Arabic, Syriac and Kaithi signs before numbers.
_SHAPED = frozenset(
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Extended_Pictographic of Unicode 17; older ones count more signs as pictures.
_PICTURES = (
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328), (0x23CF, 0x23CF), (0x23E9, 0x23F3),
    (0x23F8, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0), (0x25FB, 0x25FE),
    (0x2600, 0x2604), (0x260E, 0x260E), (0x2611, 0x2611), (0x2614, 0x2615), (0x2618, 0x2618), (0x261D, 0x261D),
    (0x2620, 0x2620), (0x2622, 0x2623), (0x2626, 0x2626), (0x262A, 0x262A), (0x262E, 0x262F), (0x2638, 0x263A),
    (0x2640, 0x2640), (0x2642, 0x2642), (0x2648, 0x2653), (0x265F, 0x2660), (0x2663, 0x2663), (0x2665, 0x2666),
    (0x2668, 0x2668), (0x267B, 0x267B), (0x267E, 0x267F), (0x2692, 0x2697), (0x2699, 0x2699), (0x269B, 0x269C),
    (0x26A0, 0x26A1), (0x26A7, 0x26A7), (0x26AA, 0x26AB), (0x26B0, 0x26B1), (0x26BD, 0x26BE), (0x26C4, 0x26C5),
    (0x26C8, 0x26C8), (0x26CE, 0x26CF), (0x26D1, 0x26D1), (0x26D3, 0x26D4), (0x26E9, 0x26EA), (0x26F0, 0x26F5),
    (0x26F7, 0x26FA), (0x26FD, 0x26FD), (0x2702, 0x2702), (0x2705, 0x2705), (0x2708, 0x270D), (0x270F, 0x270F),
    (0x2712, 0x2712), (0x2714, 0x2714), (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728),
    (0x2733, 0x2734), (0x2744, 0x2744), (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755),
    (0x2757, 0x2757), (0x2763, 0x2764), (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0), (0x27BF, 0x27BF),
    (0x2934, 0x2935), (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x3030, 0x3030),
    (0x303D, 0x303D), (0x3297, 0x3297), (0x3299, 0x3299), (0x1F004, 0x1F004), (0x1F02C, 0x1F02F), (0x1F094, 0x1F09F),
    (0x1F0AF, 0x1F0B0), (0x1F0C0, 0x1F0C0), (0x1F0CF, 0x1F0D0), (0x1F0F6, 0x1F0FF), (0x1F170, 0x1F171),
    (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AE, 0x1F1E5), (0x1F201, 0x1F20F),
    (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A), (0x1F23C, 0x1F23F), (0x1F249, 0x1F25F),
    (0x1F266, 0x1F321), (0x1F324, 0x1F393), (0x1F396, 0x1F397), (0x1F399, 0x1F39B), (0x1F39E, 0x1F3F0),
    (0x1F3F3, 0x1F3F5), (0x1F3F7, 0x1F3FA), (0x1F400, 0x1F4FD), (0x1F4FF, 0x1F53D), (0x1F549, 0x1F54E),
    (0x1F550, 0x1F567), (0x1F56F, 0x1F570), (0x1F573, 0x1F57A), (0x1F587, 0x1F587), (0x1F58A, 0x1F58D),
    (0x1F590, 0x1F590), (0x1F595, 0x1F596), (0x1F5A4, 0x1F5A5), (0x1F5A8, 0x1F5A8), (0x1F5B1, 0x1F5B2),
    (0x1F5BC, 0x1F5BC), (0x1F5C2, 0x1F5C4), (0x1F5D1, 0x1F5D3), (0x1F5DC, 0x1F5DE), (0x1F5E1, 0x1F5E1),
    (0x1F5E3, 0x1F5E3), (0x1F5E8, 0x1F5E8), (0x1F5EF, 0x1F5EF), (0x1F5F3, 0x1F5F3), (0x1F5FA, 0x1F64F),
    (0x1F680, 0x1F6C5), (0x1F6CB, 0x1F6D2), (0x1F6D5, 0x1F6E5), (0x1F6E9, 0x1F6E9), (0x1F6EB, 0x1F6F0),
    (0x1F6F3, 0x1F6FF), (0x1F7DA, 0x1F7FF), (0x1F80C, 0x1F80F), (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F),
    (0x1F888, 0x1F88F), (0x1F8AE, 0x1F8AF), (0x1F8BC, 0x1F8BF), (0x1F8C2, 0x1F8CF), (0x1F8D9, 0x1F8FF),
    (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1F9FF), (0x1FA58, 0x1FA5F), (0x1FA6E, 0x1FAFF),
    (0x1FC00, 0x1FFFD),
)  # fmt: skip
# How far back a row of flags or of marks is followed. Longer ones are no writing; there, every place counts as an edge.
_FURTHEST = 200


def is_edge(text: str, at: int) -> bool:
    """Whether no grapheme cluster of `text` is cut between the code points `at` - 1 and `at` (0 ≤ at ≤ length).

    UAX #29, extended clusters, but for rules 9b and 9c (signs before a number, Indic conjuncts): there this allows an edge
    that the standard does not. So whatever a browser takes for an edge is one here too. Constant time.
    """
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if after < "\u0300" and before < "\u0300":  # nearly always
        return not (before == "\r" and after == "\n")
    if _stands_alone(before) or _stands_alone(after):
        return True
    if _goes_on(after):
        return False
    if before == "\u200d" and _is_picture(after):
        return not _picture_before(text, at - 1)
    if _is_flag(before) and _is_flag(after):
        first = at - 1
        while first > 0 and at - first < _FURTHEST and _is_flag(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 0
    return not _one_syllable(ord(before), ord(after))


def edge_before(text: str, at: int) -> int:
    """The last edge at or before `at`."""
    while not is_edge(text, at):
        at -= 1
    return at


def edge_after(text: str, at: int) -> int:
    """The first edge at or after `at`."""
    while not is_edge(text, at):
        at += 1
    return at


def _stands_alone(c: str) -> bool:
    """Control: line ends, and signs without a shape, such as direction marks, that are no joiners, tags or number signs; and
    what this Python's Unicode does not know yet."""
    category = unicodedata.category(c)
    if category == "Cn":
        return not _is_picture(c)
    return category in ("Cc", "Zl", "Zp") or (
        category == "Cf" and c not in _SHAPED and not "\U000e0020" <= c <= "\U000e007f"
    )


def _goes_on(c: str) -> bool:
    """Extend, ZWJ or SpacingMark."""
    if c in _GO_ON or "\U0001f3fb" <= c <= "\U0001f3ff" or "\U000e0020" <= c <= "\U000e007f":
        return True
    category = unicodedata.category(c)
    return category in ("Mn", "Me") or (category == "Mc" and ord(c) not in _FREE_MARKS)


def _is_flag(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"


def _is_picture(c: str) -> bool:
    return any(low <= ord(c) <= high for low, high in _PICTURES)


def _picture_before(text: str, joiner: int) -> bool:
    """Whether a picture, perhaps with marks, stands before the joiner."""
    at = joiner - 1
    while (
        at > 0
        and joiner - at < _FURTHEST
        and _goes_on(text[at])
        and unicodedata.category(text[at]) in ("Mn", "Me", "Sk")
    ):
        at -= 1
    return at >= 0 and _is_picture(text[at])


def _one_syllable(before: int, after: int) -> bool:
    """Whether two pieces of Hangul stand in one syllable: L × (L | V | LV | LVT), (LV | V) × (V | T), (LVT | T) × T."""
    vowel = 0x1160 <= after <= 0x11A7 or 0xD7B0 <= after <= 0xD7C6
    tail = 0x11A8 <= after <= 0x11FF or 0xD7CB <= after <= 0xD7FB
    if 0x1100 <= before <= 0x115F or 0xA960 <= before <= 0xA97C:
        lead = 0x1100 <= after <= 0x115F or 0xA960 <= after <= 0xA97C
        return lead or vowel or 0xAC00 <= after <= 0xD7A3
    block = 0xAC00 <= before <= 0xD7A3
    open_block = block and (before - 0xAC00) % 28 == 0
    if open_block or 0x1160 <= before <= 0x11A7 or 0xD7B0 <= before <= 0xD7C6:
        return vowel or tail
    return tail and (block or 0x11A8 <= before <= 0x11FF or 0xD7CB <= before <= 0xD7FB)
