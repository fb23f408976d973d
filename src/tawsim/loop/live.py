"""A live conversation: what a worker writes goes to the question's endpoint, and candidates come back blind.

The wiring of lease → models → stored turn. Nothing here speaks HTTP; the models are asked in threads of their own, and
neither the event loop nor the writer waits for them. What became of the candidates is part of the answer (kinds/chat.py).
"""

import asyncio
import json
import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from tawsim.core.clock import SECOND
from tawsim.core.errors import (
    BadInput,
    Conflict,
    EndpointDown,
    KeyReused,
    LeaseLost,
    NotFound,
    TawsimError,
    TooSoon,
)
from tawsim.core.records import Project, Worker
from tawsim.core.text import is_unicode
from tawsim.labellers.endpoint import Draw, Endpoint, Outside, Reply, complete, draws
from tawsim.labellers.endpoints import check_consent, find_endpoint
from tawsim.labelling.holding import own_lease
from tawsim.labelling.presenting import questions_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import MAX_KEY_LENGTH, record
from tawsim.store.rows import to_json
from tawsim.workspaces.roles import may
from tawsim.workspaces.workspace import Workspace

T = TypeVar("T")
log = logging.getLogger("tawsim.live")

ROLES = ("system", "user", "assistant")
MAX_MESSAGES = 200
MAX_MESSAGE = 100_000  # code points
MAX_PROMPT = 300_000
MAX_CANDIDATES = 6
PER_MINUTE = 20
MINUTE = 60 * SECOND
AT_ONCE = 64  # calls to models of the whole server; each holds a thread


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker asks: of which question, the conversation so far with their own message last, and a key."""

    question: str
    messages: list[dict[str, str]]
    key: str

    def prompt(self) -> str:
        """The messages as they are stored."""
        return to_json(self.messages)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the worker is shown: texts in the order shown, and the number of the turn, from 1. No model is named."""

    candidates: list[str]
    turn: int


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A turn that may be asked for."""

    endpoint: Endpoint
    candidates: int
    turns: int
    project_id: str
    task_id: str


@dataclass(frozen=True, slots=True)
class _Running:
    """The one call of a worker that is under way."""

    lease_id: str
    asked: Asked
    task: "asyncio.Task[Turn]"


def read_asked(question: Any, messages: Any, key: Any) -> Asked:
    """The request, checked. Raises BadInput."""
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise BadInput(f"A turn needs a key of 1 to {MAX_KEY_LENGTH} characters.", "Make a new random one per turn.")
    if not isinstance(question, str) or not is_unicode(question) or not is_unicode(key):
        raise BadInput("question is the name of a chat question.")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_MESSAGES:
        raise BadInput(f"messages is a list of 1 to {MAX_MESSAGES} messages.")
    clean = [_read_message(one, place) for place, one in enumerate(messages)]
    if clean[-1]["role"] != "user":
        raise BadInput("The last message is the worker's own: its role is user.")
    if sum(len(one["content"]) for one in clean) > MAX_PROMPT:
        raise BadInput(f"The conversation is longer than {MAX_PROMPT:,} characters.", "Begin a new one.")
    return Asked(question, clean, key)


def _read_message(one: Any, place: int) -> dict[str, str]:
    if not isinstance(one, Mapping) or set(one) != {"role", "content"} or one["role"] not in ROLES:
        raise BadInput(f"messages[{place}] is {{role, content}} with a role of: {', '.join(ROLES)}.")
    content = one["content"]
    if not isinstance(content, str) or not content.strip() or len(content) > MAX_MESSAGE:
        raise BadInput(f"messages[{place}].content is a text of 1 to {MAX_MESSAGE:,} characters.")
    if not is_unicode(content):
        raise BadInput(f"messages[{place}].content holds half of a surrogate pair, which is no character.")
    return {"role": one["role"], "content": content}


def prepare(tx: Transaction, worker_id: str, lease_id: str, asked: Asked) -> Turn | _Ticket:
    """The turn that was stored under this key already, or leave to ask for one.

    Raises NotFound, KeyReused, LeaseLost, BadInput, Conflict (no turns left).
    """
    lease = own_lease(tx, worker_id, lease_id)
    stored = tx.one("live_turn_get", lease_id=lease_id, key=asked.key)
    if stored is not None:
        return _stored(stored, asked)
    if lease["state"] != "live":
        raise LeaseLost(f"This lease was {lease['state']}.", "Ask for the next task.")
    project = tx.one("project_even_removed", id=lease["project_id"])
    assert project is not None
    live = _live_of(project["questions"], asked.question)
    _check_asked(tx, rows.project(project), lease["task_id"], asked.question)
    turns = int(live.get("turns", 8))
    if _count(tx, lease_id, asked.question) >= turns:
        raise Conflict(f"This conversation has had its {turns} turns.", "Choose, and submit it.")
    endpoint = _endpoint(tx, str(live["endpoint"]))
    wanted = max(1, min(int(live.get("candidates", 2)), MAX_CANDIDATES))
    return _Ticket(endpoint, wanted, turns, lease["project_id"], lease["task_id"])


def _endpoint(tx: Transaction, name: str) -> Endpoint:
    try:
        return find_endpoint(tx, name)
    except NotFound:  # which, as an answer, would say that the lease is absent
        raise EndpointDown(
            "The model of this question is not set up.", f"An owner can: tawsim endpoint add {name[:60]} …"
        ) from None


def _check_asked(tx: Transaction, project: Project, task_id: str, name: str) -> None:
    """Raises BadInput where this row does not ask the question: a model's time costs."""
    row = tx.one("task_with_content", id=task_id) if project.settings.asks else None
    if row is not None and name not in {one.name for one in questions_of(project, json.loads(row["content"]))}:
        raise BadInput(f"“{name[:60]}” is not asked about this task.")


