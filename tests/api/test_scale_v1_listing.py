"""Lists of tasks by the first version of the Scale-compatible API: every condition, the cursor, and walks while tasks come."""

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from scaleapi.exceptions import ScaleInvalidRequest, ScaleResourceNotFound
from scaleapi.tasks import TaskReviewStatus, TaskStatus, TaskType
from tests.api.scale_served import Served, served

from tawsim.core.errors import BadInput
from tawsim.loop.scale import listing, outcomes
from tawsim.loop.scale.listing import Cursor, read_token, token_of
from tawsim.loop.scale.world import World

TEXT = {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture(scope="module")
def made(site: Served) -> list[Any]:
    """Twelve tasks, oldest first: two projects, a batch, tags, states, audits."""
    live = site.client("live")
    live.create_project("first", TaskType.Categorization)
    live.create_project("second / x", TaskType.Categorization)
    live.create_batch("first", "task b", "")
    found = []
    for place in range(12):
        more: dict[str, Any] = {"unique_id": f"u {place}/é", "tags": [f"mod{place % 3}", "all"]}
        if place < 4:
            more["batch"] = "task b"
        elif place < 8:
            more["project"] = "second / x"
        found.append(live.create_task(TaskType.Categorization, **TEXT, **more))
    world = World(site.workspace.db, site.state.accounts, site.workspace.id, "live", site.workspace.owner_id)

    def change(tx: Any) -> None:
        for task in found[6:10]:
            outcomes.complete(tx, world, task.id, {"category": "a"})
        outcomes.audited(tx, world, found[6].id, "accepted", "Good.")
        outcomes.audited(tx, world, found[7].id, "rejected", "Bad.")

    site.workspace.db.write(change)
    live.cancel_task(found[10].id)
    return [live.get_task(task.id) for task in found]


@pytest.fixture
def live(site: Served, made: list[Any]) -> Any:
    return site.client("live")


def get(site: Served, query: str) -> Any:
    return requests.get(f"{site.url}/v1/tasks?{query}", auth=(site.key(), ""), timeout=30)


def places(made: list[Any], found: Any) -> list[int]:
    ids = [task.id for task in made]
    return [ids.index(one.id) for one in found]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, range(12)), ({"project": "first"}, range(4)), ({"project": "second / x"}, range(4, 8)),
        ({"batch": "task b"}, range(4)), ({"project": "first", "batch": "task b"}, range(4)),
        ({"project": "second / x", "batch": "task b"}, []), ({"status": "completed"}, range(6, 10)),
        ({"status": "canceled"}, [10]), ({"status": "pending", "project": "second / x"}, [4, 5]), ({"status": "error"}, []),
        ({"type": "categorization"}, range(12)), ({"type": "chat"}, []), ({"tags": "mod1"}, [1, 4, 7, 10]),
        ({"tags": ["mod1", "mod2"]}, [1, 2, 4, 5, 7, 8, 10, 11]), ({"tags": ["none such"]}, []),
        ({"tags": ["mod0"], "project": "first"}, [0, 3]), ({"tags": "all", "status": "canceled"}, [10]),
        ({"unique_id": "u 3/é"}, [3]), ({"unique_id": ["u 3/é", "u 9/é", "u 3/é", "none"]}, [3, 9]),
        ({"unique_id": ["u 3/é", "u 9/é"], "status": "completed"}, [9]), ({"unique_id": ["u 1/é"], "tags": "mod2"}, []),
        ({"unique_id": ["u 1/é"], "batch": "task b"}, [1]),
        ({"customer_review_status": "accepted"}, [6]), ({"customer_review_status": "accepted,rejected"}, [6, 7]),
        ({"customer_review_status": "pending", "project": "second / x"}, [4, 5]),
        ({"unique_id": ["u 6/é"], "customer_review_status": "rejected"}, []),
    ],
)  # fmt: skip
def test_every_condition_alone_and_together(live: Any, made: list[Any], asked: Any, wanted: Any) -> None:
    found = live.tasks(**asked)
    assert places(made, found) == sorted(wanted, reverse=True)
    assert (found.total, found.has_more, found.next_token, found.offset) == (len(list(wanted)), False, None, 0)


