"""The wiring: importing, truth, export, overview, checks and the demo, through the same functions that all doors use."""

import csv
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tawsim.core.errors import AlreadyExists, BadFile, BadInput, NotFound
from tawsim.core.records import Project
from tawsim.labelling import batches
from tawsim.labelling.batches import BatchState, NewBatch
from tawsim.labelling.lanes import Requirement, lane_of
from tawsim.labelling.owners import remove_task, reopen
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import edit, submit
from tawsim.loop import checking, demo, exporting, importing, inferring, overview, truths
from tawsim.loop.votes_files import infer_file
from tawsim.workspaces.workspace import Workspace, add_worker, get_worker

LABELS = ["إيجابي", "سلبي"]


def make(workspace: Workspace, *, overlap: int = 2, name: str = "مراجعات", multiple: bool = False) -> Project:
    kind = "choices" if multiple else "choice"
    new = NewProject(name=name, questions=[{"kind": kind, "name": "label", "labels": LABELS}], overlap=overlap)
    return workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, name, new))


def hire(workspace: Workspace, name: str) -> str:
    return workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, name, name)).id


def answer(workspace: Workspace, project: Project, worker: str, labels: list[Any]) -> list[str]:
    """Answer the next tasks with these labels; the annotations' ids."""
    made = []
    for label in labels:

        def one(tx: Any, label: Any = label) -> str:
            [lease] = next_leases(tx, project.id, worker, 1).leases
            return submit(tx, worker, lease.lease_id, lease.lease_id, {"label": label}).or_raise()["id"]

        made.append(workspace.db.write(one))
    return made


def rows_of(workspace: Workspace, project: Project, kind: str = "labels") -> list[dict[str, Any]]:
    return list(exporting.export(workspace.db, project.id, kind)[1])


def add(workspace: Workspace, project: Project, rows: list[Any], key: str = "k") -> None:
    importing.import_rows(workspace.db, project, rows, actor_id=workspace.owner_id, key=key)


