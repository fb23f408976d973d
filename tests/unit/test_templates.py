"""Every template in both languages: reads, says what it is for, makes a project, takes its rows, and good answers submit."""

import io
import re
import struct
import wave
from pathlib import Path
from typing import Any

import pytest

import tawsim.loop
from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.intake.proposing import propose
from tawsim.labelling import queue, submit
from tawsim.labelling.projects import create_project
from tawsim.loop.importing import import_rows
from tawsim.loop.project_file import parse_project_file, write_project_file
from tawsim.loop.project_plan import check_plan, plan_json
from tawsim.loop.sample_media import GLYPHS, make_media
from tawsim.loop.starting import fit_template
from tawsim.loop.template_files import LANGUAGES, TEMPLATES, Template, list_templates, read_template, template_json
from tawsim.workspaces.workspace import Workspace

FOLDER = Path(tawsim.loop.__file__).parent / "templates"
EACH = [(name, language) for name in TEMPLATES for language in LANGUAGES]


def arabic_share(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum("\u0600" <= c <= "\u06ff" for c in letters) / max(len(letters), 1)


def test_there_are_twenty_in_both_languages_and_no_stray_file() -> None:
    assert len(TEMPLATES) == 20
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.{language}.toml" for name, language in EACH}
    with pytest.raises(NotFound, match="sentiment"):
        read_template("sentimant")
    with pytest.raises(NotFound):
        read_template("ner", "fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "language"), EACH)
def test_a_template_is_whole_and_in_its_language(name: str, language: Any) -> None:
    one = read_template(name, language)
    assert 3 <= len(one.rows) <= 6
    assert one.plan.content
    assert one.title
    assert one.what.endswith((".", "?", "؟"))
    guideline = one.plan.guideline
    assert len(guideline) > 250
    examples = re.split(r"^### .*$", guideline, flags=re.M)
    assert len(examples) == 2, "one heading of worked examples"
    assert len(re.findall(r"^> ", examples[1], flags=re.M)) == 2, "two worked examples"
    words = [one.title, one.what, one.plan.name, *(question["title"] for question in one.plan.questions)]
    for text in words:
        assert text
        assert (arabic_share(text) > 0.8) == (language == "ar"), text
    assert arabic_share(guideline) > 0.7 if language == "ar" else arabic_share(guideline) < 0.2
    assert parse_project_file(write_project_file(one.plan)) == one.plan
    assert check_plan(plan_json(one.plan)) == (one.plan, [])


@pytest.mark.parametrize("name", TEMPLATES)
def test_both_languages_ask_the_same(name: str) -> None:
    english, arabic = (read_template(name, language) for language in LANGUAGES)
    assert [q["kind"] for q in english.plan.questions] == [q["kind"] for q in arabic.plan.questions]
    assert [(b["kind"], b["column"]) for b in english.plan.content] == [
        (b["kind"], b["column"]) for b in arabic.plan.content
    ]
    for one, other in zip(english.plan.questions, arabic.plan.questions, strict=True):
        assert len(one.get("labels") or ()) == len(other.get("labels") or ())
    assert [row.keys() for row in english.rows] == [row.keys() for row in arabic.rows]


def good(question: dict[str, Any], row: dict[str, Any]) -> Any:
    """An answer that a careful person could give to a question about a row."""
    kind = question["kind"]
    if kind == "chat":
        replies = [str(n) for n, one in enumerate(row[question["on"]]) if one["role"] == "assistant"]
        return {"messages": {n: {"rating": question["rating"]["labels"][0], "comment": "ok"} for n in replies}}
    if kind == "spans":
        first, second = (m for _, m in zip(range(2), re.finditer(r"\S+", row[question["on"]]), strict=False))
        spans = [
            {"start": m.start(), "end": m.end(), "label": label, "text": m.group()}
            for m, label in ((first, question["labels"][0]), (second, question["labels"][1]))
        ]
        rules = question["relations"]
        relations = [{"from": 0, "to": 1, "label": rules[0]["label"]}] if rules else []
        return {"spans": spans, "relations": relations}
    return {
        "choice": lambda: question["labels"][-1],
        "choices": lambda: question["labels"][:1],
        "number": lambda: question["low"],
        "scale": lambda: question["high"],
        "text": lambda: "نص صالح 1",
        "pairwise": lambda: {"best": "B", "strength": question["steps"]},
        "ranking": lambda: [[chr(ord("A") + n)] for n in range(len(row["answers"]))],
        "rubric": lambda: {c["name"]: {"score": c["high"], "reason": "لأن" if c["reason"] == "always" else ""}
                           for c in question["criteria"]},
        "boxes": lambda: {"size": [480, 300], "boxes": [
            {"x": 40, "y": 60, "width": 90, "height": 180, "label": question["labels"][0]}]},
        "segments": lambda: {"duration": 3.0, "segments": [
            {"start": 0.4, "end": 1.6, "label": question["labels"][0], "text": "مرحبا"}]},
    }[kind]()  # fmt: skip


def answers_to(one: Template, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for question in one.plan.questions:
        when = question.get("when")
        if when is None or found.get(when["question"]) in when["is"]:
            found[question["name"]] = good(dict(question), row)
    return found


@pytest.mark.parametrize(("name", "language"), EACH)
def test_a_template_makes_a_project_and_good_answers_submit(workspace: Workspace, name: str, language: Any) -> None:
    one = read_template(name, language)
    db, owner = workspace.db, workspace.owner_id
    project = db.write(lambda tx: create_project(tx, owner, "p", one.plan.new_project()))
    report = import_rows(db, project, [dict(row) for row in one.rows], actor_id=owner, key="rows")
    assert report.added == len(one.rows)
    for _ in one.rows:
        [leased] = db.write(lambda tx: queue.next_leases(tx, project.id, owner, 1)).leases
        row = dict(one.rows[leased.seq - 1])
        said = answers_to(one, row)
        made = db.write(
            lambda tx, lease=leased.lease_id, said=said: submit.submit(tx, owner, lease, new_id(tx.now), said)
        )
        assert made.annotation is not None


def test_media_are_made_and_are_what_they_say() -> None:
    seen = 0
    for name, language in EACH:
        one = read_template(name, language)
        named = {row[b["column"]] for row in one.rows for b in one.plan.content if b["kind"] in ("image", "audio")}
        assert named == set(one.media), name
        for file, data in one.media_files().items():
            seen += 1
            assert data == make_media(file, one.media[file])
            if file.endswith(".png"):
                width, height = struct.unpack(">II", data[16:24])
                assert data.startswith(b"\x89PNG\r\n\x1a\n")
                assert 0 < width <= 1_000
                assert 0 < height <= 1_000
            else:
                with wave.open(io.BytesIO(data)) as sound:
                    assert 1 <= sound.getnframes() / sound.getframerate() <= 30
    assert seen == 24


def test_a_sample_picture_shows_its_text() -> None:
    import zlib

    data = make_media("x.png", {"text": "A1"})
    start = data.index(b"IDAT") + 4
    raw = zlib.decompress(data[start : start + struct.unpack(">I", data[start - 8 : start - 4])[0]])
    width = struct.unpack(">I", data[16:20])[0]
    lines = [raw[y * (3 * width + 1) + 1 : (y + 1) * (3 * width + 1)] for y in range(0, 90, 6)]
    dots = ["".join("#" if line[18 * x] < 100 else " " for x in range(width // 6)) for line in lines]
    assert [line[4:9] for line in dots[4:11]] == [
        format(bits, "05b").replace("1", "#").replace("0", " ") for bits in GLYPHS["A"]
    ]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("x.gif", {}), ("x.png", {"text": "ط"}), ("x.png", {"text": ""}), ("x.png", {"size": [0, 5]}),
        ("x.png", {"size": [5, 5_000]}), ("x.wav", {"tones": [[440, 99]]}), ("x.wav", {"noise": 2}),
    ],
)  # fmt: skip
def test_media_that_cannot_be_made_are_refused(name: str, drawn: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        make_media(name, drawn)


def test_a_list_is_short_and_one_is_whole() -> None:
    heads = [template_json(one, whole=False) for one in list_templates("ar")]
    assert [head["id"] for head in heads] == list(TEMPLATES)
    assert "plan" not in heads[0]
    whole = template_json(read_template("ocr_check", "ar"))
    assert whole["media"] == ["date.png", "meter.png", "plate.png"]
    assert whole["kinds"] == ["text"]


def test_a_template_is_put_on_the_columns_of_a_file() -> None:
    rows = [
        {"id": i, "السؤال": f"اشرح لي هذا الأمر {i}", "إجابة_أ": "هذا جواب أول طويل", "إجابة_ب": "وهذا جواب ثان طويل"}
        for i in range(9)
    ]
    found = propose(rows)
    plan = fit_template(read_template("preference", "ar"), found, "data.jsonl")
    assert [block["column"] for block in plan.content] == ["السؤال"]
    assert plan.questions[0]["candidates"] == ["إجابة_أ", "إجابة_ب"]
    assert (plan.text_column, plan.name, plan.data) == ("السؤال", "data", {"file": "data.jsonl"})
    assert parse_project_file(write_project_file(plan)) == plan
    marked = fit_template(read_template("ner", "en"), found, "data.jsonl", "names")
    assert marked.questions[0]["on"] == "السؤال"
    tokens = propose([{"tokens": ["a", "b"], "tags": ["O", "B-X"]}])
    assert fit_template(read_template("ner"), tokens, "x").data == {"file": "x", "tokens": "tokens", "tags": "tags"}
    with pytest.raises(BadInput, match="needs a column of image"):
        fit_template(read_template("image_boxes"), found, "data.jsonl")
