"""Forms with files (multipart/form-data), taken apart as they arrive: a file never stands in memory whole. No route is here."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import IO
from urllib.parse import unquote

from tawsim.core.errors import BadInput

IN_MEMORY = 1 << 20
MAX_FIELDS = 200
MAX_FIELD = 1 << 20
MAX_OF_FIELDS = 4 << 20  # all of them together: they stand in memory
MAX_FILES = 10  # each has its first megabyte in memory
MAX_HEAD = 16_384
MAX_PARAMETERS = 100  # Python's reader takes the square of their number
END = b"\r\n\r\n"
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{1,70}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form: its name as the sender calls it, its stated type, its bytes from the beginning."""

    filename: str
    mime: str
    file: IO[bytes]
    size: int


@dataclass(slots=True)
class Form:
    """Fields by name, in the order they came; files by name, the last one of a name. Files are gone after the call."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


class FormReader:
    """Takes a form's bytes piece by piece. `done` gives the form, or raises BadInput for one that is not whole."""

    def __init__(self, content_type: str) -> None:
        boundary = _parameters("Content-Type", content_type).get("boundary", "")
        if not content_type.lower().startswith("multipart/form-data") or not _BOUNDARY.fullmatch(boundary):
            raise BadInput("Send a form: multipart/form-data with a boundary.")
        self._mark = b"\r\n--" + boundary.encode()
        self._held = bytearray(b"\r\n")  # so that the first mark looks like all others
        self._part: tuple[str, str | None, str] | None = None  # name, file name, type
        self._sink: IO[bytes] | None = None
        self._text = bytearray()
        self._state = "before"
        self._skip = 0  # bytes of a line end that belong to no part
        self.form = Form()
        self._fields = self._files = self._size = 0

    def feed(self, data: bytes) -> None:
        """The next piece."""
        self._held += data
        while self._step():
            pass

    def done(self) -> Form:
        """The whole form."""
        if self._state != "after":
            raise BadInput("The form ends in the middle of a part.", "Send it again.")
        return self.form

    def close(self) -> None:
        """Let go of the files."""
        for upload in self.form.files.values():
            upload.file.close()
        if self._sink is not None:
            self._sink.close()

    def _step(self) -> bool:
        """Do what can be done with what is held; False where more has to come first."""
        if self._state == "after":
            self._held.clear()
            return False
        if self._state == "head":
            return self._read_head()
        place = self._held.find(self._mark)
        if place < 0:
            keep = len(self._mark) - 1
            self._take(bytes(self._held[:-keep]) if len(self._held) > keep else b"")
            del self._held[: max(0, len(self._held) - keep)]
            return False
        if len(self._held) < place + len(self._mark) + 2:
            return False
        self._take(bytes(self._held[:place]))
        self._end_part()
        following = bytes(self._held[place + len(self._mark) : place + len(self._mark) + 2])
        del self._held[: place + len(self._mark)]
        if following not in (b"--", b"\r\n"):
            raise BadInput("The form's parts are not divided as its head says.")
        self._state = "after" if following == b"--" else "head"
        return True

    def _read_head(self) -> bool:
        place = self._held.find(END)
        if place < 0 or place > MAX_HEAD:
            if len(self._held) > MAX_HEAD:
                raise BadInput("The head of a part of the form is too long.")
            return False
        lines = bytes(self._held[:place]).decode("utf-8", "replace").split("\r\n")
        heads = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines if one)}
        disposition = _parameters("Content-Disposition", heads.get("content-disposition", ""))
        if "name" not in disposition:
            raise BadInput("A part of the form has no name.")
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise BadInput(f"A form has at most {MAX_FIELDS} parts.")
        filename = disposition.get("filename")
        self._part = (disposition["name"], filename, heads.get("content-type", ""))
        self._text.clear()
        if filename is not None:
            self._files += 1
            if self._files > MAX_FILES:
                raise BadInput(f"A form has at most {MAX_FILES} files.")
            self._sink = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed after the call
        del self._held[: place + len(END) - 2]  # a part without a body begins with the mark's own line end
        self._state, self._skip = "body", 2
        return True

    def _take(self, data: bytes) -> None:
        if self._state != "body" or not data:
            return
        skipped = min(self._skip, len(data))
        data, self._skip = data[skipped:], self._skip - skipped
        if self._sink is not None:
            self._sink.write(data)
            return
        self._text += data
        self._size += len(data)
        if self._size > MAX_OF_FIELDS:
            raise BadInput(f"The fields of a form have at most {MAX_OF_FIELDS:,} bytes together.")
        if len(self._text) > MAX_FIELD:
            assert self._part is not None
            raise BadInput(f"{self._part[0][:60]}: a field of a form has at most {MAX_FIELD:,} bytes.")

    def _end_part(self) -> None:
        if self._part is None:
            return
        name, filename, mime = self._part
        if self._sink is None:
            try:
                self.form.fields.setdefault(name, []).append(self._text.decode())
            except UnicodeDecodeError:
                raise BadInput(f"{name[:60]}: not UTF-8.") from None
        else:
            size = self._sink.tell()
            self._sink.seek(0)
            if name in self.form.files:
                self.form.files[name].file.close()
            self.form.files[name] = Upload(filename or "", mime, self._sink, size)
        self._part, self._sink = None, None


def _parameters(header: str, value: str) -> Mapping[str, str]:
    """The parameters of a header's value, those in UTF-8 (RFC 5987) too."""
    if value.count(";") > MAX_PARAMETERS:
        raise BadInput(f"{header}: more than {MAX_PARAMETERS} parameters.")
    message = Message()
    message[header] = value.replace("\r", " ").replace("\n", " ")
    found = {}
    for name, one in message.get_params(failobj=[], header=header, unquote=True):
        found[name.lower()] = _extended(one) if isinstance(one, tuple) else one
    return found


def _extended(value: tuple[str | None, str | None, str]) -> str:
    charset, _, text = value
    return unquote(text, encoding=charset or "utf-8", errors="replace") if "%" in text else text


@contextmanager
def reading(content_type: str) -> Iterator[FormReader]:
    """A reader whose files are gone afterwards, whatever happened."""
    reader = FormReader(content_type)
    try:
        yield reader
    finally:
        reader.close()
