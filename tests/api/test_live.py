"""Live models over HTTP: a turn is asked once, shown blind, stored with its models, and lost by no trouble."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from tests.api.test_permissions import ABSENT
from tests.unit.model_server import ModelServer, completion, model_server, says

from tawsim.core.ids import new_id
from tawsim.labellers.endpoint import Outside
from tawsim.labellers.endpoints import CONSENTS, add_endpoint, consent, new_endpoint
from tawsim.loop.live import PER_MINUTE, Desk

HELLO = [{"role": "user", "content": "مرحبا"}]


@dataclass
class Live:
    """A project with a live chat question, and a lease of Layla's in it."""

    world: Any
    server: ModelServer
    project: str
    lease: str

    def ask(self, key: str = "k", messages: Any = None, who: Any = None, lease: str = "", **more: Any) -> Any:
        body = {"key": key, "question": "talk", "messages": messages or HELLO} | more
        return self.world.post(f"/leases/{lease or self.lease}/live", body, who or self.world.layla)

    def rows(self) -> list[dict[str, Any]]:
        with self.world.workspace.db.read() as tx:
            return [dict(one) for one in tx._connection.execute("SELECT * FROM live_turn ORDER BY turn")]


@pytest.fixture
def live(world: Any) -> Iterator[Live]:
    with model_server() as server:
        new = new_endpoint("lab", server.base, ["m-one", "m-two"], allow_private=True)
        made = world.workspace.db.write(lambda tx: add_endpoint(tx, world.workspace.owner_id, new))
        consent(world.workspace.path.parent, world.workspace.id, made)
        chat = {"kind": "chat", "name": "talk", "on": "talk", "live": {"endpoint": "lab", "turns": 3, "candidates": 2}}
        plain = {"kind": "choice", "name": "label", "labels": ["a", "b"], "required": False}
        body = {"key": "p2", "name": "محادثات", "overlap": 2, "questions": [chat, plain]}
        project = world.post("/projects", body).json()["project"]["id"]
        rows = [{"text": f"topic {i}", "talk": [{"role": "system", "content": "Be brief."}]} for i in range(5)]
        assert world.post(f"/projects/{project}/tasks", {"key": "t2", "rows": rows}).status_code == 200
        desk_of(world).outside = Outside(sleep=lambda _: None, total_s=20)
        given = world.post(f"/projects/{project}/next", {"count": 1}, world.layla).json()["leases"]
        yield Live(world, server, project, given[0]["lease"]["id"])


def desk_of(world: Any) -> Desk:
    inside = world.client.app
    while not hasattr(inside, "state") or not hasattr(inside.state, "desk"):
        inside = inside.app
    found: Desk = inside.state.desk
    return found


def test_two_models_answer_side_by_side_and_nobody_is_told_which_is_which(live: Live) -> None:
    answer = live.ask()
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"candidates", "turn"}
    assert sorted(answer.json()["candidates"]) == ["m-one heard: مرحبا", "m-two heard: مرحبا"]
    assert answer.json()["turn"] == 1
    (row,) = live.rows()
    kept = json.loads(row["candidates"])
    assert [one["text"] for one in kept] == answer.json()["candidates"]
    assert [one["text"].split()[0] for one in kept] == [one["model"] for one in kept]
    assert json.loads(row["prompt"]) == HELLO
    assert {"seed", "temperature", "prompt_tokens", "completion_tokens"} <= set(kept[0])
    with live.world.workspace.db.read() as tx:
        events = tx._connection.execute("SELECT data FROM event WHERE kind = 'live.asked'").fetchall()
    assert [json.loads(one["data"]) for one in events] == [{"question": "talk", "turn": 1, "endpoint": "lab"}]


def test_the_order_tells_nothing(live: Live) -> None:
    first = set()
    for i in range(3):
        live.ask(f"k{i}")
    given = live.world.post(f"/projects/{live.project}/next", {"count": 5}, live.world.omar).json()["leases"]
    for one in given:
        for i in range(3):
            live.ask(f"k{i}", who=live.world.omar, lease=one["lease"]["id"])
    first = {json.loads(row["candidates"])[0]["model"] for row in live.rows()}
    assert first == {"m-one", "m-two"}  # 18 fair coins fall on one side once in 130,000 runs


