"""Rows that say what they ask: from their import, through all who answer, to what is told of them afterwards."""

import json
from typing import Any

import pytest
from kinds_world import answer, hire, make
from reviews_world import Reviews, make_reviews

from tawsim.core.errors import BadAnswer, BadFile, BadInput, LeaseLost
from tawsim.core.records import Project
from tawsim.labelling import disputes, holding, queue, submit
from tawsim.labelling.decisions import Settled
from tawsim.labelling.disputes import Verdict
from tawsim.labelling.gold import Known
from tawsim.labelling.presenting import present, questions_of, read_drawn
from tawsim.labelling.projects import update_project
from tawsim.labelling.reviews import present_item
from tawsim.labelling.submit import Given
from tawsim.labelling.training import correct_known
from tawsim.loop import deciding
from tawsim.loop.changing import change_project_schema, preview_change
from tawsim.loop.importing import import_rows
from tawsim.loop.known_view import known_task
from tawsim.loop.placing import KnownColumns
from tawsim.loop.suggesting import suggest_column, suggest_rows
from tawsim.store import rows as records
from tawsim.workspaces.workspace import Workspace

TOPIC = {"kind": "choice", "name": "topic", "labels": ["a", "b", "c"]}
FLUENCY = {"kind": "scale", "name": "fluency"}
WHY = {"kind": "text", "name": "why", "when": {"question": "topic", "is": ["a"]}}
QUESTIONS = [TOPIC, FLUENCY, WHY]
ASKED = {"settings": {"asks": "ask"}}
NARROW = {"text": "one", "ask": {"topic": {"labels": ["a", "b"]}}}
WHOLE = {"text": "two", "ask": ""}
OTHER = {"text": "three", "ask": '{"fluency": true}'}
ROWS: list[dict[str, Any]] = [NARROW, WHOLE, OTHER]


def made(workspace: Workspace, rows: list[dict[str, Any]] | None = None, **more: Any) -> Project:
    return make(workspace, QUESTIONS, rows or ROWS, **(ASKED | more))


def now(workspace: Workspace, project: Project) -> Project:
    with workspace.db.read() as tx:
        return records.project(tx.one("project_get", id=project.id))


def lease_one(workspace: Workspace, project: Project, worker: str) -> Any:
    [lease] = workspace.db.write(lambda tx: queue.next_leases(tx, project.id, worker, 1)).leases
    return lease


def give(workspace: Workspace, worker: str, lease: Any, answers: Any, **given: Any) -> Any:
    def one(tx: Any) -> Any:
        return submit.submit(tx, worker, lease.lease_id, lease.lease_id, answers, Given(**given))

    return workspace.db.write(one)


# ---- import ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ('{"tone": true}', "no question 'tone'"),
        ({"topic": {"labels": ["q"]}}, "'q' is not a label of “topic”"),
        ({"topic": {"labels": []}}, "offers no label"),
        ({"fluency": {"labels": ["1"]}}, "asked whole"),
        ({"why": True}, "waits for a question"),
        ("topic", "JSON object"),
    ],
)
def test_an_import_names_row_column_and_question_and_takes_nothing(workspace: Workspace, ask: Any, words: str) -> None:
    project = made(workspace)
    with pytest.raises(BadFile, match=words) as raised:
        import_rows(workspace.db, project, [NARROW, {"text": "x", "ask": ask}], actor_id=workspace.owner_id, key="2")
    assert (raised.value.details["row"], raised.value.details["column"]) == (2, "ask")
    with workspace.db.read() as tx:
        assert tx.one("project_count_get", project_id=project.id)["tasks"] == len(ROWS)


def test_a_row_needs_only_what_its_questions_work_on(workspace: Workspace) -> None:
    questions = [TOPIC | {"on": "text"}, {"kind": "boxes", "name": "objects", "labels": ["x", "y"], "on": "photo"}]
    rows = [
        {"text": "t", "photo": "", "ask": {"topic": True}},
        {"text": "", "photo": "p.png", "ask": {"objects": True}},
    ]
    project = make(workspace, questions, rows, **ASKED)
    with pytest.raises(BadFile, match="photo"):
        import_rows(
            workspace.db, project, [{"text": "t", "photo": "", "ask": ""}], actor_id=workspace.owner_id, key="2"
        )


def test_the_same_text_asked_something_else_is_no_repeat(workspace: Workspace) -> None:
    rows = [{"text": "t", "ask": ask} for ask in ("", {"topic": True}, '{"topic":true}', {"fluency": True})]
    project = made(workspace, rows)
    with workspace.db.read() as tx:
        assert tx.one("project_count_get", project_id=project.id)["duplicates"] == 1


