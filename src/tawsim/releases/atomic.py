"""A file that is there whole or not at all: written beside its place, synced, then moved. Knows no format."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tawsim.core.errors import AlreadyExists, BadInput, Unavailable
from tawsim.core.text import for_terminal


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A binary file to write to; `path` holds it, whole and on disk, once the block ends, and nothing if it fails.

    Raises `AlreadyExists` unless `overwrite`, `BadInput` for a folder or a place in no folder, and `Unavailable` for a
    full, read-only or failing disk. A device or pipe, such as /dev/stdout, is written to directly.
    """
    target = Path(os.path.realpath(path))
    shown = for_terminal(str(path))
    try:
        if _is_special(target, shown, overwrite):
            with target.open("wb") as out:
                yield out
            return
        yield from _write_beside(target, shown, overwrite)
    except FileNotFoundError as error:
        if target.parent.is_dir():  # such as /proc, where nobody makes files
            raise Unavailable(
                f"{shown} could not be written: no file can be made there.", "Choose another place."
            ) from error
        raise _no_folder(target) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _failed(shown, error) from error


def check_place(path: str | os.PathLike[str]) -> None:
    """Raises what `new_file` would for a name that cannot be, or in no folder: before the work, rather than after it."""
    target = Path(os.path.realpath(path))
    shown = for_terminal(str(path))
    try:
        target.lstat()
    except FileNotFoundError:
        if not os.path.isdir(target.parent):
            raise _no_folder(target) from None
    except OSError as error:
        raise _failed(shown, error) from error


def _no_folder(target: Path) -> BadInput:
    return BadInput(f"There is no folder {for_terminal(str(target.parent))}.", "Make it first.")


def _failed(shown: str, error: OSError) -> Unavailable:
    message = f"{shown} could not be written: {error.strerror or error}."
    hint = "Free some space." if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Choose another place."
    return Unavailable(message, hint)


def _is_special(target: Path, shown: str, overwrite: bool) -> bool:
    """Whether `target` is a device or pipe. Raises for a folder, and for a file that must not be overwritten."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise BadInput(f"{shown} is a folder.", "Name a file in it.")
    if not stat.S_ISREG(mode):
        return True
    if not overwrite:
        raise _taken(shown)
    return False


def _taken(shown: str) -> AlreadyExists:
    return AlreadyExists(f"{shown} exists already.", "Choose another name, or say --overwrite.")


def _write_beside(target: Path, shown: str, overwrite: bool) -> Iterator[IO[bytes]]:
    draft = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.part")
    # Mode 0666 minus the umask, as for any file that a user makes; "x" so that no link laid in its place is followed.
    with draft.open("xb") as out:
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            _put_in_place(draft, target, shown, overwrite)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _put_in_place(draft: Path, target: Path, shown: str, overwrite: bool) -> None:
    if overwrite:
        draft.replace(target)
    else:
        try:
            # Unlike a rename, a link fails if somebody made the file meanwhile.
            os.link(draft, target)
        except FileExistsError:
            raise _taken(shown) from None
        except OSError:
            # Some file systems (FAT, some network ones) have no links.
            if target.exists():
                raise _taken(shown) from None
            draft.replace(target)
        draft.unlink(missing_ok=True)
    # The name is on disk only when its folder is; folders cannot be synced everywhere.
    with suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
