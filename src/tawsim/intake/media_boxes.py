"""The two containers that also hold films, MP4 and WebM: is there sound and no film, and how long is it?"""

import struct
from collections.abc import Iterator

from tawsim.intake.limits import Trouble
from tawsim.intake.media_reading import Blocks, Facts, cut_off, known_seconds

_FILM = "it holds a film."
_FILM_HINT = "Save its sound alone, for example as M4A, MP3 or Opus."
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION, _TRACK, _TRACK_TYPE, _DOCTYPE = 0x2AD7B1, 0x4489, 0xAE, 0x83, 0x4282


# ---- MP4 ---------------------------------------------------------------------------------------------------------
def mp4(file: Blocks) -> Facts:
    """Walks the outer boxes, which must all be whole, and the tracks in `moov`."""
    moov, has_sound_bytes = None, False
    for kind, start, end in _boxes(file, 0, file.size):
        if kind == b"moov":
            moov = (start, end)
        has_sound_bytes = has_sound_bytes or kind in (b"mdat", b"moof")
    if moov is None:
        raise cut_off("the table of the MP4 (moov) is missing")
    if not has_sound_bytes:
        raise cut_off("the sound of the MP4 (mdat) is missing")
    seconds, handlers = None, set()
    for kind, start, end in _boxes(file, *moov):
        if kind == b"mvhd":
            seconds = _movie_seconds(file, start)
        elif kind == b"trak":
            handlers |= {
                file.at(inner + 8, 4)
                for outer, begin, stop in _boxes(file, start, end) if outer == b"mdia"
                for name, inner, _ in _boxes(file, begin, stop) if name == b"hdlr"
            }  # fmt: skip
    if b"vide" in handlers:
        raise Trouble(_FILM, _FILM_HINT)
    if b"soun" not in handlers:
        raise Trouble("an MP4 without a sound in it.", "Save it anew.")
    return Facts("audio/mp4", seconds=seconds)


def _boxes(file: Blocks, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of what each box between `place` and `end` holds."""
    while place < end:
        file.step()
        size, kind = struct.unpack(">I4s", file.at(place, 8))
        head = 8
        if size == 1:
            size, head = int.from_bytes(file.at(place + 8, 8), "big"), 16
        elif size == 0:
            size = end - place
        if size < head or place + size > end:
            raise cut_off(f"a box of the MP4 claims {size:,} bytes that are not there")
        yield kind, place + head, place + size
        place += size


def _movie_seconds(file: Blocks, start: int) -> float | None:
    if file.at(start, 1) == b"\1":
        scale, duration = struct.unpack(">IQ", file.at(start + 20, 12))
    else:
        scale, duration = struct.unpack(">II", file.at(start + 12, 8))
    return known_seconds(duration / scale) if scale else None


# ---- WebM --------------------------------------------------------------------------------------------------------
def webm(file: Blocks) -> Facts:
    """The head of the file, up to the first cluster of sound."""
    _, place, end = _element(file, 0, file.size)
    kinds = [file.at(start, stop - start) for name, start, stop in _elements(file, place, end) if name == _DOCTYPE]
    if not kinds or kinds[0].rstrip(b"\0") != b"webm":
        raise Trouble("a Matroska file that is no WebM.", "Save its sound as WebM, Opus or M4A.")
    name, place, end = _element(file, end, file.size)
    if name != _SEGMENT:
        raise cut_off("the WebM has no segment")
    seconds, types = None, set()
    for name, start, stop in _elements(file, place, end):
        if name == _INFO:
            seconds = _segment_seconds(file, start, stop)
        elif name == _TRACKS:
            for track, begin, until in _elements(file, start, stop):
                if track == _TRACK:
                    types |= {
                        _number(file, at, to) for part, at, to in _elements(file, begin, until) if part == _TRACK_TYPE
                    }
        elif name == _CLUSTER:
            break
    else:
        raise cut_off("the sound of the WebM is missing")
    if 1 in types:
        raise Trouble(_FILM, _FILM_HINT)
    if 2 not in types:
        raise Trouble("a WebM without a sound in it.", "Save it anew.")
    return Facts("audio/webm", seconds=seconds)


def _elements(file: Blocks, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    while place < end:
        file.step()
        name, start, stop = _element(file, place, end)
        yield name, start, stop
        place = stop


def _element(file: Blocks, place: int, end: int) -> tuple[int, int, int]:
    """The id of the EBML element at `place`, and where its content begins and ends; one of unknown size ends at `end`."""
    first = file.at(place, 1)[0]
    length = 9 - first.bit_length()
    if length > 4:
        raise cut_off("the parts of the WebM do not join")
    name = int.from_bytes(file.at(place, length), "big")
    place += length
    first = file.at(place, 1)[0]
    length = 9 - first.bit_length()
    if length > 8:
        raise cut_off("the parts of the WebM do not join")
    mask = (1 << 7 * length) - 1
    size = int.from_bytes(file.at(place, length), "big") & mask
    start = place + length
    if size == mask and name in (_SEGMENT, _CLUSTER):
        return name, start, end
    if start + size > end:
        raise cut_off(f"a part of the WebM claims {size:,} bytes that are not there")
    return name, start, start + size


def _segment_seconds(file: Blocks, start: int, end: int) -> float | None:
    scale, duration = 1_000_000, 0.0
    for name, at, to in _elements(file, start, end):
        if name == _SCALE:
            scale = _number(file, at, to)
        elif name == _DURATION and to - at in (4, 8):
            (duration,) = struct.unpack(">f" if to - at == 4 else ">d", file.at(at, to - at))
    return known_seconds(duration * scale / 1e9)


def _number(file: Blocks, start: int, end: int) -> int:
    return int.from_bytes(file.at(start, min(end - start, 8)), "big")
