"""Scale's own Python client, made ready for a Tawsim server. The client is the user's: nothing of it is here."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tawsim.core.errors import BadInput, NotFound, NotSignedIn

if TYPE_CHECKING:
    from scaleapi import ScaleClient

VARIABLE = "SCALE_API_KEY"
SCALE = "https://api.scale.com"


def scale_client(url: str, key: str | None = None) -> "ScaleClient":
    """A `scaleapi.ScaleClient` whose calls, those of `client.v2` too, go to the Tawsim server at `url`.

    Without `key`, the variable SCALE_API_KEY. Raises BadInput for what is no address, NotSignedIn without a key, NotFound
    where scaleapi is not installed.

    >>> client = scale_client("http://127.0.0.1:7373", "test_…")                                   # doctest: +SKIP
    """
    host = host_of(url)
    found = key or os.environ.get(VARIABLE, "")
    if not found:
        raise NotSignedIn(
            "A server asks who you are.", 'Make a key: tawsim scale key; then scale_client(url, "live_…")'
        )
    try:
        from scaleapi import ScaleClient
    except ImportError as error:
        raise NotFound("Scale's Python client is not installed.", "pip install 'tawsim[scale]'") from error
    client = ScaleClient(found, api_instance_url=f"{host}/v1")
    # The constructor's address reaches the first version only; the second keeps Scale's own until it is told.
    client.v2.api_client.configuration.host = host
    return client


def host_of(url: str) -> str:
    """`http://host:port` of an address, with or without a slash or a version behind it. Raises BadInput."""
    clean = url.strip().rstrip("/")
    for version in ("/v1", "/v2"):
        clean = clean.removesuffix(version).rstrip("/")
    try:
        parts = urlsplit(clean)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        sound = False
    if not sound or any(one.isspace() for one in clean):
        raise BadInput(f"{url[:80]!r} is not the address of a server.", "Such as http://127.0.0.1:7373")
    return clean
