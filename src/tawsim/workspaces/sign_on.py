"""Single sign-on by OpenID Connect: where it asks (set up on this machine only), whom an owner let in by it, and what an ID
token must say. Speaks with nobody: the server's sign_on.py carries what is asked and answered.

Authorization code flow with PKCE (RFC 7636, S256), state and nonce; the token's signature is checked by PyJWT with the
issuer's own keys. The set-up stands in the accounts file, not in the workspace: a mailed workspace lets nobody in.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tawsim.core.clock import SECOND
from tawsim.core.errors import AlreadyExists, BadInput, NotFound, NotSignedIn
from tawsim.core.text import comparable, is_name
from tawsim.store.database import Transaction
from tawsim.workspaces import challenges
from tawsim.workspaces.accounts import Identity, digest_of
from tawsim.workspaces.profiles import email_address

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
WAIT_FOR = 600 * SECOND
LEEWAY_S = 60
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_NOT_IN = "You are not let in by single sign-on."


@dataclass(frozen=True, slots=True)
class SignOn:
    """Where a workspace's single sign-on asks. `address`: how people reach this server, for the way back. `secret_env`: the
    variable that holds the client's secret, "" for a public client."""

    name: str
    issuer: str
    client_id: str
    secret_env: str
    address: str
    allow_private: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the issuer, kept until its answer comes back."""

    workspace_id: str
    verifier: str
    nonce: str


def read_sign_on(name: str, issuer: str, client_id: str, secret_env: str, address: str, allow_private: bool) -> SignOn:
    """A set-up from what somebody typed. Raises BadInput that names the field."""
    clean = comparable(name)
    if not clean or len(clean) > 60 or not is_name(clean):
        raise BadInput("name: 1 to 60 printable characters, as people know the service.")
    if not client_id.strip() or len(client_id) > 200 or not client_id.isprintable():
        raise BadInput("client_id: as the issuer gave it.")
    if secret_env and not _VARIABLE.fullmatch(secret_env):
        raise BadInput("secret_env: the name of a variable, not the secret itself.", "Example: OIDC_SECRET")
    return SignOn(
        clean, _origin(issuer, "issuer", path=True, plain=allow_private), client_id.strip(), secret_env,
        _origin(address, "address", path=False, plain=True), allow_private,
    )  # fmt: skip


def _origin(text: str, field: str, *, path: bool, plain: bool) -> str:
    try:
        found = urlsplit(text.strip())
        host, port = found.hostname, found.port
    except ValueError:
        host, port, found = None, None, urlsplit("")
    good = host and found.scheme in (("https", "http") if plain else ("https",)) and not found.query
    if not good or found.fragment or found.username or (found.path.strip("/") and not path) or port == 0:
        raise BadInput(f"{field}: an address such as https://id.example.org.", "Without a query; https.")
    return f"{found.scheme}://{found.netloc}{found.path}".rstrip("/")


def set_sign_on(tx: Transaction, workspace_id: str, made: SignOn | None) -> None:
    """Set up single sign-on of a workspace, or take it away."""
    tx.run("sign_on_delete", workspace_id=workspace_id)
    if made is not None:
        tx.run(
            "sign_on_insert", workspace_id=workspace_id, name=made.name, issuer=made.issuer, client_id=made.client_id,
            secret_env=made.secret_env, address=made.address, allow_private=int(made.allow_private), now=tx.now,
        )  # fmt: skip


def sign_on_of(tx: Transaction, workspace_id: str) -> SignOn | None:
    """The workspace's, None where none is set up."""
    row = tx.one("sign_on_get", workspace_id=workspace_id)
    if row is None:
        return None
    return SignOn(
        row["name"], row["issuer"], row["client_id"], row["secret_env"], row["address"], bool(row["allow_private"])
    )