def test_known_answers_are_judged_by_what_their_row_asks(workspace: Workspace) -> None:
    project = made(workspace)
    known = KnownColumns("gold")

    def bring(key: str, **row: Any) -> Any:
        return import_rows(
            workspace.db, project, [{"text": key, **row}], actor_id=workspace.owner_id, key=key, known=known
        )

    bring("1", ask={"topic": {"labels": ["a", "b"]}}, gold={"topic": "b"})
    for key, gold in (("2", {"topic": "c"}), ("3", {"fluency": 3})):
        with pytest.raises(BadFile):
            bring(key, ask={"topic": {"labels": ["a", "b"]}}, gold=gold)


# ---- what goes out ---------------------------------------------------------------------------------------------------
def test_a_task_says_what_it_asks_in_one_form_and_never_how_the_row_said_it(workspace: Workspace) -> None:
    named = {"why": True, "fluency": True, "topic": {"labels": ["c", "b", "a"]}}
    project = made(workspace, [*ROWS, {"text": "four", "ask": named}])
    worker = hire(workspace, "Ann")
    told = []
    for _ in range(4):
        lease = lease_one(workspace, project, worker)
        assert set(lease.shown) == {"content", "candidates", "suggestions", "media", "asks"}
        assert "ask" not in lease.shown["content"]
        told.append(lease.shown["asks"])
        workspace.db.write(lambda tx, one=lease: holding.skip(tx, worker, one.lease_id, ""))
    everything = {"topic": True, "fluency": True, "why": True}
    assert told == [{"topic": {"labels": ["a", "b"]}}, everything, {"fluency": True}, everything]
    assert json.dumps(told[1]) == json.dumps(told[3])


def test_a_project_without_the_setting_says_nothing_of_it(workspace: Workspace) -> None:
    project = made(workspace, settings={})
    lease = lease_one(workspace, project, hire(workspace, "Ann"))
    assert lease.shown["asks"] is None
    assert lease.shown["content"]["ask"] == NARROW["ask"]
    assert questions_of(project, NARROW) is project.questions


def test_the_column_goes_out_not_even_as_a_block(workspace: Workspace) -> None:
    blocks = [{"kind": "text", "column": "text"}, {"kind": "text", "column": "ask"}]
    for content in (blocks, [{"kind": "details"}]):
        project = made(workspace, [OTHER], content=content, name=str(len(content)))
        shown = present(project, OTHER, read_drawn(""), {})
        assert shown["content"] == {"text": "three"}


def test_candidates_of_a_comparison_that_is_not_asked_stay_at_home(workspace: Workspace) -> None:
    pair = {"kind": "pairwise", "name": "better", "candidates": ["answer_a", "answer_b"]}
    row = {"text": "q", "answer_a": "x", "answer_b": "y"}
    rows = [row | {"ask": {"topic": True}}, row | {"ask": ""}]
    project = make(workspace, [TOPIC, pair], rows, content=[{"kind": "details"}], **ASKED)
    worker = hire(workspace, "Ann")
    first = lease_one(workspace, project, worker)
    assert first.shown["candidates"] == {}
    assert first.shown["content"] == {"text": "q"}
    give(workspace, worker, first, {"topic": "a"})
    assert set(lease_one(workspace, project, worker).shown["candidates"]) == {"better"}


# ---- answers ---------------------------------------------------------------------------------------------------------
def test_only_what_is_asked_can_and_must_be_answered(workspace: Workspace) -> None:
    project = made(workspace)
    worker = hire(workspace, "Ann")
    lease = lease_one(workspace, project, worker)
    for wrong in ({"topic": "c"}, {}, {"topic": "a", "why": "x"}, {"topic": "a", "fluency": 1}):
        with pytest.raises(BadAnswer):
            give(workspace, worker, lease, wrong)
    annotation = give(workspace, worker, lease, {"topic": "a"}).or_raise()
    with pytest.raises(BadAnswer):
        workspace.db.write(lambda tx: submit.edit(tx, worker, annotation["id"], "e1", 1, {"topic": "c"}))
    edited = workspace.db.write(lambda tx: submit.edit(tx, worker, annotation["id"], "e2", 1, {"topic": "b"}))
    assert edited["version"] == 2
    second = lease_one(workspace, project, worker)
    with pytest.raises(BadAnswer, match="missing"):
        give(workspace, worker, second, {"topic": "c"})
    give(workspace, worker, second, {"topic": "c", "fluency": 2}).or_raise()
    third = lease_one(workspace, project, worker)
    give(workspace, worker, third, {"fluency": 5}).or_raise()


