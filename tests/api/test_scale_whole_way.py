"""Scale's own client makes a task, people answer it in Tawsim, and the customer is told: the whole way, on a real server."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from scale_receiver import Other, other
from scale_served import Served, served
from scaleapi.exceptions import ScaleInvalidRequest
from scaleapi.tasks import TaskType
from tests.unit.media_made import png, wav

from tawsim.core.clock import system_clock
from tawsim.core.ids import new_id
from tawsim.labelling.decisions import Settled, case_of, decide
from tawsim.labelling.owners import remove_task, reopen
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker


@dataclass
class Way:
    """A customer's client, the customer's own server, and people who label."""

    served: Served
    other: Other
    client: Any

    def person(self, name: str) -> str:
        """A labeller; their token."""
        workspace = self.served.workspace
        made = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, name, name))
        return self.served.state.accounts.write(lambda tx: accounts.issue(tx, "token", Identity(workspace.id, made.id)))

    def owner(self) -> str:
        workspace = self.served.workspace
        return self.served.state.accounts.write(
            lambda tx: accounts.issue(tx, "token", Identity(workspace.id, workspace.owner_id))
        )

    def call(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """The native API."""
        request = Request(
            f"{self.served.url}/api/v1{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )  # fmt: skip
        try:
            with urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def change(self, project: str, **changes: Any) -> str:
        """Change settings of a project by its name in Scale's API, as its owner does on the pages; its id."""
        with self.served.workspace.db.read() as tx:
            row = tx.one("scale_project_named", name=project)
        assert row is not None
        path = f"/projects/{row['project_id']}"
        found = self.call(self.owner(), "GET", path)["project"]
        self.call(self.owner(), "PATCH", path, {"seen_version": found["version"], **changes})
        return str(row["project_id"])

    def placed(self, task: Any) -> str:
        """Wait until the task stands in the queue; its project."""

        def look() -> str | None:
            with self.served.workspace.db.read() as tx:
                row = tx.one("task_exists", id=task.id)
                found = tx.one("scale_outcome_get", task_id=task.id)
            assert found is not None
            assert found["status"] != "error", found["response"]
            return found["project_id"] if row is not None else None

        return str(self.other.wait(look))

    def lease(self, token: str, project_id: str) -> dict[str, Any]:
        found = self.call(token, "POST", f"/projects/{project_id}/next", {"count": 1})
        assert found["leases"], found
        return found["leases"][0]

    def answer(self, token: str, project_id: str, answers: Any) -> dict[str, Any]:
        """Take the next task and answer it; `answers` may be a function of what was shown."""
        lease = self.lease(token, project_id)
        given = answers(lease) if callable(answers) else answers
        path = f"/leases/{lease['lease']['id']}/submit"
        return self.call(token, "POST", path, {"key": new_id(system_clock()), "answers": given})["annotation"]

    def told(self, task: Any, status: str = "completed") -> dict[str, Any]:
        """The callback that says this."""
        return self.other.wait(lambda: next((one for one in self.other.of(task.id) if one["status"] == status), None))


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    with other() as outside, served(tmp_path, watching=True) as server:
        client = server.client()
        server.state.accounts.write(
            lambda tx: scale_keys.change_account(
                tx, server.workspace.id, "live", callback_url=outside.url("/back"), allow=outside.host
            )
        )
        yield Way(server, outside, client)


def test_categorization(way: Way) -> None:
    layla = way.person("ليلى")
    way.client.create_project("reviews", TaskType.Categorization, {"categories": ["جيد", "سيئ"]})
    task = way.client.create_task(
        TaskType.Categorization, project="reviews", attachment="المنتج ممتاز", attachment_type="text",
        instruction="كيف؟", metadata={"order": 7}, unique_id="u1",
    )  # fmt: skip
    assert task.status == "pending"
    project = way.placed(task)
    lease = way.lease(layla, project)
    assert lease["task"]["content"] == {"instruction": "كيف؟", "text": "المنتج ممتاز"}
    way.call(layla, "POST", f"/leases/{lease['lease']['id']}/submit", {"key": "k", "answers": {"category": "جيد"}})
    told = way.told(task)
    assert told["response"] == {"category": "جيد"}
    assert told["task"]["metadata"] == {"order": 7}
    assert (told["task"]["task_id"], told["task"]["unique_id"]) == (task.id, "u1")
    (path, headers, _), *_ = way.other.came
    with way.served.state.accounts.read() as tx:
        account = scale_keys.account_of(tx, way.served.workspace.id)
    assert account is not None
    assert (path, headers["scale-callback-auth"]) == ("/back", account.callback_key)
    again = way.other.wait(lambda: (one := way.client.get_task(task.id)).as_dict().get("callback_succeeded") and one)
    assert again.status == "completed"
    assert again.response == {"category": "جيد"}
    assert again.completed_at >= again.created_at
    # Nothing secret stands in the workspace's own file.
    way.served.workspace.db.write(lambda tx: None)
    names = way.served.workspace.path.parent.glob("work.tawsim*")
    assert not any(account.callback_key.encode() in path.read_bytes() for path in names)


