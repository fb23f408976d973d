"""PNG, JPEG, GIF, WebP and BMP: their size from headers, and whether the file is whole. No pixel is decoded.

Sizes are those a browser gives (`naturalWidth`): JPEG and PNG are turned as their Exif orientation says; WebP is not,
which was looked at in Chromium.
"""

import struct
import zlib

from tawsim.intake.limits import Trouble
from tawsim.intake.media_reading import Blocks, Facts, check_size, cut_off

_TURNED = (5, 6, 7, 8)  # Exif orientations that swap the sides
_MAX_EXIF = 1 << 16
# Frames of JPEG that browsers decode: baseline, extended and progressive Huffman.
_SHOWN_FRAMES = (0xC0, 0xC1, 0xC2)
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))


def png(file: Blocks) -> Facts:
    """Walks all chunks: IHDR first with a right checksum, IDAT, and IEND at last."""
    if file.at(8, 8) != b"\0\0\0\rIHDR":
        raise Trouble("a PNG without its header (IHDR).", "Save it anew.")
    header = file.at(12, 17)
    width, height = struct.unpack(">II", header[4:12])
    check_size(width, height)
    if zlib.crc32(header) != int.from_bytes(file.at(29, 4), "big"):
        raise Trouble("the checksum of the PNG's header is wrong.", "Fetch or save it again.")
    place, has_pixels, turned = 33, False, False
    while True:
        file.step()
        length, kind = struct.unpack(">I4s", _chunk_head(file, place))
        if place + 12 + length > file.size:
            raise cut_off(f"a PNG chunk claims {length:,} bytes that are not there")
        if kind == b"IEND":
            break
        if kind == b"eXIf" and not has_pixels and length <= _MAX_EXIF:
            turned = _orientation(file.at(place + 8, length)) in _TURNED
        has_pixels = has_pixels or (kind == b"IDAT" and length > 0)
        place += 12 + length
    if not has_pixels:
        raise Trouble("a PNG without a picture in it (IDAT).", "Save it anew.")
    return _facts("image/png", width, height, turned)


def _chunk_head(file: Blocks, place: int) -> bytes:
    if place + 12 > file.size:
        raise cut_off("the end of the PNG (IEND) is missing")
    return file.at(place, 8)


def jpeg(file: Blocks) -> Facts:
    """Walks the segments to the first scan; then the end mark must come."""
    place, size, turned = 2, None, False
    while True:
        file.step()
        marker, place = _marker(file, place)
        if marker == 0xD9:
            raise Trouble("a JPEG without a picture in it.", "Save it anew.")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        length = int.from_bytes(file.at(place, 2), "big")
        if length < 2 or place + length > file.size:
            raise cut_off(f"a JPEG segment claims {length:,} bytes that are not there")
        if marker in _FRAMES and size is None:
            size = _frame(file, place, marker, length)
        elif marker == 0xE1 and file.at(place + 2, min(6, length - 2)) == b"Exif\0\0":
            turned = turned or _orientation(file.at(place + 8, length - 8)) in _TURNED
        place += length
        if marker == 0xDA:
            break
    if size is None:
        raise Trouble("a JPEG without its frame (SOF).", "Fetch or save it again.")
    if not file.find(b"\xff\xd9", place):
        raise cut_off("the end of the JPEG (EOI) is missing")
    return _facts("image/jpeg", *size, turned)


def _marker(file: Blocks, place: int) -> tuple[int, int]:
    """The marker at `place`, which any number of fill bytes may precede, and where its segment begins."""
    if file.at(place, 1) != b"\xff":
        raise Trouble("a JPEG whose parts do not join.", "Fetch or save it again.")
    while (found := file.at(place, 1)) == b"\xff":
        file.step()
        place += 1
    return found[0], place + 1


def _frame(file: Blocks, place: int, marker: int, length: int) -> tuple[int, int]:
    if marker not in _SHOWN_FRAMES:
        raise Trouble("a lossless or arithmetic JPEG, which browsers do not show.", "Save it as a usual JPEG or PNG.")
    if length < 8:
        raise cut_off("the frame of the JPEG is too short")
    height, width = struct.unpack(">HH", file.at(place + 3, 4))
    return check_size(width, height)


