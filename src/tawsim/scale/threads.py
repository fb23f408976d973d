"""Threads, turns, messages and annotations of the second version, from a chat task and its answers, and back.

A turn is what a user says and all that is answered to it. Every annotation has id, key and type, without which the client
refuses the whole answer; what goes out only on request is left out elsewhere. Said of a turn: `selected_model_id`,
`likert_value` (1: surely the first response), `ranking`, `justification` and the task's own fields; of a message: a rating
on each dimension, `rewrite` and `comment`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.scale.chats import Said, Talk
from tawsim.scale.form import Form, Part
from tawsim.scale.plain import as_list, as_object, as_text, refuse
from tawsim.scale.rubrics import SAYS, heard_criterion, say_rubric
from tawsim.scale.saying import annotation, heard_annotation, heard_annotations, said_annotation

MOST_TURNS = 3_000
HUMAN = "human"


# ---- said ---------------------------------------------------------------------------------------------------------
def threads_from(form: Form, talk: Talk, answers: Mapping[str, Any], task_id: str) -> list[dict[str, Any]]:
    """The one thread of a task, with the answers as annotations of its turns and messages."""
    turns = _turns(talk, task_id)
    places = [message for turn in turns for message in turn["messages"]]
    scores: dict[str, Any] = {}
    for part in form.parts:
        answer = answers.get(part.question["name"])
        if answer is None:
            continue
        if part.says == SAYS:
            scores[part.key] = answer
        elif part.says == "messages":
            _say_messages(part, answer, places[: len(talk.messages)], task_id)
        elif part.says == "rated":
            _say_messages(part, answer, places[len(talk.messages) :], task_id)
        elif part.says == "written":
            turns[-1]["messages"].append(_message(Said("assistant", answer, HUMAN)))
        elif part.says == "talk":
            _say_messages(part, answer, places, task_id)
            turns += _live_turns(part, answer.get("turns", ()), task_id)
        elif part.says in _COMPARED:
            turns[-1]["annotations"] += _compared(part, answer, talk, task_id)
        elif part.says == "rewrite":
            if answer:
                _chosen(talk, form, answers, places)["annotations"].append(_own(task_id, "rewrite", "text", answer))
        else:
            turns[-1]["annotations"].append(said_annotation(part, answer, task_id))
    say_rubric(talk.criteria, scores, _sent_last(turns, places), _rated(talk, places), task_id)
    turns = [turn for turn in turns if turn["messages"] or turn["annotations"]]
    return [{"id": annotation("", task_id, "thread", "text", None)["id"], "turns": turns, "annotations": []}]


def _rated(talk: Talk, messages: Sequence[Any]) -> Sequence[Any]:
    """Of the messages of a task, those that are scored on criteria."""
    sent = len(talk.messages) + len(talk.responses)
    return messages[sent - len(talk.rated) : sent]


def _sent_last(turns: Sequence[dict[str, Any]], places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The turn that the last message of the task stands in."""
    return next(
        (turn for turn in turns if places and turn["messages"] and turn["messages"][-1] is places[-1]), turns[-1]
    )


def _own(task_id: str, key: str, type_: str, value: Any, *place: Any) -> dict[str, Any]:
    return annotation("", task_id, key, type_, value, *place)


def _message(one: Said) -> dict[str, Any]:
    return {"role": one.role, "content": {"text": one.text}, "source_id": one.source, "annotations": []}


def _turn(place: int, task_id: str) -> dict[str, Any]:
    return {"id": _own(task_id, "turn", "text", None, place)["id"], "messages": [], "annotations": []}


def _turns(talk: Talk, task_id: str) -> list[dict[str, Any]]:
    """The conversation cut before every message of the user but the first; what was sent to choose from ends the last."""
    turns = [_turn(0, task_id)]
    for one in talk.messages:
        if one.role == "user" and any(said["role"] != "system" for said in turns[-1]["messages"]):
            turns.append(_turn(len(turns), task_id))
        turns[-1]["messages"].append(_message(one))
    turns[-1]["messages"] += [_message(one) for one in talk.responses]
    return turns


