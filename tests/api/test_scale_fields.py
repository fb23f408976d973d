"""Every field of every type of task: left out, null, of a wrong type, too long. Made from the table of types; never an error of
the server's own, and a refusal always names the field."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import HOST

from tawsim.scale.types import TYPES
from tawsim.server.app import create_app
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import get_worker, open_workspace

PICTURE = {"attachment": "https://example.com/a.png", "attachment_type": "image"}
DRAWN = PICTURE | {
    "objects_to_annotate": ["cow", {"choice": "calf"}],
    "with_labels": True,
    "min_width": "10",
    "min_height": 10,
}
FIELDS = [{"type": "category", "field_id": "f", "title": "F", "choices": [{"label": "Yes", "value": "yes"}]},
          {"type": "text", "field_id": "g", "title": "G"}]  # fmt: skip
CHAT = {"prompt": "مرحبا"}
GOOD: dict[str, dict[str, Any]] = {
    **dict.fromkeys((one for one in TYPES if one.endswith("annotation") and TYPES[one].required), DRAWN),
    "textcollection": {"attachments": [{"type": "text", "content": "x"}], "fields": FIELDS},
    "namedentityrecognition": {"text": "Sami in Homs", "labels": [{"name": "PER", "description": "who"}, {"name": "LOC"}]},
    "categorization": {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"], "allow_multiple": True,
                       "category_ids": {"a": 1}},
    "comparison": {"attachments": ["x", "y"], "attachment_type": "text", "choices": ["x", "y"]},
    "imageannotation": PICTURE | {"geometries": {"box": {"objects_to_annotate": ["cow"], "min_height": 10, "min_width": 10}}},
    "segmentannotation": PICTURE | {"labels": ["a", "b"], "allow_unlabeled": True},
    "documenttranscription": {"attachment": "https://example.com/a.png", "features": [{"type": "block", "label": "b"}]},
    "transcription": PICTURE | {"fields": {"a": "A"}, "repeatable_fields": {"b": "B"}},
    "datacollection": PICTURE | {"attachment_type": "website", "fields": {"a": "A"}},
    **{name: CHAT for name in TYPES if "chat" in name or name == "multistage"},
}  # fmt: skip
COMMON: dict[str, Any] = {
    "instruction": "Look.", "callback_url": "https://example.com/back", "metadata": {"a": 1}, "tags": ["t"], "priority": 10,
    "clear_unique_id_on_error": False, "unique_id": None, "project": None, "batch": None,
}  # fmt: skip
ALSO = {"prompt": ("messages",)}  # a prompt may be a list of messages
ONE = "categorization"
LONG = "ش" * 3_000_000
WRONG: list[Any] = [None, "", " ", "text", 0, -1, 1.5, 10**40, True, False, [], ["x"], [1], [None], [[]], [{}], {}, {"a": 1},
                    {"a": None}, {"a": {"b": []}}, [{"a": "b"}], "a\u0000b"]  # fmt: skip
NEVER = {"unknown_field": "kept"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("fields")
    workspace = open_workspace(folder / "fields.tawsim", create=True, owner="Noor")
    books = accounts.open_accounts(folder)
    state = ServerState({workspace.id: workspace}, books, allowed_hosts=frozenset({HOST}))
    with workspace.db.read() as tx:
        owner = get_worker(tx, workspace.owner_id)
    keys = {mode: scale_keys.new_key(books, workspace, owner, mode, "k")[0] for mode in ("live", "test")}  # type: ignore[arg-type]
    with TestClient(create_app(state), base_url=f"http://{HOST}", raise_server_exceptions=False) as inner:

        def send(type_: str, body: Any, mode: str = "live") -> Any:
            head = {"authorization": "Basic " + base64.b64encode(f"{keys[mode]}:".encode()).decode()}
            return inner.post(f"/v1/task/{type_}", content=json.dumps(body), headers=head)

        yield send
    state.close_twins()
    workspace.close()
    books.close()


def told(found: Any, body: Any) -> int:
    assert found.status_code in (200, 400), (found.status_code, found.text[:300], str(body)[:300])
    if found.status_code == 400:
        assert found.json().keys() == {"status_code", "error"}
        assert found.json()["status_code"] == 400
    return int(found.status_code)


def test_every_type_that_is_offered_has_an_example_here() -> None:
    later = {name for name, one in TYPES.items() if one.tier == 3 and not one.required}
    assert set(GOOD) == set(TYPES) - later


@pytest.mark.parametrize("type_", sorted(GOOD))
def test_a_good_one_is_taken_in_both_worlds_with_what_is_not_known_kept(client: Any, type_: str) -> None:
    for mode in ("live", "test"):
        found = client(type_, GOOD[type_] | COMMON | NEVER, mode)
        assert found.status_code == 200, found.text
        task = found.json()
        assert task["params"] == GOOD[type_] | NEVER
        assert task["status"] == ("completed" if mode == "test" else "pending")
        assert ("response" in task) is (mode == "test")


@pytest.mark.parametrize("type_", sorted(GOOD))
def test_what_is_required_is_missed_by_name(client: Any, type_: str) -> None:
    for group in TYPES[type_].required:
        for nothing in ("left out", None, "", [], {}):
            body = {name: value for name, value in GOOD[type_].items() if name not in group}
            if nothing != "left out":
                body |= dict.fromkeys(group, nothing)
            found = client(type_, body)
            assert told(found, body) == 400, body
            assert group[0] in found.json()["error"]


@pytest.mark.parametrize("type_", sorted(GOOD))
def test_a_field_of_any_other_type_is_taken_or_refused_by_name(client: Any, type_: str) -> None:
    for name in (*GOOD[type_], *(COMMON if type_ == ONE else ())):  # the fields of all types are read in one place
        for wrong in WRONG:
            body = GOOD[type_] | {"instruction": "x"} | {name: wrong}
            found = client(type_, body)
            if name in ("project", "batch") and isinstance(wrong, str) and wrong and found.status_code == 404:
                assert wrong in found.json()["error"]
            elif name == "unique_id" and found.status_code == 409:
                assert isinstance(wrong, str)
            elif told(found, body) == 400:
                said = found.json()["error"]
                group = next((one for one in TYPES[type_].required if name in one), (name,))
                assert any(one in said for one in (name, *group, *ALSO.get(name, ()))), (name, wrong, said)
            else:
                kept = found.json()
                assert kept["params"].get(name, kept.get(name, wrong)) == wrong or not wrong, (name, wrong)


@pytest.mark.parametrize("type_", sorted(GOOD))
def test_what_is_too_long_too_many_or_too_deep_is_refused(client: Any, type_: str) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    for name in (*GOOD[type_], *(COMMON if type_ == ONE else ())):
        for too_much in (deep, *([["x"] * 210_000] if type_ == ONE else ())):
            body = GOOD[type_] | {name: too_much}
            assert told(client(type_, body), name) == 400, name
    for name in ("instruction", "unique_id", "callback_url", "project", "batch", "priority") if type_ == ONE else ():
        found = client(type_, GOOD[type_] | {name: LONG[:300_000]})
        assert told(found, name) == 400, name
        assert name in found.json()["error"]
    found = client(type_, GOOD[type_] | {"other": LONG + LONG})
    assert told(found, "body") == 400


@pytest.mark.parametrize("url", ["ftp://example.com", "javascript:alert(1)", "http://", "https://[", "example", "a b@c", "//x",
                                 "http://exa mple.com", "https://example.com/\u0007", "x" * 2001])  # fmt: skip
def test_an_address_for_callbacks_is_http_or_a_mailbox(client: Any, url: str) -> None:
    found = client("categorization", GOOD["categorization"] | {"callback_url": url})
    assert told(found, url) == 400
    assert "callback_url" in found.json()["error"]


@pytest.mark.parametrize("url", ["", None, "http://example.com", "HTTPS://Example.com/x?y=z", "someone@example.com",
                                 "http://10.0.0.1:8080/back", "https://مثال.إختبار/رد"])  # fmt: skip
def test_any_other_is_kept_as_it_was_sent(client: Any, url: Any) -> None:
    found = client("categorization", GOOD["categorization"] | {"callback_url": url})
    assert found.json()["callback_url"] == (url or ""), found.text
