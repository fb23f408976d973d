"""The labelling screen in a real browser, for every kind of question: how long keys take, and whether memory stays flat.

    python benchmarks/screen.py                      all; some 15 minutes
    python benchmarks/screen.py --only kinds --rounds 20
    python benchmarks/screen.py --only memory --answers 10000

What is measured, in headless Chromium over the loopback: `kinds`, for each kind the time from a key event to the frame that
shows what it did, and from the last key of an answer to the next task; `ready`, from the address to the first task, with an
empty cache and again; `memory`, the page's heap after collection while thousands of answers are given; `tree`, whether
three letters of a label's last part bring it among the nine that digits pick, of 5,000, and what each key takes.
Writes docs/log/DATE-screen.json and .md. A quiet machine matters: the report says how busy it was.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from parts import machine  # noqa: E402
from parts.figures import quantile  # noqa: E402
from parts.kinds import SCRIPTS, Script  # noqa: E402
from parts.world import Server, call, serving  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
BETWEEN_MS = 120
# Resolves at the first frame after the event was handled: what it changed is painted then.
KEY_PAINTED = """() => { window.painted = new Promise(done => addEventListener('keydown', event => {
  const began = event.timeStamp;
  requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = () => done(performance.now() - began); c.port2.postMessage(0); });
}, {once: true, capture: true})); }"""
TASK_PAINTED = """() => { window.painted = new Promise(done => {
  const seq = () => document.querySelector('[data-testid=task]')?.dataset.seq;
  const before = seq();
  addEventListener('keydown', event => {
    const began = event.timeStamp;
    const look = () => seq() !== before && seq() !== undefined
      ? (() => { const c = new MessageChannel();
          c.port1.onmessage = () => done(performance.now() - began); c.port2.postMessage(0); })()
      : requestAnimationFrame(look);
    look();
  }, {once: true, capture: true});
}); }"""
# One answer after the other, as fast as tasks come: it waits until its task has gone, and presses again where nothing came.
ANSWER = """async () => {
  const seq = () => document.querySelector('[data-testid=task]')?.dataset.seq;
  const before = seq();
  const press = () => document.body.dispatchEvent(
    new KeyboardEvent('keydown', {code: 'Digit1', key: '1', bubbles: true, cancelable: true}));
  press();
  for (let n = 1; seq() === before && n < 4000; n++) {
    await new Promise(done => setTimeout(done, 5));
    if (n % 200 === 0) press();
  }
}"""


@contextmanager
def browsing() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("no Chromium here: nothing was measured")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def signed_in(browser: Any, server: Server, name: str) -> Any:
    """A page of a new labeller, in English; the address bar is at home."""
    link = call(server.port, "POST", "/workers", {"key": name, "name": name}, server.token)["link"]
    page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}).new_page()
    page.goto(link)
    page.wait_for_url(f"http://127.0.0.1:{server.port}/", timeout=20_000)
    return page


def project_of(server: Server, script: Script, count: int) -> str:
    """A project of that kind with so many tasks."""
    body = {"key": script.name, "name": script.name, "questions": [script.question], "content": script.content,
            "text_column": script.text_column, "max_leases": 5}  # fmt: skip
    project: str = server.call("POST", "/projects", body)["project"]["id"]
    rows = [script.row(number) for number in range(count)]
    server.call("POST", f"/projects/{project}/tasks", {"key": script.name, "rows": rows})
    return project


def press(page: Any, key: str, watch: str) -> float:
    """ms from the key event to the frame that shows what it did."""
    page.evaluate(watch)
    page.keyboard.press(key)
    waited = float(page.evaluate("() => window.painted"))
    page.wait_for_timeout(BETWEEN_MS)
    return waited


def measure_kinds(server: Server, browser: Any, told: argparse.Namespace) -> dict[str, Any]:
    """p50 and p95 for each kind: of keys within a task, and of the last one until the next task is on the screen."""
    found: dict[str, Any] = {}
    for script in SCRIPTS:
        if told.kinds and script.name not in told.kinds.split(","):
            continue
        project = project_of(server, script, told.rounds + 3)
        page = signed_in(browser, server, f"reader of {script.name}")
        page.goto(f"http://127.0.0.1:{server.port}/label/{project}")
        page.wait_for_selector("[data-testid=task]", timeout=20_000)
        page.wait_for_load_state("networkidle")
        keys: list[float] = []
        nexts: list[float] = []
        for turn in range(told.rounds + 1):
            if script.ready:
                page.wait_for_selector(script.ready, timeout=20_000)
            waits = [press(page, key, KEY_PAINTED) for key in script.keys]
            last = press(page, script.last, TASK_PAINTED)
            if turn:  # the first one loads and compiles what the others use
                keys += waits
                nexts.append(last)
        page.context.close()
        found[script.name] = {"keys": _quantiles(keys), "next": _quantiles(nexts), "rounds": told.rounds}
        print(script.name, found[script.name], file=sys.stderr, flush=True)
    return found


def _quantiles(waits: list[float]) -> dict[str, float] | None:
    return {f"p{p}": round(quantile(waits, p / 100), 1) for p in (50, 95)} if waits else None


def measure_ready(server: Server, browser: Any, told: argparse.Namespace) -> dict[str, Any]:
    """s from the address to the first task: with nothing in the cache, and again."""
    project = project_of(server, SCRIPTS[0].named("ready"), 400)
    first: list[float] = []
    again: list[float] = []
    for number in range(told.visits):
        page = signed_in(browser, server, f"visitor {number}")
        state = page.context.storage_state()
        page.context.close()
        # A context of its own has an empty cache; the session alone is brought along.
        fresh = browser.new_context(storage_state=state, locale="en-GB").new_page()
        first.append(_visit(fresh, server, project))
        again += [_visit(fresh, server, project) for _ in range(3)]
        fresh.context.close()
    return {"first_s": _seconds(first), "again_s": _seconds(again)}


def _visit(page: Any, server: Server, project: str) -> float:
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{server.port}/label/{project}", wait_until="commit")
    page.wait_for_selector("[data-testid=task]", timeout=20_000)
    took = time.perf_counter() - began
    page.goto("about:blank")
    return took


def _seconds(values: list[float]) -> dict[str, float]:
    return {"p50": round(quantile(values, 0.5), 3), "max": round(max(values), 3), "n": len(values)}


def measure_memory(server: Server, browser: Any, told: argparse.Namespace) -> dict[str, Any]:
    """The page's heap (MB, after collection) and nodes while answers are given without a pause."""
    project = project_of(server, SCRIPTS[0].named("memory"), told.answers + 10)
    page = signed_in(browser, server, "who never rests")
    page.goto(f"http://127.0.0.1:{server.port}/label/{project}")
    page.wait_for_selector("[data-testid=task]", timeout=20_000)
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    marks = [round(told.answers * share) for share in (0.1, 0.25, 0.5, 0.75, 1.0)]
    heap = []
    began = time.perf_counter()
    for number in range(1, told.answers + 1):
        page.evaluate(ANSWER)
        if number in marks:
            tools.send("HeapProfiler.collectGarbage")
            facts = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
            heap.append({"answers": number, "heap_mb": round(facts["JSHeapUsedSize"] / 1e6, 2), "nodes": int(facts["Nodes"]),
                         "listeners": int(facts["JSEventListeners"])})  # fmt: skip
            print(heap[-1], file=sys.stderr, flush=True)
    page.context.close()
    return {"heap": heap, "seconds": round(time.perf_counter() - began, 1)}


