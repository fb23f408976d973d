"""A project from beginning to end by eight people in eight browsers, and the pictures of it for the guide of leads.

    python benchmarks/ui/team_day.py                          both days; some minutes
    python benchmarks/ui/team_day.py --languages en --out /tmp/look --narrow

An owner invites; a manager gives tasks known answers and turns the training round on; four labellers (two in Arabic, two in
English) are taught, qualify, and label with known answers mixed in; a reviewer accepts, fixes and rejects, once by mistake;
the author objects, and a third person judges blind; somebody decides where answers differ; the lead looks at everything,
and the log is checked. One day is played in English and one in Arabic, on texts of that language.

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
from team_world import WAIT_MS, WORDS, Day, Person, served  # noqa: E402

DATA = ROOT / "src" / "tawsim" / "loop" / "demo_data"
EXAMPLES, GOLD, WORK, OVERLAP = 2, 14, 16, 3
PASS_AT, LEAST = 0.7, 10
REVIEWS = 14
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


# ---- labelling -------------------------------------------------------------------------------------------------------
READY = "document.querySelector('[data-testid=task],[data-testid=training-told],[data-testid=nothing-left]')"


def says(day: Day, who: Person, place: int, text: str, *, working: bool) -> str:
    """What this labeller answers. The first is always right, two err now and then, the last mostly: by count, not by chance."""
    right = day.true[text]
    other = next(one for one in day.labels if one != right)
    if place == 3:
        return right if who.n % 10 in (0, 4, 7) else other
    wrong = who.n % (9 - 2 * place) == 0 and place > 0 if working else (who.n, place) == (1, 2)
    return other if wrong else right


def answer(day: Day, who: Person, place: int, *, working: bool) -> bool:
    """One task by its key. False where there is none."""
    who.until("a task, or why there is none", f"() => {READY} && !document.querySelector('[data-reason=asking]')")
    if who.page.get_by_test_id("nothing-left").count():
        return False
    text = who.see("task-text").inner_text().strip()
    if text not in day.true:
        raise SystemExit(f"{who.name} sees what was not imported: {text[:80]}")
    if text in day.skilled and place == 3:
        raise SystemExit(f"{who.name} was given a task of a skill that they have not")
    who.n += 1
    label = says(day, who, place, text, working=working)
    before = who.see("task").get_attribute("data-task")
    who.press(str(day.labels.index(label) + 1))
    if working:
        who.answers[text] = label
    who.until(
        "the next task",
        "before => document.querySelector('[data-testid=training-told],[data-testid=nothing-left]') ||"
        " (document.querySelector('[data-testid=task]')?.dataset.task ?? before) !== before",
        before,
    )
    return True


def qualify(day: Day, manager: Person, labellers: Sequence[Person]) -> None:
    """Examples with their explanation, then known answers without, all four at once. The last does not pass and is let in."""
    for one in labellers:
        day.go(one, "label")
    for step in range(EXAMPLES):
        for place, one in enumerate(labellers):
            assert one.see("standing").get_attribute("data-stage") == "training", one.name
            answer(day, one, place, working=False)
            one.see("training-told")
            if (step, place) == (0, 2):  # wrong, and of the day's language
                day.picture(one, "training", 440)
            one.press("Enter")
    for _ in range(LEAST):
        for place, one in enumerate(labellers):
            if one.page.get_by_test_id("nothing-left").count():
                continue
            one.until("the qualification", f"() => {READY}")
            answer(day, one, place, working=False)
            if one.page.get_by_test_id("training-told").count():
                raise SystemExit(f"{one.name} was told the right answer to a task of the qualification")
    last = labellers[3]
    last.page.reload()
    while answer(day, last, 3, working=False):
        pass  # what was given out before the verdict
    last.until("to be turned away", "() => document.querySelector('[data-reason=turned-away]')")
    day.look(last, "turned_away")
    day.go(manager, "gold")
    manager.see("stage-row")
    row = manager.page.locator("[data-testid=stage-row][data-stage=not_qualified]")
    assert row.count() == 1, "one did not qualify"
    assert manager.page.locator("[data-testid=stage-row][data-stage=qualified]").count() == 3, "three qualified"
    day.picture(manager, "stages", 620, at=".two")
    row.get_by_test_id("admit").click()
    row.wait_for(state="detached")
    last.page.reload()
    last.see("task")


def label(day: Day, labellers: Sequence[Person]) -> None:
    """All of the work, in turn, until nobody has a task; known answers come unseen among it."""
    going = set(range(len(labellers)))
    for _ in range(4 * (WORK + GOLD)):
        if not going:
            break
        for place in sorted(going):
            if not answer(day, labellers[place], place, working=True):
                going.discard(place)
    if going:
        raise SystemExit("the work does not end")
    counts = labellers[0].api("GET", f"/projects/{day.project}/mine")
    assert counts["hours"]["active"] > 0, "hours were counted"


# ---- a second look ---------------------------------------------------------------------------------------------------
def review(day: Day, reviewer: Person, careless: Person) -> str:
    """Wrong answers are fixed and rejected, right ones accepted, one right one, of somebody careful, rejected by mistake: the
    text of its task."""
    day.go(reviewer, "review")
    done: set[str] = set()
    mistaken = ""
    for _ in range(REVIEWS):
        reviewer.until(
            "an answer", "() => document.querySelector('[data-testid=review-item],[data-testid=nothing-to-review]')"
        )
        if reviewer.page.get_by_test_id("nothing-to-review").count():
            break
        text = reviewer.see("task-text").inner_text().strip()
        given = reviewer.see("answer-of").inner_text()
        if any(name in reviewer.page.content() for name, _ in day.words["labellers"]):
            raise SystemExit("the reviewer reads who answered")
        right = day.true[text]
        before = reviewer.see("review-item").get_attribute("data-annotation")
        is_right = right in given
        if not is_right and "fix" not in done:
            day.picture(reviewer, "review", 430)
            verdict = "fix"
            reviewer.press("f")
            reviewer.see("fix-view")
            reviewer.press(str(day.labels.index(right) + 1))
        elif is_right and not mistaken and text not in careless.answers:
            verdict, mistaken = "reject", text
            reject(day, reviewer)
        elif not is_right and "reject" not in done:
            verdict = "reject"
            reject(day, reviewer)
        else:
            verdict = "accept" if is_right else "fix"
            reviewer.press("a" if is_right else "f")
            if not is_right:
                reviewer.see("fix-view")
                reviewer.press(str(day.labels.index(right) + 1))
        done.add(verdict)
        reviewer.until(
            f"the next answer after {verdict}",
            "before => document.querySelector('[data-testid=nothing-to-review]') ||"
            " (document.querySelector('[data-testid=review-item]')?.dataset.annotation ?? before) !== before",
            before,
        )
    if done != {"accept", "fix", "reject"} or not mistaken:
        raise SystemExit(f"only {done} in {REVIEWS} reviews, by mistake: {mistaken!r}")
    return mistaken


def reject(day: Day, reviewer: Person) -> None:
    reviewer.press("r")
    reviewer.see("reject-sheet")
    reviewer.press("1")
    reviewer.page.keyboard.insert_text(day.words["mistake"])
    reviewer.press("Control+Enter")


def dispute(day: Day, labellers: Sequence[Person], judge: Person, text: str) -> None:
    """The author of the answer objects on their own page; the third person judges; the author is told."""
    author = next(
        one
        for one in labellers
        for given in one.api("GET", f"/projects/{day.project}/mine/answers")["answers"]
        if given["became"] == "rejected" and one.answers.get(text) == given["answers"]["label"] == day.true[text]
    )
    shown = Person(author.name, author.role, day.language, author.page)
    if author.language != day.language:  # the same person at another desk
        context = day.browser.new_context(locale=LOCALES[day.language], color_scheme="light", storage_state={
            "cookies": author.page.context.cookies(), "origins": []})  # fmt: skip
        shown.page = context.new_page()
    shown.page.goto(f"{day.base}/")
    assert int(shown.see("bell").get_attribute("data-unseen")) >= 1, "the author is told"
    day.go(shown, "mine")
    shown.see("only-replied").click()
    shown.page.locator("[data-testid=own-answer]", has_text=text).get_by_role("button").first.click()
    shown.see("own-answer-open")
    day.picture(shown, "mine", 840, at="body")
    shown.press("x")
    shown.see("dispute-words")
    shown.page.keyboard.insert_text(day.words["says"])
    shown.press("Control+Enter")
    shown.see("own-dispute")
    day.go(judge, "disputes")
    judge.see("side")
    if author.name in judge.page.content() or day.words["reviewers"][0] in judge.page.content():
        raise SystemExit("the judge reads who they are")
    side = judge.page.locator("[data-testid=side][data-answers=true]").get_attribute("data-side")
    judge.press("1" if side == "a" else "2")
    judge.page.keyboard.insert_text(day.words["verdict"])
    day.picture(judge, "dispute", 830)
    judge.press("Control+Enter")
    judge.see("no-dispute")
    shown.page.goto(f"{day.base}/")
    shown.see("bell").click()
    kinds = [one.get_attribute("data-kind") for one in shown.see("notice").all()]
    assert kinds[0] == "dispute.overturned", kinds
    day.look(shown, "notices")


def decide(day: Day, who: Person) -> None:
    """The task most worth deciding, by the key of the right answer."""
    day.go(who, "decide")
    who.see("case")
    options = who.see("option")
    text = who.see("task-text").first.inner_text().strip()
    day.picture(who, "decide", 640)
    right = next((i for i, one in enumerate(options.all()) if day.true[text] in one.inner_text()), None)
    if right is None:
        raise SystemExit("none of the answers is the right one")
    who.press(str(right + 1))
    who.see("settled")
    who.see("truth-says")
    day.look(who, "decided")


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
