"""The project wizard: a file is proposed as a project, templates, a plan checked and written as `tawsim.toml`. Owners only.

Nothing is made here: a project is made by POST /projects, its tasks by /imports or the routes of media.
"""

import base64
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from tawsim.core.errors import BadFile, BadInput, TooLarge
from tawsim.intake.formats import format_from_name
from tawsim.intake.proposing import proposal_json, propose_file
from tawsim.loop.project_file import parse_project_file, plan_of_project, write_project_file
from tawsim.loop.project_plan import Fault, ProjectPlan, check_plan, plan_json
from tawsim.loop.starting import fit_template, plan_of_proposal
from tawsim.loop.template_files import list_templates, read_template, template_json
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, Manager, allow

router = APIRouter(tags=["wizard"])
HEAD = 8 * MB  # of a file that is read from its beginning
WHOLE = 64 * MB  # of a Parquet file, whose directory is at its end
SHOWN_ROWS = 20
SHOWN_ROW = 200_000  # characters of a row; longer texts in it are cut
Language = Literal["en", "ar"]


@dataclass(frozen=True)
class PlanShape:
    """A project that could be made: what stands in a `tawsim.toml`. `data` says what its import has to do."""

    name: str
    questions: list[dict[str, Any]]
    content: list[dict[str, Any]]
    text_column: str
    guideline: str
    guideline_file: str
    overlap: int
    order: str
    lease_seconds: int
    max_leases: int
    skip_limit: int
    settings: dict[str, Any]
    data: dict[str, Any]


@dataclass(frozen=True)
class InBothShape:
    """A sentence in both languages."""

    en: str
    ar: str


@dataclass(frozen=True)
class ReadingShape:
    """What a column was read as, and why; `values` are those of a label."""

    column: str
    role: str
    why_code: str
    facts: dict[str, Any]
    why: InBothShape
    values: list[str]
    form: str


@dataclass(frozen=True)
class LayoutShape:
    """One arrangement: what is shown and asked, which columns hold a known answer, and its plan."""

    layout: str
    what: InBothShape
    text_column: str
    content: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    known: list[dict[str, str]]
    data: dict[str, Any]
    template: str
    notes: list[dict[str, Any]]


@dataclass(frozen=True)
class ProposalFacts(LayoutShape):
    """What a file could become, and in which other ways."""

    direction: Literal["rtl", "ltr"]
    language: Language
    rows: int
    whole: bool
    columns: list[ReadingShape]
    alternatives: list[LayoutShape]


@dataclass(frozen=True)
class ProposalShape:
    """A proposal, its plan as it would be checked and written, and the first rows (long texts are cut)."""

    proposal: ProposalFacts
    plan: PlanShape
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class TemplateHead:
    """A template in a list."""

    id: str
    language: Language
    group: str
    title: str
    what: str
    kinds: list[str]
    blocks: list[str]


@dataclass(frozen=True)
class TemplatesShape:
    """All templates, in the order in which they are offered."""

    templates: list[TemplateHead]


@dataclass(frozen=True)
class TemplateFacts(TemplateHead):
    """A whole template. `media`: name → data URI of the pictures and sounds that its sample rows name."""

    plan: PlanShape
    rows: list[dict[str, Any]]
    media: dict[str, str]
    toml: str


@dataclass(frozen=True)
class TemplateShape:
    """One template."""

    template: TemplateFacts


@dataclass(frozen=True)
class FaultShape:
    """What is wrong and where: in `table` ("", content, question, settings, data), the `place`-th of its kind from 0."""

    table: str
    place: int | None
    field: str
    where: str
    message: str
    hint: str
    line: int | None


@dataclass(frozen=True)
class CheckedShape:
    """Either the plan with every field and its file, or everything that is wrong."""

    ok: bool
    errors: list[FaultShape]
    plan: PlanShape | None
    toml: str


@dataclass(frozen=True, slots=True)
class CheckBody:
    """A plan to check, or the text of a `tawsim.toml`. `columns` of the data, if known: blocks may name only these."""

    plan: dict[str, Any] | None = None
    toml: str | None = None
    columns: list[str] = field(default_factory=list)


@router.post("/wizard/propose", **allow("manage", gives=ProposalShape, max_body=WHOLE))
async def propose(
    request: Request,
    caller: Manager,
    filename: Annotated[str, Query(min_length=1, max_length=255)],
    language: Language | None = None,
    template: Annotated[str, Query(max_length=60)] = "",
    cut: bool = False,
) -> Json:
    """Propose a project for a file sent as the raw body; of all but Parquet its first 8 MB do (`cut`: it is only the head).

    With a `template`, the plan is that template's on the columns of the file.
    """
    name = os.path.basename(filename.replace("\\", "/")) or "upload"
    most = WHOLE if format_from_name(name)[0] == "parquet" else HEAD
    with tempfile.SpooledTemporaryFile(MB) as held:
        kept = 0
        async for chunk in request.stream():
            await run_in_threadpool(held.write, chunk[: most - kept])
            cut = cut or len(chunk) > most - kept
            kept += min(len(chunk), most - kept)
        if cut and most == WHOLE:
            raise TooLarge(
                f"A Parquet file is proposed from up to {WHOLE // MB} MB.", "In a terminal: tawsim init FILE"
            )
        work = partial(_propose, held, name, language, template, cut)
        return Json(await run_in_threadpool(work))


