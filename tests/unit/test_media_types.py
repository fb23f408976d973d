"""Pictures and sounds are known by what they hold: every type, every cut, every lie of a header."""

import io
import random
import struct

import pytest
from media_made import (
    EVERY,
    TURNED_EXIF,
    bmp,
    box,
    element,
    flac,
    gif,
    jpeg,
    m4a,
    mp3,
    ogg,
    ogg_page,
    png,
    png_chunk,
    riff,
    wav,
    webm,
    webp,
)

from tawsim.core.errors import BadFile
from tawsim.intake.media_reading import MAX_BLOCKS, Facts
from tawsim.intake.media_types import MEDIA_TYPES, look


def facts(data: bytes, name: str = "a.bin") -> Facts:
    return look(io.BytesIO(data), name)


def refused(data: bytes, name: str = "a.bin") -> str:
    with pytest.raises(BadFile) as caught:
        facts(data, name)
    assert caught.value.details["file"] == name
    assert caught.value.message.startswith(f"{name}: ")
    return str(caught.value)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_each_type_is_known_by_its_content(media_type: str) -> None:
    make, measured = EVERY[media_type]
    found = facts(make(), "wrong.txt")
    assert found.media_type == media_type
    if isinstance(measured, tuple):
        assert (found.width, found.height, found.seconds) == (*measured, None)
    else:
        assert (found.width, found.height, found.seconds) == (None, None, measured)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_each_type_is_refused_wherever_its_head_is_cut(media_type: str) -> None:
    data = EVERY[media_type][0]()
    whole = facts(data)
    for length in range(min(len(data), 400)):
        try:
            found = facts(data[:length])
        except BadFile:
            continue
        # The sound of a stream may be cut between two of its frames and is still a sound.
        streams = ("audio/flac", "audio/ogg", "image/gif")
        assert found == whole or media_type in streams, (length, found)
        assert length > 20, (length, found)


@pytest.mark.parametrize("media_type", [t for t in MEDIA_TYPES if t not in ("audio/flac",)])
def test_each_type_is_refused_without_its_end(media_type: str) -> None:
    data = EVERY[media_type][0]()
    cut = 2 if media_type == "image/gif" else 1  # without its very last byte a GIF is whole
    assert "cut off" in refused(data[:-cut])


def test_a_picture_is_as_large_as_the_browser_shows_it() -> None:
    assert facts(jpeg(30, 20, exif=TURNED_EXIF)).width == 20
    assert facts(jpeg(30, 20, exif=TURNED_EXIF.replace(b"\x06", b"\x03"))).width == 30
    assert facts(png(30, 20, exif=TURNED_EXIF)).width == 20
    assert facts(gif(10, 10, frame=(30, 20))) == Facts("image/gif", 30, 20)
    assert facts(webp(30, 20, how="lossy")) == facts(webp(30, 20, how="extended")) == Facts("image/webp", 30, 20)
    assert facts(bmp(3, -2)).height == 2


@pytest.mark.parametrize(
    "exif", [b"", b"MM\0*", b"II*\0\xff\xff\xff\xff", TURNED_EXIF[:12], b"MM\0*\0\0\0\x08\xff\xff"]
)
def test_a_broken_orientation_is_none(exif: bytes) -> None:
    assert facts(jpeg(30, 20, exif=exif)).width == 30


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (png(30_001, 1), "30,001 × 1"), (png(20_000, 20_000), "20,000 × 20,000"), (png(0, 5), "0 × 5"),
        (jpeg(65_000, 65_000), "65,000"), (jpeg(5, 0), "5 × 0"), (gif(5, 5, frame=(60_000, 60_000)), "60,000"),
        (gif(5, 5, frame=(0, 3)), "0 × 3"), (webp(16_000, 16_000), "16,000"), (bmp(2**31 - 1, 2**31 - 1), "2,147,483,647"),
        (webp(16_000, 16_000, how="extended"), "16,000"), (bmp(0, 1), "0 × 1"),
    ],
)  # fmt: skip
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(data: bytes, said: str) -> None:
    assert said in refused(data, "bomb.png")


