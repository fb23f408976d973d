"""What a form may cost whoever reads it: memory for its fields and files, time for its heads."""

import time

import pytest

from tawsim.core.errors import BadInput
from tawsim.server.scale.forms import MAX_FILES, MAX_OF_FIELDS, FormReader

MB = 1 << 20


def fill(parts: int, head: str, data: bytes) -> FormReader:
    reader = FormReader("multipart/form-data; boundary=x")
    try:
        for number in range(parts):
            reader.feed(
                b"\r\n--x\r\nContent-Disposition: form-data; " + head.format(number).encode() + b"\r\n\r\n" + data
            )
        reader.feed(b"\r\n--x--\r\n")
    finally:
        reader.close()
    return reader


def test_fields_stand_in_memory_and_so_have_an_end_together() -> None:
    part = b"a" * (MB // 2)
    assert len(fill(MAX_OF_FIELDS // len(part), 'name="f{}"', part).done().fields) == MAX_OF_FIELDS // len(part)
    with pytest.raises(BadInput, match="together"):
        fill(MAX_OF_FIELDS // len(part) + 1, 'name="f{}"', part)


def test_files_are_few() -> None:
    assert len(fill(MAX_FILES, 'name="f{}"; filename="a"', b"x").done().files) == MAX_FILES
    with pytest.raises(BadInput, match="files"):
        fill(MAX_FILES + 1, 'name="f{}"; filename="a"', b"x")


def test_heads_of_nothing_but_semicolons_take_no_time() -> None:
    """Two hundred of them held everybody up for most of a minute."""
    started = time.thread_time()  # what it computes, not what others do meanwhile
    for _ in range(20):
        with pytest.raises(BadInput, match="parameters"):
            fill(1, 'name="' + ";" * 16_000, b"x")
        with pytest.raises(BadInput, match="parameters"):
            FormReader("multipart/form-data; boundary=" + ";" * 60_000)
    assert time.thread_time() - started < 1
