"""Answers of earlier questions under the present ones: what still fits, what does not and why, and labels that got a new name.

Nothing that was answered is rewritten (docs/decisions/0011): an answer is read through the renames that came after it, and
what then does not fit is left out where truth is inferred. Here one answer is judged, and a change is written; what a change
does to all answers of a project is counted in loop/changing.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput, VersionConflict
from tawsim.core.records import Block, Project, Question
from tawsim.kinds import is_asked, kind_of, question_to_json, read_questions
from tawsim.kinds.answers import brief
from tawsim.kinds.content import SURFACES, block_to_json, read_blocks, with_columns
from tawsim.labelling.slots import end_lease, project_row
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record

Renames = Mapping[str, Mapping[str, str]]
# Fields of an answer that hold a label; labels of choices are the answer itself or its items.
_LABEL_FIELDS = frozenset({"label", "rating"})
MAX_RENAMED = 10_000


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an answer to a question does not fit: `code` is one of question_gone, kind_changed, column_changed, label_gone,
    not_asked, no_fit; `what` the label or column it is about, or the words of the kind."""

    code: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """One answer under the present questions: `answers` that fit, by question; `misfits` by question; `missing` names
    required questions that are asked after these answers and have none."""

    answers: dict[str, Any]
    misfits: Mapping[str, Misfit] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def to_redo(self) -> bool:
        """Whether a new answer would say more: not where a question is gone, or is not asked after these answers."""
        return any(one.code not in ("question_gone", "not_asked") for one in self.misfits.values())


@dataclass(frozen=True, slots=True)
class Schema:
    """The questions of one version, and what its change renamed."""

    version: int
    questions: tuple[Question, ...]
    renamed: Renames = field(default_factory=dict)


class Carrier:
    """Reads answers of any version of a project's questions under its newest. Remembers nothing of the answers.
    `questions_ever`: the present questions, then those that are gone or were of another kind."""

    def __init__(self, schemas: Sequence[Schema]) -> None:
        ordered = sorted(schemas, key=lambda one: one.version)
        self.present = ordered[-1]
        self._past = {one.version: {q.name: q for q in one.questions} for one in ordered}
        self._names = {one.version: _followed(ordered[place + 1 :]) for place, one in enumerate(ordered)}

        ever: dict[tuple[str, str], Question] = {}
        for one in reversed(ordered):
            for question in one.questions:
                ever.setdefault((question.name, question.kind), question)  # type: ignore[attr-defined]
        self.questions_ever = tuple(ever.values())

    def is_present(self, version: int) -> bool:
        """Whether an answer of this version was given to the present questions."""
        return version == self.present.version

    def renamed(self, version: int, answers: Any) -> Any:
        """The answers in the present names of their labels. What is no answer stays as it is."""
        names = self._names.get(version)
        if not names or not isinstance(answers, Mapping):
            return answers
        return {name: _relabelled(one, names[name]) if name in names else one for name, one in answers.items()}

    def carry(self, version: int, answers: Mapping[str, Any]) -> Carried:
        """What fits of answers that were given to the questions of `version`. Never raises for what stands in the store."""
        if version not in self._past or self.is_present(version):
            return Carried(dict(answers))
        past, given = self._past[version], self.renamed(version, answers)
        clean: dict[str, Any] = {}
        misfits: dict[str, Misfit] = {}
        missing = []
        for question in self.present.questions:
            answer = given.get(question.name)
            if not is_asked(question, clean):
                if answer is not None:
                    misfits[question.name] = Misfit("not_asked")
            elif answer is None:
                if question.required:
                    missing.append(question.name)
            else:
                found = _judged(past.get(question.name), question, answer)
                if isinstance(found, Misfit):
                    misfits[question.name] = found
                else:
                    clean[question.name] = found[0]
        known = {question.name for question in self.present.questions}
        misfits |= {name: Misfit("question_gone") for name in given if name not in known}
        return Carried(clean, misfits, tuple(missing))