@pytest.mark.parametrize("limit", [1, 3, 5, 12, 100])
@pytest.mark.parametrize(
    "asked", [{}, {"tags": ["all"]}, {"project": "first"}, {"unique_id": [f"u {n}/é" for n in range(12)]}]
)
def test_pages_hold_each_task_once_newest_first(live: Any, made: list[Any], limit: int, asked: Any) -> None:
    wanted = places(made, live.tasks(**asked))
    found, token = [], None
    while True:
        page = live.tasks(limit=limit, next_token=token, **asked)
        assert (page.limit, page.total) == (limit, len(wanted))
        assert page.has_more is (page.next_token is not None)
        found += places(made, page)
        token = page.next_token
        if not page.has_more:
            break
    assert found == wanted == sorted(wanted, reverse=True)


def test_the_client_walks_and_counts(live: Any, made: list[Any]) -> None:
    assert places(made, live.get_tasks(project_name="second / x", limit=1)) == [7, 6, 5, 4]
    assert places(made, live.get_tasks(batch_name="task b", task_type=TaskType.Categorization)) == [3, 2, 1, 0]
    assert places(made, live.get_tasks(project_name="second / x", status=TaskStatus.Completed)) == [7, 6]
    reviews = [TaskReviewStatus.Accepted, TaskReviewStatus.Rejected]
    assert places(made, live.get_tasks(project_name="second / x", review_status=reviews)) == [7, 6]
    assert live.get_tasks_count(project_name="second / x") == 4
    assert live.get_tasks_count(batch_name="task b", tags=["mod0", "mod1"]) == 3


def test_times_bound_the_list_on_both_sides(live: Any, made: list[Any]) -> None:
    at = [datetime.fromisoformat(task.created_at) for task in made]
    early, late = at[0] - timedelta(seconds=2), at[-1] + timedelta(days=2)
    assert live.tasks(start_time=early.isoformat(), end_time=late.isoformat()).total == 12
    assert live.tasks(start_time=late.isoformat()).total == live.tasks(end_time=early.isoformat()).total == 0
    assert live.tasks(start_time=early.strftime("%Y-%m-%d"), end_time=late.strftime("%Y-%m-%d")).total == 12
    assert live.tasks(start_time=early.strftime("%Y-%m-%d %H:%M:%S.%f")).total == 12
    assert live.tasks(start_time=early.strftime("%Y-%m-%dT%H:%M:%S+0000")).total == 12
    ahead = early.astimezone(UTC) + timedelta(hours=3)
    assert live.tasks(start_time=ahead.strftime("%Y-%m-%dT%H:%M:%S.%f") + "+03:00").total == 12
    assert live.tasks(completed_after=early.isoformat()).total == 4
    assert live.tasks(completed_before=early.isoformat()).total == 0
    assert live.tasks(updated_after=late.isoformat()).total == 0
    assert (
        live.tasks(updated_after=early.isoformat(), unique_id=["u 3/é"], completed_before=late.isoformat()).total == 0
    )


def test_a_bound_counts_to_its_very_microsecond(site: Served, made: list[Any]) -> None:
    with site.workspace.db.read() as tx:
        row = tx.one("scale_task_get", task_id=made[5].id)
    assert row is not None
    exact = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["created_at"])).strftime(
        "%Y-%m-%dT%H:%M:%S.%f"
    )
    found = get(site, f"start_time={exact}&end_time={exact}").json()["docs"]
    assert made[5].id in [one["task_id"] for one in found]


