"""What changes in a running project: its questions (effects first), its guideline's versions, suggestions. Owners' routes, but
for the guideline, which everybody who labels under it may read."""

import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from tawsim.core.errors import Unavailable
from tawsim.labelling import guidelines
from tawsim.loop import changing, suggesting
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, Manager, SignedIn, allow

router = APIRouter(tags=["changing"])


@dataclass(frozen=True, slots=True)
class ChangeBody:
    """New questions and content; one that is left out stays as it is. `renamed`: question → old label → new label."""

    questions: list[Any] | None = None
    content: list[Any] | None = None
    renamed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaBody:
    """The change, made from `seen_version` of the project. `on_misfits`: refuse, keep or reopen."""

    seen_version: int
    questions: list[Any] | None = None
    content: list[Any] | None = None
    renamed: dict[str, Any] = field(default_factory=dict)
    on_misfits: str = "refuse"
    reopen_missing: bool = False


@dataclass(frozen=True, slots=True)
class SuggestionRowsBody:
    """Rows with task (or the column `by`), answer, and question, p, source where there are any."""

    rows: list[Any]
    by: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class SuggestionColumnBody:
    """A column of the project's own rows that predicts a question."""

    column: str
    question: str = ""
    source: str = ""


@dataclass(frozen=True)
class ExampleShape:
    """An answer that would not fit, cut at 200 characters."""

    seq: int
    answer: str


@dataclass(frozen=True)
class ReasonShape:
    """Why answers stop fitting: question_gone, kind_changed, column_changed, label_gone, not_asked, no_fit or others."""

    code: str
    what: str
    answers: int
    examples: list[ExampleShape]


@dataclass(frozen=True)
class EffectShape:
    """What a change does to one question's answers."""

    question: str
    state: str
    kept: int
    renamed: int
    back: int
    out: int
    misfits: int
    missing: int
    tasks: int
    bare: int
    reasons: list[ReasonShape]


@dataclass(frozen=True)
class UnderWayShape:
    """Live leases, their workers, and whether the change ends them."""

    leases: int
    workers: int
    ends: bool


@dataclass(frozen=True)
class LackingShape:
    """A column that is newly named, and how many rows have none."""

    column: str
    rows: int


@dataclass(frozen=True)
class PreviewShape:
    """What a change would do."""

    seen_version: int
    nothing: bool
    answers: int
    tasks: int
    misfits: int
    misfit_tasks: int
    missing_tasks: int
    reopens: int
    reopens_missing: int
    under_way: UnderWayShape
    columns: list[LackingShape]
    questions: list[EffectShape]


@dataclass(frozen=True)
class ChangedShape:
    """A change that was made."""

    project: shapes.ProjectFacts
    reopened: int
    preview: PreviewShape


@dataclass(frozen=True)
class GuidelineHead:
    """A version of the guideline in a list."""

    version: int
    at: int
    by: str
    size: int


@dataclass(frozen=True)
class GuidelinesShape:
    """All versions, the newest first."""

    guidelines: list[GuidelineHead]


@dataclass(frozen=True)
class GuidelineShape(GuidelineHead):
    """One version with its text."""

    text: str


@dataclass(frozen=True)
class SuggestReportShape:
    """What came of predictions."""

    source: str
    suggestions: int
    tasks: int
    new: int
    changed: int
    same: int
    empty: int


@dataclass(frozen=True)
class SourceShape:
    """How many suggestions a source gave for a question."""

    source: str
    question: str
    suggestions: int


@dataclass(frozen=True)
class SourcesShape:
    """Whose suggestions there are."""

    sources: list[SourceShape]


@router.post("/projects/{project_id}/schema/preview", **allow("manage", gives=PreviewShape, max_body=8 * MB))
async def preview(project_id: str, body: ChangeBody, caller: Manager) -> Json:
    """What other questions or content would do to the answers there are. Changes nothing."""
    found = await run_in_threadpool(
        changing.preview_change, caller.db, project_id, body.questions, body.content, body.renamed
    )
    return Json(found.to_json())