def test_late_work_is_kept_as_a_draft_and_shown_with_its_asks(workspace: Workspace, clock: Any) -> None:
    project = made(workspace, overlap=1)
    ann, omar = hire(workspace, "Ann"), hire(workspace, "Omar")
    lease = lease_one(workspace, project, ann)
    clock.advance(2_000)
    workspace.db.write(lambda tx: queue.sweep(tx))
    give(workspace, omar, lease_one(workspace, project, omar), {"topic": "b"}).or_raise()
    with pytest.raises(LeaseLost):
        give(workspace, ann, lease, {"topic": "a"}).or_raise()
    with workspace.db.read() as tx:
        [draft] = tx.all("draft_of_worker", worker_id=ann, after="", n=9)
        seen = queue.own_work(tx, project, draft)
    assert seen["answers"] == {"topic": "a"}
    assert seen["task"]["asks"] == {"topic": {"labels": ["a", "b"]}}


def test_suggestions_are_of_what_is_asked(workspace: Workspace) -> None:
    rows = [one | {"guess": "c"} for one in ROWS]
    project = made(workspace, rows, settings={"asks": "ask", "suggestions": True})
    owner = workspace.owner_id
    for task, words in ((1, "is not a label"), (3, "is not asked about task 3")):
        with pytest.raises(BadFile, match=words):
            suggest_rows(
                workspace.db,
                project.id,
                [{"task": task, "question": "topic", "answer": "c"}],
                actor_id=owner,
                source="m",
            )
    with pytest.raises(BadFile, match="is not a label"):
        suggest_column(workspace.db, project.id, "guess", actor_id=owner, question="topic")
    suggest_rows(
        workspace.db, project.id, [{"task": 2, "question": "topic", "answer": "c"}], actor_id=owner, source="m"
    )
    worker = hire(workspace, "Ann")
    shown = []
    for _ in range(3):
        lease = lease_one(workspace, project, worker)
        shown.append(set(lease.shown["suggestions"]))
        workspace.db.write(lambda tx, one=lease: holding.skip(tx, worker, one.lease_id, ""))
    assert shown == [set(), {"topic"}, set()]


# ---- a second look ---------------------------------------------------------------------------------------------------
@pytest.fixture
def world(workspace: Workspace) -> Reviews:
    """Layla says a, Omar b, of the one task, which offers a and b."""
    settings = {"asks": "ask", "review": {"choose": "all"}}
    found = make_reviews(workspace, questions=[TOPIC, FLUENCY], rows=[NARROW], settings=settings)
    for worker, label in ((found.layla, "a"), (found.omar, "b")):
        answer(workspace, found.project, worker, found.rows, [{"topic": label}])
    return found


def test_a_reviewers_fix_and_a_judges_own_answer_are_of_what_is_asked(world: Reviews) -> None:
    mine = next(one for one in world.answers() if one["worker_id"] == world.layla)
    item = world.next(world.rana)
    with world.db.read() as tx:
        shown = present_item(tx, item, with_names=False)
    assert shown["task"]["asks"] == {"topic": {"labels": ["a", "b"]}}
    assert "ask" not in shown["task"]["content"]
    for wrong in ({"topic": "c"}, {"topic": "b", "fluency": 1}):
        with pytest.raises(BadAnswer):
            world.say(world.rana, mine["id"], "fix", answers=wrong)
    review = world.say(world.rana, mine["id"], "fix", answers={"topic": "b"})
    world.db.write(lambda tx: disputes.dispute(tx, world.layla, review["id"], "d"))
    row = world.db.write(lambda tx: disputes.next_dispute(tx, world.project.id, world.sami))

    def judge(answers: Any) -> Any:
        said = Verdict(row["hold"], "neither", "neither of them", answers)
        return world.db.write(lambda tx: disputes.judge(tx, world.sami, row["id"], world.key(), said))

    for wrong in ({"topic": "c"}, {"topic": "a", "fluency": 1}):
        with pytest.raises(BadAnswer):
            judge(wrong)
    with pytest.raises(BadInput, match="one of the two"):
        judge({"topic": "a"})


def test_a_decision_is_of_what_is_asked(world: Reviews) -> None:
    case = deciding.next_case(world.db, world.project.id, world.rana, with_names=False)["case"]
    assert case["task"]["asks"] == {"topic": {"labels": ["a", "b"]}}

    def decide(**more: Any) -> Any:
        said = Settled(case["seen"], "answers", **more)
        return deciding.decide(world.db, world.rana, case["task"]["id"], world.key(), said)

    for wrong in ({"topic": "c"}, {"topic": "a", "fluency": 1}):
        with pytest.raises(BadAnswer):
            decide(answers=wrong)
    assert decide(choose=case["options"][0]["letter"])["decision"]["settles"] == "answers"