def test_a_key_gives_the_same_candidates_for_ever(live: Live) -> None:
    one = live.ask("k1").json()
    assert live.ask("k1").json() == one
    assert len(live.server.paths) == 2
    changed = live.ask("k1", [{"role": "user", "content": "other"}])
    assert (changed.status_code, changed.json()["error"]["code"]) == (409, "TW-KEY-REUSED")
    live.world.post(f"/leases/{live.lease}/release", {}, live.world.layla)
    assert live.ask("k1").json() == one
    ended = live.ask("k2")
    assert (ended.status_code, ended.json()["error"]["code"]) == (409, "TW-LEASE-LOST")


def test_the_turns_of_a_conversation_are_counted_and_end(live: Live) -> None:
    assert [live.ask(f"k{i}").json()["turn"] for i in range(3)] == [1, 2, 3]
    over = live.ask("k4")
    assert (over.status_code, over.json()["error"]["code"]) == (409, "TW-CONFLICT")
    assert len(live.rows()) == 3


def test_somebody_elses_lease_looks_absent(live: Live) -> None:
    foreign = live.ask(who=live.world.omar)
    absent = live.ask(who=live.world.omar, lease=ABSENT)
    assert (foreign.status_code, foreign.content) == (404, absent.content)
    live.ask("k1")
    assert live.ask("k1", who=live.world.omar).content == absent.content
    assert live.ask(who=live.world.owner).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""}, {"key": "k" * 201}, {"key": "\ud83d"},
        {"question": "\ud83d"}, {"question": "label"}, {"question": "nobody"}, {"messages": [{"role": "user"}]},
        {"messages": [{"role": "tool", "content": "x"}]}, {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "user", "content": 5}]}, {"messages": [*HELLO, {"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x", "name": "y"}]}, {"messages": HELLO * 201}, {"messages": "x"},
        {"messages": [{"role": "user", "content": "x" * 100_001}]}, {"messages": [{"role": "user", "content": "\ud83d"}]},
        {"messages": [{"role": "user", "content": "x" * 90_000}] * 4}, {"messages": [5]},
    ],
)  # fmt: skip
def test_a_bad_turn_is_refused_before_any_model_is_asked(live: Live, wrong: dict[str, Any]) -> None:
    body = json.dumps({"key": "k", "question": "talk", "messages": HELLO} | wrong)
    answer = live.world.client.post(f"/api/v1/leases/{live.lease}/live", content=body, headers=live.world.layla)
    assert answer.status_code == 400, answer.text
    assert live.server.paths == []
    assert live.rows() == []


def test_a_body_that_is_too_large_is_cut_off(live: Live) -> None:
    assert live.ask(messages=[{"role": "user", "content": "x" * 3_000_000}]).status_code == 413


