"""Placing waiting tasks: what is fetched, in what order, what errs alone, and what waits."""

import io
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from media_made import png, wav
from scale_world import Live, live_world

from tawsim.core.errors import BadFile, BadInput, EndpointDown
from tawsim.intake.adding import add_tasks
from tawsim.labelling import batches
from tawsim.labelling.batches import NewBatch
from tawsim.labelling.slots import project_row
from tawsim.loop.scale import fetching, files, looking, placing, preparing, projects, quality
from tawsim.loop.scale.file_imports import Imports
from tawsim.loop.scale.files import NewFile
from tawsim.loop.scale.projects import NewScaleProject
from tawsim.loop.scale.tasks import cancel_task
from tawsim.store import rows
from tawsim.store.statements import statements

PICTURE = {"attachment_type": "image"}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    found = live_world(tmp_path)
    yield found
    found.placer.close()
    found.workspace.close()
    found.world.accounts.close()


def picture(live: Live, name: str, **sent: Any) -> str:
    return live.create(**PICTURE, attachment=f"https://example.com/{name}", **sent)


def schemas(live: Live, project_id: str) -> int:
    with live.world.db.read() as tx:
        return int(project_row(tx, project_id)["schema_version"])


def test_a_thousand_tasks_are_one_change_of_the_questions(live: Live) -> None:
    ids = [live.create(categories=["a", f"only {n % 3}"]) for n in range(placing.GROUP)]
    live.place(lambda: live.is_placed(ids[-1]))
    assert all(live.is_placed(one) for one in ids)
    assert schemas(live, live.project(ids[0])) == 2
    with live.world.db.read() as tx:
        seqs = [tx.one("task_get", id=one)["seq"] for one in ids]  # type: ignore[index]
    assert seqs == sorted(seqs)


def test_the_same_address_is_fetched_once_and_not_again_later(live: Live) -> None:
    live.web.pages["https://example.com/x.png"] = png(7, 5)
    ids = [picture(live, "x.png") for _ in range(5)]
    live.place(lambda: all(map(live.is_placed, ids)))
    later = picture(live, "x.png")
    live.place(lambda: live.is_placed(later))
    assert live.web.asked == ["https://example.com/x.png"]


def test_a_slow_host_delays_no_other(live: Live) -> None:
    free = threading.Event()

    def slow() -> bytes:
        assert free.wait(20)
        return png(3, 3)

    for n in range(50):
        live.web.pages[f"https://slow.example.com/{n}.png"] = slow
    slow_ones = [live.create(**PICTURE, attachment=f"https://slow.example.com/{n}.png") for n in range(50)]
    live.web.pages["https://example.com/x.png"] = png(3, 4)
    quick, text = picture(live, "x.png"), live.create()
    live.place(lambda: live.is_placed(quick) and live.is_placed(text))
    assert not any(map(live.is_placed, slow_ones))
    free.set()
    live.place(lambda: all(map(live.is_placed, slow_ones)))


def dead(live: Live, host: str, n: int, back: threading.Event) -> list[str]:
    """Tasks whose pictures lie on a host that keeps silent until it is `back`."""

    def silent() -> bytes:
        if not back.wait(0.05):
            raise EndpointDown("It took too long.")
        return png(3, 3)

    live.web.pages |= {f"https://{host}/{i}.png": silent for i in range(n)}
    return [live.create(**PICTURE, attachment=f"https://{host}/{i}.png") for i in range(n)]


