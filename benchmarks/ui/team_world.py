"""Who takes part in a played day and what they say: the words of both languages, a person with a browser, a server for the
time of a day, and taking pictures. How large a day is stands here too; what is done in it, in team_day.py and team_answers.py.
"""

import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pictures import LOCALES, MOST_BYTES, WIDTH

WAIT_MS = 60_000
EXAMPLES, GOLD, WORK, OVERLAP = 2, 14, 16, 3
PASS_AT, LEAST = 0.7, 10
SHOT = Path(tempfile.gettempdir()) / "team_day_failed.png"
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "data": "bank_intents.csv", "name": "Bank questions", "title": "What does the customer want?",
        "guideline": "Choose what the customer wants **done**, not what they are angry about.\n\n"
                     "“card arrival”: a card that was sent and has not come.\n"
                     "“lost or stolen card”: a card that the customer had and has no more.",
        "owner": "Noor", "manager": "Huda", "reviewers": ["Grace", "Peter"],
        "labellers": [("Maya", "en"), ("ليلى", "ar"), ("Sam", "en"), ("عمر", "ar")],
        "labels": ["card arrival", "lost or stolen card", "exchange rate", "top up failed", "change pin", "terminate account"],
        "skill": "fraud", "why": "The guideline: what they want **done** counts.",
        "reasons": ["against the guideline", "not read to the end", "wrong key"],
        "mistake": "I take it for another one.", "says": "They ask for just that; see the guideline.",
        "verdict": "The guideline names this case.", "tag": "to discuss",
    },
    "ar": {
        "data": "arabic_sentiment.csv", "name": "مشاعر التغريدات", "title": "ما شعور كاتب هذه التغريدة؟",
        "guideline": "اختر «إيجابي» إن كان الكاتب راضيًا أو متفائلًا أو مادحًا، و«سلبي» إن كان شاكيًا أو حزينًا أو منتقدًا.\n\n"
                     "احكم على **شعور الكاتب** لا على رأيك في الموضوع.",
        "owner": "نور", "manager": "هدى", "reviewers": ["نورة", "كريم"],
        "labellers": [("ليلى", "ar"), ("Maya", "en"), ("عمر", "ar"), ("Sam", "en")],
        "labels": ["إيجابي", "سلبي"], "skill": "لهجات", "why": "الدليل: نحكم على **شعور الكاتب** لا على الموضوع.",
        "reasons": ["خالف الدليل", "لم يقرأ النص كاملًا", "زر خاطئ"],
        "mistake": "الأقرب عندي هو الشعور الآخر.", "says": "قرأت النص مرتين، وإجابتي توافق ما في الدليل.",
        "verdict": "الدليل يذكر هذه الحال.", "tag": "للنقاش",
    },
}  # fmt: skip


@dataclass(slots=True)
class Person:
    """Somebody with a browser of their own. `answers`: text → label, of the work; `n` counts all answers."""

    name: str
    role: str
    language: str
    page: Any
    answers: dict[str, str] = field(default_factory=dict)
    n: int = 0

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A JSON request of this person's own page."""
        told = self.page.evaluate(
            """async ([method, path, body]) => {
                 const headers = { 'content-type': 'application/json', 'tawsim-client': 'web' };
                 const sent = body === null ? undefined : JSON.stringify(body);
                 const answer = await fetch('/api/v1' + path, { method, headers, body: sent });
                 return { ok: answer.ok, status: answer.status, text: await answer.text() };
               }""",
            [method, path, body],
        )
        if not told["ok"]:
            raise SystemExit(f"{self.name}: {method} {path} → {told['status']} {told['text'][:500]}")
        return json.loads(told["text"] or "null")

    def see(self, test: str) -> Any:
        """What carries this test id, once it is there."""
        found = self.page.get_by_test_id(test)
        found.first.wait_for(timeout=WAIT_MS)
        return found

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(40)

    def until(self, what: str, script: str, argument: Any = None) -> None:
        """Wait until a script of the page is true; says what was waited for."""
        try:
            self.page.wait_for_function(script, arg=argument, timeout=WAIT_MS)
        except Exception as caught:
            self.page.screenshot(path=SHOT)
            raise SystemExit(f"{self.name} waited in vain: {what} ({self.page.url}); see {SHOT}") from caught


@contextmanager
def served(*words: str) -> Iterator[tuple[str, str]]:
    """`tawsim WORDS` for as long as the block runs: its address, and its owner's link."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tawsim.cli", *words, "--no-browser", "--json", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(iter(json.loads(process.stdout.readline())["links"].values()))
        yield link.split("/enter")[0], link
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@dataclass(slots=True)
class Day:
    """One project on one server, its people, and where pictures go."""

    language: str
    browser: Any
    base: str
    out: Path
    narrow: bool
    project: str = ""
    true: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    skilled: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> dict[str, Any]:
        return WORDS[self.language]

    def enter(self, name: str, role: str, language: str, link: str) -> Person:
        """A new browser that opens somebody's link."""
        size = {"width": WIDTH, "height": 760}
        context = self.browser.new_context(locale=LOCALES[language], color_scheme="light", viewport=size)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"{name}: {error}"))
        page.goto(link)
        page.get_by_test_id("home").wait_for()
        return Person(name, role, language, page)

    def go(self, who: Person, page: str, thing: str = "") -> None:
        who.page.goto(f"{self.base}/{page}/{self.project}{thing}")

    def picture(self, who: Person, name: str, height: int, *, dialog: bool = False, at: str = "") -> None:
        """What somebody sees now, or what begins at an element."""
        who.page.set_viewport_size({"width": WIDTH, "height": height})
        who.page.mouse.move(WIDTH - 2, height - 2)
        if at:
            who.page.evaluate("at => document.querySelector(at).scrollIntoView()", at)
        who.page.wait_for_timeout(500)
        path = self.out / f"leads-{name}{'.ar' if self.language == 'ar' else ''}.png"
        (who.page.locator("dialog[open]") if dialog else who.page).screenshot(path=path)
        print(f"{path.name}: {path.stat().st_size:,} bytes", flush=True)
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path.name} has more than {MOST_BYTES:,} bytes")
        self.look(who, name)

    def look(self, who: Person, name: str) -> None:
        """The same narrow and whole, where somebody asked; and whether it is too wide for its window."""
        if not self.narrow:
            return
        who.page.set_viewport_size({"width": 390, "height": 844})
        who.page.wait_for_timeout(300)
        if who.page.evaluate("document.documentElement.scrollWidth") > 390:
            print(f"  {name}: too wide for 390 px in {who.language}", flush=True)
        who.page.screenshot(path=self.out / f"narrow-{name}-{self.language}.png", full_page=True)
        who.page.set_viewport_size({"width": 1280, "height": 900})
        who.page.wait_for_timeout(300)
        who.page.screenshot(path=self.out / f"wide-{name}-{self.language}.png", full_page=True)
