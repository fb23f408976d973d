"""Chat: a rating, a rewrite, a comment on messages of a conversation, and a conversation held live. Pure; no store, no HTTP.

The column `on` holds the messages, [{"role", "content"}] or that as JSON text. An answer is

    {"messages": {"1": {"rating": …, "rewrite": "…", "comment": "…"}}, "turns": [{"prompt", "candidates", "chosen"}]}

with messages by their place from 0, only those of `roles`; only what was given is there, and `turns` only where a live model
is set. Truth is inferred of ratings and of rewrites, message by message; of comments and of turns there is none, as each
worker has another conversation.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import as_label, as_list, as_object, as_text, as_whole, bad, brief, parsed
from tawsim.kinds.choice import check_labels
from tawsim.kinds.distances import interval_distance, text_distance, told_apart
from tawsim.kinds.fields import flag, short_text, texts, whole
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote, on_column
from tawsim.kinds.scale import check_step, check_steps, scale_answer, scale_aspect, scale_vote

OLDER_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant", "model": "assistant"}
MOST_MESSAGES = 2_000
MOST_ROLES = 10
LONGEST_TEXT = 100_000
LONGEST_COMMENT = 5_000
LONGEST_ANSWER = 1_000_000
MOST_TURNS = 100
MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Live:
    """A model to talk to: the name of an endpoint that the server knows, how many turns, and how many answers to each."""

    endpoint: str
    turns: int = 8
    candidates: int = 2


@dataclass(frozen=True, slots=True)
class Chat(Question):
    """Judgements of the messages of `roles`. `rating`: {"labels": […]} or {"low", "high"}, None for no rating."""

    roles: tuple[str, ...] = ("assistant",)
    rating: dict[str, Any] | None = field(default=None, hash=False)
    rewrite: bool = False
    comment: bool = False
    live: Live | None = None
    kind: Literal["chat"] = "chat"


def read_chat(data: Mapping[str, Any], common: Mapping[str, Any]) -> Chat:
    """A `Chat` from its JSON form."""
    roles = texts({"roles": ("assistant",), **data}, "roles", MOST_ROLES, 60)
    if not roles or len(set(roles)) < len(roles) or not all(role.strip() for role in roles):
        raise BadInput(f"roles are 1 to {MOST_ROLES} different names, such as assistant.")
    question = Chat(
        **common,
        roles=roles,
        rating=_read_rating(data),
        rewrite=flag(data, "rewrite", False),
        comment=flag(data, "comment", False),
        live=_read_live(data),
    )
    if question.rating is None and not (question.rewrite or question.comment or question.live):
        raise BadInput("nothing is asked.", "Set rating, rewrite, comment or live.")
    return question


def _read_rating(data: Mapping[str, Any]) -> dict[str, Any] | None:
    rating = data.get("rating")
    if rating is None:
        return None
    if not isinstance(rating, Mapping) or not (set(rating) == {"labels"} or set(rating) <= {"low", "high"}):
        raise BadInput(f'rating is {{"labels": […]}} or {{"low": 1, "high": 5}}, not {brief(rating)}.')
    if "labels" in rating:
        return {"labels": list(check_labels(rating["labels"]))}
    steps = check_steps({"name": data["name"], **rating})
    return {"low": steps["low"], "high": steps["high"]}


def _read_live(data: Mapping[str, Any]) -> Live | None:
    live = data.get("live")
    if live is None:
        return None
    if not isinstance(live, Mapping) or not set(live) <= {"endpoint", "turns", "candidates"}:
        raise BadInput(f"live is an object with endpoint, turns and candidates, not {brief(live)}.")
    named = {"name": data["name"], **live}
    endpoint, turns, candidates = (
        short_text(named, "endpoint", 60), whole(named, "turns", 8), whole(named, "candidates", 2)
    )  # fmt: skip
    if not endpoint.strip() or not 1 <= turns <= MOST_TURNS or not 1 <= candidates <= MOST_CANDIDATES:
        raise BadInput(
            f"live has an endpoint, 1 to {MOST_TURNS} turns and 1 to {MOST_CANDIDATES} candidates.",
            'Such as {"endpoint": "local", "turns": 8, "candidates": 2}.',
        )
    return Live(endpoint, turns, candidates)


def read_messages(value: Any) -> list[dict[str, str]] | None:
    """A conversation from a cell: a list of {role, content} or of {from, value}, or JSON text of it; None for anything else.
    Roles and contents that are missing or no text are empty."""
    held = parsed(value)
    if not isinstance(held, list | tuple) or len(held) > MOST_MESSAGES:
        return None
    if not all(isinstance(one, Mapping) for one in held):
        return None
    return [_message(one) for one in held]


def _message(one: Mapping[str, Any]) -> dict[str, str]:
    if "role" not in one and "from" in one:  # the older form, with speakers of its own
        one = {"role": OLDER_ROLES.get(str(one["from"]).lower(), one["from"]), "content": one.get("value")}
    return {key: text if isinstance(text := one.get(key), str) else "" for key in ("role", "content")}


def _ratings(question: Chat) -> tuple[str, ...]:
    return tuple((question.rating or {}).get("labels", ()))


def narrow_chat(question: Chat, kept: Collection[str]) -> Chat:
    """With only the ratings of `kept`; steps from low to high stay as they are."""
    labels = [label for label in _ratings(question) if label in kept]
    return replace(question, rating={"labels": labels}) if labels else question


# ---- answers ------------------------------------------------------------------------------------------------------
def validate_chat(question: Chat, answer: Any, content: Content | None = None) -> dict[str, Any]:
    """The answer in canonical form: messages by place, empty texts left out. Raises `BadAnswer`."""
    given = as_object(question, answer, ("messages",), ("turns",) if question.live else ())
    messages = given["messages"]
    if not isinstance(messages, Mapping) or len(messages) > MOST_MESSAGES:
        raise bad(question, f"messages are an object: place → what is said of it, not {brief(messages)}.")
    row = _messages_of(question, content)
    clean = {}
    for key in sorted(_place(question, key) for key in messages):
        if row is not None and not (key < len(row) and row[key]["role"] in question.roles):
            raise bad(question, f"the message {key} is not one of {', '.join(question.roles)}.", field=str(key))
        found = _validate_message(question, messages[str(key)], f"the message {key}")
        if found:
            clean[str(key)] = found
    result: dict[str, Any] = {"messages": clean}
    if question.live:
        turns = as_list(question, given.get("turns", []), question.live.turns, "turns")
        result["turns"] = [_validate_turn(question, turn, question.live) for turn in turns]
    _check_length(question, result)
    _check_something(question, result, row)
    return result


def _check_length(question: Chat, answer: Mapping[str, Any]) -> None:
    said = sum(len(one.get(name, "")) for one in answer["messages"].values() for name in ("rewrite", "comment"))
    said += sum(len(turn["prompt"]) + sum(map(len, turn["candidates"])) for turn in answer.get("turns", ()))
    if said > LONGEST_ANSWER:
        raise bad(question, f"all texts together are longer than {LONGEST_ANSWER:,} characters.")


def _check_something(question: Chat, answer: Mapping[str, Any], row: Sequence[Mapping[str, str]] | None) -> None:
    """Raises `BadAnswer` where an answer is required and nothing at all was said of a row that asks for it. Whether every
    message needs a rating is left to the guideline."""
    if not question.required or row is None or answer["messages"] or answer.get("turns"):
        return
    if question.live:
        raise bad(question, "there is no turn yet.")
    if question.rating is not None and any(message["role"] in question.roles for message in row):
        raise bad(question, "no message is rated.")


def _messages_of(question: Chat, content: Content | None) -> list[dict[str, str]] | None:
    if content is None or not question.on:
        return None
    if question.live and content.get(question.on) is None:
        return []  # a live conversation may begin from nothing
    found = read_messages(content.get(question.on))
    if found is None:
        raise bad(question, f"the column “{question.on}” of this row holds no conversation.")
    return found


def _place(question: Question, key: Any) -> int:
    if isinstance(key, str) and len(key) <= 6 and key.isascii() and key.isdigit() and str(int(key)) == key:
        return int(key)
    raise bad(question, f"{brief(key)} is not the place of a message, counted from 0.")


def _validate_message(question: Chat, value: Any, what: str) -> dict[str, Any]:
    known = [name for name in ("rating", "rewrite", "comment") if getattr(question, name) not in (None, False)]
    given = as_object(question, value, (), known, what)
    clean: dict[str, Any] = {}
    rating = question.rating
    if given.get("rating") is not None and rating is not None:
        if "labels" in rating:
            clean["rating"] = as_label(question, given["rating"], rating["labels"])
        else:
            clean["rating"] = check_step(question, rating["low"], rating["high"], given["rating"], "the rating")
    for name, longest in (("rewrite", LONGEST_TEXT), ("comment", LONGEST_COMMENT)):
        if given.get(name) is not None and (text := as_text(question, given[name], longest, f"the {name}")):
            clean[name] = text
    return clean


def _validate_turn(question: Question, value: Any, live: Live) -> dict[str, Any]:
    given = as_object(question, value, ("prompt", "candidates", "chosen"), (), "a turn")
    candidates = as_list(question, given["candidates"], live.candidates, "candidates of a turn")
    chosen = as_whole(question, given["chosen"], "chosen")
    if not 0 <= chosen < len(candidates):
        raise bad(question, f"chosen is {chosen}, and there are {len(candidates)} candidates, counted from 0.")
    return {
        "prompt": as_text(question, given["prompt"], LONGEST_TEXT, "a prompt"),
        "candidates": [as_text(question, one, LONGEST_TEXT, "a candidate") for one in candidates],
        "chosen": chosen,
    }


# ---- distance and truth -------------------------------------------------------------------------------------------
@told_apart
def distance_chat(question: Chat, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The mean, over messages that either answer has, of the mean over rating (nominal, or Krippendorff's interval metric)
    and rewrite (`text_distance`); 1 for what only one has. Turns count as one message, 1 unless they are equal; comments
    are not compared."""
    parts = []
    for key in sorted(a["messages"].keys() | b["messages"].keys(), key=int):
        left, right = a["messages"].get(key, {}), b["messages"].get(key, {})
        fields = [name for name in ("rating", "rewrite") if name in left or name in right]
        if fields:
            parts.append(sum(_apart(question, name, left, right) for name in fields) / len(fields))
    if a.get("turns") or b.get("turns"):
        parts.append(float(a.get("turns") != b.get("turns")))
    return sum(parts) / len(parts) if parts else 0.0


