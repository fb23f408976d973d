"""What those who answer do in a played day: labellers who are taught, qualify and work, a reviewer, a third person who judges a
dispute, somebody who decides. Setting up, what a lead looks at, and what must hold at the end stand in team_day.py.
"""

from collections.abc import Sequence

from pictures import LOCALES
from team_world import EXAMPLES, GOLD, LEAST, WORK, Day, Person

REVIEWS = 14


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