def test_damage_is_named() -> None:
    whole = png()
    assert "checksum" in refused(whole[:23] + b"\x09" + whole[24:])
    assert "IDAT" in refused(whole[:33] + png_chunk(b"IEND", b""))
    assert "IHDR" in refused(whole[:8] + png_chunk(b"tEXt", b"x" * 20))
    assert "claims 2,000,000,000" in refused(whole[:33] + struct.pack(">I", 2_000_000_000) + b"IDAT" + bytes(30))
    assert "SOF" in refused(jpeg(frame=0))
    assert "browsers do not show" in refused(jpeg(frame=0xC3))
    assert "do not join" in refused(b"\xff\xd8\xff\xe0\x00\x04abXYZ" + bytes(20))
    assert "without a picture" in refused(b"GIF89a" + bytes(7) + b";")
    assert "claims" in refused(mp3(claimed=10_000_000))
    assert "claims" in refused(wav()[:-100])
    assert "several streams" in refused(ogg_page(b"OpusHead" + bytes(11), flags=2, granule=0, number=0) * 2 + ogg())
    assert "do not play" in refused(ogg(codec=b"\x80theora" + bytes(40)))
    assert "film" in refused(m4a(handler=b"vide"))
    assert "film" in refused(webm(track=1))
    assert "no WebM" in refused(webm(doctype=b"matroska"))
    assert "moov" in refused(box(b"ftyp", b"M4A ", bytes(4)) + box(b"mdat", bytes(9)))
    assert "AVIF" in refused(box(b"ftyp", b"avif", bytes(4)))
    assert "empty" in refused(b"")


def test_lengths_that_a_recorder_left_open() -> None:
    data = wav(1.0)
    at = data.index(b"data") + 4
    assert facts(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]).seconds == 1.0
    assert facts(webm(open_end=True)).seconds == 2.0
    assert facts(mp3(xing=False, tag=False)) == Facts("audio/mpeg")
    assert facts(webm(float("nan"))).seconds is None
    assert facts(flac(0)).seconds is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "SVG"), (b"<!DOCTYPE html><script>1</script>", "web page"),
        (b"<!-- x --><img src=x onerror=alert(1)>", "web page"), (b"PK\x03\x04" + bytes(40), "ZIP"), (b"%PDF-1.7", "PDF"),
        (b"II*\0" + bytes(99), "TIFF"), (b"GIF8", "no picture or sound"), (b"id,text\n1,a\n", "no picture or sound"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"), (bytes(1000), "no picture or sound"),
        (b"\xff\xfb\x90\xc0" + bytes(1000), "no picture or sound"),
    ],
)  # fmt: skip
def test_whatever_else_it_is_called(data: bytes, said: str) -> None:
    assert said in refused(data, "innocent.png")


def test_a_picture_with_a_page_inside_is_a_picture() -> None:
    """It is served as what it was found to be, in a sandbox, with nosniff: the page inside is never one."""
    page = b"<script>alert(1)</script>"
    assert facts(png() + page).media_type == "image/png"
    assert facts(jpeg(exif=page)).media_type == "image/jpeg"
    assert facts(b"GIF89a" + gif()[6:-1] + b"!\xfe" + bytes([len(page)]) + page + b"\0;").media_type == "image/gif"


def test_a_file_of_countless_parts_ends() -> None:
    data = png()
    assert f"{MAX_BLOCKS:,} parts" in refused(data[:33] + png_chunk(b"tEXt", b"") * (MAX_BLOCKS + 1) + data[33:])


def test_a_name_cannot_drive_the_terminal() -> None:
    with pytest.raises(BadFile) as caught:
        facts(b"", "\x1b[2Jx.png")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_bytes_turned_at_random_are_taken_or_refused(media_type: str) -> None:
    """Nothing but BadFile comes out, whatever a header says."""
    whole = EVERY[media_type][0]()
    chance = random.Random(media_type)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(min(len(data), 300))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        cut = chance.choice((len(data), chance.randrange(len(data))))
        try:
            facts(bytes(data[:cut]))
        except BadFile:
            continue


def test_nested_lies_end() -> None:
    assert "claims" in refused(m4a()[:24] + struct.pack(">I4sQ", 1, b"moov", 2**63))
    assert "claims" in refused(element(0x1A45DFA3, element(0x4282, b"webm")) + b"\x18\x53\x80\x67\x08\xff\xff\xff\xff")
    inner = riff(b"VP8L", b"\x2f" + bytes(9))
    assert "claims" in refused(
        b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner[:4] + b"\xff\0\0\0" + inner[8:]
    )
