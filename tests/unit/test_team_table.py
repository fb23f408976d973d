"""The task table: filters and sorts against a plain reading of the store, pages by key, figures that follow what happens."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelling_world import NO, YES, World

from tawsim.core.errors import BadInput
from tawsim.core.ids import new_id
from tawsim.labelling import batches, owners, submit
from tawsim.labelling.batches import NewBatch
from tawsim.labelling.lanes import Requirement, assign, set_priority
from tawsim.labelling.tagging import add_tag, tag_task
from tawsim.loop import table, table_search
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.loop.table import find_all, find_page, forget_tables, kept_columns
from tawsim.loop.table_columns import Columns, read_all
from tawsim.loop.table_grammar import parse
from tawsim.loop.table_names import NAMES
from tawsim.loop.table_rows import file_rows, page_json
from tawsim.loop.table_search import folded, forget_searches
from tawsim.store.search import WordIndex, index_path
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: Callable[[], int]) -> Iterator[World]:
    made = World(workspace, clock, {"overlap": 2, "skip_limit": 2, "lease_seconds": 600})
    yield made
    forget_tables(made.db)
    forget_searches(made.db)


def seqs(world: World, text: str) -> list[int]:
    return find_all(world.db, world.project.id, parse(text)).tolist()


def act(world: World, luck: random.Random) -> None:
    """One thing that happens in a project."""
    tasks = world.tasks()
    one = luck.choice(tasks)["id"]
    worker = luck.choice((world.a, world.b, world.c))
    what = luck.randrange(9)
    if what < 4:
        for lease in world.grant(worker).leases:
            if what == 3:
                world.skip(worker, lease.lease_id)
                continue
            given = submit.Given(luck.choice(("", "لماذا؟")), luck.random() < 0.3)
            answers = luck.choice((YES, NO))
            world.db.write(
                lambda tx, lease=lease, given=given, answers=answers: submit.submit(
                    tx, worker, lease.lease_id, new_id(1), answers, given
                )
            )
    elif what == 4:
        world.db.write(lambda tx: owners.reopen(tx, world.owner, one))
    elif what == 5:
        world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, one, luck.randint(1, 3)))
    elif what == 6:
        world.db.write(lambda tx: set_priority(tx, world.owner, [one], luck.randint(-2, 2)))
    elif what == 7:
        world.db.write(lambda tx: assign(tx, world.owner, [one], Requirement(languages=("ar",))))
    elif len(tasks) > 20:
        world.db.write(lambda tx: owners.remove_task(tx, world.owner, one))


def fresh(world: World) -> Columns:
    return read_all(world.db, world.project.id, Columns(world.project.id))


def same(one: Columns, other: Columns) -> bool:
    columns = all(np.array_equal(one[name], other[name]) for name in one.columns if name != "lane")
    lanes = [one.lanes[i] for i in one["lane"]] == [other.lanes[i] for i in other["lane"]]

    def entries(held: Columns) -> list[tuple[int, str]]:
        pairs = zip(held.of_task[: held.answers].tolist(), held.of_worker[: held.answers].tolist(), strict=True)
        return sorted((task, held.workers[worker]) for task, worker in pairs if task)

    return columns and lanes and entries(one) == entries(other)


@pytest.mark.parametrize("seed", range(3))
def test_figures_follow_whatever_happens(world: World, seed: int) -> None:
    luck = random.Random(seed)
    world.add(25)
    find_page(world.db, world.project.id, parse("state:open"), wait=True)
    for _ in range(60):
        act(world, luck)
        if luck.random() < 0.1:
            world.add(2)
        if luck.random() < 0.3:
            find_page(world.db, world.project.id, parse("state:open"), wait=True)
            kept = kept_columns(world.db, world.project.id)
            assert kept is not None
            assert same(kept, fresh(world))


HOLDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "state:open": lambda t: t["state"] == "open",
    "state:done|skipped": lambda t: t["state"] in ("done", "skipped"),
    "-state:done": lambda t: t["state"] != "done",
    "accepted<2": lambda t: t["accepted"] < 2,
    "accepted:0|2": lambda t: t["accepted"] in (0, 2),
    "overlap>=2": lambda t: t["overlap"] >= 2,
    "overlap<99999999": lambda t: True,
    "overlap>99999999": lambda t: False,
    "missing>0": lambda t: t["missing"] > 0,
    "leases:0": lambda t: t["leases"] == 0,
    "skips>0": lambda t: t["skips"] > 0,
    "round:1..9": lambda t: t["round"] > 0,
    "priority<0": lambda t: t["priority"] < 0,
    "priority:-1": lambda t: t["priority"] == -1,
    "distinct>1": lambda t: t["distinct"] > 1,
    "disagree:yes": lambda t: t["distinct"] > 1,
    "disagree:no": lambda t: t["distinct"] <= 1,
    "flagged:yes": lambda t: t["flagged"],
    "comment:no": lambda t: not t["comment"],
    "reviewed:none": lambda t: not t["reviewed"],
    "label:نعم": lambda t: t["label"] == "نعم",
    "label:none": lambda t: t["label"] is None,
    "-label:لا|none": lambda t: t["label"] == "نعم",
    "answer:لا": lambda t: "لا" in t["votes"],
    "p<0.9": lambda t: t["p"] is not None and t["p"] < 0.9,
    "-p<0.9": lambda t: t["p"] is None or t["p"] >= 0.9,
    "changed:none": lambda t: t["changed"] is None,
    "purpose:work": lambda t: True,
    "tag:hard": lambda t: "hard" in t["tags"],
    "tag:none": lambda t: not t["tags"],
    "tag:hard|شاذ": lambda t: bool(t["tags"]),
    "seq:3..7 -seq:5": lambda t: 3 <= t["seq"] <= 7 and t["seq"] != 5,
    "state:open accepted<2 -flagged:yes": lambda t: t["state"] == "open" and t["accepted"] < 2 and not t["flagged"],
}


def test_each_filter_finds_what_a_plain_reading_finds(world: World) -> None:
    luck = random.Random(4)
    world.add(40)
    for name, ids in (("hard", slice(0, 9)), ("شاذ", slice(5, 12))):
        tag = world.db.write(lambda tx, name=name: add_tag(tx, world.owner, world.project.id, name))
        for one in world.tasks()[ids]:
            world.db.write(lambda tx, one=one, tag=tag: tag_task(tx, one["id"], tag, True))
    for _ in range(150):
        act(world, luck)
    page = find_page(world.db, world.project.id, parse(""), limit=100, wait=True)
    rows = page_json(world.db, world.project.id, page)["tasks"]
    assert page.total == len(rows) > 20
    for text, holds in HOLDS.items():
        assert seqs(world, text) == [row["seq"] for row in rows if holds(row)], text
    telling = [text for text, holds in HOLDS.items() if 0 < sum(map(holds, rows)) < len(rows)]
    assert len(telling) >= len(HOLDS) - 8  # the world tells these filters apart


def test_who_answered_and_which_lane(world: World) -> None:
    ids = world.add(4)
    world.answer(world.a)
    world.answer(world.b)
    assert seqs(world, "worker:a") == [1]
    assert seqs(world, "worker:a|c worker:b") == [1]
    assert seqs(world, "worker:none") == [2, 3, 4]
    assert seqs(world, "worker:nobody") == []
    world.db.write(lambda tx: assign(tx, world.owner, [ids[2]], Requirement(skills=("قانون",))))
    world.db.write(lambda tx: assign(tx, world.owner, [ids[3]], Requirement(workers=(world.c,))))
    assert seqs(world, "lane:قانون") == [3]
    assert seqs(world, "lane:c") == [4]
    assert seqs(world, "lane:none") == [1, 2]


def test_in_which_batch(world: World) -> None:
    world.add(1)
    made = {
        name: world.db.write(lambda tx, name=name: batches.create(tx, world.owner, world.project.id, NewBatch(name)))[
            "id"
        ]
        for name in ("دفعة أولى", "B", "empty")
    }
    for name, n in (("دفعة أولى", 2), ("B", 1)):
        tasks = [NewTask(new_id(1), {"text": f"{name} {i}"}, batch_id=made[name], priority=i) for i in range(n)]
        world.db.write(lambda tx, tasks=tasks: add_now(tx, world.project, tasks))
    assert seqs(world, 'batch:"دفعة  أولى"') == [2, 3]
    assert seqs(world, f"batch:B|{made['دفعة أولى']}") == [2, 3, 4]
    assert seqs(world, "batch:none") == [1]
    assert seqs(world, "batch:none|B") == [1, 4]
    assert seqs(world, "batch:empty") == seqs(world, "batch:other") == []
    assert seqs(world, "lane:none") == [1, 2, 3, 4], "a batch asks nothing of people by itself"


def test_days(world: World) -> None:
    from tawsim.labelling.tagging import set_due

    ids = world.add(5)
    day, second = 86_400_000_000, 1_000_000
    start = 1_796_083_200 * second  # 2026-12-01, 00:00 UTC
    for one, at in zip(ids, (start - 1, start, start + day - 1, start + day, None), strict=True):
        world.db.write(lambda tx, one=one, at=at: set_due(tx, one, at))
    forget_tables(world.db)
    assert seqs(world, "due:2026-12-01") == [2, 3]
    assert seqs(world, "due<2026-12-01") == [1]
    assert seqs(world, "due<=2026-12-01") == [1, 2, 3]
    assert seqs(world, "due>2026-12-01") == [4]
    assert seqs(world, "due>=2026-12-01") == [2, 3, 4]
    assert seqs(world, "due:2026-11-30..2026-12-01") == [1, 2, 3]
    assert seqs(world, "due:none") == [5]
    assert seqs(world, "-due<2026-12-01") == [2, 3, 4, 5]
    assert seqs(world, "due<9999-12-31 due<=9999-12-31") == [1, 2, 3, 4]


def test_pages_by_key_meet_every_task_once_in_order(world: World) -> None:
    luck = random.Random(8)
    world.add(37)
    for _ in range(80):
        act(world, luck)
    everything = page_json(
        world.db, world.project.id, find_page(world.db, world.project.id, parse(""), limit=500, wait=True)
    )["tasks"]
    for name in (name for name, one in NAMES.items() if one.sorts):
        for sign in ("", "-"):
            found: list[int] = []
            after = None
            while True:
                page = find_page(
                    world.db, world.project.id, parse(f"sort:{sign}{name}"), after=after, limit=5, wait=True
                )
                assert page.total == len(everything)
                found += page.seqs
                after = page.after
                if after is None:
                    break

            def key(row: dict[str, Any], name: str = name, sign: str = sign) -> tuple[bool, float, int]:
                value = row[name]
                turned = 0.0 if value is None else -float(value) if sign else float(value)
                return value is None, turned, row["seq"] if name != "seq" else 0

            assert found == [row["seq"] for row in sorted(everything, key=key)], (name, sign)


@pytest.mark.parametrize("after", ["x", "1/2/3", "1e/2", "/", "nan/1", "1/" + "9" * 30, "1/-2", "e/1"])
def test_a_made_up_place_is_refused(world: World, after: str) -> None:
    world.add(2)
    with pytest.raises(BadInput):
        find_page(world.db, world.project.id, parse("sort:p"), after=after, wait=True)


def test_removed_tasks_are_shown_where_they_are_asked_for_alone(world: World) -> None:
    ids = world.add(3)
    world.db.write(lambda tx: owners.remove_task(tx, world.owner, ids[1]))
    assert seqs(world, "") == seqs(world, "-state:removed") == seqs(world, "state:open") == [1, 3]
    assert seqs(world, "state:removed") == [2]
    assert seqs(world, "state:removed|open") == [1, 2, 3]


def test_nothing_of_another_project_is_reached(world: World, clock: Callable[[], int]) -> None:
    from tawsim.intake.adding import add_tasks, numbered
    from tawsim.labelling.projects import NewProject, create_project

    world.add(3)
    new = NewProject(name="other", questions=[{"kind": "choice", "name": "label", "labels": ["x", "y"]}])
    other = world.db.write(lambda tx: create_project(tx, world.owner, "o", new))
    add_tasks(world.db, other, numbered([{"text": "secret word"}]), actor_id=world.owner, source="t", digest="d")
    world.db.write(lambda tx: add_tag(tx, world.owner, other.id, "theirs"))
    assert seqs(world, "tag:theirs") == seqs(world, "text:secret") == []
    assert find_all(world.db, other.id, parse("text:secret")).tolist() == [1]


# ---- words -----------------------------------------------------------------------------------------------------------
TEXTS = [
    "الْخِدْمَةُ سيّئة جدًّا", "الخدمة ممتازة", "رقم الطلب ٤٥٦٧", "رقم الطلب 4567", "ORDER arrived LATE", "مـــرحبا بالإخوة",
    'he said "no" OR NEAR(x)', "naïve café", "a*b% c_d", "مرحبا بالاخوة",
]  # fmt: skip


@pytest.fixture(params=["index", "read through"])
def worded(request: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    from tawsim.intake.adding import add_tasks, numbered

    if request.param == "read through":
        monkeypatch.setattr(table_search, "CAN_INDEX", False)
    rows = numbered([{"text": one, "more": {"deep": [f"بيت{i} house{i}"]}} for i, one in enumerate(TEXTS, 1)])
    add_tasks(world.db, world.project, rows, actor_id=world.owner, source="t", digest="d")
    return world


FINDS: list[tuple[str, list[int]]] = [
    ("الخدمة", [1, 2]), ("الخِدمة", [1, 2]), ('text:"الطلب ٤٥٦"', [3, 4]), ("4567", [3, 4]), ("late", [5]), ("arriv", [5]),
    ("مرحبا", [6, 10]), ('"مرحبا بالاخوه"', []), ('"مرحبا  بالإخوة"', [6, 10]), ('text:"\\"no\\" or near("', [7]),
    ("cafe", [8]), ("naive", [8]), ('"a*b% c_d"', [9]), ('"b%\u200f c"', [9]), ("house7", [7]), ("بيت7", [7]),
    ("-الخدمة -late -house", []), ('text:late|cafe', [5, 8]), ("الخدمة ممتازة", [2]), ("nowhere", []),
]  # fmt: skip


def test_words_are_found_wherever_and_however_they_are_written(worded: World) -> None:
    for text, found in FINDS:
        assert seqs(worded, text) == found, text


def test_words_of_new_tasks_are_found_and_a_damaged_index_is_made_again(worded: World) -> None:
    from tawsim.intake.adding import add_tasks, numbered

    assert seqs(worded, "zebra") == []
    add_tasks(worded.db, worded.project, numbered([{"text": "a zebra"}]), actor_id=worded.owner, source="t", digest="e")
    assert seqs(worded, "zebra") == [11]
    forget_searches(worded.db)
    for path in Path(worded.db.path).parent.glob(".*.search*"):
        assert path.stat().st_mode & 0o77 == 0
        path.write_bytes(b"junk" * 2_000)
    assert seqs(worded, "zebra") == [11]


def test_marks_alone_are_not_searched(worded: World) -> None:
    with pytest.raises(BadInput, match="3 letters"):
        seqs(worded, 'text:"\u064b\u064c\u064d\u0640"')


def test_folding() -> None:
    assert folded("أَحمدُ إلى آخِرِه") == "احمد الى اخره"
    assert folded("İstanbul STRASSE Straße ﷺ") == folded("i̇stanbul strasse strasse ﷺ")


def test_a_file_holds_what_is_filtered_in_its_order(world: World) -> None:
    world.add(7)
    world.answer(world.a)
    rows = list(file_rows(world.db, world.project.id, parse("-seq:3 sort:-seq"), ["text"]))
    assert [row["seq"] for row in rows] == [7, 6, 5, 4, 2, 1]
    assert rows[-1]["label"] == "نعم"
    assert all(row["text"] for row in rows)


def test_a_project_without_tasks_and_one_that_is_unknown(world: World) -> None:
    from tawsim.core.errors import NotFound

    assert seqs(world, "p<0.5 sort:-p text:abc") == []
    with pytest.raises(NotFound):
        find_page(world.db, "nothing", parse(""))
    assert table.table_state(world.db, "nothing") == {"ready": False, "share": 0.0, "bytes": 0, "tasks": 0}


def test_what_is_changed_while_the_table_is_read_anew_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An action names its tasks to those who keep the table, not in the log: to the columns that come as well."""
    from tests.unit.test_team_table_bulk import do

    world.add(5)
    assert seqs(world, "tag:hard") == []
    held = table._tables[world.db.path, world.project.id]
    passed, go_on = threading.Event(), threading.Event()

    def reads_slowly(*given: Any) -> Columns:
        found = read_all(*given)
        passed.set()
        assert go_on.wait(30)
        return found

    monkeypatch.setattr(table, "read_all", reads_slowly)
    table._read_in_background(world.db, held)
    assert passed.wait(30)
    do(world, "tag", "hard", "seq:1..3")
    assert seqs(world, "tag:hard") == [1, 2, 3]
    stood = held.columns
    go_on.set()
    until(lambda: held.columns is not stood and not held.reading)
    assert seqs(world, "tag:hard") == [1, 2, 3]
    assert same(held.columns, fresh(world))


