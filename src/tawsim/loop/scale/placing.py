"""Tasks of the Scale-compatible API that wait → tasks of Tawsim, in the background: attachments, questions, lanes, known answers.

A task waits while its batch is held back, while its attachments are fetched, and while an import of its project is under way.
Then many are placed in one transaction: the project's questions are widened once for all of them, each row says what of that
it asks, and the tasks stand in the queue when it commits. So every step can be repeated after a crash: what was not
committed is still waiting. A task that cannot be placed errs alone.
"""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import AlreadyRunning, BadInput, Conflict, TawsimError, Unavailable
from tawsim.intake.adding_now import clear_left
from tawsim.intake.media import Checked, add_media
from tawsim.labellers.opener import fetch
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.attachments import Fetched, Fetcher, Wanted
from tawsim.loop.scale.preparing import Prepared, add_all, prepare
from tawsim.loop.scale.world import World
from tawsim.store.database import Transaction

log = logging.getLogger("tawsim.scale.placing")
READ = 500  # waiting rows looked at in one step, of each batch
GROUP = 100  # tasks in one transaction: people who answer wait for it
GROUP_SIZE = 4_000_000  # characters of their parameters, at which a group ends
MOST_HELD = 20_000  # tasks that wait for attachments, in memory
MOST_READY = 2_000
# Everything that waits is looked at again after this long: of some the time lies in the past (a clock that jumped, moving in).
AGAIN_S = 60.0
TROUBLE_S = 5.0  # after a full disk and the like
IMPORT_S = 1.0  # between two looks at a project with an import under way
START = (-1, "")
NO_BATCH = ""


@dataclass(slots=True)
class _Held:
    """A task that waits for some of its attachments. `size`: characters of its parameters."""

    project_id: str
    size: int
    needs: set[Wanted]


@dataclass(slots=True)
class _Texts:
    """Texts that were fetched, the last ones used; the same address is not fetched for each of a thousand tasks."""

    most: int = 32_000_000
    size: int = 0
    held: dict[Wanted, str] = field(default_factory=dict)

    def put(self, wanted: Wanted, text: str) -> None:
        self.held[wanted] = text
        self.size += len(text)
        while self.size > self.most and len(self.held) > 1:
            oldest = next(iter(self.held))
            self.size -= len(self.held.pop(oldest))


