"""A person's own page, notices and disputes over HTTP: shapes, who sees what, and the whole way once."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from tawsim.core.ids import new_id
from tawsim.labelling import reviews
from tawsim.labelling.reviews import Said
from tawsim.server import mine_shapes as shapes
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker


def holds(shape: Any, answer: Any) -> Any:
    """The answer, which reads as the shape, and writing the shape gives the answer back."""
    assert answer.status_code == 200, answer.text
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(answer.json()), mode="json") == answer.json()
    return answer.json()


@pytest.fixture
def team(world: Any) -> Any:
    """`rana` and `sami` review; layla's first answer was rejected by rana."""
    for name in ("rana", "sami"):
        made = world.workspace.db.write(
            lambda tx, name=name: add_worker(tx, world.workspace.owner_id, name, name, role="reviewer")
        )
        secret = world.state.accounts.write(
            lambda tx, made=made: accounts.issue(tx, "token", Identity(world.workspace.id, made.id))
        )
        setattr(world, name, {"authorization": f"Bearer {secret}"})
        setattr(world, f"{name}_id", made.id)
    world.annotation = world.answer(world.layla).json()["annotation"]["id"]
    said = Said(1, "reject", words="اقرأ النص مرة أخرى")
    world.review = world.workspace.db.write(lambda tx: reviews.review(tx, world.rana_id, world.annotation, "r1", said))[
        "id"
    ]
    world.path = f"/projects/{world.project['id']}"
    return world


def test_the_shapes_of_ones_own_page(team: Any) -> None:
    change = {"seen_version": 1, "settings": {"pay": {"per_hour": 12.0, "currency": "EUR", "floor_per_hour": 10.0}}}
    assert team.client.patch("/api/v1" + team.path, json=change, headers=team.owner).status_code == 200
    lease = team.lease(team.layla)["lease"]["id"]
    team.state.clock.advance(30)
    body = {"key": new_id(1), "answers": {"label": "سلبي"}, "spent_ms": 30_000}
    assert team.post(f"/leases/{lease}/submit", body, team.layla).status_code == 200
    page = holds(shapes.OwnPageShape, team.get(team.path + "/mine", team.layla))
    assert page["hours"]["active"] == 30_000_000
    assert page["pay"]["sums"] == [{"currency": "EUR", "amount": 100_000, "per_hour": 12_000_000}]
    assert page["pay"]["floor"] == {"per_hour": 10_000_000, "currency": "EUR"}
    answers = holds(shapes.OwnAnswersPage, team.get(team.path + "/mine/answers", team.layla))["answers"]
    assert [one["became"] for one in answers] == ["accepted", "rejected"]
    assert answers[1]["reviews"][0]["words"] == "اقرأ النص مرة أخرى"
    holds(shapes.NoticesShape, team.get("/notices", team.layla))
    holds(shapes.UnseenShape, team.get("/notices/unseen", team.layla))
    holds(shapes.SeenShape, team.post(team.path + "/guideline/seen", {"version": 1}, team.layla))


def test_the_page_of_answers_goes_on_by_key(team: Any) -> None:
    for _ in range(4):
        team.answer(team.layla)
    seen: list[str] = []
    before = "~"
    for _ in range(3):
        page = team.get(f"{team.path}/mine/answers?limit=2&before={before}", team.layla).json()
        seen += [one["id"] for one in page["answers"]]
        before = page["next"] or ""
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert page["next"] is None
    (replied,) = team.get(f"{team.path}/mine/answers?only=replied", team.layla).json()["answers"]
    assert replied["id"] == team.annotation


def test_a_manager_sees_exactly_what_the_person_sees(team: Any) -> None:
    team.post(f"/reviews/{team.review}/dispute", {"key": "d", "words": "صحيح"}, team.layla)
    for part in ("mine", "mine/answers"):
        own = team.get(f"{team.path}/{part}", team.layla)
        theirs = team.get(f"{team.path}/people/{team.layla_id}/{part}")
        assert own.status_code == 200
        assert own.content == theirs.content
        assert team.get(f"{team.path}/people/{team.layla_id}/{part}", team.omar).status_code == 403
        assert team.get(f"{team.path}/people/{team.layla_id}/{part}", team.rana).status_code == 403
        assert team.get(f"{team.path}/people/01970000-0000-7000-8000-000000000000/{part}").status_code == 404


def test_an_author_learns_no_name_and_no_id_of_a_reviewer_or_judge(team: Any) -> None:
    team.post(f"/reviews/{team.review}/dispute", {"key": "d", "words": "صحيح"}, team.layla)
    held = team.post(team.path + "/disputes/next", {}, team.sami).json()["dispute"]
    verdict = {"key": "v", "hold": held["hold"], "right": "a", "reason": "النص واضح"}
    assert team.post(f"/disputes/{held['id']}/verdict", verdict, team.sami).status_code == 200
    for path in (team.path + "/mine", team.path + "/mine/answers", "/notices"):
        text = team.get(path, team.layla).text
        for secret in ("rana", "sami", team.rana_id, team.sami_id):
            assert secret not in text, path


