"""A team on one process: 500 people, a million tasks, an import and an export at the same time.

    python benchmarks/team_load.py --people 500 --tasks 1000000 --seconds 600
    python benchmarks/team_load.py --people 40 --tasks 5000 --seconds 15 --per-s 10       a small one, to see that it works

So many people ask for a task and so many submit in each second, in an open loop: latencies count from the moment a request
was due, and nobody is asked less because the server is slow (parts/crowd.py). Meanwhile files are imported into the same
project and its labels are exported, one after the other, for the whole time; some of the people manage and look at progress,
some review. Afterwards the store is read: no task over its overlap, nothing lost that was acknowledged, nothing twice.

Prints one JSON object and writes it to --log. Exit status 1: something was wrong with the answers or a request failed; 2: the
latency is over the goal. It runs on the loopback, in a temporary folder, which is removed.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from parts import machine, processes  # noqa: E402
from parts.crowd import Crowd, Person, Seen  # noqa: E402
from parts.figures import quantile  # noqa: E402
from parts.files import download, upload  # noqa: E402
from parts.ledger_check import check  # noqa: E402
from parts.team import Team, gather_team  # noqa: E402
from parts.texts import write_csv  # noqa: E402
from parts.world import Server, child, serving  # noqa: E402

GOAL_P99_MS = 250
WATCH_S = 0.5


def arguments() -> argparse.Namespace:
    """The command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--people", type=int, default=500)
    ask.add_argument("--tasks", type=int, default=1_000_000)
    ask.add_argument("--seconds", type=float, default=600.0)
    ask.add_argument("--per-s", type=float, default=50.0, help="arrivals a second: as many nexts, as many submits")
    ask.add_argument("--overlap", type=int, default=3, help="answers a task wants")
    ask.add_argument(
        "--rows", type=int, default=0, help="rows of each imported file; 0: a tenth of the tasks; -1: no import"
    )
    ask.add_argument("--no-export", action="store_true")
    ask.add_argument(
        "--bare", action="store_true", help="without gold, review and quotas: what they cost is the difference"
    )
    ask.add_argument("--folder", type=Path, help="where the work is done: on the disk to be measured")
    ask.add_argument("--keep", type=Path, help="a workspace with the tasks that is made once and used again")
    ask.add_argument("--log", default="", help="a file for the JSON")
    told = ask.parse_args()
    told.rows = told.rows or max(100, told.tasks // 10)
    return told


def made(told: argparse.Namespace, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The workspace with its project of so many tasks, and how long that took."""
    path = told.keep or folder / "team.tawsim"
    if path.exists():
        return path, {"kept": True}
    rows = write_csv(folder / "tasks.csv", told.tasks)
    done = child("import", str(path), str(rows), str(told.overlap))
    rows.unlink()
    return path, {"rows": done["rows"], "s": round(done["seconds"], 1), "peak_mb": round(done["peak_mb"])}


class Meanwhile:
    """An import and an export, again and again in threads of their own until told to stop."""

    def __init__(self, server: Server, project: str, told: argparse.Namespace, folder: Path) -> None:
        self.server, self.project, self.told, self.folder = server, project, told, folder
        self.stopping = threading.Event()
        self.imports: list[dict[str, Any]] = []
        self.exports: list[dict[str, Any]] = []
        self.errors: list[str] = []
        works = ([self._import] if told.rows > 0 else []) + ([] if told.no_export else [self._export])
        self._threads = [threading.Thread(target=self._again, args=(work,)) for work in works]

    def start(self) -> None:
        """Begin both."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """The ones under way come to their end first."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _again(self, work: Any) -> None:
        number = 0
        while not self.stopping.is_set():
            try:
                work(number)
            except (RuntimeError, OSError) as error:
                self.errors.append(f"{work.__name__.strip('_')}: {error}"[:300])
                self.stopping.wait(1)
            number += 1

    def _import(self, number: int) -> None:
        # Never the same rows: a kept workspace knows earlier files.
        path = write_csv(self.folder / f"more-{number}.csv", self.told.rows, seed=time.time_ns())
        seconds, count = upload(self.server, self.project, path)
        path.unlink()
        self.imports.append({"rows": count, "s": round(seconds, 2)})

    def _export(self, number: int) -> None:
        got = download(self.server, self.project, ("csv", "jsonl")[number % 2], keep=False)
        self.exports.append(
            {"mb": round(got.size / 1e6, 1), "first_byte_s": round(got.first_s, 2), "s": round(got.seconds, 2)}
        )


def latencies(seen: Seen, seconds: float) -> dict[str, dict[str, Any]]:
    """By route: how many, per second, and quantiles in ms."""
    found: dict[str, dict[str, Any]] = {}
    for route, pairs in sorted(seen.took.items()):
        took = [one for _, one in pairs]
        found[route] = {
            "count": len(took), "per_s": round(len(took) / seconds, 1),
            **{name: round(1000 * quantile(took, p), 1) for name, p in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))},
            "max": round(1000 * max(took), 1), "over_goal": sum(1 for one in took if 1000 * one > GOAL_P99_MS),
        }  # fmt: skip
        if route in ("next", "submit"):
            found[route]["p99_by_10_s"] = by_time(pairs)
    return found


