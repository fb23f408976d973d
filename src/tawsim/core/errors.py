"""The one tree of errors. Each says what happened, and what to do next.

    TawsimError
    ├── BadInput             what was sent or read cannot be used
    │   ├── BadFile          a file: names file, row and column
    │   ├── BadAnswer        an answer outside the project's questions
    │   ├── TooLarge         over a stated limit
    │   ├── AddressRefused   an address that is not opened
    │   └── NotEnabled       asked for in the right form, but not offered here
    ├── NotSignedIn          no credential, or one that has ended
    ├── NotAllowed           a credential that does not reach this far
    ├── NotFound             absent, or another's: the two look the same
    ├── Conflict             true of the request, not of the state it met
    │   ├── LeaseLost        the slot is gone; the work was kept as a draft
    │   ├── KeyReused        one idempotency key, two contents
    │   ├── VersionConflict  somebody changed it first
    │   ├── AlreadyRunning   another server or import holds it
    │   ├── AlreadyExists    the name or the file is taken
    │   └── TooSoon          more at once, or in a minute, than one person may
    ├── EndpointDown         a model's endpoint gave no answer that can be used
    └── Unavailable          a full, read-only or failing disk: nothing was changed, try again

Codes are stable and each stands in docs/reference/errors.md. HTTP statuses are chosen in server/, exit codes in cli/.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class TawsimError(Exception):
    """What happened (`message`), what to do (`hint`), and facts for a program (`details`)."""

    code: ClassVar[str] = "TW-ERROR"

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: Mapping[str, Any] = details

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(TawsimError):
    """What was sent or read cannot be used."""

    code = "TW-INPUT"


class BadFile(BadInput):
    """A file cannot be read. `details` holds file, and row (1 = first data row) and column where they are known."""

    code = "TW-FILE"

    def __init__(
        self, message: str, hint: str = "", *, file: str, row: int | None = None, column: str | None = None, **more: Any
    ) -> None:
        where = file + (f", row {row}" if row is not None else "") + (f", column “{column}”" if column else "")
        super().__init__(f"{where}: {message}", hint, file=file, row=row, column=column, **more)


class BadAnswer(BadInput):
    """An answer that the project's questions do not allow."""

    code = "TW-ANSWER"


class TooLarge(BadInput):
    """Over a stated limit; counted as it arrived."""

    code = "TW-TOO-LARGE"


class AddressRefused(BadInput):
    """An address that is not opened: written oddly, or of a machine or network that nobody allowed."""

    code = "TW-ADDRESS"


class NotEnabled(BadInput):
    """What was asked for is in the right form, and is not offered here."""

    code = "TW-NOT-ENABLED"


class NotSignedIn(TawsimError):
    """No credential, or one that has ended."""

    code = "TW-SIGN-IN"


class NotAllowed(TawsimError):
    """The credential is good, but does not reach this far."""

    code = "TW-NOT-ALLOWED"


class NotFound(TawsimError):
    """Absent, or somebody else's: the two must look the same."""

    code = "TW-NOT-FOUND"


class Conflict(TawsimError):
    """The request is sound but does not fit the state it met."""

    code = "TW-CONFLICT"


class LeaseLost(Conflict):
    """The lease has ended. Where the slot went to somebody else, the work is kept as a draft (`details["draft"]`)."""

    code = "TW-LEASE-LOST"


class KeyReused(Conflict):
    """One idempotency key came with two different contents; nothing was changed."""

    code = "TW-KEY-REUSED"


class VersionConflict(Conflict):
    """Somebody changed it first; `details` holds the current version."""

    code = "TW-VERSION"


class AlreadyRunning(Conflict):
    """Another server, or another import, holds what was asked for."""

    code = "TW-RUNNING"


class AlreadyExists(Conflict):
    """The name or the file is taken."""

    code = "TW-EXISTS"


class TooSoon(Conflict):
    """More at once, or in a minute, than one person may; `details["retry_after_s"]` says how long to wait."""

    code = "TW-TOO-SOON"


class EndpointDown(TawsimError):
    """A model's endpoint gave no answer that can be used. Nothing was changed; the same request may be sent again."""

    code = "TW-ENDPOINT"


class Unavailable(TawsimError):
    """The disk is full, read-only or failing. Nothing was changed; the same request may be sent again."""

    code = "TW-UNAVAILABLE"
