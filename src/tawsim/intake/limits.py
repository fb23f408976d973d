"""What a file may hold at most, and the one way a reader says that something is wrong. No reading happens here.

Lengths are counted in characters (Unicode code points), because that is what people can check in an editor.
"""

from tawsim.core.text import for_terminal

MAX_CELL = 10_000_000
MAX_ROW = 20_000_000
MAX_HEADER = 1_000_000
MAX_COLUMNS = 2_000
MAX_DEPTH = 64
# Small values take some fifty times their text in memory: a row of 20 million characters must not be all commas.
MAX_VALUES = 1_000_000
# A gzip stream can hold 1,032 times its size. Real tables stay under 100; nothing is judged before 256 MB came out.
MAX_RATIO = 250
RATIO_COUNTS_FROM = 256_000_000
MAX_UNPACKED = 20_000_000_000
# 64-bit, signed or unsigned: what SQLite, Parquet and every reader of JSON columns can carry.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1


class Trouble(Exception):
    """Why a file cannot be read, before file and row are known; `intake.rows` turns it into `BadFile`.

    `whole` says that the file as such is at fault, so that no row should be named.
    """

    def __init__(self, message: str, hint: str = "", *, column: str | None = None, whole: bool = False) -> None:
        super().__init__(message)
        self.message, self.hint, self.column, self.whole = message, hint, column, whole


def too_many_values() -> Trouble:
    """The refusal of a row made of countless small values, before they are built."""
    return Trouble(f"it holds more than {MAX_VALUES:,} commas, brackets or separators.", "Is it such a file?")


def shown(text: str, length: int = 40) -> str:
    """The start of `text` in quotation marks, without anything that could drive a terminal."""
    return f"“{for_terminal(text[:length]).replace(chr(10), ' ')}{'…' if len(text) > length else ''}”"


def check_columns(names: list[str]) -> None:
    """Raises `Trouble` for more than 2,000 columns, and for names that are empty or stand twice."""
    if len(names) > MAX_COLUMNS:
        raise Trouble(f"{len(names):,} columns are more than the {MAX_COLUMNS:,} that a file may have.")
    for place, name in enumerate(names, 1):
        if not name.strip():
            raise Trouble(f"column {place} has no name.", "Give every column a name in the first line.", whole=True)
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise Trouble(f"two columns are named {shown(twice)}.", "Rename one of them.", whole=True)
