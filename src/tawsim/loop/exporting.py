"""Truth → file: rows in the order of tasks, a page at a time, so that a million of them leave in flat memory."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tawsim.core.errors import BadInput
from tawsim.core.records import Project
from tawsim.labelling.presenting import read_drawn
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import project_row
from tawsim.loop.structured import completed
from tawsim.loop.truths import ProjectTruth, project_truth
from tawsim.releases import ExportCounts, Inferred, TruthShape, Vote, VoteShape, format_of, new_file, stream, write
from tawsim.releases.column_types import ColumnType
from tawsim.releases.writers import FORMATS
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.workspace import list_workers

PAGE = 2_000
loads = json.JSONDecoder().decode


class Table(NamedTuple):
    """Columns with the types that are known, and rows that are made as they are asked for."""

    columns: tuple[str, ...]
    types: Mapping[str, ColumnType]
    rows: Iterator[dict[str, Any]]
    counts: ExportCounts | None = None


class Written(NamedTuple):
    """What a file got. `formulas`: CSV cells that a spreadsheet would calculate; `unanswered`: tasks without an answer."""

    rows: int
    bytes: int
    formulas: int
    unanswered: int


def export(db: Database, project_id: str, kind: str = "labels") -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The columns and rows of the table of labels (one row a task) or of votes (one row an answer).

    Truth is inferred when the first row is asked for. Raises NotFound, BadInput.
    """
    table = export_table(db, project_id, kind)
    return list(table.columns), table.rows


def export_table(db: Database, project_id: str, kind: str = "labels") -> Table:
    """`export` with the types that Parquet needs."""
    if kind not in ("labels", "votes"):
        raise BadInput(f"An export holds labels or votes, not {str(kind)[:20]!r}.")
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
    if kind == "votes":
        with db.read() as tx:
            carrier = carrier_of(tx, project)
        votes = VoteShape(carrier.questions_ever, origins=_is_reviewed(db, project_id))
        return Table(tuple(votes.columns), votes.types, _vote_rows(db, project, votes, carrier))
    shape = TruthShape(project.questions, content_columns(db, project_id), decided=_is_reviewed(db, project_id))
    return Table(tuple(shape.columns), shape.types, _label_rows(db, project, shape), shape.counts)


def export_stream(db: Database, project_id: str, format: str, kind: str = "labels") -> Iterator[bytes]:
    """The bytes of the file. Unknown project, format or kind raise at once, not at the first chunk."""
    for known in FORMATS:
        if format == known:
            table = export_table(db, project_id, kind)
            return stream(table.rows, table.columns, known, types=table.types)
    raise BadInput(f"There is no format {str(format)[:20]!r}.", "Known: " + ", ".join(FORMATS))


def export_to_file(db: Database, project_id: str, out: Path, *, force: bool = False, kind: str = "labels") -> int:
    """`write_export` for those who want to know only how many rows there were."""
    return write_export(db, project_id, out, force=force, kind=kind).rows


def write_export(
    db: Database,
    project_id: str,
    out: Path,
    *,
    force: bool = False,
    kind: str = "labels",
    for_spreadsheet: bool = False,
) -> Written:
    """Write the file, whole or not at all; its ending names the format. Returns what was written.

    Raises BadInput for another ending, AlreadyExists unless `force`, Unavailable for a full or read-only disk.
    """
    format = format_of(out.name)
    table = export_table(db, project_id, kind)
    with new_file(out, overwrite=force) as file:
        wrote = write(table.rows, table.columns, file, format, types=table.types, for_spreadsheet=for_spreadsheet)
    return Written(wrote.rows, wrote.bytes, wrote.formulas, table.counts.unanswered if table.counts else 0)


def _label_rows(db: Database, project: Project, shape: TruthShape) -> Iterator[dict[str, Any]]:
    truths = [project_truth(db, project.id, question.name, exact=True) for question in project.questions]
    names = [truth.question.name for truth in truths]
    for page in _pages(db, project.id, truths[0].visible_seq):
        columns = [_found(truth, [row[0] for row in page]) for truth in truths]
        if len(names) == 1:  # nearly always, and a third faster
            decided = truths[0].decided
            for (seq, text), one in zip(page, columns[0], strict=True):
                content = loads(text)
                inferred = {names[0]: _with_row(truths[0], one.inferred, content)}
                by = decided.get(seq, "") if decided else ""
                yield shape.row(seq, content, inferred, {names[0]: one.votes}, one.answers, by)
            continue
        for (seq, text), *found in zip(page, *columns, strict=True):
            content = loads(text)
            inferred = {
                name: _with_row(truth, one.inferred, content)
                for name, truth, one in zip(names, truths, found, strict=True)
            }
            votes = {name: one.votes for name, one in zip(names, found, strict=True)}
            by = next((truth.decided[seq] for truth in truths if seq in truth.decided), "")
            yield shape.row(seq, content, inferred, votes, max(one.answers for one in found), by)


def _is_reviewed(db: Database, project_id: str) -> bool:
    """Whether anything but labellers' answers stands in this project: fixes or decisions."""
    with db.read() as tx:
        return tx.one("export_reviewed", project_id=project_id) is not None


def _with_row(truth: ProjectTruth, found: Inferred, content: Mapping[str, Any]) -> Inferred:
    return found._replace(label=completed(truth.question, found.label, content))


class _Found(NamedTuple):
    inferred: Inferred
    votes: dict[str, int]
    answers: int


_NOTHING = _Found(Inferred(), {}, 0)