@pytest.mark.parametrize(
    "trouble", ["down", "refused", "garbage", "giant", "redirect", "unset key", "removed", "not allowed"]
)
def test_trouble_is_told_without_the_models_name_and_costs_nothing(
    live: Live, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays = {
        "down": says(503, b"m-one overloaded"), "refused": says(401, {"error": {"message": "bad key for m-one"}}),
        "garbage": says(200, b"<html>m-one"), "giant": says(200, b"x" * 5_000_000),
        "redirect": says(307, b"", Location="http://169.254.169.254/latest/meta-data/"),
    }  # fmt: skip
    workspace = live.world.workspace
    if trouble in plays:
        live.server.plays = [plays[trouble]] * 6
    elif trouble == "not allowed":
        (workspace.path.parent / CONSENTS).unlink()
    else:
        from tawsim.labellers.endpoints import remove_endpoint

        workspace.db.write(lambda tx: remove_endpoint(tx, workspace.owner_id, "lab"))
        if trouble == "unset key":
            monkeypatch.delenv("NO_SUCH_KEY", raising=False)
            new = new_endpoint("lab", live.server.base, ["m-one"], allow_private=True, key_env="NO_SUCH_KEY")
            made = workspace.db.write(lambda tx: add_endpoint(tx, workspace.owner_id, new))
            consent(workspace.path.parent, workspace.id, made)
    answer = live.ask("k1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "TW-ENDPOINT"), answer.text
    assert answer.json()["error"]["hint"]
    for secret in ("m-one", "m-two", str(live.server.port), "NO_SUCH_KEY", "169.254"):
        assert secret not in answer.text
    assert live.rows() == []
    if trouble in plays:
        live.server.plays = []
        assert live.ask("k1").json()["turn"] == 1  # the same key, once the endpoint is back


def test_an_owner_is_told_what_is_wrong(live: Live) -> None:
    given = live.world.post(f"/projects/{live.project}/next", {"count": 1}, live.world.owner).json()["leases"]
    live.server.plays = [says(401, {"error": {"message": "bad key"}})] * 2
    answer = live.ask(who=live.world.owner, lease=given[0]["lease"]["id"])
    assert (answer.status_code, answer.json()["error"]["details"]) == (502, {"status": 401, "told": "bad key"})


def test_a_busy_endpoint_is_asked_again(live: Live) -> None:
    live.server.plays = [says(429, b"", Retry_After="1"), says(500, b"")]
    assert live.ask().status_code == 200
    assert len(live.server.paths) == 4


def test_one_turn_at_a_time_and_the_same_key_joins_it(live: Live) -> None:
    going = threading.Event()

    def slow(handler: Any) -> None:
        assert going.wait(20)
        says(200, completion("slow"))(handler)

    live.server.plays = [slow, slow]
    with ThreadPoolExecutor(3) as pool:
        try:
            first = pool.submit(live.ask, "k1")
            until = time.monotonic() + 20
            while len(live.server.paths) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            joined = pool.submit(live.ask, "k1")
            busy = live.ask("k2")
            assert (busy.status_code, busy.json()["error"]["code"]) == (429, "TW-TOO-SOON")
            assert busy.json()["error"]["details"]["retry_after_s"] >= 1
            # Meanwhile the server answers everybody else, and writes.
            assert live.world.get("/session", live.world.layla).status_code == 200
            assert live.world.answer(live.world.omar).status_code == 200
        finally:
            going.set()
        assert first.result().json() == joined.result().json() == {"candidates": ["slow", "slow"], "turn": 1}
    assert len(live.server.paths) == 2
    assert len(live.rows()) == 1
    assert live.ask("k2").json()["turn"] == 2


def test_a_worker_has_so_many_turns_a_minute(live: Live, clock: Any) -> None:
    live.server.plays = [says(404, b"")] * 500
    for i in range(PER_MINUTE):
        assert live.ask(f"k{i}").status_code == 502
    over = live.ask("k")
    assert (over.status_code, over.json()["error"]["code"]) == (429, "TW-TOO-SOON")
    assert 1 <= over.json()["error"]["details"]["retry_after_s"] <= 61
    assert over.headers["retry-after"] == str(over.json()["error"]["details"]["retry_after_s"])
    clock.advance(61)
    assert live.ask("k").status_code == 502


def test_the_list_names_models_and_nothing_else(live: Live) -> None:
    assert live.world.get("/endpoints").json() == {"endpoints": [{"name": "lab", "models": ["m-one", "m-two"]}]}
    assert live.world.get("/endpoints", live.world.layla).status_code == 403


def test_what_the_labeller_chose_can_be_submitted(live: Live) -> None:
    said = live.ask("k1").json()["candidates"]
    turn = {"prompt": "مرحبا", "candidates": said, "chosen": 1}
    answers = {"talk": {"messages": {}, "turns": [turn]}}
    done = live.world.post(f"/leases/{live.lease}/submit", {"key": new_id(1), "answers": answers}, live.world.layla)
    assert done.status_code == 200, done.text


def test_answers_that_no_model_gave_are_refused(live: Live) -> None:
    said = live.ask("k1").json()["candidates"]
    for invented in ([*said[:1], "لم يقله أحد"], said[::-1], ["a", "b"]):
        turn = {"prompt": "مرحبا", "candidates": invented, "chosen": 0}
        answers = {"talk": {"messages": {}, "turns": [turn]}}
        done = live.world.post(f"/leases/{live.lease}/submit", {"key": new_id(1), "answers": answers}, live.world.layla)
        assert done.json()["error"]["code"] == "TW-ANSWER", done.text


def test_an_owner_reads_which_model_said_what(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    from tawsim.cli import main as entry

    said = live.ask("k1").json()["candidates"]
    words = ["endpoint", "turns", "-p", "محادثات", "-w", str(live.world.workspace.path)]
    assert entry.run([*words, "--json"]) == 0
    (turn,) = json.loads(capsys.readouterr().out)["turns"]
    assert [one["text"] for one in turn["candidates"]] == said
    assert {one["model"] for one in turn["candidates"]} == {"m-one", "m-two"}
    assert (turn["seq"], turn["worker_name"], turn["messages"], turn["lease_state"]) == (1, "ليلى", HELLO, "live")
    assert entry.run(words) == 0
    assert "1. m-" in capsys.readouterr().out
    assert entry.run(["endpoint", "turns", "-p", "مراجعات", *words[4:]]) == 0
    assert "Nobody has asked" in capsys.readouterr().out
