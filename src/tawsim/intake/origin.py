"""Where bytes come from: a path or an open binary stream, read in chunks, counted, and unpacked when gzipped.

Knows nothing of text, formats or rows. Nothing is read whole.
"""

import io
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tawsim.core.errors import BadFile
from tawsim.intake.limits import MAX_RATIO, MAX_UNPACKED, RATIO_COUNTS_FROM, Trouble

CHUNK = 1 << 18
GZIP = b"\x1f\x8b"
_SPOOL_IN_MEMORY = 8 << 20


class Origin:
    """The bytes of one file, which can be gone through more than once.

    `name` is what errors call it, `total_bytes` its size on disk, `bytes_read` how far the latest pass has come.
    A stream that cannot seek, such as a pipe, is first copied to a temporary file.
    """

    def __init__(self, source: str | os.PathLike[str] | IO[bytes], filename: str | None = None) -> None:
        self.bytes_read = 0
        self._stream: IO[bytes] | None = None
        if isinstance(source, str | os.PathLike):
            self._path = Path(source)
            self.name = filename or self._path.name or str(source)
            self.total_bytes = self._look_at_path()
        else:
            self.name = filename or "the file"
            self._path = Path(self.name)
            self._stream = source if source.seekable() else self._spool(source)
            self.total_bytes = self._stream.seek(0, io.SEEK_END)
        self.gzipped = self.head(2) == GZIP

    def _look_at_path(self) -> int:
        try:
            found = self._path.stat()
            if stat.S_ISFIFO(found.st_mode):
                with self._path.open("rb") as pipe:
                    self._stream = self._spool(pipe)
                return self._stream.seek(0, io.SEEK_END)
        except OSError as error:
            raise self._unreadable(error) from None
        except ValueError:  # a NUL in the name
            raise BadFile("no file can have this name.", file=self.name) from None
        if stat.S_ISDIR(found.st_mode):
            raise BadFile("this is a folder.", "Name one file in it.", file=self.name)
        if not stat.S_ISREG(found.st_mode):
            raise BadFile("this is not a file but a device.", file=self.name)
        return found.st_size

    def _unreadable(self, error: OSError) -> BadFile:
        if isinstance(error, FileNotFoundError):
            return BadFile("there is no such file.", "Check the name and the folder.", file=self.name)
        return BadFile(f"it cannot be read: {error.strerror or error}.", file=self.name)

    def _spool(self, source: IO[bytes]) -> IO[bytes]:
        spool: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL_IN_MEMORY)  # noqa: SIM115  (lives as long as the origin)
        total = 0
        while data := source.read(CHUNK):
            total += len(data)
            if total > MAX_UNPACKED:
                raise BadFile(f"it holds more than {MAX_UNPACKED // 10**9} GB.", "Split it.", file=self.name)
            spool.write(data)
        return spool

    def open(self) -> IO[bytes]:
        """The bytes from the start, as they lie on disk. Raises `BadFile` if they cannot be reached."""
        if self._stream is not None:
            self._stream.seek(0)
            return _Kept(self._stream)
        try:
            return self._path.open("rb", buffering=0)
        except OSError as error:
            raise self._unreadable(error) from None

    def raw_chunks(self) -> Iterator[bytes]:
        """The bytes as they lie on disk, 256 KB at a time."""
        self.bytes_read = 0
        with self.open() as file:
            try:
                while data := file.read(CHUNK):
                    self.bytes_read += len(data)
                    yield data
            except OSError as error:
                raise self._unreadable(error) from None

    def chunks(self) -> Iterator[bytes]:
        """The bytes, unpacked if they are gzipped, 256 KB at a time. Raises `Trouble` for a bad archive."""
        return gunzip(self.raw_chunks()) if self.gzipped else self.raw_chunks()

    def head(self, size: int) -> bytes:
        """The first `size` bytes as they lie on disk."""
        with self.open() as file:
            found = b""
            while len(found) < size and (data := file.read(size - len(found))):
                found += data
            return found

    def unpacked_head(self, size: int) -> bytes:
        """The first `size` bytes after unpacking."""
        found = b""
        chunks = self.chunks()
        for data in chunks:
            found += data
            if len(found) >= size:
                break
        self.bytes_read = 0
        return found[:size]

    def seekable(self) -> IO[bytes]:
        """The bytes, unpacked, as a file that can seek: for Parquet, whose directory is at its end."""
        if not self.gzipped:
            return self.open()
        spool: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL_IN_MEMORY)  # noqa: SIM115  (the reader closes it)
        for data in self.chunks():
            spool.write(data)
        spool.seek(0)
        return spool


class _Kept(io.RawIOBase, IO[bytes]):
    """A view of a stream that belongs to the caller: closing it leaves the stream open for the next pass."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._inner = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def fileno(self) -> int:
        return self._inner.fileno()


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacks gzip (one or more members) in pieces of at most 256 KB, and counts what comes out against what went in.

    Raises `Trouble` for a stream that is cut off, fails its checksum (RFC 1952 §2.3.1), or grows like a bomb.
    """
    went_in = came_out = 0
    unpack = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        went_in += len(chunk)
        while chunk or unpack.unconsumed_tail:
            if unpack.eof:
                if not chunk.strip(b"\0"):  # padding after the last member is allowed
                    break
                unpack = zlib.decompressobj(wbits=31)
            try:
                data = unpack.decompress(chunk, CHUNK)
            except zlib.error:
                raise Trouble("the gzip archive is damaged.", "Fetch or pack it again.", whole=True) from None
            came_out += len(data)
            _check_growth(went_in, came_out)
            if data:
                yield data
            chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if not unpack.eof:
        raise Trouble("the gzip archive is cut off before its end.", "Fetch or pack it again.", whole=True)


def _check_growth(went_in: int, came_out: int) -> None:
    if came_out > MAX_UNPACKED:
        raise Trouble(f"it unpacks to more than {MAX_UNPACKED // 10**9} GB.", "Split the file.", whole=True)
    if came_out > RATIO_COUNTS_FROM and came_out > MAX_RATIO * went_in:
        message = f"it unpacks to more than {MAX_RATIO} times its size, as an archive made to do harm would."
        raise Trouble(message, "If it is sound, unpack it yourself and import the result.", whole=True)
