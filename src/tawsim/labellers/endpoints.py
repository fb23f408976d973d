"""The endpoints of a workspace, and this machine's consent to each. Asks no model.

A workspace is a file that is copied and mailed. One that came from elsewhere must not send this machine's keys or its
private network's answers anywhere, so what may be asked stands beside the workspace, in a file of mode 0600 that names
each endpoint by a digest of all that matters: whoever changes the address or the variable in the workspace gets nothing.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from tawsim.core.errors import AlreadyExists, BadInput, NotAllowed, NotFound, Unavailable
from tawsim.labellers.endpoint import Endpoint, read_base_url
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

CONSENTS = ".tawsim-endpoints"
MAX_MODELS = 20
MAX_TOKENS = 100_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


def new_endpoint(
    name: str,
    url: str,
    models: Sequence[str],
    *,
    key_env: str = "",
    allow_private: bool = False,
    max_tokens: int = 1024,
) -> Endpoint:
    """An endpoint from what somebody typed. Raises BadInput (AddressRefused for the address)."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} cannot be the name of an endpoint.", "Small letters, digits, . _ - : at most 60."
        )
    if not 1 <= len(models) <= MAX_MODELS or len(set(models)) < len(models):
        raise BadInput(f"An endpoint has 1 to {MAX_MODELS} models, each once.", "Name them: --model A --model B")
    for model in models:
        if not model.strip() or len(model) > 200 or not model.isprintable():
            raise BadInput(f"{model[:60]!r} is no name of a model.")
    if key_env and not _VARIABLE.fullmatch(key_env):
        raise BadInput(
            "--key-env takes the name of a variable, not the key itself.", "Example: --key-env OPENAI_API_KEY"
        )
    if not 1 <= max_tokens <= MAX_TOKENS:
        raise BadInput(f"An answer may have 1 to {MAX_TOKENS:,} tokens.")
    base_url = read_base_url(url, allow_private=allow_private)
    return Endpoint(name, base_url, tuple(models), key_env, allow_private, max_tokens)


def add_endpoint(tx: Transaction, actor_id: str, endpoint: Endpoint) -> Endpoint:
    """Write it into the workspace. Raises AlreadyExists."""
    if tx.one("endpoint_get", name=endpoint.name) is not None:
        raise AlreadyExists(
            f"There is an endpoint “{endpoint.name}” already.", f"To change it: tawsim endpoint remove {endpoint.name}"
        )
    tx.run(
        "endpoint_insert", name=endpoint.name, base_url=endpoint.base_url, models=to_json(list(endpoint.models)),
        key_env=endpoint.key_env, allow_private=int(endpoint.allow_private), max_tokens=endpoint.max_tokens,
        by_worker=actor_id, created_at=tx.now,
    )  # fmt: skip
    facts = {"base_url": endpoint.base_url, "models": list(endpoint.models), "private": endpoint.allow_private}
    record(tx, "endpoint.added", actor_id, object_id=endpoint.name, data=to_json(facts))
    return find_endpoint(tx, endpoint.name)


def remove_endpoint(tx: Transaction, actor_id: str, name: str) -> Endpoint:
    """Take it out of the workspace and return it. What its models said stays. Raises NotFound."""
    found = find_endpoint(tx, name)
    tx.run("endpoint_delete", name=name)
    record(tx, "endpoint.removed", actor_id, object_id=name)
    return found


def find_endpoint(tx: Transaction, name: str) -> Endpoint:
    """The endpoint of that name, or NotFound."""
    row = tx.one("endpoint_get", name=name)
    if row is None:
        raise NotFound(f"There is no endpoint “{name[:60]}”.", "See: tawsim endpoint list")
    return _endpoint(row)


def list_endpoints(tx: Transaction) -> list[Endpoint]:
    """All of them, by name."""
    return [_endpoint(row) for row in tx.all("endpoint_list")]


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(
        row["name"], row["base_url"], tuple(json.loads(row["models"])), row["key_env"], bool(row["allow_private"]),
        row["max_tokens"], row["created_at"],
    )  # fmt: skip


def _digest(workspace_id: str, endpoint: Endpoint) -> str:
    facts = [workspace_id, endpoint.name, endpoint.base_url, endpoint.key_env, endpoint.allow_private]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def consent(folder: Path, workspace_id: str, endpoint: Endpoint) -> None:
    """Remember that this machine's owner wants the endpoint asked. Raises Unavailable."""
    line = _digest(workspace_id, endpoint)
    if line in _consents(folder):
        return
    try:
        file = os.open(folder / CONSENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "a", encoding="ascii") as out:
            out.write(line + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise Unavailable(
            f"{CONSENTS} cannot be written: {error.strerror}.", "Check the folder's permissions."
        ) from error


def has_consent(folder: Path, workspace_id: str, endpoint: Endpoint) -> bool:
    """Whether the endpoint was added or allowed on this machine, as it stands now."""
    return _digest(workspace_id, endpoint) in _consents(folder)


def check_consent(folder: Path, workspace_id: str, endpoint: Endpoint) -> None:
    """Raise NotAllowed for an endpoint that came with the file and nobody allowed here."""
    if not has_consent(folder, workspace_id, endpoint):
        raise NotAllowed(
            f"The endpoint “{endpoint.name}” came with this workspace and was not allowed on this machine.",
            f"The owner looks at it (tawsim endpoint list) and says: tawsim endpoint allow {endpoint.name}",
        )


def _consents(folder: Path) -> frozenset[str]:
    """A file that others may write says nothing."""
    try:
        file = os.open(folder / CONSENTS, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(file, encoding="ascii", errors="replace") as lines:
            if os.fstat(lines.fileno()).st_mode & 0o022:
                return frozenset()
            return frozenset(line.strip() for line in lines)
    except OSError:
        return frozenset()
