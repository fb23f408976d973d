"""Tasks of the chat family: conversation, candidates and what is asked of them → parts. Pure.

What is asked follows from what is there. Two responses and more are compared (the better of two on a scale, a ranking of
more); one response, or a conversation that ends with the assistant, is rated message by message and may be rewritten; a
conversation that ends with the user is answered by the labeller, or held with a model (`live`). `dimensions` ask for a rating
of each response on each of them, `fields` for anything else. All of it may stand in `template_variables` too; what the
project says of the conversation is a template, in which {{name}} stands for a variable.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.kinds.answers import brief
from tawsim.kinds.chat import LONGEST_TEXT, MOST_CANDIDATES, MOST_MESSAGES, MOST_TURNS
from tawsim.scale.attachments import Shown, show_attachments
from tawsim.scale.fields import read_fields
from tawsim.scale.form import NO_LABELS, Form, Labels, NoScreen, Part, escaped, labels_of, name_of, titled
from tawsim.scale.options import read_options, worded
from tawsim.scale.plain import as_flag, as_list, as_object, as_text, as_whole, refuse
from tawsim.scale.rubrics import Criterion, criteria_of, rubric_parts
from tawsim.scale.titles import OWN

CHATS = ("chat", "chatlite", "chatexperimental", "multichat", "multistage")
ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "model": "assistant", "bot": "assistant", "gpt": "assistant", "function": "function", "tool": "function",
}  # fmt: skip
# A variable in the text of a template.
PLACE = re.compile(r"\{\{\s{0,8}([^{}\s][^{}]{0,98}?)\s{0,8}\}\}")
_TEMPLATE = ("system", "system_prompt", "messages", "conversation", "prompt")
MOST_RESPONSES = 20
MOST_POINTS = 9
USUAL_POINTS = 7
MOST_DIMENSIONS = 30


@dataclass(frozen=True, slots=True)
class Said:
    """A message: who says what, and the name of the model or person that it comes from."""

    role: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation of a task as it was sent, and the responses to its last message that stand beside each other. `used`:
    the variables that stand in it; `criteria`: what the responses are scored on."""

    messages: tuple[Said, ...]
    responses: tuple[Said, ...] = ()
    used: frozenset[str] = frozenset()
    criteria: tuple[Criterion, ...] = ()

    @property
    def rated(self) -> tuple[Said, ...]:
        """What is scored on criteria: the responses, or the one that ends the conversation."""
        last = self.messages[-1:]
        return self.responses or (last if last and last[0].role == "assistant" else ())


def told(params: Mapping[str, Any], *names: str) -> Any:
    """A parameter under the first of its names that is there, among the template's variables or beside them."""
    inner = params.get("template_variables")
    for held in (inner if isinstance(inner, Mapping) else {}, params):
        for name in names:
            if held.get(name) is not None:
                return held[name]
    return None


def filled(text: str, variables: Mapping[str, Any], where: str) -> str:
    """The text with the values of variables in place of their names in double braces; other braces stay."""
    if "}}" not in text:
        return text
    values = {
        match: as_text(worded(variables[match[1]]), f"template_variables.{match[1][:40]}", LONGEST_TEXT)
        for match in PLACE.finditer(text)
        if isinstance(variables.get(match[1]), str | int | float)
    }
    if len(text) + sum(len(value) for value in values.values()) > 2 * LONGEST_TEXT:
        refuse(where, f"is longer than {LONGEST_TEXT:,} characters with its variables.")
    pieces, before = [], 0
    for match, value in values.items():
        pieces += [text[before : match.start()], value]
        before = match.end()
    return "".join((*pieces, text[before:]))


