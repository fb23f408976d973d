"""Sections `import` and `export`: rows in and out over HTTP and through the functions, alone and while people label."""

import http.client
import json
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parts import processes
from parts.annotators import Profile, label
from parts.figures import median_of
from parts.options import Options
from parts.texts import LABELS
from parts.world import CHILD_WITHIN_S, Server, Worlds, child, serving

FORMATS = ("csv", "jsonl", "parquet")
LABELLERS = 8
BASE_TASKS = 20_000
BLOCK = 1 << 16


def run_imports(options: Options, worlds: Worlds) -> dict[str, Any]:
    """Each size by `import_file` and by upload; then an upload while people label."""
    sizes = [size for size in options.sizes if size >= 100_000] or [max(options.sizes)]
    found: dict[str, Any] = {"file": [], "upload": []}
    for size in sizes:
        times = options.repeat if size <= 100_000 else 1
        alone = []
        for _ in range(times):
            path, result = worlds.fresh(size)
            worlds.made.setdefault(size, path)
            alone.append(_speed(result["rows"], result["seconds"], result["peak_mb"]))
        found["file"].append(median_of(alone))
        found["upload"].append(median_of([_upload(worlds, size) for _ in range(times)]))
    found["while_labelling"] = _while_labelling(options, worlds, min(sizes))
    return found


def _speed(count: int, seconds: float, peak_mb: float) -> dict[str, Any]:
    return {"rows": count, "s": round(seconds, 2), "rows_per_s": round(count / seconds), "peak_mb": round(peak_mb)}


def _upload(worlds: Worlds, size: int) -> dict[str, Any]:
    path, _ = worlds.fresh(1)
    with serving(path) as server:
        project = _project(server)
        before = processes.memory_mb(server.pid)
        processes.forget_peak(server.pid)
        seconds, count = upload(server, project, worlds.rows(size))
        peak = processes.memory_mb(server.pid, "VmHWM")
    return {**_speed(count, seconds, peak), "grew_mb": round(peak - before)}


def _project(server: Server) -> str:
    name = f"uploads {uuid.uuid4().hex[:8]}"
    question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
    made = server.call("POST", "/projects", {"key": name, "name": name, "questions": [question]})
    return str(made["project"]["id"])


def _while_labelling(options: Options, worlds: Worlds, size: int) -> dict[str, Any]:
    """Eight people label; halfway a file is uploaded into the same project. Their figures before and meanwhile."""
    path, _ = worlds.fresh(BASE_TASKS)
    with serving(path) as server:
        project = server.project()
        before, _ = label(server, project, Profile(LABELLERS, options.seconds))
        done: list[tuple[float, int]] = []
        thread = threading.Thread(target=lambda: done.append(upload(server, project, worlds.rows(size))))
        thread.start()
        rounds = []
        while thread.is_alive():
            rounds.append(label(server, project, Profile(LABELLERS, 3.0))[0])
        thread.join()
    seconds, count = done[0]
    return {"before": before, "meanwhile": median_of(rounds), "import": {"rows": count, "s": round(seconds, 2)}}


def upload(server: Server, project: str, path: Path, *, more: str = "") -> tuple[float, int]:
    """Send the file as the raw body, with `more` of the query. Seconds, and rows added."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CHILD_WITHIN_S)
    began = time.perf_counter()
    with path.open("rb") as file:
        headers = {"authorization": f"Bearer {server.token}", "content-length": str(path.stat().st_size)}
        connection.request("POST", f"/api/v1/projects/{project}/imports?filename={path.name}{more}", file, headers)
        answer = connection.getresponse()
        body = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"upload: {answer.status} {body[:300]!r}")
    return seconds, int(json.loads(body)["added"])


@dataclass(frozen=True, slots=True)
class Download:
    """An export as it arrived: seconds to the first byte and to the last."""

    body: bytes
    first_s: float
    seconds: float
    size: int


def download(server: Server, project: str, format: str, *, kind: str = "labels", keep: bool = True) -> Download:
    """Fetch an export; the bytes are kept only if asked, so that a large one does not fill this process."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CHILD_WITHIN_S)
    began = time.perf_counter()
    path = f"/api/v1/projects/{project}/export?format={format}&kind={kind}"
    connection.request("GET", path, headers={"authorization": f"Bearer {server.token}"})
    answer = connection.getresponse()
    first, size, parts = 0.0, 0, []
    while block := answer.read1(BLOCK):
        first = first or time.perf_counter() - began
        size += len(block)
        if keep:
            parts.append(block)
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"export: {answer.status} {b''.join(parts)[:300]!r}")
    return Download(b"".join(parts), first, seconds, size)


def run_exports(options: Options, worlds: Worlds) -> list[dict[str, Any]]:
    """Each size and format, the first one with the truth still to be inferred. At most 100,000 tasks are answered."""
    found = []
    for size in (size for size in options.sizes if size >= 100_000 or size == max(options.sizes)):
        path, _ = worlds.fresh(size)
        answered = min(100_000, size)
        child("answer", str(path), "4", str(answered // 4))
        for format in FORMATS:
            runs = [_export(path, format) for _ in range(options.repeat if size <= 100_000 else 1)]
            found.append({"tasks": size, "answered": answered, "format": format, **median_of(runs)})
    return found


def _export(path: Path, format: str) -> dict[str, Any]:
    """From a server that has just started, so that nothing is remembered; then once more."""
    with serving(path) as server:
        project = server.project()
        before = processes.memory_mb(server.pid)
        processes.forget_peak(server.pid)
        cold = download(server, project, format, keep=False)
        grew = processes.memory_mb(server.pid, "VmHWM") - before
        warm = download(server, project, format, keep=False)
    return {
        "first_byte_s": round(cold.first_s, 3), "s": round(cold.seconds, 2), "again_s": round(warm.seconds, 2),
        "mb": round(cold.size / 1e6, 1), "grew_mb": round(grew),
    }  # fmt: skip
