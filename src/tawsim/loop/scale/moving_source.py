"""Reading an account through Scale's own client, page by page into a file beside the workspace, so that a walk that broke off
goes on where it stood. What is made of it is in moving.py. The client comes from whoever calls: nothing here imports it.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tawsim.core.errors import AlreadyRunning, BadInput, EndpointDown, NotFound, NotSignedIn

PAGE = 100
BATCH_PAGE = 100
TRIES = 4
FIRST_WAIT_S = 1.0
# A walk that broke off longer ago is begun anew: what was pending when its first pages were read may be done by now.
LASTS_S = 3_600.0
NO_PROJECT = ""  # stands for the tasks that belong to none
T = TypeVar("T")


class Account(Protocol):
    """What is asked of Scale's client: its `tasks`, `projects` and `batches`, as the package has them."""

    def projects(self) -> Any:
        """All projects."""

    def tasks(self, **asked: Any) -> Any:
        """A page of tasks."""

    def batches(self, **asked: Any) -> Any:
        """A page of batches."""


@dataclass(frozen=True, slots=True)
class Found:
    """A project there: as it was told, and how many tasks it has. `name` is NO_PROJECT for tasks without one."""

    name: str
    told: Mapping[str, Any]
    tasks: int


@dataclass(slots=True)
class Source:
    """An account, and how long to wait where it does not answer."""

    account: Account
    sleep: Callable[[float], None] = time.sleep
    tries: int = field(default=TRIES)

    def survey(self, only: str | None = None) -> list[Found]:
        """The projects, or the one named, each with its number of tasks; last the tasks that belong to none, if there are any.

        Raises NotFound for a name that is none there."""
        told = [dict(one.as_dict()) for one in self._ask(self.account.projects)]
        found = [
            Found(one["name"], one, self._count(project=one["name"])) for one in told if only in (None, one["name"])
        ]
        if only is not None:
            if not found:
                names = ", ".join(str(one["name"]) for one in told[:8])
                raise NotFound(f"There is no project “{only[:80]}” there.", f"There are: {names}" if names else "")
            return found
        left = self._count() - sum(one.tasks for one in found)
        return [*found, Found(NO_PROJECT, {}, left)] if left > 0 else found

    def batches(self, project: str) -> Iterator[dict[str, Any]]:
        """The batches of a project, archived ones too."""
        offset = 0
        while True:
            page = self._ask(partial(self.account.batches, project=project, limit=BATCH_PAGE, offset=offset))
            yield from (dict(one.as_dict()) for one in page.docs)
            offset += max(1, len(page.docs))
            if not page.has_more or not page.docs:
                return

    def page(self, project: str, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of tasks and the token of the next one. Of NO_PROJECT, the tasks of a page of all that have no project."""
        asked = {"limit": PAGE, "next_token": token} | ({"project": project} if project else {})
        found = self._ask(lambda: self.account.tasks(**asked))
        docs = [dict(one.as_dict()) for one in found.docs]
        if not project:
            docs = [one for one in docs if not one.get("project")]
        return docs, found.next_token if found.has_more else None

    def _count(self, **asked: Any) -> int:
        return int(self._ask(lambda: self.account.tasks(limit=1, **asked)).total)

    def _ask(self, work: Callable[[], T]) -> T:
        """One call. What may pass is tried again with growing pauses; what will not is told in words."""
        wait = FIRST_WAIT_S
        for left in range(self.tries - 1, -1, -1):
            try:
                return work()
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "scaleapi":
                    raise
                code = getattr(error, "code", None)
                if code in (401, 403):
                    raise NotSignedIn("The key is not known there.", "Check the key, and --api-url.") from error
                if code is not None and code < 500 and code not in (408, 429):
                    raise BadInput(f"It was refused there: {str(error)[:300]}", status=code) from error
                if left == 0:
                    raise EndpointDown(
                        f"No answer from there: {str(error)[:300]}", "Run it again; it goes on."
                    ) from error
            self.sleep(wait)
            wait *= 3
        raise AssertionError("unreachable")


# ---- the file in between -----------------------------------------------------------------------------------------
def file_of(folder: Path, workspace_id: str, account: str, project: str) -> Path:
    """Where the pages of a project wait for a workspace. `account` tells one from another: the address, and the key's digest."""
    name = hashlib.sha256(f"{workspace_id}\n{account}\n{project}".encode()).hexdigest()[:16]
    return folder / f".tawsim-moving-{name}.jsonl"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The file, for one run alone, gone after a block that did not fail. Two that write and put in the same pages would take them
    out of each other's hands, and one would end the move before the other's tasks are here. Raises AlreadyRunning."""
    handle = _lock(path)
    try:
        yield
        path.unlink()
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:  # another run ended at this moment, and took its file away
            pass
        except OSError:
            os.close(handle)
            raise AlreadyRunning(
                "Another run is copying the same just now.", "Wait for it; then run this again for what is new."
            ) from None
        os.close(handle)


def download(source: Source, project: str, path: Path, on_tasks: Callable[[int], None] = lambda n: None) -> int:
    """Write all pages of tasks to `path`, going on behind those that it has. How many tasks it holds then.

    Raises what `Source` raises; what was written stays, and the next call goes on from there. A file that is whole already is
    of a run that failed after it: it is read anew, since what was wrong may have been put right there; and so is an old one.
    """
    n, token, over = _state(path)
    if over or (token is not None and time.time() - path.stat().st_mtime > LASTS_S):
        os.truncate(path, 0)
        n, token, over = 0, None, False
    on_tasks(n)
    with _appending(path) as file:
        while not over:
            try:
                docs, following = source.page(project, token)
            except BadInput:
                if token is None:
                    raise
                # a token that is known no more: from the beginning, for a place in between cannot be named
                file.truncate(0)
                n, token = 0, None
                continue
            # with escapes, so that whatever text came can be written; what cannot be stored shows when it is to be
            file.write(json.dumps({"docs": docs, "next": following}) + "\n")
            file.flush()
            os.fsync(file.fileno())
            n, token, over = n + len(docs), following, following is None
            on_tasks(n)
    return n


def pages(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The pages that were written, in their order."""
    for line in _lines(path):
        yield line["docs"]


def _appending(path: Path) -> Any:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "a", encoding="utf-8")


def _state(path: Path) -> tuple[int, str | None, bool]:
    """How many tasks are there, the token to go on with, and whether it is all. Half a line at the end is cut off."""
    n, token, over, whole = 0, None, False, 0
    if path.exists():
        for line, end in _whole_lines(path):
            n, token, over, whole = n + len(line["docs"]), line["next"], line["next"] is None, end
        os.truncate(path, whole)
    return n, token, over


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    return (line for line, _ in _whole_lines(path))


def _whole_lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    end = 0
    with path.open("rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                return
            if not raw.endswith(b"\n"):
                return
            end += len(raw)
            yield line, end
