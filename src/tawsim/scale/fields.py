"""Fields of a form (text collection, comparison, chat) → parts: a question each, with conditions, limits and choices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tawsim.kinds.answers import brief
from tawsim.kinds.comparing import MOST as MOST_RANKED
from tawsim.kinds.text import LONGEST as LONGEST_TEXT
from tawsim.scale.form import (
    NO_LABELS,
    Labels,
    NoScreen,
    Option,
    Part,
    help_of,
    labels_of,
    name_of,
    titled,
    with_nothing,
)
from tawsim.scale.options import read_options
from tawsim.scale.plain import as_flag, as_list, as_number, as_object, as_text, as_whole, refuse
from tawsim.scale.titles import EACH_LINE

MOST_FIELDS = 100
# The types of fields that are known, each as one of those that there is a question for.
KNOWN = {
    "category": "category", "select": "category", "multiselect": "categories", "category_multiple": "categories",
    "boolean": "boolean", "text": "text", "textarea": "text", "number": "number", "integer": "number", "date": "date",
    "ranking": "order", "ranking_order": "order", "ranked_choices": "order", "list": "lines", "rating": "rating",
    "likert": "rating", "scale": "rating",
}  # fmt: skip
DATE_FORM = "YYYY-MM-DD"
MOST_DAYS = 40


def read_fields(value: Any, field: str, row: dict[str, Any], taken: Sequence[str] = ()) -> tuple[list[Part], list[str]]:
    """The parts that a list of fields asks for, in an order in which none waits for a later one, and help for their choices.
    Columns that they need (what is to be ranked) are put into `row`. Raises `BadInput`, and `NoScreen`."""
    parts: list[Part] = []
    about: list[str] = []
    waits: dict[str, Any] = {}
    for place, one in enumerate(as_list(value, field, MOST_FIELDS)):
        where = f"{field}[{place}]"
        spec = as_object(one, where)
        key = field_id(spec, where)
        if any(part.key == key for part in parts):
            refuse(f"{where}.field_id", f"{key[:60]!r} is there twice.", "Every field has its own.")
        part, said = read_field(spec, key, where, row, [*taken, *(part.question["name"] for part in parts)])
        parts.append(part)
        about += said
        if spec.get("conditions"):
            waits[key] = spec["conditions"]
    return _ordered(parts, waits, field), about


def field_id(spec: Mapping[str, Any], where: str) -> str:
    """What the response calls the field. Raises `BadInput` where it has no name."""
    found = spec.get("field_id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found or len(found) > 1_000:
        refuse(f"{where}.field_id", "is required: a text that no other field has.")
    return found


def read_field(
    spec: Mapping[str, Any], key: str, where: str, row: dict[str, Any], taken: Sequence[str]
) -> tuple[Part, list[str]]:
    """One field as a part, and help for its choices."""
    given = spec.get("type", "text")
    if not isinstance(given, str) or not given:
        refuse(f"{where}.type", f"is a text, such as category, not {brief(given)}.")
    sort = KNOWN.get(given)
    if sort is None:
        raise NoScreen(f"fields of type {given[:40]!r}")
    title = as_text(spec.get("title") or spec.get("label"), f"{where}.title")
    described = as_text(spec.get("description"), f"{where}.description")
    hint = as_text(spec.get("hint"), f"{where}.hint")
    least, most = _counts(spec, where)
    question: dict[str, Any] = {
        "name": name_of(key, taken),
        "required": as_flag(spec.get("required"), f"{where}.required", default=least != 0),
    }
    words = [title or key, described, hint]
    about: list[str] = []
    if len(titled(*words)) >= 999:  # it was cut
        about = [" ".join(" ".join(words).split()), ""]
    labels = NO_LABELS
    if sort in ("category", "categories", "boolean"):
        options = _options(spec, where, sort)
        labels = with_nothing(labels_of(options, f"{where}.choices"))
        about += help_of(options, labels, title or key)
        says = _category(question, spec, where, labels, (least, most), sort)
    elif sort == "order":
        options = read_options(spec.get("choices"), f"{where}.choices")
        labels = labels_of(options, f"{where}.choices", least=2)
        about += help_of(options, labels, title or key)
        says = _order(question, where, row, labels)
    else:
        says = _open(question, spec, where, sort, (least, most), words)
    return Part({**question, "title": titled(*words)}, key, says, labels, given), about


def _counts(spec: Mapping[str, Any], where: str) -> tuple[int | None, int | None]:
    """How many answers there are, at least and at most, under any of their names; None where it is not said."""
    found = []
    for side in ("min", "max"):
        names = (f"{side}_choices", f"{side}_responses_required", f"{side}_responses", f"{side}_items")
        given = next((one for one in names if spec.get(one) is not None), None)
        number = as_whole(spec.get(given), f"{where}.{given}") if given else None
        if number is not None and not 0 <= number <= 10_000:
            refuse(f"{where}.{given}", f"is {number}, and not between 0 and 10,000.")
        found.append(number)
    least, most = found
    if least is not None and most is not None and least > most:
        refuse(where, f"wants {least} answers at least and {most} at most.")
    return least, most


def _options(spec: Mapping[str, Any], where: str, sort: str) -> list[Option]:
    if spec.get("choices") is None and sort == "boolean":
        return [Option((True,), ("true",)), Option((False,), ("false",))]
    return read_options(spec.get("choices") or (), f"{where}.choices")


def _category(
    question: dict[str, Any], spec: Mapping[str, Any], where: str, labels: Labels,
    counts: tuple[int | None, int | None], sort: str,
) -> str:  # fmt: skip
    least, most = counts
    many = as_flag(spec.get("allow_multiple"), f"{where}.allow_multiple", default=sort == "categories")
    many = many or (most is not None and most > 1) or (least is not None and least > 1)
    question |= {"labels": list(labels.shown), "separator": labels.separator}
    alone = () in labels.paths.values()
    if alone or not many:
        question["kind"] = "choice"
        return "flag" if sort == "boolean" and not alone else "pick"
    if least is not None and least > len(labels.paths):
        refuse(where, f"wants {least} of {len(labels.paths)} choices.")
    top = 0 if most is None or most >= len(labels.paths) else most
    question |= {
        "kind": "choices",
        "at_least": (least if least is not None else int(question["required"])),
        "at_most": top,
    }
    return "picks"


def _order(question: dict[str, Any], where: str, row: dict[str, Any], labels: Labels) -> str:
    if len(labels.paths) > MOST_RANKED:
        refuse(f"{where}.choices", f"holds {len(labels.paths)}; {MOST_RANKED} is the most that can be ranked.")
    column = f"to rank: {question['name']}"
    row[column] = list(labels.shown)
    question |= {"kind": "ranking", "candidates": [column], "ties": False}
    return "order"


def _open(
    question: dict[str, Any], spec: Mapping[str, Any], where: str, sort: str,
    counts: tuple[int | None, int | None], words: list[str],
) -> str:  # fmt: skip
    """The question of a field without choices; adds to the title what must be known to answer it."""
    if sort == "number":
        low, high = (as_number(_first(spec, names), f"{where}.{names[0]}") for names in (_LOW, _HIGH))
        if low is not None and high is not None and low >= high:
            refuse(where, f"goes from {low} to {high}.")
        question |= {"kind": "number", "low": low, "high": high}
        return "number"
    if sort == "rating":
        low, high = (as_whole(_first(spec, names), f"{where}.{names[0]}") for names in (_LOW, _HIGH))
        low, high = (1 if low is None else low), (5 if high is None else high)
        titles = [option.words[-1] for option in read_options(spec.get("choices") or (), f"{where}.choices")]
        if titles and len(titles) >= 2:
            high = low + len(titles) - 1
        if not 1 <= high - low <= 100 or abs(low) > 1_000_000:
            refuse(where, f"goes from {low} to {high}: that is no scale of 2 to 101 steps.")
        question |= {"kind": "scale", "low": low, "high": high, "titles": [titled(one) for one in titles]}
        return "rating"
    if sort == "date":
        words.append(DATE_FORM)
        question |= {"kind": "text", "at_least": int(question["required"]), "at_most": MOST_DAYS}
        return "date"
    least, most = counts
    if sort == "lines" or (most is not None and most > 1):
        words.append(EACH_LINE + (f" · {least or 0}-{most or '∞'}" if least or most else ""))
        question |= {"kind": "text", "at_least": int(question["required"]), "at_most": LONGEST_TEXT}
        return "lines"
    short, long = (as_whole(spec.get(name), f"{where}.{name}") for name in ("min_length", "max_length"))
    longest = min(max(long or LONGEST_TEXT, 1), LONGEST_TEXT)
    shortest = max(short or 0, int(question["required"]))
    if shortest > longest:
        refuse(where, f"wants {shortest} characters at least and {longest} at most.")
    question |= {"kind": "text", "at_least": shortest, "at_most": longest}
    return "text"


_LOW = ("min", "min_value", "low", "minimum")
_HIGH = ("max", "max_value", "high", "maximum")


def _first(spec: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((spec[name] for name in names if spec.get(name) is not None), None)


# ---- conditions ---------------------------------------------------------------------------------------------------
def _ordered(parts: Sequence[Part], waits: Mapping[str, Any], field: str) -> list[Part]:
    """The parts with their conditions, each after the one that it waits for. Raises `BadInput` for a circle."""
    known = {part.key: part for part in parts}
    on = {key: _condition(given, known, f"{field}: conditions of {key[:40]!r}") for key, given in waits.items()}
    done: dict[str, Part] = {}
    for part in parts:
        _place(part, known, on, done, field)
    return list(done.values())


def _place(
    part: Part, known: Mapping[str, Part], on: Mapping[str, tuple[str, list[Any]]], done: dict[str, Part], field: str
) -> None:
    """Puts the part behind those that it waits for, however many stand between."""
    chain = [part]
    while chain[-1].key in on and on[chain[-1].key][0] not in done:
        before = known[on[chain[-1].key][0]]
        if any(one.key == before.key for one in chain):
            refuse(field, f"{part.key[:60]!r} waits for itself.")
        chain.append(before)
    for one in reversed(chain):
        if one.key in done:
            continue
        if one.key in on:
            other, values = on[one.key]
            when = {"question": known[other].question["name"], "is": values}
            one = replace(one, question={**one.question, "when": when})
        done[one.key] = one


def _condition(given: Any, known: Mapping[str, Part], where: str) -> tuple[str, list[Any]]:
    """The field that is waited for, and the answers here that count."""
    wanted: dict[str, list[Any]] = {}
    for one in [given] if isinstance(given, Mapping) else as_list(given, where, 100):
        for key, values in _pairs(as_object(one, where), where):
            wanted.setdefault(key, []).extend(values)
    if len(wanted) != 1:
        if not wanted:
            refuse(where, "name no field.", 'Such as [{"field_id": "kind", "values": ["a", "b"]}].')
        raise NoScreen("conditions on several fields at once")
    key, values = next(iter(wanted.items()))
    if key not in known:
        refuse(where, f"name the field {key[:60]!r}, which is not there.")
    answers = [_answer(known[key], value, where) for value in values]
    if not answers:
        refuse(where, "name no answer that counts.")
    return key, list(dict.fromkeys(answers))


def _pairs(one: Mapping[str, Any], where: str) -> list[tuple[str, list[Any]]]:
    inner = one.get("field_conditions")
    if isinstance(inner, Mapping):
        one = inner
    if isinstance(one.get("field_id"), str):
        value = _first(one, ("values", "value", "choices", "is", "response", "equals"))
        return [(one["field_id"], _values(value))]
    return [(key, _values(value)) for key, value in one.items()]


def _values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _answer(part: Part, value: Any, where: str) -> Any:
    """What the question of a part is answered with, for this value."""
    if part.says in ("pick", "picks", "flag"):
        label = part.labels.label_of(value)
        if label is None:
            refuse(where, f"name {brief(value)}, which {part.key[:60]!r} does not offer.")
        return label
    if part.says == "rating" and isinstance(value, int) and not isinstance(value, bool):
        if not part.question["low"] <= value <= part.question["high"]:
            refuse(where, f"name {value}, which is not on the scale of {part.key[:60]!r}.")
        return value
    raise NoScreen(f"conditions on a field of type {part.type!r}")
