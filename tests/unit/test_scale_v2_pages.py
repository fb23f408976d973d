"""Pages of the second version: whatever is made during a walk, it gives each task that stood at its start once, in order."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.labelling import batches
from tawsim.labelling.batches import NewBatch
from tawsim.loop.scale import outcomes, projects, tasks, v2_pages
from tawsim.loop.scale.projects import NewScaleProject
from tawsim.loop.scale.v2_metadata import merged
from tawsim.loop.scale.v2_pages import ALWAYS, Page, Span
from tawsim.loop.scale.world import World
from tawsim.workspaces import accounts
from tawsim.workspaces.workspace import open_workspace

START = 1_800_000_000_000_000


class Bench:
    """A world of live keys whose clock moves only when it is told to: tasks of one moment are told apart by their ids."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = START
        self.number = 0

    def fresh(self) -> None:
        """Another project with a batch, both without tasks, at the first moment again."""
        self.number, self.now = self.number + 1, START
        self.made: list[tuple[int, str, str, int | None]] = []  # made at, id, status, completed at
        name = str(self.number)
        row = self._write(lambda tx: projects.create(tx, self.world, NewScaleProject(name, "chat")))
        self.project = row["project_id"]
        self.batch = self._write(lambda tx: batches.create(tx, self.world.actor_id, self.project, NewBatch(name)))["id"]

    def _write(self, work: Any) -> Any:
        return self.world.db.write(work)

    def make(self, status: str) -> None:
        sent = {"project": str(self.number), "batch": str(self.number), "prompt": "x"}
        task_id = self._write(lambda tx: tasks.create_task(tx, self.world, "chat", sent))["task_id"]
        done = self.now if status in ("completed", "error") else None
        if status == "completed":
            self._write(lambda tx: outcomes.complete(tx, self.world, task_id, {"threads": []}))
        elif status == "error":
            self._write(lambda tx: outcomes.fail(tx, self.world, task_id, "no"))
        elif status == "canceled":
            self._write(lambda tx: outcomes.cancel(tx, self.world, task_id))
        self.made.append((self.now, task_id, status, done))

    def walk(
        self, of: Literal["project", "batch"], status: str | None, span: Span, limits: list[int], more: list[str]
    ) -> list[str]:
        found: list[str] = []
        token: str | None = None
        for number in range(1_000):
            limit = limits[number % len(limits)]
            place = self.project if of == "project" else self.batch
            with self.world.db.read() as tx:
                page = v2_pages.tasks(tx, of, place, status, span, Page(limit, token))
            assert len(page.rows) <= limit
            found += [row["task_id"] for row in page.rows]
            token = page.next_token
            if token is None:
                return found
            assert len(page.rows) == limit
            if more:
                self.now += 1
                self.make(more.pop())
        raise AssertionError("a walk without an end")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("pages")
    made: list[Bench] = []

    def clock() -> int:
        return made[0].now if made else START

    workspace = open_workspace(folder / "w.tawsim", create=True, owner="Noor", clock=clock)
    books = accounts.open_accounts(folder, clock=clock)
    made.append(Bench(World(workspace.db, books, workspace.id, "live", workspace.owner_id)))
    yield made[0]
    books.close()
    workspace.close()


STATES = st.sampled_from(["pending", "completed", "canceled", "error"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=st.lists(st.tuples(STATES, st.integers(0, 1)), max_size=12), of=st.sampled_from(["project", "batch"]),
    status=st.none() | STATES, limits=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    more=st.lists(STATES, max_size=4), window=st.tuples(st.none() | st.integers(0, 6), st.none() | st.integers(0, 6)),
)  # fmt: skip
def test_a_walk_gives_each_task_once(
    bench: Bench, made: list[tuple[str, int]], of: Literal["project", "batch"], status: str | None, limits: list[int],
    more: list[str], window: tuple[int | None, int | None],
) -> None:  # fmt: skip
    bench.fresh()
    for state, pause in made:
        bench.now += pause
        bench.make(state)
    after, before = (None if one is None else START + one for one in window)
    wanted = [
        task_id
        for _, task_id, state, done in sorted(bench.made, reverse=True)
        if status in (None, state)
        and (after is None or (done is not None and after <= done))
        and (before is None or (done is not None and done < before))
    ]
    assert bench.walk(of, status, Span(after, before), limits, list(more)) == wanted


def test_a_token_of_ones_own_making_is_refused(bench: Bench) -> None:
    bench.fresh()
    bench.make("pending")
    good = v2_pages.token_of(START, "x")
    for token in ("x", good + "=", good[:-1], v2_pages.token_of(1 << 70, "x"), "é", "A" * 50):
        with pytest.raises(BadInput, match="next_token"), bench.world.db.read() as tx:
            v2_pages.tasks(tx, "project", bench.project, None, ALWAYS, Page(1, token))


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON)


@given(OBJECTS, OBJECTS)
def test_merging_keeps_what_the_newer_says_and_all_else(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = merged(old, new)
    assert merged(found, new) == found
    assert merged(old, {}) == old
    assert merged({}, new) == new
    assert set(found) == set(old) | set(new)
    for name, value in new.items():
        if not (isinstance(value, dict) and isinstance(old.get(name), dict)):
            assert found[name] == value
        else:
            assert found[name] == merged(old[name], value)