def test_a_limited_answer_has_a_few_fields(site: Served, made: list[Any]) -> None:
    for said in ("true", "True"):
        found = get(site, f"limited_response={said}&project=first").json()["docs"]
        assert found[0] == {"task_id": made[3].id, "status": "pending", "metadata": {}, "project": "first"}
    assert "params" in get(site, "limited_response=False&include_attachment_url=True").json()["docs"][0]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "limit=%D9%A3", "limit=99999999999", "next_token=x",
        "next_token=MS4xLg", "next_token=%ff", "start_time=yesterday", "end_time=2025-13-01", "completed_after=1",
        "updated_before=2025-01-01T99:00", "status=bogus", "customer_review_status=bogus", "customer_review_status=accepted,x",
        "limited_response=maybe", "include_attachment_url=2", "&".join(f"tags=t{n}" for n in range(11)),
        "&".join(f"unique_id=u{n}" for n in range(101)), "type=" + "x" * 4001,
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_400(site: Served, made: list[Any], query: str) -> None:
    found = get(site, query)
    assert (found.status_code, found.json()["status_code"]) == (400, 400)


def test_an_unknown_project_or_batch_is_404(live: Any) -> None:
    with pytest.raises(ScaleResourceNotFound):
        live.tasks(project="none such")
    with pytest.raises(ScaleResourceNotFound):
        live.tasks(batch="none such")
    with pytest.raises(ScaleInvalidRequest):
        live.tasks(bogus=1)


def test_a_token_is_its_cursor_and_nothing_else_is() -> None:
    cursor = Cursor(1_700_000_000_000_001, "01a2-b", 12)
    assert read_token(token_of(cursor)) == cursor
    for text in ("", "1.2", "1.2.3.4", "x.2.a", "-1.2.a", "1.-2.a", "1.2.", "01.2.a", "١.2.a", f"{2**63}.1.a"):
        with pytest.raises(BadInput):
            read_token(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


def test_a_walk_neither_repeats_nor_misses_while_tasks_come(site: Served, made: list[Any]) -> None:
    """Tasks of one and the same moment too: ties are broken by the id."""
    live = site.client("live")
    live.create_project("walked", TaskType.Categorization)
    db = site.workspace.db
    with db.read() as tx:
        row = dict(
            tx.one("scale_task_get", task_id=live.create_task(TaskType.Categorization, project="walked", **TEXT).id)
        )  # type: ignore[arg-type]
    numbers = itertools.count()

    def insert(tx: Any, at: int) -> str:
        task_id = f"walk-{next(numbers):05}"
        values = {name: row[name] for name in row if name not in ("batch_name", "status")}
        tx.run("scale_task_insert", **(values | {"task_id": task_id, "now": at, "unique_id": None}))
        return task_id

    at = row["created_at"]
    there = set(db.write(lambda tx: [insert(tx, at + n // 7) for n in range(60)])) | {row["task_id"]}
    seen: list[str] = []
    token = ""
    while True:
        with db.read() as tx:
            page = listing.page(tx, listing.Asked(project="walked", limit=4, token=token))
        seen += [one["task_id"] for one in page["docs"]]
        token = page["next_token"] or ""
        if not page["has_more"]:
            break
        db.write(lambda tx: [insert(tx, at + 9), insert(tx, at)])
    assert len(seen) == len(set(seen))
    assert there <= set(seen)
    assert json.dumps(page)


def test_a_write_is_seen_by_the_next_read(live: Any) -> None:
    for n in range(20):
        made = live.create_task(TaskType.Categorization, **TEXT, unique_id=f"seen {n}")
        assert live.tasks(limit=1).docs[0].id == made.id
        assert live.tasks(unique_id=f"seen {n}").total == 1


def test_a_page_of_large_tasks_ends_early_and_goes_on(
    site: Served, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = site.client("live")
    live.create_project("large ones", TaskType.Categorization)
    more = TEXT | {"attachment": "ط" * 50_000}
    ids = [live.create_task(TaskType.Categorization, project="large ones", **more).id for _ in range(7)]
    monkeypatch.setattr(listing, "MOST_CHARACTERS", 120_000)
    first = live.tasks(project="large ones")
    assert (len(first), first.total, first.has_more) == (3, 7, True)
    assert [one.id for one in live.get_tasks(project_name="large ones")] == ids[::-1]
    assert len(live.tasks(project="large ones", limited_response=True)) == 7
