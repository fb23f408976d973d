"""Spans on a long text in headless Chromium: how soon it is painted, and how long one more span takes from key to paint.

    python benchmarks/ui/spans.py                     300,000 characters with 3,000 spans
    python benchmarks/ui/spans.py --chars 5000 --spans 50 --repeat 3

Prints JSON. The text is Arabic and Latin mixed, with digits and emoji, in paragraphs of some 60 words; `--one-paragraph` leaves
out the line breaks. The server's pages must be built. Times are in ms from the key event to after the painting of its frame;
a frame alone is up to 17 ms. Run it on a quiet machine: `load` says how quiet it was.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

PHRASES = """
أعلنت شركة OpenAI عن عقد بقيمة 3,500 ريال مع بنك الرياض يوم 15 مارس 2024 في مدينة جدة
the contract was signed in London by عمر المختار وكتابه الجديد 😀 والسلام شَرِكَةٌ
"""
WORDS = PHRASES.split()
LABELS = ["شخص", "منظمة", "مكان", "date"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# After the next frame was painted: the message comes when the frame's work is over.
AFTER_PAINT = """new Promise(done => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(0);
}))"""
NEXT_KEY = f"""() => {{ window.painted = new Promise(done => {{
  const begin = event => {{
    if (['Shift', 'Control'].includes(event.key)) return;
    removeEventListener('keydown', begin, true);
    {AFTER_PAINT}.then(at => done(at - event.timeStamp));
  }};
  addEventListener('keydown', begin, true);
}}); }}"""
FIRST = f"""() => new Promise(done => {{
  const look = () => document.querySelector('.overlay .tag')
    ? {AFTER_PAINT}.then(at => done(at - performance.getEntriesByName('clicked')[0].startTime)) : requestAnimationFrame(look);
  document.querySelector('[data-testid=start]').addEventListener('click', () => performance.mark('clicked'));
  document.querySelector('[data-testid=start]').click();
  look();
}})"""


def made(chars: int, spans: int, one_paragraph: bool) -> tuple[str, dict[str, Any]]:
    """A text of that many code points, and an answer with that many spans of one to three words, evenly spread."""
    draw = random.Random(7)
    words: list[tuple[int, str]] = []
    pieces: list[str] = []
    at = 0
    while at < chars:
        word = draw.choice(WORDS)
        words.append((at, word))
        pieces.append(word + ("\n" if len(words) % 60 == 0 and not one_paragraph else " "))
        at += len(word) + 1
    text = "".join(pieces)
    step = len(words) / spans
    found = []
    for i in range(spans):
        first = int(i * step)
        last, word = words[min(len(words) - 1, first + draw.randint(0, 2))]
        start, end = words[first][0], last + len(word)
        found.append({"start": start, "end": end, "label": draw.choice(LABELS), "text": text[start:end]})
    return text, {"spans": sorted(found, key=lambda one: (one["start"], one["end"], one["label"])), "relations": []}


def measure(chars: int, spans: int, repeat: int, one_paragraph: bool) -> dict[str, Any]:
    """Opens a task with that text and those spans on it, and adds `repeat` spans by keyboard. Times in ms."""
    from playwright.sync_api import Route, sync_playwright

    from parts.world import serving
    from tawsim.intake.adding import add_tasks, numbered
    from tawsim.labelling.projects import NewProject, create_project
    from tawsim.workspaces.workspace import open_workspace

    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("no Chromium here")
    text, answer = made(chars, spans, one_paragraph)

    def with_spans(route: Route) -> None:
        """The spans come with the task, as an answer given before."""
        reply = route.fetch()
        body = reply.json()
        for one in body.get("leases", []):
            one["previous"] = {"answers": {"ents": answer}}
        route.fulfill(response=reply, json=body)

    with tempfile.TemporaryDirectory(prefix="tawsim-bench-") as folder:
        file = Path(folder) / "spans.tawsim"
        place = open_workspace(file, create=True, owner="bench")
        new = NewProject("spans", [{"kind": "spans", "name": "ents", "labels": LABELS}])
        project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
        add_tasks(place.db, project, numbered([{"text": text}]), actor_id=place.owner_id, source="b", digest="b")
        place.close()
        with serving(file) as server, sync_playwright() as playwright:
            link = server.call("POST", "/workers", {"key": "reader", "name": "reader"})["link"]
            chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
            page = chromium.new_context(locale="ar-SA", viewport={"width": 1280, "height": 800}).new_page()
            page.route("**/next", with_spans)
            page.goto(link)
            page.get_by_test_id("start").wait_for(timeout=60_000)
            found: dict[str, Any] = {"first_paint_ms": round(page.evaluate(FIRST), 1)}
            page.wait_for_timeout(3_000)
            times: dict[str, list[float]] = {"add_ms": [], "move_ms": [], "extend_ms": [], "undo_ms": []}
            for _ in range(repeat):
                steps = (
                    ("move_ms", "ArrowDown"),
                    ("extend_ms", "Shift+ArrowLeft"),
                    ("add_ms", "1"),
                    ("undo_ms", "Control+z"),
                )
                for name, key in steps:
                    page.evaluate(NEXT_KEY)
                    page.keyboard.press(key)
                    times[name].append(page.evaluate("window.painted"))
                    page.wait_for_timeout(150)
            chromium.close()
    for name, several in times.items():
        found[name] = {"median": round(statistics.median(several), 1), "worst": round(max(several), 1)}
    return found


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--chars", type=int, default=300_000)
    ask.add_argument("--spans", type=int, default=3_000)
    ask.add_argument("--repeat", type=int, default=15)
    ask.add_argument(
        "--one-paragraph", action="store_true", help="no line breaks at all: the hardest text for a browser"
    )
    told = ask.parse_args()
    before = os.getloadavg()[0]
    found = measure(told.chars, told.spans, told.repeat, told.one_paragraph)
    load = {"before": round(before, 2), "after": round(os.getloadavg()[0], 2)}
    print(json.dumps({**vars(told), **found, "load": load}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
