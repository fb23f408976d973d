"""The log of events as a chain: whatever is changed in the file shows, and where; a long history is taken in by one link."""

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labelling_world import NO, World

from tawsim.core.errors import BadInput
from tawsim.labelling import decisions, owners, reviews, submit
from tawsim.labelling.projects import update_project
from tawsim.store.keys import record
from tawsim.workspaces import audit
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import Workspace, open_workspace

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "audit.md"


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


@pytest.fixture
def lived(world: World) -> World:
    """Some work of every sort: answers, an edit, a rejection, settings, a guideline."""
    world.add(6)
    one = world.answer(world.a)
    world.answer(world.b, NO)
    world.db.write(lambda tx: submit.edit(tx, world.a, one["id"], "e", 1, NO))
    two = world.answer(world.a)
    world.db.write(lambda tx: owners.reject(tx, world.owner, two["id"], "r", 1, "غير صحيح"))
    three = world.answer(world.b, NO)
    said = reviews.Said(1, "accept", words="جيد")
    world.db.write(lambda tx: reviews.review(tx, world.owner, three["id"], "v", said))
    with world.db.read() as tx:
        version = tx.one("project_get", id=world.project.id)["version"]
    world.db.write(lambda tx: update_project(tx, world.owner, world.project.id, version, {"guideline": "دليل"}))
    return world


def codes(world: World, *heads: audit.Head) -> list[str]:
    return [one.code for one in audit.verify(world.db, heads).faults]


def head_of(world: World) -> audit.Head:
    with world.db.read() as tx:
        return audit.head(tx)


def test_what_was_written_verifies_and_each_event_is_counted(lived: World) -> None:
    found = audit.verify(lived.db, [head_of(lived)])
    assert found.sound, found.faults
    assert found.events == len(lived.events()) == found.head.number
    assert found.contents > 6
    assert found.head == audit.Head(head_of(lived).number, head_of(lived).hash)


def test_a_write_that_fails_takes_its_numbers_with_it(lived: World) -> None:
    before = head_of(lived).number

    def fails(tx: Any) -> None:
        record(tx, "test.one", "x")
        raise BadInput("no")

    blocked: list[Any] = [lived.db.write_soon(work) for work in (lambda tx: record(tx, "test.two", "x"), fails) * 20]
    for one in blocked:
        one.exception(10)
    assert head_of(lived).number == before + 20
    assert codes(lived) == []


def test_two_processes_write_one_chain(lived: World) -> None:
    """The server and a command may have the file open at once."""
    code = (
        "import sys; from pathlib import Path; from tawsim.workspaces.workspace import Workspace, open_workspace;"
        "from tawsim.store.keys import record; w = open_workspace(Path(sys.argv[1]));"
        "[w.db.write(lambda tx: record(tx, 'test.other', 'x')) for _ in range(40)]; w.close()"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(lived.workspace.path)])
    for _ in range(40):
        lived.db.write(lambda tx: record(tx, "test.own", "x"))
    assert other.wait(30) == 0
    assert lived.events().count("test.other") == lived.events().count("test.own") == 40
    assert codes(lived) == []


# ---- tampering, in the file itself, past all of our code ---------------------------------------------------------------
@pytest.fixture
def tampered(lived: World, tmp_path: Path) -> Callable[..., list[audit.Fault]]:
    """Runs statements on a copy of the file and returns what `verify` finds in it."""
    kept, made = head_of(lived), 0

    def change(*statements: str, with_head: bool = False) -> list[audit.Fault]:
        nonlocal made
        made += 1
        copy = tmp_path / f"copy{made}.tawsim"
        lived.db.backup_to(copy)
        raw = sqlite3.connect(copy)
        raw.execute("PRAGMA foreign_keys = OFF")
        for one in statements:
            assert raw.execute(one).rowcount > 0, one
        raw.commit()
        raw.close()
        opened = open_workspace(copy)
        try:
            return audit.verify(opened.db, [kept] if with_head else []).faults
        finally:
            opened.close()

    return change


