"""Passkeys (WebAuthn): making one, and signing in by one. All cryptography is Yubico's fido2; here is what is asked and kept.

A passkey belongs to the host name it was made under; browsers make none for a bare IP address. Each takes part in one
workspace only. The user must be verified (a finger, a face, a PIN), since nothing else is asked.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, Conflict, NotFound, NotSignedIn
from tawsim.core.text import comparable, is_name
from tawsim.store.database import Transaction
from tawsim.workspaces import challenges
from tawsim.workspaces.accounts import MAX_NAME, Identity, digest_of
from tawsim.workspaces.challenges import Kind

if TYPE_CHECKING:
    from fido2.server import Fido2Server

WAIT_FOR = 300 * SECOND
MOST = 20
_WRONG = "This passkey does not fit."
# What the library raises for what a client may send: wrong shapes, cut bytes, keys it does not know.
_BROKEN = (ValueError, TypeError, KeyError, AssertionError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: str
    name: str
    created_at: int
    used_at: int | None


def _server(host: str) -> "Fido2Server":
    """For the name that a browser reached us by: `host` of a request, with its port."""
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    origins = {f"https://{host}"} | ({f"http://{host}"} if name == "localhost" else set())
    rp = PublicKeyCredentialRpEntity(id=name, name="Tawsim")
    return Fido2Server(rp, verify_origin=lambda origin: origin in origins)


def handle_of(identity: Identity) -> bytes:
    """What a passkey knows its user by: nothing that names anybody."""
    return hashlib.sha256(f"{identity.workspace_id}/{identity.worker_id}".encode()).digest()


def passkeys(tx: Transaction, identity: Identity) -> list[Passkey]:
    """The worker's, oldest first."""
    found = tx.all("passkey_of_worker", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    return [Passkey(row["id"], row["name"], row["created_at"], row["used_at"]) for row in found]


def begin_new(tx: Transaction, identity: Identity, host: str, worker_name: str) -> dict[str, Any]:
    """What to hand to the browser's `credentials.create`. Raises Conflict over MOST passkeys."""
    from fido2.webauthn import (
        PublicKeyCredentialDescriptor,
        PublicKeyCredentialType,
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    held = passkeys(tx, identity)
    if len(held) >= MOST:
        raise Conflict(f"You have {MOST} passkeys.", "Remove one that you no longer use.")
    options, state = _server(host).register_begin(
        PublicKeyCredentialUserEntity(id=handle_of(identity), name=worker_name, display_name=worker_name),
        credentials=[
            PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=_bytes(one.id)) for one in held
        ],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _keep(tx, "passkey_new", state, [identity.workspace_id, identity.worker_id])
    return dict(options)


def finish_new(tx: Transaction, identity: Identity, host: str, answer: Mapping[str, Any], name: str) -> Passkey:
    """Keep the passkey that the browser made. Raises BadInput."""
    clean = comparable(name)
    if not clean or len(clean) > MAX_NAME or not is_name(clean):
        raise BadInput(f"name: a passkey's name has 1 to {MAX_NAME} printable characters.")
    state, whose = _take(tx, "passkey_new", answer)
    if whose != [identity.workspace_id, identity.worker_id]:
        raise BadInput(_WRONG, "Begin again.")
    try:
        data = _server(host).register_complete(state, answer)
        made = data.credential_data
        assert made is not None
        key, counter = _text(made.credential_id), data.counter
    except _BROKEN as error:
        raise BadInput(_WRONG, f"{type(error).__name__}: {str(error)[:100]}") from error
    if len(key) > 1_400 or tx.one("passkey_get", id=key) is not None:
        raise BadInput(_WRONG, "It is in use already.")
    tx.run(
        "passkey_insert", id=key, workspace_id=identity.workspace_id, worker_id=identity.worker_id, data=_text(made),
        counter=counter, name=clean, now=tx.now,
    )  # fmt: skip
    return Passkey(key, clean, tx.now, None)


def begin(tx: Transaction, host: str) -> dict[str, Any]:
    """What to hand to the browser's `credentials.get`. Names nobody: the browser offers what it has."""
    from fido2.webauthn import UserVerificationRequirement

    options, state = _server(host).authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _keep(tx, "passkey", state, [])
    return dict(options)


def finish(tx: Transaction, host: str, answer: Mapping[str, Any]) -> Identity:
    """Whose passkey signed. Raises NotSignedIn."""
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    try:
        state, _ = _take(tx, "passkey", answer)
        given = AuthenticationResponse.from_dict(answer)
        row = tx.one("passkey_get", id=_text(given.raw_id))
        if row is None:
            raise ValueError("unknown")
        _server(host).authenticate_complete(state, [AttestedCredentialData(_bytes(row["data"]))], answer)
        counter, handle = given.response.authenticator_data.counter, given.response.user_handle
    except (*_BROKEN, BadInput) as error:
        raise NotSignedIn(_WRONG, "Try again, or come in another way.") from error
    identity = Identity(row["workspace_id"], row["worker_id"])
    copied = row["counter"] > 0 and counter <= row["counter"]  # two devices that count on from the same number
    if copied or (handle is not None and handle != handle_of(identity)):
        raise NotSignedIn(_WRONG, "Remove it, and make a new one.")
    tx.run("passkey_used", id=row["id"], counter=counter, now=tx.now)
    return identity


def remove(tx: Transaction, identity: Identity, passkey_id: str) -> None:
    """The worker no longer enters by this one. Raises NotFound."""
    done = tx.run("passkey_delete", id=passkey_id, workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    if not done:
        raise NotFound("There is no such passkey.")


def remove_all(tx: Transaction, identity: Identity) -> None:
    """The worker has none from now on."""
    tx.run("passkey_delete_all", workspace_id=identity.workspace_id, worker_id=identity.worker_id)


def _keep(tx: Transaction, kind: Kind, state: Mapping[str, Any], whose: list[str]) -> None:
    challenges.keep(tx, kind, digest_of(state["challenge"]), [dict(state), whose], WAIT_FOR)


def _take(tx: Transaction, kind: Kind, answer: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What was asked, once, found by the challenge that the browser signed. Raises BadInput."""
    try:
        said = json.loads(_bytes(answer["response"]["clientDataJSON"]))
        challenge = said["challenge"]
        assert isinstance(challenge, str)
    except _BROKEN as error:
        raise BadInput(_WRONG, "Begin again.") from error
    kept = challenges.take(tx, kind, digest_of(challenge.rstrip("=")))
    if kept is None:
        raise BadInput("This was begun too long ago, or was finished already.", "Begin again.")
    state, whose = kept
    return state, whose


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