class Placer:
    """Of one world of live keys. `step` does what can be done now, and returns whether there is more."""

    def __init__(self, world: World, opened: Open = fetch) -> None:
        self.world = world
        self.fetcher = Fetcher(world, opened)
        self._texts = _Texts()
        self._cursors: dict[str, tuple[int, str]] = {}
        self._from_start = 0.0
        self._known: set[str] = set()  # tasks that are held, ready, or cannot be shown by this version
        self._held: dict[str, _Held] = {}
        self._for: dict[Wanted, dict[str, None]] = defaultdict(dict)  # tasks in the order in which they came
        self._ready: dict[str, deque[tuple[str, int]]] = defaultdict(deque)  # project → tasks and their sizes
        self._not_before: dict[str, float] = {}

    def step(self) -> bool:
        """Take what was fetched, look for what waits, place what is ready."""
        self._take()
        more = self._look()
        self.fetcher.step()
        return self._place() or more

    def close(self) -> None:
        """Fetch nothing more."""
        self.fetcher.close()

    # ---- what waits ------------------------------------------------------------------------------------------------
    def _look(self) -> bool:
        now = time.monotonic()
        if now >= self._from_start:
            self._cursors.clear()
            self._from_start = now + AGAIN_S
        with self.world.db.read() as tx:
            batches = [NO_BATCH, *(row["id"] for row in tx.all("scale_waiting_batches"))]
        more = False
        for batch_id in batches:
            if len(self._held) >= MOST_HELD or sum(map(len, self._ready.values())) >= MOST_READY:
                return False
            created_at, task_id = self._cursors.get(batch_id, START)
            place = {"created_at": created_at, "task_id": task_id, "n": READ}
            with self.world.db.read() as tx:
                found = (
                    tx.all("scale_waiting_of_batch", batch_id=batch_id, **place)
                    if batch_id
                    else tx.all("scale_waiting_of_none", **place)
                )
            self._sort([row["task_id"] for row in found if row["task_id"] not in self._known])
            if found:
                self._cursors[batch_id] = (found[-1]["created_at"], found[-1]["task_id"])
            more = more or len(found) == READ
        return more

    def _sort(self, task_ids: Sequence[str]) -> None:
        """What needs nothing, or only what is here, is ready; of the rest it is said what is to be fetched. One at a time: a
        task may have megabytes of parameters."""
        for task_id in task_ids:
            needs: set[Wanted] = set()
            try:
                with self.world.db.read() as tx:
                    row = tx.one("scale_waiting_get", task_id=task_id)
                    if row is None:
                        continue
                    prepared = prepare(tx, row)
                    if prepared is not None:
                        needs = self._missing(tx, prepared.wanted)
            except BadInput as error:
                self._fail(task_id, str(error))
                continue
            except Exception:  # its neighbours go on; it waits for a version that can do it
                log.exception("task %s cannot be prepared", task_id)
                prepared = None
            self._known.add(task_id)
            if prepared is None:
                continue  # no screen for it in this version: it waits
            project_id, size = prepared.row["project_id"], len(prepared.row["params"])
            if not needs:
                self._ready[project_id].append((task_id, size))
                continue
            self._held[task_id] = _Held(project_id, size, needs)
            for one in needs:
                self._for[one][task_id] = None
                self.fetcher.want(one)

    def _missing(self, tx: Transaction, wanted: Iterable[Wanted]) -> set[Wanted]:
        return {
            one
            for one in wanted
            if one not in self._texts.held
            and (one.kind == "text" or tx.one("media_by_name", project_id=one.project_id, name=one.name) is None)
        }

    # ---- attachments -----------------------------------------------------------------------------------------------
    def _take(self) -> None:
        """Store what came, and let the tasks go on that waited for it."""
        media: dict[str, list[Fetched]] = defaultdict(list)
        for one in self.fetcher.take():
            if one.error:
                self._gone(one)
            elif one.text is not None:
                self._texts.put(one.wanted, one.text)
                self._here(one.wanted)
            else:
                media[one.wanted.project_id].append(one)
        for project_id, found in media.items():
            self._store(project_id, found)

    def _store(self, project_id: str, found: Sequence[Fetched]) -> None:
        batch: list[Checked] = [one.medium for one in found if one.medium is not None]
        try:
            add_media(self.world.db, project_id, batch, actor_id=self.world.actor_id, replace=True)
        except (Conflict, Unavailable) as error:  # another import, a full disk: fetched again by and by
            log.warning("attachments could not be stored: %s", error)
            for one in found:
                self._forget(self._for.pop(one.wanted, {}), TROUBLE_S)
            return
        except TawsimError as error:
            for one in found:
                self._gone(Fetched(one.wanted, error=error.message, status=500))
            return
        for one in found:
            self._here(one.wanted)

    def _here(self, wanted: Wanted) -> None:
        for task_id in self._for.pop(wanted, {}):
            held = self._held.get(task_id)
            if held is None:
                continue
            held.needs.discard(wanted)
            if not held.needs:
                del self._held[task_id]
                self._ready[held.project_id].append((task_id, held.size))

    def _gone(self, one: Fetched) -> None:
        """Every task that waited for it errs."""
        for task_id in self._for.pop(one.wanted, {}):
            if self._held.pop(task_id, None) is not None:
                told = [{"statusCode": one.status, "url": one.wanted.url}]
                self._fail(task_id, f"An attachment could not be fetched. {one.error}", told)

    def _fail(self, task_id: str, error: str, attachments: Sequence[dict[str, Any]] = ()) -> None:
        def write(tx: Transaction) -> None:
            if tx.one("scale_may_place", task_id=task_id) is not None:
                outcomes.fail(tx, self.world, task_id, error, attachments)

        try:
            self.world.db.write(write)
        except Unavailable as trouble:
            log.warning("task %s: %s", task_id, trouble)
            self._forget([task_id], TROUBLE_S)
        self._known.discard(task_id)

    def _forget(self, task_ids: Iterable[str], after: float = 0.0) -> None:
        """Look at these again from the beginning, so many seconds from now."""
        for task_id in task_ids:
            self._held.pop(task_id, None)
            self._known.discard(task_id)
        self._from_start = min(self._from_start, time.monotonic() + after)

    # ---- placing ---------------------------------------------------------------------------------------------------
    def _place(self) -> bool:
        """A group of each project. Whether any is left."""
        now = time.monotonic()
        for project_id, queue in list(self._ready.items()):
            if now < self._not_before.get(project_id, 0.0):
                continue
            group = _first_of(queue)
            try:
                self._place_group(project_id, [task_id for task_id, _ in group])
            except (AlreadyRunning, Unavailable):
                queue.extendleft(reversed(group))
                self._not_before[project_id] = now + IMPORT_S
                with suppress(TawsimError):  # an import that died may have left more than one group clears
                    clear_left(self.world.db, project_id)
                continue
            if not queue:
                del self._ready[project_id]
        return any(now >= self._not_before.get(one, 0.0) for one in self._ready)

    def _place_group(self, project_id: str, task_ids: Sequence[str]) -> None:
        """Together; where one of them cannot be placed, each by itself, so that only that one errs."""
        prepared = self._prepared(task_ids)
        if not prepared:
            return
        try:
            self.world.db.write(lambda tx: add_all(tx, self.world, project_id, prepared))
        except (AlreadyRunning, Unavailable):
            raise
        except Exception as error:
            if len(prepared) > 1:
                for one in prepared:
                    self._place_group(project_id, [one.task_id])
            elif isinstance(error, TawsimError):
                self._fail(prepared[0].task_id, str(error))
            else:  # a fault of ours: it waits for a version without it
                log.exception("task %s cannot be placed", prepared[0].task_id)
                return
        self._known.difference_update(task_ids)

    def _prepared(self, task_ids: Sequence[str]) -> list[Prepared]:
        """Those that still wait, with what was fetched for them in its place."""
        found = []
        for task_id in task_ids:
            try:
                with self.world.db.read() as tx:
                    row = tx.one("scale_waiting_get", task_id=task_id)
                    prepared = prepare(tx, row) if row is not None else None
                    missing = set() if prepared is None else self._missing(tx, prepared.wanted)
            except BadInput as error:
                self._fail(task_id, str(error))
                continue
            if prepared is None or missing:  # canceled, held back, or a text that was let go: looked at again
                self._forget([task_id])
                continue
            found.append(prepared.with_fetched(self._texts.held))
        return found


def _first_of(queue: deque[tuple[str, int]]) -> list[tuple[str, int]]:
    """The next group, taken out: so many tasks, or fewer large ones."""
    found: list[tuple[str, int]] = []
    size = 0
    while queue and len(found) < GROUP and size < GROUP_SIZE:
        found.append(queue.popleft())
        size += found[-1][1]
    return found
