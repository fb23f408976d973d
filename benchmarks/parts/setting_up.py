"""Sections `install`, `firstpage` and `importtime`: what somebody waits for before the first task."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from parts import processes
from parts.options import Options
from parts.texts import LABELS, write_csv

ROOT = Path(__file__).parents[2]
INSTALL_WITHIN_S = 900
FIRST_PAGE_WITHIN_S = 300
TIMES = 11
ROWS = 200


def run_install(options: Options) -> dict[str, Any]:
    """The wheel into a fresh environment, first without pip's cache, then with it; the peer too where asked."""
    wheel = build_wheel(options.folder)
    found: dict[str, Any] = {"wheel_mb": round(wheel.stat().st_size / 1e6, 2)}
    found["no_cache"] = install(options.folder / "venv-fresh", str(wheel), "--no-cache-dir")
    install(options.folder / "venv-warm", str(wheel))
    found["cached"] = install(options.folder / "venv-cached", str(wheel))
    if options.install_peer:
        found["label_studio"] = install(options.folder / "venv-peer", "label-studio==1.23.2", "--no-cache-dir")
    return found


def build_wheel(folder: Path) -> Path:
    """Build it with what the development environment has. Raises RuntimeError with the builder's last words."""
    out = folder / "wheel"
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the wheel was not built:\n{(done.stdout + done.stderr)[-1500:]}")
    return next(out.glob("*.whl"))


def install(venv: Path, what: str, *flags: str) -> dict[str, Any]:
    """`pip install` into a new environment: seconds, packages, MB. The environment's own making is not counted."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=INSTALL_WITHIN_S)
    python = str(venv / "bin" / "python")
    before = _packages(python)
    bare = _size(venv)
    began = time.perf_counter()
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *flags, what],
        check=True, timeout=INSTALL_WITHIN_S, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    return {"s": round(seconds, 1), "packages": _packages(python) - before, "mb": round((_size(venv) - bare) / 1e6)}


def _packages(python: str) -> int:
    code = "import importlib.metadata as m; print(len({d.name for d in m.distributions()}))"
    return int(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)


def _size(folder: Path) -> int:
    """Bytes on disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if not path.is_symlink())


def run_first_page(options: Options) -> dict[str, Any]:
    """`tawsim label` on a new file, from the start of the process to the page: the very first time, then again."""
    python = options.folder / "venv-fresh" / "bin" / "python"
    fresh = python.exists()
    command = [str(python), "-I"] if fresh else [sys.executable]
    runs = []
    for _ in range(options.repeat + 1):
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            write_csv(Path(name) / "rows.csv", ROWS)
            runs.append(_first_page(command, Path(name)))
    return {"fresh_install": fresh, "first_s": runs[0], "again_s": round(statistics.median(runs[1:]), 2)}


def _first_page(command: list[str], folder: Path) -> float:
    port = free_port()
    arguments = ["label", "rows.csv", "--labels", ",".join(LABELS), "--no-browser", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-m", "tawsim.cli", *arguments], cwd=folder, env=_environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        wait_for_page(f"http://127.0.0.1:{port}/", process, began)
        return round(time.perf_counter() - began, 2)
    finally:
        processes.stop(process)


def wait_for_page(url: str, process: "subprocess.Popen[str]", began: float) -> None:
    """Until it answers 200. Raises RuntimeError if the process ends or takes too long."""
    while time.perf_counter() - began < FIRST_PAGE_WITHIN_S:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode} before it served {url}")
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError(f"no page at {url} after {FIRST_PAGE_WITHIN_S} s")


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src")}


def run_import_time(_options: Options) -> dict[str, Any]:
    """Median ms of `import tawsim` by itself, and of whole commands from start to end."""
    inside = "import time; t=time.perf_counter(); import tawsim; print(1000*(time.perf_counter()-t))"
    own = [float(_timed("-c", inside)[1]) for _ in range(TIMES)]
    found: dict[str, Any] = {"import_ms": _median_ms([ms / 1000 for ms in own])}
    for name, arguments in {
        "python_ms": ("-c", "pass"),
        "version_ms": ("-m", "tawsim.cli", "--version"),
        "help_ms": ("-m", "tawsim.cli", "--help"),
    }.items():
        found[name] = _median_ms([_timed(*arguments)[0] for _ in range(TIMES)])
    found["slowest"] = _slowest()
    return found


def _timed(*arguments: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=60, env=_environment()
    )
    return time.perf_counter() - began, done.stdout


def _median_ms(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 1)


def _slowest() -> list[str]:
    """The modules that `import tawsim` itself spends most in, as -X importtime sees it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import tawsim"],
        capture_output=True, text=True, check=True, timeout=60, env=_environment(),
    )  # fmt: skip
    lines = [line.split("|") for line in done.stderr.splitlines() if line.count("|") == 2 and "[us]" not in line]
    after_site = lines[next((n for n, line in enumerate(lines) if line[2].strip() == "site"), -1) + 1 :]
    worst = sorted(after_site, key=lambda line: -int(line[0].split(":")[1]))[:5]
    return [f"{line[2].strip()} {int(line[0].split(':')[1]) / 1000:.1f} ms" for line in worst]