def _propose(held: Any, name: str, language: Language | None, template: str, cut: bool) -> Mapping[str, Any]:
    proposal, sample = propose_file(held, filename=name, language=language, cut=cut)
    if template:
        plan = fit_template(read_template(template, language or proposal.language), proposal, name)
    else:
        plan = plan_of_proposal(proposal, name)
    return {
        "proposal": proposal_json(proposal),
        "plan": plan_json(plan),
        "rows": [_shown(row) for row in sample[:SHOWN_ROWS]],
    }


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    left = SHOWN_ROW
    shown: dict[str, Any] = {}
    for name, cell in row.items():
        told = cell[: max(left, 200)] if isinstance(cell, str) else cell if len(str(cell)) <= left else None
        left -= len(str(told))
        shown[name] = told
    return shown


@router.get("/wizard/templates", **allow("manage", gives=TemplatesShape))
async def templates(caller: Manager, language: Language = "en") -> Json:
    """The templates of usual jobs."""
    found = await run_in_threadpool(list_templates, language)
    return Json({"templates": [template_json(one, whole=False) for one in found]})


@router.get("/wizard/templates/{template_id}", **allow("manage", gives=TemplateShape))
async def one_template(template_id: str, caller: Manager, language: Language = "en") -> Json:
    """One template with sample rows and their media."""

    def work() -> dict[str, Any]:
        found = read_template(template_id, language)
        media = {name: _data_uri(name, data) for name, data in found.media_files().items()}
        return {"template": {**template_json(found), "media": media, "toml": write_project_file(found.plan)}}

    return Json(await run_in_threadpool(work))


def _data_uri(name: str, data: bytes) -> str:
    kind = "image/png" if name.endswith(".png") else "audio/wav"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@router.post("/wizard/check", **allow("manage", gives=CheckedShape, max_body=8 * MB))
async def check(body: CheckBody, caller: Manager) -> Json:
    """Check a plan: everything that is wrong with it, by field; or the plan with every field, and its `tawsim.toml`."""
    if (body.plan is None) == (body.toml is None):
        raise BadInput("Send a plan or the text of a tawsim.toml, one of the two.")
    return Json(await run_in_threadpool(_check, body))


def _check(body: CheckBody) -> dict[str, Any]:
    plan: ProjectPlan | None
    if body.toml is not None:
        try:
            plan = parse_project_file(body.toml)
        except BadFile as error:
            place = {name: error.details.get(name) for name in ("table", "place", "field", "line")}
            fault = Fault(place["table"] or "", place["place"], place["field"] or "", error.message, error.hint)
            return _wrong([fault], place["line"])
    else:
        plan, faults = check_plan(body.plan)
        if plan is None:
            return _wrong(faults)
    faults = _unknown_columns(plan, body.columns)
    if faults:
        return _wrong(faults)
    return {"ok": True, "errors": [], "plan": plan_json(plan), "toml": write_project_file(plan)}


def _wrong(faults: Sequence[Fault], line: int | None = None) -> dict[str, Any]:
    errors = [
        {
            "table": one.table, "place": one.place, "field": one.field, "where": one.where, "message": one.message,
            "hint": one.hint, "line": line,
        }
        for one in faults
    ]  # fmt: skip
    return {"ok": False, "errors": errors, "plan": None, "toml": ""}


def _unknown_columns(plan: ProjectPlan, columns: Sequence[str]) -> list[Fault]:
    """Blocks and questions that name a column which the data has not."""
    if not columns:
        return []
    there = {*columns, *(("text",) if "tokens" in plan.data else ())}
    hint = "Columns: " + ", ".join(columns[:20])
    named = [
        ("content", n, field, [block[field]]) for n, block in enumerate(plan.content) for field in ("column", "other")
    ]
    for n, question in enumerate(plan.questions):
        fields = [(field, [question.get(field, "")]) for field in ("on", "draft")]
        named += [
            ("question", n, field, value) for field, value in [*fields, ("candidates", question.get("candidates", []))]
        ]
    faults = [
        Fault(table, n, field, f"The data has no column “{column[:60]}”.", hint)
        for table, n, field, values in named
        for column in values
        if column and column not in there
    ]
    if plan.text_column not in there:
        faults.append(Fault("", None, "text_column", f"The data has no column “{plan.text_column[:60]}”.", hint))
    return faults


@router.get("/projects/{project_id}/tawsim.toml", **allow("manage"))
async def project_toml(project_id: str, caller: Manager) -> Response:
    """The project as a file: its questions, content, guideline and settings, without its data."""
    text = await run_in_threadpool(lambda: write_project_file(plan_of_project(caller.db, project_id)))
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="tawsim.toml"'}
    return Response(text, media_type="application/toml; charset=utf-8", headers=headers)
