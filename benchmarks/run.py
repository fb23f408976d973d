"""The measurements of the main job: `make bench`, or parts of it.

    python benchmarks/run.py                                      everything that needs no peer; some 25 minutes
    python benchmarks/run.py --only load,export --quick           small and short, to see that it works
    python benchmarks/run.py --log ""                             print only
    TAWSIM_BENCH_PEER=SCRIPT python benchmarks/run.py --only peer --label-studio VENV --seconds 10 --peer-tasks 2000

Everything runs on the loopback in a temporary folder, which is removed. Writes docs/log/DATE-bench.json and .md (DATE is
today's). Run it on a quiet machine: the report says how busy it was and how long the disk took to make 4 kB durable.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from parts import files, load, machine, page, peer, report, setting_up  # noqa: E402
from parts.options import Options  # noqa: E402
from parts.world import Worlds  # noqa: E402

# In this order: `firstpage` uses the environment that `install` made, and imports leave their workspaces to the others.
SECTIONS: dict[str, Callable[[Options, Worlds], Any]] = {
    "importtime": lambda options, _: setting_up.run_import_time(options),
    "install": lambda options, _: setting_up.run_install(options),
    "firstpage": lambda options, _: setting_up.run_first_page(options),
    "page": page.run,
    "import": files.run_imports,
    "load": load.run,
    "export": files.run_exports,
    "peer": peer.run,
}
OTHERS = ("readers.py", "truth/accuracy.py", "truth/speed.py")


def arguments() -> argparse.Namespace:
    """The command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--only", default=",".join(SECTIONS), help="sections, with commas between")
    ask.add_argument("--quick", action="store_true", help="2,000 tasks, 2 s a level, once")
    ask.add_argument("--sizes", default="1000,100000,1000000", help="numbers of tasks")
    ask.add_argument("--levels", default="1,8,32", help="numbers of annotators")
    ask.add_argument("--seconds", type=float, default=10.0, help="length of one load at one level")
    ask.add_argument("--repeat", type=int, default=3)
    ask.add_argument("--history", type=int, default=20_000, help="answers behind a worker; 0: leave it out")
    ask.add_argument("--crowd", type=int, default=1_000, help="people who think; 0: leave them out")
    ask.add_argument("--label-studio", type=Path, help="a virtual environment with Label Studio in it")
    ask.add_argument("--peer-tasks", type=int, default=2_000)
    ask.add_argument("--peer-rounds", type=int, default=2)
    ask.add_argument("--install-peer", action="store_true", help="time the peer's install as well: minutes, 1 GB")
    ask.add_argument("--with-others", action="store_true", help="also run " + " and ".join(OTHERS))
    ask.add_argument("--folder", type=Path, help="where the work is done: on the disk to be measured")
    ask.add_argument("--log", default=str(ROOT / "docs" / "log"), help="folder of the report; empty: print only")
    told = ask.parse_args()
    unknown = set(told.only.split(",")) - set(SECTIONS)
    if unknown:
        ask.error(f"there is no section {', '.join(sorted(unknown))}; known: {', '.join(SECTIONS)}")
    if told.quick:
        told.sizes, told.seconds, told.repeat, told.history, told.crowd = "2000", 2.0, 1, 200, 100
    return told


def options_of(told: argparse.Namespace, folder: Path) -> Options:
    """What the sections need of it."""
    script = os.environ.get("TAWSIM_BENCH_PEER")
    return Options(
        folder=folder, sizes=tuple(sorted(int(one) for one in told.sizes.split(","))),
        levels=tuple(int(one) for one in told.levels.split(",")), seconds=told.seconds, repeat=told.repeat,
        history=told.history, crowd=told.crowd, install_peer=told.install_peer,
        label_studio=told.label_studio.absolute() if told.label_studio else None,
        peer_script=Path(script).absolute() if script else None, peer_tasks=told.peer_tasks,
        peer_rounds=told.peer_rounds,
    )  # fmt: skip


def measure(told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Every wanted section; one that fails says so and does not take the others with it."""
    options = options_of(told, folder)
    worlds = Worlds(folder)
    found: dict[str, Any] = {"machine": machine.facts(folder), "options": {"repeat": told.repeat}, "sections": {}}
    for name, section in SECTIONS.items():
        if name not in told.only.split(","):
            continue
        began = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            found["sections"][name] = section(options, worlds)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            found["sections"][name] = {"failed": str(error)}
            print(f"{name} failed: {error}", file=sys.stderr)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    found["end"] = machine.facts(folder)
    return found


def main() -> None:
    """Measure, print, write."""
    told = arguments()
    import uvloop

    uvloop.install()  # the load generator's loop, so that it takes less from the server
    with tempfile.TemporaryDirectory(prefix="tawsim-bench-", dir=told.folder) as name:
        found = measure(told, Path(name))
    text = report.markdown(found)
    print(text)
    if told.log:
        base = Path(told.log) / f"{found['machine']['at'][:10]}-bench"
        base.parent.mkdir(parents=True, exist_ok=True)
        base.with_suffix(".json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        base.with_suffix(".md").write_text(text, encoding="utf-8")
        print(f"Written: {base}.md and .json", file=sys.stderr)
    if told.with_others:
        for other in OTHERS:
            subprocess.run([sys.executable, str(ROOT / "benchmarks" / other)], check=False, timeout=3_600)
    if any(isinstance(one, dict) and "failed" in one for one in found["sections"].values()):
        sys.exit(3)


if __name__ == "__main__":
    main()
