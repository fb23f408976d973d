"""The pictures of labelling, made anew from the pages as they are, in both languages: docs/pictures/labelling-*.png for the
labellers' guide, labelling.png, which the README shows, from the demo.

    python benchmarks/ui/pictures.py                         all of them; half a minute
    python benchmarks/ui/pictures.py --only spans,chat --out /tmp/look

Nothing is measured here. Each picture is work that is really done in headless Chromium, by keys and mouse, on a server of its
own: a step that no longer leads where it led stops the script. The server's pages must be built. What is shown is ours: two
templates, and a sentence, a street and a sound made below. Look at the pictures before they are committed.
"""

import argparse
import base64
import io
import json
import math
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from parts.world import Server, serving  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
LOCALES = {"ar": "ar-SA", "en": "en-GB"}
WIDTH = 1100
MOST_BYTES = 120_000
DEMO = {"en": "Bank questions", "ar": "مشاعر التغريدات"}
NAMES = {"ar": "سارة", "en": "Sara"}
SENTENCE = "عيّنت شركة IBM ليلى حداد مديرةً لفرعها بالقاهرة في 15 مارس 2024، وسلّمت لكريم ناصر فرع الرياض (KSA)."
SPAN_WORDS = {
    "ar": {
        "name": "أسماء وعلاقات", "title": "حدّد الأسماء ثم اربط بينها.", "labels": ["شخص", "منظمة", "مكان", "تاريخ"],
        "relations": ["تعمل لدى", "يعمل في"],
        "guideline": "- الاسم كاملًا وحده، بلا لقب.\n- حروف الجر والعطف الملتصقة خارج الاسم: في «لمحمد» نحدّد **محمد**.\n"
                     "- اربط ما **يقوله** النص لا ما تعرفه.",
    },
    "en": {
        "name": "Names and relations", "title": "Mark the names, then relate them.",
        "labels": ["person", "organisation", "place", "date"], "relations": ["works for", "works in"],
        "guideline": "- The whole name and nothing but the name.\n"
                     "- Attached prepositions stay outside: in «لمحمد» mark **محمد**.\n"
                     "- Relate what the text **says**, not what you know.",
    },
}  # fmt: skip
BOX_WORDS = {
    "ar": {"name": "شارع", "title": "ارسم مستطيلًا حول كل سيارة وكل شخص وكل لافتة.", "labels": ["سيارة", "شخص", "لافتة"],
           "place": "شارع السوق", "guideline": "مستطيل محكم حول **كل** شيء. المحجوب بعضه: ارسم الظاهر منه."},
    "en": {"name": "Street", "title": "Draw a box round every car, person and sign.", "labels": ["car", "person", "sign"],
           "place": "Market street", "guideline": "A tight box round **every** thing. Partly hidden: draw what is seen."},
}  # fmt: skip
SOUND_WORDS = {
    "ar": {"name": "مكالمات", "title": "من يقول ماذا؟", "labels": ["الموظف", "المتصل"], "place": "مكالمة 12",
           "guideline": "مقطع جديد عند كل تغيّر للمتكلم. اكتب ما قيل **كما قيل**.",
           "said": ["مساء الخير، معك خدمة العملاء", "بغيت بغيت أسأل عن الفاتورة", "تفضلي، ما رقم الطلب؟"]},
    "en": {"name": "Calls", "title": "Who says what?", "labels": ["agent", "caller"], "place": "Call 12",
           "guideline": "A new segment whenever the speaker changes. Write what is said **as it is said**.",
           "said": ["Good evening, customer service", "I I wanted to ask about the bill", "Of course, what is the number?"]},
}  # fmt: skip
# What speaks when, in seconds: the segments are drawn over it.
SPEECH = ((0.5, 3.2), (3.8, 6.9), (7.5, 9.8))
SECONDS = 11
# Left, top, right, bottom in the street of 720 × 405, and which label it gets.
THINGS = ((70, 248, 262, 344, 0), (452, 240, 652, 342, 0), (330, 196, 372, 330, 1), (590, 92, 634, 236, 2))
STREET = """<body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="720" height="405" viewBox="0 0 720 405">
<rect width="720" height="405" fill="#d7e6ee"/><rect y="110" width="120" height="200" fill="#d9b48f"/>
<rect x="120" y="70" width="160" height="240" fill="#e6d3b3"/>
<rect x="280" y="130" width="150" height="180" fill="#c98f74"/>
<rect x="430" y="90" width="140" height="220" fill="#dcc7a5"/>
<rect x="570" y="140" width="150" height="170" fill="#b9a58e"/><g fill="#8fa9b8">
<path d="M20 140h30v40H20zM70 140h30v40H70zM140 100h36v46h-36zM200 100h36v46h-36zM140 170h36v46h-36zM200 170h36v46h-36z"/>
<path d="M300 160h36v40h-36zM370 160h36v40h-36zM450 120h40v44h-40zM510 120h40v44h-40zM450 180h40v44h-40zM510 180h40v44h-40z"/>
</g><rect y="300" width="720" height="105" fill="#6d7074"/>
<path d="M0 362h720" stroke="#e8e6df" stroke-width="5" stroke-dasharray="44 30"/><g>
<path d="M74 300q6-30 36-34l22-16h72l30 28q24 4 26 24v26H74z" fill="#b8443a"/>
<path d="M136 258h30v20h-46zM172 258h30l22 20h-52z" fill="#cfe3ee"/><circle cx="114" cy="326" r="17" fill="#26282b"/>
<circle cx="222" cy="326" r="17" fill="#26282b"/></g><g>
<path d="M456 298q2-30 34-34l26-22h78l32 30q22 6 24 26v28H456z" fill="#3a6ea5"/>
<path d="M524 250h34v22h-56zM564 250h28l22 22h-50z" fill="#cfe3ee"/><circle cx="500" cy="324" r="17" fill="#26282b"/>
<circle cx="606" cy="324" r="17" fill="#26282b"/></g><g><circle cx="351" cy="211" r="13" fill="#8a5a3b"/>
<path d="M335 228h32l4 54h-40z" fill="#3f7d4e"/><path d="M337 282h12l-2 46h-10zM353 282h12v46h-10z" fill="#2d3440"/>
</g><g><path d="M609 130h6v104h-6z" fill="#55585c"/><circle cx="612" cy="114" r="20" fill="#c0392b"/>
<path d="M598 110h28v8h-28z" fill="#fff"/></g></svg></body>"""
# The rectangle of a quote in the text, in px of the window.
QUOTE = """quote => {
  const walk = document.createTreeWalker(document.querySelector('[data-testid=task-text]'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const at = node.data.indexOf(quote);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + quote.length);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return [left, right, (top + bottom) / 2];
  }
  throw new Error('not in the text: ' + quote);
}"""


