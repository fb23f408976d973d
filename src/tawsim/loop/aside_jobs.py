"""The process beside a server: it computes what takes long, for reading alone, so that nobody who labels waits for it.

    python -P -m tawsim.loop.aside_jobs [soon]

A request is a line of JSON on the standard input; the answer is frames on the standard output, each one byte of kind, four of
length (little endian) and so many bytes: D a piece of a file, then R a result or E an error as JSON. It ends when its input
does, and when nobody asked for long. Which jobs exist stands here; who asks for them, in aside.py.
"""

import json
import logging
import os
import select
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from tawsim.core.errors import NotFound, TawsimError, Unavailable
from tawsim.labelling.slots import project_row
from tawsim.loop import exporting
from tawsim.loop.carried import as_bytes
from tawsim.loop.following import judge
from tawsim.loop.quality import quality_page, quality_tasks
from tawsim.store import rows
from tawsim.store.reading import Reading

log = logging.getLogger("tawsim.loop")
HEAD = struct.Struct("<cI")
NICER = 10
IDLE_S = 600.0
PIECE = 1 << 18  # pieces of a file are gathered to this many bytes: each crosses a pipe
SOON = "soon"  # somebody waits: it is to be computed however busy the machine is, if slowly
Asked = Mapping[str, Any]


def _page(db: Reading, asked: Asked) -> dict[str, Any]:
    return quality_page(db, asked["project"], asked["question"], wait_s=asked["wait_s"])


def _tasks(db: Reading, asked: Asked) -> dict[str, Any]:
    return quality_tasks(db, asked["project"], asked["question"], asked["asked"], wait_s=asked["wait_s"])


RESULTS: Mapping[str, Callable[[Reading, Asked], dict[str, Any]]] = {"quality_page": _page, "quality_tasks": _tasks}


def _pieces(db: Reading, asked: Asked) -> Iterator[bytes]:
    """The bytes of an export: the first at once, the others gathered."""
    held: list[bytes] = []
    size, least = 0, 0
    for chunk in exporting.export_stream(db, asked["project"], asked["format"], asked["kind"]):
        held.append(chunk)
        size += len(chunk)
        if size > least:
            yield b"".join(held)
            held, size, least = [], 0, PIECE
    if held:
        yield b"".join(held)


def _truth(db: Reading, asked: Asked) -> bytes:
    """The truth of a question and what judges other votes. Its `seconds` are those of the processor: how long it waited for that
    says nothing of what learning costs."""
    with db.read() as tx:
        project = rows.project(project_row(tx, asked["project"]))
    question = next((one for one in project.questions if one.name == asked["question"]), None)
    if question is None:
        raise NotFound(f"“{project.name}” has no question {asked['question']!r}.")
    began = time.process_time()
    found = judge(db, project, question)
    found.truth = replace(found.truth, seconds=time.process_time() - began)
    return as_bytes(found)


def run(asked: Asked, db: Reading, send: Callable[[bytes, bytes], None]) -> None:
    """Do one job, and send what came of it."""
    try:
        if asked["job"] == "export":
            for piece in _pieces(db, asked):
                send(b"D", piece)
            send(b"R", b"{}")
        elif asked["job"] == "truth":
            data = memoryview(_truth(db, asked))
            for begin in range(0, len(data), PIECE):
                send(b"D", bytes(data[begin : begin + PIECE]))
            send(b"R", b"{}")
        else:
            send(b"R", json.dumps(RESULTS[asked["job"]](db, asked), ensure_ascii=False).encode())
    except BrokenPipeError:
        raise
    except Exception as error:
        if not isinstance(error, TawsimError):  # of one project: the figures of the others stay
            log.exception("%s could not be computed", asked["job"])
            error = Unavailable("This could not be computed; the server's log says why.", "Ask again.")
        send(b"E", _told(error))


def _told(error: TawsimError) -> bytes:
    """The error for whoever asked; aside.py raises it anew."""
    told = {"code": error.code, "message": error.message, "hint": error.hint, "details": dict(error.details)}
    return json.dumps(told, default=str).encode()


def _give_way(*, soon: bool) -> None:
    """Those who answer people come first: they take the processor from this one the moment they need it; or, where somebody waits
    for what it computes, nearly always."""
    if soon:
        os.nice(NICER)
        return
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):  # another system than Linux, or a container that forbids it
        os.nice(NICER)


def main() -> None:
    """Answer until the input ends."""
    _give_way(soon=SOON in sys.argv[1:])
    out: BinaryIO = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    sys.stdout = sys.stderr  # what anything prints must not come among the frames

    def send(kind: bytes, body: bytes) -> None:
        rest = memoryview(HEAD.pack(kind, len(body)) + body)
        while rest:
            rest = rest[out.write(rest) :]

    opened: dict[Path, Reading] = {}
    while select.select([sys.stdin], [], [], IDLE_S)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        asked = json.loads(line)
        path = Path(asked["path"])
        try:
            db = opened.get(path) or opened.setdefault(path, Reading.of(path))
        except TawsimError as error:
            send(b"E", _told(error))
            continue
        run(asked, db, send)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)  # nobody waits for it any more
