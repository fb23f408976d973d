"""`tw.connect`: the surface on a server. Same calls, same results, same errors as on a file."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadFile, BadInput, NotFound, NotSignedIn, TooLarge
from tawsim.core.records import Duplicate, DuplicatePolicy, ImportReport, Progress, Worker, WorkerProgress
from tawsim.releases import format_of, new_file
from tawsim.sdk.client import Client
from tawsim.sdk.surface import Labeller, Project, Workspace, new_key, to_json_bytes

PAGE = 1_000
MAX_ROWS_BYTES = 60_000_000
CHUNK = 1 << 20
VARIABLE = "TAWSIM_TOKEN"
VOTE_COLUMNS = ("task", "seq", "worker", "question", "label", "at", "lease", "guideline_version", "version")


def connect(url: str, *, token: str | None = None) -> "RemoteWorkspace":
    """Connect to a server with a token (`tawsim token`), or with a one-time link in place of the address.

    Without `token`, the variable TAWSIM_TOKEN. Raises NotSignedIn, Unavailable.

    >>> w = tw.connect("http://127.0.0.1:7373", token="tws_…")                                     # doctest: +SKIP
    """
    address, _, secret = url.partition("/enter#")
    if secret:
        token = _enter(address, secret)
    token = token or os.environ.get(VARIABLE, "")
    if not token:
        raise NotSignedIn(
            "A server asks who you are.", 'Make a token: tawsim token; then tw.connect(url, token="tws_…")'
        )
    client = Client(address, token)
    try:
        return RemoteWorkspace(client, client.get("/session"))
    except BaseException:
        client.close()
        raise


def _enter(address: str, secret: str) -> str:
    """A one-time link's secret for a session's."""
    client = Client(address, "")
    try:
        cookies = client.cookies_after("/sessions", {"token": secret})
    finally:
        client.close()
    for name, value in cookies.items():
        if name.startswith("tawsim"):
            return value
    raise NotSignedIn("The server gave no session for this link.", "Ask for a new one.")


class RemoteWorkspace(Workspace):
    """A workspace on a server."""

    def __init__(self, client: Client, session: Mapping[str, Any]) -> None:
        self._client = client
        self._session = session

    @property
    def name(self) -> str:
        """The workspace's name."""
        return str(self._session["workspace"]["name"])

    def projects(self) -> list[Project]:
        """All projects, in the order they were made."""
        found = self._client.get("/projects")["projects"]
        return [RemoteProject(self._client, one["project"]) for one in found]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _create_project(self, facts: dict[str, Any], key: str) -> Project:
        return RemoteProject(self._client, self._client.post("/projects", {"key": key, **facts})["project"])


