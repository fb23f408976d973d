"""Looking for waiting tasks of the Scale-compatible API: in their order, past those whose turn cannot come yet, and back.

A walk along the waiting tasks of each batch. Where too many tasks wait for one host already, the walk goes past the others of
that host and keeps the place of the first; it goes back there when the host has room again. So what is held in memory is bounded,
and what waits for a dead host keeps nobody from being placed. What becomes of a task that was found is placing.py's.
"""

import time
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from tawsim.store.database import Database, Row

READ = 500  # rows in one reading
STEP_S = 0.25  # of looking, then others have their turn
# Everything that waits is looked at again after this long: of some the time lies in the past (a clock that jumped, moving in).
# And no more of the time than this goes into it.
AGAIN_S = 60.0
SHARE = 20.0
PASSED_S = 5.0  # until one that was forgotten, and has no room now, is looked at again
MOST_HOSTS = 1_000  # of which places are kept; those of the others are kept together
ANY_HOST = "*"
NO_BATCH = ""
Place = tuple[int, str]  # when a task was created, and its id
START: Place = (-1, "")
# Looks at one task, and says for which hosts there are too many already; nothing where it was dealt with.
Look = Callable[[str], tuple[str, ...]]


class Walk:
    """Of one world. `look` is called with each task that waits, never twice in a row without a reason."""

    def __init__(self, db: Database, look: Look) -> None:
        self._db = db
        self._look = look
        self._places: dict[str, Place] = {}  # batch → how far everything was looked at
        self._passed: dict[str, dict[str, Place]] = {}  # host → batch → before the first that was passed
        self._forgotten: list[tuple[float, str]] = []
        self._from_start = 0.0
        self._spent = 0.0
        self._last = NO_BATCH

    def step(self, *, is_full: Callable[[], bool], has_room: Callable[[str], bool]) -> bool:
        """Some of what was not looked at yet; whether there is more. `has_room`: of a host, so that it pays to go back."""
        began = time.monotonic()
        self._begin_again(began)
        try:
            return self._some(began + STEP_S, is_full, has_room)
        finally:
            self._spent += time.monotonic() - began

    def forget(self, task_ids: Iterable[str], after: float) -> None:
        """Look at these again, so many seconds from now."""
        for task_id in task_ids:
            heappush(self._forgotten, (time.monotonic() + after, task_id))

    def _begin_again(self, now: float) -> None:
        if now < self._from_start:
            return
        self._places.clear()
        self._passed.clear()
        self._from_start = now + max(AGAIN_S, SHARE * self._spent)
        self._spent = 0.0

    def _some(self, until: float, is_full: Callable[[], bool], has_room: Callable[[str], bool]) -> bool:
        while self._forgotten and self._forgotten[0][0] <= time.monotonic() and not is_full():
            task_id = heappop(self._forgotten)[1]
            if self._look(task_id):
                self.forget([task_id], PASSED_S)
        more = False
        for batch_id in self._batches():
            if is_full():
                return False
            if time.monotonic() >= until:
                return True
            more = self._onwards(batch_id) or more
            self._last = batch_id
        for host in [one for one in self._passed if has_room(one)]:
            if is_full() or time.monotonic() >= until:
                return not is_full()
            more = self._back(host) or more
        return more

    def _batches(self) -> list[str]:
        """Those of which anything waits and may go on; after the last one whose turn it was first. One that was held back
        meanwhile begins anew."""
        with self._db.read() as tx:
            found = [NO_BATCH, *(row["id"] for row in tx.all("scale_waiting_batches"))]
        here = set(found)
        self._places = {one: place for one, place in self._places.items() if one in here}
        for host, places in list(self._passed.items()):
            self._passed[host] = {one: place for one, place in places.items() if one in here}
            if not self._passed[host]:
                del self._passed[host]
        after = found.index(self._last) + 1 if self._last in here else 0
        return found[after:] + found[:after]

    def _onwards(self, batch_id: str) -> bool:
        place = self._places.get(batch_id, START)
        rows = self._read(batch_id, place)
        for row in rows:
            for host in self._look(row["task_id"]):
                self._pass(host, batch_id, place)
            place = _place(row)
        self._places[batch_id] = place
        return len(rows) == READ

    def _back(self, host: str) -> bool:
        """From the first that was passed for its sake, until it has no room or all was looked at."""
        batch_id, place = next(iter(self._passed[host].items()))
        del self._passed[host][batch_id]
        end = self._places.get(batch_id, START)
        rows = [row for row in self._read(batch_id, place) if _place(row) <= end]
        for row in rows:
            passed = [self._pass(one, batch_id, place) for one in self._look(row["task_id"])]
            if host in passed:
                return False
            place = _place(row)
        if len(rows) == READ:
            self._pass(host, batch_id, place)
        elif not self._passed[host]:
            del self._passed[host]
        return True

    def _read(self, batch_id: str, after: Place) -> list[Row]:
        place = {"created_at": after[0], "task_id": after[1], "n": READ}
        with self._db.read() as tx:
            if batch_id:
                return tx.all("scale_waiting_of_batch", batch_id=batch_id, **place)
            return tx.all("scale_waiting_of_none", **place)

    def _pass(self, host: str, batch_id: str, place: Place) -> str:
        """For whose sake, as it is kept."""
        if host not in self._passed and len(self._passed) >= MOST_HOSTS:
            host = ANY_HOST
        places = self._passed.setdefault(host, {})
        places[batch_id] = min(place, places.get(batch_id, place))
        return host


def _place(row: Row) -> Place:
    return row["created_at"], row["task_id"]
