"""A ZIP archive of pictures and sounds, read as if somebody made it to do harm: names, sizes, counts, links, ratios.

Nothing is unpacked into a folder: an entry is read through, looked at like any file, and goes into the workspace.
"""

import io
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from tawsim.core.errors import BadFile
from tawsim.core.media_names import media_name
from tawsim.core.text import for_terminal
from tawsim.intake.limits import MAX_RATIO, MAX_UNPACKED, RATIO_COUNTS_FROM
from tawsim.intake.media import IN_MEMORY, MAX_FILES, MediaFile
from tawsim.intake.media_folder import is_junk, natural
from tawsim.intake.media_types import MAX_BYTES

MAX_DIRECTORY = 16_000_000  # bytes of the archive's table; what Python makes of it takes ten times as much memory
_CHUNK = 1 << 20
_UTF8 = 0x800
_ENCRYPTED = 0x41
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


class _Careful(io.FileIO):
    """A file that is never read by more than the largest table of an archive at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_DIRECTORY + 1 if size is None or size < 0 else size
        found = b"" if wanted > MAX_DIRECTORY + 1 else super().read(wanted)
        if wanted > MAX_DIRECTORY + 1 or len(found) > MAX_DIRECTORY:
            raise zipfile.BadZipFile("its table is too large")
        return found


@contextmanager
def open_archive(path: Path, name: str) -> Iterator[list[MediaFile]]:
    """The files of the archive at `path`, which its sender calls `name`, sorted by name, as long as the `with` lasts;
    folders and hidden ones are passed over.

    Raises BadFile naming the entry: encrypted, a link, a name that climbs, too many, too large.
    """
    shown = for_terminal(name)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(_Careful(path))))
        except _BROKEN as error:
            reason = for_terminal(str(error)) or type(error).__name__
            raise BadFile(f"it is no ZIP archive that can be read ({reason}).", "Pack it again.", file=shown) from None
        except OSError as error:
            raise BadFile(f"it cannot be read: {error.strerror or error}.", file=shown) from None
        wanted = _wanted(archive, shown)
        _check_all(list(wanted.values()), path.stat().st_size, shown)
        yield [
            MediaFile(one, f"{name}/{one}", partial(_open, archive, wanted[one], path.parent, f"{shown}/{one}"))
            for one in sorted(wanted, key=natural)
        ]


def _wanted(archive: zipfile.ZipFile, shown: str) -> dict[str, zipfile.ZipInfo]:
    wanted: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = _name(entry)
        if entry.is_dir() or any(is_junk(part) for part in name.replace("\\", "/").split("/") if part.strip(".")):
            continue
        safe = _check(entry, name, shown)
        if safe in wanted:
            raise BadFile("it stands in the archive twice.", "Pack it again.", file=f"{shown}/{for_terminal(safe)}")
        wanted[safe] = entry
    return wanted


def _name(entry: zipfile.ZipInfo) -> str:
    """The entry's name. Some programs write UTF-8 without saying so, which is then read as the code page of 1981."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _check(entry: zipfile.ZipInfo, name: str, archive: str) -> str:
    where = f"{archive}/{for_terminal(name[:200])}"
    try:
        safe = media_name(name)
    except ValueError as error:
        raise BadFile(
            f"this name cannot be used: {error}.", "Pack it again from inside its folder.", file=where
        ) from None
    if entry.flag_bits & _ENCRYPTED:
        raise BadFile("it is encrypted.", "Pack it again without a password.", file=where)
    if entry.create_system == 3 and not _is_plain(entry.external_attr >> 16):
        raise BadFile("it is a link or a device, not a file.", "Pack the file itself.", file=where)
    if entry.compress_type not in _PACKINGS:
        raise BadFile("it is packed in an unusual way.", "Pack it again as a usual ZIP (deflate).", file=where)
    if entry.file_size > MAX_BYTES:
        raise BadFile(f"it is larger than {MAX_BYTES // 1_000_000:,} MB.", "Make it smaller.", file=where)
    return safe


def _is_plain(mode: int) -> bool:
    return stat.S_IFMT(mode) in (0, stat.S_IFREG)


def _check_all(entries: list[zipfile.ZipInfo], packed: int, shown: str) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if not entries:
        raise BadFile("there is no file in the archive.", "Pack pictures or sounds into it.", file=shown)
    if len(entries) > MAX_FILES:
        raise BadFile(f"more than {MAX_FILES:,} files are in it.", "Pack several archives.", file=shown)
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > packed * MAX_RATIO):
        raise BadFile(
            f"it would unpack to {unpacked / 1e9:,.1f} GB, from {packed / 1e6:,.1f} MB.", "Pack several archives.",
            file=shown,
        )  # fmt: skip


@contextmanager
def _open(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, where: str) -> Iterator[IO[bytes]]:
    """The entry, unpacked to where it can be read at any place. No more comes out than its header says, and its checksum
    is compared: the archive's own words are taken for nothing else."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder), prefix=".tawsim-media-") as copy:
        try:
            with archive.open(entry) as stream:
                while data := stream.read(_CHUNK):
                    copy.write(data)
            if copy.tell() != entry.file_size:
                raise zipfile.BadZipFile("it is shorter than it says")
        except _BROKEN as error:
            reason = for_terminal(str(error)) or type(error).__name__
            raise BadFile(f"it cannot be unpacked ({reason}).", "Pack it again.", file=for_terminal(where)) from None
        copy.seek(0)
        yield copy
