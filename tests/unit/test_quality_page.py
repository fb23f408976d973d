"""The quality page as JSON: its figures by hand, its limits, what follows an answer, what stands behind a figure."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from quality_world import DAY, START, QualityWorld, Said, quality_world

from tawsim.core.errors import BadInput, NotFound
from tawsim.kinds import KINDS, question_to_json
from tawsim.labelling import owners
from tawsim.labelling.projects import update_project
from tawsim.loop import quality
from tawsim.loop.quality import forget_quality, quality_page, quality_tasks
from tawsim.store.rows import to_json
from tawsim.truth.agreement import krippendorff_alpha
from tawsim.workspaces.workspace import Workspace

CHOICE = [{"kind": "choice", "name": "label", "labels": ["a", "b", "c"]}]


def page(world: QualityWorld, question: str | None = None) -> dict[str, Any]:
    return quality_page(world.db, world.project.id, question, wait_s=None)


def rows(n: int, **columns: Any) -> list[dict[str, Any]]:
    return [{"text": f"row {i}"} | {name: value(i) for name, value in columns.items()} for i in range(n)]


def by_letters(letters: list[str], **more: Any) -> list[Said]:
    """Task 1 is letters[0], one letter an answer."""
    return [Said(t, w, {"label": letter}, **more) for t, said in enumerate(letters, 1) for w, letter in enumerate(said)]


@pytest.fixture
def world(workspace: Workspace) -> QualityWorld:
    return quality_world(workspace, CHOICE, rows(6), 3, guideline="Say a for good.\nA b is never an a. ")


def test_a_small_project_by_hand(world: QualityWorld) -> None:
    world.say(by_letters(["aaa", "aab", "abb", "bbb", "cc", "a"]))
    found = page(world)
    assert (found["state"], found["computing"]) == ("ready", False)
    assert found["counts"] == {"answers": 15, "tasks": 6, "compared": 5, "people": 3, "sampled": None}
    counts = np.array([[3, 0, 0], [2, 1, 0], [1, 2, 0], [0, 3, 0], [0, 0, 2]])
    alpha = krippendorff_alpha(counts)
    first = found["agreement"][0]
    assert (first["measure"], first["metric"], first["tasks"]) == ("alpha", "nominal", 5)
    assert (first["value"], first["low"]) == (pytest.approx(alpha.alpha, abs=1e-4), pytest.approx(alpha.low, abs=1e-4))
    fleiss = found["agreement"][1]
    assert (fleiss["measure"], fleiss["each"], fleiss["tasks"]) == ("fleiss", 3, 4)
    assert found["agreement"][2]["measure"] == "likeness"
    assert found["agreement"][2]["value"] == pytest.approx((3 + 1 + 1 + 3 + 1) / 13, abs=1e-4)
    (mixed,) = found["mixed"]
    assert (mixed["a"], mixed["b"], mixed["pairs"], mixed["tasks"]) == ("a", "b", 4, 2)
    assert mixed["of_all"]["value"] == 1
    assert mixed["of_all"]["low"] < 0.5  # two tasks
    assert mixed["sentences"]["both"] == ["A b is never an a."]
    labels = {one["label"]: one["answers"] for one in found["labels"]}
    assert labels == {"a": 7, "b": 6, "c": 2}
    people = {one["worker"]: one for one in found["people"]}
    assert people[world.people[0]]["others"]["value"] == pytest.approx(np.mean([1, 0.5, 0, 1, 1]), abs=1e-4)
    assert people[world.people[0]]["pace"]["is"] == "few"
    cell = found["confusion"]["cells"][0][1]
    assert (cell["pairs"], cell["tasks"]) == (4, 2)


@pytest.mark.parametrize(
    ("letters", "state", "helps"),
    [
        ([], "empty", []),
        (["a"], "ready", ["overlap_wanted"]),
        (["a", "b", "c"], "ready", ["overlap_wanted"]),
        (["aaa", "aaa"], "ready", ["more_answers"]),
    ],
)
def test_almost_nothing_is_no_error_and_no_verdict(
    world: QualityWorld, letters: list[str], state: str, helps: list[str]
) -> None:
    world.say(by_letters(letters))
    found = page(world)
    assert found["state"] == state
    assert [one["code"] for one in found["helps"]] == helps
    assert all(one["measure"] != "alpha" for one in found["agreement"])
    assert all(one["change"] is None for one in found["people"])


def test_one_person_alone(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(80), 1)
    world.say(Said(t, 0, {"label": "a"}, START + t * DAY // 9) for t in range(1, 81))
    found = page(world)
    (one,) = found["people"]
    assert one["others"]["value"] is None
    assert one["pace"]["usual"] is None
    assert found["pairs"] == []
    assert sum(point["answered"] for point in found["time"]["points"]) == 80


def crowd(seed: int, tasks: int, people: int, right: Callable[[int, int, Any], float], **more: Any) -> list[Said]:
    """Three people a task in turn; `right(worker, task, random)` is their chance to say the task's own label."""
    random = np.random.default_rng(seed)
    said = []
    for t in range(1, tasks + 1):
        true = "abc"[t % 3]
        for w in random.choice(people, 3, replace=False).tolist():
            good = random.random() < right(w, t, random)
            label = true if good else str(random.choice([k for k in "abc" if k != true]))
            said.append(
                Said(
                    t, w, {"label": label}, START + t * 60_000_000 + w * 1_000_000, **{k: v(w) for k, v in more.items()}
                )
            )
    return said