def test_what_tasks_of_one_project_ask_is_narrowed_for_each(way: Way) -> None:
    layla = way.person("layla")
    first = way.client.create_task(
        TaskType.Categorization, attachment="one", attachment_type="text", categories=["a", "b"]
    )
    project = way.placed(first)
    second = way.client.create_task(
        TaskType.Categorization, attachment="two", attachment_type="text", categories=["b", "c"]
    )
    assert way.placed(second) == project
    leases = way.call(layla, "POST", f"/projects/{project}/next", {"count": 2})["leases"]
    shown = [one["task"] for one in leases]
    assert {one["content"]["text"]: one["asks"]["category"] for one in shown} == {
        "one": {"labels": ["a", "b"]}, "two": {"labels": ["b", "c"]},
    }  # fmt: skip


def test_named_entities(way: Way) -> None:
    layla = way.person("layla")
    text = "سافر علي إلى بغداد 🚆"
    task = way.client.create_task(
        TaskType.NamedEntityRecognition, text=text, labels=[{"name": "person"}, {"name": "place"}]
    )
    place = text.index("بغداد")
    spans = [{"start": 5, "end": 8, "label": "person"}, {"start": place, "end": place + 5, "label": "place"}]

    def answers(lease: Any) -> Any:
        (name,) = lease["task"]["asks"]
        return {name: {"spans": spans}}

    way.answer(layla, way.placed(task), answers)
    found = way.told(task)["response"]["annotations"]
    assert [(one["text"], one["label"]) for one in found] == [("علي", "person"), ("بغداد", "place")]
    assert text[found[1]["start"] : found[1]["end"]] == "بغداد"


def test_image_annotation(way: Way) -> None:
    layla = way.person("layla")
    way.other.files["/street.png"] = png(40, 30)
    tasks = [
        way.client.create_task(
            TaskType.ImageAnnotation, attachment=way.other.url("/street.png"), unique_id=f"street {n}",
            geometries={"box": {"objects_to_annotate": ["car", "tree"]}},
        )
        for n in range(3)
    ]  # fmt: skip
    project = way.placed(tasks[0])

    def answers(lease: Any) -> Any:
        (name,) = lease["task"]["asks"]
        (medium,) = lease["task"]["media"].values()
        assert (medium["width"], medium["height"]) == (40, 30)
        box = {"label": "car", "x": 2, "y": 3, "width": 8, "height": 9}
        return {name: {"size": [40, 30], "boxes": [box]}}

    way.answer(layla, project, answers)
    (found,) = way.told(tasks[0])["response"]["annotations"]
    assert {key: found[key] for key in ("label", "type", "left", "top", "width", "height")} == {
        "label": "car", "type": "box", "left": 2, "top": 3, "width": 8, "height": 9,
    }  # fmt: skip
    assert way.other.fetched["/street.png"] == 1  # the same address for three tasks


def test_transcription_of_a_sound(way: Way) -> None:
    layla = way.person("layla")
    way.other.files["/call.wav"] = wav(0.5)
    task = way.client.create_task(
        TaskType.Transcription, attachment=way.other.url("/call.wav"), attachment_type="audio",
        fields=[{"type": "text", "field_id": "words", "title": "Words"}],
    )  # fmt: skip

    def answers(lease: Any) -> Any:
        (name,) = lease["task"]["asks"]
        assert lease["task"]["media"]
        return {name: "السلام عليكم"}

    way.answer(layla, way.placed(task), answers)
    assert "السلام عليكم" in json.dumps(way.told(task)["response"]["fields"], ensure_ascii=False)


