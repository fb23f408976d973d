"""What is known of a worker besides the name: languages, dialects, skills, groups, e-mail, time zone, rates of pay.

Reading, limits, and changing it stand here. What follows from it (which tasks, what pay, which mail) does not.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tawsim.core.errors import BadInput, NotFound, VersionConflict
from tawsim.core.text import comparable, is_name, is_unicode
from tawsim.store.database import Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

MAX_ITEMS = 50
MAX_WORD = 60
MAX_EMAIL = 254  # RFC 5321, 4.5.3.1.3
MAX_RATE = 10_000.0
LISTS = ("languages", "dialects", "skills", "groups")
# RFC 5646 as far as people's languages need it: language, script, region, variants.
_TAG = re.compile(
    r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?((?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
)
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]+@(?:[^@\s.<>()\[\],;:\\\"_]+\.)*[^@\s.<>()\[\],;:\\\"_]+")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Profile:
    """`languages` are BCP 47 tags; `dialects`, `skills` and `groups` are words of the workspace's own. `time_zone` is an IANA
    name, "" where none is known (then UTC counts). `per_hour` and `per_answer` are rates of this person, 0 to 10,000, in
    `currency` (ISO 4217); None: what the project pays."""

    languages: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    email: str = ""
    time_zone: str = ""
    per_hour: float | None = None
    per_answer: float | None = None
    currency: str = ""


UNKNOWN = Profile()
# What people may say of themselves; the rest is for those who manage.
OWN = frozenset({"languages", "dialects", "time_zone"})


def profile_of(tx: Transaction, worker_id: str) -> Profile:
    """What is known of the worker. Raises NotFound."""
    return _versioned(tx, worker_id)[0]


def versioned_profile(tx: Transaction, worker_id: str) -> tuple[Profile, int]:
    """The profile, and the number that whoever changes it says that they saw. Raises NotFound."""
    return _versioned(tx, worker_id)


def profiles(tx: Transaction) -> dict[str, tuple[Profile, int]]:
    """Everybody's, by the worker's id."""
    return {row["id"]: (stored(row["profile"]), row["version"]) for row in tx.all("profile_all")}


def set_profile(
    tx: Transaction, actor_id: str, worker_id: str, seen_version: int, changes: Mapping[str, Any]
) -> tuple[Profile, int]:
    """Change the named fields; the others stay. Raises VersionConflict if somebody was first, BadInput that names a field."""
    old, version = _versioned(tx, worker_id)
    if seen_version != version:
        raise VersionConflict(
            "This person's profile was changed meanwhile.", "Look at the current one first.", current_version=version
        )
    new = read_profile({**said(old), **changes})
    if new == old:
        return old, version
    tx.run("profile_set", id=worker_id, profile=to_json(said(new)))
    changed = [one.name for one in fields(Profile) if getattr(old, one.name) != getattr(new, one.name)]
    # Which fields, not what they hold: the log outlives a person's wish to be forgotten.
    record(tx, "worker.profile", actor_id, object_id=worker_id, data=to_json({"changed": changed}))
    return new, version + 1


def said(profile: Profile) -> dict[str, Any]:
    """What is known, in the form that `read_profile` reads back; what is not known is left out."""
    return {
        name: list(v) if isinstance(v, tuple) else v for name, v in asdict(profile).items() if v not in ((), "", None)
    }


def read_profile(data: Any) -> Profile:
    """`Profile` from JSON; null and what is not said mean: not known. Raises BadInput that names the field."""
    if not isinstance(data, Mapping):
        raise BadInput("A profile comes as a table of names and values.")
    known = [one.name for one in fields(Profile)]
    for name in data:
        if name not in known:
            raise BadInput(f"There is no field {str(name)[:40]!r} in a profile.", "Fields: " + ", ".join(known))
    found = {name: _READ[name](value, name) for name, value in data.items() if value is not None}
    made = Profile(**found)
    if (made.per_hour is not None or made.per_answer is not None) and not made.currency:
        raise BadInput("currency is missing: a rate of pay needs one.", "Three letters of ISO 4217, such as EUR.")
    return made


@lru_cache(maxsize=4096)
def stored(text: str) -> Profile:
    """The profile stored as `text`. Remembered by the text itself, so nothing stale can come."""
    return read_profile(json.loads(text))


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, None where there is none (or this machine has no time-zone data)."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # LookupError: no such zone; OSError: a folder of them
        return None


def language_tag(value: Any, where: str = "languages") -> str:
    """A BCP 47 tag in its usual case: ar, zh-Hant, ar-EG. Raises BadInput."""
    found = _TAG.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise BadInput(f"{where}: {str(value)[:40]!r} is no language tag.", "Tags of BCP 47, such as ar, ar-EG, en.")
    language, script, region, variants = found.groups()
    parts = [language.lower(), script.title() if script else "", region.upper() if region else ""]
    return "-".join(part for part in parts if part) + variants.lower()


def _versioned(tx: Transaction, worker_id: str) -> tuple[Profile, int]:
    row = tx.one("profile_get", id=worker_id)
    if row is None:
        raise NotFound("There is no such worker.")
    return stored(row["profile"]), row["version"]


def _list(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise BadInput(f"{where} is a list of at most {MAX_ITEMS} texts.")
    read = language_tag if where == "languages" else _word
    return tuple(dict.fromkeys(read(one, where) for one in value))  # each once, in the order given


def _word(value: Any, where: str) -> str:
    clean = comparable(value) if isinstance(value, str) and is_unicode(value) else ""
    if not clean or len(clean) > MAX_WORD or not is_name(clean):
        raise BadInput(f"{where}: each one is a text of 1 to {MAX_WORD} printable characters.")
    return clean


def email_address(value: Any, where: str = "email") -> str:
    """An address of e-mail, "" for none; its domain in small letters. Raises BadInput."""
    clean = comparable(value) if isinstance(value, str) and is_unicode(value) else None
    if clean == "":
        return ""
    if clean is None or len(clean) > MAX_EMAIL or not clean.isprintable() or not _EMAIL.fullmatch(clean):
        raise BadInput(f"{where}: {str(value)[:40]!r} is no address of e-mail.", "One such as name@example.org.")
    name, _, domain = clean.rpartition("@")
    return f"{name}@{domain.lower()}"


def _zone(value: Any, where: str) -> str:
    if value == "" or (isinstance(value, str) and (value == "UTC" or zone(value) is not None)):
        return str(value)
    raise BadInput(f"{where}: {str(value)[:40]!r} is no time zone.", "A name of the IANA list, such as Asia/Riyadh.")


def _rate(value: Any, where: str) -> float:
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_RATE
    ):  # NaN is in no range
        raise BadInput(f"{where} is a number from 0 to {MAX_RATE:,.0f}, not {str(value)[:40]!r}.")
    return float(value)


def _currency(value: Any, where: str) -> str:
    if value == "" or (isinstance(value, str) and _CURRENCY.fullmatch(value)):
        return str(value)
    raise BadInput(f"{where} is three capital letters of ISO 4217, such as EUR, not {str(value)[:40]!r}.")


_READ: Mapping[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(LISTS, _list), "email": email_address, "time_zone": _zone, "per_hour": _rate, "per_answer": _rate,
    "currency": _currency,
}  # fmt: skip