def test_who_answers_in_a_third_of_a_second_is_seen_and_said(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(300), 5)
    world.say(crowd(1, 300, 5, lambda w, t, r: 1 / 3 if w == 4 else 0.95, seconds=lambda w: 0.3 if w == 4 else 9.0))
    found = page(world)
    people = {one["worker"]: one for one in found["people"]}
    hasty = people[world.people[4]]
    assert hasty["pace"]["is"] == "unread"
    assert hasty["pace"]["less"] is True
    assert hasty["seconds"]["value"] == pytest.approx(0.3, abs=0.01)
    assert {one["pace"]["is"] for name, one in people.items() if name != world.people[4]} == {"usual"}
    assert found["helps"][0]["code"] == "unread"
    assert hasty["truth"]["high"] < min(one["truth"]["low"] for name, one in people.items() if name != world.people[4])
    behind = quality_tasks(world.db, world.project.id, None, hasty["behind"], wait_s=None)
    assert behind["total"] > 50 == len(behind["tasks"])
    one = behind["tasks"][0]
    assert any(answer["worker"] == world.people[4] and answer["answer"] != one["truth"] for answer in one["answers"])


def test_who_gets_worse_is_named_with_the_moment_and_nobody_else(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(1200), 6)
    world.say(crowd(2, 1200, 6, lambda w, t, r: 0.6 if w == 2 and t > 600 else 0.95))
    found = page(world)
    named = {one["worker"]: one["change"] for one in found["people"] if one["change"] is not None}
    assert set(named) == {world.people[2]}
    change = named[world.people[2]]
    assert change["high"] < 0
    assert abs(change["at"] - (START + 600 * 60_000_000)) < 90 * 60_000_000
    assert found["change"]["tested"] == 7
    assert "got_worse" in [one["code"] for one in found["helps"]]


def test_harder_tasks_are_nobodys_fault(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(1200), 6)
    world.say(crowd(3, 1200, 6, lambda w, t, r: 0.7 if t > 600 else 0.97))
    found = page(world)
    assert [one["change"] for one in found["people"] if one["change"] is not None] == []
    assert found["change"]["everybody"]["value"] < 0
    assert "all_got_worse" in [one["code"] for one in found["helps"]]