@pytest.mark.parametrize(
    ("statement", "code", "number"),
    [
        ("UPDATE event SET data = '{\"x\":1}' WHERE number = 5", "changed", 5),
        ("UPDATE event SET at = at + 1 WHERE number = 3", "changed", 3),
        ("UPDATE event SET actor_id = 'somebody' WHERE number = 7", "changed", 7),
        ("UPDATE event SET task_id = NULL WHERE number = 9", "changed", 9),
        ("UPDATE event SET content = '' WHERE number = 1", "changed", 1),
        ("UPDATE event SET kind = x'00ff' WHERE number = 6", "changed", 6),
        ("UPDATE event SET hash = zeroblob(32) WHERE number = 8", "changed", 8),
        ("UPDATE event SET hash = 'text' WHERE number = 8", "changed", 8),
        ("DELETE FROM event WHERE number = 4", "missing", 4),
        ("DELETE FROM event WHERE number BETWEEN 4 AND 6", "missing", 4),
        ("DELETE FROM event WHERE number = 1", "missing", 1),
    ],
)
def test_a_changed_or_dropped_event_is_found_and_named(
    tampered: Callable[..., list[audit.Fault]], statement: str, code: str, number: int
) -> None:
    first = tampered(statement)[0]
    assert (first.code, first.number) == (code, number)


def test_events_that_changed_places_or_were_put_in_are_found(tampered: Callable[..., list[audit.Fault]]) -> None:
    swap = [
        f"UPDATE event SET number = {new} WHERE number = {old}" for old, new in ((4, 9_999), (5, 4), (9_999, 5))
    ]  # fmt: skip
    assert [one.number for one in tampered(*swap)][:2] == [4, 5]
    put_in = [
        "UPDATE event SET number = number + 100000 WHERE number >= 5",
        "INSERT INTO event SELECT 'new', at, kind, actor_id, project_id, task_id, object_id, data, 5, hash, content"
        " FROM event WHERE number = 3",
        "UPDATE event SET number = number - 99999 WHERE number >= 100000",
    ]
    assert tampered(*put_in)[0].number == 5


def test_a_log_that_was_cut_at_its_end_shows_by_a_head_that_was_kept(
    tampered: Callable[..., list[audit.Fault]], lived: World
) -> None:
    last = head_of(lived).number
    cut = f"DELETE FROM event WHERE number > {last - 2}"
    assert all(one.code == "content" or one.code == "added" for one in tampered(cut))  # the chain alone cannot show it
    assert ("cut", last) in [(one.code, one.number) for one in tampered(cut, with_head=True)]


def test_a_chain_that_was_made_anew_as_a_whole_shows_by_a_head_that_was_kept(lived: World, tmp_path: Path) -> None:
    from tawsim.store.chain import START, linked

    kept, copy = head_of(lived), tmp_path / "forged.tawsim"
    lived.db.backup_to(copy)
    raw = sqlite3.connect(copy)
    raw.execute("UPDATE event SET data = '{\"forged\":true}' WHERE number = 5")
    before = START
    columns = "number, id, at, kind, actor_id, project_id, task_id, object_id, content, data"
    for row in raw.execute(f"SELECT {columns} FROM event ORDER BY number").fetchall():
        before = linked(before, row)
        raw.execute("UPDATE event SET hash = ? WHERE number = ?", (before, row[0]))
    raw.commit()
    raw.close()
    opened = open_workspace(copy)
    assert audit.verify(opened.db).sound
    assert [one.code for one in audit.verify(opened.db, [kept]).faults] == ["made_anew"]
    opened.close()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ('UPDATE annotation_version SET answers = \'{"label":"نعم"}\' WHERE version = 2', "answer"),
        ("UPDATE annotation_version SET comment = 'x' WHERE version = 2", "answer"),
        ("DELETE FROM annotation_version WHERE version = 2", "answer"),
        ("UPDATE review SET verdict = 'reject', reason = 'x'", "review"),
        ("UPDATE review SET words = ''", "review"),
        ("UPDATE guideline SET text = 'other' WHERE version = 1", "guideline"),
        ("UPDATE project_schema SET questions = '[]'", "schema"),
        ("UPDATE project SET overlap = 9", "settings"),
        ("UPDATE worker SET role = 'owner' WHERE name = 'a'", "person"),
        ("UPDATE worker SET profile = '{\"per_hour\":99}' WHERE name = 'a'", "person"),
    ],
)
def test_content_that_was_changed_behind_its_event_is_found(
    tampered: Callable[..., list[audit.Fault]], statement: str, what: str
) -> None:
    found = tampered(statement)
    assert [one.code for one in found] == ["content"]
    assert found[0].what.startswith(what)


