"""Processes seen from outside: their CPU seconds, their peak memory, and ending them. Linux's /proc; no measuring of time."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
STOP_WITHIN_S = 20


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += parents.get(one, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the command's name, which may hold blanks: [0] state, [1] parent, [11] user time."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """CPU seconds of the process and its living descendants, in steps of 10 ms."""
    total = 0
    for one in family(pid):
        with suppress(OSError):
            fields = _stat(one)
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """MB of memory held now (VmRSS), or at most since the last `forget_peak` (VmHWM), of the process and its descendants."""
    total = 0
    for one in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
    return total / 1024


def forget_peak(pid: int) -> None:
    """Begin a new peak from what is held now."""
    for one in family(pid):
        with suppress(OSError):
            Path(f"/proc/{one}/clear_refs").write_text("5")


def stop(process: "subprocess.Popen[str]") -> None:
    """End a process that this run started, and what it started: asked first, killed if it does not listen."""
    children = family(process.pid)[1:]
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_WITHIN_S)
    for one in children:
        with suppress(OSError):
            os.kill(one, signal.SIGKILL)