def test_slices_of_rows_lanes_tags_and_guidelines(workspace: Workspace) -> None:
    columns = {"source": lambda i: "poem" if i < 100 else "news", "page": lambda i: i, "ok": lambda i: i % 2 == 0}
    world = quality_world(workspace, CHOICE, rows(300, **columns), 5)
    said = crowd(4, 300, 5, lambda w, t, r: 0.5 if t <= 100 else 0.97)
    world.say(Said(one.task, one.worker, one.answers, one.at, guideline=1 + (one.task > 150)) for one in said)
    tag(world, "hard", range(1, 51))
    found = page(world)
    slices = {(one["kind"], one["name"]): {part["value"]: part for part in one["parts"]} for one in found["slices"]}
    assert set(slices) == {("column", "source"), ("column", "ok"), ("tag", "hard"), ("guideline", "")}
    poem, news = slices["column", "source"]["poem"], slices["column", "source"]["news"]
    assert (poem["lower"], news["lower"], poem["answered"]) == (True, False, 100)
    assert poem["agreement"]["high"] < news["agreement"]["low"]
    assert slices["tag", "hard"]["hard"]["answered"] == 50
    assert set(slices["guideline", ""]) == {"1", "2"}
    assert ("slice_lower", "poem") in [(one["code"], one["facts"].get("value")) for one in found["helps"]]
    behind = quality_tasks(world.db, world.project.id, None, poem["behind"], wait_s=None)
    assert 0 < behind["total"] <= 100
    assert all(one["seq"] <= 100 for one in behind["tasks"])


def test_a_part_of_one_label_is_not_called_lower_for_it(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(300, truth=lambda i: "abc"[(i + 1) % 3]), 5)
    world.say(crowd(9, 300, 5, lambda w, t, r: 0.95))
    found = page(world)
    parts = {part["value"]: part for one in found["slices"] for part in one["parts"]}
    assert found["agreement"][0]["low"] > 0.7
    for part in parts.values():
        assert part["agreement"]["high"] < 0.4  # hardly anything to agree on beyond chance
        assert part["likeness"]["value"] > 0.85
        assert part["lower"] is False
    assert "slice_lower" not in [one["code"] for one in found["helps"]]


def tag(world: QualityWorld, name: str, seqs: Any) -> None:
    with world.db.read() as tx:
        ids = {
            r["seq"]: r["id"]
            for r in tx.all("task_page", project_id=world.project.id, after=0, visible_seq=1 << 40, n=10_000)
        }

    def write(connection: Any) -> None:
        connection.execute(
            "INSERT INTO tag (id, project_id, number, name, created_at) VALUES ('g', ?, 0, ?, 1)",
            (world.project.id, name),
        )
        connection.executemany("INSERT INTO task_tag (task_id, tag_id) VALUES (?, 'g')", [(ids[seq],) for seq in seqs])

    world.db.write(lambda tx: write(tx._connection))


