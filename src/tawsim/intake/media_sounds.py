"""WAV, MP3, Ogg (Opus, Vorbis, FLAC) and FLAC: what browsers play, from headers; seconds where a header says them."""

import struct

from tawsim.intake.limits import Trouble
from tawsim.intake.media_reading import Blocks, Facts, cut_off, known_seconds

_UNKNOWN = (0, 0xFFFFFFFF)  # lengths that a program wrote which could not go back to the start of its file
_WAVE_FORMS = {1: "PCM", 3: "float", 6: "A-law", 7: "µ-law", 0xFFFE: "extensible"}
_LONGEST_PAGE = 27 + 255 + 255 * 255
_RESYNC = 4096  # bytes of padding between a tag and the first frame of an MP3
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def wav(file: Blocks) -> Facts:
    """Walks the RIFF chunks to `data`, which must be all there."""
    place, bytes_per_second = 12, 0
    while True:
        file.step()
        if place + 8 > file.size:
            raise cut_off("the sound of the WAV (data) is missing")
        kind, length = struct.unpack("<4sI", file.at(place, 8))
        if kind == b"data":
            break
        if kind == b"fmt ":
            form, channels, rate, bytes_per_second = struct.unpack("<HHII", file.at(place + 8, 12))
            if form not in _WAVE_FORMS or not channels or not rate or not bytes_per_second:
                raise Trouble("a WAV of a kind that browsers do not play.", "Save it as PCM WAV, FLAC or MP3.")
        place += 8 + length + (length & 1)
    if not bytes_per_second:
        raise Trouble("a WAV whose format (fmt) is missing.", "Save it anew.")
    there = file.size - place - 8
    if length in _UNKNOWN:
        length = there
    if length > there:
        raise cut_off(f"the WAV claims {length:,} bytes of sound and has {there:,}")
    if not length:
        raise Trouble("a WAV without any sound in it.", "Record or save it again.")
    return Facts("audio/wav", seconds=known_seconds(length / bytes_per_second))


def flac(file: Blocks) -> Facts:
    """Walks the metadata; a frame must follow it."""
    place, seconds = 4, None
    first = file.at(place, 4)
    if first[0] & 0x7F or int.from_bytes(first[1:], "big") != 34:
        raise Trouble("a FLAC without its header (STREAMINFO).", "Save it anew.")
    bits = int.from_bytes(file.at(place + 14, 8), "big")
    rate, samples = bits >> 44, bits & ((1 << 36) - 1)
    if rate and samples:
        seconds = known_seconds(samples / rate)
    last = False
    while not last:
        file.step()
        head = file.at(place, 4)
        last = bool(head[0] & 0x80)
        place += 4 + int.from_bytes(head[1:], "big")
    frame = file.at(place, 2)
    if frame[0] != 0xFF or frame[1] & 0xFC != 0xF8:
        raise cut_off("the sound of the FLAC is missing")
    return Facts("audio/flac", seconds=seconds)


def ogg(file: Blocks) -> Facts:
    """Opus, Vorbis or FLAC in Ogg; the length is the last page's place."""
    serial, codec = 0, b""
    place = 0
    while True:
        file.step()
        head = file.at(place, 27)
        if head[:5] != b"OggS\0":
            raise cut_off("the pages of the Ogg do not join")
        if not head[5] & 2:  # the pages that begin a stream come first
            break
        sizes = file.at(place + 27, head[26])
        body = place + 27 + head[26]
        packet = file.at(body, min(sum(sizes), 64))
        if codec:
            raise Trouble("an Ogg of several streams; a film, perhaps.", "Save its sound alone.")
        serial, codec = int.from_bytes(head[14:18], "little"), packet
        place = body + sum(sizes)
        if place >= file.size:
            raise cut_off("the sound of the Ogg is missing")
    rate, skip = _ogg_rate(codec)
    granule = _last_granule(file, serial)
    return Facts("audio/ogg", seconds=known_seconds((granule - skip) / rate) if rate else None)


