"""Attachments: what tasks of the Scale-compatible API name by an address is fetched, looked at, and handed over to be placed.

Through the one guarded opener, a few at a time from each host, so that a slow host delays nobody else. What an attachment is,
its content tells. Nothing here is kept over a restart: what was not placed by then is fetched again.
"""

import hashlib
import io
import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tawsim.core.errors import AddressRefused, BadFile, EndpointDown, NotFound, TawsimError, Unavailable
from tawsim.intake.media import Checked, MediaFile, check_file
from tawsim.labellers.addresses import read_url
from tawsim.labellers.opener import Answer, Ask, Limits, fetch
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale import files
from tawsim.loop.scale.callbacks import allowed_places, place_of, told
from tawsim.loop.scale.world import World
from tawsim.workspaces.scale_keys import account_of

log = logging.getLogger("tawsim.scale.attachments")
MAX_BYTES = 100_000_000
MAX_TEXT = 1_000_000
LIMITS = Limits(connect_s=10.0, silence_s=20.0, total_s=90.0, received=MAX_BYTES, redirects=5)
# Most are small. What is larger is asked for again, and few of those at once: so many in memory together would fill it.
SMALL_BYTES = 8_000_000
SMALL_LIMITS = replace(LIMITS, received=SMALL_BYTES)
LARGE_AT_ONCE = 4
TEXT_LIMITS = Limits(connect_s=10.0, silence_s=20.0, total_s=30.0, received=4 * MAX_TEXT, redirects=5)
OF_ONE_HOST = 4  # at once
OF_ALL = 16
# Fetched bytes that nobody took yet: beyond them nothing more is begun.
MOST_HELD = 256_000_000
# What may pass is tried again after these pauses; what the other side says of itself (4xx) is final.
PAUSES_S = (1.0, 5.0)
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
AGAIN_S = 0.2
FILES = "files"  # the lane of what was uploaded here
# Statuses in the customer's form for what never came to an answer of the other side.
REFUSED, NO_ANSWER, NOT_USABLE = 403, 504, 415
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One address that tasks of a project need. `kind`: image, audio or text."""

    project_id: str
    url: str
    kind: str

    @property
    def name(self) -> str:
        """The name that the medium gets in its project: the same address, the same name."""
        suffix = _SUFFIX.search(urlsplit(self.url).path) if "://" in self.url else None
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:32]
        return f"scale/{digest}{suffix.group().lower() if suffix else ''}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one: a medium to be stored, a text, or an error in words with a status."""

    wanted: Wanted
    medium: Checked | None = None
    text: str | None = None
    error: str = ""
    status: int = 200

    @property
    def size(self) -> int:
        """Bytes that it holds in memory."""
        return self.medium.size if self.medium is not None else len(self.text or "")


