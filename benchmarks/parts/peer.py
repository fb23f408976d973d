"""Section `peer`: Label Studio and Tawsim in turn on the same machine, the same steps and numbers, and the ratios.

Label Studio runs from an environment of its own (`--label-studio VENV`), on the loopback, with its embedded database and
its own load script (`TAWSIM_BENCH_PEER`), which prints one line of JSON. The steps: accounts, project, import of rows in
one JSON body, every level of annotators, a first and a deep page of the list of tasks, export.
"""

import contextlib
import json
import os
import secrets
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from parts import processes
from parts.annotators import Profile, label
from parts.files import download
from parts.load import verify
from parts.options import Options
from parts.setting_up import free_port, wait_for_page
from parts.texts import rows
from parts.world import Server, Worlds, new_project, serving

PAGE_ROWS = 30
PAGE_TIMES = 5
LOAD_WITHIN_S = 3_600
QUIET = {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "False", "COLLECT_ANALYTICS": "False", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "False", "LABEL_STUDIO_LATEST_VERSION_CHECK": "False", "PYTHONUNBUFFERED": "1",
}  # fmt: skip


def run(options: Options, worlds: Worlds) -> dict[str, Any]:
    """Rounds of ours and theirs in turn; ratios of the medians."""
    if options.label_studio is None or options.peer_script is None:
        return {"skipped": "needs --label-studio VENV and the load script's path in TAWSIM_BENCH_PEER"}
    mine, theirs = [], []
    with label_studio(options.label_studio, options.folder / "label-studio") as (pid, port, token, first_page):
        for number in range(options.peer_rounds):
            mine.append(_ours(options, worlds, number))
            theirs.append(_theirs(options, pid, port, token))
    return {
        "tasks": options.peer_tasks, "seconds": options.seconds, "rounds": options.peer_rounds,
        "their_first_page_s": first_page, "ours": mine, "theirs": theirs, "ratios": ratios(mine, theirs),
    }  # fmt: skip


# ---- ours
def _ours(options: Options, worlds: Worlds, number: int) -> dict[str, Any]:
    """The steps once. Every level has a project of its own with the same rows, as one would be empty before the last."""
    path, _ = worlds.fresh(1)
    made = list(rows(options.peer_tasks))
    imports, levels, checks = [], [], []
    with serving(path) as server:
        server.people(max(options.levels))
        processes.forget_peak(server.pid)
        for people in options.levels:
            began = time.perf_counter()
            project = new_project(server, f"round {number}, {people} people", made)
            imports.append(time.perf_counter() - began)
            result, acknowledged = label(server, project, Profile(people, options.seconds))
            levels.append(result)
            checks.append(verify(server, project, acknowledged))
        deep = max(0, options.peer_tasks - PAGE_ROWS)
        pages = {"first_ms": _page_ms(server, project, 0), "deep_ms": _page_ms(server, project, deep)}
        fetched = download(server, project, "jsonl")
        return {
            "import_s": round(statistics.median(imports), 3), "levels": levels, "pages": pages,
            "check": {name: sum(one[name] for one in checks) for name in checks[0]},
            "export": {"first_byte_s": round(fetched.first_s, 3), "s": round(fetched.seconds, 3)},
            "peak_mb": round(processes.memory_mb(server.pid, "VmHWM")),
        }  # fmt: skip


def _page_ms(server: Server, project: str, after: int) -> float:
    waits = []
    for _ in range(PAGE_TIMES):
        began = time.perf_counter()
        server.call("GET", f"/projects/{project}/tasks?limit={PAGE_ROWS}&after={after}")
        waits.append(time.perf_counter() - began)
    return round(1000 * statistics.median(waits), 1)


