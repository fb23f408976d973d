"""Small pictures and sounds for previews, made from a few words of a template: PNG by zlib, WAV by wave. No files.

The same description gives the same bytes. Letters are drawn from dots, Latin capitals and both kinds of digits.
"""

import io
import math
import struct
import wave
import zlib
from collections.abc import Mapping
from typing import Any

from tawsim.core.errors import BadInput

RATE = 8_000
MAX_SIDE = 1_000
MAX_SECONDS = 30.0
Colour = tuple[int, int, int]
PAPER: Colour = (244, 242, 236)
INK: Colour = (40, 44, 52)
COLOURS: tuple[Colour, ...] = ((198, 93, 69), (66, 122, 161), (108, 142, 79), (214, 168, 67), (120, 94, 150))
# Five dots wide, seven high: each number is a row, its bits the dots from the left.
_LATIN = {
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30), "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30), "E": (31, 16, 16, 30, 16, 16, 31), "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 15), "H": (17, 17, 17, 31, 17, 17, 17), "I": (14, 4, 4, 4, 4, 4, 14),
    "J": (7, 2, 2, 2, 2, 18, 12), "K": (17, 18, 20, 24, 20, 18, 17), "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17), "N": (17, 25, 21, 19, 17, 17, 17), "O": (14, 17, 17, 17, 17, 17, 14),
    "P": (30, 17, 17, 30, 16, 16, 16), "Q": (14, 17, 17, 17, 21, 18, 13), "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30), "T": (31, 4, 4, 4, 4, 4, 4), "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 17, 10, 4), "W": (17, 17, 17, 21, 21, 27, 17), "X": (17, 17, 10, 4, 10, 17, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4), "Z": (31, 1, 2, 4, 8, 16, 31), "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 6, 8, 16, 31), "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14), "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14), "9": (14, 17, 17, 15, 1, 2, 12),
    " ": (0, 0, 0, 0, 0, 0, 0), "-": (0, 0, 0, 14, 0, 0, 0), ".": (0, 0, 0, 0, 0, 12, 12), "/": (1, 1, 2, 4, 8, 16, 16),
}  # fmt: skip
_ARABIC = {
    "٠": (0, 0, 0, 4, 14, 4, 0), "١": (8, 4, 4, 4, 4, 4, 4), "٢": (17, 21, 30, 16, 16, 16, 16),
    "٣": (21, 21, 31, 16, 16, 16, 16), "٤": (6, 8, 8, 6, 8, 16, 15), "٥": (0, 14, 17, 17, 17, 17, 14),
    "٦": (30, 2, 2, 2, 2, 2, 2), "٧": (17, 17, 17, 10, 10, 4, 4), "٨": (4, 4, 10, 10, 17, 17, 17),
    "٩": (14, 18, 18, 14, 2, 2, 2),
}  # fmt: skip
GLYPHS = _LATIN | _ARABIC


def make_media(name: str, drawn: Mapping[str, Any]) -> bytes:
    """A picture or sound by the ending of `name`.

    Pictures take `text` (drawn in dots) or `shapes`, a list of [x, y, width, height] in a `size` of [320, 200]; sounds
    take `tones`, a list of [Hz, seconds], with 0 Hz for silence, and `noise` from 0 to 1. Raises `BadInput`.
    """
    if name.endswith(".png"):
        return _text_picture(drawn["text"]) if "text" in drawn else _shapes(drawn)
    if name.endswith(".wav"):
        return _sound(drawn.get("tones", [[440, 1.0]]), float(drawn.get("noise", 0)))
    raise BadInput(f"“{name[:60]}” is neither a .png nor a .wav file.")


def _png(width: int, height: int, lines: list[bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    raw = b"".join(b"\0" + line for line in lines)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _shapes(drawn: Mapping[str, Any]) -> bytes:
    width, height = (int(side) for side in drawn.get("size", (320, 200)))
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise BadInput(f"A sample picture has sides of 1 to {MAX_SIDE} pixels.")
    lines = []
    for y in range(height):
        line = bytearray(bytes(PAPER) * width)
        for place, (left, top, wide, high) in enumerate(drawn.get("shapes", ())):
            if top <= y < top + high:
                first, last = max(0, left), min(width, left + wide)
                line[3 * first : 3 * last] = bytes(COLOURS[place % len(COLOURS)]) * max(0, last - first)
        lines.append(bytes(line))
    return _png(width, height, lines)


def _text_picture(text: str, dot: int = 6) -> bytes:
    unknown = [c for c in text if c not in GLYPHS]
    if unknown or not 0 < len(text) <= 24:
        raise BadInput("A sample picture holds 1 to 24 capitals and digits.", f"Not {''.join(unknown)[:20]!r}.")
    margin, width, height = 4, 6 * len(text) + 7, 7 + 8
    lines = []
    for y in range(height):
        row = y - margin
        dots = [PAPER] * width
        for place, c in enumerate(text):
            bits = GLYPHS[c][row] if 0 <= row < 7 else 0
            for x in range(5):
                if bits >> (4 - x) & 1:
                    dots[margin + 6 * place + x] = INK
        lines += [b"".join(bytes(colour) * dot for colour in dots)] * dot
    return _png(width * dot, height * dot, lines)


def _sound(tones: list[list[float]], noise: float) -> bytes:
    if not 0 < sum(seconds for _, seconds in tones) <= MAX_SECONDS or not 0 <= noise <= 1:
        raise BadInput(f"A sample sound lasts up to {MAX_SECONDS:g} seconds, with noise from 0 to 1.")
    samples: list[int] = []
    state = 1
    for pitch, seconds in tones:
        n = int(seconds * RATE)
        for i in range(n):
            # A little rise and fall, so that tones do not click; the noise is a fixed sequence.
            edge = min(1.0, i / 200, (n - i) / 200)
            state = (1_103_515_245 * state + 12_345) % 2**31
            tone = 0.5 * math.sin(2 * math.pi * pitch * i / RATE) * (1 + 0.5 * math.sin(2 * math.pi * 4 * i / RATE))
            samples.append(int(20_000 * edge * (tone + noise * (state / 2**30 - 1) / 2)))
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *(max(-32_768, min(32_767, one)) for one in samples)))
    return held.getvalue()
