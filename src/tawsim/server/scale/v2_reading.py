"""Reading queries and bodies of the second version: one value of each name, of the right type, or BadInput naming the field.

What is empty counts as not given. Names that are not known here are passed over, as a newer client may send more.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale.v2_finding import Named
from tawsim.loop.scale.v2_pages import Page, Span
from tawsim.loop.scale.v2_threads import Wanted
from tawsim.scale.plain import check_plain
from tawsim.server.scale.routes import Call
from tawsim.server.scale.wire import read_time

MOST_ON_A_PAGE = 100
LONGEST_TOKEN = 200
TASK_STATUSES = ("pending", "completed", "canceled", "error", "deleted")
BATCH_STATUSES = ("staging", "in_progress", "completed", "paused", "cancelled")
# A plus that nobody percent-encoded arrives as a space: “…T03:04:05 0000”. No character is looked at from two beginnings, so
# that a long query costs no more than its length.
_LOST_PLUS = re.compile(r"(T[^T ]*) (\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """The query of a call."""

    query: Mapping[str, list[str]]

    def text(self, name: str) -> str | None:
        """The one value, None where there is none."""
        values = [one for one in self.query.get(name, ()) if one]
        if len(values) > 1:
            raise BadInput(f"{name}: given {len(values)} times.", "Give it once.")
        return values[0] if values else None

    def needed(self, name: str) -> str:
        """The one value; it must be there."""
        found = self.text(name)
        if found is None:
            raise BadInput(f"{name} is needed.")
        return found

    def named(self, what: str) -> Named:
        """`what`_id and `what`_name."""
        return Named(self.text(f"{what}_id"), self.text(f"{what}_name"))

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        """One of the allowed words."""
        found = self.text(name)
        if found is not None and found not in allowed:
            raise BadInput(f"{name} is one of {', '.join(allowed)}, not {found[:40]!r}.")
        return found

    def several(self, name: str, allowed: Collection[str]) -> frozenset[str]:
        """Some of the allowed words; a list repeats the name."""
        found = frozenset(one for one in self.query.get(name, ()) if one)
        for one in sorted(found):
            if one not in allowed:
                raise BadInput(f"{name}: each is one of {', '.join(allowed)}, not {one[:40]!r}.")
        return found

    def span(self, name: str) -> Span:
        """`name`_after and `name`_before."""
        return Span(self._time(f"{name}_after"), self._time(f"{name}_before"))

    def _time(self, name: str) -> int | None:
        text = self.text(name)
        try:
            return None if text is None else read_time(_LOST_PLUS.sub(r"\1+\2", text))
        except BadInput as error:
            raise BadInput(f"{name}: {error.message}", error.hint) from None

    def page(self) -> Page:
        """`limit` and `next_token`."""
        text, token = self.text("limit"), self.text("next_token")
        limit = int(text) if text is not None and re.fullmatch(r"[0-9]{1,4}", text) else 0
        if text is not None and not 1 <= limit <= MOST_ON_A_PAGE:
            raise BadInput(f"limit is a whole number from 1 to {MOST_ON_A_PAGE}, not {text[:20]!r}.")
        if token is not None and len(token) > LONGEST_TOKEN:
            raise BadInput("next_token: not one that was given out here.", "Begin again without it.")
        return Page(limit if text is not None else MOST_ON_A_PAGE, token)

    def wanted(self) -> Wanted:
        """`opts`: the extra parts of tasks."""
        found = self.several("opts", ("annotation_details", "attachment_details", "model_parameters", "submissions"))
        return Wanted(**dict.fromkeys(found, True))


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of a call, an object."""

    body: Mapping[str, Any]

    def text(self, name: str, longest: int = 10_000) -> str | None:
        """A text; None where there is none."""
        found = self.body.get(name)
        if found is None or found == "":
            return None
        if not isinstance(found, str):
            raise BadInput(f"{name} is a text.")
        if len(found) > longest:
            raise BadInput(f"{name} has at most {longest:,} characters.")
        return found

    def needed(self, name: str) -> str:
        """A text that must be there."""
        found = self.text(name)
        if found is None:
            raise BadInput(f"{name} is needed.")
        return found

    def flag(self, name: str) -> bool | None:
        """true or false; None where neither was sent."""
        found = self.body.get(name)
        if not isinstance(found, bool | None):
            raise BadInput(f"{name} is true or false.")
        return found

    def mapping(self, name: str) -> dict[str, Any] | None:
        """An object."""
        found = self.body.get(name)
        if not isinstance(found, dict | None):
            raise BadInput(f"{name} is an object.")
        return found

    def named(self, what: str) -> Named:
        """`what`_id and `what`_name."""
        return Named(self.text(f"{what}_id"), self.text(f"{what}_name"))


def sent(call: Call) -> Sent:
    """The body. Raises BadInput for one that is no object, or holds what nobody means to send."""
    body = {} if call.body is None else call.body
    if not isinstance(body, dict):
        raise BadInput("The body is a JSON object.")
    check_plain(body, "body")
    return Sent(body)