def test_an_answer_that_no_event_tells_of_is_found(tampered: Callable[..., list[audit.Fault]]) -> None:
    add = "INSERT INTO annotation_version SELECT annotation_id, 99, answers, by_worker, at, comment, flag FROM annotation_version WHERE version = 2"  # noqa: E501
    assert [one.code for one in tampered(add)] == ["added"]


def test_an_erase_leaves_a_chain_that_verifies(lived: World) -> None:
    """The digest stays and the content goes; the salt goes too, so that short answers cannot be tried against it."""
    lived.db.write(lambda tx: audit.erase_salt(tx, lived.owner, lived.a))
    raw = sqlite3.connect(lived.workspace.path)
    raw.execute("UPDATE annotation_version SET answers = '{}', comment = '' WHERE by_worker = ?", (lived.a,))
    raw.commit()
    raw.close()
    found = audit.verify(lived.db)
    assert found.sound, found.faults
    assert found.erased == 3
    lived.answer(lived.a)  # who answers again afterwards has content that counts again
    assert audit.verify(lived.db).erased == 3
    raw = sqlite3.connect(lived.workspace.path)
    raw.execute(
        "UPDATE annotation_version SET answers = '{\"x\":1}' WHERE annotation_id = (SELECT MAX(id) FROM annotation)"
    )
    raw.commit()
    raw.close()
    assert codes(lived) == ["content"]


# ---- before the chain ------------------------------------------------------------------------------------------------
@pytest.fixture
def older(lived: World) -> World:
    """The same workspace as a Tawsim from before the chain would have left it."""
    raw = sqlite3.connect(lived.workspace.path)
    raw.execute("UPDATE event SET number = NULL, hash = NULL, content = ''")
    raw.commit()
    raw.close()
    return lived


def test_events_from_before_are_taken_in_by_one_link(older: World) -> None:
    before = len(older.events())
    older.answer(older.b)
    found = audit.verify(older.db)
    assert (found.sound, found.taken_in, found.earlier) == (True, False, before)
    assert audit.take_in_earlier(older.db) is True
    assert audit.take_in_earlier(older.db) is False
    older.answer(older.a)
    found = audit.verify(older.db)
    assert found.sound, found.faults
    assert (found.taken_in, found.earlier) == (True, before)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = '{}', at = 1 WHERE number IS NULL AND kind = 'annotation.rejected'",
        "DELETE FROM event WHERE id = (SELECT MIN(id) FROM event WHERE number IS NULL)",
        "UPDATE annotation_version SET answers = '{}' WHERE version = 2",
        "DELETE FROM annotation_version WHERE version = 2",
        "DELETE FROM event WHERE number IS NULL",
        "UPDATE guideline SET text = 'other' WHERE version = 1",
    ],
)
def test_what_came_before_and_was_changed_after_shows(older: World, statement: str) -> None:
    audit.take_in_earlier(older.db)
    older.answer(older.b)
    assert codes(older) == []
    raw = sqlite3.connect(older.workspace.path)
    raw.execute(statement)
    raw.commit()
    raw.close()
    found = codes(older)
    # Without the events from before the chain, no word of it says any more why an answer does not count.
    assert len([one for one in found if one != "state"]) == 1
    assert ("state" in found) == statement.startswith("DELETE FROM event WHERE number")


# ---- heads and the export --------------------------------------------------------------------------------------------
def test_heads_are_left_beside_the_workspace_and_read_back(lived: World, tmp_path: Path) -> None:
    books = open_accounts(tmp_path)
    first = head_of(lived)
    assert audit.anchor(books, lived.workspace.id, first)
    assert not audit.anchor(books, lived.workspace.id, first)
    lived.answer(lived.b)
    audit.anchor(books, lived.workspace.id, head_of(lived))
    kept = audit.anchors(books, lived.workspace.id)
    assert [one.number for one in kept] == [first.number, head_of(lived).number]
    assert audit.verify(lived.db, kept).sound
    assert audit.read_head(str(first)) == audit.Head(first.number, first.hash)
    books.close()


@pytest.mark.parametrize("text", ["", "5", "x:" + "0" * 64, "5:" + "0" * 63, "-1:" + "0" * 64])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        audit.read_head(text)


