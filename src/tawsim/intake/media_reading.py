"""Reading at a place in a file that may lie about its lengths: never past the end, never more than was asked for."""

from dataclasses import dataclass
from typing import IO

from tawsim.intake.limits import Trouble

CHUNK = 1 << 20
MAX_BLOCKS = 1_000_000  # chunks, boxes, segments or pages walked in one file

MAX_SIDE = 30_000  # pixels; Chromium and Firefox give up at 32,767
MAX_PIXELS = 100_000_000  # 400 MB as the browser holds it


@dataclass(frozen=True, slots=True)
class Facts:
    """What a header says. Pixels are as a browser shows them (turned); `seconds` is None where no header says it."""

    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


class Blocks:
    """A seekable binary file whose every read is inside it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._walked = 0

    def at(self, place: int, n: int) -> bytes:
        """Just `n` bytes from `place`. Raises Trouble where the file is shorter."""
        if place + n > self.size:
            raise cut_off()
        self._file.seek(place)
        found = self._file.read(n)
        if len(found) < n:
            raise cut_off()
        return found

    def upto(self, place: int, n: int) -> bytes:
        """At most `n` bytes from `place`; fewer at the end."""
        self._file.seek(place)
        return self._file.read(n)

    def step(self) -> None:
        """Count one more block. Raises Trouble for a file made of countless empty ones."""
        self._walked += 1
        if self._walked > MAX_BLOCKS:
            raise Trouble(f"it is made of more than {MAX_BLOCKS:,} parts.", "Save it anew with another program.")

    def find(self, needle: bytes, start: int) -> bool:
        """Whether `needle` stands at `start` or behind it."""
        keep = b""
        self._file.seek(start)
        while chunk := self._file.read(CHUNK):
            if needle in keep + chunk:
                return True
            keep = chunk[-len(needle) + 1 :]
        return False


def cut_off(what: str = "its end is missing") -> Trouble:
    """The refusal of a truncated file."""
    return Trouble(f"{what}: the file is cut off or damaged.", "Fetch or save it again.")


def check_size(width: int, height: int) -> tuple[int, int]:
    """The two sides, or Trouble for a picture that is none or that would fill the memory of a browser."""
    if width < 1 or height < 1:
        raise Trouble(f"it says that it is {width} × {height} pixels large.", "Save it anew with another program.")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise Trouble(
            f"{width:,} × {height:,} pixels are more than a browser can show.",
            f"Make it smaller: at most {MAX_SIDE:,} a side and {MAX_PIXELS // 1_000_000} million in all.",
        )
    return width, height


def known_seconds(seconds: float) -> float | None:
    """A length to three decimals, or None for one that is no length."""
    return round(seconds, 3) if 0 < seconds < 1e7 else None