def test_text_collection(way: Way) -> None:
    layla = way.person("layla")
    fields = [
        {
            "type": "category", "field_id": "ok", "title": "Good?",
            "choices": [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}],
        },
        {"type": "text", "field_id": "why", "title": "Why?"},
    ]  # fmt: skip
    task = way.client.create_task(
        TaskType.TextCollection, attachments=[{"type": "text", "content": "A page."}], fields=fields
    )

    def answers(lease: Any) -> Any:
        return {name: "Yes" if "ok" in name else "It is." for name in lease["task"]["asks"]}

    way.answer(layla, way.placed(task), answers)
    found = way.told(task)["response"]["annotations"]
    assert found["ok"]["response"] == [["yes"]]
    assert found["why"]["response"] in ("It is.", ["It is."])


def test_comparison(way: Way) -> None:
    layla = way.person("layla")
    task = way.client.create_task(
        TaskType.Comparison, attachments=["first text", "second text"], attachment_type="text",
        choices=["first", "second", "neither"],
    )  # fmt: skip

    def answers(lease: Any) -> Any:
        (name,) = lease["task"]["asks"]
        return {name: "second"}

    way.answer(layla, way.placed(task), answers)
    assert way.told(task)["response"]["choice"] == "second"


def test_consensus_of_three(way: Way) -> None:
    people = [way.person(name) for name in ("a", "b", "c")]
    way.client.create_project("many", TaskType.Categorization, {"categories": ["yes", "no"]})
    project_id = way.change("many", overlap=3)
    tasks = [
        way.client.create_task(TaskType.Categorization, project="many", attachment=f"text {n}", attachment_type="text")
        for n in range(4)
    ]
    for task in tasks:
        way.placed(task)
    for who, token in enumerate(people):
        for n in range(4):
            assert way.client.get_task(tasks[n].id).status == "pending"
            way.answer(token, project_id, {"category": "no" if who == 2 else "yes"})
    assert [way.told(task)["response"] for task in tasks] == [{"category": "yes"}] * 4


def test_an_attachment_that_is_gone(way: Way) -> None:
    layla = way.person("layla")
    gone = way.client.create_task(
        TaskType.ImageAnnotation, attachment=way.other.url("/gone.png"),
        geometries={"box": {"objects_to_annotate": ["car"]}},
    )  # fmt: skip
    way.other.files["/there.png"] = png(8, 8)
    there = way.client.create_task(
        TaskType.ImageAnnotation, attachment=way.other.url("/there.png"),
        geometries={"box": {"objects_to_annotate": ["car"]}},
    )  # fmt: skip
    told = way.told(gone, "error")
    assert told["response"]["attachments"] == [{"statusCode": 404, "url": way.other.url("/gone.png")}]
    assert told["response"]["error"]
    assert way.client.get_task(gone.id).status == "error"
    assert way.lease(layla, way.placed(there))["task"]["id"] == there.id


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x.png", "http://169.254.169.254/latest/meta-data", "http://localhost/x.png"]
)
def test_attachments_of_this_machine_are_not_opened(way: Way, url: str) -> None:
    task = way.client.create_task(
        TaskType.ImageAnnotation, attachment=url, geometries={"box": {"objects_to_annotate": ["car"]}}
    )
    told = way.told(task, "error")
    assert told["response"]["attachments"] == [{"statusCode": 403, "url": url}]


def test_a_redirect_to_this_machine_is_not_followed(way: Way) -> None:
    with other() as inside:
        inside.files["/secret.png"] = png(3, 3)
        way.other.place["/moved.png"] = inside.url("/secret.png")
        task = way.client.create_task(
            TaskType.ImageAnnotation, attachment=way.other.url("/moved.png"),
            geometries={"box": {"objects_to_annotate": ["car"]}},
        )  # fmt: skip
        assert way.told(task, "error")["response"]["attachments"][0]["statusCode"] == 403
        assert not inside.fetched


def test_a_batch_waits_to_be_finalized_and_tells_when_it_is_done(way: Way) -> None:
    layla = way.person("layla")
    way.client.create_project("p / q", TaskType.Categorization, {"categories": ["a", "b"]})
    way.client.create_batch("p / q", "first batch", callback=way.other.url("/batch"))
    tasks = [
        way.client.create_task(
            TaskType.Categorization, batch="first batch", attachment=f"text {n}", attachment_type="text"
        )
        for n in range(2)
    ]
    loose = way.client.create_task(TaskType.Categorization, project="p / q", attachment="loose", attachment_type="text")
    project = way.placed(loose)  # it came later, and the batch still waits
    with way.served.workspace.db.read() as tx:
        assert tx.one("task_exists", id=tasks[0].id) is None
    way.client.finalize_batch("first batch")
    for task in tasks:
        way.placed(task)
    for _ in range(3):
        way.answer(layla, project, {"category": "a"})
    for task in tasks:
        way.told(task)
    body = way.other.wait(lambda: next((body for path, _, body in way.other.came if path == "/batch"), None))
    assert (body["name"], body["status"]) == ("first batch", "completed")
    assert body["batch"]["name"] == "first batch"
    assert way.client.batch_status("first batch")["status"] == "completed"
    assert [path for path, *_ in way.other.came].count("/batch") == 1


