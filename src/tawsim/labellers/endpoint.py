"""A model behind an OpenAI-compatible endpoint: messages in, one text out. Connections are made in opener.py alone.

The key is read from the environment at each call and stands in no file, answer, log line or message of ours. What the
endpoint says in its errors is told to owners only, without the key.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import BadInput, EndpointDown
from tawsim.core.text import for_terminal, newlines
from tawsim.labellers.addresses import Target, read_url, standing
from tawsim.labellers.opener import Answer, Ask, Dial, Limits, Resolve, fetch, system_dial, system_resolve

TRIES = 3
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 529)
MAX_TEXT = 100_000  # code points; what an answer may hold of one candidate (kinds/chat.py)
TEMPERATURE = 0.8  # two draws of one model should differ, and each should still be what the model would say
MAX_SEED = 2**31
# Fields that some servers refuse: what is sent instead when the refusal names one.
RENAMED = {"max_tokens": "max_completion_tokens"}
DROPPED = ("seed", "temperature")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where models are asked. `key_env` names the variable that holds the key, or is empty. Never sent to a page."""

    name: str
    base_url: str
    models: tuple[str, ...]
    key_env: str = ""
    allow_private: bool = False
    max_tokens: int = 1024
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class Draw:
    """Which model is asked, and how."""

    model: str
    seed: int
    temperature: float = TEMPERATURE


@dataclass(frozen=True, slots=True)
class Reply:
    """One text, what it was drawn from, and what it cost in tokens (0 where the endpoint does not say)."""

    draw: Draw
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Outside:
    """What a call needs of the world; tests hand in their own. `total_s` bounds one text with all its tries."""

    resolve: Resolve = system_resolve
    dial: Dial = system_dial
    sleep: Callable[[float], None] = time.sleep
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    total_s: float = 120.0


def draws(models: Sequence[str], n: int, chance: random.Random) -> list[Draw]:
    """`n` draws, of as many models as there are, with seeds of their own, in an order that tells nothing."""
    order = chance.sample(list(models), len(models))
    found = [Draw(order[i % len(order)], chance.randrange(MAX_SEED)) for i in range(n)]
    chance.shuffle(found)
    return found


def complete(
    endpoint: Endpoint, draw: Draw, messages: Sequence[Mapping[str, str]], outside: Outside = Outside()
) -> Reply:
    """Ask for one text. Blocks, at most `total_s`.

    A busy or failing endpoint is asked again, at most three times. Raises EndpointDown, AddressRefused, and BadInput
    where the key's variable is empty.
    """
    until = time.monotonic() + outside.total_s
    secret = key_of(endpoint, outside.environ)
    body = {
        "model": draw.model,
        "messages": [{"role": one["role"], "content": one["content"]} for one in messages],
        "max_tokens": endpoint.max_tokens,
        "temperature": draw.temperature,
        "seed": draw.seed,
        "stream": False,
    }
    left, wait = TRIES, FIRST_WAIT_S
    while True:
        answer = _post(endpoint, body, secret, outside, until)
        if answer.status == 200:
            return _read(draw, answer)
        told = _told(answer, secret)
        other = _without_refused(body, told) if answer.status in (400, 422) else None
        if other is not None:
            body = other
            continue
        left -= 1
        pause = min(max(_retry_after(answer), wait), LONGEST_WAIT_S)
        if answer.status not in AGAIN or left == 0 or time.monotonic() + pause >= until:
            raise _refused(endpoint, answer.status, told)
        outside.sleep(pause)
        wait *= 2


