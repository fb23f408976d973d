"""A truth that was learned beside is what it would have been here: its columns, its people, and what it judges from then on."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from kinds_world import answer, hire, make

from tawsim.core.errors import BadInput
from tawsim.core.records import Project
from tawsim.kinds import KINDS, question_to_json
from tawsim.loop.carried import as_bytes, from_carried
from tawsim.loop.following import Following, judge
from tawsim.truth import MODELS, Votes, infer
from tawsim.truth.model import PER_TASK, without_tasks
from tawsim.truth.state import from_bytes, to_bytes
from tawsim.workspaces.workspace import Workspace

LABELS = ("a", "b", "ج")


def same(one: Any, other: Any) -> bool:
    """Equal all the way down, arrays and their types too."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or (one != one and other != other))


def carried(found: Following) -> Following:
    return from_carried(as_bytes(found), found.truth.project, found.truth.question)


@pytest.fixture(params=sorted(KINDS))
def answered(workspace: Workspace, request: pytest.FixtureRequest) -> Project:
    """Three people answer three tasks of the kind; two of them the same."""
    example = KINDS[request.param].example
    rows = [dict(example.content) for _ in range(3)]
    for n, row in enumerate(rows):
        row["row"] = str(n)
    project = make(workspace, [question_to_json(example.question)], rows)
    name = project.questions[0].name
    for person, said in (("Ann", example.one), ("باسم", example.one), ("Cem", example.other)):
        answer(workspace, project, hire(workspace, person), rows, [{name: said}] * 3)
    return project


def test_of_every_kind_all_comes_over(workspace: Workspace, answered: Project) -> None:
    found = judge(workspace.db, answered, answered.questions[0])
    other = carried(found)
    assert len(found.truth.seqs) == 3
    for one in fields(found.truth):
        assert same(getattr(found.truth, one.name), getattr(other.truth, one.name)), one.name
    assert (other.misfits, other.unasked) == (found.misfits, found.unasked)
    assert (other.fitted is None) == (found.fitted is None)
    assert other.is_unfollowed == found.is_unfollowed


@pytest.mark.parametrize("model", ["auto", *sorted(MODELS)])
def test_a_model_without_its_tasks_judges_as_before(model: str) -> None:
    chance = np.random.default_rng(7)
    table = [
        (t, w, LABELS[int(chance.integers(3))] if chance.random() < 0.3 else LABELS[t % 3])
        for t in range(60)
        for w in "uvwxyz"
    ]
    fitted = infer(Votes.from_table(table), model).fitted
    assert fitted is not None
    others = Votes.from_table([(t, w, LABELS[(t + (w == "u")) % 3]) for t in range(9) for w in "uvq"])
    slim = from_bytes(to_bytes({"model": without_tasks(fitted)}))["model"]
    assert np.array_equal(slim.predict_proba(others), fitted.predict_proba(others))
    assert len(slim.tasks_) == 0 < len(fitted.tasks_)
    long = [name for name, value in vars(slim).items() if isinstance(value, np.ndarray | tuple) and len(value) == 60]
    assert not long, f"of each task: {long}; is it in {PER_TASK}?"


def test_what_was_carried_is_followed_like_what_was_learned_here(workspace: Workspace) -> None:
    rows = [{"text": f"t{i}"} for i in range(30)]
    question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
    project = make(workspace, [question], rows, overlap=4)
    people = [hire(workspace, name) for name in "uvwx"]
    for place, person in enumerate(people[:3]):
        given = [{"label": LABELS[i % 3 if i % 7 else place]} for i in range(30)]
        answer(workspace, project, person, rows, given)
    found = judge(workspace.db, project, project.questions[0])
    other = carried(found)
    answer(workspace, project, people[3], rows, [{"label": "ج"}] * 12)
    assert found.catch_up(workspace.db)
    assert other.catch_up(workspace.db)
    assert not other.is_exact
    for name in ("seqs", "best", "p", "probabilities", "votes", "answers", "total", "revision"):
        assert same(getattr(found.truth, name), getattr(other.truth, name)), name


def test_nothing_else_is_taken_for_a_truth(workspace: Workspace) -> None:
    project = make(workspace, [{"kind": "choice", "name": "label", "labels": ["a", "b"]}], [{"text": "one"}])
    data = as_bytes(judge(workspace.db, project, project.questions[0]))
    for wrong in (b"", b"PK\x03\x04", data[: len(data) // 2]):
        with pytest.raises(BadInput):
            from_carried(wrong, project, project.questions[0])
    changed = replace(project, schema_version=project.schema_version + 1)
    with pytest.raises(BadInput, match="was changed"):
        from_carried(data, changed, project.questions[0])
    with pytest.raises(BadInput, match="cannot be written"):
        to_bytes({"f": object()})
