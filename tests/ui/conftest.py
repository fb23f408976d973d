"""A real server in a process of its own, and a real Chromium. Every page is opened in both directions."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.ui.kept_contexts import Contexts, give_port, take_port
from tests.ui.warm_starter import Forked, warm_starter

from tawsim.core.records import Worker
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop.exporting import export
from tawsim.loop.overview import projects_overview
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, add_worker, get_worker, open_workspace

# The shell is the same engine without what a person has around it (profiles, extensions, spare processes): a third less work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
# Without these, Chromium asks its maker's hosts at every start, which a closed machine refuses slowly. Sound goes to a
# device that keeps time by itself: where a machine has none, playing has been seen to stand still for ever.
QUIET = [
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic", "--disable-audio-output",
]  # fmt: skip
expect.set_options(timeout=15_000)  # two busy cores may take their time; nothing here measures it
LANGUAGES = {"ar": "rtl", "en": "ltr"}
ROWS = [
    ("الخدمة ممتازة والموظف Omar متعاون جدًا", "a"),
    ("وصل الطلب متأخرًا 15 مارس 2024 ولم يعتذر أحد (KSA)", "b"),
    ("The parcel came early and in one piece", "c"),
    ("<img src=x onerror=\"document.title='owned'\"><b>bold</b>", "d"),
    ("سعر 3,500 ريال؟ غالٍ 😀 but worth it", "e"),
    ("Refund took three weeks", "f"),
    ("لا بأس", "g"),
    ("never again", "h"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/ui" in str(item.path):
            item.add_marker(pytest.mark.ui)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="no Chromium: apt-get install chromium"))


@dataclass
class Server:
    """`tawsim up` on one workspace file. Links are made and answers read beside it, as the terminal would."""

    file: Path
    port: int = 0
    process: Forked | None = None
    first_link: str = ""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        opened = open_workspace(self.file)
        try:
            yield opened
        finally:
            opened.close()

    def start(self) -> None:
        if not self.port:  # of its own: other servers of this machine may want the usual one at the same moment
            self.port = take_port()
        words = ["up", str(self.file), "--no-browser", "--json", "--port", str(self.port)]
        self.process, line = warm_starter().start(words)
        self.first_link = next(iter(json.loads(line)["links"].values()))
        self.port = int(self.first_link.split("/enter")[0].rsplit(":", 1)[1])

    def invite(self, name: str) -> str:
        with self.workspace() as place:
            worker = place.db.write(lambda tx: add_worker(tx, place.owner_id, name, name))
            books = accounts.open_accounts(self.file.parent)
            secret = books.write(lambda tx: accounts.issue(tx, "invite", Identity(place.id, worker.id)))
            books.close()
        return f"{self.base}/enter#{secret}"

    def projects(self) -> list[dict[str, Any]]:
        with self.workspace() as place, place.db.read() as tx:
            owner = get_worker(tx, place.owner_id)
            return projects_overview(place.db, owner)

    def answers(self) -> list[dict[str, Any]]:
        """Every accepted answer: task, worker and label, by task."""
        with self.workspace() as place:
            project = projects_overview(place.db, Worker(place.owner_id, "", "person", "labeller", True, 0))[0]
            return list(export(place.db, project["project"]["id"], "votes")[1])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.returncode != -signal.SIGKILL:
            assert self.process.poll() is None, f"the server ended by itself with {self.process.returncode}"
            self.process.terminate()
            self.process.wait(timeout=20)
        give_port(self.port)
        self.process = None


@pytest.fixture
def server(tmp_path: Path, empty_file: Path) -> Iterator[Server]:
    """A workspace with one project of eight tasks in Arabic, English and hostile HTML, labels إيجابي / سلبي / mixed."""
    question = {"kind": "choice", "name": "label", "labels": ["إيجابي", "سلبي", "mixed"]}
    new = NewProject("مراجعات", [question], overlap=2)
    shutil.copy(empty_file, tmp_path / "reviews.tawsim")
    place = open_workspace(tmp_path / "reviews.tawsim", create=True, owner="Noor")
    project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
    rows = numbered([{"id": ref, "text": text} for text, ref in ROWS])
    add_tasks(place.db, project, rows, actor_id=place.owner_id, source="rows", digest="rows")
    place.close()
    started = Server(tmp_path / "reviews.tawsim")
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "CI needs Chromium"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root])
        yield found
        found.close()


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def contexts(browser: Browser) -> Contexts:
    """All that this browser has."""
    return Contexts(browser)


def new_context(browser: Browser, language: str, **more: Any) -> BrowserContext:
    """A browser that nobody has used, as far as a page can tell. Close it, and the next test has it."""
    locale = "ar-SA" if language == "ar" else "en-GB"
    context = contexts(browser).lend(
        locale=locale, viewport=more.pop("viewport", {"width": 1280, "height": 800}), **more
    )
    context.set_default_timeout(15_000)
    return context


WALK = """path => {
  const link = document.createElement('a');
  link.href = path;
  document.body.append(link);
  link.click();
  link.remove();
}"""


def walk(page: Page, path: str) -> None:
    """To another page of ours as by a link on this one: nothing is loaded anew. Wait for what only the other has."""
    page.evaluate(WALK, path)


@pytest.fixture
def context(browser: Browser, language: str) -> Iterator[BrowserContext]:
    made = new_context(browser, language)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test if a script fails or the content policy is broken."""
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    yield opened
    assert problems == []