def _judged(old: Question | None, new: Question, answer: Any) -> Misfit | tuple[Any]:
    """The answer in the new question's canonical form, in a tuple of one, or why it does not fit."""
    kind: str = new.kind  # type: ignore[attr-defined]
    if old is None:  # the question was gone for a while: its answers are not known to be about the same
        return Misfit("question_gone")
    if old.kind != kind:  # type: ignore[attr-defined]
        return Misfit("kind_changed", old.kind)  # type: ignore[attr-defined]
    if about(old) != about(new):
        return Misfit("column_changed", ", ".join(about(old)))
    try:
        return (kind_of(new).validate(new, answer, None),)
    except BadAnswer as error:
        gone = sorted(_labels_in(answer) - set(labels_of(new))) if labels_of(new) else []
        return Misfit("label_gone", gone[0]) if gone else Misfit("no_fit", error.message)
    except (KeyError, TypeError, ValueError, AttributeError):  # not in the form of its kind at all
        return Misfit("no_fit")


def about(question: Question) -> tuple[str, ...]:
    """The columns that an answer is about: under others it says nothing. Of kinds that judge the row as a whole, none."""
    candidates: tuple[str, ...] = getattr(question, "candidates", ())
    kind: str = question.kind  # type: ignore[attr-defined]
    return candidates or ((question.on,) if kind in SURFACES else ())


def labels_of(question: Question) -> tuple[str, ...]:
    """The labels of a question, those of relations and ratings among them."""
    rating = getattr(question, "rating", None)
    relations: Any = getattr(question, "relations", ())
    found = [*getattr(question, "labels", ()), *(one["label"] for one in relations)]
    if isinstance(rating, Mapping):
        found += rating.get("labels", ())
    return tuple(dict.fromkeys(found))


def _labels_in(answer: Any, bare: bool = True) -> set[str]:
    if isinstance(answer, str):
        return {answer} if bare else set()
    if isinstance(answer, list | tuple):
        return set().union(*(_labels_in(one, bare) for one in answer))
    if not isinstance(answer, Mapping):
        return set()
    inside = (_labels_in(one, name in _LABEL_FIELDS) for name, one in answer.items())
    return set().union(*inside)


def _relabelled(answer: Any, names: Mapping[str, str], bare: bool = True) -> Any:
    """The answer with new names of labels, wherever its kind keeps them."""
    if isinstance(answer, str):
        return names.get(answer, answer) if bare else answer
    if isinstance(answer, list | tuple):
        return [_relabelled(one, names, bare) for one in answer]
    if isinstance(answer, Mapping):
        return {name: _relabelled(one, names, name in _LABEL_FIELDS) for name, one in answer.items()}
    return answer


def _followed(later: Sequence[Schema]) -> dict[str, dict[str, str]]:
    """question → label → its present name, through all later renames."""
    found: dict[str, dict[str, str]] = {}
    for one in later:
        for name, pairs in one.renamed.items():
            before = found.get(name, {})
            after = {label: pairs.get(now, now) for label, now in before.items()}
            # A label that is a new name already is not renamed a second time by its old one.
            found[name] = {**{old: new for old, new in pairs.items() if old not in before}, **after}
    return found


def read_renamed(data: Any, old: Sequence[Question], new: Sequence[Question]) -> dict[str, dict[str, str]]:
    """question → old label → new label, checked against both versions. Raises `BadInput`."""
    if not isinstance(data, Mapping):
        raise BadInput("Renames come as an object: question → {old label: new label}.")
    before, after = {q.name: q for q in old}, {q.name: q for q in new}
    found: dict[str, dict[str, str]] = {}
    for name, pairs in data.items():
        if name not in before or name not in after:
            raise BadInput(
                f"“{str(name)[:60]}” is no question before and after the change: nothing in it can be renamed."
            )
        if not isinstance(pairs, Mapping) or len(pairs) > MAX_RENAMED:
            raise BadInput(f"“{name}”: renames come as an object, old label → new label.")
        olds, news = set(labels_of(before[name])), set(labels_of(after[name]))
        for label, to in pairs.items():
            if label not in olds:
                raise BadInput(
                    f"“{name}” has no label {brief(label)} to rename.", "Labels: " + ", ".join(sorted(olds)[:12])
                )
            if to not in news:
                raise BadInput(f"“{name}”: {brief(to)} is none of the new labels.", "Name one that will be there.")
        if pairs:
            found[name] = {str(label): str(to) for label, to in pairs.items()}
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """New questions and content of a project, checked; `renamed` as `read_renamed` gives it."""

    questions: tuple[Question, ...]
    content: tuple[Block, ...]
    renamed: Renames

    def is_nothing(self, project: Project) -> bool:
        """Whether the project asks and shows just this already."""
        same = _questions_text(self.questions) == _questions_text(project.questions)
        return same and self.content == project.content and not self.renamed


