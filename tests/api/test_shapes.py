"""What the server answers is what docs/reference/openapi.json promises, field for field."""

from typing import Any

from pydantic import TypeAdapter
from tests.api.test_team_sign_in import session_of

from tawsim.core.ids import new_id
from tawsim.server import account, people, sessions, shapes, work_shapes


def holds(shape: Any, answer: Any) -> None:
    """The answer reads as the shape, and writing the shape gives the answer back: nothing missing, nothing extra."""
    assert answer.status_code == 200, answer.text
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(answer.json()), mode="json") == answer.json()


def test_every_answer_has_its_promised_shape(world: Any) -> None:
    project = f"/projects/{world.project['id']}"
    for _ in range(8):
        world.answer(world.layla)
        world.answer(world.omar, "سلبي")
    holds(shapes.HealthShape, world.get("/health"))
    holds(shapes.SessionShape, world.get("/session"))
    holds(shapes.ProjectsShape, world.get("/projects"))
    holds(shapes.OverviewShape, world.get(project))
    holds(shapes.OverviewShape, world.get(project, world.layla))
    holds(shapes.ProgressShape, world.get(project + "/progress"))
    holds(shapes.TasksShape, world.get(project + "/tasks?limit=3"))
    holds(shapes.TruthShape, world.get(project + "/truth?limit=3"))
    holds(shapes.TruthShape, world.get(project + "/truth?limit=3&order=doubt"))
    holds(people.MembersShape, world.get("/workers"))
    holds(work_shapes.DraftsShape, world.get("/drafts"))
    holds(work_shapes.OwnAnnotationsShape, world.get(project + "/annotations/mine", world.layla))
    holds(shapes.ImportShape, world.post(project + "/tasks", {"key": "more", "rows": ["نص جديد", {"text": "x"}]}))
    holds(shapes.InvitationShape, world.post("/workers", {"key": "k", "name": "Sara"}))


def test_the_shapes_of_people_and_of_ones_own_account(world: Any) -> None:
    me = session_of(world, world.workspace.owner_id)
    holds(account.TokenShape, world.post("/account/tokens", {"name": "t", "scopes": ["read"], "days": 1}, me))
    holds(account.AccountShape, world.get("/account", me))
    holds(account.EndedShape, world.post("/account/password", {"password": "a long enough one"}, me))
    holds(people.TokensShape, world.get(f"/workers/{world.workspace.owner_id}/tokens", me))
    path = f"/api/v1/workers/{world.omar_id}"
    holds(people.ProfileShape, world.client.patch(path, json={"seen_version": 1, "skills": ["x"]}, headers=me))
    holds(people.RoleShape, world.client.put(path + "/role", json={"role": "reviewer"}, headers=me))
    holds(people.EmailShape, world.client.put(path + "/sign-on", json={"email": "o@e.org"}, headers=me))
    holds(sessions.WaysShape, world.client.get("/api/v1/sign-in"))


def test_the_shapes_of_work(world: Any) -> None:
    project = f"/projects/{world.project['id']}"
    answer = world.post(project + "/next", {"count": 2}, world.layla)
    holds(work_shapes.NextShape, answer)
    first, second = (leased["lease"]["id"] for leased in answer.json()["leases"])
    holds(work_shapes.DeadlineShape, world.post(f"/leases/{first}/heartbeat", {}, world.layla))
    body = {"key": new_id(1), "answers": {"label": "سلبي"}}
    submitted = world.post(f"/leases/{first}/submit", body, world.layla)
    holds(work_shapes.SubmittedShape, submitted)
    annotation = submitted.json()["annotation"]["id"]
    edit = {"key": new_id(1), "seen_version": 1, "answers": {"label": "إيجابي"}}
    holds(work_shapes.EditedShape, world.post(f"/annotations/{annotation}/versions", edit, world.layla))
    reject = {"key": new_id(1), "seen_version": 2, "reason": "غير صحيح"}
    holds(shapes.RejectedShape, world.post(f"/annotations/{annotation}/reject", reject))
    holds(work_shapes.LeaseShape, world.post(f"/leases/{second}/skip", {"reason": ""}, world.layla))
    again = world.answer(world.layla).json()["annotation"]["id"]
    holds(work_shapes.LeasedTaskShape, world.post(f"/annotations/{again}/undo", {"key": new_id(1)}, world.layla))
