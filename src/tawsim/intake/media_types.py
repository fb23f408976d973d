"""What a picture or a sound is, by its content and never by its name. Headers only: nothing is decoded or unpacked.

Taken: PNG, JPEG, GIF, WebP, BMP; WAV, MP3, Ogg (Opus, Vorbis, FLAC), FLAC, M4A (MP4 audio), WebM audio. All else is
refused, above all SVG and HTML, which can run code. What each file must have is in the modules beside this.
"""

from collections.abc import Callable
from typing import IO

from tawsim.core.errors import BadFile
from tawsim.core.text import for_terminal
from tawsim.intake.limits import Trouble
from tawsim.intake.media_boxes import mp4, webm
from tawsim.intake.media_pictures import bmp, gif, jpeg, png, webp
from tawsim.intake.media_reading import Blocks, Facts
from tawsim.intake.media_sounds import flac, mp3, mp3_start, ogg, wav

TAKEN = "Tawsim takes PNG, JPEG, GIF, WebP and BMP pictures, and WAV, MP3, Ogg, FLAC, M4A and WebM sounds."
MEDIA_TYPES = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp",
    "audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm",
)  # fmt: skip
MAX_BYTES = 1_000_000_000
_HEAD = 512
_STARTS: tuple[tuple[bytes, Callable[[Blocks], Facts]], ...] = (
    (b"\x89PNG\r\n\x1a\n", png),
    (b"\xff\xd8\xff", jpeg),
    (b"GIF87a", gif),
    (b"GIF89a", gif),
    (b"BM", bmp),
    (b"fLaC", flac),
    (b"OggS", ogg),
    (b"\x1a\x45\xdf\xa3", webm),
)
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1")
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document.", "Save its pages as PNG."),
    (b"PK\x03\x04", "a ZIP archive.", "Send it as an archive, or unpack it."),
    (b"II*\0", "a TIFF picture, which browsers do not show.", "Save it as PNG or JPEG."),
    (b"MM\0*", "a TIFF picture, which browsers do not show.", "Save it as PNG or JPEG."),
    (b"\0\0\1\0", "an icon file.", "Save it as PNG."),
    (b"RF64", "a WAV of over 4 GB.", "Cut it, or save it as FLAC or MP3."),
    (b"FORM", "an AIFF sound, which browsers do not play.", "Save it as WAV, FLAC or MP3."),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself.", "Fetch it with: git lfs pull"),
)


def look(file: IO[bytes], name: str) -> Facts:
    """The type of a seekable binary file, its size in pixels as a browser shows it, its length in seconds.

    `name` is only for the message. Raises BadFile for what is no picture or sound that browsers show, for one that is cut
    off, and for one too large to be shown.
    """
    try:
        return _look(Blocks(file))
    except Trouble as trouble:
        raise BadFile(trouble.message, trouble.hint, file=for_terminal(name)) from None
    except OSError as error:
        raise BadFile(f"it cannot be read: {error.strerror or error}.", file=for_terminal(name)) from None


def _look(file: Blocks) -> Facts:
    if not file.size:
        raise Trouble("the file is empty.", TAKEN)
    if file.size > MAX_BYTES:
        raise Trouble(f"it is larger than {MAX_BYTES // 1_000_000:,} MB.", "Make it smaller, or cut it.")
    head = file.upto(0, _HEAD)
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"WEBP"):
        return wav(file) if head[8:12] == b"WAVE" else webp(file)
    if head[4:8] == b"ftyp":
        if head[8:12] in _PICTURE_BRANDS:
            raise Trouble("an AVIF or HEIF picture.", "Save it as PNG, JPEG or WebP.")
        return mp4(file)
    for start, read in _STARTS:
        if head.startswith(start):
            return read(file)
    if head[:3] == b"ID3" or mp3_start(file) is not None:
        return mp3(file)
    raise _foreign(head)


def _foreign(head: bytes) -> Trouble:
    for start, what, hint in _FOREIGN:
        if head.startswith(start):
            return Trouble(what, hint)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return Trouble("an SVG drawing, which can run code.", "Save it as PNG.")
    if text.startswith((b"<!doctype", b"<html", b"<script", b"<head", b"<body", b"<?xml", b"<!--")):
        return Trouble("a web page or XML, and no picture or sound, whatever its name.", "Was it fetched rightly?")
    return Trouble("it is no picture or sound that is known here.", TAKEN)
