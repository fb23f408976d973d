"""What kind of answers a table holds, told from its columns and cells, with the reason. Guesses are said, never silent.

Looks at names (distinct cells) rather than at rows, so that ten million votes cost no more than their labels. Whether each
cell can be read is the model's business; a wrong one is an error there, with its row.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.cells import row_of
from tawsim.truth.columns import Coded

KINDS = (
    "choice", "choices", "ordinal", "numeric", "pairwise", "ranking", "spans", "tags", "text", "boxes", "polygons",
    "keypoints",
)  # fmt: skip
# A scale that people rate on has at most this many steps (0 to 20, or 1 to 10 by halves).
MOST_STEPS = 20
# Names looked at; a table's first fifty thousand distinct cells tell its kind.
LOOKED_AT = 50_000
# This share of the rows, or of the different cells, must be of a form for it to be the form: the rest are then mistakes, and
# named as such. Rows, as one slip among a thousand equal answers is a slip; cells, as “n/a” may be in many rows.
MOSTLY = 0.9
# Free text: this share of the different answers occurs in a single task, and they have this many words.
OF_ONE_TASK = 0.8
WORDS = 3
# Numbers with marks between thousands, which the models refuse: they are numbers all the same, not names.
MARKED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
TAG = re.compile(r"O|[BIESLU]-\S+")


@dataclass(frozen=True, slots=True)
class Detected:
    """The `kind` (of `KINDS`), `why` as a sentence, and `advice`: what to say if that is not what is meant ("" if it can be
    nothing else). `code` stands for the sentence and `otherwise` for the advice, with the `facts` in them."""

    kind: str
    why: str
    advice: str = ""
    code: str = ""
    otherwise: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def detect(columns: Mapping[str, Coded]) -> Detected:
    """The kind of the answers in `columns`: task, worker, label, and perhaps left and right."""
    if "left" in columns and "right" in columns:
        return Detected(
            "pairwise", "There are columns “left” and “right”.", "If each row is one question: --kind choice",
            "two_sides", "one_question",
        )  # fmt: skip
    label = columns["label"]
    names = list(label.names[:LOOKED_AT])
    found = _by_json(names, columns) or _by_number(names, label) or _by_tags(names, label) or _by_words(names, columns)
    if found is not None:
        return found
    many = len(label.names)
    answers = f"{len(label):,} {'answer' if len(label) == 1 else 'answers'}"
    why = f"{many:,} different {'label' if many == 1 else 'labels'} in {answers}."
    return Detected("choice", why, code="labels", facts={"n": many, "answers": len(label)})


def _mostly(of_form: Sequence[bool], label: Coded) -> bool:
    """Whether nearly all rows, or nearly all of the different cells, are of a form; `of_form` tells the first cells."""
    many = len(of_form)
    fits = np.asarray(of_form, bool)
    rows = np.bincount(label.codes, minlength=many)[:many]
    return bool(fits.sum() >= MOSTLY * many or rows[fits].sum() >= MOSTLY * rows.sum()) and bool(fits.any())


# ---- JSON ---------------------------------------------------------------------------------------------------------
def _by_json(names: Sequence[Any], columns: Mapping[str, Coded]) -> Detected | None:
    read = [_parsed(name) for name in names]
    values = [value for value in read if isinstance(value, list | dict)]
    if not _mostly([isinstance(value, list | dict) for value in read], columns["label"]):
        return None
    full = [value for value in values if value]
    lists = [value for value in full if isinstance(value, list)]
    if len(lists) < len(full):
        raise BadInput(
            f"The labels are JSON objects: {str(next(v for v in full if isinstance(v, dict)))[:80]}.",
            "A list of them is wanted, or say --kind: " + ", ".join(KINDS) + ".",
            column="label",
        )
    parts = [part for value in lists for part in value]
    objects = [part for part in parts if isinstance(part, dict)]
    if objects:
        return _by_fields(objects)
    if any(isinstance(part, list) for part in parts):
        return Detected(
            "ranking", "The labels are JSON lists with lists inside: rankings with ties.", code="nested_lists"
        )
    if len(lists) > 1 and _same_items(columns):
        return Detected(
            "ranking",
            "The labels are JSON lists, and of each task all hold the same items in various orders.",
            "If the order says nothing: --kind choices",
            "same_items",
            "no_order",
        )
    advice = "If the order tells: --kind ranking"
    return Detected("choices", "The labels are JSON lists of labels.", advice, "lists", "an_order")


def _by_fields(objects: Sequence[Mapping[str, Any]]) -> Detected:
    fields = set(objects[0])
    points = objects[0].get("points")
    if {"start", "end"} <= fields:
        kind, why = "spans", "objects with start and end"
    elif {"x", "y", "width", "height"} <= fields:
        kind, why = "boxes", "objects with x, y, width and height"
    elif isinstance(points, list):
        kind, why = "polygons", "objects with a list of points"
    elif isinstance(points, dict):
        kind, why = "keypoints", "objects with named points"
    else:
        raise BadInput(
            f"The labels are JSON lists of objects with the fields {', '.join(map(str, objects[0]))}; that is no kind known.",
            "Known: start, end, label (spans); x, y, width, height (boxes); points (polygons, keypoints).",
            column="label",
        )
    return Detected(kind, f"The labels are JSON lists of {why}.", code="objects")


def _same_items(columns: Mapping[str, Coded]) -> bool:
    """Whether all answers of each task hold the same items, at least two, and somewhere in different orders."""
    label, task = columns["label"], columns["task"]
    items: list[tuple[str, ...]] = []
    for name in label.names:
        value = _parsed(name)
        if not isinstance(value, list) or len(value) < 2:
            return False
        items.append(tuple(sorted(map(str, value))))
    of_task: dict[int, tuple[str, ...]] = {}
    orders: dict[int, int] = {}
    differ = False
    for t, k in zip(task.codes.tolist(), label.codes.tolist(), strict=True):
        if of_task.setdefault(t, items[k]) != items[k]:
            return False
        differ = differ or orders.setdefault(t, k) != k
    return differ


def _parsed(name: Any) -> Any:
    if isinstance(name, list | dict):
        return name
    if not isinstance(name, str) or name.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(name)
    except (ValueError, RecursionError):
        return None


# ---- numbers ------------------------------------------------------------------------------------------------------
def _by_number(names: Sequence[Any], label: Coded) -> Detected | None:
    from tawsim.truth.numeric.reading import WRITTEN, read_number

    numbers: list[float] = []
    of_form: list[bool] = []
    marked: tuple[int, BadInput] | None = None
    for code, name in enumerate(names):
        try:
            numbers.append(read_number(name))
            of_form.append(True)
        except BadInput as error:
            of_form.append(isinstance(name, str) and bool(MARKED.fullmatch(name.translate(WRITTEN).strip())))
            if of_form[-1] and marked is None:
                marked = code, error
    if not _mostly(of_form, label):
        return None
    if marked is not None:
        row = row_of(label, marked[0])
        hint = marked[1].hint or "Write it with a decimal point and without a mark between thousands."
        raise BadInput(
            f"Row {row}: {marked[1].message}", f"{hint} If it is the name of a label: --kind choice.",
            row=row, column="label",
        )  # fmt: skip
    many = len(names)
    # One number in nearly all rows, and many words in the others, are labels of which one is a number.
    if many > MOST_STEPS and (len(numbers) > MOST_STEPS or len(numbers) >= MOSTLY * many):
        return Detected(
            "numeric",
            f"The labels are numbers, {many:,} different ones.",
            "If they are the names of classes: --kind choice; if steps of a scale: --kind ordinal",
            "numbers",
            "no_numbers",
            {"n": many},
        )
    if len(numbers) < len(names) or many == 2:
        return None  # yes and no as 1 and 0; or a few labels of which some are digits: labels
    whole = sorted(number for number in numbers if number.is_integer())
    in_order = len(whole) == many > 2 and whole[-1] - whole[0] == many - 1
    what = f"whole numbers from {whole[0]:.0f} to {whole[-1]:.0f}" if in_order else f"{many} different numbers"
    return Detected(
        "choice",
        f"The labels are {what}, taken as names without an order.",
        "If they are steps of a scale: --kind ordinal; if quantities: --kind numeric",
        "whole_numbers" if in_order else "few_numbers",
        "a_scale",
        {"low": int(whole[0]), "high": int(whole[-1])} if in_order else {"n": many},
    )


# ---- text ---------------------------------------------------------------------------------------------------------
def _by_tags(names: Sequence[Any], label: Coded) -> Detected | None:
    if not all(isinstance(name, str) for name in names):
        return None
    tagged = [all(TAG.fullmatch(token) for token in name.split()) for name in names]
    # A row of one tag alone may be the name of a label.
    several = any(fits and len(name.split()) > 1 for fits, name in zip(tagged, names, strict=True))
    if not several or not _mostly(tagged, label):
        return None
    return Detected("tags", "The labels are rows of tags such as O, B-… and I-…, one for each word.", code="tags")


def _by_words(names: Sequence[Any], columns: Mapping[str, Coded]) -> Detected | None:
    """Free text has answers that occur in one task only, unlike labels, which come back."""
    if len(names) <= MOST_STEPS or not all(isinstance(name, str) for name in names):
        return None
    label, task = columns["label"], columns["task"]
    pair = np.unique(label.codes.astype(np.int64) * len(task.names) + task.codes)
    tasks_of = np.bincount(pair // len(task.names), minlength=len(label.names))
    share = float((tasks_of == 1).mean())
    if share < OF_ONE_TASK or len(task.names) < 2:
        return None
    many = len(label.names)
    facts = {"n": many, "share": share}
    if median(len(name.split()) for name in names) >= WORDS:
        why = f"{many:,} different answers of several words, {share:.0%} of them in a single task."
        return Detected("text", why, "If they are labels: --kind choice", "long_answers", "labels", facts)
    why = f"{many:,} different labels, {share:.0%} of them in a single task."
    advice = "If they are free text, such as a word to be written down: --kind text"
    return Detected("choice", why, advice, "short_answers", "free_text", facts)