# ---- theirs
@contextmanager
def label_studio(venv: Path, folder: Path) -> Iterator[tuple[int, int, str, float]]:
    """A new, empty Label Studio: its process, port, token, and the seconds to its first page, migrations included."""
    folder.mkdir(parents=True, exist_ok=True)
    port, token = free_port(), secrets.token_hex(20)
    command = [
        str(venv / "bin" / "label-studio"), "start", "-b", "--internal-host", "127.0.0.1", "-p", str(port),
        "--data-dir", str(folder), "--username", "bench@example.com", "--password", secrets.token_urlsafe(12),
        "--user-token", token, "--enable-legacy-api-token",
    ]  # fmt: skip
    with (folder / "server.log").open("a") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=os.environ | QUIET, cwd=folder)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                wait_for_page(f"http://127.0.0.1:{port}/user/login/", process, began)
            yield process.pid, port, token, round(time.perf_counter() - began, 1)
        finally:
            processes.stop(process)


def _theirs(options: Options, pid: int, port: int, token: str) -> dict[str, Any]:
    """One run of their load script."""
    assert options.label_studio is not None
    command = [
        str(options.label_studio / "bin" / "python"), str(options.peer_script), "--base-url", f"http://127.0.0.1:{port}",
        "--token", token, "--n-tasks", str(options.peer_tasks), "--concurrency", ",".join(map(str, options.levels)),
        "--duration", str(options.seconds), "--server-pid", str(pid),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=LOAD_WITHIN_S, cwd=options.folder
    )
    if done.returncode != 0:
        raise RuntimeError(f"the peer's load script failed:\n{done.stderr[-1500:]}")
    return cast(dict[str, Any], json.loads(done.stdout.splitlines()[-1]))


# ---- both
def ratios(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What both measured, as medians over the rounds, and how many times better ours is."""
    found = []
    for place, level in enumerate(mine[0]["levels"]):
        people = level["people"]
        ours, peers = [one["levels"][place] for one in mine], [one["annotate"][place] for one in theirs]
        found += [
            _row(f"annotations/s, {people} people", [o["per_s"] for o in ours],
                 [p["annotations_per_s"] for p in peers], more_is_better=True),
            _row(f"next p99 ms, {people} people", [o["next_ms"]["p99"] for o in ours], [_p99(p, "next") for p in peers]),
            _row(f"submit p99 ms, {people} people", [o["submit_ms"]["p99"] for o in ours],
                 [_p99(p, "submit") for p in peers]),
            _row(f"server CPU ms/annotation, {people} people", [o["server_cpu_ms"] for o in ours],
                 [p.get("server_cpu_ms_per_annotation", 0) for p in peers]),
        ]  # fmt: skip
    direct = [one["export_direct"] for one in theirs]
    found += [
        _row("import s", [one["import_s"] for one in mine], [one["import"]["wall_s"] for one in theirs]),
        _row("first page of tasks ms", [one["pages"]["first_ms"] for one in mine],
             [one["list"]["first_page"]["median_ms"] for one in theirs]),
        _row("deep page of tasks ms", [one["pages"]["deep_ms"] for one in mine],
             [one["list"]["deep_page"]["median_ms"] for one in theirs]),
        _row("export first byte s", [one["export"]["first_byte_s"] for one in mine], [d["first_byte_s"] for d in direct]),
        _row("export s", [one["export"]["s"] for one in mine], [d["wall_s"] for d in direct]),
        _row("server peak MB", [one["peak_mb"] for one in mine], [d["server_peak_rss_mb"] for d in direct]),
        _row("tasks with more answers than asked", [one["check"]["more_than_asked"] for one in mine],
             [d.get("tasks_with_more_annotations_than_asked", 0) for d in direct]),
    ]  # fmt: skip
    return found


def _p99(level: dict[str, Any], what: str) -> float:
    summary = level[f"{what}_ms"]
    return float(summary["p99"]) if summary else 0.0


def _row(what: str, ours: list[float], theirs: list[float], *, more_is_better: bool = False) -> dict[str, Any]:
    mine, peer = round(statistics.median(ours), 3), round(statistics.median(theirs), 3)
    better, worse = (mine, peer) if more_is_better else (peer, mine)
    return {
        "what": what, "ours": mine, "theirs": peer, "times": round(better / worse, 1) if better and worse else None,
        "ours_all": ours, "theirs_all": theirs,
    }  # fmt: skip