class Fetcher:
    """Fetches what it is told to want; `take` gives what has come."""

    def __init__(self, world: World, opened: Open = fetch, *, on_came: Callable[[], None] = lambda: None) -> None:
        self._world = world
        self._opened = opened
        self._on_came = on_came
        self._queues: dict[str, deque[Wanted]] = {}
        self._threads: dict[str, int] = {}
        self._wanted: set[Wanted] = set()
        self._came: deque[Fetched] = deque()
        self._held = 0
        self._door = threading.Lock()
        self._over = threading.Event()
        self._large = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def want(self, one: Wanted) -> None:
        """Fetch it, unless it is under way."""
        with self._door:
            if one in self._wanted:
                return
            self._wanted.add(one)
            self._queues.setdefault(_lane(one.url), deque()).append(one)

    def step(self) -> None:
        """Begin as many as may run. What stands in a queue waits for its host's turn."""
        with self._door:  # a queue that its last thread empties is gone
            lanes = [(lane, min(len(queue), OF_ONE_HOST)) for lane, queue in self._queues.items() if queue]
        for lane, n in lanes:
            for _ in range(n):
                self._begin(lane)

    def take(self) -> list[Fetched]:
        """What has come since the last time."""
        with self._door:
            found = list(self._came)
            self._came.clear()
            self._held = 0
            self._wanted.difference_update(one.wanted for one in found)
        return found

    def close(self) -> None:
        """Begin nothing more."""
        self._over.set()

    def _begin(self, lane: str) -> None:
        with self._door:
            here = self._threads.get(lane, 0)
            if self._over.is_set() or here >= OF_ONE_HOST or sum(self._threads.values()) >= OF_ALL:
                return
            self._threads[lane] = here + 1
        threading.Thread(target=self._work, args=(lane,), name=f"attachments {lane}", daemon=True).start()

    def _work(self, lane: str) -> None:
        try:
            while (one := self._next(lane)) is not None:
                found = self._one(one)
                with self._door:
                    if found is None:
                        self._queues.setdefault(lane, deque()).append(one)
                        continue
                    self._came.append(found)
                    self._held += found.size
                self._on_came()
        finally:
            with self._door:
                left = self._threads.pop(lane) - 1
                if left:
                    self._threads[lane] = left
                elif not self._queues.get(lane):
                    self._queues.pop(lane, None)

    def _next(self, lane: str) -> Wanted | None:
        with self._door:
            queue = self._queues.get(lane)
            if self._over.is_set() or not queue or self._held >= MOST_HELD:
                return None
            return queue.popleft()

    def _one(self, one: Wanted) -> Fetched | None:
        """What came of it; None for what is to be looked at again later."""
        try:
            return _usable(one, self._uploaded(one) if files.is_file_url(one.url) else self._answered(one))
        except _NotHad as error:
            return Fetched(one, error=str(error), status=error.status)
        except Unavailable:  # a file that is still to be fetched itself: others go first
            return None if not self._over.wait(AGAIN_S) else Fetched(one, error="Stopped.", status=NO_ANSWER)
        except TawsimError as error:
            return Fetched(one, error=error.message, status=NO_ANSWER)
        except Exception:
            log.exception("an attachment could not be read")
            return Fetched(one, error="It could not be read.", status=500)

    def _uploaded(self, one: Wanted) -> bytes:
        """A file of this world. Raises Unavailable for one that is still to be fetched."""
        try:
            with self._world.db.read() as tx:
                size = files.find_file(tx, self._world.workspace_id, one.url)["size"]
            if size > MAX_BYTES:
                raise _NotHad(f"An attachment has at most {MAX_BYTES:,} bytes.", 413)
            with self._large if size > SMALL_BYTES else nullcontext(), self._world.db.read() as tx:
                return files.read_file(tx, self._world.workspace_id, one.url)[2]
        except NotFound as error:
            raise _NotHad(error.message, 404) from None
        except EndpointDown as error:
            raise _NotHad(error.message, NO_ANSWER) from None

    def _answered(self, one: Wanted) -> bytes:
        """The bytes, after a few tries where the trouble may pass."""
        found: _NotHad | None = None
        for pause in (0.0, *PAUSES_S):
            if pause and self._over.wait(pause):
                break
            try:
                answer = self._ask(one)
            except AddressRefused as error:
                raise _NotHad(told(error, one.url), REFUSED) from None
            except EndpointDown as error:
                found = _NotHad(error.message, NO_ANSWER)
                if _is_too_large(error):
                    break
                continue
            if 200 <= answer.status < 300:
                return answer.body
            found = _NotHad(f"Its host answered {answer.status}.", answer.status)
            if answer.status not in PASSING:
                break
        assert found is not None
        raise found

    def _ask(self, one: Wanted) -> Answer:
        with self._world.accounts.read() as books:
            account = account_of(books, self._world.workspace_id)
        allowed = account is not None and place_of(read_url(one.url)) in allowed_places(account.allow)
        ask = Ask(one.url, reach="own" if allowed else "public")
        if one.kind == "text":
            return self._opened(ask, TEXT_LIMITS)
        try:
            return self._opened(ask, SMALL_LIMITS)
        except EndpointDown as error:
            if not _is_too_large(error):
                raise
        with self._large:
            return self._opened(ask, LIMITS)


class _NotHad(Exception):
    """An attachment that could not be had, and the status that is told."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def _is_too_large(error: EndpointDown) -> bool:
    return "received" in error.details


def _lane(url: str) -> str:
    if files.is_file_url(url):
        return FILES
    try:
        target = read_url(url)
    except AddressRefused:
        return ""
    return f"{target.scheme}://{place_of(target)}"


def _usable(one: Wanted, body: bytes) -> Fetched:
    """What the bytes are: a medium of the kind that was wanted, or a text. Raises _NotHad."""
    if not body:
        raise _NotHad("It is empty.", NOT_USABLE)
    if one.kind == "text":
        if len(body) > 4 * MAX_TEXT:
            raise _NotHad(f"A text has at most {MAX_TEXT:,} characters.", 413)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _NotHad("It is no text in UTF-8.", NOT_USABLE) from None
        if len(text) > MAX_TEXT:
            raise _NotHad(f"A text has at most {MAX_TEXT:,} characters.", 413)
        return Fetched(one, text=text)
    try:
        medium = check_file(MediaFile(one.name, "attachment", lambda: io.BytesIO(body)))
    except BadFile as error:
        raise _NotHad(error.message.removeprefix("attachment: "), NOT_USABLE) from None
    if not medium.facts.media_type.startswith(one.kind + "/"):
        what = "a picture" if one.kind == "image" else "a sound"
        raise _NotHad(f"It is {medium.facts.media_type}, and {what} was expected.", NOT_USABLE)
    return Fetched(one, medium=medium)
