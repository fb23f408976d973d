"""Bytes → text → lines: UTF-8 (with or without BOM) and UTF-16 with BOM, strictly, in chunks.

Text before the first bad byte is handed on before the error is raised, so that the error falls in the right row.
Nothing here knows columns or formats.
"""

import codecs
import io
import re
from collections.abc import Iterator

from tawsim.intake.limits import MAX_ROW, Trouble

# Longest first: the UTF-32 mark begins like the UTF-16 one.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The commonest letters of each script, in the code page that Windows uses for it.
_SCRIPTS = {
    "windows-1256": "اليمنوترب",
    "iso8859-6": "اليمنوترب",
    "windows-1251": "оеаинтсрвл",
    "windows-1253": "αοιετσνηυρ",
    "windows-1255": "יוהלאתרשבמ",
}


def find_encoding(head: bytes) -> tuple[str, int]:
    """The encoding that `head` announces, and the length of its mark. Raises `Trouble` for one not read here."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            if encoding == "utf-32":
                raise Trouble("the text is in UTF-32.", "Save it as UTF-8.", whole=True)
            return encoding, len(mark)
    sample = head[:4096]
    for encoding, odd in (("UTF-16LE", sample[1::2]), ("UTF-16BE", sample[::2])):
        if len(sample) >= 4 and odd.count(0) > len(odd) * 0.4:
            raise Trouble(f"the text looks like {encoding} without a byte order mark.", recode(encoding), whole=True)
    return "utf-8", 0


def recode(encoding: str) -> str:
    """The hint that tells how to get from `encoding` to UTF-8."""
    return f"Save it as UTF-8, or run: iconv -f {encoding.upper()} -t UTF-8 OLD > NEW"


def likely_encoding(sample: bytes) -> str:
    """The code page that `sample`, which is not UTF-8, is probably written in.

    Scripts other than Latin use the upper half in runs, Latin ones for single letters; among the former, the page in
    which most of these bytes are a frequent letter of its script wins.
    """
    runs = re.findall(rb"[\x80-\xff]+", sample)
    high = sum(map(len, runs))
    if not runs or high / len(runs) < 1.8:
        return "windows-1252"
    frequent = {
        page: sum(sample.decode(page, "ignore").lower().count(letter) for letter in letters)
        for page, letters in _SCRIPTS.items()
    }
    best = max(frequent, key=lambda page: frequent[page])
    return best if frequent[best] > high * 0.3 else "windows-1252"


def decode(chunks: Iterator[bytes], encoding: str, skip: int) -> Iterator[str]:
    """The text of `chunks`, whose first `skip` bytes are a mark. Raises `Trouble` at the first bad byte or NUL."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for chunk in chunks:
        data, skip = chunk[skip:], max(0, skip - len(chunk))
        yield from _decode_one(decoder, data, encoding, final=False)
    yield from _decode_one(decoder, b"", encoding, final=True)


def _decode_one(decoder: codecs.IncrementalDecoder, data: bytes, encoding: str, *, final: bool) -> Iterator[str]:
    try:
        text = decoder.decode(data, final)
    except UnicodeDecodeError as error:
        yield from _without_nul(error.object[: error.start].decode(encoding, "ignore"))
        raise _not_this_encoding(error, encoding, final) from None
    yield from _without_nul(text)


def _not_this_encoding(error: UnicodeDecodeError, encoding: str, final: bool) -> Trouble:
    if final:
        return Trouble("the text is cut off in the middle of a character.", "Fetch the file again.")
    if encoding != "utf-8":
        return Trouble("a surrogate stands alone; the text is not sound UTF-16.", "Save it as UTF-8.")
    guess = likely_encoding(error.object[max(0, error.start - 2000) : error.start + 20_000])
    byte = error.object[error.start]
    return Trouble(f"byte 0x{byte:02X} is not UTF-8; the text is perhaps in {guess}.", recode(guess))


def _without_nul(text: str) -> Iterator[str]:
    place = text.find("\0")
    if place >= 0:
        yield text[:place]
        raise Trouble("a NUL character stands here, which no text has.", "Is this a text file?")
    if text:
        yield text


def any_lines(texts: Iterator[str]) -> Iterator[str]:
    r"""Lines with their ends, which may be \n, \r\n or \r: for CSV. A line over 20 million characters is refused."""
    rest: list[str] = []
    size = 0
    for text in texts:
        rest.append(text)
        size += len(text)
        if "\n" in text or "\r" in text or rest[0].endswith("\r"):
            # newline="" cuts at all three ends, and only there (str.splitlines also cuts at U+2028 and others).
            lines = list(io.StringIO("".join(rest), newline=""))
            # What has no \n at its end goes on in the next chunk; a \r there may be the first half of \r\n.
            tail = lines.pop() if not lines[-1].endswith("\n") else ""
            rest, size = ([tail], len(tail)) if tail else ([], 0)
            yield from lines
        if size > MAX_ROW:
            raise line_too_long()
    yield from io.StringIO("".join(rest), newline="")


def plain_lines(texts: Iterator[str]) -> Iterator[str]:
    r"""Lines that end with \n and nothing else, without it: for JSON Lines. One over the limit is refused."""
    rest: list[str] = []
    size = 0
    for text in texts:
        rest.append(text)
        size += len(text)
        if "\n" in text:
            lines = "".join(rest).split("\n")
            rest = [lines.pop()]
            size = len(rest[0])
            yield from lines
        if size > MAX_ROW:
            raise line_too_long()
    yield "".join(rest)


def line_too_long(limit: int = MAX_ROW) -> Trouble:
    """The refusal of a line or row over the limit."""
    return Trouble(
        f"it is longer than {limit:,} characters.", "Is a quotation mark left open, or is it not such a file?"
    )
