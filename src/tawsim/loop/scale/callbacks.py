"""Callbacks: whom a change of a task or batch is told to, and when again. Written in the transaction of the change itself.

Nothing is sent here (sending.py does that), and nothing secret stands in the workspace file: what callbacks carry to show whose
they are is added when they are sent.
"""

from tawsim.core.clock import SECOND
from tawsim.core.errors import AddressRefused, BadInput, NotFound, TawsimError
from tawsim.core.ids import new_id
from tawsim.labellers.addresses import Reach, Target, check_address, read_url
from tawsim.loop.scale.projects import params_of, project_by_id
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.scale_keys import account_of

MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
# After each try that failed; twenty tries altogether, in less than a day. Counted in tries, so that no clock ends them early.
PAUSES = (
    10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 20 * MINUTE, 30 * MINUTE,
    45 * MINUTE, HOUR, HOUR, 90 * MINUTE, 2 * HOUR, 2 * HOUR, 150 * MINUTE, 3 * HOUR, 3 * HOUR, 3 * HOUR,
)  # fmt: skip
MOST_TRIES = len(PAUSES) + 1
# Where an address cannot even be read, its tries fail in a line of their own, and say why.
UNREADABLE = "unreadable"


def put_task(tx: Transaction, world: World, row: Row) -> None:
    """Tell of a change of this task (a row of `scale_task`): to its own address, else its project's, else the account's."""
    url = row["callback_url"] or _of_project(tx, row["project_id"]) or _of_account(world)
    if url:
        _put(tx, url, task_id=row["task_id"])


def put_batch(tx: Transaction, batch: Row) -> None:
    """Tell of a change of this batch, if anybody wants to be told."""
    if batch["callback"]:
        _put(tx, batch["callback"], batch_id=batch["id"])


def _put(tx: Transaction, url: str, *, task_id: str | None = None, batch_id: str | None = None) -> None:
    tx.run(
        "scale_callback_insert", id=new_id(tx.now), task_id=task_id, batch_id=batch_id, url=url, receiver=receiver_of(url),
        now=tx.now,
    )  # fmt: skip


def _of_project(tx: Transaction, project_id: str | None) -> str:
    url = params_of(project_by_id(tx, project_id)).get("callback_url") if project_id else None
    return url if isinstance(url, str) else ""


def _of_account(world: World) -> str:
    with world.accounts.read() as books:
        account = account_of(books, world.workspace_id)
    return "" if account is None else account.callback_url


def is_mail(url: str) -> bool:
    """Whether a callback goes to a mailbox."""
    return "@" in url and "://" not in url


def receiver_of(url: str) -> str:
    """Who answers at this address, as far as it matters for being slow: scheme, host and port."""
    if is_mail(url):
        return "mail"
    try:
        target = read_url(url)
    except AddressRefused:
        return UNREADABLE
    return f"{target.scheme}://{place_of(target)}"


def place_of(target: Target) -> str:
    """host:port, as private ones are allowed by."""
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"


def told(error: TawsimError, url: str) -> str:
    """What became of an address, and how a private one can be allowed, if it is this one and no redirect's."""
    try:
        target = read_url(url)
    except AddressRefused:
        return error.message
    if error.details.get("private") != target.host:
        return error.message
    return f"{error.message} An owner can allow {place_of(target)} on the page Scale API."


def reach_of(world: World, allow: str, url: str) -> Reach:
    """How far an address may lead: to a private place only where the account allows just that one, and whoever runs the server
    does so now. What an owner allowed while nobody else was on the server is no longer theirs to allow once others are."""
    place = place_of(read_url(url))
    return "own" if place in allowed_places(allow) and world.permits(place) else "public"


def check_default(url: str, allow: str) -> None:
    """Raise BadInput for an address that could never be called: it is written as one of this machine or of a network of one's
    own, and is not among the places that are allowed. What a name leads to shows when it is called."""
    if is_mail(url) or not url:
        return
    target = read_url(url)
    literal = "127.0.0.1" if target.host == "localhost" else str(target.literal) if target.literal else ""
    if not literal or place_of(target) in allowed_places(allow):
        return
    try:
        check_address(literal, target.host, target.scheme, "public")
    except AddressRefused as error:
        hint = f"Allow {place_of(target)} together with it." if error.details.get("private") else error.hint
        raise BadInput(f"callback_url: {error.message}", hint, field="callback_url") from None


def allowed_places(allow: str) -> tuple[str, ...]:
    """The private host:port that an account allows, from its one line with commas or blanks."""
    return tuple(allow.replace(",", " ").split())


def again(tx: Transaction, callback_id: str) -> None:
    """Send one once more, now, with all its tries before it. Raises NotFound."""
    if tx.run("scale_callback_again", id=callback_id, now=tx.now) == 0:
        raise NotFound("There is no such callback.")