def test_a_known_answer_is_of_what_is_asked(workspace: Workspace) -> None:
    project = made(workspace)
    with workspace.db.read() as tx:
        task = tx.one("task_by_seq", project_id=project.id, seq=1)["id"]

    def know(answers: Any) -> Any:
        return workspace.db.write(lambda tx: correct_known(tx, workspace.owner_id, task, Known(answers)))

    with pytest.raises(BadAnswer):
        know({"topic": "c"})
    with pytest.raises(BadInput, match="no question 'fluency'"):
        know({"fluency": 1})
    know({"topic": "a"})
    known = known_task(workspace.db, task)["known"]
    assert known["asks"] == {"topic": {"labels": ["a", "b"]}}
    assert known["content"] == {"text": "one"}


# ---- the questions go on ---------------------------------------------------------------------------------------------
def change(workspace: Workspace, project: Project, questions: list[dict[str, Any]], **more: Any) -> Any:
    version = now(workspace, project).version
    return change_project_schema(
        workspace.db, workspace.owner_id, project.id, version, questions=questions, **({"on_misfits": "keep"} | more)
    )


def test_a_row_follows_the_new_names_of_its_labels(workspace: Workspace) -> None:
    """Else its labels would be gone, and nobody would have said so."""
    project = made(workspace)
    for old, new in (("b", "beta"), ("beta", "ب")):
        labels = [new if one == old else one for one in now(workspace, project).questions[0].labels]  # type: ignore[attr-defined]
        change(workspace, project, [TOPIC | {"labels": labels}, FLUENCY, WHY], renamed={"topic": {old: new}})
    worker = hire(workspace, "Ann")
    lease = lease_one(workspace, project, worker)
    assert lease.shown["asks"] == {"topic": {"labels": ["a", "ب"]}}
    give(workspace, worker, lease, {"topic": "ب"}).or_raise()


def test_what_is_gone_narrows_and_where_nothing_is_left_everything_is_asked(workspace: Workspace) -> None:
    project = made(workspace)
    change(workspace, project, [TOPIC | {"labels": ["b", "c"]}, FLUENCY])
    worker = hire(workspace, "Ann")
    lease = lease_one(workspace, project, worker)
    assert lease.shown["asks"] == {"topic": {"labels": ["b"]}}
    change(workspace, project, [TOPIC | {"labels": ["c", "d"]}, FLUENCY])
    assert lease_one(workspace, project, worker).shown["asks"] == {"topic": True, "fluency": True}
    with pytest.raises(BadAnswer):
        give(workspace, worker, lease, {"topic": "d"})
    give(workspace, worker, lease, {"topic": "d", "fluency": 1}).or_raise()


def test_an_answer_to_what_was_asked_before_a_change_is_kept_as_a_draft(workspace: Workspace) -> None:
    project = made(workspace)
    worker = hire(workspace, "Ann")
    lease = lease_one(workspace, project, worker)
    change(workspace, project, [TOPIC | {"labels": ["b", "c"]}, FLUENCY])
    submitted = give(workspace, worker, lease, {"topic": "a"}, schema_version=1)
    assert submitted.annotation is None
    assert submitted.changed
    assert submitted.draft is not None


def test_a_question_that_a_row_does_not_ask_is_not_missing_there(workspace: Workspace) -> None:
    project = made(workspace, [NARROW, WHOLE], overlap=1)
    ann = hire(workspace, "Ann")
    answer(workspace, project, ann, [NARROW, WHOLE], [{"topic": "b"}, {"topic": "b", "fluency": 3}])
    wider = [*QUESTIONS, {"kind": "text", "name": "note"}]
    preview = preview_change(workspace.db, project.id, wider)
    assert (preview.missing_tasks, preview.reopens_missing) == (1, 1), "the row that asks everything lacks a note"
    made_ = change(workspace, project, wider, reopen_missing=True)
    assert made_.reopened == 1
    with workspace.db.read() as tx:
        assert [tx.one("task_by_seq", project_id=project.id, seq=seq)["round"] for seq in (1, 2)] == [0, 1]


def test_the_setting_itself_is_changed_like_any_other(workspace: Workspace) -> None:
    project = made(workspace, settings={})
    changes = {"settings": {"asks": "ask"}}
    update = workspace.db.write(lambda tx: update_project(tx, workspace.owner_id, project.id, project.version, changes))
    assert update.settings.asks == "ask"
    assert [one.name for one in questions_of(update, OTHER)] == ["fluency"]
