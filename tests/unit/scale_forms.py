"""Tasks of every type as customers send them, and good answers to them. For tests of the translation."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tawsim.core.text import is_edge
from tawsim.kinds import is_asked, kind_of, read_questions
from tawsim.scale.asking import Work, work_of

TEXT = "قالت ليلَى 👩‍💻 إنَّ OpenAI افتتحت\nمكتبًا في الدَّوحة — e\u0301tude n° 7."
PICTURE = "https://example.com/cow.jpg"
YES_NO = [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}]
TREE = [
    {
        "label": "Animal",
        "value": "animal",
        "subchoices": [{"label": "Cat", "value": "cat"}, {"label": "Dog", "value": "dog"}],
    },
    {"label": "Plant", "value": "plant"},
]
FIELDS = [
    {"type": "category", "field_id": "clear", "title": "Is it clear?", "description": "Read twice.", "choices": YES_NO},
    {"type": "category", "field_id": "topics", "title": "Topics", "choices": TREE, "max_choices": 2, "min_choices": 0},
    {"type": "text", "field_id": "why", "title": "Why?", "conditions": [{"field_id": "clear", "values": ["no"]}]},
    {"type": "number", "field_id": "price", "title": "Price", "min": 0, "max": 50, "required": False},
    {"type": "date", "field_id": "when", "title": "When", "required": False},
    {"type": "list", "field_id": "names", "title": "Names", "required": False},
    {"type": "rating", "field_id": "stars", "title": "Stars", "min": 1, "max": 7},
    {"type": "ranking_order", "field_id": "order", "title": "Order", "choices": ["x", "y", "z"]},
    {"type": "boolean", "field_id": "safe", "title": "Safe?"},
    {
        "type": "category",
        "field_id": "flag",
        "title": "Flag",
        "choices": [{"label": "Flagged", "value": 1}],
        "required": False,
    },
]
GEOMETRIES = {
    "box": {"objects_to_annotate": ["Baby Cow", "Big Cow"], "min_height": 10, "min_width": "10"},
    "polygon": {
        "objects_to_annotate": [{"choice": "field", "display": "حقل", "description": "Tilled."}],
        "min_vertices": 3,
    },
    "point": {"objects_to_annotate": ["eye"]},
}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "ما عاصمة المغرب؟"},
    {"role": "assistant", "content": "فاس.", "model": "alpha"},
    {"role": "user", "content": [{"type": "text", "text": "And of Oman?"}]},
]
ANSWERED = [*TALK, {"role": "assistant", "content": "**Muscat**"}]
TASKS: list[tuple[str, dict[str, Any]]] = [
    ("textcollection", {"attachments": [{"type": "text", "content": TEXT}], "fields": FIELDS}),
    (
        "textcollection",
        {
            "attachments": [
                {"type": "image", "content": PICTURE},
                {"type": "website", "content": "https://example.com/"},
            ]
        },
    ),
    ("textcollection", {"fields": [{"type": "text", "field_id": "only"}]}),
    (
        "namedentityrecognition",
        {"text": TEXT, "labels": [{"name": "PER", "description": "A person."}, {"name": "ORG"}, "LOC"]},
    ),
    (
        "namedentityrecognition",
        {
            "text": TEXT,
            "labels": [{"name": "PER", "display_name": "شخص"}, {"name": "ORG"}],
            "relationships": [{"name": "works for", "source_label": "PER", "target_label": "ORG"}, "beside"],
        },
    ),
    (
        "categorization",
        {"attachment": "https://example.com/", "attachment_type": "website", "categories": ["public", "private"]},
    ),
    (
        "categorization",
        {
            "attachment": TEXT,
            "attachment_type": "text",
            "categories": ["a", "b", "c"],
            "allow_multiple": True,
            "category_ids": {"1": "a", "2": "b", "3": "c"},
        },
    ),
    ("categorization", {"attachment": TEXT, "attachment_type": "text", "categories": TREE}),
    ("categorization", {"attachment": TEXT, "attachment_type": "text", "categories": ["only one"]}),
    (
        "categorization",
        {
            "attachment": TEXT,
            "attachment_type": "text",
            "taxonomies": {
                "kind": {"choices": TREE, "description": "What it is."},
                "tone": {"choices": ["warm", "cold"], "allow_multiple": True},
            },
        },
    ),
    ("comparison", {"attachments": [PICTURE, PICTURE], "attachment_type": "image", "choices": ["yes", "no"]}),
    (
        "comparison",
        {"attachments": ["one text", "another"], "attachment_type": "text", "choices": ["one text", "another"]},
    ),
    (
        "comparison",
        {"attachments": [PICTURE, PICTURE + "?2"], "attachment_type": "image", "choices": [PICTURE, PICTURE + "?2"]},
    ),
    ("comparison", {"attachments": ["a", "b"], "attachment_type": "text", "choices": ["1", "2"], "fields": FIELDS[:3]}),
    (
        "comparison",
        {
            "attachments": ["a", "b"],
            "attachment_type": "text",
            "fields": {"why": "Why?", "choice": {"type": "category", "choices": ["p", "q"]}},
        },
    ),
    ("imageannotation", {"attachment": PICTURE, "geometries": GEOMETRIES}),
    (
        "annotation",
        {"attachment": PICTURE, "objects_to_annotate": ["baby cow", "big cow"], "with_labels": True, "min_width": "30"},
    ),
    ("polygonannotation", {"attachment": PICTURE, "objects_to_annotate": ["big cow"], "with_labels": True}),
    ("pointannotation", {"attachment": PICTURE, "objects_to_annotate": ["eye", "nose"]}),
    (
        "transcription",
        {
            "attachment": "http://example.com/",
            "attachment_type": "website",
            "fields": {"title": "Title", "top": "Top result"},
            "repeatable_fields": {"username": "Who", "comment_count": "How many"},
        },
    ),
    (
        "datacollection",
        {
            "attachment": "http://example.com/",
            "attachment_type": "website",
            "fields": {"hiring_page": "Hiring Page URL"},
        },
    ),
    (
        "documenttranscription",
        {
            "attachment": PICTURE,
            "features": [{"type": "block", "label": "barcode"}, {"type": "block", "label": "name"}],
        },
    ),
    (
        "documenttranscription",
        {"attachment": "https://example.com/a.pdf", "features": [{"type": "block", "label": "total"}]},
    ),
    ("chat", {"prompt": "Write a poem about Muscat."}),
    (
        "chat",
        {"template_variables": {"prompt": "Hello?", "audience": "children"}, "fields": [*FIELDS[:4], *FIELDS[6:]]},
    ),
    ("chat", {"messages": ANSWERED}),
    (
        "chat",
        {"messages": ANSWERED, "rating": {"labels": ["good", "bad"]}, "comment": True, "justification": "required"},
    ),
    (
        "chat",
        {
            "prompt": "Hello",
            "response": {"text": "Hi", "model": "m"},
            "dimensions": ["truth", {"key": "tone", "low": 1, "high": 3}],
            "rewrite": True,
        },
    ),
    (
        "chat",
        {
            "messages": TALK,
            "responses": [{"text": "Muscat", "model": "m"}, {"text": "Salalah", "model": "m"}],
            "rewrite": True,
        },
    ),
    ("chat", {"messages": TALK, "responses": ["a", "b"], "likert": 8}),
    ("chat", {"messages": TALK, "responses": ["a", "b"], "likert": 3, "dimensions": ["truth"]}),
    ("chatlite", {"prompt": "Hi", "responses": ["a", "b", "c"], "fields": FIELDS[:1]}),
    ("multichat", {"prompt": "Hi", "live": {"endpoint": "local", "turns": 3, "candidates": 2}}),
    ("chatexperimental", {"live": {"endpoint": "local"}}),
    ("multistage", {"prompt": "Hi"}),
]
# Sound tasks that nobody can label here yet.
WITHOUT: list[tuple[str, dict[str, Any]]] = [
    (
        "segmentannotation",
        {"attachment": PICTURE, "labels": ["road", {"choice": "cars", "subchoices": ["car", "bus"]}]},
    ),
    ("lineannotation", {"attachment": PICTURE, "objects_to_annotate": ["lane"]}),
    ("cuboidannotation", {"attachment": PICTURE, "objects_to_annotate": ["car"]}),
    (
        "imageannotation",
        {
            "attachment": PICTURE,
            "geometries": {"box": {"objects_to_annotate": ["a"]}, "line": {"objects_to_annotate": ["b"]}},
        },
    ),
    (
        "imageannotation",
        {
            "attachment": PICTURE,
            "geometries": {"ellipse": {"objects_to_annotate": ["a"]}, "cuboid": {"objects_to_annotate": ["b"]}},
        },
    ),
    (
        "imageannotation",
        {
            "attachment": PICTURE,
            "geometries": {"box": {"objects_to_annotate": ["a"]}},
            "annotation_attributes": {"colour": {"type": "category", "choices": ["red"]}},
        },
    ),
    ("namedentityrecognition", {"text": TEXT, "labels": [{"name": "PER", "attributes": [{"name": "tense"}]}]}),
    ("textcollection", {"fields": [{"type": "file_upload", "field_id": "f"}]}),
    ("videoannotation", {"attachment": "https://example.com/v.mp4"}),
    ("lidarannotation", {}),
    ("sensorfusion", {"frames": [1, 2]}),
]


def work(type_: str, params: Mapping[str, Any], instruction: str = "") -> Work:
    """What the task asks; there is a screen for it."""
    found = work_of(type_, params, instruction)
    assert found is not None
    return found


# ---- answers ------------------------------------------------------------------------------------------------------
words = st.text(st.sampled_from("abc مكّ👍🏽 -_*"), min_size=1, max_size=12).filter(str.strip)
lines = st.lists(words, min_size=1, max_size=4).map("\n".join)
_places = st.integers(0, 400)


def _spans(question: Any, row: Mapping[str, Any], draw: Any) -> dict[str, Any]:
    text = row[question.on]
    edges = [place for place in range(len(text) + 1) if is_edge(text, place)]
    pairs = st.tuples(st.sampled_from(edges), st.sampled_from(edges)).filter(lambda one: one[0] < one[1])
    spans = [
        {"start": start, "end": end, "label": draw(st.sampled_from(question.labels))}
        for start, end in draw(st.lists(pairs, max_size=4, unique=True))
    ]
    relations = []
    for rule in question.relations:
        for i, one in enumerate(spans):
            for j, other in enumerate(spans):
                fits = one["label"] in (rule["from"] or [one["label"]]) and other["label"] in (
                    rule["to"] or [other["label"]]
                )
                if i != j and fits and draw(st.booleans()):
                    relations.append({"from": i, "to": j, "label": rule["label"]})
    return {"spans": spans, "relations": relations}


def _drawn(question: Any, draw: Any) -> dict[str, Any]:
    label = st.sampled_from(question.labels)
    place, side = st.integers(0, 40_000).map(lambda n: n / 100), st.integers(1, 20_000).map(lambda n: n / 100)
    if question.kind == "boxes":
        one = st.fixed_dictionaries({"x": place, "y": place, "width": side, "height": side, "label": label})
    elif question.kind == "keypoints":
        one = st.fixed_dictionaries({"x": place, "y": place, "label": label})
        return {"points": draw(st.lists(one, max_size=4))}
    else:
        corners = st.tuples(_places, _places, st.integers(1, 90)).map(
            lambda three: [[three[0], three[1]], [three[0] + three[2], three[1]], [three[0], three[1] + three[2]]]
        )
        one = st.fixed_dictionaries({"points": corners, "label": label})
    return {question.kind: draw(st.lists(one, max_size=4))}


def _talked(question: Any, row: Mapping[str, Any], draw: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, message in enumerate(row[question.on]):
        if message["role"] != "assistant":
            continue
        one: dict[str, Any] = {}
        if question.rating is not None:
            labels = question.rating.get("labels")
            one["rating"] = draw(
                st.sampled_from(labels) if labels else st.integers(question.rating["low"], question.rating["high"])
            )
        for name in ("rewrite", "comment"):
            if getattr(question, name) and draw(st.booleans()):
                one[name] = draw(lines)
        if one:
            found[str(place)] = one
    if not question.live:
        return {"messages": found}
    turn = st.lists(words, min_size=1, max_size=question.live.candidates).flatmap(
        lambda said: st.fixed_dictionaries(
            {"prompt": lines, "candidates": st.just(said), "chosen": st.integers(0, len(said) - 1)}
        )
    )
    return {"messages": found, "turns": draw(st.lists(turn, min_size=1, max_size=question.live.turns))}


def _answer(question: Any, row: Mapping[str, Any], draw: Any) -> Any:
    kind = question.kind
    if kind == "choice":
        return draw(st.sampled_from(question.labels))
    if kind == "choices":
        most = question.at_most or len(question.labels)
        return draw(st.lists(st.sampled_from(question.labels), min_size=question.at_least, max_size=most, unique=True))
    if kind == "number":
        return draw(st.integers(0, 5_000)) / 100
    if kind == "scale":
        return draw(st.integers(question.low, question.high))
    if kind == "text":
        one_line = question.at_most < 100 or "one per line" not in question.title
        return draw(words if one_line else lines)
    if kind == "ranking":
        names = [str(n) for n in range(1, len(row[question.candidates[0]]) + 1)]
        order = draw(st.permutations(names))
        if not question.ties or draw(st.booleans()):
            return [[name] for name in order]
        return [order[:1], order[1:]]
    if kind == "pairwise":
        best = draw(st.sampled_from(["1", "2", *(["tie"] if question.ties else [])]))
        if best == "tie" or question.steps == 1:
            return {"best": best}
        return {"best": best, "strength": draw(st.integers(1, question.steps))}
    if kind == "spans":
        return _spans(question, row, draw)
    return _talked(question, row, draw) if kind == "chat" else _drawn(question, draw)


@st.composite
def answers(draw: Any, task: Work) -> dict[str, Any]:
    """Good answers to the task, in canonical form."""
    found: dict[str, Any] = {}
    for question in read_questions(task.questions):
        if is_asked(question, found) and (question.required or draw(st.booleans())):
            one = _answer(question, task.row, draw)
            found[question.name] = kind_of(question).validate(question, one, task.row)
    return found


def sizeless(given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers without the size of the picture, which no response holds."""
    return {
        name: {k: v for k, v in one.items() if k != "size"} if isinstance(one, dict) else one
        for name, one in given.items()
    }
