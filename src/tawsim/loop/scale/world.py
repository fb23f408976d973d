"""In which world a call of the Scale-compatible API acts. What it does there is in the other modules of this room.

Keys are live or test ones, and each kind has a workspace of its own: whoever holds a `World` can reach no other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tawsim.store.database import Database

Mode = Literal["live", "test"]


def _anything(_place: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class World:
    """The workspace of a key, and on whose behalf it acts. `accounts` holds the callback key and where callbacks go. `permits`:
    whether whoever runs the server lets this workspace open a private host:port that its owners allowed."""

    db: Database
    accounts: Database
    workspace_id: str
    mode: Mode
    actor_id: str
    permits: Callable[[str], bool] = _anything
