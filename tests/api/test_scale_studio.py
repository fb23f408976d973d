"""Teams and Studio, by Scale's own client against a real server: roles, assignments, groups, the order of batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from scaleapi.exceptions import ScaleException, ScaleInvalidRequest, ScaleResourceNotFound
from scaleapi.tasks import TaskType
from scaleapi.teams import TeammateRole
from tests.api.scale_served import Served, served

from tawsim.core.errors import NotSignedIn
from tawsim.core.records import Role
from tawsim.labelling import batches, queue
from tawsim.labelling.members import members_of
from tawsim.labelling.owners import set_worker_active
from tawsim.sdk.scale import scale_client
from tawsim.workspaces import accounts, roles, scale_keys
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.profiles import profile_of, set_profile, versioned_profile
from tawsim.workspaces.workspace import add_worker, find_worker, get_worker, list_workers

ANA, BOB, LINA = "ana@example.org", "bob@example.org", "lina@مثال.org"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


def roles_of(found: Any) -> dict[str, str]:
    return {one.email: one.role for one in found}


def worker(server: Served, email: str) -> Any:
    with server.workspace.db.read() as tx:
        return next(one for one in list_workers(tx) if profile_of(tx, one.id).email == email)


def client_of(server: Served, role: Role, name: str) -> Any:
    """The client of a key of somebody in this role."""

    db = server.workspace.db
    made = db.write(lambda tx: add_worker(tx, server.workspace.owner_id, name, name, role=role))
    key = scale_keys.new_key(server.state.accounts, server.workspace, made, "live", "k")[0]
    return scale_client(server.url, key)


def post(server: Served, path: str, body: Any = None, method: str = "POST") -> Any:
    return requests.request(method, f"{server.url}/v1/{path}", json=body, auth=(server.key(), ""), timeout=20)


# ---- teams -------------------------------------------------------------------------------------------------------------
def test_the_owner_is_there_from_the_start_and_goes_by_name_without_an_e_mail(server: Served) -> None:
    client = server.client()
    assert roles_of(client.list_teammates()) == {"Noor": "admin"}
    owner, db = server.workspace.owner_id, server.workspace.db
    db.write(lambda tx: set_profile(tx, owner, owner, versioned_profile(tx, owner)[1], {"email": "noor@example.org"}))
    (only,) = client.list_teammates()
    assert (only.email, only.first_name, only.is_studio_labeler) == ("noor@example.org", "Noor", False)


def test_an_invitation_makes_people_and_who_is_known_stays(server: Served) -> None:
    client = server.client()
    found = client.invite_teammates([ANA, " Bob@Example.ORG ", ANA.upper()], TeammateRole.Labeler)
    assert roles_of(found) == {"Noor": "admin", ANA: "labeler", "Bob@example.org": "labeler"}
    assert roles_of(client.invite_teammates([BOB, LINA], TeammateRole.Member)) == {
        "Noor": "admin", ANA: "labeler", "Bob@example.org": "labeler", LINA: "member",
    }  # fmt: skip
    assert roles_of(client.invite_teammates([], TeammateRole.Admin)) == roles_of(client.list_teammates())
    ana = worker(server, ANA)
    assert (ana.name, ana.role, ana.active) == (ANA, "labeller", True)
    with server.state.accounts.read() as tx:
        assert ana.id not in accounts.invited_workers(tx, server.workspace.id), "a key gives nobody a way in"
    assert server.client("test").list_teammates()[0].email == "Noor"
    assert len(server.client("test").list_teammates()) == 1


def test_an_e_mail_longer_than_names_are_and_one_that_is_a_name(server: Served) -> None:
    client = server.client()
    long = ["a" * 70 + "@example.org", "a" * 70 + "@example.net"]
    server.workspace.db.write(lambda tx: add_worker(tx, server.workspace.owner_id, "x", BOB))
    found = roles_of(client.invite_teammates([*long, BOB], TeammateRole.Labeler))
    assert set(found) == {"Noor", BOB, *long}
    assert {len(worker(server, one).name) for one in long} == {60}


def test_what_is_no_invitation(server: Served) -> None:
    client = server.client()
    for emails in (
        ["no e-mail"],
        [""],
        [ANA, "a@"],
        ["a@b@c"],
        ["\u202ea@b.org"],
        ["x" * 250 + "@example.org"],
        [7],
        [None],
    ):
        with pytest.raises(ScaleInvalidRequest):
            client.invite_teammates(emails, TeammateRole.Labeler)
    for body in (None, [], {}, {"emails": ANA, "team_role": "labeler"}, {"emails": [ANA]}, {"emails": [ANA], "team_role": "x"},
                 {"emails": [ANA], "team_role": ["labeler"]}, {"team_role": "labeler"}):  # fmt: skip
        assert post(server, "teams/invite", body).status_code == 400, body
    assert len(client.list_teammates()) == 1, "all are looked at before anybody is made"
    client.invite_teammates([ANA], TeammateRole.Labeler)
    ana = worker(server, ANA).id
    server.workspace.db.write(lambda tx: set_worker_active(tx, server.workspace.owner_id, ana, False))
    assert roles_of(client.list_teammates()) == {"Noor": "admin"}
    with pytest.raises(ScaleInvalidRequest, match="let out"):
        client.invite_teammates([BOB, ANA], TeammateRole.Labeler)
    assert len(client.list_teammates()) == 1


def test_roles_are_given_and_what_stood_for_the_person_ends(server: Served) -> None:
    client = server.client()
    client.invite_teammates([ANA, BOB], TeammateRole.Labeler)
    ana = worker(server, ANA)
    session = server.state.accounts.write(
        lambda tx: accounts.begin_session(tx, Identity(server.workspace.id, ana.id), "link")
    )
    assert server.state.identify(session)[1].id == ana.id
    assert roles_of(client.update_teammates_role([ANA], TeammateRole.Manager))[ANA] == "manager"
    with pytest.raises(NotSignedIn):
        server.state.identify(session)
    assert roles_of(client.update_teammates_role([ANA.upper(), BOB], TeammateRole.Admin))[BOB] == "admin"
    with pytest.raises(ScaleResourceNotFound, match="nobody@"):
        client.update_teammates_role([BOB, "nobody@example.org"], TeammateRole.Labeler)
    assert roles_of(client.list_teammates())[BOB] == "admin", "nothing changed"
    assert roles_of(client.update_teammates_role([ANA, BOB], TeammateRole.Labeler)) == {
        "Noor": "admin", ANA: "labeler", BOB: "labeler",
    }  # fmt: skip
    with pytest.raises(ScaleException, match="own role"):
        client.update_teammates_role(["Noor"], TeammateRole.Labeler)
    assert roles_of(client.update_teammates_role(["Noor"], TeammateRole.Admin))["Noor"] == "admin", "no change"


def test_nobody_gives_a_role_above_their_own_reach(server: Served) -> None:
    server.client().invite_teammates([ANA, BOB], TeammateRole.Labeler)
    server.client().update_teammates_role([BOB], TeammateRole.Manager)
    mona = client_of(server, "manager", "mona")
    for role in (TeammateRole.Manager, TeammateRole.Admin):
        for call in (mona.invite_teammates, mona.update_teammates_role):
            with pytest.raises(ScaleException):
                call([ANA], role)
    for known in ([BOB], ["Noor"]):
        with pytest.raises(ScaleException):
            mona.update_teammates_role(known, TeammateRole.Labeler)
    assert roles_of(mona.update_teammates_role([ANA], TeammateRole.Member))[ANA] == "member"
    with pytest.raises(ScaleException):
        mona.invite_teammates(["new@example.org"], TeammateRole.Admin)
    assert roles_of(mona.list_teammates()) == {"Noor": "admin", ANA: "member", BOB: "manager", "mona": "manager"}
    for role in ("reviewer", "labeller"):
        with pytest.raises(ScaleException):
            client_of(server, role, role).list_teammates()  # type: ignore[arg-type]


def test_a_key_that_was_made_as_owner_and_is_one_no_more(server: Served) -> None:
    other = client_of(server, "owner", "second")
    second = find_in(server, "second")
    server.workspace.db.write(lambda tx: roles.set_role(tx, server.workspace.owner_id, second, "manager"))
    with pytest.raises(ScaleException):
        other.invite_teammates([ANA], TeammateRole.Admin)
    assert len(other.invite_teammates([ANA], TeammateRole.Labeler)) == 3


def find_in(server: Served, name: str) -> str:
    with server.workspace.db.read() as tx:
        found = find_worker(tx, name)
    assert found is not None
    return found.id


def test_of_two_with_one_e_mail_the_one_who_is_here_is_meant(server: Served) -> None:
    db, owner = server.workspace.db, server.workspace.owner_id
    first, second = (db.write(lambda tx, n=name: add_worker(tx, owner, n, n)).id for name in ("first", "second"))
    for one in (first, second):
        db.write(lambda tx, one=one: set_profile(tx, owner, one, versioned_profile(tx, one)[1], {"email": ANA}))
    client = server.client()
    assert roles_of(client.list_teammates()) == {"Noor": "admin", ANA: "labeler"}
    db.write(lambda tx: set_worker_active(tx, owner, first, False))
    assert roles_of(client.update_teammates_role([ANA], TeammateRole.Member)) == {"Noor": "admin", ANA: "member"}
    with db.read() as tx:
        assert [get_worker(tx, one).role for one in (first, second)] == ["labeller", "reviewer"]


def test_thousands_at_once(server: Served) -> None:
    emails = [f"person{i}@example.org" for i in range(1_200)]
    client = server.client()
    assert len(client.invite_teammates(emails, TeammateRole.Labeler)) == 1_201
    client.create_project("P", TaskType.TextCollection)
    assert len(client.add_studio_assignments(emails, ["P"])) == 1_200
    group = client.create_project_group("P", emails, "all")
    assert group.numWorkers == 1_200
    assert client.remove_studio_assignments(emails, ["P"]) == {}
    assert client.list_project_groups("P")[0].numWorkers == 0
    with pytest.raises(ScaleInvalidRequest, match="10,000"):
        client.invite_teammates(["x@example.org"] * 10_001, TeammateRole.Labeler)


# ---- studio ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def studio(server: Served) -> Any:
    client = server.client()
    client.invite_teammates([ANA, BOB, LINA], TeammateRole.Labeler)
    for name in ("P", "مشروع/٢"):
        client.create_project(name, TaskType.TextCollection)
    return client


def project_id(server: Served, name: str) -> str:
    with server.workspace.db.read() as tx:
        row = tx.one("scale_project_named", name=name)
    assert row is not None
    return str(row["project_id"])


def test_who_is_assigned_may_label_and_nobody_else(server: Served, studio: Any) -> None:
    assert studio.list_studio_assignments() == {}
    found = studio.add_studio_assignments([ANA, LINA, ANA], ["P", "مشروع/٢", "P"])
    assert {email: one.assigned_projects for email, one in found.items()} == {
        ANA: ["P", "مشروع/٢"], LINA: ["P", "مشروع/٢"],
    }  # fmt: skip
    found = studio.remove_studio_assignments([LINA, BOB], ["P"])
    assert {email: one.assigned_projects for email, one in found.items()} == {ANA: ["P", "مشروع/٢"], LINA: ["مشروع/٢"]}
    with server.workspace.db.read() as tx:
        may = {one["name"]: one["may"] for one in members_of(tx, project_id(server, "P"))["people"]}
    assert may == {"Noor": True, ANA: True, BOB: False, LINA: False}
    db, place = server.workspace.db, project_id(server, "P")
    for email, none in ((BOB, "not_a_member"), (ANA, "done")):
        person = worker(server, email).id
        assert db.write(lambda tx, one=person: queue.next_leases(tx, place, one, 1)).none == none


def test_an_assignment_names_people_and_projects_that_are_there(server: Served, studio: Any) -> None:
    for emails, projects in (
        (["nobody@example.org"], ["P"]),
        ([ANA, "nobody@example.org"], ["P"]),
        ([ANA], ["P", "none"]),
    ):
        for call in (studio.add_studio_assignments, studio.remove_studio_assignments):
            with pytest.raises(ScaleResourceNotFound):
                call(emails, projects)
    assert studio.list_studio_assignments() == {}
    assert studio.add_studio_assignments([], ["P"]) == {}
    assert studio.add_studio_assignments([ANA], []) == {}
    with server.workspace.db.read() as tx:
        assert members_of(tx, project_id(server, "P"))["access"] == "everyone", "nobody was assigned yet"
    for body in (
        None,
        {"emails": [ANA]},
        {"projects": ["P"]},
        {"emails": [ANA], "projects": "P"},
        {"emails": [ANA], "projects": [1]},
    ):
        assert post(server, "studio/assignments/add", body).status_code == 400, body


def test_groups_are_of_people_who_are_assigned(server: Served, studio: Any) -> None:
    with pytest.raises(ScaleInvalidRequest, match="not assigned"):
        studio.create_project_group("P", [ANA], "night")
    studio.add_studio_assignments([ANA, LINA], ["P"])
    made = studio.create_project_group("P", [ANA], "night/شفت ?")
    assert (made.name, made.numWorkers, made.isSingleton) == ("night/شفت ?", 1, False)
    assert made.as_dict()["workers"] == [{"id": worker(server, ANA).id, "email": ANA}]
    with pytest.raises(ScaleInvalidRequest, match="already"):
        studio.create_project_group("P", [], "night/شفت ?")
    changed = studio.update_project_group("P", "night/شفت ?", [LINA], [ANA, BOB])
    assert [one["email"] for one in changed.as_dict()["workers"]] == [LINA]
    assert studio.update_project_group("P", "night/شفت ?", [], []).numWorkers == 1
    with pytest.raises(ScaleInvalidRequest, match="not assigned"):
        studio.update_project_group("P", "night/شفت ?", [BOB], [])
    for call in (
        lambda: studio.list_project_groups("none"), lambda: studio.update_project_group("P", "none", [], []),
        lambda: studio.create_project_group("none", [], "x"),
        lambda: studio.update_project_group("P", "night/شفت ?", [], ["nobody@example.org"]),
    ):  # fmt: skip
        with pytest.raises(ScaleResourceNotFound):
            call()
    assert [one.name for one in studio.list_project_groups("P")] == ["night/شفت ?"]
    assert studio.list_project_groups("مشروع/٢") == []
    assert studio.remove_studio_assignments([LINA], ["P"]) != {LINA: ["P"]}
    assert studio.list_project_groups("P")[0].numWorkers == 0
    for body in ({"emails": []}, {"name": 7}, {"name": ""}, {"name": "x", "emails": "a"}):
        assert post(server, "studio/projects/P/groups", body).status_code == 400, body


def test_batches_are_listed_in_the_order_of_their_turn(studio: Any) -> None:
    for name in ("old", "new", "set_priorities"):
        studio.create_batch("P", name)
    studio.create_batch("مشروع/٢", "cal", calibration_batch=True)

    def order(found: Any) -> list[tuple[str, Any]]:
        return [(one.name, one.studio_priority) for one in found]

    plain = [("cal", None), ("old", None), ("new", None), ("set_priorities", None)]
    assert order(studio.list_studio_batches()) == plain
    first = studio.list_studio_batches()[0]
    assert (first.project_name, first.batch_type, first.total, first.completed, first.groups) == (
        "مشروع/٢", "Calibration", 0, 0, [],
    )  # fmt: skip
    ranked = studio.set_studio_batches_priorities(["new", "set_priorities", "old", "cal"])
    assert order(ranked) == [("new", 1), ("set_priorities", 2), ("old", 3), ("cal", 4)]
    assert order(studio.set_studio_batches_priorities(["old"]))[0] == ("old", 1)
    with pytest.raises(ScaleResourceNotFound):
        studio.set_studio_batches_priorities(["old", "none"])
    with pytest.raises(ScaleInvalidRequest, match="twice"):
        studio.set_studio_batches_priorities(["old", "old"])
    assert order(studio.reset_studio_batches_priorities()) == plain


def test_a_batch_is_given_to_groups_and_tells_how_far_it_is(server: Served, studio: Any) -> None:
    studio.add_studio_assignments([ANA, BOB], ["P"])
    studio.create_project_group("P", [ANA], "a")
    studio.create_project_group("P", [BOB], "b")
    studio.create_batch("P", "B")
    for _ in range(2):
        studio.create_task(
            TaskType.TextCollection, batch="B", instruction="i", attachments=[{"type": "text", "content": "x"}],
            fields=[{"type": "text", "field_id": "f", "title": "T"}],
        )  # fmt: skip
    given = studio.assign_studio_batches("B", ["b", "a", "b"])
    assert (given.groups, given.total, given.completed) == (["a", "b"], 2, 0)
    assert [one.groups for one in studio.list_studio_batches()] == [["a", "b"]]
    assert studio.assign_studio_batches("B", []).groups == []
    for call in (lambda: studio.assign_studio_batches("B", ["none"]), lambda: studio.assign_studio_batches("none", [])):
        with pytest.raises(ScaleResourceNotFound):
            call()
    for body in (None, {"groups": "a"}, {"groups": [1]}):
        assert post(server, "studio/batches/B", body, "PUT").status_code == 400, body
    for body in (None, {"batches": ["B"]}, {"batches": [{"name": 7}]}, {"batches": [{}]}, {}):
        assert post(server, "studio/batches/set_priorities", body).status_code == 400, body


def test_a_batch_that_is_over_is_in_no_list_and_has_no_turn(server: Served, studio: Any) -> None:

    made = studio.create_batch("P", "B").as_dict()
    server.workspace.db.write(lambda tx: batches.cancel(tx, server.workspace.owner_id, made["id"]))
    assert studio.list_studio_batches() == []
    with pytest.raises(ScaleInvalidRequest, match="cancelled"):
        studio.set_studio_batches_priorities(["B"])


def test_the_owner_takes_the_link_of_an_invited_person_from_the_team_page(server: Served) -> None:
    server.client().invite_teammates([ANA], TeammateRole.Labeler)
    ana = worker(server, ANA)
    session = server.state.accounts.write(
        lambda tx: accounts.begin_session(tx, Identity(server.workspace.id, server.workspace.owner_id), "link")
    )
    found = requests.post(
        f"{server.url}/api/v1/workers/{ana.id}/link", cookies={"tawsim_t": session}, timeout=20,
        headers={"origin": server.url, "tawsim-client": "web"},
    )  # fmt: skip
    assert found.status_code == 200, found.text
    assert found.json()["link"].startswith(server.url)
    with server.workspace.db.read() as tx:
        assert get_worker(tx, ana.id).active
