"""Text as people mean it: normal form for comparing, and cleaning of what goes to a terminal. No display, no files."""

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