def _apart(question: Chat, name: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
    if name not in left or name not in right:
        return 1.0
    if name == "rewrite":
        return text_distance(left[name], right[name])
    rating = question.rating or {}
    if "low" in rating:
        return interval_distance(left[name], right[name], rating["low"], rating["high"])
    return float(left[name] != right[name])


def _aspects(question: Chat) -> tuple[Aspect, ...]:
    found = []
    if question.rating is not None:
        labels = question.rating.get("labels")
        if labels is not None:
            found.append(Aspect("rating", "choice", tuple(labels)))
        else:
            found.append(scale_aspect("rating", question.rating["low"], question.rating["high"]))
    if question.rewrite:
        found.append(Aspect("rewrite", "text"))
    return tuple(found)


def _votes(question: Chat, answer: Mapping[str, Any]) -> Iterator[Vote]:
    rating = question.rating or {}
    for key, said in answer["messages"].items():
        if "rating" in said:
            label = said["rating"] if "labels" in rating else scale_vote(rating["low"], rating["high"], said["rating"])
            yield Vote("rating", key, label)
        if "rewrite" in said:
            yield Vote("rewrite", key, said["rewrite"])


def assemble_chat(question: Chat, found: Mapping[tuple[str, str], Any]) -> dict[str, Any] | None:
    """Inferred ratings and rewrites of each message, without turns; None if there are none."""
    rating = question.rating or {}
    messages: dict[str, dict[str, Any]] = {}
    for aspect, part in sorted(found, key=lambda one: (int(one[1]), one[0]) if one[1].isdigit() else (-1, one[0])):
        label = found[aspect, part]
        if label is None or aspect not in ("rating", "rewrite") or not part.isdigit():
            continue
        if aspect == "rating" and "low" in rating:
            label = scale_answer(rating["low"], rating["high"], label)
        if label != "":
            messages.setdefault(part, {})[aspect] = label
    if not messages:
        return None
    return {"messages": messages, "turns": []} if question.live else {"messages": messages}


KINDS: dict[str, Kind] = {
    "chat": Kind(
        read=read_chat,
        validate=validate_chat,
        distance=distance_chat,
        aspects=_aspects,
        votes=_votes,
        assemble=assemble_chat,
        example=Example(
            Chat("talk", on="messages", rating={"low": 1, "high": 5}, rewrite=True, comment=True),
            {"messages": {"1": {"rating": 2, "rewrite": "الرباط.", "comment": "خطأ"}, "3": {"rating": 5}}},
            {"messages": {"1": {"rating": 4}}},
            {"messages": {"1": {"rating": 9}}},
            {
                "messages": [
                    {"role": "user", "content": "ما عاصمة المغرب؟"},
                    {"role": "assistant", "content": "فاس."},
                    {"role": "user", "content": "And of Oman?"},
                    {"role": "assistant", "content": "**Muscat**"},
                ]
            },
        ),
        columns=on_column,
        offers=_ratings,
        narrow=narrow_chat,
    ),
}
