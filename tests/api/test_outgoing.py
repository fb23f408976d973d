"""Who may have this machine open a private place: an owner where one workspace is served, whoever runs it where several are."""

from pathlib import Path

import pytest
from tests.api.conftest import World

from tawsim.workspaces.workspace import open_workspace

HOOK = {"url": "http://127.0.0.1:9/x", "kinds": ["*"], "allow": "127.0.0.1:9"}


@pytest.fixture
def shared(world: World, tmp_path: Path) -> World:
    """The same server with a second workspace."""
    other = open_workspace(tmp_path / "other.tawsim", create=True, owner="Sami")
    world.state.workspaces[other.id] = other
    return world


def test_an_owner_may_where_the_server_is_theirs_alone(world: World) -> None:
    assert world.post("/webhooks", HOOK).status_code == 200


def test_an_owner_may_not_where_others_share_the_server(shared: World) -> None:
    refused = shared.post("/webhooks", HOOK)
    assert (refused.status_code, "--allow-outgoing" in refused.text) == (403, True)
    assert shared.post("/webhooks", HOOK | {"url": "https://example.com/x", "allow": ""}).status_code == 200


def test_a_place_that_the_operator_named_may_be_opened(shared: World) -> None:
    shared.state.outgoing = frozenset({"127.0.0.1:9"})
    made = shared.post("/webhooks", HOOK)
    assert made.status_code == 200
    path = f"/webhooks/{made.json()['webhook']['id']}/secret"
    assert shared.post(path, {"allow": "127.0.0.1:9"}).status_code == 200
    assert shared.post(path, {"allow": "127.0.0.1:7373"}).status_code == 403


def test_callbacks_and_attachments_ask_the_same(shared: World) -> None:
    body = {"mode": "live", "allow": "127.0.0.1:8000, 10.0.0.1:80"}
    with pytest.raises(Exception, match="--allow-outgoing"):
        shared.state.check_outgoing(str(body["allow"]))
    shared.state.outgoing = frozenset({"127.0.0.1:8000", "10.0.0.1:80"})
    shared.state.check_outgoing(str(body["allow"]))