def by_time(pairs: list[tuple[float, float]]) -> list[float]:
    """The 99 % quantile in ms of what was due in each ten seconds: shows what else was going on."""
    parts: dict[int, list[float]] = {}
    for due, took in pairs:
        parts.setdefault(int(due // 10), []).append(took)
    return [round(1000 * quantile(took, 0.99)) for _, took in sorted(parts.items())]


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Many runs as one: how many, and the least, middle and greatest of each figure."""
    if not runs:
        return {"count": 0}
    values = {name: sorted(run[name] for run in runs) for name in runs[0]}
    return {"count": len(runs), **{name: [all_[0], all_[len(all_) // 2], all_[-1]] for name, all_ in values.items()}}


async def load(server: Server, team: Team, seen: Seen, told: argparse.Namespace) -> float:
    """Everybody works for so long. Seconds until the last answer."""
    labellers = [Person(server.port, worker, token) for worker, token in team.labellers]
    crowd = Crowd(team.project, labellers, seen)
    others = team.others(crowd, server.port)
    await crowd.work(told.seconds, told.per_s, others)
    seconds = crowd.now()
    for person in labellers:
        person.leave()
    return seconds


def watched(server: Server, stop: threading.Event, peaks: list[float]) -> None:
    """The most memory of the server, looked at now and then."""
    while not stop.wait(WATCH_S):
        with suppress(OSError):
            peaks.append(processes.memory_mb(server.pid))


def measure(told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Make, load, read."""
    path, making = made(told, folder)
    seen, peaks, stop = Seen(), [0.0], threading.Event()
    found: dict[str, Any] = {"machine": machine.facts(folder), "made": making}
    with serving(path, folder / "server.log") as server:
        began = time.perf_counter()
        team = gather_team(server, told.people, bare=told.bare)
        found["team"] = {**team.facts, "s": round(time.perf_counter() - began, 1)}
        meanwhile = Meanwhile(server, team.project, told, folder)
        watcher = threading.Thread(target=watched, args=(server, stop, peaks))
        watcher.start()
        cpu, own = processes.cpu_seconds(server.pid), time.process_time()
        meanwhile.start()
        try:
            seconds = asyncio.run(load(server, team, seen, told))
            used = processes.cpu_seconds(server.pid) - cpu
            own = time.process_time() - own
        finally:
            meanwhile.stop()
            stop.set()
            watcher.join()
    found["load"] = {
        "seconds": round(seconds, 1), "routes": latencies(seen, told.seconds), "errors": dict(seen.errors),
        "counts": dict(seen.counts), "own_lateness_ms_p99": round(1000 * quantile(seen.late, 0.99), 1),
        "server_cpu_share": round(used / seconds, 2), "client_cpu_share": round(own / seconds, 2),
        "server_peak_mb": round(max(peaks)),
    }  # fmt: skip
    found["meanwhile"] = {
        "imports": together(meanwhile.imports), "exports": together(meanwhile.exports), "errors": meanwhile.errors[:10]
    }  # fmt: skip
    found["store"] = check(path, team.project, seen.answers)
    server_log = (folder / "server.log").read_text()
    found["server_log"] = server_log[-2_000:]
    found["end_load"] = machine.load()
    return found


def main() -> None:
    """Measure, print, judge."""
    told = arguments()
    import uvloop

    uvloop.install()
    with tempfile.TemporaryDirectory(prefix="tawsim-team-", dir=told.folder) as name:
        found = measure(told, Path(name))
    found["options"] = {
        "people": told.people,
        "tasks": told.tasks,
        "seconds": told.seconds,
        "per_s": told.per_s,
        "bare": told.bare,
    }
    text = json.dumps(found, ensure_ascii=False, indent=1)
    print(text)
    if told.log:
        Path(told.log).write_text(text + "\n", encoding="utf-8")
    wrong = any(found["store"]["wrong"].values()) or found["store"]["file"] != "ok"
    if wrong or found["load"]["errors"] or found["meanwhile"]["errors"]:
        sys.exit(1)
    routes = found["load"]["routes"]
    if any(routes[route]["p99"] > GOAL_P99_MS for route in ("next", "submit")):
        sys.exit(2)


if __name__ == "__main__":
    main()
