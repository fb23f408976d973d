"""Starts `tawsim …`, or a script, in a process of its own within a few hundredths of a second: all is imported once, then forked.

Run as a script it is the parent: one JSON request a line, one JSON answer a line. `WarmStarter` is the tests' side of it. A
fork is as real a process as any other: it has its own pid, can be killed, and shares nothing but what was imported.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

END_WITHIN_S = 20


@cache
def warm_starter() -> "WarmStarter":
    """The one parent of all servers of this run."""
    return WarmStarter()


class Forked:
    """A running command: what of `subprocess.Popen` the tests use."""

    def __init__(self, starter: "WarmStarter", pid: int) -> None:
        self._starter = starter
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._starter.ask(poll=self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = END_WITHIN_S) -> int:
        """Wait for its end. Raises TimeoutError."""
        if self.returncode is None:
            self.returncode = self._starter.ask(wait=self.pid, seconds=timeout)
        if self.returncode is None:
            raise TimeoutError(f"process {self.pid} did not end")
        return self.returncode


class WarmStarter:
    """The parent of forked commands."""

    def __init__(self) -> None:
        command = [sys.executable, "-X", "faulthandler", str(Path(__file__))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lock = threading.Lock()

    def ask(self, **request: Any) -> Any:
        """One request and its answer."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(self, words: list[str]) -> tuple[Forked, str]:
        """A command that says one line once it is ready; the line comes too. `-c` and a script instead: as `python -c` would."""
        found = self.ask(start=words, cwd=os.getcwd(), env=dict(os.environ))
        return Forked(self, found["pid"]), found["line"]

    def close(self) -> None:
        """End the parent; what it started must have ended before."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=END_WITHIN_S)


def _start(words: list[str], cwd: str, env: dict[str, str]) -> dict[str, Any]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _become(words, cwd, env, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as said:
        return {"pid": pid, "line": said.readline()}


def _become(words: list[str], cwd: str, env: dict[str, str], writer: int) -> None:
    """The forked process: the command with its own output, until it ends."""
    from tawsim.cli.main import run

    code = 70
    try:
        devnull = os.open(os.devnull, os.O_RDWR)
        os.dup2(devnull, 0)
        os.dup2(writer, 1)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1, closefd=False)
        if words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            exec(words[1], {"__name__": "__main__"})
            code = 0
        else:
            code = run(words)
        sys.stdout.flush()
    finally:
        os._exit(code)


def _ended(pid: int, options: int) -> int | None:
    found, status = os.waitpid(pid, options)
    return None if found == 0 else os.waitstatus_to_exitcode(status)


def _wait(pid: int, seconds: float) -> int | None:
    """The exit status of a child, if it ends within so many seconds. Its end is waited for, not polled."""
    clock = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGALRM))
    signal.signal(signal.SIGALRM, _alarm)
    clock.start()
    try:
        return _ended(pid, 0)
    except TimeoutError:
        return None
    finally:
        clock.cancel()
        clock.join()  # what is forked next has one thread


def _alarm(_number: int, _frame: Any) -> None:
    raise TimeoutError


def main() -> None:
    """Serve requests until the other end closes."""
    # What a start of the server costs: what it imports, its commands, the patterns of its addresses (Python remembers them),
    # its files.
    import anyio._backends._asyncio  # noqa: F401  (found by name when the first request comes)
    import typer
    import uvicorn

    import tawsim.cli.main
    import tawsim.server.run
    from tawsim.server import pages
    from tawsim.server.app import create_api

    pages.read_assets = cache(pages.read_assets)
    for asset in pages.read_assets(pages.STATIC).values():
        asset.gzipped  # noqa: B018  (kept where it was made)
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(tawsim.cli.main.app)
    ready = uvicorn.Config(create_api(), ws="none", lifespan="on", log_config=None)
    ready.load()
    ready.get_loop_factory()
    gc.collect()
    gc.freeze()  # what is never collected is never written to, and stays one copy for all

    ended: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer: Any = _start(request["start"], request["cwd"], request["env"])
        else:
            pid = request.get("poll", request.get("wait"))
            if pid not in ended:
                found = _ended(pid, os.WNOHANG) if "poll" in request else _wait(pid, request["seconds"])
                if found is not None:
                    ended[pid] = found
            answer = ended.get(pid)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
