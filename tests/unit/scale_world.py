"""A world of live keys without a server: tasks are made, placed, answered and completed step by step, in this thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tawsim.labellers.opener import Answer, Ask, Limits
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import submit
from tawsim.loop.scale.completing import Completer
from tawsim.loop.scale.placing import Placer
from tawsim.loop.scale.tasks import create_task, task_json, task_row
from tawsim.loop.scale.world import World
from tawsim.store.database import Row
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

TEXT = {"attachment_type": "text", "categories": ["a", "b"]}


@dataclass
class Web:
    """In the place of the network: address → bytes, a status, or a function that gives one of them."""

    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, ask: Ask, _limits: Limits) -> Answer:
        self.asked.append(ask.url)
        found = self.pages.get(ask.url, 404)
        if callable(found):
            found = found()
        return Answer(found, {}, b"") if isinstance(found, int) else Answer(200, {}, found)


@dataclass
class Live:
    """Everything there is."""

    workspace: Workspace
    world: World
    web: Web
    placer: Placer
    completer: Completer
    n: int = 0

    def create(self, type_: str = "categorization", **sent: Any) -> str:
        given = TEXT | {"attachment": f"text {self.n}"} if type_ == "categorization" else {}
        self.n += 1
        return self.world.db.write(lambda tx: str(create_task(tx, self.world, type_, given | sent)["task_id"]))

    def place(self, done: Callable[[], Any] = lambda: True) -> None:
        """Steps of the placer until nothing is left to do and `done`."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if not self.placer.step() and done():
                return
            time.sleep(0.01)
        raise AssertionError("it is never done")

    def follow(self) -> None:
        """Steps of the completer until nothing is left."""
        self.completer._rest_until = 0.0
        while self.completer.step():
            self.completer._rest_until = 0.0

    def row(self, task_id: str) -> Row:
        with self.world.db.read() as tx:
            return task_row(tx, task_id)

    def json(self, task_id: str) -> dict[str, Any]:
        with self.world.db.read() as tx:
            return task_json(tx, task_row(tx, task_id))

    def is_placed(self, task_id: str) -> bool:
        with self.world.db.read() as tx:
            return tx.one("task_exists", id=task_id) is not None

    def project(self, task_id: str) -> str:
        return str(self.row(task_id)["project_id"])

    def person(self, name: str) -> str:
        return self.world.db.write(lambda tx: add_worker(tx, self.workspace.owner_id, name, name).id)

    def answer(self, who: str, project_id: str, label: str, n: int = 1) -> list[str]:
        """Take the next tasks and answer them; the annotations' ids."""

        def work(tx: Any) -> list[str]:
            leases = next_leases(tx, project_id, who, n).leases
            assert len(leases) == n
            return [
                submit(tx, who, one.lease_id, f"k{one.lease_id}", {"category": label}).or_raise()["id"]
                for one in leases
            ]

        return self.world.db.write(work)

    def callbacks(self, task_id: str) -> int:
        """How many callbacks of a task were ever put."""
        with self.world.db.read() as tx:
            return sum(row["task_id"] == task_id for row in tx.all("scale_callback_seen", before="~", n=1000))


def live_world(folder: Path, callback: str = "https://example.com/back") -> Live:
    """A fresh one. Close `workspace` and `world.accounts` after use."""
    workspace = open_workspace(folder / "w.tawsim", create=True, owner="Noor")
    books = accounts.open_accounts(folder)
    books.write(lambda tx: scale_keys.ensure_account(tx, workspace.id))
    books.write(lambda tx: scale_keys.change_account(tx, workspace.id, "live", callback_url=callback))
    world = World(workspace.db, books, workspace.id, "live", workspace.owner_id)
    web = Web()
    return Live(workspace, world, web, Placer(world, web), Completer(world))