def test_more_than_are_held_of_a_dead_host_keep_no_other_waiting(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "OF_HOST", 10)
    monkeypatch.setattr(placing, "MOST_HELD", 25)
    monkeypatch.setattr(looking, "READ", 20)
    monkeypatch.setattr(fetching, "SILENT_S", (0.3,))
    monkeypatch.setattr(fetching, "PAUSES_S", (0.01,) * 100)
    back = threading.Event()
    waiting = [one for n in range(4) for one in dead(live, f"dead{n}.example.com", 40, back)]
    live.web.pages |= {f"https://example.com/{n}.png": png(3, n + 3) for n in range(60)}
    others = [picture(live, f"{n}.png") for n in range(60)] + [live.create()]
    most = 0

    def placed() -> bool:
        nonlocal most
        most = max(most, len(live.placer._held))
        return all(map(live.is_placed, others))

    live.place(placed)
    assert most <= 50
    assert not any(map(live.is_placed, waiting))
    assert {live.row(one)["status"] for one in waiting} == {"pending"}
    back.set()
    live.place(lambda: all(map(live.is_placed, waiting)))
    assert not live.placer._of_host


def test_a_walk_goes_back_to_what_it_passed_and_looks_at_nothing_else_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "OF_HOST", 4)
    back = threading.Event()
    waiting = dead(live, "dead.example.com", 30, back)
    texts = [live.create() for _ in range(30)]
    looked: Counter[str] = Counter()
    real = placing.prepare
    monkeypatch.setattr(placing, "prepare", lambda tx, row: (looked.update([row["task_id"]]), real(tx, row))[1])
    live.place(lambda: all(map(live.is_placed, texts)))
    for _ in range(20):
        live.placer.step()
    assert {looked[one] for one in texts} == {2}  # looked at, and placed
    assert {looked[one] for one in waiting} == {1}
    back.set()
    live.place(lambda: all(map(live.is_placed, waiting)))


def test_what_is_no_picture_errs_alone_and_says_so(live: Live) -> None:
    live.web.pages |= {
        "https://example.com/page.png": b"<html><body>sign in</body></html>",
        "https://example.com/sound.png": wav(),
        "https://example.com/empty.png": b"",
        "https://example.com/good.png": png(4, 4),
    }
    bad = {name: picture(live, f"{name}.png") for name in ("page", "sound", "empty", "gone")}
    good = picture(live, "good.png")
    live.place(lambda: live.is_placed(good) and all(live.row(one)["status"] == "error" for one in bad.values()))
    told = {name: json.loads(live.row(one)["response"])["attachments"] for name, one in bad.items()}
    assert {name: one[0]["statusCode"] for name, one in told.items()} == {
        "page": 415, "sound": 415, "empty": 415, "gone": 404,
    }  # fmt: skip
    assert told["gone"][0]["url"] == "https://example.com/gone.png"
    assert all(live.callbacks(one) == 1 for one in bad.values())


def test_trouble_that_passes_is_tried_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tawsim.loop.scale.fetching.PAUSES_S", (0.01, 0.01))
    answers = iter([503, 503, png(4, 4)])
    live.web.pages["https://example.com/x.png"] = lambda: next(answers)
    task = picture(live, "x.png")
    live.place(lambda: live.is_placed(task))
    live.web.pages["https://example.com/y.png"] = 503
    other = picture(live, "y.png")
    live.place(lambda: live.row(other)["status"] == "error")
    assert live.web.asked.count("https://example.com/y.png") == 3


def test_one_that_cannot_be_placed_errs_and_its_neighbours_do_not(live: Live) -> None:
    before, bad, after = live.create(), live.create(), live.create()
    live.world.db.write(  # a row that nobody can be shown: it came from an earlier version of the checks
        lambda tx: (
            tx._connection.execute(
                "UPDATE scale_task SET params = ? WHERE task_id = ?",
                (json.dumps({"attachment": "x", "attachment_type": "text", "categories": 7}), bad),
            ).rowcount
        )
    )
    live.place(lambda: live.row(bad)["status"] == "error")
    assert live.is_placed(before)
    assert live.is_placed(after)
    assert json.loads(live.row(bad)["response"])["error"]


