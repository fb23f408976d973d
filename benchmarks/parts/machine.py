"""What machine this is and how busy it was: the facts without which no figure means anything."""

import datetime
import importlib.metadata
import os
import platform
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

from parts.figures import quantile

ROOT = Path(__file__).parents[2]
SYNCS = 300


def facts(folder: Path) -> dict[str, Any]:
    """The machine, its versions, and how long the disk under `folder` takes to make 4 kB durable, in ms."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "commit": _commit(),
        "packages": {name: _version(name) for name in ("fastapi", "uvicorn", "uvloop", "pyarrow", "numpy")},
        "fsync_ms": fsync(folder),
        "load": load(),
    }


def fsync(folder: Path) -> dict[str, float]:
    """Append 4 kB and fsync, again and again: ms at p50 and p99."""
    path = folder / "fsync-probe"
    waits = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - began)
    path.unlink()
    return {"p50": round(1000 * quantile(waits, 0.5), 2), "p99": round(1000 * quantile(waits, 0.99), 2)}


def load() -> float:
    """Processes that ran or waited for a core in the last minute, on average."""
    return round(os.getloadavg()[0], 1)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "?"


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "?"
