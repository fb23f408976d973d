"""What was acknowledged survives SIGKILL at any moment. That it survives a power cut rests on the fsync before the answer,
which a kill cannot show; the settings it rests on are checked in tests/store/test_database.py."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tawsim.workspaces.workspace import open_workspace

pytestmark = pytest.mark.kill
KILLS = 8

WRITER = """
import os, sys, threading
from pathlib import Path
from tawsim.core.ids import new_id
from tawsim.workspaces.workspace import open_workspace

workspace = open_workspace(Path(sys.argv[1]))

def insert(tx, name):
    tx.run("worker_insert", id=new_id(tx.now), name=name, kind="person", role="labeller", created_at=tx.now)
    return name

def write_for_ever(thread):
    i = 0
    while True:
        i += 1
        name = f"{sys.argv[2]}/{thread}/{i}"
        os.write(1, (workspace.db.write(lambda tx: insert(tx, name)) + "\\n").encode())

for n in range(8):
    threading.Thread(target=write_for_ever, args=(n,)).start()
"""


def test_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    open_workspace(path, create=True, owner="Noor").close()
    acknowledged: set[str] = set()
    seed = random.randrange(1 << 30)
    print("seed", seed)
    moments = random.Random(seed)
    for run in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(run)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        # Counted in acknowledgements, not seconds, so that a busy machine is killed in the middle of work as well.
        wanted = len(acknowledged) + moments.randrange(1, 1500)
        rest = b""
        while len(acknowledged) < wanted:
            chunk = os.read(process.stdout.fileno(), 65536)
            assert chunk, "the writer ended by itself"
            *lines, rest = (rest + chunk).split(b"\n")
            acknowledged |= {line.decode() for line in lines}
        process.send_signal(signal.SIGKILL)
        tail = process.stdout.read()
        *lines, _ = (rest + tail).split(b"\n")
        acknowledged |= {line.decode() for line in lines}
        process.stdout.close()
        assert process.wait(10) == -signal.SIGKILL
        workspace = open_workspace(path)
        assert workspace.db.check() == []
        with workspace.db.read() as tx:
            stored = {row["name"] for row in tx.all("worker_list")}
        workspace.close()
        assert acknowledged - stored == set(), f"lost after kill {run + 1}"
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged, 0 lost")