def let_in(tx: Transaction, identity: Identity, email: str) -> str:
    """From now on whoever proves this e-mail to the issuer enters as this worker; "" takes that away. Raises AlreadyExists."""
    clean = email_address(email).casefold()
    tx.run("sign_on_person_delete", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    if clean:
        if tx.one("sign_on_person_by_email", workspace_id=identity.workspace_id, email=clean) is not None:
            raise AlreadyExists("email: somebody else enters by this address.", "Each address is one person's.")
        tx.run(
            "sign_on_person_insert", workspace_id=identity.workspace_id, worker_id=identity.worker_id, email=clean,
            now=tx.now,
        )  # fmt: skip
    return clean


def emails_let_in(tx: Transaction, workspace_id: str) -> dict[str, str]:
    """Worker → the e-mail they enter by."""
    return {row["worker_id"]: row["email"] for row in tx.all("sign_on_people", workspace_id=workspace_id)}


def begin(tx: Transaction, workspace_id: str, found: SignOn, endpoint: str, binder: str) -> str:
    """The address to send a browser to. `binder`: a secret of that browser's, which must come back with the answer."""
    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    data = {"workspace": workspace_id, "verifier": verifier, "nonce": nonce}
    challenges.keep(tx, "sign_on", digest_of(state + binder), data, WAIT_FOR)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": found.client_id, "redirect_uri": way_back(found), "scope": "openid email",
        "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)


def way_back(found: SignOn) -> str:
    """Where the issuer sends the browser back to: a page, which hands on what it was given."""
    return f"{found.address}/enter"


def take(tx: Transaction, state: str, binder: str) -> Asked:
    """What was asked, once. Raises NotSignedIn if nothing was, by another browser, too long ago, or it was answered before."""
    data = challenges.take(tx, "sign_on", digest_of(state + binder))
    if data is None:
        raise NotSignedIn("This sign-in was begun elsewhere, or too long ago.", "Begin again.")
    return Asked(data["workspace"], data["verifier"], data["nonce"])


def check_token(token: str, keys: Mapping[str, Any], found: SignOn, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token that the issuer signed for this client and this sign-in. Raises NotSignedIn."""
    import jwt

    try:
        head = jwt.get_unverified_header(token)
        algorithm = head.get("alg")
        if algorithm not in ASYMMETRIC:
            raise NotSignedIn(_NOT_IN, f"The issuer signs with {str(algorithm)[:20]!r}, which is not taken.")
        signing = [
            key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys
            if key.public_key_use in (None, "sig") and (head.get("kid") is None or key.key_id == head["kid"])
        ]  # fmt: skip
        if len(signing) != 1:
            raise NotSignedIn(_NOT_IN, "The issuer's keys do not name the one that signed.")
        claims: dict[str, Any] = jwt.decode(
            token, signing[0], algorithms=[algorithm], audience=found.client_id, issuer=found.issuer, leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise NotSignedIn(_NOT_IN, f"The issuer's word does not hold ({type(error).__name__}).") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else found.client_id) != found.client_id:
        raise NotSignedIn(_NOT_IN, "The issuer's word is for another client.")
    if not isinstance(claims.get("nonce"), str) or not secrets.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise NotSignedIn(_NOT_IN, "The issuer's word is for another sign-in.")
    return claims


def who_it_is(tx: Transaction, workspace_id: str, issuer: str, claims: Mapping[str, Any]) -> Identity:
    """The worker that an owner linked to the e-mail that the issuer vouches for. Raises NotSignedIn.

    The first time, the issuer's own name of the person (`sub`) is learned; later it must be the same.
    """
    email, subject = claims.get("email"), str(claims["sub"])[:255]
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise NotSignedIn(_NOT_IN, "The issuer does not vouch for an e-mail of yours.")
    row = tx.one("sign_on_person_by_email", workspace_id=workspace_id, email=comparable(email).casefold())
    if row is None or (row["subject"] and (row["issuer"], row["subject"]) != (issuer, subject)):
        raise NotSignedIn(_NOT_IN, "Ask an owner to link your e-mail to your account.")
    if not row["subject"]:
        tx.run(
            "sign_on_person_learn",
            workspace_id=workspace_id,
            worker_id=row["worker_id"],
            issuer=issuer,
            subject=subject,
        )
    return Identity(workspace_id, row["worker_id"])


def check_linked(tx: Transaction, workspace_id: str) -> SignOn:
    """The set-up, or NotFound."""
    found = sign_on_of(tx, workspace_id)
    if found is None:
        raise NotFound("There is no single sign-on here.")
    return found