def talk_of(params: Mapping[str, Any]) -> Talk:
    """The conversation and the responses. Raises `BadInput` where there is nothing to say anything about."""
    variables = as_object(params.get("template_variables"), "template_variables")
    found = _written(variables, {})
    used: frozenset[str] = frozenset()
    if not found:  # the project's template, or a task that came without one
        found = _written(params, variables)
        texts = json.dumps([params.get(name) for name in _TEMPLATE], ensure_ascii=False)
        used = frozenset(match[1] for match in PLACE.finditer(texts))
    if not found:  # nothing says which of the variables is the prompt: all of them are
        said = [
            (name, one) for name, one in variables.items() if isinstance(one, str) and one.strip() and name not in _READ
        ]
        used = frozenset(name for name, _ in said)
        text = said[0][1] if len(said) == 1 else "\n\n".join(f"{name}: {one}" for name, one in said)
        found = [Said("user", as_text(text, "prompt", LONGEST_TEXT), "user")] if said else []
    if not any(one.text.strip() for one in found) and told(params, "live") is None:
        refuse("prompt", "is required, or `messages`: what is talked about.")
    responses, criteria = _responses(params), criteria_of(told(params, "rubric"))
    if len(responses) == 1:
        return Talk((*found, *responses), used=used, criteria=criteria)
    return Talk(tuple(found), tuple(responses), used, criteria)


def _written(held: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Said]:
    """The conversation that these parameters hold themselves, with the variables filled in."""
    messages: list[Said] = []
    system = _first(held, "system", "system_prompt")
    if system is not None:
        text = filled(as_text(system, "system", LONGEST_TEXT), variables, "system")
        messages.append(Said("system", as_text(text, "system", LONGEST_TEXT), "system"))
    given, prompt = _first(held, "messages", "conversation"), held.get("prompt")
    if isinstance(prompt, list | tuple) and given is None:
        given, prompt = prompt, None
    for place, one in enumerate(as_list(given, "messages", MOST_MESSAGES - 30)):
        messages.append(_message(one, variables, f"messages[{place}]"))
    if prompt is not None:
        text = filled(as_text(prompt, "prompt", LONGEST_TEXT), variables, "prompt")
        messages.append(Said("user", as_text(text, "prompt", LONGEST_TEXT), "user"))
    return messages


def _first(held: Mapping[str, Any], *names: str) -> Any:
    return next((held[name] for name in names if held.get(name) is not None), None)


def _message(one: Any, variables: Mapping[str, Any], where: str) -> Said:
    spec = as_object(one, where)
    role = spec.get("role", spec.get("from"))
    if not isinstance(role, str) or role.lower() not in ROLES:
        refuse(f"{where}.role", f"is one of system, user, assistant and function, not {brief(role)}.")
    text = filled(_text(spec.get("content", spec.get("value", spec.get("text"))), f"{where}.content"), variables, where)
    role = ROLES[role.lower()]
    source = _source(spec, role if role != "assistant" else "model")
    return Said(role, as_text(text, f"{where}.content", LONGEST_TEXT), source)


def _text(content: Any, where: str) -> str:
    """The text of a message: a text, an object with one, or a list of pieces of text."""
    if isinstance(content, Mapping):
        content = content.get("text")
    if isinstance(content, list | tuple):
        pieces = []
        for place, one in enumerate(as_list(content, where)):
            spec = as_object(one, f"{where}[{place}]")
            if spec.get("type", "text") != "text":
                raise NoScreen("messages that hold more than text")
            pieces.append(as_text(spec.get("text"), f"{where}[{place}].text", LONGEST_TEXT))
        content = "\n\n".join(pieces)
    return as_text(content, where, LONGEST_TEXT)


def _source(spec: Mapping[str, Any], default: str) -> str:
    names = ("source_id", "model_id", "model", "id")
    found = next((spec[name] for name in names if isinstance(spec.get(name), str) and spec[name].strip()), default)
    return as_text(found, "source_id", 500)


def _responses(params: Mapping[str, Any]) -> list[Said]:
    given = told(params, "responses", "candidates", "completions")
    if given is None:
        one = told(params, "response", "completion")
        given = [] if one is None else [one]
    found: list[Said] = []
    for place, one in enumerate(as_list(given, "responses", MOST_RESPONSES)):
        where = f"responses[{place}]"
        spec = {"content": one} if isinstance(one, str) else as_object(one, where)
        name = next((key for key in ("content", "text", "response", "value") if spec.get(key) is not None), "content")
        text = _text(spec.get(name), f"{where}.{name}")
        if not text.strip():
            refuse(where, "is empty.")
        found.append(Said("assistant", text, _own_name(_source(spec, f"model_{place + 1}"), found)))
    return found


