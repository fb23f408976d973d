"""A project from beginning to end by eight people in eight browsers, and the pictures of it for the guide of leads.

    python benchmarks/ui/team_day.py                          both days; some minutes
    python benchmarks/ui/team_day.py --languages en --out /tmp/look --narrow

An owner invites; a manager gives tasks known answers and turns the training round on; four labellers (two in Arabic, two in
English) are taught, qualify, and label with known answers mixed in; a reviewer accepts, fixes and rejects, once by mistake;
the author objects, and a third person judges blind; somebody decides where answers differ; the lead looks at everything,
and the log is checked. One day is played in English and one in Arabic, on texts of that language.

What those who answer, review and judge do stands in team_answers.py; who they are and what they say in team_world.py.

Everything is done on the pages by keys and mouse, in headless Chromium on a server of its own, but for what has no page: the
project is made with its settings, and most known answers, by the same requests as a program's. A step that does not lead
where it should stops the script. Nothing is measured here. Three pictures show the demo, whose people have worked for days.
Look at the pictures before they are committed.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "ui"))

from pictures import BROWSERS, DEMO, LOCALES, QUIET, WIDTH  # noqa: E402
from team_answers import decide, dispute, label, qualify, review  # noqa: E402
from team_world import (  # noqa: E402
    EXAMPLES,
    GOLD,
    LEAST,
    OVERLAP,
    PASS_AT,
    WAIT_MS,
    WORDS,
    WORK,
    Day,
    Person,
    served,
)  # fmt: skip

DATA = ROOT / "src" / "tawsim" / "loop" / "demo_data"
SKILLED_TASKS = 3


# ---- the team --------------------------------------------------------------------------------------------------------
def invite(day: Day, owner: Person) -> list[Person]:
    """Everybody by the dialog of the team's page; each opens their link in a browser of their own."""
    words = day.words
    wanted = [
        (words["manager"], "manager", day.language),
        *((one, "reviewer", day.language) for one in words["reviewers"]),
    ]
    wanted += [(name, "labeller", language) for name, language in words["labellers"]]
    owner.page.goto(f"{day.base}/team")
    owner.see("team")
    people = []
    for place, (name, role, language) in enumerate(wanted):
        owner.press("i")
        owner.see("team-name").fill(name)
        owner.see("team-role").select_option(role)
        owner.see("team-languages").fill("ar, en")
        owner.press("Enter")
        link = owner.see("team-link").input_value()
        if place == 3:
            day.look(owner, "link")
        owner.see("team-done").click()
        people.append(day.enter(name, role, language, link))
    for one in people[3:6]:
        owner.page.locator(f'[data-testid="member"][data-name="{one.name}"]').get_by_test_id("member-open").click()
        owner.see("person-skills").fill(words["skill"])
        owner.see("person-save").click()
        owner.see("person-saved")
        owner.press("Escape")
    owner.page.reload()
    owner.see("member")
    day.picture(owner, "team", 560)
    return people


def set_password(day: Day, who: Person) -> None:
    """A password in place of links, out and in again."""
    who.page.goto(f"{day.base}/account")
    who.see("password-open").click()
    who.see("password-new").fill("three صحيح words")
    who.press("Enter")
    who.see("password-done")
    who.see("me").click()
    who.see("sign-out").click()
    who.see("sign-in-name").fill(who.name)
    who.see("sign-in-password").fill("three صحيح words")
    who.press("Enter")
    who.see("account")


def make_project(day: Day, manager: Person) -> None:
    """The project with the settings of a team, and its rows, by the requests of a program."""
    words = day.words
    with (DATA / words["data"]).open(encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if 12 <= len(row["text"]) <= 90]
    rows = found[: EXAMPLES + GOLD + WORK]
    day.true = {row["text"]: row["expected"] for row in rows}
    day.labels = words["labels"]
    assert len(day.true) == len(rows), "two rows have one text"
    day.skilled = {row["text"] for row in rows[-SKILLED_TASKS:]}
    sent = [{"text": one["text"], "skill": words["skill"] if one["text"] in day.skilled else ""} for one in rows]
    question = {"kind": "choice", "name": "label", "title": words["title"], "labels": day.labels}
    settings = {
        "routing": {"skill": "skill"}, "review": {"choose": "random", "share": 0.4, "reasons": words["reasons"]},
        "pay": {"per_hour": 9.0, "per_answer": 0.02, "currency": "USD"},
    }  # fmt: skip
    made = manager.api("POST", "/projects", {
        "key": "day", "name": words["name"], "questions": [question], "guideline": words["guideline"], "overlap": OVERLAP,
        "max_leases": 2, "content": [{"kind": "text", "column": "text"}], "settings": settings,
    })  # fmt: skip
    day.project = made["project"]["id"]
    manager.api("POST", f"/projects/{day.project}/tasks", {"key": "rows", "rows": sent})


