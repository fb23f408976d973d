"""A chat task of the second version goes to people and comes back: batch, queue, answer, threads, submissions, delivery."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from scaleapi.api_client.v2 import BatchOperationRequest, Option, TaskStatus
from tests.api.scale_served import served
from tests.api.scale_v2_world import WAIT_S, Side

from tawsim.core.clock import system_clock
from tawsim.core.ids import new_id
from tawsim.loop.scale.v2_deliveries import ToDeliver, deliver
from tawsim.loop.scale.v2_finding import Named
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker

PROMPT = "اكتب بيتًا عن البحر."


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    with served(tmp_path, watching=True) as server:
        yield Side(server, "live", server.client("live"))


def wait(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


class Person:
    """Somebody who labels, by the native API."""

    def __init__(self, side: Side, name: str) -> None:
        workspace = side.server.workspace
        self.id = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, name, name)).id
        token = side.server.state.accounts.write(
            lambda tx: accounts.issue(tx, "token", Identity(workspace.id, self.id))
        )
        self._url, self._headers = side.server.url + "/api/v1", {"authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any) -> Any:
        found = requests.post(self._url + path, json=body, headers=self._headers, timeout=WAIT_S)
        assert found.status_code == 200, found.text
        return found.json()

    def lease(self, project_id: str) -> Any:
        """The next task, once there is one."""
        return wait(lambda: next(iter(self.post(f"/projects/{project_id}/next", {"count": 1})["leases"]), None))

    def submit(self, lease: Any, answers: Any) -> None:
        self.post(f"/leases/{lease['lease']['id']}/submit", {"key": new_id(system_clock()), "answers": answers})


def completed(side: Side, task_id: str) -> Any:
    def look() -> Any:
        found = side.v2.get_task(task_id, opts=list(Option))
        return found if found.status == TaskStatus.COMPLETED else None

    return wait(look)


def keyed(annotations: Any) -> dict[str, Any]:
    return {one.actual_instance.key: one.actual_instance for one in annotations}


def test_preferences_with_rewrites_and_dimensions(side: Side) -> None:
    layla = Person(side, "ليلى")
    project = side.project(
        types=["RLHF: Pref Ranking with Rewrites"], likert=7, rewrite=True, justification="required",
        dimensions=[{"key": "fluency", "labels": ["سليم", "ركيك"]}],
    )  # fmt: skip
    batch = side.batch(project)
    project_id = batch.project.actual_instance
    responses = [{"content": "البحرُ يحكي", "source_id": "model-a"}, {"content": "The sea", "source_id": "model-b"}]
    made = side.chat(batch_id=batch.id, template_variables={"prompt": PROMPT, "responses": responses})
    time.sleep(0.6)  # longer than the placer takes
    assert layla.post(f"/projects/{project_id}/next", {"count": 1})["leases"] == []  # nobody is asked before
    side.v2.finalize_batch(BatchOperationRequest(batch_id=batch.id))
    lease = layla.lease(project_id)
    shown = {one["name"]: one["value"] for one in lease["task"]["candidates"]["preference"]}
    first = next(name for name, value in shown.items() if value == "البحرُ يحكي")
    layla.submit(
        lease,
        {
            "preference": {"best": first, "strength": 2}, "rewrite": "البحرُ يروي لنا", "justification": "أسلم لغةً",
            "fluency": {"messages": {"0": {"rating": "سليم"}, "1": {"rating": "ركيك"}}},
        },
    )  # fmt: skip
    found = completed(side, made.task_id)
    turn = found.threads[0].turns[0]
    told = keyed(turn.annotations)
    assert told["selected_model_id"].value == "model-a"
    assert told["likert_value"].value == 2
    assert told["justification"].value == "أسلم لغةً"
    user, better, worse = turn.messages
    assert (user.role.value, user.content.text) == ("user", PROMPT)
    assert (better.source_id, worse.source_id) == ("model-a", "model-b")
    assert keyed(better.annotations)["rewrite"].value == "البحرُ يروي لنا"
    assert keyed(better.annotations)["fluency"].value == "سليم"
    assert keyed(worse.annotations)["fluency"].value == "ركيك"
    assert [one.contributor_id for one in found.threads[0].submissions] == [layla.id]
    one = told["selected_model_id"]
    assert side.v2.get_annotation(one.id).actual_instance.value == one.value
    assert wait(lambda: side.v2.get_batch(batch_id=batch.id).status.value == "completed")
    assert side.v2.get_batches(status="completed").batches[0].completed_at is not None
    row = deliver(side.world.db, side.world.actor_id, ToDeliver(Named(name=project.name), "w"))
    frozen = side.v2.get_delivery(delivery_id=row["id"], opts=list(Option)).tasks
    assert [one.to_dict() for one in frozen] == [found.to_dict()]


def test_a_response_that_somebody_writes(side: Side) -> None:
    omar = Person(side, "Omar")
    project = side.project(types=["SFT"])
    made = side.chat(
        project_name=project.name,
        template_variables={"messages": [{"role": "user", "content": PROMPT}], "context": "شعر"},
    )
    lease = omar.lease(made.project.actual_instance)
    assert any("شعر" in str(value) for value in lease["task"]["content"].values())
    omar.submit(lease, {"response": "البحرُ مرآةُ السماء"})
    messages = completed(side, made.task_id).threads[0].turns[-1].messages
    assert [(one.role.value, one.content.text) for one in messages] == [
        ("user", PROMPT), ("assistant", "البحرُ مرآةُ السماء"),
    ]  # fmt: skip


def test_each_message_of_a_conversation_is_rated(side: Side) -> None:
    sara = Person(side, "سارة")
    project = side.project(types=["Evals"], rating={"low": 1, "high": 5}, comment=True)
    talk = [
        {"role": "system", "content": "أجب بإيجاز."}, {"role": "user", "content": "ما عاصمة المغرب؟"},
        {"role": "assistant", "content": "فاس.", "source_id": "m"}, {"role": "user", "content": "حقًّا؟"},
        {"role": "tool", "content": "{}"}, {"role": "assistant", "content": "الرباط.", "source_id": "m"},
    ]  # fmt: skip
    made = side.chat(project_name=project.name, template_variables={"messages": talk})
    lease = sara.lease(made.project.actual_instance)
    sara.submit(lease, {"rating": {"messages": {"2": {"rating": 1, "comment": "خطأ"}, "5": {"rating": 5}}}})
    turns = completed(side, made.task_id).threads[0].turns
    assert [[one.role.value for one in turn.messages] for turn in turns] == [
        ["system", "user", "assistant"], ["user", "function", "assistant"],
    ]  # fmt: skip
    wrong, right = turns[0].messages[-1], turns[1].messages[-1]
    assert (keyed(wrong.annotations)["rating"].value, keyed(wrong.annotations)["comment"].value) == (1, "خطأ")
    assert keyed(right.annotations)["rating"].value == 5
    assert keyed(right.annotations)["rating"].possible_values == [1, 2, 3, 4, 5]


def test_criteria_of_a_prompts_own_are_scored(side: Side) -> None:
    noor = Person(side, "نور٢")
    project = side.project(types=["Rubrics"])
    rubric = [{"criterion": "مختصرة", "weight": 2}, {"id": "kind", "criterion": "Kind", "high": 4}]
    talk = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": "بحر.", "source_id": "m"}]
    made = side.chat(project_name=project.name, template_variables={"messages": talk, "rubric": rubric})
    lease = noor.lease(made.project.actual_instance)
    noor.submit(lease, {f"criterion {n}": {"messages": {"0": {"rating": score}}} for n, score in ((1, 1), (2, 3))})
    turn = completed(side, made.task_id).threads[0].turns[0]
    definitions = turn.rubrics[0].criteria_definitions
    assert [(one.criterion, one.weight) for one in definitions] == [("مختصرة", 2), ("Kind", 1)]
    evaluation = turn.messages[-1].rubric_evaluations[0]
    assert (evaluation.total_score, evaluation.percentage, turn.rubrics[0].max_total_score) == (5, 83.33, 6)
    assert [one.criterion_definition_id for one in evaluation.criteria_evaluations] == [one.id for one in definitions]