def _live_of(questions: str, name: str) -> Mapping[str, Any]:
    """What a chat question says of its live model. Raises BadInput for a question without one."""
    for one in json.loads(questions):
        if one.get("name") == name and isinstance(one.get("live"), dict) and one["live"].get("endpoint"):
            found: Mapping[str, Any] = one["live"]
            return found
    raise BadInput(f"“{name[:60]}” is no question with a live model.")


def _stored(row: Row, asked: Asked) -> Turn:
    if (row["question"], row["prompt"]) != (asked.question, asked.prompt()):
        raise KeyReused("This key was used before with other content.", "Make a new key for a new turn.")
    return Turn([one["text"] for one in json.loads(row["candidates"])], row["turn"])


def _count(tx: Transaction, lease_id: str, question: str) -> int:
    row = tx.one("live_turn_count", lease_id=lease_id, question=question)
    assert row is not None
    return int(row["turns"])


def keep(tx: Transaction, worker_id: str, lease_id: str, asked: Asked, ticket: _Ticket, replies: list[Reply]) -> Turn:
    """Store a turn with the models behind it, whatever became of the lease meanwhile: late work can still count."""
    stored = tx.one("live_turn_get", lease_id=lease_id, key=asked.key)
    if stored is not None:
        return _stored(stored, asked)
    turn = _count(tx, lease_id, asked.question) + 1
    candidates = [
        {
            "text": reply.text, **asdict(reply.draw), "finish": reply.finish, "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
        }
        for reply in replies
    ]  # fmt: skip
    tx.run(
        "live_turn_insert", lease_id=lease_id, key=asked.key, question=asked.question, turn=turn,
        endpoint=ticket.endpoint.name, prompt=asked.prompt(), candidates=to_json(candidates), created_at=tx.now,
    )  # fmt: skip
    record(
        tx, "live.asked", worker_id, project_id=ticket.project_id, task_id=ticket.task_id, object_id=lease_id,
        data=to_json({"question": asked.question, "turn": turn, "endpoint": ticket.endpoint.name}),
    )  # fmt: skip
    return Turn([reply.text for reply in replies], turn)


def turns_of_project(tx: Transaction, project_id: str) -> Iterator[dict[str, Any]]:
    """Every turn of a project with the models behind it, by task: for owners, once people have chosen."""
    for row in tx.stream("live_turn_list", project_id=project_id):
        yield {
            **{name: row[name] for name in row.keys() if name not in ("prompt", "candidates")},  # noqa: SIM118
            "messages": json.loads(row["prompt"]),
            "candidates": json.loads(row["candidates"]),
        }


