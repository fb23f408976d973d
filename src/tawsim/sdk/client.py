"""HTTP for `tw.connect`: one request, its retries, and the server's errors as this library's own. No words of projects.

A request that got no answer, or 503, is sent again with the same idempotency key, so it counts once however often it
arrives. What the server refused (4xx) is never sent again.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tawsim.core import errors
from tawsim.core.errors import BadInput, TawsimError, Unavailable

if TYPE_CHECKING:
    import httpx2

API = "/api/v1"
TRIES = 6
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
TIMEOUT_S = 60.0


class Client:
    """A connection to one server with one credential."""

    def __init__(self, url: str, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        import httpx2

        self.url = url.rstrip("/")
        self._sleep = sleep
        self._trouble = (httpx2.TransportError,)
        headers = {"user-agent": "tawsim-python"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._http = httpx2.Client(base_url=self.url + API, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to a GET."""
        return self._send("GET", path, query=query).json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to a POST of JSON."""
        return self._send("POST", path, json=dict(body)).json()

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to a PATCH of JSON."""
        return self._send("PATCH", path, json=dict(body)).json()

    def upload(self, path: str, body: Callable[[], Any], **query: Any) -> Any:
        """The JSON answer to a POST of raw bytes; `body` gives them afresh for each try."""
        return self._send("POST", path, query=query, content=body).json()

    def post_raw(self, path: str, body: bytes) -> Any:
        """The JSON answer to a POST of JSON that is in bytes already."""
        return self._send("POST", path, content=lambda: body, headers={"content-type": "application/json"}).json()

    def cookies_after(self, path: str, body: Mapping[str, Any]) -> dict[str, str]:
        """The cookies that the answer to a POST sets."""
        return dict(self._send("POST", path, json=dict(body)).cookies)

    @contextmanager
    def stream(self, path: str, **query: Any) -> Iterator["httpx2.Response"]:
        """The answer to a GET, to be read piece by piece. Not tried again: half of it may have been used."""
        try:
            with self._http.stream(method="GET", url=path, params=query) as response:
                if response.status_code >= 400:
                    response.read()
                    raise error_of(response)
                yield response
        except self._trouble as error:
            raise self._unreachable(error) from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        content: Callable[[], Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "httpx2.Response":
        wait = FIRST_WAIT_S
        for left in range(TRIES - 1, -1, -1):
            try:
                response = self._http.request(
                    method, path, params={k: v for k, v in (query or {}).items() if v is not None}, json=json,
                    content=content() if content is not None else None, headers=dict(headers or {}),
                )  # fmt: skip
            except self._trouble as error:
                if left == 0:
                    raise self._unreachable(error) from error
                asked = 0.0
            else:
                if response.status_code < 400:
                    return response
                if response.status_code != 503 or left == 0:
                    raise error_of(response)
                asked = _retry_after(response)
            self._sleep(min(max(asked, wait * random.uniform(0.5, 1.0)), LONGEST_WAIT_S))  # noqa: S311
            wait *= 2
        raise AssertionError("unreachable")

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"No answer from {self.url} ({type(error).__name__}: {error}).", "Is the server running? See: tawsim up"
        )


def _retry_after(response: "httpx2.Response") -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0


def error_of(response: "httpx2.Response") -> TawsimError:
    """The error that the server told, as the same class that a file would raise."""
    try:
        block = response.json()["error"]
        code, message = str(block["code"]), str(block["message"])
    except (ValueError, KeyError, TypeError):
        kind = Unavailable if response.status_code >= 500 else BadInput
        return kind(f"The server answered {response.status_code}, but not as Tawsim does.", "Check the address.")
    found = _classes().get(code, Unavailable if response.status_code >= 500 else TawsimError)
    error = found.__new__(found)  # BadFile builds its message from parts; here the message is whole already
    TawsimError.__init__(error, message, str(block.get("hint", "")), **dict(block.get("details") or {}))
    return error


def _classes() -> dict[str, type[TawsimError]]:
    return {
        one.code: one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, TawsimError) and "code" in vars(one)
    }
