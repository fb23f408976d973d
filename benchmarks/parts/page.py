"""Section `page`: what the labelling page weighs, and how long a key press takes to bring the next task on the screen."""

import gzip
import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

from parts.figures import quantile
from parts.options import Options
from parts.world import Server, Worlds, call, serving

STATIC = Path(__file__).parents[2] / "src" / "tawsim" / "server" / "static"
NAMED = re.compile(r"""["'](?:\./|/?assets/)([\w.-]+\.(?:js|css))["']""")
STATIC_IMPORT = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
PRESSES = 100
BETWEEN_MS = 250  # a fast reader; without a pause one would measure how soon the prefetched tasks run out
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAINTED = """() => new Promise(done => {
  const seq = () => document.querySelector('[data-testid=task]')?.dataset.seq;
  const before = seq();
  addEventListener('keydown', event => {
    const began = event.timeStamp;
    const look = () => seq() !== before && seq() !== undefined
      ? (() => { const c = new MessageChannel();  // this frame paints it; the message comes after the painting
          c.port1.onmessage = () => done(performance.now() - began); c.port2.postMessage(0); })()
      : requestAnimationFrame(look);
    look();
  }, {once: true, capture: true});
})"""


def run(_options: Options, worlds: Worlds) -> dict[str, Any]:
    """Sizes always; the waits where Playwright and a Chromium are there."""
    found: dict[str, Any] = {"files": sizes()}
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None or importlib.util.find_spec("playwright") is None:
        found["browser"] = "no Chromium here: key presses were not measured"
        return found
    with serving(worlds.of(1_000)) as server:
        found["browser"] = _press_keys(server, browser)
    return found


def sizes() -> dict[str, Any]:
    """kB (1000 bytes) of script and style behind /label, gzipped at level 9 as they are sent, and of fonts as they are.

    The entry's own assets, the chunk named Label and all that it imports, and style sheets that go with it.
    """
    assets = STATIC / "assets"
    if not (STATIC / "index.html").exists():
        return {"missing": "the web pages were not built"}
    wanted = set(NAMED.findall((STATIC / "index.html").read_text()))
    wanted |= {path.name for path in assets.glob("Label-*.[jc]s*")}
    while True:
        scripts = [assets / name for name in wanted if name.endswith(".js")]
        more = {name for script in scripts for name in STATIC_IMPORT.findall(script.read_text())}
        if more <= wanted:
            break
        wanted |= more
    packed = {name: len(gzip.compress((assets / name).read_bytes(), 9, mtime=0)) for name in sorted(wanted)}
    return {
        "js_kb": round(sum(size for name, size in packed.items() if name.endswith(".js")) / 1000, 1),
        "css_kb": round(sum(size for name, size in packed.items() if name.endswith(".css")) / 1000, 1),
        "js_css_kb": round(sum(packed.values()) / 1000, 1),
        "all_fonts_kb": round(sum(path.stat().st_size for path in assets.glob("*.woff2")) / 1000, 1),
        "each": packed,
    }


def _press_keys(server: Server, browser: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    project = server.project()
    body = {"key": "a reader", "name": "reader"}
    link = call(server.port, "POST", "/workers", body, server.token)["link"]
    sent: list[int] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(link)
        page.wait_for_url(f"http://127.0.0.1:{server.port}/", timeout=20_000)
        page.on("requestfinished", lambda request: sent.append(_bytes_of(request)))
        page.goto(f"http://127.0.0.1:{server.port}/label/{project}")
        page.wait_for_selector("[data-testid=task]", timeout=20_000)
        page.wait_for_load_state("networkidle")
        loaded = sum(sent)
        waits = [_one_press(page, "123"[number % 3]) for number in range(PRESSES)]
        chromium.close()
    return {
        "presses": len(waits),
        "painted_ms": {f"p{p}": round(quantile(waits, p / 100), 1) for p in (50, 95, 99)},
        "from_memory_and_network_kb": round(loaded / 1000, 1),
    }


def _one_press(page: Any, key: str) -> float:
    """ms from the key event to the first frame after the next task stands in the document."""
    waiting = page.evaluate_handle(f"() => {{ window.painted = ({PAINTED})(); }}")
    waiting.dispose()
    page.keyboard.press(key)
    waited = float(page.evaluate("() => window.painted"))
    page.wait_for_timeout(BETWEEN_MS)
    return waited


def _bytes_of(request: Any) -> int:
    """Head and body of the answer, as they came over the wire."""
    sizes = request.sizes()
    return int(sizes["responseBodySize"]) + int(sizes["responseHeadersSize"])