@dataclass(slots=True)
class Desk:
    """Who is asking models on one server at this moment. Lives on the event loop; a worker has one call at a time."""

    outside: Outside = field(default_factory=Outside)
    chance: random.Random = field(default_factory=random.SystemRandom)
    _running: dict[str, _Running] = field(default_factory=dict)
    _times: dict[str, deque[int]] = field(default_factory=dict)
    _calls: int = 0

    async def ask(self, workspace: Workspace, worker: Worker, lease_id: str, asked: Asked) -> Turn:
        """One turn. The same key joins the call under way, or gives what was stored.

        Raises what `prepare` raises, TooSoon, and EndpointDown; then nothing was stored and no turn is used up.
        """
        with workspace.db.read() as tx:
            found = prepare(tx, worker.id, lease_id, asked)
        if isinstance(found, Turn):
            return found
        running = self._running.get(worker.id)
        if running is None:
            self._check_rate(worker, found.candidates, workspace.db.clock())
            task = asyncio.get_running_loop().create_task(self._turn(workspace, worker, lease_id, asked, found))
            self._running[worker.id] = running = _Running(lease_id, asked, task)
            task.add_done_callback(lambda done: self._ended(worker.id, done))
        elif (running.lease_id, running.asked) != (lease_id, asked):
            raise TooSoon("Another turn of yours is being answered.", "Wait for it.", retry_after_s=2)
        # A worker whose connection breaks asks again with the same key, and finds the answer.
        return await asyncio.shield(running.task)

    def _check_rate(self, worker: Worker, calls: int, now: int) -> None:
        if self._calls + calls > AT_ONCE:
            raise TooSoon("Many people ask the models at this moment.", "Send it again.", retry_after_s=5)
        times = self._times.setdefault(worker.id, deque(maxlen=PER_MINUTE))
        if len(times) == PER_MINUTE and 0 <= now - times[0] < MINUTE:
            wait = 1 + (MINUTE - (now - times[0])) // SECOND
            raise TooSoon(f"{PER_MINUTE} turns a minute are the most.", f"Wait {wait} s.", retry_after_s=wait)
        times.append(now)

    def _ended(self, worker_id: str, task: "asyncio.Task[Turn]") -> None:
        self._running.pop(worker_id, None)
        if not task.cancelled():
            task.exception()  # seen here, where the one who asked has gone

    async def _turn(self, workspace: Workspace, worker: Worker, lease_id: str, asked: Asked, ticket: _Ticket) -> Turn:
        try:
            check_consent(workspace.path.parent, workspace.id, ticket.endpoint)
            replies = await self._replies(ticket, asked)
        except TawsimError as error:
            raise _as_told(error, ticket.endpoint.name, worker) from error
        return await workspace.db.write_async(lambda tx: keep(tx, worker.id, lease_id, asked, ticket, replies))

    async def _replies(self, ticket: _Ticket, asked: Asked) -> list[Reply]:
        """All candidates at once, or the first error."""
        found = draws(ticket.endpoint.models, ticket.candidates, self.chance)
        self._calls += len(found)
        try:
            calls = [_in_thread(self._call_of(ticket.endpoint, draw, asked)) for draw in found]
            got = await asyncio.gather(*calls, return_exceptions=True)
        finally:
            self._calls -= len(found)
        replies = []
        for one in got:
            if isinstance(one, BaseException):
                raise one
            replies.append(one)
        return replies

    def _call_of(self, endpoint: Endpoint, draw: Draw, asked: Asked) -> Callable[[], Reply]:
        return lambda: complete(endpoint, draw, asked.messages, self.outside)


def _as_told(error: TawsimError, endpoint: str, worker: Worker) -> EndpointDown:
    """Who manages is told all; a labeller neither which model did not answer nor how it is reached. The log has it."""
    log.warning("the endpoint %s: %s %s", endpoint, error, dict(error.details))
    if may(worker.role, "manage"):
        return EndpointDown(error.message, error.hint, **error.details)
    return EndpointDown(
        "The model did not answer.", "Your text is kept: send it again in a moment. If it goes on, tell the owner."
    )


def _in_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """`work` in a thread that ends with the process: a model that is slow must not keep a server from stopping."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def give(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:
            failed = error
        with suppress(RuntimeError):  # the loop has ended and nobody waits
            loop.call_soon_threadsafe(give, result, failed)

    threading.Thread(target=run, name="model", daemon=True).start()
    return future