def test_what_came_by_itself_is_told_of_without_a_file_and_its_rows() -> None:
    bad = BadFile("the text is empty.", "Every task needs a text.", file="task 123", row=1, column="text")
    assert placing._words_of(bad) == "The text is empty. Every task needs a text."
    assert placing._words_of(BadInput("No.", "Else.")) == "No. Else."


def test_tasks_that_hold_nothing_of_their_own_show_what_their_project_says(live: Live) -> None:
    fields = [{"type": "text", "field_id": "sentence"}]
    new = NewScaleProject("writing", "textcollection", {"instruction": "Write a sentence.", "fields": fields})
    live.world.db.write(lambda tx: projects.create(tx, live.world, new))
    said = [live.create("textcollection", project="writing") for _ in range(2)]  # the same twice: two are wanted
    bare = live.create("textcollection", fields=fields)
    talk = live.create("chatexperimental", live={"endpoint": "local"})
    live.place(lambda: all(map(live.is_placed, [*said, bare, talk])))
    with live.world.db.read() as tx:
        shown = [json.loads(tx.one("task_with_content", id=one)["content"]) for one in [*said, bare, talk]]  # type: ignore[index]
    assert [one["instruction"] for one in shown] == ["Write a sentence.", "Write a sentence.", "—", "—"]
    assert shown[-1]["messages"] == []