def test_the_whole_way_over_http(team: Any) -> None:
    opened = team.post(f"/reviews/{team.review}/dispute", {"key": "d", "words": "النص إيجابي"}, team.layla)
    holds(shapes.OpenedShape, opened)
    (answer,) = team.get(team.path + "/mine/answers", team.layla).json()["answers"]
    assert answer["became"] == "disputed"
    assert answer["reviews"][0]["dispute"]["judges"] == 2  # the owner and sami
    waits = holds(shapes.DisputeQueueShape, team.get(team.path + "/disputes", team.sami))
    assert (waits["open"], waits["for_you"]) == (1, True)
    held = holds(shapes.NextDisputeShape, team.post(team.path + "/disputes/next", {}, team.sami))["dispute"]
    text = json.dumps(held, ensure_ascii=False)
    for secret in (team.annotation, team.review, team.layla_id, team.rana_id, "ليلى", "rana", "author", "reviewer"):
        assert secret not in text
    letter = next(one["name"] for one in held["sides"] if one["answers"] is not None)
    verdict = {"key": "v", "hold": held["hold"], "right": letter, "reason": "النص إيجابي فعلًا"}
    assert team.post(f"/disputes/{held['id']}/verdict", verdict, team.rana).status_code == 409
    judged = team.post(f"/disputes/{held['id']}/verdict", verdict, team.sami)
    holds(shapes.VerdictShape, judged)
    assert team.post(f"/disputes/{held['id']}/verdict", verdict, team.sami).content == judged.content
    (answer,) = team.get(team.path + "/mine/answers", team.layla).json()["answers"]
    assert (answer["state"], answer["became"]) == ("accepted", "reviewed")
    assert answer["reviews"][0]["dispute"]["right"] == "author"
    holds(shapes.OwnAnswersPage, team.get(team.path + "/mine/answers", team.layla))
    told = holds(shapes.NoticesShape, team.get("/notices", team.layla))
    assert [one["kind"] for one in told["notices"]] == ["dispute.overturned", "review.rejected"]
    assert told["unseen"] == 2
    until = told["notices"][0]["id"]
    assert team.post("/notices/seen", {"until": until}, team.layla).json() == {"unseen": 0}
    assert team.get("/notices/unseen", team.rana).json() == {"unseen": 1}


def test_a_review_of_somebody_else_and_an_absent_one_look_the_same(team: Any) -> None:
    body = {"key": "d", "words": ""}
    foreign = team.post(f"/reviews/{team.review}/dispute", body, team.omar)
    absent = team.post("/reviews/01970000-0000-7000-8000-000000000000/dispute", body, team.omar)
    assert (foreign.status_code, foreign.content) == (404, absent.content)


def test_a_notice_holds_no_id_or_number_of_a_task(team: Any) -> None:
    (notice,) = team.get("/notices", team.layla).json()["notices"]
    assert set(notice["data"]) == {"reason", "words", "annotation_id"}


def test_a_new_guideline_is_told_to_who_works_here_and_seen_once(team: Any) -> None:
    change = {"seen_version": 1, "guideline": "اقرأ النص كله"}
    assert team.client.patch("/api/v1" + team.path, json=change, headers=team.owner).status_code == 200
    told = team.get("/notices", team.layla).json()["notices"][0]
    assert (told["kind"], told["data"]) == ("guideline.changed", {"version": 2})
    assert team.get("/notices", team.omar).json()["notices"] == []  # has not worked here
    assert team.get(team.path + "/mine", team.layla).json()["guideline"] == {"version": 2, "seen": 1}
    team.post(team.path + "/guideline/seen", {"version": 2}, team.layla)
    team.post(team.path + "/guideline/seen", {"version": 1}, team.layla)  # never back
    assert team.get(team.path + "/mine", team.layla).json()["guideline"] == {"version": 2, "seen": 2}


def test_spent_is_taken_by_both_doors_and_refused_by_name(team: Any) -> None:
    lease = team.lease(team.layla)["lease"]["id"]
    body = {"key": "k", "answers": {"label": "سلبي"}, "spent_ms": -1}
    refused = team.post(f"/leases/{lease}/submit", body, team.layla)
    assert refused.status_code == 400
    assert "spent_ms" in refused.json()["error"]["message"]
    odd = team.post(f"/leases/{lease}/submit", body | {"spent_ms": "soon"}, team.layla)
    assert odd.status_code == 400
    assert odd.json()["error"]["details"]["field"] == "spent_ms"
    assert team.post(f"/leases/{lease}/submit", body | {"spent_ms": 5}, team.layla).status_code == 200


def test_who_is_turned_away_by_a_manager_reads_why(team: Any) -> None:
    path = f"{team.path}/stages/{team.layla_id}"
    refused = team.post(path, {"stage": "not_qualified", "reason": "  "})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "reason")
    assert team.post(path, {"stage": "not_qualified", "reason": "لم يُقرأ الدليل"}).status_code == 200
    told = team.get("/notices", team.layla).json()["notices"][0]
    assert (told["kind"], told["data"]["reason"]) == ("training.not_passed", "لم يُقرأ الدليل")
