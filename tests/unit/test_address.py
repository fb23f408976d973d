"""The address that people open: what is one, and what a server behind a proxy does with it."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tawsim.core.errors import BadInput
from tawsim.server import run
from tawsim.server.sign_in_state import ServerState


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://label.example.org", "https://label.example.org"),
        (" https://Label.Example.org:443/ ", "https://label.example.org"),
        ("https://label.example.org:8443", "https://label.example.org:8443"),
        ("http://10.0.0.5:80", "http://10.0.0.5"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_address_is_read(given: str, read: str) -> None:
    assert run.read_address(given) == read


@pytest.mark.parametrize(
    "wrong",
    ["label.example.org", "ftp://x", "https://", "https://x/path", "https://x?y", "https://me@x", "https://x:port", "https://x:99999"],
)  # fmt: skip
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput):
        run.read_address(wrong)


@pytest.mark.parametrize(("address", "secure"), [("https://label.example.org", True), ("", False)])
def test_cookies_behind_tls_are_secure_and_its_name_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, secure: bool
) -> None:
    from tawsim.workspaces.workspace import open_workspace

    file = tmp_path / "w.tawsim"
    open_workspace(file, create=True, owner="Noor").close()
    seen: dict[str, Any] = {}

    def instead(server: Any, sockets: Any) -> None:
        """What the server would answer, without listening."""
        listener = sockets[0].getsockname()[1]
        name = address or f"http://127.0.0.1:{listener}"
        with TestClient(server.config.app, base_url=name) as client:
            secret = seen["state"].link("").partition("#")[0]
            seen["link"] = secret
            answer = client.post("/api/v1/sessions", json={"token": seen["token"]}, headers={"Tawsim-Client": "web"})
            seen["cookie"] = answer.headers["set-cookie"]
            seen["status"] = answer.status_code
            seen["other"] = client.get("/api/v1/health", headers={"host": "evil.example"}).status_code

    real = run.launch_link

    def launch(state: ServerState, workspace: Any) -> str:
        link = real(state, workspace)
        seen["state"], seen["token"] = state, link.partition("#")[2]
        return link

    monkeypatch.setattr(run, "launch_link", launch)
    monkeypatch.setattr(run._Server, "run", instead)
    run.serve([file], port=None, address=address)
    assert seen["status"] == 200
    assert ("Secure" in seen["cookie"]) is secure
    assert "HttpOnly" in seen["cookie"]
    assert seen["link"].startswith(address or "http://127.0.0.1:")
    assert seen["other"] == 403
