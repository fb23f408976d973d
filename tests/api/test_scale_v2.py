"""The second version by Scale's own client: each call, in the world of test keys and in that of live ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from scaleapi.api_client.v2 import (
    BatchOperationRequest,
    BatchStatus,
    CreateBatchRequest,
    ExpandableEnumBatch,
    ExpandableEnumTask,
    Option,
    SetBatchMetadataRequest,
    SetTaskMetadataRequest,
    TaskStatus,
)
from scaleapi.api_client.v2.exceptions import BadRequestException, ConflictException, NotFoundException
from scaleapi.tasks import TaskType
from tests.api.scale_v2_world import Side, both_worlds

from tawsim.loop.scale import outcomes, v2_batches


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Side]]:
    with both_worlds(tmp_path_factory.mktemp("v2")) as found:
        yield found


@pytest.fixture(params=["test", "live"])
def side(request: pytest.FixtureRequest, worlds: dict[str, Side]) -> Side:
    return worlds[request.param]


def instance(expandable: Any) -> Any:
    return expandable.actual_instance


def test_projects_by_id_and_by_name_with_their_kinds_of_work(side: Side) -> None:
    made = side.project(types=["RLHF: Pref Ranking"], models=["m-1"])
    found = side.v2.get_project(project_name=made.name)
    assert (found.name, found.types, found.models) == (made.name, ["RLHF: Pref Ranking"], ["m-1"])
    assert side.v2.get_project(project_id=found.id) == found
    assert side.v2.get_project(project_id=found.id, project_name=made.name) == found
    assert found in side.v2.get_projects().projects
    moment = found.created_at
    assert found in side.v2.get_projects(created_after=moment).projects
    assert found not in side.v2.get_projects(created_before=moment).projects
    assert found not in side.v2.get_projects(created_after=moment + timedelta(seconds=1)).projects


def test_each_world_has_its_own(worlds: dict[str, Side]) -> None:
    made = worlds["test"].project()
    assert worlds["test"].v2.get_project(project_name=made.name).name == made.name
    with pytest.raises(NotFoundException):
        worlds["live"].v2.get_project(project_name=made.name)
    task = worlds["test"].chat(project_name=made.name)
    with pytest.raises(NotFoundException):
        worlds["live"].v2.get_task(task.task_id)


def test_a_batch_and_what_it_belongs_to(side: Side) -> None:
    project = side.project()
    made = side.batch(project, metadata={"a": {"b": 1}, "ك": "ق"}, callback="https://example.com/done")
    assert made.status == (BatchStatus.IN_PROGRESS if side.mode == "test" else BatchStatus.STAGING)
    assert made.metadata == {"a": {"b": 1}, "ك": "ق"}
    assert made.callback == "https://example.com/done"
    assert side.v2.get_batch(batch_name=made.name) == made
    assert instance(made.project) == side.v2.get_project(project_name=project.name).id
    whole = side.v2.get_batch(batch_id=made.id, expand=[ExpandableEnumBatch.PROJECT])
    assert instance(whole.project).name == project.name
    with pytest.raises(ConflictException) as told:
        side.v2.create_batch(CreateBatchRequest(name=made.name, project_name=project.name))
    assert made.name in told.value.body
    assert side.batch(project, staging_batch=True).status == BatchStatus.STAGING


def test_the_life_of_a_batch(side: Side) -> None:
    made = side.batch(side.project(), staging_batch=True)
    one = BatchOperationRequest(batch_id=made.id)
    for refused in (side.v2.pause_batch, side.v2.resume_batch):
        with pytest.raises(BadRequestException):
            refused(one)
    assert side.v2.finalize_batch(BatchOperationRequest(batch_name=made.name)).status == BatchStatus.IN_PROGRESS
    with pytest.raises(BadRequestException):
        side.v2.finalize_batch(one)
    paused = side.v2.pause_batch(one)  # an empty one too
    assert (paused.batch.status, bool(paused.message)) == (BatchStatus.PAUSED, True)
    with pytest.raises(BadRequestException):
        side.v2.pause_batch(one)
    assert side.v2.resume_batch(one).batch.status == BatchStatus.IN_PROGRESS
    side.v2.pause_batch(one)
    assert side.v2.cancel_batch(one).batch.status == BatchStatus.CANCELLED
    for refused in (side.v2.resume_batch, side.v2.cancel_batch, side.v2.finalize_batch, side.v2.pause_batch):
        with pytest.raises(BadRequestException):
            refused(one)
    assert side.v2.get_batch(batch_id=made.id).status == BatchStatus.CANCELLED


def test_tasks_of_a_cancelled_batch_are_canceled_with_it(worlds: dict[str, Side]) -> None:
    side = worlds["live"]
    made = side.batch(side.project())
    tasks = [side.chat(batch_id=made.id).task_id for _ in range(3)]
    v2_batches_at_once, v2_batches.CANCELED_AT_ONCE = v2_batches.CANCELED_AT_ONCE, 2
    try:
        side.v2.cancel_batch(BatchOperationRequest(batch_id=made.id))
        states = [side.v2.get_task(one).status for one in tasks]
        assert sorted(one.value for one in states) == ["canceled", "canceled", "pending"]
        assert v2_batches.cancel_more(side.world)  # the rest in the background, after a crash too
        assert not v2_batches.cancel_more(side.world)
    finally:
        v2_batches.CANCELED_AT_ONCE = v2_batches_at_once
    assert {side.v2.get_task(one).status for one in tasks} == {TaskStatus.CANCELED}
    with pytest.raises(BadRequestException):
        side.chat(batch_id=made.id)


def test_a_batch_whose_tasks_were_all_canceled_is_completed_when_it_begins(worlds: dict[str, Side]) -> None:
    live = worlds["live"]
    made = live.batch(live.project())
    task = live.chat(batch_name=made.name)
    live.v1.cancel_task(task.task_id)
    begun = live.v2.finalize_batch(BatchOperationRequest(batch_name=made.name))
    assert begun.status == BatchStatus.COMPLETED


def test_batches_in_pages_with_every_filter(side: Side) -> None:
    project, other = side.project(), side.project()
    made = [side.batch(project) for _ in range(5)]
    side.batch(other)
    side.v2.pause_batch(BatchOperationRequest(batch_id=made[2].id)) if side.mode == "test" else side.v2.finalize_batch(
        BatchOperationRequest(batch_id=made[2].id)
    )
    pages, token = [], None
    while True:
        page = side.v2.get_batches(project_name=project.name, limit=2, next_token=token)
        pages.append([one.id for one in page.batches])
        token = page.next_token
        if token is None:
            break
        side.batch(project)  # made during the walk: it neither repeats nor hides another
    assert pages == [[made[4].id, made[3].id], [made[2].id, made[1].id], [made[0].id]]
    state = BatchStatus.PAUSED if side.mode == "test" else BatchStatus.IN_PROGRESS
    assert [one.id for one in side.v2.get_batches(project_name=project.name, status=state).batches] == [made[2].id]
    after = side.v2.get_batches(project_name=project.name, created_after=made[3].created_at).batches
    assert made[2].id not in [one.id for one in after]
    assert made[4].id in [one.id for one in after]
    assert side.v2.get_batches(project_name=project.name, completed_after=made[0].created_at).batches == []
    everywhere = side.v2.get_batches(expand=[ExpandableEnumBatch.PROJECT]).batches
    assert {instance(one.project).name for one in everywhere} >= {project.name, other.name}


def test_metadata_are_replaced_or_merged_to_the_bottom(side: Side) -> None:
    made = side.batch(side.project(), metadata={"a": {"b": 1, "c": [1]}, "d": 1})
    told = side.v2.set_batch_metadata(
        SetBatchMetadataRequest(batch_name=made.name, metadata={"a": {"b": 2, "e": {}}, "f": None}, merge=True)
    )
    assert told.metadata == {"a": {"b": 2, "c": [1], "e": {}}, "d": 1, "f": None}
    told = side.v2.set_batch_metadata(SetBatchMetadataRequest(batch_id=made.id, metadata={}))
    assert told.metadata == {}
    task = side.chat(batch_id=made.id, metadata={"k": {"a": 1}})
    more = SetTaskMetadataRequest(task_id=task.task_id, metadata={"k": {"ب": 2}}, merge=True)
    assert side.v2.set_task_metadata(more).metadata == {"k": {"a": 1, "ب": 2}}
    assert side.v2.get_task(task.task_id).metadata == {"k": {"a": 1, "ب": 2}}
    assert side.v2.set_task_metadata(SetTaskMetadataRequest(task_id=task.task_id, metadata={"n": 1})).metadata == {
        "n": 1
    }


def test_a_chat_task_of_a_test_key_is_complete_at_once(worlds: dict[str, Side]) -> None:
    side = worlds["test"]
    project = side.project()
    batch = side.batch(project)
    made = side.chat(batch_name=batch.name, metadata={"n": 1})
    assert made.status == TaskStatus.COMPLETED
    assert made.completed_at is not None
    assert (instance(made.project), instance(made.batch)) == (instance(batch.project), batch.id)
    found = side.v2.get_task(
        made.task_id, expand=[ExpandableEnumTask.PROJECT, ExpandableEnumTask.BATCH], opts=list(Option)
    )
    assert (instance(found.project).name, instance(found.batch).name) == (project.name, batch.name)
    turn = found.threads[0].turns[0]
    assert [one.role.value for one in turn.messages] == ["user", "assistant", "assistant"]
    assert [one.content.text for one in turn.messages] == ["ما عاصمة المغرب؟", "الرباط", "فاس"]
    told = {instance(one).key: instance(one) for one in turn.annotations}
    assert {"likert_value", "selected_model_id"} <= set(told)
    assert told["selected_model_id"].value in [one.source_id for one in turn.messages[1:]]
    assert told["likert_value"].possible_values == list(range(1, 8))
    bare = side.v2.get_task(made.task_id).threads[0]
    assert bare.submissions is None
    assert instance(bare.turns[0].annotations[0]).possible_values is None
    for one in turn.annotations:
        assert instance(side.v2.get_annotation(instance(one).id)) == instance(one)


def test_a_chat_task_of_a_live_key_waits_for_people(worlds: dict[str, Side]) -> None:
    side = worlds["live"]
    project = side.project()
    made = side.chat(project_name=project.name)
    assert (made.status, made.threads, made.completed_at, made.batch) == (TaskStatus.PENDING, [], None, None)
    assert side.v2.get_task(made.task_id) == made


def test_tasks_in_pages_that_survive_inserts(side: Side) -> None:
    project = side.project()
    batch = side.batch(project)
    made = [side.chat(batch_id=batch.id, project_name=project.name).task_id for _ in range(5)]
    asked: dict[str, Any] = {"project_id": instance(batch.project), "limit": 2}
    first = side.v2.get_tasks(**asked)
    side.chat(project_name=project.name)
    second = side.v2.get_tasks(**asked, next_token=first.next_token)
    third = side.v2.get_tasks(**asked, next_token=second.next_token)
    walked = [one.task_id for page in (first, second, third) for one in page.tasks]
    assert walked == made[::-1]
    assert third.next_token is None
    walk = [one.task_id for one in side.v1.v2_get_tasks(batch_name=batch.name, limit=2)]
    assert walk == made[::-1]


def test_tasks_by_state_and_by_the_time_of_their_completion(worlds: dict[str, Side]) -> None:
    side = worlds["test"]
    project = side.project()
    made = side.chat(project_name=project.name)
    asked = {"project_name": project.name}
    assert side.v2.get_tasks(**asked, status=TaskStatus.COMPLETED).tasks == [made]
    for other in (TaskStatus.PENDING, TaskStatus.CANCELED, TaskStatus.ERROR, TaskStatus.DELETED):
        assert side.v2.get_tasks(**asked, status=other).tasks == []
    assert side.v2.get_tasks(**asked, completed_after=made.completed_at).tasks == [made]
    assert side.v2.get_tasks(**asked, completed_before=made.completed_at).tasks == []
    later = datetime.now(UTC) + timedelta(hours=1)
    assert side.v2.get_tasks(**asked, completed_before=later, expand=[ExpandableEnumTask.PROJECT]).tasks != []
    east = later.astimezone(tz=None)
    assert side.v2.get_tasks(**asked, completed_after=east).tasks == []


def test_two_views_of_one_store(side: Side) -> None:
    """What one version makes, the other has under the same id."""
    project = side.project(prompt="سؤال المشروع")
    own_id = side.v2.get_project(project_name=project.name).id
    assert side.v1.get_project(project.name).as_dict()["id"] == own_id
    first = side.v1.create_task(TaskType.Chat, project=project.name, metadata={"v": 1})
    second = side.chat(project_id=own_id, metadata={"v": 2})
    assert [one.task_id for one in side.v2.get_tasks(project_id=own_id).tasks] == [second.task_id, first.id]
    assert side.v1.get_task(second.task_id).as_dict()["metadata"] == {"v": 2}
    assert side.v2.get_task(first.id).metadata == {"v": 1}
    assert side.v2.get_task(first.id).status.value == side.v1.get_task(first.id).status


def test_tasks_of_other_types_are_shown_without_threads(worlds: dict[str, Side]) -> None:
    side = worlds["test"]
    project = side.project("categorization")
    made = side.v1.create_task(
        TaskType.Categorization, project=project.name, attachment="نص", attachment_type="text", categories=["a", "b"]
    )
    found = side.v2.get_task(made.id)
    assert (found.status, found.threads) == (TaskStatus.COMPLETED, [])
    with pytest.raises(BadRequestException, match="categorization"):
        side.chat(project_name=project.name)


def test_a_creation_that_is_sent_twice_makes_one_task(side: Side) -> None:
    project = side.project()
    body, key = {"project_name": project.name, "template_variables": {"prompt": "س"}}, uuid4().hex
    made = [side.send("POST", "/v2/task/chat", body, headers={"idempotency-key": key}) for _ in range(2)]
    assert [status for status, _ in made] == [200, 200]
    assert made[0][1]["task_id"] == made[1][1]["task_id"]
    other = side.send("POST", "/v2/task/chat", body | {"metadata": {"n": 1}}, headers={"idempotency-key": key})
    assert other[0] == 409
    first, _ = side.post("/v2/task/chat", **body, unique_id="u" + project.name)
    again, told = side.post("/v2/task/chat", **body, unique_id="u" + project.name)
    assert (first, again, told["status_code"]) == (200, 409, 409)
    assert len(side.v2.get_tasks(project_name=project.name).tasks) == 2


def test_a_task_that_came_to_nothing_says_why(side: Side) -> None:
    project = side.project()
    made = side.chat(project_name=project.name)
    side.world.db.write(lambda tx: outcomes.fail(tx, side.world, made.task_id, "لا ملفّ هناك"))
    found = side.v2.get_task(made.task_id)
    assert (found.status, found.threads) == (TaskStatus.ERROR, [])
    assert [one.message for one in found.errors] == ["لا ملفّ هناك"]
    assert side.v2.get_tasks(project_name=project.name, status=TaskStatus.ERROR).tasks == [found]


def test_tasks_without_a_project_are_told_by_the_id_of_theirs(side: Side) -> None:
    made = side.v1.create_task(TaskType.Chat, prompt="بلا مشروع")
    found = side.v2.get_task(made.id)
    own = instance(found.project)
    assert made.id in [one.task_id for one in side.v2.get_tasks(project_id=own).tasks]
    assert side.v2.get_project(project_id=own).id == own
    assert own not in [one.id for one in side.v2.get_projects().projects]
    for path in ("/v2/batch", "/v2/task/chat"):
        status, told = side.post(path, name="دفعة بلا مشروع", project_id=own, template_variables={"prompt": "x"})
        assert (status, "name none" in told["error"]) == (400, True)
