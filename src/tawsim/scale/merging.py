"""The questions of a project as the union of what its tasks ask, and the asks that narrow the union to one task again.

A question of a task is the project's where the two have the same name and differ in nothing but their labels; the project's
then gets the labels that it lacks, at the end. Where they differ in more, the task's question gets a name of its own, made of
the first and a mark of what it asks, so that it is found again from the task alone (`own_name`). Laws, which the tests hold:

- narrowing the union by a task's asks gives that task's questions back, their labels in the order of the union: one order
  for everybody, so that keys and canonical answers stay the same;
- merging what is merged already changes nothing; the order of tasks changes the order of questions and labels, and which of
  two that differ in more than labels has the plain name, and nothing else.

Asks name every question and every label of theirs, also where they are all that the project has now: the union may be wider
tomorrow, and a row without asks would be asked all of it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.kinds import MAX_QUESTIONS, question_to_json, read_questions
from tawsim.kinds.choice import MAX_LABELS
from tawsim.kinds.content import MAX_BLOCKS
from tawsim.scale.form import OTHER
from tawsim.scale.plain import digest

# Kinds whose labels may be narrowed for a row, and so widened for a project.
LABELLED = frozenset({"choice", "choices", "boxes", "polygons", "keypoints", "spans"})
APART = (
    "Put what the tasks have in common into the project's parameters, and tasks that ask for something else into a project "
    "of their own."
)
JsonQuestion = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """`questions`: the project's, widened; `asks`: what narrows them to the task; `names`: the task's name of a question →
    the project's. `grew`: whether the project's questions are others than before."""

    questions: tuple[dict[str, Any], ...]
    asks: dict[str, Any]
    names: dict[str, str]
    grew: bool


def merged(questions: Sequence[JsonQuestion], wanted: Sequence[JsonQuestion]) -> Merged:
    """The project's questions with what one task asks. Raises `BadInput` where that is more than a project may have."""
    return merged_all(questions, [wanted])[0]


def merged_all(questions: Sequence[JsonQuestion], tasks: Iterable[Sequence[JsonQuestion]]) -> list[Merged]:
    """As `merged` for one task after the other; the last holds the questions after all of them."""
    union = Union_(_canonical(questions) if questions else ())
    found = [union.take(_canonical(wanted)) for wanted in tasks]
    whole = union.questions()
    return [Merged(whole, asks, names, union.grew) for asks, names in found]


def merged_content(
    blocks: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """The project's content blocks with those that one task needs, those of one column once. Raises `BadInput`."""
    whole = {"kind": "text", "column": "", "other": "", "title": ""}
    found = [{**whole, **one} for one in blocks]
    for one in wanted:
        block = {**whole, **one}
        if not any(block["column"] == other["column"] and block["kind"] == other["kind"] for other in found):
            found.append(block)
    if len(found) > MAX_BLOCKS:
        raise BadInput(
            f"The tasks of this project show {len(found)} different things; {MAX_BLOCKS} is the most.", APART
        )
    return tuple(found)


def own_names(questions: Sequence[JsonQuestion]) -> dict[str, str]:
    """The task's name of a question → the one that it has where the plain name was taken by another."""
    return {name: _own_name(name, mark) for name, mark in _marks(_canonical(questions)).items()}


def renamed(answers: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Answers under the project's names of the questions."""
    return {names.get(name, name): answer for name, answer in answers.items()}


class Union_:  # noqa: N801 - `Union` is typing's
    """The questions of a project while tasks are merged into them."""

    def __init__(self, questions: Sequence[JsonQuestion]) -> None:
        self._order = [str(one["name"]) for one in questions]
        self._bare = {str(one["name"]): {k: v for k, v in one.items() if k != "labels"} for one in questions}
        self._labels = {str(one["name"]): dict.fromkeys(one.get("labels", ())) for one in questions}
        self._mark = _marks(questions)
        self.grew = False

    def questions(self) -> tuple[dict[str, Any], ...]:
        """The questions in the JSON form of a project's."""
        return tuple(
            self._bare[name] | ({"labels": list(self._labels[name])} if self._labels[name] else {})
            for name in self._order
        )

    def take(self, wanted: Sequence[JsonQuestion]) -> tuple[dict[str, Any], dict[str, str]]:
        """The asks of a task, and its questions' names here. Raises `BadInput` before anything is changed."""
        marks, names = _marks(wanted), {}
        asks: dict[str, Any] = {}
        for one in wanted:
            plain, mark = str(one["name"]), marks[str(one["name"])]
            names[plain] = plain if self._mark.get(plain, mark) == mark else _own_name(plain, mark)
        self._check(wanted, names)
        for one in wanted:
            plain, name = str(one["name"]), names[str(one["name"])]
            labels = dict.fromkeys(one.get("labels", ())) if one["kind"] in LABELLED else {}
            if name not in self._bare:
                self._add(one, name, names, marks[plain])
            for label in labels:
                if label not in self._labels[name]:
                    self._labels[name][label] = None
                    self.grew = True
            asks[name] = {"labels": [label for label in self._labels[name] if label in labels]} if labels else True
        return asks, names

    def _check(self, wanted: Sequence[JsonQuestion], names: Mapping[str, str]) -> None:
        many = len(self._bare) + sum(name not in self._bare for name in names.values())
        if many > MAX_QUESTIONS:
            raise BadInput(
                f"The tasks of this project ask {many} different questions; {MAX_QUESTIONS} is the most.", APART,
                field="project",
            )  # fmt: skip
        for one in wanted:
            held = self._labels.get(names[str(one["name"])], {})
            more = sum(label not in held for label in one.get("labels", ()))
            if len(held) + more > MAX_LABELS:
                raise BadInput(
                    f"The tasks of this project offer {len(held) + more:,} labels for “{one['name']}”; {MAX_LABELS:,} is "
                    "the most.", APART, field="project",
                )  # fmt: skip

    def _add(self, one: JsonQuestion, name: str, names: Mapping[str, str], mark: str) -> None:
        bare = {key: value for key, value in one.items() if key != "labels"} | {"name": name}
        if "when" in bare:
            bare["when"] = {**bare["when"], "question": names[bare["when"]["question"]]}
        self._order.append(name)
        self._bare[name], self._mark[name] = bare, mark
        # Labels of kinds that cannot be narrowed are part of the question; `_marks` compared them.
        self._labels[name] = dict.fromkeys(one.get("labels", ()))
        self.grew = True


# ---- what a question is, but for its labels -------------------------------------------------------------------------
def _canonical(questions: Sequence[JsonQuestion]) -> tuple[JsonQuestion, ...]:
    """The questions with everything that has a default said. Raises `BadInput`."""
    return _read(json.dumps(list(questions), ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=128)
def _read(text: str) -> tuple[JsonQuestion, ...]:
    plain: tuple[JsonQuestion, ...] = tuple(
        json.loads(json.dumps(question_to_json(one))) for one in read_questions(json.loads(text))
    )
    return plain


def _marks(questions: Sequence[JsonQuestion]) -> dict[str, str]:
    """Name → a fingerprint of all that two questions of one name must have in common, also in what they wait for."""
    found: dict[str, str] = {}
    for one in questions:
        name = str(one["name"])
        left_out = ("labels", "name") if one["kind"] in LABELLED else ("name",)
        bare = {key: value for key, value in one.items() if key not in left_out}
        if "when" in bare:
            bare["when"] = [found[bare["when"]["question"]], bare["when"]["is"]]
        found[name] = digest(OTHER.sub("", name), bare)[:8]
    return found


def _own_name(name: str, mark: str) -> str:
    return f"{name}~{mark}"