def _own_name(source: str, others: Sequence[Said]) -> str:
    """A name that no other response has: whoever is chosen must be known by it."""
    taken = {one.source for one in others}
    return (
        source if source not in taken else next(f"{source} #{n}" for n in range(2, 99) if f"{source} #{n}" not in taken)
    )


# ---- what is asked ------------------------------------------------------------------------------------------------
def chat_form(params: Mapping[str, Any]) -> Form:
    """The form of a task of the chat family."""
    talk = talk_of(params)
    shown = Shown()
    show_attachments(shown, params, default="text")
    variables = as_object(params.get("template_variables"), "template_variables").items()
    said = [
        f"**{escaped(titled(name))}**\n\n{one}"
        for name, one in variables
        if isinstance(one, str) and name not in _READ and name not in talk.used
    ]
    if said:
        shown.put("markdown", "variables", "\n\n".join(said))
    if talk.messages:
        shown.put("chat", "messages", [{"role": one.role, "content": one.text} for one in talk.messages])
    parts = _about_responses(params, talk, shown) if talk.responses else _about_messages(params, talk, shown)
    parts += rubric_parts(talk.criteria, [one.text for one in talk.rated], shown)
    names = [*_OWN, *(part.question["name"] for part in parts)]
    more, about = read_fields(told(params, "fields"), "fields", shown.row, names)
    parts = [*parts, *more]
    if told(params, "justification") is not None or talk.responses:
        parts.append(_justification(params))
    return Form(tuple(parts), tuple(shown.content), shown.row, tuple(shown.attachments), tuple(about))


# Names that questions of this module have; fields of the same id get others.
_OWN = ("preference", "ranking", "response", "rating", "rewrite", "talk", "justification")
_READ = frozenset((
    "messages", "conversation", "prompt", "responses", "candidates", "completions", "response", "completion", "system",
    "system_prompt", "rating", "rewrite", "comment", "dimensions", "fields", "live", "likert", "justification",
))  # fmt: skip


def _about_responses(params: Mapping[str, Any], talk: Talk, shown: Shown) -> list[Part]:
    parts: list[Part] = []
    column = "responses"
    shown.row[column] = [one.text for one in talk.responses]
    ratings = _dimensions(params)
    if ratings:
        rated = shown.put("chat", "rated", [{"role": "assistant", "content": one.text} for one in talk.responses])
        parts += [_rated(key, title, rating, rated, "rated") for key, title, rating in ratings]
    common = {"candidates": [column], "format": "markdown", "required": True}
    if len(talk.responses) == 2:
        points = as_whole(told(params, "likert"), "likert", USUAL_POINTS) or 0
        if not 2 <= points <= MOST_POINTS:
            refuse("likert", f"is the number of points of the scale, 2 to {MOST_POINTS}.")
        question = {
            "kind": "pairwise",
            "name": "preference",
            "title": OWN["preference"],
            "steps": points // 2,
            "ties": points % 2 == 1,
            **common,
        }
        parts.append(Part(question, "likert_value", "likert"))
    else:
        ties = as_flag(told(params, "ties"), "ties", default=True)
        parts.append(
            Part(
                {"kind": "ranking", "name": "ranking", "title": OWN["ranking"], "ties": ties, **common},
                "ranking",
                "groups",
            )
        )
    if as_flag(told(params, "rewrite"), "rewrite"):
        question = {
            "kind": "text",
            "name": "rewrite",
            "title": OWN["rewrite"],
            "required": False,
            "at_least": 0,
            "at_most": LONGEST_TEXT,
        }
        parts.append(Part(question, "rewrite", "rewrite"))
    return parts


