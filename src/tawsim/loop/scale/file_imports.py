"""Importing files by address for the Scale-compatible API: a few at once for all workspaces of a server, few of them for each.

One of a host at a time and two of a workspace, so that a slow host delays neither what comes from elsewhere nor what others asked
for. Most files are small; what turns out to be large is asked for again when few such are in memory. How a file is kept is in
files.py.
"""

import io
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tawsim.core.errors import AddressRefused, EndpointDown, TawsimError
from tawsim.labellers.addresses import read_url
from tawsim.labellers.opener import Ask, Limits, fetch
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale.callbacks import reach_of, receiver_of, told
from tawsim.loop.scale.files import MAX_BYTES, put_bytes, sniff
from tawsim.loop.scale.world import World
from tawsim.store.database import Row
from tawsim.workspaces.scale_keys import Account, account_of

log = logging.getLogger("tawsim.scale.files")
LIMITS = Limits(connect_s=10.0, silence_s=30.0, total_s=300.0, received=MAX_BYTES, redirects=5)
SMALL_LIMITS = replace(LIMITS, received=16_000_000)
OF_ONE = 2  # at once of a workspace
OF_ALL = 16
FOR_FIRST = 6  # of these only for workspaces that have none under way
LARGE_AT_ONCE = 2
READ = 200
MOST_READ = 4_000  # rows in one look: whoever let so many wait for one host waits longer, others do not


@dataclass(frozen=True, slots=True)
class _Job:
    """A file that is being fetched: for whom, from where, and whether it is a large one."""

    world: World
    file_id: str
    source: str
    large: bool

    @property
    def host(self) -> str:
        return receiver_of(self.source)


class Imports:
    """Of all worlds of a server. `step` looks once for what waits and returns at once; threads of its own do the fetching."""

    def __init__(self, opened: Open = fetch) -> None:
        self._opened = opened
        self._under_way: dict[str, _Job] = {}
        self._large: set[str] = set()  # files of which this is known; after a restart it is found out again
        self._first = 0
        self._over = False
        self._door = threading.Lock()

    def step(self, worlds: Sequence[World]) -> None:
        """Begin what may begin; another world's turn is first each time."""
        self._first = (self._first + 1) % max(1, len(worlds))
        for world in [*worlds[self._first :], *worlds[: self._first]]:
            try:
                while (job := self._next(world)) is not None:
                    threading.Thread(target=self._work, args=(job,), name="importing a file", daemon=True).start()
            except TawsimError as error:
                log.warning("files of a workspace cannot be imported: %s", error)
            except Exception:  # whatever it was, others have their turn, and this one again the next time
                log.exception("files of a workspace cannot be imported")

    def close(self) -> None:
        """Begin nothing more. What was not fetched to its end is fetched again after the next start."""
        self._over = True

    def _next(self, world: World) -> _Job | None:
        with self._door:
            jobs = list(self._under_way.values())
        mine = [one for one in jobs if one.world.workspace_id == world.workspace_id]
        most = OF_ONE if len(jobs) < OF_ALL - FOR_FIRST else 1
        if self._over or len(jobs) >= OF_ALL or len(mine) >= most:
            return None
        may_be_large = sum(one.large for one in jobs) < LARGE_AT_ONCE and not any(one.large for one in mine)
        hosts = {one.host for one in mine}
        for row in _waiting(world):
            job = _Job(world, row["id"], row["source"], row["id"] in self._large)
            if job.file_id in self._under_way or job.host in hosts or (job.large and not may_be_large):
                continue
            if _account(world) is None:  # it came from elsewhere: nothing is opened for it here
                return None
            with self._door:
                self._under_way[job.file_id] = job
            return job
        return None

    def _work(self, job: _Job) -> None:
        try:
            _import(job, self._opened)
            self._large.discard(job.file_id)
        except _Large:
            self._large.add(job.file_id)
        except TawsimError as error:  # a full disk and the like: it goes on waiting
            log.warning("a file could not be kept: %s", error)
        except Exception:
            log.exception("a file could not be imported")
        finally:
            with self._door:
                del self._under_way[job.file_id]


class _Large(Exception):
    """It has more bytes than a small one."""


def _account(world: World) -> Account | None:
    with world.accounts.read() as books:
        return account_of(books, world.workspace_id)


def _waiting(world: World) -> Iterator[Row]:
    """What waits to be fetched, the oldest first, read in pieces; some thousands at most: a look comes each second."""
    place = {"created_at": -1, "id": ""}
    for _ in range(MOST_READ // READ):
        with world.db.read() as tx:
            rows = tx.all("scale_file_to_fetch", **place, n=READ)
        yield from rows
        if len(rows) < READ:
            return
        place = {"created_at": rows[-1]["created_at"], "id": rows[-1]["id"]}


def _import(job: _Job, opened: Open) -> None:
    """Fetch it and keep it, or keep why not. Raises _Large for a small one that is none."""
    db = job.world.db
    try:
        body = _fetched(job, opened)
    except (AddressRefused, EndpointDown) as error:
        message = told(error, job.source)[:300]
        db.write(lambda tx: tx.run("scale_file_failed", id=job.file_id, error=message, now=tx.now))
        return
    stream = io.BytesIO(body)
    put_bytes(db, job.file_id, stream, sniff(stream), len(body))


def _fetched(job: _Job, opened: Open) -> bytes:
    """What lies at its address; tried once more where nothing came back. Raises AddressRefused, and EndpointDown for a status
    other than 2xx, for nothing in it, and for too much of it."""
    target = read_url(job.source)
    account = _account(job.world)
    ask = Ask(job.source, reach=reach_of(job.world, "" if account is None else account.allow, job.source))
    limits = LIMITS if job.large else SMALL_LIMITS
    try:
        answer = opened(ask, limits)
    except EndpointDown as error:
        if "received" in error.details:
            if not job.large:
                raise _Large from None
            raise
        answer = opened(ask, limits)
    if not 200 <= answer.status < 300:
        raise EndpointDown(f"{target.host} answered {answer.status}.", status=answer.status)
    if not answer.body:
        raise EndpointDown(f"{target.host} answered with nothing.", status=answer.status)
    return answer.body