def key_of(endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> str:
    """The endpoint's key, or "" where it needs none. Raises BadInput, which never holds the key."""
    if not endpoint.key_env:
        return ""
    key = environ.get(endpoint.key_env, "").strip()
    if not key:
        raise BadInput(
            f"The variable {endpoint.key_env}, which holds the key of “{endpoint.name}”, is not set.",
            f"Set it where Tawsim is started: export {endpoint.key_env}=…",
        )
    if not key.isascii() or not key.isprintable() or len(key) > 10_000:
        raise BadInput(f"The variable {endpoint.key_env} does not hold a key: it has characters that no header takes.")
    return key


def address_of(endpoint: Endpoint) -> str:
    """Where a text is asked for."""
    return endpoint.base_url + "/chat/completions"


def _post(endpoint: Endpoint, body: Mapping[str, Any], secret: str, outside: Outside, until: float) -> Answer:
    ask = Ask(
        address_of(endpoint),
        method="POST",
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        body=json.dumps(body, ensure_ascii=False).encode("utf-8"),
        secret=f"Bearer {secret}" if secret else "",
        reach="own" if endpoint.allow_private else "public",
    )
    limits = Limits(total_s=max(0.001, until - time.monotonic()))
    return fetch(ask, limits, resolve=outside.resolve, dial=outside.dial)


def _read(draw: Draw, answer: Answer) -> Reply:
    try:
        data = json.loads(answer.body)
        choice = data["choices"][0]
        message = choice["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise EndpointDown(
            "The endpoint's answer is not what the OpenAI protocol says.", "Does its address end as it should, in /v1?"
        ) from None
    text = _text_of(message)
    if not text.strip():
        raise EndpointDown("The model gave an empty answer.", "Try again, or allow it more tokens.")
    if len(text) > MAX_TEXT:
        raise EndpointDown(f"The model's answer is longer than {MAX_TEXT:,} characters.", "Allow it fewer tokens.")
    usage = data.get("usage")
    finish = choice.get("finish_reason")
    return Reply(
        draw, text, finish if isinstance(finish, str) else "", _tokens(usage, "prompt_tokens"),
        _tokens(usage, "completion_tokens"),
    )  # fmt: skip


def _text_of(message: Any) -> str:
    """The text of a message: its content, the texts of its parts, or what the model says in refusing."""
    if not isinstance(message, dict):
        return ""
    content = message.get("content")
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, dict)]
        content = "".join(one for one in parts if isinstance(one, str))
    if not isinstance(content, str) or not content:
        content = message.get("refusal")
    if not isinstance(content, str):
        return ""
    # Half of a surrogate pair is no character, and could be stored nowhere.
    return newlines(content).encode("utf-8", "replace").decode("utf-8")


def _tokens(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _told(answer: Answer, secret: str) -> str:
    """What the endpoint says is wrong, in one short line without the key."""
    try:
        data = json.loads(answer.body)
        error = data.get("error", data) if isinstance(data, dict) else data
        found = error.get("message", error.get("detail", "")) if isinstance(error, dict) else error
    except (ValueError, RecursionError):
        found = ""
    text = found if isinstance(found, str) else ""
    if secret:
        text = text.replace(secret, "…")
    return " ".join(for_terminal(text).split())[:300]


def _without_refused(body: Mapping[str, Any], told: str) -> dict[str, Any] | None:
    """The request without a field that the refusal names, or None. Each can go once, so this ends."""
    for old, new in RENAMED.items():
        if old in body and old in told:
            return {(new if name == old else name): value for name, value in body.items()}
    for name in DROPPED:
        if name in body and name in told:
            return {field: value for field, value in body.items() if field != name}
    return None


def _refused(endpoint: Endpoint, status: int, told: str) -> EndpointDown:
    hints = {
        401: f"The key is refused: look at the variable {endpoint.key_env or '(none is named: --key-env)'}.",
        403: "The key does not reach this far.",
        404: "Does the address end as it should, in /v1, and is there a model of this name?",
        429: "It has too much to do; wait a little.",
    }
    hint = hints.get(status, "Try again." if status >= 500 else "tawsim endpoint try says more.")
    return EndpointDown(f"“{endpoint.name}” answered with status {status}.", hint, status=status, told=told)


def _retry_after(answer: Answer) -> float:
    """The seconds asked for; a date or nonsense counts as none."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0.0


def read_base_url(url: str, *, allow_private: bool) -> str:
    """The address of an endpoint as it is kept: no query, no / at the end. Raises AddressRefused, BadInput."""
    target = read_url(url.strip())
    if "?" in target.path:
        raise BadInput("The address of an endpoint has no query (?…).", "Example: https://api.example.com/v1")
    path = target.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    _check_reach(target, allow_private)
    return str(Target(target.scheme, target.host, target.port, path))


def _check_reach(target: Target, allow_private: bool) -> None:
    """What can be said without looking the name up."""
    literal = target.literal
    known = standing(str(literal)) if literal is not None else "private" if target.host == "localhost" else None
    if known == "never":
        raise BadInput(f"{target.host} is an address that is never opened.", "Name a model's own address.")
    if known == "private" and not allow_private:
        raise BadInput(f"{target.host} is this machine or a private network.", "If that is meant, add --private.")
    if target.scheme == "http" and (known == "public" or not allow_private):
        raise BadInput(
            "http sends key and texts in the clear.", "Use https; or --private for a model on a machine of your own."
        )