def _say_messages(part: Part, answer: Any, places: Sequence[dict[str, Any]], task_id: str) -> None:
    """Ratings, rewrites and comments of messages, where they are."""
    for key, one in answer["messages"].items():
        place = int(key)
        if place >= len(places):
            continue
        if "rating" in one:
            type_ = "category" if isinstance(one["rating"], str) else "integer"
            places[place]["annotations"].append(_rating(part, one["rating"], type_, task_id, place))
        for name in ("rewrite", "comment"):
            if one.get(name):
                places[place]["annotations"].append(_own(task_id, name, "text", one[name], place))


def _rating(part: Part, value: Any, type_: str, task_id: str, place: int) -> dict[str, Any]:
    rating = part.question["rating"]
    possible = list(rating["labels"]) if "labels" in rating else list(range(rating["low"], rating["high"] + 1))
    found = annotation(part.question["title"], task_id, part.key, type_, value, place)
    return found | {"possible_values": possible}


def _live_turns(part: Part, given: Sequence[Mapping[str, Any]], task_id: str) -> list[dict[str, Any]]:
    """A turn for everything that was said to the model, with all that it answered and which answer was chosen."""
    endpoint = part.question["live"]["endpoint"]
    found = []
    for place, one in enumerate(given):
        turn = _turn(MOST_TURNS + place, task_id)
        turn["messages"].append(_message(Said("user", one["prompt"], HUMAN)))
        many = len(one["candidates"])
        names = [endpoint if many == 1 else f"{endpoint} #{n}" for n in range(1, many + 1)]
        turn["messages"] += [
            _message(Said("assistant", text, name)) for text, name in zip(one["candidates"], names, strict=True)
        ]
        turn["annotations"].append(_own(task_id, "selected_model_id", "text", names[one["chosen"]], place))
        found.append(turn)
    return found


# ---- what was compared --------------------------------------------------------------------------------------------
_COMPARED = ("likert", "groups")


def _compared(part: Part, answer: Any, talk: Talk, task_id: str) -> list[dict[str, Any]]:
    names = [one.source for one in talk.responses]
    if part.says == "groups":
        groups = [[names[int(name) - 1] for name in group] for group in answer]
        first = groups[0][0] if groups and len(groups[0]) == 1 else None
        found = [_own(task_id, "ranking", "ranked_groups", groups)]
    else:
        points = _points(part)
        value = _likert(part, answer)
        first = None if answer["best"] == "tie" else names[int(answer["best"]) - 1]
        found = [_own(task_id, "likert_value", "integer", value) | {"possible_values": list(range(1, points + 1))}]
    if first is not None:
        found.append(_own(task_id, "selected_model_id", "text", first))
    return found


def _points(part: Part) -> int:
    return int(2 * part.question["steps"] + part.question["ties"])


def _likert(part: Part, answer: Mapping[str, Any]) -> int:
    """1: surely the first; the highest: surely the second."""
    steps, strength = part.question["steps"], answer.get("strength", 1)
    if answer["best"] == "tie":
        return int(steps + 1)
    return int(steps + 1 - strength if answer["best"] == "1" else _points(part) - steps + strength)


