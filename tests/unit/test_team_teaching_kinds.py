"""Gold teaches whom to believe also where answers are sets, numbers or comparisons; where a model has no place for what is
known, it changes nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kinds_world import answer, hire, make

from tawsim.core.records import Project
from tawsim.kinds import read_questions
from tawsim.labelling.gold import Known, make_known
from tawsim.labelling.projects import update_project
from tawsim.loop.following import ProjectTruth, judge
from tawsim.loop.teaching import known_answers
from tawsim.store import rows
from tawsim.workspaces.workspace import Workspace

GOLD, WORK = 20, 12
LABELS = ["a", "b", "c", "d"]
Say = Callable[[int], Any]


def ring(i: int) -> list[str]:
    return [LABELS[i % 4], LABELS[(i + 1) % 4]]


# A question; what is right for the task of a number; what the one says who is wrong.
SETS = (
    {"kind": "choices", "name": "q", "labels": LABELS},
    ring,
    lambda i: [one for one in LABELS if one not in ring(i)],
)
NUMBERS = ({"kind": "number", "name": "q"}, lambda i: float(i * 7 % 50), lambda i: float(i * 13 % 50) + 30)
TWO = (
    {"kind": "pairwise", "name": "q", "candidates": ["left", "right"]},
    lambda i: {"best": "left" if i % 3 else "right"}, lambda i: {"best": "right" if i % 3 else "left"},
)  # fmt: skip
STEPS = ({"kind": "scale", "name": "q", "low": 1, "high": 5}, lambda i: i % 5 + 1, lambda i: 5 - i % 5)
TEXTS = ({"kind": "text", "name": "q"}, lambda i: f"word {i}", lambda i: f"another {i}")


class School:
    """Two who answer all and disagree everywhere; the first `GOLD` tasks are the ones whose answers come to be known."""

    def __init__(self, workspace: Workspace, question: dict[str, Any], right: Say, wrong: Say) -> None:
        self.workspace, self.right = workspace, right
        content = [{"text": f"t{i}", "left": f"l{i}", "right": f"r{i}"} for i in range(GOLD + WORK)]
        self.content = content
        self.project: Project = make(workspace, [question], content, overlap=3)
        self.good, self.bad = hire(workspace, "good"), hire(workspace, "bad")
        for worker, say in ((self.good, right), (self.bad, wrong)):
            answer(workspace, self.project, worker, content, [{"q": say(i)} for i in range(GOLD + WORK)])

    def teach(self, say: Say | None = None) -> None:
        def work(tx: Any) -> None:
            for row in tx.all("task_page", project_id=self.project.id, after=0, visible_seq=1 << 40, n=GOLD):
                known = Known({"q": (say or self.right)(row["seq"] - 1)})
                make_known(tx, self.workspace.owner_id, row["id"], known)

        self.workspace.db.write(work)

    def truth(self) -> ProjectTruth:
        with self.workspace.db.read() as tx:
            project = rows.project(tx.one("project_get", id=self.project.id))
        return judge(self.workspace.db, project, project.questions[0]).truth

    def far(self) -> float:
        """The share of the work whose truth is not what the good one said; of numbers, by how much it differs."""
        truth, off = self.truth(), []
        for seq in range(GOLD + 1, GOLD + WORK + 1):
            place = truth.place(seq)
            assert place is not None
            said, wanted = truth.label(place), self.right(seq - 1)
            off.append(abs(said - wanted) if isinstance(wanted, float) else float(_plain(said) != _plain(wanted)))
        return float(np.mean(off))


def _plain(answer: Any) -> Any:
    return sorted(answer) if isinstance(answer, list | tuple) else answer


@pytest.mark.parametrize("kind", [SETS, NUMBERS, TWO], ids=lambda kind: kind[0]["kind"])
def test_of_two_who_disagree_gold_tells_whom_to_believe(workspace: Workspace, kind: Any) -> None:
    school = School(workspace, *kind)
    untaught = school.far()
    assert untaught > 0.3
    school.teach()
    assert school.far() < 0.5 * untaught
    skill = {one.worker: one.accuracy for one in school.truth().workers}
    if kind is not NUMBERS:  # of whom errors are told, not a share
        assert skill[school.good] > skill[school.bad]


@pytest.mark.parametrize("kind", [SETS, NUMBERS, TWO], ids=lambda kind: kind[0]["kind"])
def test_nothing_of_gold_stands_in_the_truth(workspace: Workspace, kind: Any) -> None:
    school = School(workspace, *kind)
    school.teach()
    with workspace.db.read() as tx:
        version = tx.one("project_get", id=school.project.id)["version"]  # type: ignore[index]
    mixed_in = {"settings": {"gold": {"on": True, "lowest": 1.0, "highest": 1.0}}}
    workspace.db.write(lambda tx: update_project(tx, workspace.owner_id, school.project.id, version, mixed_in))
    newcomer = hire(workspace, "of gold alone")
    answer(workspace, school.project, newcomer, school.content, [{"q": school.right(0)}] * 5)
    with workspace.db.read() as tx:
        given = tx.all("annotation_mine", project_id=school.project.id, worker_id=newcomer, before="~", n=50)
        purposes = {tx.one("task_get", id=row["task_id"])["purpose"] for row in given}  # type: ignore[index]
    assert (len(given), purposes) == (5, {"gold"})
    truth = school.truth()
    assert sorted(truth.seqs.tolist()) == list(range(GOLD + 1, GOLD + WORK + 1))
    assert truth.answers.tolist() == [2] * WORK
    assert {one.worker for one in truth.workers} == {school.good, school.bad}
    assert truth.agreement is not None
    assert truth.agreement.tasks == WORK


def test_what_no_longer_fits_the_question_teaches_nothing(workspace: Workspace) -> None:
    school = School(workspace, *SETS)
    school.teach()

    def known(question: dict[str, Any]) -> dict[int, Any]:
        (read,) = read_questions([question])
        with workspace.db.read() as tx:
            return {
                seq: one.answer for seq, one in known_answers(tx, read, school.project.id, visible_seq=1 << 40).items()
            }

    assert known(SETS[0]) == {i + 1: sorted(ring(i)) for i in range(GOLD)}
    fewer = known({**SETS[0], "labels": ["a", "b", "c"]})
    assert list(fewer) == [i + 1 for i in range(GOLD) if "d" not in ring(i)]
    assert known(NUMBERS[0]) == known(TWO[0]) == known(STEPS[0]) == {}


@pytest.mark.parametrize("kind", [STEPS, TEXTS], ids=lambda kind: kind[0]["kind"])
def test_where_a_model_takes_nothing_that_is_known_gold_leaves_the_work_as_it_is(
    workspace: Workspace, kind: Any
) -> None:
    school = School(workspace, *kind)
    school.teach()
    taught = school.truth()
    school.teach(kind[2])  # the other thing is known
    again = school.truth()
    assert [taught.label(i) for i in range(WORK)] == [again.label(i) for i in range(WORK)]
    assert taught.seqs.tolist() == again.seqs.tolist() == list(range(GOLD + 1, GOLD + WORK + 1))
