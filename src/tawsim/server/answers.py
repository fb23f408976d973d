"""Records → JSON answers, in one place and quickly: the hot routes do not go through response models."""

import json
from typing import Any

from starlette.responses import Response

from tawsim.labelling.queue import Grant, LeasedTask

# Made once: `json.dumps` with options makes a new encoder at every call.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Json(Response):
    """A JSON answer that nothing may cache."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200) -> None:
        super().__init__(content, status_code, {"cache-control": "no-store"})

    def render(self, content: Any) -> bytes:
        """Compact UTF-8."""
        return _ENCODE(content).encode("utf-8")


def leased_json(leased: LeasedTask) -> dict[str, Any]:
    """A task in a worker's hands."""
    return {
        "lease": {
            "id": leased.lease_id, "task_id": leased.shown_id, "deadline": leased.deadline, "round": leased.round
        },
        "task": {"id": leased.shown_id, "seq": leased.shown_seq, **leased.shown},
        "previous": leased.previous,
    }  # fmt: skip


def grant_json(grant: Grant) -> dict[str, Any]:
    """What `next` answers."""
    none = None if grant.none is None else {"reason": grant.none, "retry_after_s": grant.retry_after_s}
    return {"leases": [leased_json(leased) for leased in grant.leases], "none": none, "standing": grant.standing}