def measure_tree(server: Server, browser: Any, told: argparse.Namespace) -> dict[str, Any]:
    """Each of some labels among 5,000: typed characters until it is the first found, and ms until it is shown."""
    from parts.kinds import TREE, tree_queries

    project = project_of(server, TREE, 5)
    page = signed_in(browser, server, "who searches")
    page.goto(f"http://127.0.0.1:{server.port}/label/{project}")
    page.wait_for_selector("[data-testid=task]", timeout=20_000)
    page.keyboard.press("/")
    waits: list[float] = []
    within = 0
    queries = tree_queries(told.rounds)
    for label, query in queries:
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        waits += [press(page, typed, KEY_PAINTED) for typed in query[:3]]
        page.wait_for_selector("[data-testid=found-row]", timeout=20_000)
        rows = page.get_by_test_id("found-row").all()[:9]
        within += any(label.rsplit("/", 1)[-1] in row.inner_text() for row in rows)
    page.context.close()
    return {"labels": len(TREE.question["labels"]), "searched": len(queries), "among_nine_after_3": within,
            "key_ms": _quantiles(waits)}  # fmt: skip


SECTIONS: dict[str, Callable[[Server, Any, argparse.Namespace], dict[str, Any]]] = {
    "kinds": measure_kinds,
    "ready": measure_ready,
    "tree": measure_tree,
    "memory": measure_memory,
}


def markdown(found: dict[str, Any]) -> str:
    """The report."""
    lines = [
        "# The labelling screen",
        "",
        f"Measured {found['machine']['at']}, load {os.getloadavg()[0]:.1f} at the end.",
        "",
    ]
    kinds = found.get("kinds", {})
    if kinds:
        lines += ["| kind | key → paint p50 / p95, ms | last key → next task p50 / p95, ms |", "| --- | --- | --- |"]
        for name, one in kinds.items():
            cells = [f"{x['p50']} / {x['p95']}" if x else "–" for x in (one["keys"], one["next"])]
            lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
        lines += ["", "Goals: 50 and 100 ms at p95.", ""]
    for name in ("ready", "tree", "memory"):
        if name in found:
            lines += [f"## {name}", "", "```json", json.dumps(found[name], ensure_ascii=False, indent=1), "```", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--only", default=",".join(SECTIONS))
    ask.add_argument("--kinds", default="", help="of these kinds only, with commas between")
    ask.add_argument("--rounds", type=int, default=30)
    ask.add_argument("--visits", type=int, default=5)
    ask.add_argument("--answers", type=int, default=10_000)
    ask.add_argument("--log", default=str(ROOT / "docs" / "log"), help="folder of the report; empty: print only")
    told = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="tawsim-screen-") as name:
        from tawsim.workspaces.workspace import open_workspace

        path = Path(name) / "screen.tawsim"
        open_workspace(path, create=True).close()
        found: dict[str, Any] = {"machine": machine.facts(Path(name))}
        with serving(path) as server, browsing() as browser:
            for section in told.only.split(","):
                found[section] = SECTIONS[section](server, browser, told)
    text = markdown(found)
    print(text)
    if told.log:
        base = Path(told.log) / f"{found['machine']['at'][:10]}-screen"
        base.with_suffix(".json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        base.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
