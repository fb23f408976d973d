"""What leaves the house of every kind of question: labels and votes in each format equal their golden files, read back as
answers of the kind, and go through `tawsim infer` where its table has room for them.

After a change that is meant: TAWSIM_UPDATE_GOLDEN=1 pytest tests/conformance/test_kind_exports.py, then review the diff.
"""

import csv
import io
import json
import os
import random
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.unit.kinds_world import answer, hire, make

from tawsim.core.errors import BadInput
from tawsim.core.records import Project
from tawsim.kinds import KINDS, question_to_json
from tawsim.labelling import presenting
from tawsim.loop.exporting import export_stream, write_export
from tawsim.loop.votes_files import infer_file
from tawsim.releases import FORMATS
from tawsim.releases.export_rows import ANSWER_TYPES
from tawsim.workspaces.workspace import Workspace

GOLDEN = Path(__file__).parents[1] / "golden" / "exports" / "kinds"
EVERY_KIND = pytest.mark.parametrize("name", list(KINDS))
# What each worker says of each task: "1" and "2" are the two good answers of the kind's example, which differ. The last
# task is answered by one worker only, and a further one by nobody.
SAID = {"Ann": "12112", "باسم": "1211", "Cem": "1221"}
TASKS = 6
# Kinds whose votes `tawsim infer` reads as they are exported, and the kind to name.
INFERRED = {
    "choice": "choice", "choices": "choices", "number": "numeric", "scale": "ordinal", "text": "text",
    "ranking": "ranking",
}  # fmt: skip


@pytest.fixture(autouse=True)
def drawn_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of candidates is drawn by chance; here from how many were drawn before."""
    turns = count()
    stub = SimpleNamespace(shuffle=lambda names: random.Random(next(turns)).shuffle(names))
    monkeypatch.setattr(presenting, "_CHANCE", stub)
    monkeypatch.setattr("tawsim.intake.parquet_rows.survive", lambda file, rows: None)


def row(name: str, task: int) -> dict[str, Any]:
    return {"id": f"{task:03}", **KINDS[name].example.content}


def answered(workspace: Workspace, clock: Any, name: str) -> Project:
    """A project of the kind's example, with the answers of `SAID`."""
    example = KINDS[name].example
    rows = [row(name, task) for task in range(1, TASKS + 1)]
    project = make(workspace, [question_to_json(example.question)], rows)
    for worker, said in SAID.items():
        clock.advance(60)
        given = [{example.question.name: example.one if one == "1" else example.other} for one in said]
        answer(workspace, project, hire(workspace, worker), rows, given)
    return project


def spelled_out(data: bytes) -> str:
    """A Parquet file as text that can be reviewed: its schema, then its rows."""
    table = pq.read_table(io.BytesIO(data))
    rows = [json.dumps(one, ensure_ascii=False) for one in table.to_pylist()]
    return "\n".join([str(table.schema.to_string(show_schema_metadata=False)), "", *rows, ""])


def masked(workspace: Workspace, text: str) -> str:
    """Ids are new each time: tasks and leases by their numbers instead."""
    with workspace.db.read() as tx:
        tasks = tx._connection.execute("SELECT id FROM task ORDER BY seq").fetchall()
        leases = tx._connection.execute("SELECT id FROM lease ORDER BY id").fetchall()
    for word, found in (("task", tasks), ("lease", leases)):
        for place, one in enumerate(found, 1):
            text = text.replace(one[0], f"{word}-{place}")
    return text


def exported(workspace: Workspace, project: Project, format: str, kind: str) -> bytes:
    return b"".join(export_stream(workspace.db, project.id, format, kind))


def lines(data: bytes) -> list[dict[str, Any]]:
    """JSON Lines as rows; NaN and Infinity, which are no JSON, fail."""

    def no(word: str) -> Any:
        raise AssertionError(f"{word} in JSON")

    return [json.loads(line, parse_constant=no) for line in data.decode().splitlines()]


@EVERY_KIND
def test_golden(workspace: Workspace, clock: Any, name: str) -> None:
    project = answered(workspace, clock, name)
    for kind in ("labels", "votes"):
        for format in FORMATS:
            data = exported(workspace, project, format, kind)
            assert data == exported(workspace, project, format, kind)
            text = masked(workspace, spelled_out(data) if format == "parquet" else data.decode())
            file = GOLDEN / f"{name}.{kind}.{format}{'.txt' if format == 'parquet' else ''}"
            if os.environ.get("TAWSIM_UPDATE_GOLDEN"):
                file.write_bytes(text.encode())
            assert text.encode() == file.read_bytes(), f"{file.name} changed; if it is meant, TAWSIM_UPDATE_GOLDEN=1"


def answers_of(rows: list[dict[str, Any]], column: str, as_json: bool) -> Iterator[tuple[Mapping[str, Any], Any]]:
    for one in rows:
        value = one[column]
        if value not in ("", None):
            yield one, json.loads(value) if as_json and isinstance(value, str) else value