def sound() -> str:
    """A few seconds that look like two people who speak in turn, as a data: URI."""
    rate, chance, samples = 8_000, random.Random(3), []
    loud = 0.0
    for i in range(rate * SECONDS):
        if i % 900 == 0:
            loud = chance.uniform(0.15, 1.0)
        speaks = any(start <= i / rate < end for start, end in SPEECH)
        swing = abs(math.sin(i / 900 * math.pi))
        samples.append(int(26_000 * loud * swing * chance.uniform(-1, 1)) if speaks else chance.randint(-250, 250))
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return "data:audio/wav;base64," + base64.b64encode(held.getvalue()).decode()


def street(browser: Any) -> str:
    """The street as a picture, drawn by the browser."""
    page = browser.new_page(viewport={"width": 720, "height": 405})
    page.set_content(STREET)
    shot = page.screenshot()
    page.close()
    return "data:image/png;base64," + base64.b64encode(shot).decode()


@dataclass(frozen=True)
class Desk:
    """One labeller's page in one language, and what it takes to make projects for it."""

    server: Server
    browser: Any
    page: Any
    language: str

    def project(self, name: str, questions: Any, rows: list[dict[str, Any]], **more: Any) -> None:
        """Makes a project and opens its first task."""
        body = {"key": f"{name} {self.language}", "name": name, "questions": questions, **more}
        project = self.server.call("POST", "/projects", body)["project"]["id"]
        self.server.call("POST", f"/projects/{project}/tasks", {"key": body["key"], "rows": rows})
        self.page.goto(f"http://127.0.0.1:{self.server.port}/label/{project}")
        self.page.wait_for_selector("[data-testid=task]", timeout=20_000)
        self.page.wait_for_load_state("networkidle")

    def template(self, name: str) -> None:
        """A project of a template, on its own rows."""
        from tawsim.loop.template_files import read_template

        made = read_template(name, "ar" if self.language == "ar" else "en")
        plan = made.plan
        more = {"content": list(plan.content), "guideline": plan.guideline, "text_column": plan.text_column}
        self.project(plan.name, list(plan.questions), [dict(row) for row in made.rows], **more)

    def press(self, *keys: str) -> None:
        """One key after the other, as hands do."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(40)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one place of the window to another."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=6)
        self.page.mouse.up()

    def mark(self, first: str, last: str) -> None:
        """Drags over the text from the middle of the word `first` to that of the word `last`, which takes both whole."""
        self.drag(self.middle(first), self.middle(last))

    def middle(self, quote: str) -> tuple[float, float]:
        """The middle of a word, a little before the line between two letters."""
        left, right, height = self.page.evaluate(QUOTE, quote)
        return (left + right) / 2 - 3, height

    def touch(self, quote: str) -> None:
        """A press on the middle of a word."""
        self.page.mouse.click(*self.middle(quote))


def spans(desk: Desk) -> None:
    words = SPAN_WORDS[desk.language]
    person, organisation, place, _ = words["labels"]
    relations = [{"label": words["relations"][0], "from": [person], "to": [organisation]},
                 {"label": words["relations"][1], "from": [person], "to": [place]}]  # fmt: skip
    question = {
        "kind": "spans",
        "name": "names",
        "title": words["title"],
        "labels": words["labels"],
        "relations": relations,
    }
    desk.project(str(words["name"]), [question], [{"text": SENTENCE}] * 3, guideline=words["guideline"])
    for first, last, label in (("شركة", "IBM", 2), ("ليلى", "حداد", 1), ("15", "2024", 4), ("الرياض", "الرياض", 3)):
        desk.mark(first, last)
        desk.press(str(label), "Escape")
    desk.mark("لكريم", "ناصر")
    desk.press("Shift+Minus", "1", "Escape")  # without its preposition
    desk.touch("حداد")
    desk.press("r")
    desk.touch("IBM")
    desk.press("Enter", "Escape")
    desk.touch("بالقاهرة")
    desk.press("Shift+Minus", "3")
    desk.page.wait_for_selector("[data-testid=span-bar] >> text=القاهرة")


def keys(desk: Desk) -> None:
    spans(desk)
    desk.press("?")
    desk.page.wait_for_selector("[data-testid=key-sheet]")


def pairwise(desk: Desk) -> None:
    desk.template("preference")
    # Which one lies on the left is drawn by chance: the better one is looked for.
    right = {"ar": "يبعثر", "en": "bounces"}[desk.language]
    is_first = right in desk.page.get_by_test_id("candidate").first.inner_text()
    desk.press("2" if is_first else "6", "[")  # and back to the question, which shows its keys
    desk.page.wait_for_selector("[data-testid=point].on kbd")


def chat(desk: Desk) -> None:
    desk.template("chat_rating")
    desk.press("g", "1", "ArrowDown", "3", "e")
    desk.page.wait_for_selector("[data-rewrite]:focus")
    better = {
        "ar": "طلبك في مستودع جدة، ويصلك **غدًا قبل الظهر**.",
        "en": "Your parcel is in Leeds and comes **tomorrow before noon**.",
    }
    desk.press("Control+a")
    desk.page.keyboard.insert_text(better[desk.language])


def boxes(desk: Desk) -> None:
    words = BOX_WORDS[desk.language]
    question = {"kind": "boxes", "name": "things", "title": words["title"], "labels": words["labels"], "on": "image"}
    row = {"image": street(desk.browser), "place": words["place"]}
    desk.project(str(words["name"]), [question], [row] * 3, guideline=words["guideline"], text_column="place",
                 content=[{"kind": "image", "column": "image"}])  # fmt: skip
    desk.page.wait_for_selector("[data-testid=regions][data-ready=true]")
    seen = desk.page.locator("[data-testid=regions] img").bounding_box()
    scale = seen["width"] / 720
    for left, top, right, bottom, label in THINGS:
        desk.press("Escape", str(label + 1))
        start, end = ((seen["x"] + x * scale, seen["y"] + y * scale) for x, y in ((left, top), (right, bottom)))
        desk.drag(start, end)
    desk.page.wait_for_selector(f"[data-testid=regions][data-count='{len(THINGS)}']")


def transcription(desk: Desk) -> None:
    words = SOUND_WORDS[desk.language]
    question = {"kind": "segments", "name": "said", "title": words["title"], "labels": words["labels"], "on": "audio"}
    row = {"audio": sound(), "place": words["place"]}
    desk.project(str(words["name"]), [question], [row] * 3, guideline=words["guideline"], text_column="place",
                 content=[{"kind": "audio", "column": "audio"}])  # fmt: skip
    desk.page.wait_for_selector("[data-testid=segments][data-ready=true][data-outline=done]")
    wave_form = desk.page.locator("[data-testid=segments] canvas").first.bounding_box()
    for place, (start, end) in enumerate(SPEECH):
        desk.press("Escape", str(place % 2 + 1))
        across = [(wave_form["x"] + wave_form["width"] * at / SECONDS, wave_form["y"] + 40) for at in (start, end)]
        desk.drag(across[0], across[1])
        desk.press("t")
        desk.page.keyboard.insert_text(words["said"][place])
        desk.press("Escape")
    desk.page.wait_for_selector(f"[data-testid=segments][data-count='{len(SPEECH)}']")


# Each picture, and how high its window is.
PICTURES: dict[str, tuple[Callable[[Desk], None], int]] = {
    "spans": (spans, 660), "pairwise": (pairwise, 640), "boxes": (boxes, 890), "chat": (chat, 900),
    "transcription": (transcription, 720), "keys": (keys, 820),
}  # fmt: skip


def take(server: Server, browser: Any, name: str, language: str, out: Path) -> Path:
    """Does the work of one picture as a new labeller, and takes it. Raises if the file is too large for a page."""
    work, height = PICTURES[name]
    who = {"key": f"{name} {language}", "name": NAMES[language]}
    link = server.call("POST", "/workers", who)["link"]
    look = {"locale": LOCALES[language], "color_scheme": "light", "viewport": {"width": WIDTH, "height": height}}
    page = browser.new_context(**look).new_page()
    page.goto(link)
    page.wait_for_url(f"http://127.0.0.1:{server.port}/", timeout=20_000)
    work(Desk(server, browser, page, language))
    page.mouse.move(WIDTH - 2, height - 2)
    page.wait_for_timeout(200)
    path = out / f"labelling-{name}{'.ar' if language == 'ar' else ''}.png"
    sheet = page.locator("dialog[open]")
    (sheet if sheet.count() else page).screenshot(path=path)  # what lies behind an open sheet says nothing
    page.context.close()
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}")
    return path


def take_demo(browser: Any, out: Path) -> None:
    """What a labeller of the demo sees first: its first English and its first Arabic project, with one answer given."""
    command = [sys.executable, "-m", "tawsim.cli", "demo", "--no-browser", "--json", "--port", "7399"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        cookies = None
        for language, project in DEMO.items():
            size = {"width": WIDTH, "height": 700 if language == "en" else 510}
            context = browser.new_context(locale=LOCALES[language], color_scheme="light", viewport=size)
            page = context.new_page()
            if cookies is None:
                page.goto(next(iter(told["links"].values())))
                page.wait_for_url("**/")
                cookies = context.cookies()
            context.add_cookies(cookies)
            page.goto("http://127.0.0.1:7399/")
            page.wait_for_selector("main h1, main h2")
            ids = page.evaluate(
                "() => fetch('/api/v1/projects').then(r => r.json()).then(r => r.projects.map(p => p.project))"
            )
            found = next(one["id"] for one in ids if one["name"] == project)
            page.goto(f"http://127.0.0.1:7399/label/{found}")
            page.wait_for_selector("[data-testid=task]")
            page.keyboard.press("2")
            page.wait_for_selector("[data-mine='1']")
            page.wait_for_selector("[data-testid=saved-state][data-state=saved]")
            page.mouse.move(WIDTH - 2, 500)
            page.wait_for_timeout(700)  # what says that it was sent goes by itself
            path = out / f"labelling{'.ar' if language == 'ar' else ''}.png"
            page.screenshot(path=path)
            print(f"{path.name}: {path.stat().st_size:,} bytes")
            context.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def main() -> None:
    from playwright.sync_api import sync_playwright

    from tawsim.workspaces.workspace import open_workspace

    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--only", default=",".join([*PICTURES, "demo"]), help="which pictures, with commas between")
    told.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="the folder they are written to")
    asked = told.parse_args()
    chromium = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("no Chromium here: no picture was made")
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "archive.tawsim"
        open_workspace(file, create=True, owner="Noor").close()
        with serving(file) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
            wanted = asked.only.split(",")
            if "demo" in wanted:
                wanted.remove("demo")
                take_demo(browser, asked.out)
            for name in wanted:
                for language in LOCALES:
                    path = take(server, browser, name, language, asked.out)
                    print(f"{path.name}: {path.stat().st_size:,} bytes")
            browser.close()


if __name__ == "__main__":
    main()
