"""The state machine's second way to the queue: the HTTP API, with one credential a person. Faults as in queue_driver.py."""

import asyncio
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from queue_driver import InProcess

from tawsim.server.app import create_app
from tawsim.server.remembering import Remembered
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace

HOST = "127.0.0.1:7373"


@cache
def application() -> tuple[ServerState, httpx2.AsyncClient, asyncio.AbstractEventLoop]:
    """One for all examples, since building it takes longer than an example does; what it serves is exchanged.

    A loop of its own and no lifespan: the sweeper runs when the machine says so, and not once a second.
    """
    nothing: Any = None
    state = ServerState({}, nothing, cookie="c", allowed_hosts=frozenset({HOST}), base_url=f"http://{HOST}")
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=create_app(state)), base_url=f"http://{HOST}")
    return state, client, asyncio.new_event_loop()


class OverHttp(InProcess):
    """Every call is a request; only what no route offers (the sweeper, the log of events) is looked at from behind."""

    over_http = True

    def __init__(self, template: Path) -> None:
        self.books: Any = None
        self.tokens: dict[str, str] = {}
        super().__init__(template)
        self.books = accounts.open_accounts(self.folder, clock=self.clock)
        self._serve()

    def _open(self) -> None:
        super()._open()
        if self.books is not None:
            self._serve()

    def _serve(self) -> None:
        """The application as after a start."""
        with self.db.read() as tx:
            row = tx.one("workspace_get")
        assert row is not None
        self.workspace = Workspace(row["id"], row["name"], self.path, self.db, self.owner)
        self.state, self.client, self.loop = application()
        self.state.accounts, self.state.clock = self.books, self.clock
        self.state.workspaces = {row["id"]: self.workspace}
        self.state.known = Remembered()

    def _token(self, worker: str) -> str:
        if worker not in self.tokens:
            identity = Identity(self.workspace.id, worker)
            self.tokens[worker] = self.books.write(lambda tx: accounts.issue(tx, "token", identity))
        return self.tokens[worker]

    def end(self) -> None:
        self.books.close()
        super().end()

    def raw(self, who: str, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self._token(who)}"}
        return self.loop.run_until_complete(self.client.request(method, "/api/v1" + path, json=body, headers=headers))

    def call(self, who: str, method: str, path: str, body: Any = None) -> tuple[str, Any]:
        """("ok", JSON) or (code, details)."""
        answer = self.raw(who, method, path, body)
        found = answer.json()
        if answer.status_code == 200:
            return "ok", found
        statuses = {"TW-NOT-FOUND": 404, "TW-ANSWER": 400, "TW-SIGN-IN": 401, "TW-UNAVAILABLE": 503, "TW-INPUT": 400}
        error = found["error"]
        assert answer.status_code == statuses.get(error["code"], 409), answer.text
        assert (answer.status_code == 503) == ("retry-after" in answer.headers)
        return error["code"], error["details"]

    def post(self, who: str, path: str, body: Any) -> tuple[str, Any]:
        return self.call(who, "POST", path, body)

    # ---- workers -----------------------------------------------------------------------------------------------
    def next(self, worker: str, count: int) -> tuple[str, Any]:
        code, found = self.post(worker, f"/projects/{self.project_id}/next", {"count": count})
        if code == "TW-SIGN-IN":
            return "ok", ([], "deactivated")
        if code != "ok":
            return code, found
        none = found["none"]
        leases = [one["lease"] for one in found["leases"]]
        assert [one["task"]["id"] for one in found["leases"]] == [one["task_id"] for one in leases]
        return code, (leases, none and none["reason"])

    def submit(self, worker: str, lease: str, key: str, content: dict[str, Any]) -> tuple[str, Any]:
        return self.post(worker, f"/leases/{lease}/submit", {"key": key, "answers": content})

    def skip(self, worker: str, lease: str) -> tuple[str, Any]:
        return self.post(worker, f"/leases/{lease}/skip", {"reason": "unclear"})

    def release(self, worker: str, lease: str) -> tuple[str, Any]:
        return self.post(worker, f"/leases/{lease}/release", {})

    def heartbeat(self, worker: str, lease: str) -> tuple[str, Any]:
        code, found = self.post(worker, f"/leases/{lease}/heartbeat", {})
        return code, found["deadline"] if code == "ok" else found

    def undo(self, worker: str, annotation: str, key: str) -> tuple[str, Any]:
        code, found = self.post(worker, f"/annotations/{annotation}/undo", {"key": key})
        return code, found["lease"] if code == "ok" else found

    def edit(self, worker: str, annotation: str, key: str, seen: int, content: dict[str, Any]) -> tuple[str, Any]:
        body = {"key": key, "seen_version": seen, "answers": content}
        code, found = self.post(worker, f"/annotations/{annotation}/versions", body)
        return code, found["annotation"] if code == "ok" else found

    # ---- owners ------------------------------------------------------------------------------------------------
    def add_tasks(self, texts: list[str], key: str) -> tuple[str, Any]:
        body = {"key": key, "rows": [{"text": text} for text in texts]}
        code, found = self.post(self.owner, f"/projects/{self.project_id}/tasks", body)
        return code, found["added"] if code == "ok" else found

    def reject(self, annotation: str, key: str, seen: int) -> tuple[str, Any]:
        body = {"key": key, "seen_version": seen, "reason": "not the guideline"}
        code, found = self.post(self.owner, f"/annotations/{annotation}/reject", body)
        return code, found["annotation"] if code == "ok" else found

    def reopen(self, task: str) -> tuple[str, Any]:
        code, found = self.post(self.owner, f"/tasks/{task}/reopen", {"key": uuid.uuid4().hex})
        return code, found["round"] if code == "ok" else found

    def set_k(self, task: str, k: int) -> tuple[str, Any]:
        return self.call(self.owner, "PATCH", f"/tasks/{task}", {"overlap": k})

    def remove(self, task: str) -> tuple[str, Any]:
        return self.call(self.owner, "DELETE", f"/tasks/{task}")

    def set_active(self, worker: str, active: bool) -> tuple[str, Any]:
        found = self.post(self.owner, f"/workers/{worker}/{'activate' if active else 'deactivate'}", {})
        if found[0] == "ok" and active:
            self.tokens.pop(worker, None)  # what they had is revoked for ever; they need a new link
        return found

    def change_project(self, seen: int, changes: dict[str, Any]) -> tuple[str, Any]:
        body = {"seen_version": seen, **changes}
        code, found = self.call(self.owner, "PATCH", f"/projects/{self.project_id}", body)
        return code, found["project"]["version"] if code == "ok" else found

    def adopt(self, draft: str) -> tuple[str, Any]:
        code, found = self.post(self.owner, f"/drafts/{draft}/adopt", {})
        return code, found["annotation"]["id"] if code == "ok" else found

    # ---- public reads ------------------------------------------------------------------------------------------
    def get(self, path: str, who: str | None = None) -> Any:
        code, found = self.call(who or self.owner, "GET", path)
        assert code == "ok", (path, code, found)
        return found

    def tasks(self) -> dict[str, dict[str, Any]]:
        found, after = {}, 0
        while True:
            page = self.get(f"/projects/{self.project_id}/tasks?limit=20&after={after}")
            found |= {one["id"]: one for one in page["tasks"]}
            if page["next"] is None:
                return found
            after = page["next"]

    def answers(self) -> dict[str, dict[str, Any]]:
        with self.db.read() as tx:
            active = {row["id"] for row in tx.all("worker_list") if row["active"]}
        found = {one: seen for one, seen in super().answers().items() if seen["worker_id"] not in active}
        for worker in self.workers:
            before = ""
            while worker in active:
                page = self.get(f"/projects/{self.project_id}/annotations/mine?limit=20{before}", worker)
                found |= {one["id"]: one for one in page["annotations"]}
                if page["next"] is None:
                    break
                before = f"&before={page['next']}"
        return found

    def drafts(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.get("/drafts?limit=500")["drafts"]}

    def progress(self) -> dict[str, int]:
        return self.get(f"/projects/{self.project_id}")["progress"]