@EVERY_KIND
def test_every_exported_answer_is_a_canonical_answer_of_its_kind(workspace: Workspace, clock: Any, name: str) -> None:
    """In JSON Lines as it is; in CSV and Parquet what is more than a text or a number is the JSON text of it."""
    project = answered(workspace, clock, name)
    kind, question, content = KINDS[name], project.questions[0], KINDS[name].example.content
    as_json = ANSWER_TYPES.get(name) not in ("text",)
    for table, column, expected in (("labels", question.name, 5), ("votes", "label", 13)):
        csv_text = exported(workspace, project, "csv", table).decode()
        parquet = pq.read_table(io.BytesIO(exported(workspace, project, "parquet", table)))
        readings = {
            "jsonl": lines(exported(workspace, project, "jsonl", table)),
            "csv": list(csv.DictReader(io.StringIO(csv_text, newline=""))),
            "parquet": parquet.to_pylist(),
        }
        found = {
            format: [
                kind.validate(question, value, content)
                for _, value in answers_of(rows, column, as_json and format != "jsonl")
            ]
            for format, rows in readings.items()
        }
        assert len(found["jsonl"]) == expected
        assert found["csv"] == found["parquet"] == found["jsonl"]
        given = [value for _, value in answers_of(readings["jsonl"], column, False)]
        assert found["jsonl"] == given, "not in its one canonical form"


@EVERY_KIND
def test_the_truth_is_what_most_say(workspace: Workspace, clock: Any, name: str) -> None:
    """Tasks 1 and 4 have one answer thrice, task 2 the other one thrice; task 6 has none and stays in the table, empty."""
    project = answered(workspace, clock, name)
    kind, example, question = KINDS[name], KINDS[name].example, project.questions[0]
    rows = lines(exported(workspace, project, "jsonl", "labels"))
    answers = "tawsim_answers" if name == "ranking" else "answers"  # its example has a column of that name
    assert [one[answers] for one in rows] == [3, 3, 3, 3, 1, 0]
    assert [one["tawsim_task"] for one in rows] == list(range(1, TASKS + 1))
    assert rows[5][question.name] is rows[5][f"{question.name}_p"] is None
    for place, said in ((0, example.one), (1, example.other), (4, example.other)):
        truth = kind.validate(question, said, example.content)
        found = rows[place][question.name]
        if name == "segments":  # their ends are numbers in milliseconds, and count as the same or not
            found = {**found, "segments": [one | {"start": round(one["start"] * 20) / 20} for one in found["segments"]]}
        # Numbers give way a little to what people are known to lean to.
        assert kind.distance(question, found, truth) < (0.05 if name == "number" else 0.01)
    for one in rows:
        p = one[f"{question.name}_p"]
        assert p is None or 0 <= p <= 1


def test_quotes_of_spans_are_what_stands_there_by_code_points(workspace: Workspace, clock: Any) -> None:
    project = answered(workspace, clock, "spans")
    text = KINDS["spans"].example.content["text"]
    for table, column in (("labels", "entities"), ("votes", "label")):
        for one in lines(exported(workspace, project, "jsonl", table)):
            for span in (one[column] or {"spans": []})["spans"]:
                assert span["text"] == text[span["start"] : span["end"]] != ""


@pytest.mark.parametrize("name", ["pairwise", "ranking"])
def test_letters_that_people_saw_are_gone(workspace: Workspace, clock: Any, name: str) -> None:
    """Votes hold the candidates' own names, and beside them the order in which each was shown."""
    project = answered(workspace, clock, name)
    names = set(KINDS[name].candidates(project.questions[0], KINDS[name].example.content))
    votes = lines(exported(workspace, project, "jsonl", "votes"))
    orders = [one["drawn"]["order"] for one in votes]
    assert all(set(order) == names for order in orders)
    assert len({tuple(order) for order in orders}) > 1, "all were shown the same order: nothing is tested"
    said = [one["label"] for one in votes if one["task"] == 1]
    assert said == [said[0]] * 3


@pytest.mark.parametrize("name", list(INFERRED))
def test_votes_go_through_infer(workspace: Workspace, clock: Any, name: str, tmp_path: Path) -> None:
    project = answered(workspace, clock, name)
    for format in FORMATS:
        votes, out = tmp_path / f"votes.{format}", tmp_path / f"truth-{format}.jsonl"
        write_export(workspace.db, project.id, votes, kind="votes")
        found = infer_file(votes, out, kind=INFERRED[name])
        assert found["summary"]["labelled"] == 5
        labels = {str(one["task"]): one["label"] for one in lines(out.read_bytes())}
        truth = KINDS[name].validate(project.questions[0], KINDS[name].example.one, KINDS[name].example.content)
        first = labels["1"]
        if name == "choices":
            assert set(json.loads(first)) == set(truth)
        elif name == "ranking":  # `infer` puts all in one order, without ties
            assert json.loads(first) == [one for group in truth for one in group]
        elif name in ("number", "scale"):
            assert abs(float(first) - truth) < 1
        else:
            assert str(first).split() == str(truth).split()


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(INFERRED)))
def test_answers_of_several_parts_are_no_column_of_labels(
    workspace: Workspace, clock: Any, name: str, tmp_path: Path
) -> None:
    """An object is one answer in our table; `infer` would need one row a part, and says what it needs instead."""
    project = answered(workspace, clock, name)
    votes = tmp_path / "votes.jsonl"
    write_export(workspace.db, project.id, votes, kind="votes")
    with pytest.raises(BadInput, match="JSON objects"):
        infer_file(votes, tmp_path / "truth.jsonl")
    with pytest.raises(BadInput):
        infer_file(votes, tmp_path / "truth.jsonl", kind=KINDS[name].aspects(project.questions[0])[0].truth)
    assert not (tmp_path / "truth.jsonl").exists()