def test_time_is_days_then_weeks(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(90), 3)
    world.say(Said(t, w, {"label": "abc"[t % 3]}, START + (t // 30) * DAY) for t in range(1, 61) for w in range(3))
    found = page(world)
    assert found["time"]["unit"] == "day"
    assert [point["answered"] for point in found["time"]["points"]] == [29, 30, 1]
    assert all(point["agreement"] is None or point["agreement"]["tasks"] for point in found["time"]["points"])
    world.say(Said(t, w, {"label": "abc"[t % 3]}, START + t * DAY) for t in range(61, 91) for w in range(3))
    found = page(world)
    assert found["time"]["unit"] == "week"
    assert sum(point["answered"] for point in found["time"]["points"]) == 90
    asked = found["time"]["points"][0]["behind"]
    assert (
        quality_tasks(world.db, world.project.id, None, {k: str(v) for k, v in asked.items()}, wait_s=None)["total"]
        == 0
    )


def test_the_page_follows_answers_as_if_it_were_made_anew(workspace: Workspace) -> None:
    world = quality_world(workspace, CHOICE, rows(200, source=lambda i: "xy"[i % 2]), 5)
    said = crowd(5, 200, 5, lambda w, t, r: 0.8)
    world.say(one for one in said if one.task <= 120)
    page(world)
    world.say(one for one in said if 120 < one.task <= 199)
    world.say(one for one in said if one.task == 200)
    world.db.write(lambda tx: owners.remove_task(tx, world.workspace.owner_id, _task(world, 7)))
    world.db.write(lambda tx: owners.reopen_once(tx, world.workspace.owner_id, _task(world, 9), "again"))
    followed = page(world)
    forget_quality(world.db)
    anew = page(world)
    for name in ("counts", "agreement", "labels", "confusion", "slices", "time", "people", "pairs"):
        assert followed[name] == anew[name], name
    assert followed["counts"]["tasks"] == 198


def _task(world: QualityWorld, seq: int) -> str:
    with world.db.read() as tx:
        row = tx.one("task_by_seq", project_id=world.project.id, seq=seq)
    assert row is not None
    return str(row["id"])


def test_other_kinds_have_figures_too(workspace: Workspace) -> None:
    questions = [
        {"kind": "scale", "name": "grade", "low": 1, "high": 5}, {"kind": "number", "name": "age", "low": 0, "high": 100},
        {"kind": "choices", "name": "topics", "labels": ["x", "y", "z"]},
        {"kind": "text", "name": "reply"},
        {"kind": "spans", "name": "names", "labels": ["p", "q"], "on": "text"},
    ]  # fmt: skip
    world = quality_world(workspace, questions, rows(40), 3)
    random = np.random.default_rng(6)

    def answers(t: int) -> dict[str, Any]:
        grade = int(np.clip(t % 5 + 1 + random.integers(-1, 2), 1, 5))
        span = {"start": 0, "end": 3 + int(random.integers(0, 2)), "label": "p"}
        span["text"] = f"row {t - 1}"[: span["end"]]
        return {
            "grade": grade, "age": float(t + random.integers(0, 3)), "topics": ["x"] if t % 2 else ["y", "z"][: 1 + t % 3],
            "reply": f"answer {t} أحمد" if random.random() < 0.5 else f"answer {t} احمد",
            "names": {"spans": [span], "relations": []},
        }  # fmt: skip

    world.say(Said(t, w, answers(t)) for t in range(1, 41) for w in range(3))
    grade, age, topics, reply, names = (page(world, q["name"]) for q in questions)
    assert (grade["agreement"][0]["metric"], age["agreement"][0]["metric"]) == ("ordinal", "interval")
    assert topics["agreement"][0]["metric"] == "jaccard"
    assert [one["label"] for one in topics["labels"]] == ["x", "y", "z"]
    assert (reply["measure"], reply["same"]) == ("likeness", [])
    assert [one["measure"] for one in names["agreement"]][:2] == ["likeness", "gamma"]
    for found in (grade, age, topics, reply, names):
        assert found["agreement"][0]["low"] <= found["agreement"][0]["value"] <= found["agreement"][0]["high"]
        assert all(one["others"]["value"] is not None for one in found["people"])
        assert found["time"]["points"][0]["agreement"] is not None
    world.db.write(
        lambda tx: update_project(
            tx, world.workspace.owner_id, world.project.id, 1, {"settings": {"same": {"alef": True}}}
        )
    )
    same = page(world, "reply")
    assert same["same"] == ["alef"]
    assert same["agreement"][0]["value"] > reply["agreement"][0]["value"]
    assert same["agreement"][0]["value"] == 1


def test_what_nobody_can_ask_is_refused_by_name(world: QualityWorld) -> None:
    world.say(by_letters(["aab"]))
    for asked, field in (
        ({"of": "password"}, "password"),
        ({"of": "mixed", "a": "a"}, "b"),
        ({"of": "label", "a": "zz"}, "zz"),
        ({"of": "time", "from": "x", "to": "y"}, "from"),
        ({"of": "person", "worker": "w"}, "person"),
    ):
        with pytest.raises(BadInput) as found:
            quality_tasks(world.db, world.project.id, None, asked, wait_s=None)
        assert field in str(found.value) + to_json(found.value.details)
    with pytest.raises(NotFound):
        page(world, "nothing")
    behind = quality_tasks(world.db, world.project.id, None, {"of": "mixed", "a": "a", "b": "b"}, wait_s=None)
    assert (behind["total"], behind["tasks"][0]["seq"]) == (1, 1)
    assert sorted(one["answer"] for one in behind["tasks"][0]["answers"]) == ["a", "a", "b"]


def test_comments_stand_beside_the_labels_they_are_about(world: QualityWorld) -> None:
    said = by_letters(["aab", "ccc"])
    said[2] = Said(1, 2, {"label": "b"}, comment="هذا ليس جيدا")
    said[4] = Said(2, 1, {"label": "c"}, comment="clear")
    world.say(said)
    assert [one["text"] for one in page(world)["mixed"][0]["comments"]] == ["هذا ليس جيدا"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_from_no_answer_to_a_few(workspace: Workspace, kind: str) -> None:
    example = KINDS[kind].example
    world = quality_world(workspace, [question_to_json(example.question)], [dict(example.content)] * 3, 3)
    name = example.question.name
    assert page(world)["state"] == "empty"
    world.say([Said(1, 0, {name: example.one})])
    assert page(world)["counts"]["compared"] == 0
    world.say([Said(1, 1, {name: example.other}), *(Said(2, w, {name: example.one}) for w in range(3))])
    found = page(world)
    assert (found["state"], found["counts"]["compared"]) == ("ready", 2)
    alike = next(one for one in found["agreement"] if one["measure"] == "likeness")
    assert 0 <= alike["low"] <= alike["value"] <= alike["high"] <= 1
    assert alike["value"] < 1
    behind = quality_tasks(world.db, world.project.id, None, {"of": "all"}, wait_s=None)
    assert [one["seq"] for one in behind["tasks"]] == [1]


def test_the_page_is_there_while_its_next_one_takes_its_place(world: QualityWorld, monkeypatch: Any) -> None:
    world.say(by_letters(["aaa", "aab"]))
    page(world)
    met: list[dict[str, Any]] = []
    with ThreadPoolExecutor(1) as others:

        def makes(*given: Any) -> Any:
            met.append(others.submit(quality_page, world.db, world.project.id, wait_s=0).result(30))
            quality_tasks(world.db, world.project.id, None, {"of": "all"}, wait_s=0)
            return made(*given)

        made = quality._Made
        monkeypatch.setattr(quality, "_Made", makes)
        world.say([Said(3, 0, {"label": "a"})])
        assert page(world)["counts"]["answers"] == 7
    assert [(one["state"], one["counts"]["answers"], one["computing"]) for one in met] == [("ready", 6, True)]


def test_who_waits_for_the_page_of_this_moment_gets_none_that_was_begun_before(
    world: QualityWorld, monkeypatch: Any
) -> None:
    world.say(by_letters(["aaa", "aab"]))
    read, go_on = threading.Event(), threading.Event()

    def built(*given: Any) -> Any:
        read.set()
        assert go_on.wait(30)
        return builds(*given)

    builds = quality._built
    monkeypatch.setattr(quality, "_built", built)
    assert quality_page(world.db, world.project.id, wait_s=0)["state"] == "computing"
    assert read.wait(30)
    world.say([Said(3, 0, {"label": "a"})])
    with ThreadPoolExecutor(1) as others:
        found = others.submit(page, world)
        go_on.set()
        assert (found.result(30)["computing"], found.result()["counts"]["answers"]) == (False, 7)