def read_change(project: Project, questions: Any, content: Any, renamed: Any) -> Change:
    """A change from its JSON form; None for questions or content leaves them. Raises `BadInput` with what is wrong."""
    blocks = project.content if content is None else read_blocks(content)
    asked = project.questions if questions is None else read_questions(questions)
    asked = with_columns(asked, blocks, project.text_column)
    return Change(asked, blocks, read_renamed(renamed or {}, project.questions, asked))


def carrier_of(tx: Transaction, project: Project, change: Change | None = None) -> Carrier:
    """How this project's answers are read now; with `change`, how they would be after it."""
    found = [Schema(project.schema_version, project.questions)]
    if project.schema_version > 1 or change is not None:
        found = [_schema(row["version"], row["questions"], row["renamed"]) for row in _schema_rows(tx, project.id)]
    if change is not None:
        found.append(Schema(project.schema_version + 1, change.questions, change.renamed))
    return Carrier(found)


def _schema_rows(tx: Transaction, project_id: str) -> list[Row]:
    return tx.all("schema_list", project_id=project_id)


@lru_cache(maxsize=256)
def _schema(version: int, questions: str, renamed: str) -> Schema:
    return Schema(version, rows.questions(questions), json.loads(renamed))


def renamed_since(tx: Transaction, project: Row, version: int | None, answers: Any) -> Any:
    """Answers that a worker gave to the questions of `version`, in the present names of labels."""
    if version is None or version >= project["schema_version"]:
        return answers
    return carrier_of(tx, rows.project(project)).renamed(version, answers)


def carried(tx: Transaction, project: Project, version: int, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What fits of stored answers: for whoever gave them, and looks at them again."""
    if version == project.schema_version:
        return dict(answers)
    return carrier_of(tx, project).carry(version, answers).answers


def ends_leases(project: Project, change: Change) -> bool:
    """Whether what is under way cannot go on: what is compared blind was drawn for the old questions."""

    def compared(questions: Sequence[Question]) -> dict[str, tuple[str, ...]]:
        return {one.name: one.candidates for one in questions if getattr(one, "candidates", ())}  # type: ignore[attr-defined]

    return compared(project.questions) != compared(change.questions)


def after(project: Project, change: Change) -> Project:
    """The project with the change made, as its rows are read then. Rows that say what they offer name labels as they were
    when they came: they are read through all renames since."""
    renamed = project.renamed
    if project.settings.asks:
        renamed = _followed([Schema(0, (), renamed), Schema(0, (), change.renamed)])
    return replace(project, questions=change.questions, content=change.content, renamed=renamed)


def change_schema(tx: Transaction, actor_id: str, project: Project, seen_version: int, change: Change) -> Project:
    """Write the change: a new version of the questions, in one transaction for everybody. Answers stay as they are.

    Raises VersionConflict if the project was changed since `seen_version`.
    """
    questions, content = _questions_text(change.questions), rows.to_json([block_to_json(one) for one in change.content])
    version = project.schema_version + 1
    changed = tx.run(
        "project_set_schema", id=project.id, seen_version=seen_version, questions=questions, content=content,
        renamed=rows.to_json(after(project, change).renamed),
    )  # fmt: skip
    if changed == 0:
        raise VersionConflict(
            "The project was changed meanwhile.", "Load it again, and look at what the change would do now.",
            current_version=project_row(tx, project.id)["version"],
        )  # fmt: skip
    tx.run(
        "schema_insert", project_id=project.id, version=version, questions=questions, content=content,
        by_worker=actor_id, at=tx.now, renamed=rows.to_json(change.renamed),
    )  # fmt: skip
    tx.run("project_count_touch", project_id=project.id)  # what is inferred rests on the questions too
    if ends_leases(project, change):
        for lease in tx.all("lease_live_of_project", project_id=project.id):
            end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the questions were changed")
    record(
        tx, "project.schema", actor_id, project_id=project.id, object_id=project.id,
        data=json.dumps({"from": project.schema_version, "to": version, "renamed": change.renamed}, ensure_ascii=False),
    )  # fmt: skip
    return rows.project(project_row(tx, project.id))


def _questions_text(questions: Sequence[Question]) -> str:
    return rows.to_json([question_to_json(one) for one in questions])