def test_chat(way: Way) -> None:
    layla = way.person("layla")
    task = way.client.create_task(TaskType.Chat, prompt="حدّثني عن البحر")
    way.answer(layla, way.placed(task), {"response": "واسع وأزرق."})
    (thread,) = way.told(task)["response"]["threads"]
    (turn,) = thread["turns"]
    said = [(one["role"], one["content"]["text"]) for one in turn["messages"]]
    assert said == [("user", "حدّثني عن البحر"), ("assistant", "واسع وأزرق.")]


def test_prelabels_are_seen_and_known_answers_are_mixed_in(way: Way) -> None:
    layla = way.person("layla")
    way.client.create_project("known", TaskType.Categorization, {"categories": ["a", "b"]})
    params = {"attachment_type": "text", "project": "known"}
    task = way.client.create_task(TaskType.Categorization, attachment="x", hypothesis={"category": "b"}, **params)
    project = way.placed(task)
    lease = way.lease(layla, project)
    (found,) = lease["task"]["suggestions"].values()
    assert found["answer"] == "b"
    gold = way.client.create_evaluation_task(
        TaskType.Categorization, attachment="known", expected_response={"category": "a"}, **params
    )
    assert gold.expected_response == {"category": "a"}

    def look() -> Any:
        with way.served.workspace.db.read() as tx:
            return tx.one("gold_get", task_id=gold.id)

    row = way.other.wait(look)
    assert (row["purpose"], json.loads(row["answers"])) == ("gold", {"category": "a"})
    mine = way.client.get_tasks_count(project_name="known")
    assert mine == 1  # known answers stand in no list
    with pytest.raises(ScaleInvalidRequest, match="expected_response"):
        way.client.create_evaluation_task(
            TaskType.Categorization, attachment="known", expected_response={"category": "z"}, **params
        )


def test_an_audit_that_accepts_and_one_that_rejects(way: Way) -> None:
    layla, omar = way.person("layla"), way.person("omar")
    tasks = [
        way.client.create_task(
            TaskType.Categorization, attachment=f"x {n}", attachment_type="text", categories=["a", "b"]
        )
        for n in range(2)
    ]
    with pytest.raises(ScaleInvalidRequest):
        tasks[0].audit(True)
    project = way.placed(tasks[1])
    for _ in tasks:
        way.answer(layla, project, {"category": "a"})
    for task in tasks:
        way.told(task)
    tasks[0].audit(True, "well done")
    found = way.client.get_task(tasks[0].id).as_dict()
    assert (found["status"], found["customer_review_status"]) == ("completed", "accepted")
    assert found["customer_review_comments"] == ["well done"]
    tasks[1].audit(False, "look again")
    way.told(tasks[1], "pending")
    found = way.client.get_task(tasks[1].id).as_dict()
    assert (found["status"], found["customer_review_status"]) == ("pending", "rejected")
    assert found["prior_responses"] == [{"category": "a"}]
    assert "response" not in found
    way.answer(omar, project, {"category": "b"})
    way.other.wait(lambda: way.client.get_task(tasks[1].id).status == "completed")
    found = way.client.get_task(tasks[1].id).as_dict()
    assert (found["response"], found["customer_review_status"]) == ({"category": "b"}, "fixed")
    # The customer's word is evidence of whoever gave the very answer, and of nobody else.
    with way.served.workspace.db.read() as tx:
        said = tx._connection.execute(
            "SELECT w.name, e.score, e.source FROM evidence e JOIN worker w ON w.id = e.worker_id ORDER BY e.score"
        ).fetchall()
    assert [tuple(row) for row in said] == [("layla", 0.0, "review"), ("layla", 1.0, "review")]