class RemoteProject(Project):
    """A project on a server."""

    def __init__(self, client: Client, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self._client = client

    def _url(self, rest: str = "") -> str:
        return f"/projects/{self.id}{rest}"

    def progress(self) -> Progress:
        """How many tasks and answers there are and are wanted."""
        return Progress(**self._client.get(self._url("/progress"))["progress"])

    def workers(self) -> list[WorkerProgress]:
        """Each worker's part."""
        found = self._client.get(self._url("/progress"))["workers"]
        return [WorkerProgress(**{**one, "worker": Worker(**one["worker"])}) for one in found]

    def export(self, path: str | os.PathLike[str], *, votes: bool = False, force: bool = False) -> Path:
        """Write the labels, or every answer, to a .csv, .jsonl or .parquet file."""
        out = Path(path)
        kind = "votes" if votes else "labels"
        with (
            new_file(out, overwrite=force) as file,
            self._client.stream(self._url("/export"), format=format_of(out.name), kind=kind) as response,
        ):
            for chunk in response.iter_bytes(CHUNK):
                file.write(chunk)
        return out

    def label_as(self, name: str | None = None) -> Labeller:
        """Oneself, or (owners only) the worker of that name, made if it is new."""
        if name is None:
            return RemoteLabeller(self, "oneself", self._client)
        made = self._client.post("/workers", {"key": new_key(), "name": name})
        secret = str(made["link"]).partition("/enter#")[2]
        return RemoteLabeller(self, made["worker"]["name"], Client(self._client.url, _enter(self._client.url, secret)))

    def pause(self) -> None:
        """Hand out no more tasks."""
        self._change({"state": "paused"})

    def resume(self) -> None:
        """Hand out tasks again."""
        self._change({"state": "running"})

    def _change(self, changes: Mapping[str, Any]) -> None:
        self._refresh()
        body = {"seen_version": self._facts["version"], **changes}
        self._facts = self._client.patch(self._url(), body)["project"]

    def _refresh(self) -> None:
        self._facts = self._client.get(self._url())["project"]

    def _add_file(self, path: Path, text: str | None, duplicates: DuplicatePolicy, again: bool) -> ImportReport:
        if not path.is_file():
            raise BadFile("there is no such file.", "Check the name and the folder.", file=path.name)
        if text is not None and text != self._facts["text_column"]:
            self._change({"text_column": text})
        found = self._client.upload(
            self._url("/imports"), lambda: _chunks(path), filename=path.name, duplicates=duplicates,
            again="true" if again else None,
        )  # fmt: skip
        self._refresh()
        return _report(found)

    def _add_rows(self, rows: Iterable[Any], duplicates: DuplicatePolicy, key: str) -> ImportReport:
        column = self._facts["text_column"]
        items = [{column: one} if isinstance(one, str) else one for one in rows]
        body = to_json_bytes({"key": key, "rows": items, "duplicates": duplicates})
        if len(body) > MAX_ROWS_BYTES:
            raise TooLarge(
                f"These rows are {len(body) / 1e6:.0f} MB; at most {MAX_ROWS_BYTES / 1e6:.0f} MB go at once.",
                "Save them as a file (.jsonl or .parquet) and add its path.",
            )
        return _report(self._client.post_raw(self._url("/tasks"), body))

    def _truth_pages(self, question: str | None) -> Iterator[Mapping[str, Any]]:
        after: int | None = 0
        while after is not None:
            page = self._client.get(self._url("/truth"), question=question, limit=PAGE, after=after)
            yield page
            after = page["next"]

    def _votes(self) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
        return VOTE_COLUMNS, self._vote_rows()

    def _vote_rows(self) -> Iterator[Mapping[str, Any]]:
        import json

        with self._client.stream(self._url("/export"), format="jsonl", kind="votes") as response:
            for line in response.iter_lines():
                if line:
                    yield json.loads(line)


class RemoteLabeller(Labeller):
    """Somebody who answers through a server."""

    def __init__(self, project: RemoteProject, name: str, client: Client) -> None:
        super().__init__(name, project.questions, str(project._facts["text_column"]))
        self._project_id = project.id
        self._client = client

    def skip(self, item: Any, reason: str = "") -> None:
        """Leave this task to others."""
        self._client.post(f"/leases/{item.lease_id}/skip", {"reason": reason})

    def release(self, item: Any) -> None:
        """Give the task back; it may come again."""
        self._client.post(f"/leases/{item.lease_id}/release", {})

    def _next(self, count: int) -> list[Mapping[str, Any]]:
        if count < 1:
            raise BadInput("Ask for at least one task.")
        return list(self._client.post(f"/projects/{self._project_id}/next", {"count": count})["leases"])

    def _submit(self, lease_id: str, key: str, answers: dict[str, Any]) -> str:
        done = self._client.post(f"/leases/{lease_id}/submit", {"key": key, "answers": answers})
        return str(done["annotation"]["id"])


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            yield data


def _report(found: Mapping[str, Any]) -> ImportReport:
    if "id" not in found:
        raise NotFound("The server's answer to the import is not one of Tawsim's.")
    return ImportReport(**{**found, "duplicates": tuple(Duplicate(**one) for one in found["duplicates"])})
