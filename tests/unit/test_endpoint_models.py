"""A model behind an OpenAI-compatible endpoint: what is sent, what is taken for an answer, and what becomes of trouble."""

import json
import random
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.model_server import ModelServer, completion, model_server, says

from tawsim.core.errors import AddressRefused, AlreadyExists, BadInput, EndpointDown, NotAllowed, NotFound
from tawsim.labellers.endpoint import Draw, Endpoint, Outside, Reply, complete, draws, key_of
from tawsim.labellers.endpoints import (
    CONSENTS,
    add_endpoint,
    check_consent,
    consent,
    find_endpoint,
    has_consent,
    list_endpoints,
    new_endpoint,
    remove_endpoint,
)
from tawsim.workspaces.workspace import Workspace

ASK = [{"role": "system", "content": "كن موجزا"}, {"role": "user", "content": "مرحبا"}]
DRAW = Draw("m-1", 42)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as found:
        yield found


def endpoint(server: ModelServer, **more: Any) -> Endpoint:
    return new_endpoint("own", server.base, ["m-1"], allow_private=True, **more)


class Pauses(list[float]):
    """A sleep that only notes how long it should have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask(server: ModelServer, *, key: str = "", sleep: Any = None, **more: Any) -> Reply:
    outside = Outside(environ={"MODEL_KEY": key}, sleep=Pauses() if sleep is None else sleep, total_s=20)
    return complete(endpoint(server, key_env="MODEL_KEY" if key else "", **more), DRAW, ASK, outside)


def test_messages_in_one_text_out(server: ModelServer) -> None:
    reply = ask(server, key="sk-1", max_tokens=77)
    assert reply == Reply(DRAW, "m-1 heard: مرحبا", "stop", 7, 3)
    assert server.paths == ["/v1/chat/completions"]
    assert server.bodies == [
        {"model": "m-1", "messages": ASK, "max_tokens": 77, "temperature": 0.8, "seed": 42, "stream": False}
    ]
    assert server.headers[0]["authorization"] == "Bearer sk-1"
    assert server.headers[0]["content-type"] == "application/json"
    ask(server)
    assert "authorization" not in server.headers[1]


def test_a_busy_endpoint_is_asked_again_a_few_times(server: ModelServer) -> None:
    pauses = Pauses()
    server.plays = [says(429, b"", Retry_After="3"), says(503, b"")]
    assert ask(server, sleep=pauses).text.startswith("m-1")
    assert pauses == [3.0, 1.0]
    pauses.clear()
    server.plays = [says(429, b"", Retry_After="86400"), says(429, b"", Retry_After="Fri, 31 Dec 1999 23:59:59 GMT"),
                    says(429, {"error": {"message": "quota"}}), says(200, completion("never"))]  # fmt: skip
    with pytest.raises(EndpointDown, match="status 429") as told:
        ask(server, sleep=pauses)
    assert pauses == [8.0, 1.0]  # never longer than eight seconds, whatever the endpoint asks for
    assert told.value.details == {"status": 429, "told": "quota"}
    assert len(server.plays) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_asked_again_and_never_shows_the_key(server: ModelServer, status: int) -> None:
    server.plays = [says(status, {"error": {"message": "no: sk-secret-1\x1b[31m\nbad"}})]
    with pytest.raises(EndpointDown) as told:
        ask(server, key="sk-secret-1")
    assert len(server.paths) == 1
    assert "sk-secret-1" not in f"{told.value} {told.value.details} {told.value.__cause__!r}"
    assert told.value.details["told"] == "no: …\N{REPLACEMENT CHARACTER}[31m bad"


def test_fields_that_a_model_does_not_take_are_left_out_one_by_one(server: ModelServer) -> None:
    server.plays = [
        says(400, {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}),
        says(400, {"error": {"message": "Unsupported value: 'temperature' does not support 0.8"}}),
        says(422, {"detail": "seed: extra fields not permitted"}),
    ]
    assert ask(server, max_tokens=5).text
    assert set(server.bodies[-1]) == {"model", "messages", "max_completion_tokens", "stream"}
    server.plays = [says(400, {"error": {"message": "max_tokens temperature seed max_completion_tokens"}})] * 9
    with pytest.raises(EndpointDown):
        ask(server)
    assert len(server.paths) == 4 + 4  # each field goes once, then it is a refusal


GARBAGE = [
    b"", b"{", b"<html>", b"null", b"[]", b'"text"', b"{}", b'{"choices":[]}', b'{"choices":{}}', b'{"choices":[null]}',
    b'{"choices":[{}]}', b'{"choices":[{"message":null}]}', b'{"choices":[{"message":{"content":null}}]}',
    b'{"choices":[{"message":{"content":"  "}}]}', b'{"choices":[{"message":{"content":5}}]}', b"[" * 200_000,
    b"\xff\xfe", b'{"choices":[{"message":{"content":["x",5,{"text":4}]}}]}', b'{"error":"x"}', b"NaN",
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:50]))
def test_garbage_is_an_endpoint_that_did_not_answer(server: ModelServer, body: bytes) -> None:
    server.plays = [says(200, body)]
    with pytest.raises(EndpointDown):
        ask(server)


def test_answers_of_other_forms_are_read_too(server: ModelServer) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    refusal = {"choices": [{"message": {"content": None, "refusal": "I will not."}}]}
    half = b'{"choices":[{"message":{"content":"x\\ud83d y"}}],"usage":{"prompt_tokens":"7","completion_tokens":true}}'
    server.plays = [says(200, completion(parts)), says(200, refusal), says(200, half), says(200, completion("a\r\nb"))]
    assert [ask(server).text for _ in range(2)] == ["ab", "I will not."]
    reply = ask(server)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish) == ("x? y", 0, 0, "")
    assert ask(server).text == "a\nb"


def test_a_giant_answer_ends(server: ModelServer) -> None:
    server.plays = [says(200, completion("x" * 100_001)), says(200, b" " * 4_000_001)]
    for _ in range(2):
        with pytest.raises(EndpointDown, match="longer"):
            ask(server)


def test_time_is_bounded_over_all_tries(server: ModelServer) -> None:
    pauses = Pauses()
    server.plays = [says(503, b"", Retry_After="8")] * 3
    with pytest.raises(EndpointDown):
        complete(endpoint(server), DRAW, ASK, Outside(sleep=pauses, total_s=5))
    assert pauses == []  # eight seconds are more than are left


def test_a_redirect_takes_no_text_elsewhere(server: ModelServer) -> None:
    for place in ("http://169.254.169.254/", "http://127.0.0.1:1/", "https://example.com/"):
        server.plays = [says(307, b"", Location=place)]
        with pytest.raises(AddressRefused):
            ask(server, key="sk-1")


def test_an_address_that_was_not_allowed_is_not_asked(server: ModelServer) -> None:
    closed = replace(endpoint(server), allow_private=False)
    with pytest.raises(AddressRefused):
        complete(closed, DRAW, ASK, Outside())
    named = Endpoint("x", "https://models.example/v1", ("m",))
    with pytest.raises(AddressRefused):
        complete(named, DRAW, ASK, Outside(resolve=lambda *_: ["10.1.2.3"]))
    assert server.paths == []


def test_the_key_is_read_when_it_is_needed_and_a_bad_one_is_not_shown() -> None:
    one = Endpoint("own", "https://x.example/v1", ("m",), "MODEL_KEY")
    assert key_of(one, {"MODEL_KEY": " sk-1\n"}) == "sk-1"
    assert key_of(replace(one, key_env=""), {}) == ""
    with pytest.raises(BadInput, match="MODEL_KEY, which holds the key of “own”, is not set"):
        key_of(one, {"MODEL_KEY": ""})
    for bad in ("sk\r\nX: 1", "sk-é", "sk\x00"):
        with pytest.raises(BadInput) as told:
            key_of(one, {"MODEL_KEY": bad})
        assert "sk" not in str(told.value)


def test_draws_name_as_many_models_as_there_are_in_no_order() -> None:
    orders = {tuple(one.model for one in draws(("a", "b"), 2, random.Random(seed))) for seed in range(40)}
    assert orders == {("a", "b"), ("b", "a")}
    same = draws(("a",), 3, random.Random(1))
    assert [one.model for one in same] == ["a"] * 3
    assert len({one.seed for one in same}) == 3
    pairs = {frozenset(one.model for one in draws(("a", "b", "c", "d"), 2, random.Random(s))) for s in range(200)}
    assert len(pairs) == 6


# ---- the endpoints of a workspace -----------------------------------------------------------------------------------
def test_an_endpoint_is_added_listed_and_removed(workspace: Workspace) -> None:
    new = new_endpoint("own", "http://LOCALHOST:8000/v1/", ["a", "ب"], allow_private=True, key_env="K", max_tokens=9)
    made = workspace.db.write(lambda tx: add_endpoint(tx, workspace.owner_id, new))
    assert made == replace(new, created_at=made.created_at)
    assert made.base_url == "http://localhost:8000/v1"
    with workspace.db.read() as tx:
        assert (list_endpoints(tx), find_endpoint(tx, "own")) == ([made], made)
    with pytest.raises(AlreadyExists):
        workspace.db.write(lambda tx: add_endpoint(tx, workspace.owner_id, new))
    workspace.db.write(lambda tx: remove_endpoint(tx, workspace.owner_id, "own"))
    with pytest.raises(NotFound):
        workspace.db.write(lambda tx: remove_endpoint(tx, workspace.owner_id, "own"))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com:443//", "https://api.example.com"),
        (" https://api.example.com/openai/ ", "https://api.example.com/openai"),
    ],
)
def test_addresses_are_kept_in_one_form(url: str, kept: str) -> None:
    assert new_endpoint("x", url, ["m"]).base_url == kept


@pytest.mark.parametrize(
    ("url", "private", "says"),
    [
        ("http://api.example.com/v1", False, "in the clear"),
        ("http://8.8.8.8/v1", True, "in the clear"),
        ("https://localhost/v1", False, "--private"),
        ("http://127.0.0.1:8000/v1", False, "--private"),
        ("https://10.0.0.5/v1", False, "--private"),
        ("http://169.254.169.254/v1", True, "never opened"),
        ("http://[::ffff:127.0.0.1]/v1", True, "never opened"),
        ("https://api.example.com/v1?key=sk", False, "no query"),
        ("https://sk:x@api.example.com/v1", False, "user name"),
        ("ftp://x", False, "not an http"),
    ],
)
def test_an_address_that_will_not_do_is_refused_when_it_is_typed(url: str, private: bool, says: str) -> None:
    with pytest.raises(BadInput) as told:
        new_endpoint("x", url, ["m"], allow_private=private)
    assert says in str(told.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "A"}, {"name": ""}, {"name": "a b"}, {"name": "a" * 61}, {"models": []}, {"models": ["a", "a"]},
        {"models": [" "]}, {"models": ["a\x1b"]}, {"models": [str(i) for i in range(21)]}, {"key_env": "sk-proj-123"},
        {"max_tokens": 0}, {"max_tokens": 100_001},
    ],
)  # fmt: skip
def test_other_facts_that_will_not_do(wrong: dict[str, Any]) -> None:
    facts: dict[str, Any] = {"name": "x", "models": ["m"]} | wrong
    name, models = facts.pop("name"), facts.pop("models")
    with pytest.raises(BadInput):
        new_endpoint(name, "https://api.example.com/v1", models, **facts)


def test_a_workspace_that_was_copied_opens_nothing_until_its_owner_allows_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    new = new_endpoint("own", "https://models.example/v1", ["m"], key_env="OPENAI_API_KEY")
    made = workspace.db.write(lambda tx: add_endpoint(tx, workspace.owner_id, new))
    with pytest.raises(NotAllowed, match="was not allowed on this machine"):
        check_consent(tmp_path, workspace.id, made)
    consent(tmp_path, workspace.id, made)
    consent(tmp_path, workspace.id, made)
    check_consent(tmp_path, workspace.id, made)
    file = tmp_path / CONSENTS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().splitlines()) == 1
    for changed in (
        replace(made, base_url="https://evil.example/v1"),
        replace(made, key_env="AWS_SECRET_ACCESS_KEY"),
        replace(made, allow_private=True),
    ):
        assert not has_consent(tmp_path, workspace.id, changed)
    assert not has_consent(tmp_path, "another workspace", made)
    assert not has_consent(tmp_path / "elsewhere", workspace.id, made)
    file.chmod(0o622)
    assert not has_consent(tmp_path, workspace.id, made)  # others could have written it


def test_no_key_is_in_the_file(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_KEY", "sk-very-secret-value")
    new = new_endpoint("own", "https://models.example/v1", ["m"], key_env="MODEL_KEY")
    made = workspace.db.write(lambda tx: add_endpoint(tx, workspace.owner_id, new))
    consent(workspace.path.parent, workspace.id, made)
    workspace.close()
    for path in workspace.path.parent.iterdir():
        assert b"sk-very-secret-value" not in path.read_bytes(), path.name


# ---- the terminal ---------------------------------------------------------------------------------------------------
def test_the_commands(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tawsim.cli import main as entry

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = entry.run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    monkeypatch.setenv("MODEL_KEY", "sk-1")
    assert entry.run(["project", "create", "chats", "--labels", "a,b"]) == 0
    add = ("endpoint", "add", "own", server.base, "--model", "m-1", "--model", "m-2", "--key-env", "MODEL_KEY")
    assert run(*add)[0] == 3
    code, made = run(*add, "--private", "--max-tokens", "50")
    assert (code, made["endpoint"]["models"], made["endpoint"]["allowed_here"]) == (0, ["m-1", "m-2"], True)
    code, tried = run("endpoint", "try", "own", "--prompt", "مرحبا")
    assert [one["text"] for one in tried["replies"]] == ["m-1 heard: مرحبا", "m-2 heard: مرحبا"]
    (tmp_path / CONSENTS).unlink()
    assert run("endpoint", "list")[1]["endpoints"][0]["allowed_here"] is False
    code, refused = run("endpoint", "try", "own")
    assert (code, refused["error"]["code"]) == (1, "TW-NOT-ALLOWED")
    assert run("endpoint", "allow", "own")[0] == 0
    server.plays = [says(404, {"error": {"message": "no model m-1"}})]
    assert entry.run(["endpoint", "try", "own"]) == 3
    wrote = capsys.readouterr()
    assert "no model m-1" in wrote.err
    assert "sk-1" not in wrote.err + wrote.out
    assert entry.run(["endpoint", "list"]) == 0
    assert "m-1, m-2" in capsys.readouterr().out
    assert run("endpoint", "remove", "own")[0] == 0
    assert run("endpoint", "list")[1]["endpoints"] == []
    assert run("endpoint", "remove", "own")[0] == 3