# ---- importing ----------------------------------------------------------------------------------------------------
def test_a_file_makes_a_project_and_its_tasks(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("id,review\n1,جميل\n2,سيئ\n", encoding="utf-8")
    owner = workspace.owner_id
    project = importing.new_project_from_file(workspace.db, file, LABELS, overlap=3, actor_id=owner)
    assert (project.name, project.text_column, project.overlap) == ("reviews", "review", 3)
    told: list[tuple[int, int, int]] = []
    report = importing.import_file(
        workspace.db, project, file, actor_id=owner, on_progress=lambda *facts: told.append(facts)
    )
    assert (report.added, report.repeated) == (2, False)
    assert told[-1] == (2, file.stat().st_size, file.stat().st_size)
    assert importing.import_file(workspace.db, project, file, actor_id=owner).repeated
    assert importing.is_imported(workspace.db, project, file)
    assert importing.import_file(workspace.db, project, file, actor_id=owner, again=True).added == 2
    file.write_text("id,review\n1,آخر\n", encoding="utf-8")
    assert not importing.is_imported(workspace.db, project, file)


def test_an_empty_project_takes_the_column_of_its_first_file(workspace: Workspace, tmp_path: Path) -> None:
    project = make(workspace)
    file = tmp_path / "tweets.csv"
    file.write_text("id,tweet\n1,أهلا\n", encoding="utf-8")
    importing.import_file(workspace.db, project, file, actor_id=workspace.owner_id)
    assert overview.find_project(workspace.db).text_column == "tweet"
    other = tmp_path / "other.csv"
    other.write_text("id,body\n1,أهلا\n", encoding="utf-8")
    project = overview.find_project(workspace.db)
    with pytest.raises(BadFile, match="tweet"):
        importing.import_file(workspace.db, project, other, actor_id=workspace.owner_id)
    with pytest.raises(BadFile, match="stand in the column"):
        importing.import_file(workspace.db, project, other, actor_id=workspace.owner_id, text_column="body")
    with pytest.raises(BadFile, match="no column"):
        importing.import_file(workspace.db, project, other, actor_id=workspace.owner_id, text_column="absent")
    assert overview.project_progress(workspace.db, project.id)[0].tasks == 1


def test_a_pipe_can_be_imported(workspace: Workspace, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("text\nفي الأنبوب\n", encoding="utf-8"))
    writer.start()
    report = importing.import_file(workspace.db, make(workspace), pipe, actor_id=workspace.owner_id)
    writer.join()
    assert (report.added, report.source) == (1, "pipe.csv")


@pytest.mark.parametrize("content", [b"", b"text\n", b"text\n\xff\xfe\xff", b"text\nok\n\n,,,,\n", b"PK\x03\x04zip"])
def test_a_bad_file_adds_nothing(workspace: Workspace, tmp_path: Path, content: bytes) -> None:
    project = make(workspace)
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(BadFile):
        importing.import_file(workspace.db, project, file, actor_id=workspace.owner_id)
    assert overview.project_progress(workspace.db, project.id)[0].tasks == 0


# ---- truth --------------------------------------------------------------------------------------------------------
def test_truth_counts_answered_tasks_and_keeps_the_rest(workspace: Workspace) -> None:
    project = make(workspace)
    add(workspace, project, ["واحد", "اثنان", "ثلاثة"])
    empty = truths.truth_page(truths.project_truth(workspace.db, project.id), workspace.db)
    assert [task["label"] for task in empty["tasks"]] == [None, None, None]
    assert empty["summary"] == {"tasks": 3, "labelled": 0, "mean_p": None, "sure": {"threshold": 0.95, "tasks": 0}}
    ann, bob = hire(workspace, "Ann"), hire(workspace, "باسم")
    answer(workspace, project, ann, ["إيجابي", "سلبي"])
    answer(workspace, project, bob, ["إيجابي"])
    truth = truths.project_truth(workspace.db, project.id)
    page = truths.truth_page(truth, workspace.db, limit=2)
    assert [task["label"] for task in page["tasks"]] == ["إيجابي", "سلبي"]
    assert page["tasks"][0]["votes"] == {"إيجابي": 2}
    assert page["tasks"][0]["answers"] == 2
    assert page["next"] == 2
    rest = truths.truth_page(truth, workspace.db, after=2, limit=2)
    assert [task["seq"] for task in rest["tasks"]] == [3]
    assert rest["next"] is None
    assert {one["worker"]["name"]: one["answers"] for one in page["workers"]} == {"Ann": 2, "باسم": 1}
    json.dumps(page, allow_nan=False)


def test_doubtful_tasks_come_first_when_asked(workspace: Workspace) -> None:
    project = make(workspace, overlap=3)
    add(workspace, project, ["sure", "doubtful", "unanswered"])
    for name, given in (("a", ["إيجابي", "إيجابي"]), ("b", ["إيجابي", "سلبي"]), ("c", ["إيجابي"])):
        answer(workspace, project, hire(workspace, name), given)
    truth = truths.project_truth(workspace.db, project.id)
    first = truths.truth_page(truth, workspace.db, order="doubt", limit=1)
    assert first["tasks"][0]["content"]["text"] == "doubtful"
    second = truths.truth_page(truth, workspace.db, order="doubt", limit=1, after=first["next"])
    assert second["tasks"][0]["content"]["text"] == "sure"
    assert second["next"] is None
    for bad in ({"order": "size"}, {"limit": 0}, {"limit": 10**6}, {"after": -1}):
        with pytest.raises(BadInput):
            truths.truth_page(truth, workspace.db, **bad)


def test_truth_is_kept_until_an_answer_changes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(workspace)
    add(workspace, project, ["واحد", "اثنان"])
    ann = hire(workspace, "Ann")
    [first] = answer(workspace, project, ann, ["إيجابي"])
    truth = truths.project_truth(workspace.db, project.id)
    workspace.db.write(lambda tx: next_leases(tx, project.id, ann, 1))  # a lease is not an answer
    assert truths.project_truth(workspace.db, project.id) is truth
    workspace.db.write(lambda tx: edit(tx, ann, first, "e", 1, {"label": "سلبي"}))
    assert truths.project_truth(workspace.db, project.id, may_be_stale=True) is truth
    again = truths.project_truth(workspace.db, project.id)
    assert again.label(0) == "سلبي"
    with workspace.db.read() as tx:
        row = tx.one("task_by_seq", project_id=project.id, seq=1)
        assert row is not None
        task_id = row["id"]
    workspace.db.write(lambda tx: reopen(tx, workspace.owner_id, task_id))
    assert len(truths.project_truth(workspace.db, project.id).seqs) == 0
    inferring.forget_truths(workspace.db)
    with pytest.raises(NotFound):
        truths.project_truth(workspace.db, project.id, "no such question")
    with pytest.raises(NotFound):
        truths.project_truth(workspace.db, "no such project")


def test_one_inference_at_a_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(workspace)
    add(workspace, project, ["واحد"])
    answer(workspace, project, hire(workspace, "Ann"), ["إيجابي"])
    calls = []
    real = inferring.judge
    monkeypatch.setattr(inferring, "judge", lambda *given: (calls.append(1), real(*given))[1])
    threads = [threading.Thread(target=truths.project_truth, args=(workspace.db, project.id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_several_labels_have_a_truth_each(workspace: Workspace) -> None:
    project = make(workspace, multiple=True)
    add(workspace, project, ["both", "none", "open"])
    for name in ("a", "b"):
        answer(workspace, project, hire(workspace, name), [["سلبي", "إيجابي"], []])
    page = truths.truth_page(truths.project_truth(workspace.db, project.id), workspace.db)
    assert [task["label"] for task in page["tasks"]] == [["إيجابي", "سلبي"], [], None]
    assert [task["answers"] for task in page["tasks"]] == [2, 2, 0]
    rows = rows_of(workspace, project)
    assert rows[0]["label"] == ["إيجابي", "سلبي"]
    assert rows[0]["label_votes"] == {"إيجابي": 2, "سلبي": 2}


# ---- export -------------------------------------------------------------------------------------------------------
def test_an_export_holds_what_came_in_and_the_truth(workspace: Workspace, tmp_path: Path) -> None:
    project = make(workspace)
    rows = [{"text": "a, “quoted”", "n": 1}, {"text": "سطر\nثان", "extra": True}, {"text": "removed"}]
    add(workspace, project, rows)
    ids = answer(workspace, project, hire(workspace, "Ann"), ["إيجابي"])
    with workspace.db.read() as tx:
        gone = tx.one("task_by_seq", project_id=project.id, seq=3)
        assert gone is not None
        gone_id = gone["id"]
    workspace.db.write(lambda tx: remove_task(tx, workspace.owner_id, gone_id))
    columns, _ = exporting.export(workspace.db, project.id)
    assert columns == ["text", "n", "extra", "tawsim_task", "label", "label_p", "label_votes", "answers"]
    data = b"".join(exporting.export_stream(workspace.db, project.id, "csv")).decode()
    read = list(csv.DictReader(io.StringIO(data)))
    assert [one["text"] for one in read] == ["a, “quoted”", "سطر\nثان"]
    assert [one["label"] for one in read] == ["إيجابي", ""]
    assert [one["answers"] for one in read] == ["1", "0"]
    votes = rows_of(workspace, project, "votes")
    assert [(one["task"], one["worker"], one["label"]) for one in votes] == [(1, "Ann", "إيجابي")]
    assert len(ids) == len(votes)
    out = tmp_path / "out.jsonl"
    assert exporting.export_to_file(workspace.db, project.id, out) == 2
    with pytest.raises(AlreadyExists):
        exporting.export_to_file(workspace.db, project.id, out)
    assert exporting.export_to_file(workspace.db, project.id, out, force=True) == 2


def test_columns_that_no_import_left_word_of_are_found_in_the_rows(workspace: Workspace) -> None:
    from tawsim.intake.adding import add_tasks, numbered

    project = make(workspace)
    rows = [{"text": f"t{i}", **({"late": i} if i == 2_500 else {})} for i in range(2_501)]
    add_tasks(workspace.db, project, numbered(rows), actor_id=workspace.owner_id, source="x", digest="d")
    assert exporting.content_columns(workspace.db, project.id) == ("text", "late")
    assert exporting.content_columns(workspace.db, project.id) == ("text", "late")
    assert len(rows_of(workspace, project)) == 2_501


def test_what_cannot_be_exported_is_refused_before_the_first_byte(workspace: Workspace, tmp_path: Path) -> None:
    project = make(workspace)
    with pytest.raises(BadInput):
        exporting.export_stream(workspace.db, project.id, "docx")
    with pytest.raises(BadInput):
        exporting.export_stream(workspace.db, project.id, "csv", "everything")
    with pytest.raises(NotFound):
        exporting.export_stream(workspace.db, "absent", "csv")
    with pytest.raises(BadInput):
        exporting.export_to_file(workspace.db, project.id, tmp_path / "x.docx")
    assert list(exporting.export_stream(workspace.db, project.id, "jsonl")) == []


# ---- overview -----------------------------------------------------------------------------------------------------
def test_a_labeller_sees_only_their_own_part(workspace: Workspace) -> None:
    project = make(workspace)
    add(workspace, project, ["واحد", "اثنان"])
    ann = hire(workspace, "Ann")
    answer(workspace, project, ann, ["إيجابي"])
    with workspace.db.read() as tx:
        owner, labeller = get_worker(tx, workspace.owner_id), get_worker(tx, ann)
    seen = overview.project_overview(workspace.db, project.id, labeller)
    assert seen["progress"] is None
    assert seen["mine"]["answers"] == 1
    [mine] = overview.projects_overview(workspace.db, owner)
    assert mine["progress"]["answers"] == 1
    assert mine["mine"] == {"answers": 0, "skips": 0, "leases": 0, "last_at": None}
    facts = overview.progress(workspace.db, project.id)
    assert facts["workers"][0]["worker"]["name"] == "Ann"
    assert facts["agreement"] is None
    json.dumps([seen, mine, facts])


def test_a_project_is_found_by_name(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="no project"):
        overview.find_project(workspace.db)
    first = make(workspace)
    assert overview.find_project(workspace.db).id == first.id
    make(workspace, name="second")
    with pytest.raises(NotFound, match="name one"):
        overview.find_project(workspace.db)
    assert overview.find_project(workspace.db, "second").name == "second"
    with pytest.raises(NotFound, match="مراجعات"):
        overview.find_project(workspace.db, "third")


# ---- checks -------------------------------------------------------------------------------------------------------
def test_the_doctor_finds_what_is_wrong(workspace: Workspace, tmp_path: Path) -> None:
    make(workspace)
    found = {one.name: one for one in checking.doctor(workspace.path)}
    assert found["reviews.tawsim sound"].ok
    assert found["reviews.tawsim counts"].ok
    workspace.db.write(lambda tx: tx.run(
        "project_count_add", project_id=overview.find_project(workspace.db).id, done=5, skipped_out=0, answers=0,
        answers_wanted=0, leases=0, tasks=0,
    ))  # fmt: skip
    workspace.path.chmod(0o644)
    (tmp_path / "bad.tawsim").write_bytes(b"SQLite format 3\x00" + b"\x00" * 5_000)
    found = {one.name: one for one in checking.doctor(tmp_path)}
    assert not found["reviews.tawsim counts"].ok
    assert "done is 5" in found["reviews.tawsim counts"].found
    assert not found["reviews.tawsim private"].ok
    assert not found["bad.tawsim"].ok
    assert all(one.advice for one in found.values() if not one.ok)
    assert not next(one for one in checking.doctor(tmp_path / "absent.tawsim") if one.name == "workspace").ok


def test_the_doctor_finds_lanes_that_are_not_as_their_batches_are(workspace: Workspace) -> None:
    make(workspace)
    owner, project = workspace.owner_id, overview.find_project(workspace.db).id

    def lane(tx: Any, name: str, state: BatchState) -> str:
        batch = batches.create(tx, owner, project, NewBatch(name, state=state))
        return lane_of(tx, project, Requirement(), 0, batch["id"])

    def found() -> checking.Check:
        return next(one for one in checking.doctor(workspace.path) if one.name == "reviews.tawsim lanes")

    workspace.db.write(lambda tx: [lane(tx, "waits", "staging"), lane(tx, "runs", "in_progress")])
    assert found().ok
    workspace.db.write(lambda tx: tx._connection.execute("UPDATE lane SET held = 1 - held").rowcount)
    wrong = found()
    assert not wrong.ok
    assert "“waits” (staging) 1 are not held" in wrong.found
    assert "“runs” (in_progress) 1 are held" in wrong.found
    assert wrong.advice


# ---- a file of votes ----------------------------------------------------------------------------------------------
def test_votes_become_truths(tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    lines = [f"t{t},w{w},{'yes' if (t + (w == 2 and t % 3 == 0)) % 2 else 'no'}" for t in range(30) for w in range(4)]
    votes.write_text("task,worker,label\n" + "\n".join(lines), encoding="utf-8")
    found = infer_file(votes, tmp_path / "truth.csv")
    assert found["model"] == "joint"
    read = list(csv.DictReader((tmp_path / "truth.csv").open(encoding="utf-8")))
    assert list(read[0]) == ["task", "label", "p", "n", "entropy"]
    assert {one["task"]: one["label"] for one in read} == {f"t{t}": "yes" if t % 2 else "no" for t in range(30)}
    with pytest.raises(AlreadyExists):
        infer_file(votes, tmp_path / "truth.csv")
    assert infer_file(votes, tmp_path / "truth.csv", model="majority", force=True)["model"] == "majority"
    with pytest.raises(BadInput):
        infer_file(votes, tmp_path / "other.csv", model="guess")
    assert not (tmp_path / "other.csv").exists()


# ---- the demo -----------------------------------------------------------------------------------------------------
def test_the_demo_is_the_same_every_time_and_shows_what_it_should(tmp_path: Path) -> None:
    from tawsim.workspaces.workspace import open_workspace

    stories = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        opened = open_workspace(demo.build_demo(tmp_path / name))
        story: list[Any] = []
        made = overview.list_projects(opened.db)
        for project in made[len(demo.WORLDS) :]:
            progress = overview.project_progress(opened.db, project.id)[0]
            assert (progress.tasks > 2, progress.answers) == (True, 0)
        assert [one.questions[0].kind for one in made[len(demo.WORLDS) :]] == ["spans", "pairwise", "boxes", "chat"]  # type: ignore[attr-defined]
        for project in made[: len(demo.WORLDS)]:
            found = truths.truth_summary(truths.project_truth(opened.db, project.id), opened.db)
            progress = overview.project_progress(opened.db, project.id)[0]
            assert 0.85 < progress.answers / progress.answers_wanted < 0.95
            assert progress.leases == 0
            verdicts = {
                w["worker"]["name"]: w["verdict"] for w in found["workers"] if w["worker"]["role"] == "labeller"
            }
            assert sorted(verdicts.values()) == ["careless", "mixes", *["trusted"] * (len(verdicts) - 2)]
            assert {one["worker"]["kind"] for one in found["workers"]} == {"simulated"}
            story.append((project.name, verdicts, [(r["text"], r["label"]) for r in rows_of(opened, project)]))
        opened.close()
        stories.append(story)
    assert stories[0] == stories[1]
    assert [len(world.labels) for world in demo.WORLDS] == [2, 6]


def test_the_demo_texts_are_attributed_and_hold_nothing_personal() -> None:
    folder = Path(demo.__file__).parent / "demo_data"
    notice = (folder / "NOTICE").read_text(encoding="utf-8")
    for word in ("AFL-3.0", "CC-BY-4.0", "Alomari", "Casanueva", "sub-sampled"):
        assert word in notice
    for world in demo.WORLDS:
        texts = demo.read_texts(world.data)
        assert world.data in notice
        assert {one["expected"] for one in texts} == set(world.labels)
        assert len({one["text"] for one in texts}) == len(texts)
        for one in texts:
            assert not any(mark in one["text"] for mark in ("@", "http", "#")), one
