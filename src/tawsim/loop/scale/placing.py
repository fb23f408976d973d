"""Tasks of the Scale-compatible API that wait → tasks of Tawsim, in the background: attachments, questions, lanes, known answers.

A task waits while its batch is held back, while its attachments are fetched, and while an import of its project is under way.
Then many are placed in one transaction: the project's questions are widened once for all of them, each row says what of that
it asks, and the tasks stand in the queue when it commits. So every step can be repeated after a crash: what was not
committed is still waiting. A task that cannot be placed errs alone, and what waits for a host that does not answer holds up none
that need nothing of it. In which order waiting tasks are looked at is in looking.py, whose turn it is to be asked in fetching.py.
"""

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import AlreadyRunning, BadFile, BadInput, Conflict, TawsimError, Unavailable
from tawsim.intake.adding_now import clear_left
from tawsim.intake.media import Checked, add_media
from tawsim.labellers.opener import fetch
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.attachments import Fetched, Wanted, host_of
from tawsim.loop.scale.fetching import Fetcher
from tawsim.loop.scale.looking import ANY_HOST, Walk
from tawsim.loop.scale.preparing import Prepared, add_all, prepare
from tawsim.loop.scale.world import World
from tawsim.store.database import Transaction

log = logging.getLogger("tawsim.scale.placing")
GROUP = 100  # tasks in one transaction: people who answer wait for it
GROUP_SIZE = 4_000_000  # characters of their parameters, at which a group ends
OF_HOST = 500  # tasks that wait for attachments of one host, in memory: its work for a while
# Of all hosts. Beyond them only what hosts have that answer, and one of each that is not known; never more than twice as many.
MOST_HELD = 20_000
MOST_READY = 2_000
TROUBLE_S = 5.0  # after a full disk and the like
IMPORT_S = 1.0  # between two looks at a project with an import under way


@dataclass(slots=True)
class _Held:
    """A task that waits for some of its attachments, of these hosts. `size`: characters of its parameters."""

    project_id: str
    size: int
    needs: set[Wanted]
    hosts: tuple[str, ...]


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
        self._walk = Walk(world.db, self._sort)
        self._texts = _Texts()
        self._known: set[str] = set()  # tasks that are held, ready, or cannot be shown by this version
        self._held: dict[str, _Held] = {}
        self._of_host: Counter[str] = Counter()  # tasks that are held for each
        self._for: dict[Wanted, dict[str, None]] = defaultdict(dict)  # tasks in the order in which they came
        self._ready: dict[str, deque[tuple[str, int]]] = defaultdict(deque)  # project → tasks and their sizes
        self._not_before: dict[str, float] = {}

    def step(self) -> bool:
        """Take what was fetched, look for what waits, place what is ready."""
        self._take()
        more = self._walk.step(is_full=self._is_full, has_room=self._has_room)
        self.fetcher.step()
        return self._place() or more

    def close(self) -> None:
        """Fetch nothing more."""
        self.fetcher.close()

    # ---- what waits ------------------------------------------------------------------------------------------------
    def _is_full(self) -> bool:
        return sum(map(len, self._ready.values())) >= MOST_READY

    def _has_room(self, host: str) -> bool:
        """Whether it pays to look for more that needs something of this host."""
        if host == ANY_HOST:
            return len(self._held) <= MOST_HELD // 2
        return self._of_host[host] <= OF_HOST // 2 and self._may_hold(host)

    def _may_hold(self, host: str) -> bool:
        n = len(self._held)
        if n < MOST_HELD or n >= 2 * MOST_HELD:
            return n < MOST_HELD
        return not self._of_host[host] or self.fetcher.answers(host)

    def _sort(self, task_id: str) -> tuple[str, ...]:
        """What needs nothing, or only what is here, is ready; of the rest it is said what is to be fetched. The hosts that have
        no room for it, where it is to be looked at later. One at a time: a task may have megabytes of parameters."""
        if task_id in self._known:
            return ()
        needs: dict[Wanted, str] = {}
        try:
            with self.world.db.read() as tx:
                row = tx.one("scale_waiting_get", task_id=task_id)
                prepared = None if row is None else prepare(tx, row)
                if prepared is not None:
                    missing = self._missing(tx, prepared.wanted)
                    needs = {one: host_of(tx, self.world, one.url) for one in missing}
        except BadInput as error:
            self._fail(task_id, _words_of(error))
            return ()
        except Exception:  # its neighbours go on; it waits for a version that can do it
            log.exception("task %s cannot be prepared", task_id)
            self._known.add(task_id)
            return ()
        if row is None:
            return ()
        if prepared is None:  # no screen for it in this version: it waits
            self._known.add(task_id)
            return ()
        hosts = tuple(dict.fromkeys(needs.values()))
        full = tuple(one for one in hosts if self._of_host[one] >= OF_HOST or not self._may_hold(one))
        if not full:
            self._known.add(task_id)
            self._hold(prepared, needs, hosts)
        return full

    def _hold(self, prepared: Prepared, needs: Mapping[Wanted, str], hosts: tuple[str, ...]) -> None:
        task_id, project_id, size = prepared.task_id, prepared.row["project_id"], len(prepared.row["params"])
        if not needs:
            self._ready[project_id].append((task_id, size))
            return
        self._held[task_id] = _Held(project_id, size, set(needs), hosts)
        self._of_host.update(hosts)
        for one, host in needs.items():
            self._for[one][task_id] = None
            self.fetcher.want(one, host)

    def _let_go(self, task_id: str) -> _Held | None:
        """It is held no longer; None where it was not."""
        held = self._held.pop(task_id, None)
        for host in () if held is None else held.hosts:
            self._of_host[host] -= 1
            if not self._of_host[host]:
                del self._of_host[host]
        return held

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
                self._let_go(task_id)
                self._ready[held.project_id].append((task_id, held.size))

    def _gone(self, one: Fetched) -> None:
        """Every task that waited for it errs."""
        for task_id in self._for.pop(one.wanted, {}):
            if self._let_go(task_id) is not None:
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
        """Look at these again, so many seconds from now."""
        gone = list(task_ids)
        for task_id in gone:
            self._let_go(task_id)
            self._known.discard(task_id)
        self._walk.forget(gone, after)

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
                self._fail(prepared[0].task_id, _words_of(error))
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
                self._fail(task_id, _words_of(error))
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


def _words_of(error: TawsimError) -> str:
    """What is told of one that cannot be placed. It came by itself: no file, and no row of one, is known to whoever made it."""
    if not isinstance(error, BadFile):
        return str(error)
    place = str(BadFile("", **{name: error.details.get(name) for name in ("file", "row", "column")}))  # type: ignore[arg-type]
    message = error.message.removeprefix(place).strip()
    return f"{message[:1].upper()}{message[1:]} {error.hint}".strip()
