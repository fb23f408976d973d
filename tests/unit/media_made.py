"""Pictures, sounds and archives made by hand, byte by byte. For the test_media* files of unit and api."""

import io
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable

TURNED_EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6: a quarter turn


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 3, height: int = 2, *, shade: int = 0, exif: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = zlib.compress((b"\0" + bytes([shade]) * min(width, 1000)) * min(height, 1000))
    turned = png_chunk(b"eXIf", exif) if exif else b""
    return b"\x89PNG\r\n\x1a\n" + header + turned + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(width: int = 3, height: int = 2, *, exif: bytes = b"", frame: int = 0xC0) -> bytes:
    turned = segment(0xE1, b"Exif\0\0" + exif) if exif else b""
    shape = segment(frame, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00") if frame else b""
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + turned + shape + scan + b"\x12\x34\xff\x00\x56\xff\xd9"


def gif(width: int = 3, height: int = 2, *, frame: tuple[int, int] | None = None) -> bytes:
    wide, high = frame or (width, height)
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, wide, high, 0) + b"\x02\x02\x44\x01\0;"


def riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def webp(width: int = 3, height: int = 2, *, how: str = "lossless") -> bytes:
    if how == "lossy":
        inner = riff(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(6))
    else:
        inner = riff(b"VP8L", b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(5))
    if how == "extended":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        inner = riff(b"VP8X", bytes(4) + sides) + inner
    return b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner


def bmp(width: int = 3, height: int = 2) -> bytes:
    row = (width * 24 + 31) // 32 * 4
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    pixels = bytes(min(row * abs(height), 1 << 20))
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + info + pixels


def wav(seconds: float = 0.5, *, rate: int = 8000) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * int(seconds * rate)))
    return made.getvalue()


def mp3(frames: int = 5, *, tag: bool = True, xing: bool = True, claimed: int | None = None) -> bytes:
    """MPEG 1 layer III, 128 kbit/s at 44.1 kHz: frames of 417 bytes, 1,152 samples each."""
    head = b"\xff\xfb\x90\xc0"
    first = head + bytes(17)
    if xing:
        first += b"Xing" + struct.pack(">III", 3, frames, claimed if claimed is not None else 417 * frames)
    body = first.ljust(417, b"\0") + (head + bytes(413)) * (frames - 1)
    return (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) if tag else b"") + body


def ogg_page(body: bytes, *, flags: int, granule: int, number: int, serial: int = 7) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qIII", granule, serial, number, 0) + bytes([len(lacing)])
    return head + lacing + body


def ogg(seconds: float = 2.0, *, codec: bytes | None = None) -> bytes:
    first = codec or b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 48000, 0, 0)
    return (
        ogg_page(first, flags=2, granule=0, number=0)
        + ogg_page(b"OpusTags" + bytes(8), flags=0, granule=0, number=1)
        + ogg_page(bytes(300), flags=4, granule=312 + int(48000 * seconds), number=2)
    )


def flac(seconds: float = 2.0, *, rate: int = 8000) -> bytes:
    bits = rate << 44 | 15 << 36 | int(rate * seconds)
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + bits.to_bytes(8, "big") + bytes(16)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"\xff\xf8" + bytes(20)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def m4a(seconds: float = 2.0, *, handler: bytes = b"soun", brand: bytes = b"M4A ") -> bytes:
    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1000, int(seconds * 1000)), bytes(80))
    trak = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))
    return box(b"ftyp", brand, bytes(4)) + box(b"moov", mvhd, trak) + box(b"mdat", bytes(50))


def element(name: int, body: bytes, *, open_end: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if open_end else (1 << 28 | len(body)).to_bytes(4, "big")
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size + body


def webm(seconds: float = 2.0, *, track: int = 2, doctype: bytes = b"webm", open_end: bool = False) -> bytes:
    info = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40") + element(0x4489, struct.pack(">d", seconds * 1000)))
    tracks = element(0x1654AE6B, element(0xAE, element(0x83, bytes([track]))))
    inside = info + tracks + element(0x1F43B675, bytes(40))
    return element(0x1A45DFA3, element(0x4282, doctype)) + element(0x18538067, inside, open_end=open_end)


# What each type is made by, and its facts: width and height, or seconds.
EVERY: dict[str, tuple[Callable[[], bytes], tuple[int, int] | float]] = {
    "image/png": (png, (3, 2)),
    "image/jpeg": (jpeg, (3, 2)),
    "image/gif": (gif, (3, 2)),
    "image/webp": (webp, (3, 2)),
    "image/bmp": (bmp, (3, 2)),
    "audio/wav": (wav, 0.5),
    "audio/mpeg": (mp3, round(5 * 1152 / 44100, 3)),
    "audio/ogg": (ogg, 2.0),
    "audio/flac": (flac, 2.0),
    "audio/mp4": (m4a, 2.0),
    "audio/webm": (webm, 2.0),
}


def archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return made.getvalue()