def _ogg_rate(packet: bytes) -> tuple[int, int]:
    """Places a second, and how many come before the sound."""
    if packet[:8] == b"OpusHead" and len(packet) >= 12:
        return 48_000, int.from_bytes(packet[10:12], "little")
    if packet[:7] == b"\x01vorbis" and len(packet) >= 16:
        return int.from_bytes(packet[12:16], "little"), 0
    if packet[:5] == b"\x7fFLAC" and len(packet) >= 31:
        return int.from_bytes(packet[27:31], "big") >> 12, 0
    raise Trouble("an Ogg of a kind that browsers do not play.", "Save it as Opus, Vorbis or FLAC.")


def _last_granule(file: Blocks, serial: int) -> int:
    start = max(0, file.size - _LONGEST_PAGE)
    tail = file.upto(start, _LONGEST_PAGE)
    found = tail.rfind(b"OggS\0")
    if found < 0 or found + 27 > len(tail):
        raise cut_off("the end of the Ogg is missing")
    head = tail[found : found + 27]
    sizes = tail[found + 27 : found + 27 + head[26]]
    if found + 27 + head[26] + sum(sizes) > len(tail) or len(sizes) < head[26]:
        raise cut_off("the last page of the Ogg is not whole")
    if int.from_bytes(head[14:18], "little") != serial:
        raise Trouble("an Ogg of several streams one behind the other.", "Save it as one recording.")
    return int.from_bytes(head[6:14], "little", signed=True)


def mp3_start(file: Blocks) -> int | None:
    """Where the first of two joining MP3 frames begins, behind an ID3 tag if there is one; None if this is no MP3."""
    place, window = 0, 1
    head = file.upto(0, 10)
    if head[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        place, window = 10 + size + (10 if head[5] & 0x10 else 0), _RESYNC
    near = file.upto(place, window + 3)
    for offset in range(min(window, max(len(near) - 3, 0))):
        frame = _mp3_frame(near[offset : offset + 4])
        if frame is None:
            continue
        after = place + offset + frame[0]
        following = file.upto(after, 4)
        second = _mp3_frame(following)
        ends_here = after == file.size or following[:3] == b"TAG"
        if ends_here or (second is not None and second[1:] == frame[1:]):
            return place + offset
    return None


def mp3(file: Blocks) -> Facts:
    """The first frame, and the count of frames that Xing, Info or VBRI gives; without one nobody knows the length."""
    place = mp3_start(file)
    if place is None:
        raise cut_off("no two frames of the MP3 join")
    head = file.at(place, 4)
    frame = _mp3_frame(head)
    assert frame is not None
    _, version, rate = frame
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    frames = 0
    tag = file.upto(place + 4 + side, 16)
    if tag[:4] in (b"Xing", b"Info") and len(tag) == 16:
        flags, first, second = struct.unpack(">III", tag[4:])
        frames = first if flags & 1 else 0
        wanted = second if flags & 3 == 3 else (first if flags & 3 == 2 else 0)
        if wanted > file.size - place:
            raise cut_off(f"the MP3 claims {wanted:,} bytes of sound and has {file.size - place:,}")
    vbri = file.upto(place + 36, 18)
    if vbri[:4] == b"VBRI" and len(vbri) == 18:
        frames = int.from_bytes(vbri[14:18], "big")
    samples = 1152 if version == 3 else 576
    return Facts("audio/mpeg", seconds=known_seconds(frames * samples / rate))


def _mp3_frame(head: bytes) -> tuple[int, int, int] | None:
    """Bytes of a layer III frame, its MPEG version (3, 2, or 0 for 2.5), its samples a second; None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] >> 1 & 3 != 1:
        return None
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbits in (0, 15) or rate == 3:
        return None
    hertz = _MP3_RATES[version][rate]
    size = (144 if version == 3 else 72) * _MP3_KBITS[3 if version == 3 else 2][kbits] * 1000 // hertz
    return size + (head[2] >> 1 & 1), version, hertz