def test_a_fault_of_ours_leaves_one_waiting_and_no_other(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    real = preparing._new_task

    def faulty(project: Any, one: Any, merge: Any) -> Any:
        if one.work.row.get("text") == "text 1":
            raise KeyError("a fault")
        return real(project, one, merge)

    monkeypatch.setattr(preparing, "_new_task", faulty)
    ids = [live.create() for _ in range(3)]
    live.place(lambda: live.is_placed(ids[2]))
    assert [live.is_placed(one) for one in ids] == [True, False, True]
    assert live.row(ids[1])["status"] == "pending"


def test_while_an_import_is_under_way_tasks_wait(live: Live) -> None:
    first = live.create()
    live.place(lambda: live.is_placed(first))
    with live.world.db.read() as tx:
        project = rows.project(project_row(tx, live.project(first)))
    waiting, seen = live.create(), []

    def given() -> Iterator[Any]:
        yield 1, {"text": "imported"}
        for _ in range(5):
            live.placer.step()
        seen.append(live.is_placed(waiting))

    add_tasks(live.world.db, project, given(), actor_id=live.workspace.owner_id, source="rows", digest="d")
    assert seen == [False]
    live.placer._not_before.clear()
    live.place(lambda: live.is_placed(waiting))


def test_batches_that_wait_and_tasks_that_are_taken_back(live: Live) -> None:
    loose = live.create()
    live.place(lambda: live.is_placed(loose))
    owner = live.workspace.owner_id
    batch = live.world.db.write(lambda tx: batches.create(tx, owner, live.project(loose), NewBatch("b")))
    ids = [live.create() for _ in range(3)]
    live.world.db.write(
        lambda tx: [
            tx._connection.execute("UPDATE scale_task SET batch_id = ? WHERE task_id = ?", (batch["id"], one)).rowcount
            for one in ids
        ]
    )
    live.world.db.write(lambda tx: cancel_task(tx, live.world, ids[1]))
    live.place()
    assert not any(map(live.is_placed, ids))
    live.world.db.write(lambda tx: batches.finalize(tx, owner, batch["id"]))
    live.place(lambda: live.is_placed(ids[2]))
    assert [live.is_placed(one) for one in ids] == [True, False, True]
    assert live.row(ids[1])["status"] == "canceled"


def test_priorities_become_lanes(live: Live) -> None:
    ids = {word: live.create(**({} if word is None else {"priority": word})) for word in (None, 10, 30, "low", 50)}
    live.place(lambda: all(map(live.is_placed, ids.values())))
    with live.world.db.read() as tx:
        found = {word: tx.one("task_get", id=one)["priority"] for word, one in ids.items()}  # type: ignore[index]
    assert found == {None: 0, 10: -20, 30: 0, "low": -20, 50: 20}


def uploaded(live: Live, name: str, body: bytes) -> str:
    row = files.store_file(live.world.db, NewFile(name), io.BytesIO(body), actor_id=live.workspace.owner_id)
    return files.url_of(live.workspace.id, row["id"])


def test_uploaded_files_are_attachments(live: Live) -> None:
    text = live.create(attachment=uploaded(live, "a.txt", "نص رُفع".encode()))
    shown = live.create(**PICTURE, attachment=uploaded(live, "a.png", png(6, 6)))
    bad = live.create(attachment=uploaded(live, "a.bin", b"\xff\xfe\x00\x01"))
    elsewhere = live.create(**PICTURE, attachment="scaledata://somewhere/else")
    live.place(lambda: live.is_placed(text) and live.is_placed(shown) and live.row(elsewhere)["status"] == "error")
    with live.world.db.read() as tx:
        content = json.loads(tx.one("task_with_content", id=text)["content"])  # type: ignore[index]
    assert content["text"] == "نص رُفع"
    assert live.row(bad)["status"] == "error"
    assert json.loads(live.row(elsewhere)["response"])["attachments"][0]["statusCode"] == 404
    assert live.web.asked == []


def test_a_file_that_is_still_to_be_fetched_is_waited_for(live: Live) -> None:
    owner = live.workspace.owner_id
    row = live.world.db.write(
        lambda tx: files.await_file(tx, "https://example.com/later.png", NewFile(), actor_id=owner)
    )
    task = live.create(**PICTURE, attachment=files.url_of(live.workspace.id, row["id"]))
    for _ in range(20):
        live.placer.step()
    assert live.row(task)["status"] == "pending"
    live.web.pages["https://example.com/later.png"] = png(5, 5)
    Imports(live.web).step([live.world])
    live.place(lambda: live.is_placed(task))


def test_what_was_placed_costs_nothing_to_who_looks_for_what_waits(live: Live) -> None:
    with live.world.db.read() as tx:
        for name in ("scale_waiting_batches", "scale_waiting_of_batch", "scale_waiting_of_none"):
            values = {"batch_id": "b", "created_at": 0, "task_id": "", "n": 1}
            plan = [row[3] for row in tx._connection.execute("EXPLAIN QUERY PLAN " + statements()[name], values)]
            assert any("scale_task_to_place" in step for step in plan), plan
            assert not any("scale_task " in step and "SCAN" in step for step in plan), plan


def test_evaluation_and_training_tasks_are_gold_and_training_here(live: Live) -> None:
    sent = {"attachment_type": "text", "categories": ["a", "b"]}

    def make(purpose: Any, **more: Any) -> str:
        given = {**sent, "attachment": f"known {purpose}", "expected_response": {"category": "b"}, **more}
        return str(
            live.world.db.write(lambda tx: quality.create(tx, live.world, "categorization", given, purpose))["id"]
        )

    gold, training = make("gold", initial_response={"category": "a"}), make("training")
    live.place(lambda: live.is_placed(gold) and live.is_placed(training))
    with live.world.db.read() as tx:
        known = {one: tx.one("gold_get", task_id=one) for one in (gold, training)}
        suggested = tx.all("suggestion_of_task", task_id=gold)
        project = rows.project(project_row(tx, live.project(gold)))
    assert [(one["purpose"], json.loads(one["answers"])) for one in known.values() if one is not None] == [
        ("gold", {"category": "b"}), ("training", {"category": "b"}),
    ]  # fmt: skip
    assert [json.loads(one["answer"]) for one in suggested] == ["a"]  # what a reviewer is to put right
    assert project.settings.gold.on
    assert not project.settings.training.on  # it would send everybody to school: its owner says so
    for bad in ({"category": "z"}, {}, {"other": 1}, None, "a"):
        with pytest.raises(BadInput, match="expected_response"):
            make("gold", expected_response=bad)