def look_at_settings(day: Day, manager: Person) -> None:
    """The form of the team's settings, changed and saved."""
    manager.page.goto(f"{day.base}/projects/{day.project}")
    manager.see("team-settings").click()
    manager.see("quota-day").fill("300")
    manager.see("same-alef").check()
    day.picture(manager, "settings", 900, dialog=True)
    manager.see("team-settings-save").click()
    manager.page.get_by_test_id("team-settings-dialog").wait_for(state="detached")
    kept = manager.api("GET", f"/projects/{day.project}")["project"]["settings"]
    assert (kept["quota"]["per_day"], kept["same"]["alef"]) == (300, True), kept


def make_known(day: Day, manager: Person) -> None:
    """The first known answer by hand, the others by requests; then the form that turns both on."""
    tasks = manager.api("GET", f"/projects/{day.project}/tasks?limit=100")["tasks"]
    for task in tasks[1 : EXAMPLES + GOLD]:
        purpose = "training" if task["seq"] <= EXAMPLES else "gold"
        known = {"answers": {"label": day.true[task["content"]["text"]]}, "explanation": day.words["why"]}
        manager.api("PUT", f"/tasks/{task['id']}/known", {**known, "purpose": purpose})
    day.go(manager, "gold")
    manager.see("gold-number").fill("1")
    manager.see("gold-open").click()
    editor = manager.see("known-editor")
    editor.get_by_text(day.true[tasks[0]["content"]["text"]], exact=True).click()
    manager.see("purpose-training").check()
    manager.see("known-why").fill(day.words["why"])
    day.picture(manager, "known", 860, dialog=True)
    manager.see("known-save").click()
    editor.wait_for(state="detached")
    form = manager.see("rate-form")
    manager.see("gold-on").check()
    manager.see("training-on").check()
    manager.see("training-examples").fill(str(EXAMPLES))
    numbers = form.locator("fieldset").nth(1).locator("input[type=number]")
    for place, value in ((1, PASS_AT * 100), (3, GOLD), (2, LEAST)):
        numbers.nth(place).fill(f"{value:g}")
    manager.see("rate-save").click()
    manager.until(
        "the form to be saved", "() => document.querySelector('[data-testid=rate-form] [role=status]')?.textContent"
    )


# ---- the lead --------------------------------------------------------------------------------------------------------
def accept_many(day: Day, manager: Person) -> None:
    """What the truth is sure of, at once, and all of it back."""
    day.go(manager, "review")
    manager.see("bulk").locator("summary").click()
    manager.see("bulk-threshold").select_option("0.9")
    manager.see("bulk-preview").click()
    found = manager.see("bulk-found")
    day.look(manager, "bulk_accept")
    if int(found.get_attribute("data-answers") or 0) == 0:
        print("  nothing to accept at once", flush=True)
        return
    manager.see("bulk-accept").click()
    manager.see("bulk-undo").click()
    manager.until("the undoing", "() => document.querySelector('[data-testid=bulk-done][data-state=undone]')")


def look_at_all(day: Day, owner: Person, manager: Person, labeller: Person) -> None:
    """Quality, progress, one person's page, a task's history, the log: whole, and with the right figures."""
    day.go(manager, "quality")
    manager.see("headline")
    day.look(manager, "quality")
    day.go(manager, "progress")
    manager.see("forecast")
    day.look(manager, "progress")
    day.go(manager, "gold")
    manager.see("known-row")
    day.look(manager, "gold")
    manager.page.get_by_test_id("stages").locator("a").first.click()
    manager.see("same-page")
    day.look(manager, "person")
    day.go(manager, "tasks", "?q=" + "reviewed:rejected")
    manager.see("row").first.click()
    manager.page.keyboard.press("Enter")
    manager.see("task-detail")
    seq = manager.page.get_by_test_id("row").first.get_attribute("data-seq")
    day.go(manager, "tasks", f"/{seq}")
    manager.see("history")
    day.picture(manager, "history", 900)
    owner.page.goto(f"{day.base}/log")
    owner.see("verify").click()
    owner.until("the log to be sound", "() => document.querySelector('[data-testid=checked].good')")
    day.picture(owner, "log", 560)
    for part in ("webhooks", "mail"):
        owner.page.goto(f"{day.base}/log?show={part}")
        owner.see("log-page")
        day.look(owner, f"log_{part}")
    labeller.page.goto(f"{day.base}/team")
    labeller.see("no-page")
    for page in ("tasks", "quality", "progress", "gold", "review", "decide", "disputes", "truth"):
        day.go(labeller, page)
        labeller.until(f"{page} to be no page for labellers", "() => document.querySelector('[data-testid=no-page]')")