def _found(truth: ProjectTruth, seqs: list[int]) -> list[_Found]:
    """What is known of each task of a page; looked up for all of them at once, since one by one costs ten times as much."""
    if not len(truth.seqs):
        return [_NOTHING] * len(seqs)
    rows = truth.places(seqs)
    columns = (rows.tolist(), truth.p[rows].tolist(), truth.votes[rows].tolist(), truth.answers[rows].tolist())
    labels = truth.labels
    return [
        _Found(
            Inferred(truth.label(row), None if p != p else p, *_interval(truth, row)),
            {label: n for label, n in zip(labels, votes, strict=True) if n},
            given,
        )
        if row >= 0
        else _NOTHING
        for row, p, votes, given in zip(*columns, strict=True)
    ]


def _interval(truth: ProjectTruth, row: int) -> tuple[float | None, float | None]:
    if truth.low is None or truth.high is None:
        return None, None
    low, high = float(truth.low[row]), float(truth.high[row])
    return None if low != low else low, None if high != high else high


def _pages(db: Database, project_id: str, last: int) -> Iterator[list[Any]]:
    """Tasks with their content, a short read at a time: no snapshot is held while somebody downloads slowly."""
    after = 0
    while True:
        with db.read() as tx:
            page = tx.all("task_content_page", project_id=project_id, after=after, visible_seq=last, n=PAGE)
        if not page:
            return
        yield page
        after = page[-1][0]


def _vote_rows(db: Database, project: Project, shape: VoteShape, carrier: Carrier) -> Iterator[dict[str, Any]]:
    questions = tuple(dict.fromkeys(question.name for question in carrier.questions_ever))
    with db.read() as tx:
        names = {worker.id: worker.name for worker in list_workers(tx)}
        counts = tx.one("project_count_get", project_id=project.id)
    last = counts["visible_seq"] if counts is not None else 0
    for after in range(0, last, PAGE):
        piece = {"project_id": project.id, "after": after, "until": min(after + PAGE, last)}
        with db.read() as tx:
            found = [_labelled(row) for row in tx.all("annotation_of_tasks", **piece)]
            if "origin" in shape.columns:
                found += [_judged(row, "review") for row in tx.all("export_fixes", **piece)]
                found += [_judged(row, "decision") for row in tx.all("export_decisions", **piece)]
                found.sort(key=lambda one: one[0].task)  # of one task in the order of the lists
        for vote, text, shown in found:
            answers = loads(text)
            carried = carrier.carry(vote.schema_version, answers)
            for question in questions:
                if question in answers:
                    yield shape.row(
                        vote._replace(
                            worker=names.get(vote.worker, vote.worker), question=question,
                            label=carried.answers.get(question, answers[question]), drawn=_drawn(shown, question),
                            fits=question in carried.answers,
                        )
                    )  # fmt: skip


def _labelled(row: Any) -> tuple[Vote, str, str]:
    """A labeller's answer but for its question, the text of the answers, and what was drawn for it."""
    vote = Vote(
        task=row["seq"], task_id=row["task_id"], worker=row["worker_id"], question="", label=None, at=row["created_at"],
        lease=row["lease_id"], guideline_version=row["guideline_version"], version=row["version"],
        schema_version=row["schema_version"], comment=row["comment"], flag=bool(row["flag"]),
    )  # fmt: skip
    return vote, row["answers"], row["shown"]


def _judged(row: Any, origin: str) -> tuple[Vote, str, str]:
    """The same of a reviewer's fix or of a decision: no lease, no version of the guideline (0)."""
    vote = Vote(
        task=row["seq"], task_id=row["task_id"], worker=row["worker_id"], question="", label=None, at=row["at"], lease="",
        guideline_version=0, version=row["version"], schema_version=row["schema_version"], comment=row["words"],
        origin=origin,
    )  # fmt: skip
    return vote, row["answers"], ""


def _drawn(text: str, question: str) -> dict[str, Any] | None:
    """What the worker was shown with this question: the order of candidates, a suggestion; None where nothing was."""
    drawn = read_drawn(text)
    found: dict[str, Any] = {}
    if question in drawn.orders:
        found["order"] = list(drawn.orders[question])
    if question in drawn.suggestions:
        found["suggestion"] = drawn.suggestions[question]
    return found or None


def content_columns(db: Database, project_id: str) -> tuple[str, ...]:
    """The columns of all tasks' contents, in the order in which imports brought them.

    Imports leave word of theirs; where one did not (it died just after it was done), its rows are looked at once.
    """
    with db.read() as tx:
        imports = tx.all("import_columns", project_id=project_id)
    columns: dict[str, None] = {}
    for one in imports:
        names = json.loads(one["columns"]) if one["columns"] is not None else _look(db, project_id, one)
        columns.update(dict.fromkeys(names))
    return tuple(columns)


def _look(db: Database, project_id: str, one: Any) -> list[str]:
    seen: dict[str, None] = {}
    last = one["first_seq"] + one["added"] - 1
    for after in range(one["first_seq"] - 1, last, PAGE):
        with db.read() as tx:
            for row in tx.stream("task_contents", project_id=project_id, after=after, until=min(after + PAGE, last)):
                seen.update(dict.fromkeys(loads(row["content"])))
    columns = json.dumps(list(seen), ensure_ascii=False)

    def keep(tx: Transaction) -> int:
        return tx.run("import_set_columns", id=one["id"], columns=columns)

    db.write(keep)
    return list(seen)