def _chosen(talk: Talk, form: Form, answers: Mapping[str, Any], places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The response that was rewritten: the better one; the first where there is none."""
    place = 0
    for part in form.parts:
        answer = answers.get(part.question["name"])
        if part.says == "likert" and answer and answer["best"] != "tie":
            place = int(answer["best"]) - 1
        elif part.says == "groups" and answer:
            place = int(answer[0][0]) - 1
    return places[len(talk.messages) + place]


# ---- heard --------------------------------------------------------------------------------------------------------
def heard_threads(form: Form, talk: Talk, threads: Any) -> dict[str, Any]:
    """The answers that a thread's annotations stand for. Raises `BadInput` for a thread of another conversation."""
    listed = as_list(threads, "response.threads", 100)
    if len(listed) != 1:
        refuse("response.threads", f"holds one thread, not {len(listed)}.")
    turns = [
        as_object(one, f"response.threads[0].turns[{place}]")
        for place, one in enumerate(
            as_list(as_object(listed[0], "response.threads[0]").get("turns"), "response.threads[0].turns", MOST_TURNS)
        )
    ]
    messages = [
        as_object(one, "response.threads[0]: a message")
        for turn in turns
        for one in as_list(turn.get("messages"), "messages", MOST_TURNS)
    ]
    sent = len(talk.messages) + len(talk.responses)
    if len(messages) < sent:
        refuse("response.threads[0]", f"holds {len(messages)} messages; the task has {sent}.")
    said = heard_annotations([one for turn in turns for one in as_list(turn.get("annotations"), "annotations")])
    found: dict[str, Any] = {}
    for part in form.parts:
        answer = _heard_part(part, talk, turns, messages, said)
        if answer is not None:
            found[part.question["name"]] = answer
    return found


def _heard_part(
    part: Part, talk: Talk, turns: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]],
    said: Mapping[str, Any],
) -> Any:  # fmt: skip
    sent = len(talk.messages) + len(talk.responses)
    if part.says == SAYS:
        return heard_criterion(part, talk.criteria, turns, _rated(talk, messages))
    if part.says == "messages":
        return _heard_messages(part, messages[: len(talk.messages)])
    if part.says == "rated":
        return _heard_messages(part, messages[len(talk.messages) : sent])
    if part.says == "written":
        return _text(messages[-1]) if len(messages) > sent else None
    if part.says == "talk":
        return _heard_messages(part, messages[:sent]) | {"turns": _heard_turns(turns, talk)}
    if part.says == "rewrite":
        rewritten = (heard_annotations(as_list(one.get("annotations"), "annotations")) for one in messages)
        return next((one["rewrite"] for one in rewritten if one.get("rewrite")), None)
    if part.says in _COMPARED:
        return _heard_compared(part, talk, said)
    return heard_annotation(part, said)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return as_text(content.get("text") if isinstance(content, Mapping) else content, "content.text", 1_000_000)


def _heard_messages(part: Part, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, message in enumerate(messages):
        said = heard_annotations(as_list(message.get("annotations"), "annotations"))
        one: dict[str, Any] = {}
        if part.question.get("rating") is not None and said.get(part.key) is not None:
            one["rating"] = said[part.key]
        for name in ("rewrite", "comment"):
            if part.question.get(name) and said.get(name):
                one[name] = said[name]
        if one:
            found[str(place)] = one
    return {"messages": found}


def _heard_turns(turns: Sequence[Mapping[str, Any]], talk: Talk) -> list[dict[str, Any]]:
    before = 0
    found = []
    for turn in turns:
        messages = [as_object(one, "messages") for one in as_list(turn.get("messages"), "messages", MOST_TURNS)]
        if before < len(talk.messages):
            before += len(messages)
            continue
        names = [as_text(one.get("source_id"), "source_id") for one in messages[1:]]
        chosen = heard_annotations(as_list(turn.get("annotations"), "annotations")).get("selected_model_id")
        if not names or chosen not in names:
            refuse("selected_model_id", "is required in a turn, and names one of its answers.")
        found.append(
            {
                "prompt": _text(messages[0]),
                "candidates": [_text(one) for one in messages[1:]],
                "chosen": names.index(chosen),
            }
        )
    return found


def _heard_compared(part: Part, talk: Talk, said: Mapping[str, Any]) -> Any:
    names = {one.source: str(place) for place, one in enumerate(talk.responses, 1)}
    if part.says == "groups":
        given = said.get("ranking")
        if given is None:
            return None
        groups = [as_list(group, "ranking") for group in as_list(given, "ranking")]
        for name in (name for group in groups for name in group):
            if not isinstance(name, str) or name not in names:
                refuse("ranking", f"names {str(name)[:60]!r}, which is no response of the task.")
        return [[names[name] for name in group] for group in groups]
    value = said.get("likert_value")
    if value is None:
        return None
    steps, ties = part.question["steps"], part.question["ties"]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _points(part):
        refuse("likert_value", f"is a whole number from 1 to {_points(part)}.")
    if ties and value == steps + 1:
        return {"best": "tie"}
    first = value <= steps
    answer: dict[str, Any] = {"best": "1" if first else "2"}
    if steps > 1:
        answer["strength"] = steps + 1 - value if first else value - steps - int(ties)
    return answer
