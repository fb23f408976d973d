"""Other questions for a running project: effects told first, nothing rewritten, and no reader that falls over old answers."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.labelling_world import World

from tawsim.cli import main as entry
from tawsim.core.errors import BadInput, Conflict, LeaseLost, VersionConflict
from tawsim.core.ids import new_id
from tawsim.kinds import KINDS, question_to_json, read_questions
from tawsim.labelling import queue, submit
from tawsim.labelling.schemas import Carrier, Misfit, Schema
from tawsim.loop import changing
from tawsim.loop.changing import change_project_schema, preview_change
from tawsim.loop.exporting import export, export_stream
from tawsim.loop.truths import project_truth, truth_page

LABELS = {"kind": "choice", "name": "label", "labels": ["نعم", "لا"]}
WIDER = LABELS | {"labels": ["نعم", "لا", "ربما"]}
NARROWER = LABELS | {"labels": ["نعم", "ربما"]}
NOTE = {"kind": "text", "name": "note"}


@pytest.fixture
def world(workspace: Any, clock: Any) -> World:
    made = World(workspace, clock, {"overlap": 2})
    made.add(4)
    return made


def version(world: World) -> int:
    with world.db.read() as tx:
        row = tx.one("project_get", id=world.project.id)
    assert row is not None
    return int(row["version"])


def apply(world: World, *questions: Any, **more: Any) -> changing.Changed:
    return change_project_schema(
        world.db, world.owner, world.project.id, version(world), questions=list(questions), **more
    )


def effect(preview: changing.Preview, name: str = "label") -> changing.Effect:
    return next(one for one in preview.effects if one.question == name)


def answered(world: World) -> None:
    """Task 1: نعم نعم, task 2: لا نعم, task 3: لا."""
    for worker, label in ((world.a, "نعم"), (world.a, "لا"), (world.a, "لا"), (world.b, "نعم"), (world.b, "نعم")):
        world.answer(worker, {"label": label})


def test_a_preview_counts_and_changes_nothing(world: World) -> None:
    answered(world)
    before = world.events()
    found = preview_change(world.db, world.project.id, [NARROWER, NOTE])
    assert (found.answers, found.tasks, found.misfits, found.misfit_tasks) == (5, 3, 2, 2)
    one = effect(found)
    assert (one.state, one.kept, one.misfits, one.tasks, one.bare) == ("changed", 3, 2, 2, 1)
    (reason,) = one.reasons
    assert (reason.code, reason.what, reason.answers) == ("label_gone", "لا", 2)
    assert reason.examples == [{"seq": 2, "answer": "لا"}, {"seq": 3, "answer": "لا"}]
    assert (effect(found, "note").state, effect(found, "note").missing, found.missing_tasks) == ("new", 5, 3)
    assert world.events() == before
    assert preview_change(world.db, world.project.id, [LABELS]).nothing


def test_refused_unless_somebody_says_what_becomes_of_misfits(world: World) -> None:
    answered(world)
    with pytest.raises(Conflict) as refused:
        apply(world, NARROWER)
    assert refused.value.details["preview"]["misfits"] == 2
    assert "project.schema" not in world.events()
    assert apply(world, WIDER).project.schema_version == 2
    with pytest.raises(BadInput):
        apply(world, NARROWER, on_misfits="forget")
    with pytest.raises(VersionConflict):
        change_project_schema(world.db, world.owner, world.project.id, 1, questions=[LABELS], on_misfits="keep")


def test_kept_misfits_are_out_of_the_truth_and_in_the_votes(world: World) -> None:
    answered(world)
    assert truth_page(project_truth(world.db, world.project.id), world.db)["misfits"] == 0
    apply(world, NARROWER, on_misfits="keep")
    page = truth_page(project_truth(world.db, world.project.id), world.db)
    assert page["misfits"] == 2
    assert page["labels"] == ["نعم", "ربما"]
    assert [(task["label"], task["answers"]) for task in page["tasks"]] == [
        ("نعم", 2),
        ("نعم", 1),
        (None, 0),
        (None, 0),
    ]
    votes = list(export(world.db, world.project.id, "votes")[1])
    assert [(one["task"], one["label"], one["fits"], one["schema_version"]) for one in votes] == [
        (1, "نعم", True, 1), (1, "نعم", True, 1), (2, "لا", False, 1), (2, "نعم", True, 1), (3, "لا", False, 1),
    ]  # fmt: skip
    # What did not fit before does not stand in the way of the next change, and fits again when its label is back.
    assert effect(preview_change(world.db, world.project.id, [NARROWER, NOTE])).out == 2
    back = preview_change(world.db, world.project.id, [WIDER])
    assert (effect(back).back, back.misfits) == (2, 0)
    apply(world, WIDER)
    assert project_truth(world.db, world.project.id).misfits == 0


def test_the_truth_that_follows_counts_them_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tawsim.loop.inferring.QUICK_S", 0.0)
    answered(world)
    apply(world, NARROWER, on_misfits="keep")
    first = project_truth(world.db, world.project.id)
    assert first.misfits == 2
    mine = world.lease(world.c)
    world.submit(world.c, mine.lease_id, {"label": "ربما"})
    assert project_truth(world.db, world.project.id).misfits == 2
    with world.db.read() as tx:
        gone = next(row for row in tx.all("annotation_of_tasks", project_id=world.project.id, after=2, until=3))
    world.reject(gone["id"])
    assert project_truth(world.db, world.project.id).misfits == 1


def test_reopening_takes_the_tasks_with_misfits_alone(world: World) -> None:
    answered(world)
    done = apply(world, NARROWER, on_misfits="reopen")
    assert done.reopened == done.preview.reopens == 2
    assert [task["round"] for task in world.tasks()] == [0, 1, 1, 0]
    assert world.counts().answers == 2
    assert apply(world, NARROWER, on_misfits="reopen").reopened == 0
    asked = apply(world, NARROWER, NOTE, reopen_missing=True)
    assert (asked.reopened, world.counts().answers) == (1, 0)


def test_a_removed_question_reopens_nothing(world: World) -> None:
    answered(world)
    done = apply(world, NOTE | {"required": False}, on_misfits="reopen")
    assert (done.preview.misfits, done.reopened) == (5, 0)
    assert effect(done.preview).reasons[0].code == "question_gone"
    votes = list(export(world.db, world.project.id, "votes")[1])
    assert [one["fits"] for one in votes] == [False] * 5


def test_a_cut_off_reopening_is_finished_by_the_same_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(world)
    monkeypatch.setattr(changing, "AT_ONCE", 1)
    real, calls = changing._reopen_some, []

    def dies(tx: Any, actor: str, tasks: Any) -> int:
        calls.append(tasks)
        if len(calls) == 2:
            raise OSError("killed")
        return real(tx, actor, tasks)

    monkeypatch.setattr(changing, "_reopen_some", dies)
    with pytest.raises(OSError, match="killed"):
        apply(world, NARROWER, on_misfits="reopen")
    assert world.counts().answers == 3
    assert apply(world, NARROWER, on_misfits="reopen").reopened == 1
    assert world.counts().answers == 2


def test_a_renamed_label_keeps_its_answers_and_writes_none(world: World) -> None:
    answered(world)
    new = LABELS | {"labels": ["موافق", "لا"]}
    found = apply(world, new, renamed={"label": {"نعم": "موافق"}})
    assert (effect(found.preview).kept, effect(found.preview).renamed, found.preview.misfits) == (5, 3, 0)
    page = truth_page(project_truth(world.db, world.project.id), world.db)
    assert page["tasks"][0]["votes"] == {"موافق": 2}
    votes = list(export(world.db, world.project.id, "votes")[1])
    assert [one["label"] for one in votes] == ["موافق", "موافق", "لا", "موافق", "لا"]
    with world.db.read() as tx:
        held = [row["answers"] for row in tx.all("annotation_of_tasks", project_id=world.project.id, after=0, until=9)]
    assert held[0] == '{"label":"نعم"}'
    # A label that takes a former name starts anew; an edit is of the present version.
    apply(world, LABELS | {"labels": ["موافق", "لا", "نعم"]})
    assert project_truth(world.db, world.project.id).misfits == 0
    assert truth_page(project_truth(world.db, world.project.id), world.db)["tasks"][0]["votes"] == {"موافق": 2}
    with world.db.read() as tx:
        mine = tx.all("annotation_mine", project_id=world.project.id, worker_id=world.a, before="~", n=9)[-1]
        assert queue.own_work(tx, project_of(world), mine)["answers"] == {"label": "موافق"}
    world.db.write(lambda tx: submit.edit(tx, world.a, mine["id"], new_id(1), 1, {"label": "نعم"}))
    assert truth_page(project_truth(world.db, world.project.id), world.db)["tasks"][0]["votes"] == {
        "موافق": 1,
        "نعم": 1,
    }


def project_of(world: World) -> Any:
    from tawsim.store import rows

    with world.db.read() as tx:
        row = tx.one("project_get", id=world.project.id)
    assert row is not None
    return rows.project(row)


def test_labels_may_change_places(world: World) -> None:
    answered(world)
    apply(world, LABELS, renamed={"label": {"نعم": "لا", "لا": "نعم"}})
    assert truth_page(project_truth(world.db, world.project.id), world.db)["tasks"][0]["votes"] == {"لا": 2}
    # Somebody who still looks at the old page means the old label.
    lease = world.lease(world.c)
    given = submit.Given(schema_version=1)
    world.db.write(lambda tx: submit.submit(tx, world.c, lease.lease_id, "k", {"label": "نعم"}, given)).or_raise()
    votes = list(export(world.db, world.project.id, "votes")[1])
    assert [one["label"] for one in votes if one["schema_version"] == 2] == ["لا"]


@pytest.mark.parametrize(
    "renamed",
    [[], {"x": {"نعم": "لا"}}, {"label": {"none": "لا"}}, {"label": {"نعم": "none"}}, {"label": ["نعم"]}],
)
def test_a_rename_that_means_nothing_is_refused(world: World, renamed: Any) -> None:
    if renamed == []:
        assert preview_change(world.db, world.project.id, [WIDER], None, renamed).misfits == 0
        return
    with pytest.raises(BadInput):
        preview_change(world.db, world.project.id, [WIDER], None, renamed)


def test_work_under_way_that_does_not_fit_is_a_draft(world: World) -> None:
    lease = world.lease(world.a)
    found = preview_change(world.db, world.project.id, [NARROWER])
    assert found.under_way == {"leases": 1, "workers": 1, "ends": False}
    apply(world, NARROWER)
    given = submit.Given(schema_version=1)
    with pytest.raises(LeaseLost) as lost:
        world.db.write(lambda tx: submit.submit(tx, world.a, lease.lease_id, "k", {"label": "لا"}, given)).or_raise()
    assert lost.value.details["schema_changed"]
    assert world.counts().leases == 0


def test_leases_end_where_what_is_compared_changes(workspace: Any, clock: Any) -> None:
    world = World(workspace, clock)
    world.add(2)
    world.lease(world.a)
    pair = {"kind": "pairwise", "name": "better", "candidates": ["text", "other"]}
    found = apply(world, LABELS, pair)
    assert found.preview.under_way["ends"]
    assert found.preview.columns == [{"column": "other", "rows": 2}]
    assert world.counts().leases == 0
    assert set(world.lease(world.a).shown["candidates"]) == {"better"}


def test_answers_since_the_preview_are_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = changing.preview_change

    def late(*given: Any) -> Any:
        found = real(*given)
        world.answer(world.a, {"label": "لا"})
        return found

    monkeypatch.setattr(changing, "preview_change", late)
    with pytest.raises(Conflict, match="meanwhile"):
        apply(world, NARROWER)
    assert "project.schema" not in world.events()


def test_answers_of_every_kind_stand_a_change_to_every_other() -> None:
    """A question of the same name and another kind: nothing falls over, and the answer does not fit."""
    for kind, spec in KINDS.items():
        old = Schema(1, (spec.example.question,))
        for other, target in KINDS.items():
            new = read_questions([question_to_json(target.example.question) | {"name": spec.example.question.name}])
            found = Carrier([old, Schema(2, new)]).carry(1, {spec.example.question.name: spec.example.one})
            if kind != other:
                assert found.misfits[spec.example.question.name] == Misfit("kind_changed", kind)
            else:
                assert found.answers, kind
    for junk in (None, [], {"x": 1}, "text", 3, [[1]], {"spans": 3}):
        for spec in KINDS.values():
            name = spec.example.question.name
            one = Carrier([Schema(1, (spec.example.question,)), Schema(2, (spec.example.question,))])
            one.carry(1, {name: junk})  # never raises


def test_a_number_out_of_range_and_a_condition_that_no_longer_holds(workspace: Any, clock: Any) -> None:
    stars = {"kind": "number", "name": "stars", "low": 0, "high": 10}
    world = World(workspace, clock)
    apply(world, LABELS, stars)
    world.add(2)
    world.answer(world.a, {"label": "نعم", "stars": 9})
    world.answer(world.a, {"label": "لا", "stars": 2})
    found = preview_change(world.db, world.project.id, [LABELS, stars | {"high": 5}])
    assert effect(found, "stars").reasons[0].code == "no_fit"
    assert (effect(found, "stars").kept, effect(found, "stars").misfits) == (1, 1)
    asked = preview_change(world.db, world.project.id, [LABELS, stars | {"when": {"question": "label", "is": ["نعم"]}}])
    assert [one.code for one in effect(asked, "stars").reasons] == ["not_asked"]
    apply(world, LABELS, stars | {"high": 5}, on_misfits="keep")
    assert project_truth(world.db, world.project.id, "stars").misfits == 1
    for form in ("csv", "jsonl", "parquet"):
        for kind in ("labels", "votes"):
            assert b"".join(export_stream(world.db, world.project.id, form, kind))
    text = b"".join(export_stream(world.db, world.project.id, "csv", "votes")).decode("utf-8-sig")
    assert [row["fits"] for row in csv.DictReader(io.StringIO(text))].count("false") == 1


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)

    def once(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = entry.run([str(one) for one in arguments])
        wrote = capsys.readouterr()
        return code, wrote.out + wrote.err

    return once


def test_the_command_says_first_and_does_it_when_told(run: Any, tmp_path: Path) -> None:
    assert run("project", "create", "job", "--labels", "a,b")[0] == 0
    file = tmp_path / "tawsim.toml"
    text = run("project", "show", "--toml")[1]
    file.write_text(text.replace('"b"', '"c"'), encoding="utf-8")
    code, told = run("change", "job", "--config", "tawsim.toml")
    assert (code, "--yes" in told) == (2, True), told
    assert json.loads(run("change", "job", "-c", "tawsim.toml", "--json")[1])["changed"] is False
    code, told = run("change", "job", "-c", "tawsim.toml", "--rename", "label:b=c", "--yes")
    assert (code, "version 2" in told) == (0, True), told
    assert "already" in run("change", "job", "-c", "tawsim.toml", "--yes")[1]
    assert run("change", "job", "-c", "tawsim.toml", "--rename", "b=c")[0] == 3
    assert run("change", "job", "-c", "tawsim.toml", "--on-misfits", "x")[0] == 3
