"""Reads a Parquet file once in a process of its own, so that a file made to do harm can end that one and no other.

pyarrow (26) calls `abort` on some broken files (found by flipping bytes: "length_error", "histogram size mismatch"), which
no `except` catches; a server must outlive them. Costs a start of Python and one decoding without Python objects.
"""

import shutil
import subprocess
import sys
import tempfile
from typing import IO

from tawsim.intake.limits import MAX_UNPACKED, Trouble

_SECONDS = 600
# Address space, of which pyarrow reserves much and uses little; what a sound file needs here is under 1 GB.
_SPACE = 8 << 30
_CHILD = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
import pyarrow.parquet
unpacked = 0
try:
    file = pyarrow.parquet.ParquetFile(open(0, "rb", closefd=False), buffer_size=1 << 20, pre_buffer=False)
    for batch in file.iter_batches(int(sys.argv[2]), use_threads=False):
        unpacked += batch.nbytes
        if unpacked > int(sys.argv[3]):
            sys.exit(3)
except MemoryError:
    sys.exit(3)
except Exception:
    pass
"""


def survive(file: IO[bytes], batch_rows: int) -> None:
    """Raises `Trouble` if reading `file` ends the process that does it. Ordinary errors are left to the reader."""
    with tempfile.TemporaryFile() as copy:
        try:
            file.fileno()
            given = file
        except OSError:  # a stream in memory
            file.seek(0)
            shutil.copyfileobj(file, copy)
            copy.flush()
            given = copy
        given.seek(0)
        # Our own interpreter and a fixed text; the file comes as standard input, so no name is passed on.
        command = [sys.executable, "-I", "-c", _CHILD, str(_SPACE), str(batch_rows), str(MAX_UNPACKED)]
        try:
            ended = subprocess.run(  # noqa: S603
                command,
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise Trouble(f"the Parquet file could not be read in {_SECONDS // 60} minutes.", whole=True) from None
    file.seek(0)
    if ended < 0 or ended == 3:
        what = "unpacks to more than can be read" if ended == 3 else "is damaged in a way that ends its reader"
        raise Trouble(f"the Parquet file {what}.", "Write it again.", whole=True)