@router.put("/projects/{project_id}/schema", **allow("manage", gives=ChangedShape, max_body=8 * MB))
async def change_schema(project_id: str, body: SchemaBody, caller: Manager) -> Json:
    """Change questions and content. 409 with the preview where answers would not fit and `on_misfits` is refuse."""
    done = await run_in_threadpool(
        partial(
            changing.change_project_schema, caller.db, caller.worker.id, project_id, body.seen_version,
            questions=body.questions, content=body.content, renamed=body.renamed, on_misfits=body.on_misfits,
            reopen_missing=body.reopen_missing,
        )
    )  # fmt: skip
    return Json(done.to_json())


@router.get("/projects/{project_id}/guidelines", **allow("signed_in", gives=GuidelinesShape))
async def list_guidelines(project_id: str, caller: SignedIn) -> Json:
    """Every version of the guideline, the newest first."""
    with caller.db.read() as tx:
        return Json({"guidelines": guidelines.list_guidelines(tx, project_id)})


@router.get("/projects/{project_id}/guidelines/{version}", **allow("signed_in", gives=GuidelineShape))
async def one_guideline(project_id: str, version: int, caller: SignedIn) -> Json:
    """The text of one version."""
    with caller.db.read() as tx:
        return Json(guidelines.guideline(tx, project_id, version))


@router.get("/projects/{project_id}/suggestions", **allow("manage", gives=SourcesShape))
async def list_sources(project_id: str, caller: Manager) -> Json:
    """Whose suggestions there are, and how many."""
    return Json({"sources": await run_in_threadpool(suggesting.suggestion_sources, caller.db, project_id)})


@router.post("/projects/{project_id}/suggestions", **allow("manage", gives=SuggestReportShape, max_body=64 * MB))
async def suggest(project_id: str, body: SuggestionRowsBody, caller: Manager) -> Json:
    """Suggestions from rows, all or none. The same again changes nothing."""
    work = partial(
        suggesting.suggest_rows, caller.db, project_id, body.rows, actor_id=caller.worker.id, by=body.by,
        source=body.source,
    )  # fmt: skip
    return Json((await run_in_threadpool(work)).to_json())


@router.post("/projects/{project_id}/suggestions/column", **allow("manage", gives=SuggestReportShape))
async def suggest_column(project_id: str, body: SuggestionColumnBody, caller: Manager) -> Json:
    """Suggestions from a column of the project's own rows."""
    work = partial(
        suggesting.suggest_column, caller.db, project_id, body.column, actor_id=caller.worker.id,
        question=body.question, source=body.source,
    )  # fmt: skip
    return Json((await run_in_threadpool(work)).to_json())


@router.post(
    "/projects/{project_id}/suggestions/file", **allow("manage", gives=SuggestReportShape, max_body=20_000 * MB)
)
async def suggest_file(
    project_id: str,
    request: Request,
    caller: Manager,
    filename: Annotated[str, Query(min_length=1, max_length=255)],
    by: Annotated[str, Query(max_length=200)] = "",
    source: Annotated[str, Query(max_length=100)] = "",
) -> Json:
    """Suggestions from a file sent as the raw body: CSV, TSV, JSON Lines, JSON list or Parquet, gzipped or not."""
    name = os.path.basename(filename.replace("\\", "/")) or "upload"
    try:
        with tempfile.NamedTemporaryFile(dir=caller.workspace.path.parent, prefix=".tawsim-upload-") as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
            file.flush()
            work = partial(
                suggesting.suggest_file, caller.db, project_id, Path(file.name), actor_id=caller.worker.id, by=by,
                source=source, filename=name,
            )  # fmt: skip
            return Json((await run_in_threadpool(work)).to_json())
    except OSError as error:
        raise Unavailable(
            f"The upload could not be stored: {error.strerror}.", "Free some space and send it again."
        ) from error