def _about_messages(params: Mapping[str, Any], talk: Talk, shown: Shown) -> list[Part]:
    if told(params, "live") is not None:
        if "messages" not in shown.row:
            shown.put("chat", "messages", [])
        question = {
            "kind": "chat", "name": "talk", "title": OWN["talk"], "on": "messages", "live": _live(told(params, "live")),
            "required": True,
        }  # fmt: skip
        return [Part(question, "talk", "talk")]
    if talk.messages[-1].role != "assistant":
        question = {
            "kind": "text",
            "name": "response",
            "title": OWN["response"],
            "at_least": 1,
            "at_most": LONGEST_TEXT,
            "required": True,
        }
        return [Part(question, "response", "written")]
    ratings = _dimensions(params)
    rewrite, comment = (as_flag(told(params, name), name) for name in ("rewrite", "comment"))
    if not ratings and not rewrite and not comment and not told(params, "fields") and not talk.criteria:
        ratings, rewrite = [("rating", OWN["rating"], {"low": 1, "high": 5})], True
    parts = [_rated(key, title, rating, "messages", "messages") for key, title, rating in ratings]
    if rewrite or comment:
        if not parts:
            parts = [_rated("rewrite", OWN["rewrites"], None, "messages", "messages")]
        first = parts[0]
        parts[0] = Part({**first.question, "rewrite": rewrite, "comment": comment}, first.key, first.says, first.labels)
    return parts


def _live(given: Any) -> dict[str, Any]:
    spec = as_object(given, "live")
    endpoint = as_text(spec.get("endpoint"), "live.endpoint", 60)
    turns, candidates = (
        as_whole(spec.get("turns"), "live.turns", 8),
        as_whole(spec.get("candidates"), "live.candidates", 2),
    )
    if not endpoint.strip():
        refuse("live.endpoint", "is required: the name of a model's endpoint that this server knows.")
    for name, value, most in (("turns", turns, MOST_TURNS), ("candidates", candidates, MOST_CANDIDATES)):
        if not 1 <= (value or 0) <= most:
            refuse(f"live.{name}", f"is 1 to {most}, not {value}.")
    return {"endpoint": endpoint, "turns": turns, "candidates": candidates}


def _justification(params: Mapping[str, Any]) -> Part:
    given = told(params, "justification")
    needed = given is True or given == "required"
    question = {
        "kind": "text", "name": "justification", "title": OWN["justification"], "required": needed, "at_least": int(needed),
        "at_most": LONGEST_TEXT,
    }  # fmt: skip
    return Part(question, "justification", "text", type="text")


def _dimensions(params: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Key, title and rating of everything that messages are rated on."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    rating = told(params, "rating")
    if rating is not None:
        found.append(("rating", OWN["rating"], _rating(rating, "rating")))
    for place, one in enumerate(as_list(told(params, "dimensions"), "dimensions", MOST_DIMENSIONS)):
        where = f"dimensions[{place}]"
        spec = {"key": one} if isinstance(one, str) else as_object(one, where)
        key = spec.get("key", spec.get("field_id", spec.get("name")))
        if not isinstance(key, str) or not key or len(key) > 500 or any(key == other for other, _, _ in found):
            refuse(f"{where}.key", "is required: a text that no other dimension has.")
        title = titled(
            as_text(spec.get("title"), f"{where}.title") or key,
            as_text(spec.get("description"), f"{where}.description"),
        )
        found.append((key, title, _rating(spec, where)))
    return found


def _rating(given: Any, where: str) -> dict[str, Any]:
    spec = {"labels": given} if isinstance(given, list | tuple) else {} if given is True else as_object(given, where)
    labels = spec.get("labels") or spec.get("choices")
    if labels:
        return {"labels": list(labels_of(read_options(labels, f"{where}.labels"), f"{where}.labels", least=2).shown)}
    low, high = as_whole(spec.get("low"), f"{where}.low", 1), as_whole(spec.get("high"), f"{where}.high", 5)
    assert low is not None
    assert high is not None
    if not 1 <= high - low <= 100 or abs(low) > 1_000_000:
        refuse(where, f"goes from {low} to {high}: that is no scale of 2 to 101 steps.")
    return {"low": low, "high": high}


def _rated(key: str, title: str, rating: Mapping[str, Any] | None, column: str, says: str) -> Part:
    labels: Labels = NO_LABELS
    if rating and "labels" in rating:
        labels = Labels({label: (label,) for label in rating["labels"]})
    name = key if key in ("rating", "rewrite") else name_of(key, _OWN)
    question: dict[str, Any] = {
        "kind": "chat",
        "name": name,
        "title": title,
        "on": column,
        "roles": ["assistant"],
        "required": True,
    }
    if rating is not None:
        question["rating"] = dict(rating)
    return Part(question, key, says, labels)
