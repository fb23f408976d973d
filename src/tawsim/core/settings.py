"""What is on or off in a project, and by how much: one frozen dataclass a table of `[settings]` in tawsim.toml.

Reading a value and its limits stand here; what a setting does stands in the room that asks for it. Nothing here is about
one person: that is the profile.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin

from tawsim.core.errors import BadInput


def limited(default: Any, low: float, high: float) -> Any:
    """A number from `low` to `high`, both included."""
    return field(default=default, metadata={"limits": (low, high)})


@dataclass(frozen=True, slots=True)
class Training:
    """The paid training round: worked examples first, with the right answer and its explanation shown after each; then a
    qualification on tasks of known answers, without. `examples` and `most` are tasks; `pass_at` is the share right that the
    95 % interval must lie above (passed) or below (not passed)."""

    on: bool = False
    examples: int = limited(5, 0, 200)
    pass_at: float = limited(0.8, 0.0, 1.0)
    least: int = limited(10, 1, 1_000)
    most: int = limited(40, 1, 1_000)


@dataclass(frozen=True, slots=True)
class Gold:
    """How often a task of known answer is mixed in unseen: between `lowest` (a well known worker) and `highest` (a new one),
    a share of the tasks a worker gets. It follows the width of the interval of the worker's score."""

    on: bool = False
    lowest: float = limited(0.02, 0.0, 1.0)
    highest: float = limited(0.2, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Review:
    """Which answers are looked at a second time: a random `share`, that many with the doubtful ones first (`risk`), or `all`.
    `reasons` are the ones to choose from beside free words. An author may dispute a review for `dispute_days` (0: not at all);
    a dispute that nobody has judged after `judge_days` is told to who manages."""

    choose: Literal["none", "random", "risk", "all"] = "none"
    share: float = limited(0.1, 0.0, 1.0)
    reasons: tuple[str, ...] = ()
    dispute_days: int = limited(14, 0, 365)
    judge_days: int = limited(7, 1, 365)


@dataclass(frozen=True, slots=True)
class Quota:
    """At most this many tasks: for one person a day (of their time zone), for one person in all, and the largest share of
    the project's answers that one person may give. 0: no limit."""

    per_day: int = limited(0, 0, 1_000_000)
    per_worker: int = limited(0, 0, 100_000_000)
    share: float = limited(0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Pay:
    """What labelling pays where a person has no rate of their own; in `currency` (ISO 4217). A gap of more than
    `idle_seconds` between two acts counts as that long. `floor_per_hour`: the least that an active hour comes to; 0: none."""

    per_hour: float = limited(0.0, 0.0, 10_000.0)
    per_answer: float = limited(0.0, 0.0, 10_000.0)
    currency: str = ""
    floor_per_hour: float = limited(0.0, 0.0, 10_000.0)
    idle_seconds: int = limited(300, 10, 3_600)


@dataclass(frozen=True, slots=True)
class Routing:
    """Columns of imported rows that say who may be given a task (a name or several with commas; a worker by name), how it
    stands before others (-100 to 100), and until when. "": no such column."""

    language: str = ""
    dialect: str = ""
    skill: str = ""
    group: str = ""
    worker: str = ""
    priority: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Same:
    """What counts as the same text where answers are compared for agreement (orthography of Arabic). Answers stay as they
    were written. `yaa`: with and without its dots, also the Persian one."""

    alef: bool = False
    taa_marbuta: bool = False
    yaa: bool = False
    diacritics: bool = False
    tatweel: bool = False
    digits: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one project. `suggestions`: workers see predictions before they answer, and that is recorded. `access`: who may
    label here, everyone in the workspace or only the project's members. `asks`: the column of imported rows that says which
    questions a row is asked and which labels it offers (kinds/asks.py); "": no such column."""

    suggestions: bool = False
    access: Literal["everyone", "members"] = "everyone"
    asks: str = ""
    budget_hours: float = limited(0.0, 0.0, 10_000_000.0)
    training: Training = Training()
    gold: Gold = Gold()
    review: Review = Review()
    quota: Quota = Quota()
    routing: Routing = Routing()
    pay: Pay = Pay()
    same: Same = Same()


AS_MADE = Settings()
MAX_TEXT = 200
MAX_ITEMS = 50


def read_settings(data: Any, kind: type = Settings, where: str = "settings") -> Any:
    """`Settings` from JSON or TOML; what is not said has its default. Raises BadInput that names the setting."""
    if not isinstance(data, Mapping):
        raise BadInput(f"{where[0].upper()}{where[1:]} come as a table of names and values.")
    known = {one.name: one for one in fields(kind)}
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise BadInput(f"There is no setting {str(name)[:40]!r} in {where}.", "Settings: " + ", ".join(known))
        found[name] = _read(known[name], value, name if where == "settings" else f"{where}.{name}")
    made = kind(**found)
    if isinstance(made, Gold) and made.lowest > made.highest:
        raise BadInput(f"{where}.lowest is not above {where}.highest.")
    if isinstance(made, Training) and made.least > made.most:
        raise BadInput(f"{where}.least is not above {where}.most.")
    return made


def _read(one: Any, value: Any, where: str) -> Any:
    default = one.default if one.default is not MISSING else one.default_factory()
    if is_dataclass(default):
        return read_settings(value, type(default), where)
    if get_origin(one.type) is Literal:
        if value not in get_args(one.type):
            raise BadInput(f"{where} is one of {', '.join(get_args(one.type))}, not {str(value)[:40]!r}.")
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadInput(f"{where} is true or false, not {str(value)[:40]!r}.")
        return value
    if isinstance(default, str):
        return _text(value, where)
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
            raise BadInput(f"{where} is a list of at most {MAX_ITEMS} texts.")
        return tuple(_text(item, where) for item in value)
    return _number(one, default, value, where)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not all(c.isprintable() for c in value):
        raise BadInput(f"{where} is a text of at most {MAX_TEXT} printable characters.")
    return value.strip()


def _number(one: Any, default: Any, value: Any, where: str) -> Any:
    low, high = one.metadata["limits"]
    whole = isinstance(default, int)
    good = not isinstance(value, bool) and isinstance(value, int if whole else int | float)
    if not good or not low <= value <= high:  # NaN is in no range
        raise BadInput(
            f"{where} is a {'whole ' if whole else ''}number from {low:g} to {high:g}, not {str(value)[:40]!r}."
        )
    return value if whole else float(value)


def merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The old settings with the changed ones in their place, table by table."""
    found = dict(old)
    for name, value in changes.items():
        held = found.get(name)
        found[name] = merged(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return found


def said(settings: Any) -> dict[str, Any]:
    """What is not the default, in the form that `read_settings` reads back."""
    found: dict[str, Any] = {}
    for one in fields(settings):
        value, default = getattr(settings, one.name), one.default
        if value == default:
            continue
        found[one.name] = said(value) if is_dataclass(value) else list(value) if isinstance(value, tuple) else value
    return found
