"""Invented responses for the world of test keys: well-formed, and the same for the same seed. Nobody is asked.

What a task with a screen is given went the way of real answers; for the others there is a form made by hand here.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from tawsim.core.text import is_edge
from tawsim.kinds import is_asked, kind_of, read_questions
from tawsim.kinds.kind import Content
from tawsim.scale.form import Form, NoScreen
from tawsim.scale.forms import form_of
from tawsim.scale.options import read_options
from tawsim.scale.pictures import OF_TYPE
from tawsim.scale.plain import check_plain, digest
from tawsim.scale.responding import response_of
from tawsim.scale.wording import stable_id

WORDS = "Invented answer of a test key"
A_DAY = "2026-01-15"
# One grey pixel: an address that every viewer opens, and that leads nowhere.
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def invent(type_: str, params: Mapping[str, Any], seed: str) -> dict[str, Any]:
    """A response for this task. Raises `BadInput` for parameters that `types.check` refuses."""
    check_plain(params)
    chance = random.Random(digest(seed, type_))  # noqa: S311 - the same for the same seed is the point
    try:
        form = form_of(type_, params)
    except NoScreen:
        return _without_screen(type_, params, seed)
    return response_of(type_, params, _answers(form, chance), task_id=seed)


def _answers(form: Form, chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    questions = read_questions([part.question for part in form.parts])
    for part, question in zip(form.parts, questions, strict=True):
        if is_asked(question, found):
            one = A_DAY if part.says == "date" else _INVENT[question.kind](question, chance, form.row)  # type: ignore[attr-defined]
            if one is not None:
                found[question.name] = kind_of(question).validate(question, one, form.row)
    return found


def _text(question: Any, _chance: random.Random, _row: Content) -> str:
    text = WORDS
    while len(text) < question.at_least:
        text += " " + WORDS
    return text[: question.at_most]


def _number(question: Any, chance: random.Random, _row: Content) -> int | float:
    low = question.low if question.low is not None else (question.high - 100 if question.high is not None else 0)
    high = question.high if question.high is not None else low + 100
    whole = chance.randint(int(low), int(high))
    return whole if low <= whole <= high else float(low)


def _choices(question: Any, chance: random.Random, _row: Content) -> list[str]:
    most = question.at_most or len(question.labels)
    return chance.sample(question.labels, min(max(question.at_least, 1), most))


def _ranking(question: Any, chance: random.Random, row: Content) -> list[list[str]]:
    names = [str(place) for place in range(1, len(row[question.candidates[0]]) + 1)]
    chance.shuffle(names)
    return [[name] for name in names]


def _pairwise(question: Any, chance: random.Random, _row: Content) -> dict[str, Any]:
    answer: dict[str, Any] = {"best": chance.choice(("1", "2"))}
    return answer if question.steps == 1 else answer | {"strength": chance.randint(1, question.steps)}


def _spans(question: Any, chance: random.Random, row: Content) -> dict[str, Any]:
    """The first words of the text, and a relation where one is allowed."""
    text, start = row[question.on], 0
    spans: list[dict[str, Any]] = []
    for word in text[:2_000].split():
        start = text.index(word, start)
        end = start + len(word)
        if is_edge(text, start) and is_edge(text, end):
            label = question.labels[len(spans) % len(question.labels)]
            spans.append({"start": start, "end": end, "label": label, "text": word})
        start = end
        if len(spans) == 3:
            break
    relations: list[dict[str, Any]] = []
    for rule in question.relations:
        for i, one in enumerate(spans):
            for j, other in enumerate(spans):
                fits = one["label"] in (rule["from"] or (one["label"],)) and other["label"] in (
                    rule["to"] or (other["label"],)
                )
                if i != j and fits and not relations:
                    relations = [{"from": i, "to": j, "label": rule["label"]}]
    return {"spans": spans, "relations": relations}


def _boxes(question: Any, chance: random.Random, _row: Content) -> dict[str, Any]:
    x, y = chance.randint(0, 40), chance.randint(0, 40)
    return {
        "size": [0, 0],
        "boxes": [{"x": x, "y": y, "width": 50, "height": 40, "label": chance.choice(question.labels)}],
    }


def _polygons(question: Any, chance: random.Random, _row: Content) -> dict[str, Any]:
    x, y = chance.randint(0, 40), chance.randint(0, 40)
    points = [[x, y], [x + 50, y], [x + 25, y + 40]]
    return {"size": [0, 0], "polygons": [{"points": points, "label": chance.choice(question.labels)}]}


def _keypoints(question: Any, chance: random.Random, _row: Content) -> dict[str, Any]:
    point = {"x": chance.randint(0, 90), "y": chance.randint(0, 90), "label": chance.choice(question.labels)}
    return {"size": [0, 0], "points": [point]}


def _chat(question: Any, chance: random.Random, row: Content) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, message in enumerate(row.get(question.on) or ()):
        if message["role"] not in question.roles or not (question.rating or question.rewrite or question.comment):
            continue
        one: dict[str, Any] = {}
        if question.rating is not None:
            labels = question.rating.get("labels")
            one["rating"] = (
                chance.choice(labels) if labels else chance.randint(question.rating["low"], question.rating["high"])
            )
        for name in ("rewrite", "comment"):
            if getattr(question, name):
                one[name] = WORDS
        found[str(place)] = one
    if not question.live:
        return {"messages": found}
    candidates = [f"{WORDS} {n}" for n in range(1, question.live.candidates + 1)]
    return {"messages": found, "turns": [{"prompt": WORDS, "candidates": candidates, "chosen": 0}]}


_INVENT: Mapping[str, Callable[[Any, random.Random, Content], Any]] = {
    "choice": lambda question, chance, _row: chance.choice(question.labels),
    "choices": _choices,
    "text": _text,
    "number": _number,
    "scale": lambda question, chance, _row: chance.randint(question.low, question.high),
    "ranking": _ranking,
    "pairwise": _pairwise,
    "spans": _spans,
    "boxes": _boxes,
    "polygons": _polygons,
    "keypoints": _keypoints,
    "chat": _chat,
}


# ---- without a screen ---------------------------------------------------------------------------------------------
def _without_screen(type_: str, params: Mapping[str, Any], seed: str) -> dict[str, Any]:
    if type_ == "segmentannotation":
        return _segments(params)
    if type_ in OF_TYPE or type_ == "imageannotation":
        return {"annotations": _drawn(type_, params, seed)}
    if type_ in ("textcollection", "categorization", "comparison"):
        return {"annotations": {}}
    return {"annotations": []}


def _segments(params: Mapping[str, Any]) -> dict[str, Any]:
    labels = [str(option.path[-1]) for option in read_options(params.get("labels") or (), "labels")]
    return {
        "annotations": {
            "combined": {"image": PICTURE, "indexedImage": PICTURE},
            "labeled": dict.fromkeys(labels, PICTURE),
            "unlabeled": PICTURE,
        },
        "labelMapping": {
            label: {"color": f"#{digest(label)[:6]}", "index": place} for place, label in enumerate(labels, 1)
        },
    }


def _drawn(type_: str, params: Mapping[str, Any], seed: str) -> list[dict[str, Any]]:
    """One object of every geometry, those without a screen among them."""
    wanted = params["geometries"] if type_ == "imageannotation" else {OF_TYPE[type_]: params}
    found = []
    for name, spec in wanted.items():
        label = read_options(spec.get("objects_to_annotate") or (), "objects_to_annotate")[0].path[-1]
        head = {"uuid": stable_id(seed, name), "type": name, "label": label}
        found.append(head | _SHAPES[name])
    return found


_CORNERS = [{"x": 10, "y": 10}, {"x": 60, "y": 10}, {"x": 35, "y": 50}]
_SHAPES: Mapping[str, dict[str, Any]] = {
    "box": {"left": 10, "top": 10, "width": 50, "height": 40},
    "polygon": {"vertices": _CORNERS},
    "line": {"vertices": _CORNERS[:2]},
    "point": {"x": 10, "y": 10},
    "ellipse": {"center": {"x": 35, "y": 30}, "vertices": [*_CORNERS, {"x": 35, "y": 60}]},
    "cuboid": {"vertices": [{"x": x, "y": y} for x in (10, 60) for y in (10, 50)] * 2, "edges": []},
}
