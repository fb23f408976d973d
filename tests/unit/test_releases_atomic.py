"""Files that are there whole or not at all."""

import errno
import os
import threading

import pytest

from tawsim.core.errors import AlreadyExists, BadInput, Unavailable
from tawsim.releases import new_file


def test_whole_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "نتائج.csv"
    with new_file(path) as out:
        out.write(b"x")
        assert not path.exists()
    assert path.read_bytes() == b"x"
    assert os.listdir(tmp_path) == [path.name]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_refuses_to_overwrite_unless_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with pytest.raises(AlreadyExists, match="--overwrite"), new_file(path):
        raise AssertionError("the block must not run")
    with new_file(path, overwrite=True) as out:
        out.write(b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_file_made_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "a.csv"

    def both_write():
        with new_file(path) as out:
            out.write(b"ours")
            path.write_bytes(b"theirs")

    with pytest.raises(AlreadyExists):
        both_write()
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a.csv"]


def write_half(path, error):
    with new_file(path, overwrite=True) as out:
        out.write(b"half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_full_disk_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="Free some space"):
        write_half(tmp_path / "a.csv", OSError(errno.ENOSPC, "No space left on device"))
    assert os.listdir(tmp_path) == []


def test_a_disk_without_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with new_file(tmp_path / "a.csv") as out:
        out.write(b"x")
    assert os.listdir(tmp_path) == ["a.csv"]


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(BadInput, match="no folder"), new_file(tmp_path / "none" / "a.csv"):
        pass
    with pytest.raises(BadInput, match="is a folder"), new_file(tmp_path):
        pass


def test_a_name_too_long_and_a_folder_that_takes_no_files(tmp_path):
    with pytest.raises(Unavailable, match="could not be written"), new_file(tmp_path / ("x" * 300)):
        pass
    with pytest.raises(Unavailable, match="no file can be made there"), new_file("/proc/nobody-makes-this.csv"):
        pass


def test_a_link_stays_a_link_and_a_pipe_is_written_to(tmp_path):
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with new_file(tmp_path / "link.csv", overwrite=True) as out:
        out.write(b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"new"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with new_file(pipe) as out:
        out.write(b"x")
    reader.join()
    assert got == [b"x"]
