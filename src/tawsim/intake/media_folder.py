"""Files of a folder, by the names that rows use for them: none outside the folder, whatever a name or a link says."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from tawsim.core.errors import BadFile
from tawsim.core.media_names import media_name
from tawsim.core.text import for_terminal
from tawsim.intake.limits import Trouble, shown
from tawsim.intake.media import MediaFile

_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def is_junk(part: str) -> bool:
    """Whether a file or folder is what systems leave lying about, or hidden."""
    return part.startswith(".") or part.casefold() in _JUNK


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key for sorting by name with numbers as numbers: 2.png before 10.png."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


def folder_files(folder: Path) -> list[MediaFile]:
    """Every file below `folder`, by name; hidden ones are passed over. Raises BadFile for what is no plain file, and for a
    link that leads out of the folder."""
    if not folder.is_dir():
        raise BadFile("there is no such folder.", "Check the path.", file=for_terminal(str(folder)))
    names = sorted(_names(folder), key=natural)
    if not names:
        raise BadFile("the folder is empty.", "Put pictures or sounds into it.", file=for_terminal(str(folder)))
    return [folder_file(folder, name) for name in names]


def _names(folder: Path) -> Iterator[str]:
    def failed(error: OSError) -> None:
        raise BadFile(f"it cannot be read: {error.strerror or error}.", file=for_terminal(str(error.filename)))

    for place, folders, files in os.walk(folder, onerror=failed):
        linked = [one for one in folders if os.path.islink(os.path.join(place, one)) and not is_junk(one)]
        if linked:
            where = os.path.relpath(os.path.join(place, linked[0]), folder)
            raise BadFile("it is a link to a folder.", "Copy the files into the folder.", file=for_terminal(where))
        folders[:] = [one for one in folders if not is_junk(one)]
        for name in files:
            if not is_junk(name):
                yield os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")


def folder_file(folder: Path, name: str) -> MediaFile:
    """The file of `folder` that a row calls `name`. Raises BadFile as `find_in` says."""
    try:
        path = find_in(folder, name)
    except Trouble as trouble:
        raise BadFile(trouble.message, trouble.hint, file=for_terminal(name)) from None
    return MediaFile(name, name, lambda: path.open("rb"))


def find_in(folder: Path, name: str) -> Path:
    """The path of a plain file below `folder`. Raises Trouble for a name that is absolute or climbs, that is not there, or
    that a link leads out of the folder."""
    try:
        safe = media_name(name)
    except ValueError as error:
        raise Trouble(f"{shown(name)} cannot be the name of a file: {error}.", "Name it as it lies there.") from None
    root = folder.resolve()
    # The form on the disk first (macOS keeps another one of “é” than rows usually do), then the one of all names.
    for candidate in dict.fromkeys((name.replace("\\", "/"), safe)):
        path = root / candidate
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError, ValueError):
            continue
        if not real.is_relative_to(root):
            raise Trouble(f"{shown(name)} is a link that leads out of the folder.", "Copy the file into the folder.")
        if not stat.S_ISREG(mode):
            raise Trouble(f"{shown(name)} is no plain file.", "Name a picture or a sound.")
        return real
    raise Trouble(f"there is no file {shown(name, 120)} in {shown(str(folder), 80)}.", "Check the name; case counts.")