def test_what_is_to_be_reviewed_is_not_complete_before(way: Way) -> None:
    layla = way.person("layla")
    way.client.create_project("looked at", TaskType.Categorization, {"categories": ["a", "b"]})
    way.change("looked at", settings={"review": {"choose": "all"}})
    task = way.client.create_task(TaskType.Categorization, project="looked at", attachment="x", attachment_type="text")
    project = way.placed(task)
    made = way.answer(layla, project, {"category": "a"})
    time.sleep(0.8)
    assert way.client.get_task(task.id).status == "pending"
    body = {"key": "r", "seen_version": 1, "verdict": "fix", "answers": {"category": "b"}, "words": "not quite"}
    way.call(way.owner(), "POST", f"/annotations/{made['id']}/reviews", body)
    assert way.told(task)["response"] == {"category": "b"}


def test_a_response_follows_a_decision_and_a_task_that_begins_anew_is_recalled(way: Way) -> None:
    layla, workspace = way.person("layla"), way.served.workspace
    task = way.client.create_task(
        TaskType.Categorization, attachment="x", attachment_type="text", categories=["a", "b"]
    )
    project = way.placed(task)
    way.answer(layla, project, {"category": "a"})
    way.told(task)

    def decided(tx: Any) -> Any:
        case = case_of(tx, task.id, workspace.owner_id)
        return decide(tx, workspace.owner_id, task.id, "d", Settled(case.seen, "answers", answers={"category": "b"}))

    workspace.db.write(decided)
    way.other.wait(lambda: [one for one in way.other.of(task.id) if one["response"] == {"category": "b"}])
    found = way.client.get_task(task.id).as_dict()
    assert (found["status"], found["response"]) == ("completed", {"category": "b"})
    assert found["prior_responses"] == [{"category": "a"}]
    workspace.db.write(lambda tx: reopen(tx, workspace.owner_id, task.id))
    way.told(task, "pending")
    assert way.client.get_task(task.id).as_dict()["prior_responses"] == [{"category": "a"}, {"category": "b"}]
    assert [one["status"] for one in way.other.of(task.id)] == ["completed", "completed", "pending"]


def test_a_task_that_waits_can_be_canceled_and_one_that_people_removed_is(way: Way) -> None:
    workspace = way.served.workspace
    asked = {"attachment_type": "text", "categories": ["a", "b"]}
    kept = way.client.create_task(TaskType.Categorization, attachment="x", **asked)
    way.placed(kept)
    workspace.db.write(lambda tx: remove_task(tx, workspace.owner_id, kept.id))
    way.other.wait(lambda: way.client.get_task(kept.id).status == "canceled")
    way.client.create_project("p", TaskType.Categorization, {"categories": ["a", "b"]})
    way.client.create_batch("p", "waits")
    waits = way.client.create_task(TaskType.Categorization, batch="waits", attachment="y", attachment_type="text")
    assert way.client.cancel_task(waits.id).status == "canceled"
    way.client.finalize_batch("waits")
    time.sleep(0.6)
    with workspace.db.read() as tx:
        assert tx.one("task_exists", id=waits.id) is None


def test_tasks_of_test_keys_are_told_of_too_and_never_placed(way: Way) -> None:
    client, workspace = way.served.client("test"), way.served.workspace
    way.served.state.accounts.write(
        lambda tx: scale_keys.change_account(tx, workspace.id, "test", allow=way.other.host)
    )
    task = client.create_task(
        TaskType.Categorization, attachment="x", attachment_type="text", categories=["a", "b"],
        callback_url=way.other.url("/test"),
    )  # fmt: skip
    assert task.status == "completed"
    assert way.told(task)["task"]["is_test"] is True
    (found,) = [headers for path, headers, _ in way.other.came if path == "/test"]
    with way.served.state.accounts.read() as tx:
        live = scale_keys.account_of(tx, workspace.id)
    assert live is not None
    assert found["scale-callback-auth"].startswith("test_")
    assert found["scale-callback-auth"] != live.callback_key


def test_pictures_and_texts_stand_in_one_project(way: Way) -> None:
    layla = way.person("layla")
    way.client.create_project("mixed", TaskType.Categorization, {"categories": ["a", "b"]})
    way.other.files["/x.png"] = png(4, 4)
    texts = way.client.create_task(TaskType.Categorization, project="mixed", attachment="text", attachment_type="text")
    project = way.placed(texts)
    picture = way.client.create_task(
        TaskType.Categorization, project="mixed", attachment=way.other.url("/x.png"), attachment_type="image"
    )
    way.placed(picture)
    for task in (texts, picture):
        way.answer(layla, project, {"category": "a"})
        assert way.told(task)["response"] == {"category": "a"}