def gif(file: Blocks) -> Facts:
    """Walks all blocks to the trailer, or to an end between two of them: some programs leave the trailer out.

    A first frame that is larger than the screen makes it larger, as in browsers.
    """
    width, height, packed = struct.unpack("<HHB", file.at(6, 5))
    place = 13 + _table(packed)
    frames = 0
    while not (place == file.size and frames) and (mark := file.at(place, 1)) != b";":
        file.step()
        if mark == b"!":
            place = _past_blocks(file, place + 2)
        elif mark == b",":
            left, top, wide, high, packed = struct.unpack("<HHHHB", file.at(place + 1, 9))
            check_size(wide, high)
            if frames == 0:
                width, height = check_size(max(width, left + wide), max(height, top + high))
            frames += 1
            place = _past_blocks(file, place + 10 + _table(packed) + 1)
        else:
            raise cut_off("the parts of the GIF do not join")
    if not frames:
        raise Trouble("a GIF without a picture in it.", "Save it anew.")
    return Facts("image/gif", width, height)


def _table(packed: int) -> int:
    """The bytes of a colour table."""
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _past_blocks(file: Blocks, place: int) -> int:
    while length := file.at(place, 1)[0]:
        file.step()
        place += 1 + length
    return place + 1


def webp(file: Blocks) -> Facts:
    """Walks the RIFF chunks; the size is the canvas's, else that of the one picture."""
    end = int.from_bytes(file.at(4, 4), "little") + 8
    if end > file.size:
        raise cut_off("the WebP is shorter than it says")
    place, size, has_pixels = 12, None, False
    while place + 8 <= end:
        file.step()
        kind, length = struct.unpack("<4sI", file.at(place, 8))
        if place + 8 + length > end:
            raise cut_off(f"a WebP chunk claims {length:,} bytes that are not there")
        if kind == b"VP8X":
            canvas = file.at(place + 12, 6)
            size = check_size(int.from_bytes(canvas[:3], "little") + 1, int.from_bytes(canvas[3:], "little") + 1)
        elif kind in (b"VP8 ", b"VP8L"):
            inner = _lossy(file.at(place + 8, 10)) if kind == b"VP8 " else _lossless(file.at(place + 8, 5))
            size, has_pixels = size or inner, True
        has_pixels = has_pixels or (kind == b"ANMF" and length > 16)
        place += 8 + length + (length & 1)
    if size is None or not has_pixels:
        raise Trouble("a WebP without a picture in it.", "Save it anew.")
    return Facts("image/webp", *size)


def _lossy(head: bytes) -> tuple[int, int]:
    if head[3:6] != b"\x9d\x01\x2a":
        raise Trouble("the picture inside the WebP is damaged.", "Save it anew.")
    width, height = struct.unpack("<HH", head[6:10])
    return check_size(width & 0x3FFF, height & 0x3FFF)


def _lossless(head: bytes) -> tuple[int, int]:
    if head[0] != 0x2F:
        raise Trouble("the picture inside the WebP is damaged.", "Save it anew.")
    bits = int.from_bytes(head[1:5], "little")
    return check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)


def bmp(file: Blocks) -> Facts:
    """Windows bitmaps with a header of 40 bytes or more; a negative height stands for rows from the top."""
    header = int.from_bytes(file.at(14, 4), "little")
    if not 40 <= header <= 124:
        raise Trouble("a bitmap of a kind that browsers do not show.", "Save it as PNG.")
    width, height, planes, bits, packing = struct.unpack("<iiHHI", file.at(18, 16))
    width, height = check_size(width, abs(height))
    pixels = int.from_bytes(file.at(10, 4), "little")
    needed = (width * bits + 31) // 32 * 4 * height if packing in (0, 3) else 1
    if planes != 1 or bits not in (1, 4, 8, 16, 24, 32) or pixels + needed > file.size:
        raise cut_off("the bitmap is shorter than it says")
    return Facts("image/bmp", width, height)


def _facts(media_type: str, width: int, height: int, turned: bool) -> Facts:
    return Facts(media_type, height, width) if turned else Facts(media_type, width, height)


def _orientation(tiff: bytes) -> int:
    """The Exif orientation, 1 to 8; 1 where there is none, or where the block cannot be read: as browsers take it."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 10:
        return 1
    (start,) = struct.unpack(order + "I", tiff[4:8])
    entries = tiff[start : start + 2]
    if len(entries) < 2:
        return 1
    (count,) = struct.unpack(order + "H", entries)
    for i in range(min(count, 1000)):
        entry = tiff[start + 2 + 12 * i : start + 14 + 12 * i]
        if len(entry) < 12:
            return 1
        tag, kind, n, value = struct.unpack(order + "HHIH2x", entry)
        if tag == 0x0112:
            return value if kind == 3 and n == 1 and 1 <= value <= 8 else 1
    return 1