def end(day: Day, manager: Person, labellers: Sequence[Person]) -> None:
    """What must hold of the whole day."""
    tasks = manager.api("GET", f"/projects/{day.project}/tasks?limit=100")["tasks"]
    over = [one["seq"] for one in tasks if one.get("accepted", 0) > OVERLAP and one.get("purpose", "work") == "work"]
    assert not over, f"tasks over their overlap: {over}"
    overview = manager.api("GET", f"/projects/{day.project}")["progress"]
    assert overview["tasks"] == WORK, overview
    known = manager.api("GET", f"/projects/{day.project}/gold?limit=50")["tasks"]
    met = sum(one["n"] for one in known if one["purpose"] == "gold")
    print(f"  {overview['done']} of {WORK} tasks done; known answers were met {met} times;", end=" ")
    print("; ".join(f"{one.name} answered {one.n}" for one in labellers), flush=True)
    if met <= LEAST * len(labellers):
        raise SystemExit("no known answer was mixed into the work")
    if day.problems:
        raise SystemExit("scripts failed: " + "; ".join(day.problems))


def play(browser: Any, language: str, out: Path, narrow: bool) -> None:
    """One day."""
    from tawsim.workspaces.workspace import open_workspace

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "archive.tawsim"
        open_workspace(file, create=True, owner=WORDS[language]["owner"]).close()
        with served("up", str(file)) as (base, link):
            day = Day(language, browser, base, out, narrow)
            owner = day.enter(day.words["owner"], "owner", language, link)
            manager, reviewer, judge, *labellers = invite(day, owner)
            set_password(day, labellers[1])
            make_project(day, manager)
            look_at_settings(day, manager)
            make_known(day, manager)
            qualify(day, manager, labellers)
            label(day, labellers)
            mistaken = review(day, reviewer, labellers[3])
            dispute(day, labellers, judge, mistaken)
            decide(day, judge)
            accept_many(day, manager)
            look_at_all(day, owner, manager, labellers[0])
            end(day, manager, labellers)
            for context in list(browser.contexts):
                context.close()
        checked = subprocess.run(
            [sys.executable, "-m", "tawsim.cli", "audit", "verify", "--workspace", str(file)], check=False
        )
        if checked.returncode != 0:
            raise SystemExit("the log is not sound")


def demo(browser: Any, languages: Sequence[str], out: Path, narrow: bool) -> None:
    """The pages that need days of work, on the demo's project with a team."""
    with served("demo") as (base, link):
        cookies: Any = None
        for language in languages:
            day = Day(language, browser, base, out, narrow)
            context = browser.new_context(
                locale=LOCALES[language], color_scheme="light", viewport={"width": WIDTH, "height": 760}
            )
            context.set_default_timeout(WAIT_MS)
            lead = Person("You", "owner", language, context.new_page())
            if cookies is None:
                lead.page.goto(link)
                lead.see("home")
                cookies = context.cookies()
            context.add_cookies(cookies)
            lead.page.goto(f"{base}/")
            lead.see("home")
            found = lead.api("GET", "/projects")["projects"]
            day.project = next(one["project"]["id"] for one in found if one["project"]["name"] == DEMO[language])
            lead_pages(day, lead)
            context.close()


def lead_pages(day: Day, lead: Person) -> None:
    """Quality, the task table with an action on many, progress."""
    day.go(lead, "quality")
    lead.see("headline")
    day.picture(lead, "quality", 430, at="section:has(> [data-testid=helps])")
    day.go(lead, "progress")
    lead.see("forecast")
    day.picture(lead, "progress", 760)
    day.go(lead, "tasks", "?q=disagree:yes+sort:p")
    lead.until("rows that are in doubt", "() => document.querySelector('[data-testid=row]')")
    lead.page.get_by_test_id("rows").focus()
    lead.press("x", *["Shift+ArrowDown"] * 4)
    lead.see("bulk-bar")
    day.picture(lead, "tasks", 660)
    lead.press("b")
    lead.see("action-tag").fill(day.words["tag"])
    lead.until("what it would change", "() => document.querySelector('[data-testid=preview]')?.dataset.change === '5'")
    day.picture(lead, "bulk", 620, dialog=True)
    lead.see("do-it").click()
    lead.until("the action to end", "() => document.querySelector('[data-testid=job][data-state=done]')")
    lead.see("undo-job").click()
    lead.until("its undoing", "() => !document.querySelector('[data-testid=undo-job]')")


def main() -> None:
    from playwright.sync_api import sync_playwright

    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--languages", default="en,ar", help="which days, with a comma between")
    told.add_argument("--only", choices=("day", "demo"), help="only the day, or only the pictures of the demo")
    told.add_argument("--narrow", action="store_true", help="also look at each page at 390 and 1280 px, whole")
    told.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="the folder of the pictures")
    asked = told.parse_args()
    chromium = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("no Chromium here: nobody worked")
    asked.out.mkdir(parents=True, exist_ok=True)
    languages = asked.languages.split(",")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        if asked.only != "demo":
            for language in languages:
                play(browser, language, asked.out, asked.narrow)
        if asked.only != "day":
            demo(browser, languages, asked.out, asked.narrow)
        browser.close()


if __name__ == "__main__":
    main()
