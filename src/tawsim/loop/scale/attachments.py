"""Attachments: what tasks of the Scale-compatible API name by an address, asked for once and looked at.

Through the one guarded opener. What an attachment is, its content tells. Whose turn it is to be asked for, and when again, is in
fetching.py. Nothing here is kept over a restart: what was not placed by then is fetched again.
"""

import hashlib
import io
import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tawsim.core.errors import AddressRefused, BadFile, EndpointDown, NotFound
from tawsim.intake.media import Checked, MediaFile, check_file
from tawsim.labellers.opener import Answer, Ask, Limits
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale import files
from tawsim.loop.scale.callbacks import reach_of, receiver_of, told
from tawsim.loop.scale.world import World
from tawsim.store.database import Transaction
from tawsim.workspaces.scale_keys import account_of

MAX_BYTES = 100_000_000
MAX_TEXT = 1_000_000
LIMITS = Limits(connect_s=10.0, silence_s=20.0, total_s=90.0, received=MAX_BYTES, redirects=5)
# Most are small. What is larger is asked for again, and few of those at once: so many in memory together would fill it.
SMALL_BYTES = 8_000_000
SMALL_LIMITS = replace(LIMITS, received=SMALL_BYTES)
LARGE_AT_ONCE = 4
TEXT_LIMITS = Limits(connect_s=10.0, silence_s=20.0, total_s=30.0, received=4 * MAX_TEXT, redirects=5)
# What may pass is tried again; what the other side says of itself (4xx) is final.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
FILES = "files"  # the host of what was uploaded here
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


class NotHad(Exception):
    """An attachment that could not be had, and the status that is told. `passing`: the next try may go better; `silent`: nobody
    answered at all."""

    def __init__(self, message: str, status: int, *, passing: bool = False, silent: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.silent = silent


def host_of(tx: Transaction, world: World, url: str) -> str:
    """Who is asked for an attachment, as far as it matters for being slow. An imported file that is still to be fetched is as
    slow as where it comes from."""
    if not files.is_file_url(url):
        return receiver_of(url)
    try:
        row = files.find_file(tx, world.workspace_id, url)
    except NotFound:
        return FILES
    return f"file of {receiver_of(row['source'])}" if row["state"] == "waiting" else FILES


class Getter:
    """Gets one attachment of a world, trying once."""

    def __init__(self, world: World, opened: Open) -> None:
        self._world = world
        self._opened = opened
        self._large = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def get(self, one: Wanted) -> Fetched:
        """What it is. Raises NotHad, and Unavailable for a file that is still to be fetched itself."""
        return _usable(one, self._uploaded(one) if files.is_file_url(one.url) else self._answered(one))

    def _uploaded(self, one: Wanted) -> bytes:
        try:
            with self._world.db.read() as tx:
                size = files.find_file(tx, self._world.workspace_id, one.url)["size"]
            if size > MAX_BYTES:
                raise NotHad(f"An attachment has at most {MAX_BYTES:,} bytes.", 413)
            with self._large if size > SMALL_BYTES else nullcontext(), self._world.db.read() as tx:
                return files.read_file(tx, self._world.workspace_id, one.url)[2]
        except NotFound as error:
            raise NotHad(error.message, 404) from None
        except EndpointDown as error:
            raise NotHad(error.message, NO_ANSWER) from None

    def _answered(self, one: Wanted) -> bytes:
        try:
            answer = self._ask(one)
        except AddressRefused as error:
            raise NotHad(told(error, one.url), REFUSED) from None
        except EndpointDown as error:
            large = _is_too_large(error)
            raise NotHad(error.message, NO_ANSWER, passing=not large, silent=not large) from None
        if 200 <= answer.status < 300:
            return answer.body
        raise NotHad(f"Its host answered {answer.status}.", answer.status, passing=answer.status in PASSING)

    def _ask(self, one: Wanted) -> Answer:
        with self._world.accounts.read() as books:
            account = account_of(books, self._world.workspace_id)
        ask = Ask(one.url, reach=reach_of(self._world, "" if account is None else account.allow, one.url))
        if one.kind == "text":
            return self._opened(ask, TEXT_LIMITS)
        try:
            return self._opened(ask, SMALL_LIMITS)
        except EndpointDown as error:
            if not _is_too_large(error):
                raise
        with self._large:
            return self._opened(ask, LIMITS)


def _is_too_large(error: EndpointDown) -> bool:
    return "received" in error.details


def _usable(one: Wanted, body: bytes) -> Fetched:
    """What the bytes are: a medium of the kind that was wanted, or a text. Raises NotHad."""
    if not body:
        raise NotHad("It is empty.", NOT_USABLE)
    if one.kind == "text":
        if len(body) > 4 * MAX_TEXT:
            raise NotHad(f"A text has at most {MAX_TEXT:,} characters.", 413)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise NotHad("It is no text in UTF-8.", NOT_USABLE) from None
        if len(text) > MAX_TEXT:
            raise NotHad(f"A text has at most {MAX_TEXT:,} characters.", 413)
        return Fetched(one, text=text)
    try:
        medium = check_file(MediaFile(one.name, "attachment", lambda: io.BytesIO(body)))
    except BadFile as error:
        raise NotHad(error.message.removeprefix("attachment: "), NOT_USABLE) from None
    if not medium.facts.media_type.startswith(one.kind + "/"):
        what = "a picture" if one.kind == "image" else "a sound"
        raise NotHad(f"It is {medium.facts.media_type}, and {what} was expected.", NOT_USABLE)
    return Fetched(one, medium=medium)