def test_the_check_in_the_docs_agrees_and_finds_a_flipped_letter(lived: World, tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    script, out = tmp_path / "check.py", tmp_path / "log.jsonl"
    script.write_text(code[1], encoding="utf-8")
    text = "".join(audit.export(lived.db))
    out.write_text(text, encoding="utf-8")

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(script), str(out)], capture_output=True, text=True, check=False)

    assert check().stdout.strip() == str(head_of(lived))
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    for bad in (text.replace("annotation.rejected", "annotation.Rejected"), "\n".join(text.splitlines()[1:]) + "\n"):
        out.write_text(bad, encoding="utf-8")
        assert check().returncode == 1


def test_the_hash_is_the_one_that_the_page_states(lived: World) -> None:
    """Written out once more, without our code."""
    raw = sqlite3.connect(lived.workspace.path)
    before = bytes(32)
    columns = "number, id, at, kind, actor_id, project_id, task_id, object_id, content, data"
    for row in raw.execute(f"SELECT {columns}, hash FROM event ORDER BY number"):
        text = json.dumps(row[:-1], ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(before + text.encode()).digest()
        assert row[-1] == before
    raw.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation SET state = 'accepted' WHERE state = 'rejected'",
        "UPDATE annotation SET state = 'withdrawn' WHERE state = 'rejected'",
        "UPDATE annotation SET state = 'rejected' WHERE id = (SELECT MIN(id) FROM annotation)",
    ],
)
def test_an_answer_that_counts_or_not_against_the_log_is_found(
    tampered: Callable[..., list[audit.Fault]], statement: str
) -> None:
    assert [one.code for one in tampered(statement)] == ["state"]


def test_answers_taken_back_rejected_and_reinstated_agree_with_the_log(lived: World) -> None:
    taken = lived.answer(lived.b)
    lived.undo(lived.b, taken["id"])
    again = lived.answer(lived.b)
    said = reviews.Said(1, "reject", words="لا")
    made = lived.db.write(lambda tx: reviews.review(tx, lived.owner, again["id"], "no", said))
    assert codes(lived) == []
    lived.db.write(lambda tx: reviews.undo_review(tx, lived.owner, made["id"], "undo"))
    assert codes(lived) == []


def test_what_people_wrote_stands_in_no_event_and_can_go(lived: World) -> None:
    words = "كلمات لا يراد بقاؤها"
    answer = lived.answer(lived.b)
    lived.db.write(lambda tx: owners.reject(tx, lived.owner, answer["id"], "x", 1, words))
    other = lived.answer(lived.b)
    said = reviews.Said(1, "reject", words=words)
    lived.db.write(lambda tx: reviews.review(tx, lived.owner, other["id"], "y", said))
    task = other["task_id"]

    def settle(tx: Any) -> None:
        seen = decisions.case_of(tx, task, lived.owner).seen
        decisions.decide(tx, lived.owner, task, "z", decisions.Settled(seen, "cannot", words=words))

    lived.db.write(settle)
    lived.db.write(lambda tx: owners.set_worker_active(tx, lived.owner, lived.c, False, words))
    assert codes(lived) == []
    raw = sqlite3.connect(lived.workspace.path)
    assert raw.execute("SELECT COUNT(*) FROM event WHERE data LIKE ?", (f"%{words}%",)).fetchone() == (0,)
    lived.db.write(lambda tx: audit.erase_salt(tx, lived.owner, lived.owner))
    for table in ("rejection SET reason", "review SET words", "decision SET words"):
        raw.execute(f"UPDATE {table} = '' WHERE 1 = 1")
    raw.commit()
    raw.close()
    assert codes(lived) == []


def test_a_rejection_that_was_reworded_is_found(tampered: Callable[..., list[audit.Fault]]) -> None:
    assert [one.code for one in tampered("UPDATE rejection SET reason = 'x'")] == ["content"]


def test_why_somebody_was_let_out_cannot_be_reworded(lived: World) -> None:
    lived.db.write(lambda tx: owners.set_worker_active(tx, lived.owner, lived.c, False, "انتهى العقد"))
    lived.db.write(lambda tx: owners.set_worker_active(tx, lived.owner, lived.c, True))
    lived.db.write(lambda tx: owners.set_worker_active(tx, lived.owner, lived.c, False, "again"))
    assert codes(lived) == []
    raw = sqlite3.connect(lived.workspace.path)
    raw.execute("UPDATE let_out SET reason = 'other'")
    raw.commit()
    raw.close()
    assert codes(lived) == ["content"]