def test_columns_are_not_changed_under_whoever_looks(world: World) -> None:
    """Whoever looks at a table holds the door of the table: those that are read anew meanwhile wait for it."""
    assert seqs(world, "priority:7") == []
    held = table._tables[world.db.path, world.project.id]
    with table._sight(world.db, world.project.id, parse(""), True) as sight:
        assert not isinstance(sight, table.Found)
        table._read_in_background(world.db, held)
        until(lambda: held.columns is not sight.columns or held.door.locked())
        assert held.columns is sight.columns
    until(lambda: not held.reading)
    assert held.columns is not sight.columns


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_search_that_comes_as_the_index_is_done_begins_it_again(worded: World) -> None:
    """Between the last look at what is left and the word that nobody goes on, nothing gets lost."""
    if not table_search.CAN_INDEX:
        return
    looked: list[threading.Thread] = []
    ends: list[None] = []

    class Asked(table_search.Search):
        """Somebody comes with new tasks just as whoever indexes finds that nothing is left."""

        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name == "top" and threading.current_thread().name == "words" and self.place >= found:
                ends.append(None)  # the first look is for how long to pause, the second whether it is done
                if len(ends) == 2:
                    looked.append(threading.Thread(target=self.catch_up, args=(worded.db, time.monotonic() + 30)))
                    worded.add(5)
                    looked[0].start()
                    looked[0].join(0.3)  # behind the door it has to wait, and comes right after
            return found

    search = Asked(worded.db.path, worded.project.id)
    search.catch_up(worded.db, time.monotonic() + 30)
    until(lambda: bool(looked) and looked[0].ident is not None and not looked[0].is_alive())
    with worded.db.read() as tx:
        row = tx.one("project_count_get", project_id=worded.project.id)
    assert row is not None
    assert search.place == search.top == row["visible_seq"]


def test_two_who_index_the_same_words_put_each_in_once(worded: World) -> None:
    """A server, and a command beside it: neither passes over what the other has not put in."""
    if not table_search.CAN_INDEX:
        return
    path = index_path(worded.db.path, "two")
    one, other = WordIndex(path), WordIndex(path)
    assert one.add([(1, "first words"), (2, "more words")], 0, 2, "b")
    assert not other.add([(1, "first words")], 0, 1, "a")
    assert other.place() == (2, "b")
    assert other.add([(3, "last words")], 2, 3, "c")
    assert one.find("words") == other.find("words") == [1, 2, 3]
    one.start_over()
    assert not one.add([(4, "the next words")], 3, 4, "d")  # it was emptied under whoever was about to go on
    for index in (one, other):
        index.close()
