"""`tawsim.toml`: what is written reads back as just the same plan; what is wrong is told with line, table and field."""

import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadFile, BadInput
from tawsim.kinds import KINDS, question_to_json, read_question
from tawsim.labelling.projects import create_project
from tawsim.loop import toml_text
from tawsim.loop.project_file import (
    parse_project_file,
    plan_of_project,
    read_project_file,
    short_question,
    write_project_file,
)
from tawsim.loop.project_plan import ProjectPlan, check_plan, plain_question, plan_json

PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text and text.isprintable()
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(ANY_TEXT, VALUES, max_size=5))
def test_any_value_is_read_back_by_tomllib(table: dict[str, Any]) -> None:
    text = "\n".join(line for name, value in table.items() for line in toml_text.entry(name, value))
    assert tomllib.loads(text) == table


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    base = question_to_json(KINDS[kind].example.question)
    if "labels" in base and kind in ("choice", "choices"):
        base |= {"labels": draw(st.lists(PLAIN, min_size=2, max_size=40, unique=True)), "separator": ""}
    return {**base, "title": draw(PLAIN | st.just("")), "required": draw(st.booleans())}


@st.composite
def plans(draw: st.DrawFn) -> ProjectPlan:
    asked = draw(st.lists(questions(), min_size=1, max_size=3))
    apart = draw(st.booleans())
    data: dict[str, Any] = {
        "name": draw(PLAIN),
        "questions": [{**one, "name": f"q{n} {one['name']}"[:60], "on": "c"} for n, one in enumerate(asked)],
        "content": draw(
            st.lists(
                st.fixed_dictionaries(
                    {"kind": st.sampled_from(["text", "image", "audio", "chat"]), "column": PLAIN},
                    optional={"title": PLAIN},
                ),
                max_size=4,
            )
        ),
        "overlap": draw(st.integers(1, 9)),
        "order": draw(st.sampled_from(["fifo", "random"])),
        "lease_seconds": draw(st.integers(5, 1000)),
        "settings": draw(st.fixed_dictionaries({}, optional={"suggestions": st.booleans()})),
        "data": draw(st.fixed_dictionaries({}, optional={"file": PLAIN, "media": PLAIN, "tokens": PLAIN})),
        **({"guideline_file": "guideline.md"} if apart else {"guideline": draw(ANY_TEXT)}),
    }
    plan, faults = check_plan(data)
    assert plan is not None, faults
    return plan


@given(plans())
def test_a_plan_written_reads_back_as_just_that_plan(plan: ProjectPlan) -> None:
    text = write_project_file(plan)
    assert parse_project_file(text) == plan
    assert write_project_file(parse_project_file(text)) == text
    assert check_plan(plan_json(plan)) == (plan, [])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_question_is_written_without_its_defaults_and_reads_back(kind: str) -> None:
    whole = plain_question(KINDS[kind].example.question)
    short = short_question(whole)
    assert plain_question(read_question(short)) == whole
    assert list(short)[:2] == ["kind", "name"]
    assert len(short) < len(whole)


def test_the_file_reads_well() -> None:
    plan, _ = check_plan(
        {
            "name": "مراجعات المتجر",
            "overlap": 2,
            "guideline": "# الدليل\n\nاختر «سلبي» إذا غلبت الشكوى.\n",
            "data": {"file": "reviews.csv"},
            "content": [{"kind": "text", "column": "text"}],
            "questions": [
                {"kind": "choice", "name": "sentiment", "labels": ["إيجابي", "سلبي"]},
                {
                    "kind": "choices", "name": "why", "labels": ["السعر", "الخدمة"],
                    "when": {"question": "sentiment", "is": ["سلبي"]},
                },
            ],
        }
    )  # fmt: skip
    assert plan is not None
    assert write_project_file(plan, head="Written by: tawsim init") == (
        "# Written by: tawsim init\n"
        "\n"
        'name = "مراجعات المتجر"\n'
        "overlap = 2\n"
        "\n"
        "# How to decide, in Markdown, with worked examples.\n"
        "guideline = '''\n"
        "# الدليل\n"
        "\n"
        "اختر «سلبي» إذا غلبت الشكوى.\n"
        "'''\n"
        "\n"
        "# Where the rows are; names are relative to this file.\n"
        "[data]\n"
        'file = "reviews.csv"\n'
        "\n"
        "# What is shown of each row, from the top.\n"
        "[[content]]\n"
        'kind = "text"\n'
        'column = "text"\n'
        "\n"
        "# What is asked, in this order.\n"
        "[[question]]\n"
        'kind = "choice"\n'
        'name = "sentiment"\n'
        'labels = ["إيجابي", "سلبي"]\n'
        "\n"
        "[[question]]\n"
        'kind = "choices"\n'
        'name = "why"\n'
        'labels = ["السعر", "الخدمة"]\n'
        'when = { question = "sentiment", is = ["سلبي"] }\n'
    )


BOXES = "[[question]]\nkind = 'boxes'\nname = 'b'\nlabels = ['a']\n"
GOOD = "[[question]]\nname = 'q'\nlabels = ['a', 'b']\n"


@pytest.mark.parametrize(
    ("text", "line", "table", "field", "words"),
    [
        ("a = = 2", 1, None, None, "no valid TOML"),
        ("name = 'x'\nname = 'y'\n", None, None, None, "no valid TOML"),
        (f"name = 3\n{GOOD}", 1, "", "name", "printable"),
        (f"# a\n\nname = 'x'\noverlap = 0\n{GOOD}", 4, "", "overlap", "Overlap"),
        (f"name = 'x'\norder = 'soon'\n{GOOD}", 2, "", "order", "fifo or random"),
        (f"name = 'x'\ncolour = 'red'\n{GOOD}", 2, "", "colour", "no such setting"),
        (f"name = 'x'\nlease_seconds = 1\n{GOOD}", 2, "", "lease_seconds", "lease_seconds"),
        ("name = 'x'\n", None, "question", "", "at least one question"),
        ("name = 'x'\n[[question]]\nname = 'q'\nlabels = ['a']\n", 4, "question", "labels", "two labels"),
        (f"name = 'x'\n{GOOD}\n[[question]]\nkind = 'chioce'\nname = 'r'\n", 7, "question", "kind", "chioce"),
        (f"name = 'x'\n{GOOD}\n[[question]]\nname = 'q'\nlabels = ['a', 'b']\n", None, "question", "", "same name"),
        (f"name = 'x'\n{GOOD}\nlable = 1\n", 6, "question", "lable", "no such field"),
        (f"name = 'x'\n{GOOD}when = {{ question = 'z', is = ['a'] }}\n", 5, "question", "when", "no question before"),
        (f"name = 'x'\n[[content]]\nkind = 'film'\ncolumn = 'c'\n{GOOD}", 3, "content", "kind", "film"),
        (f"name = 'x'\n[[content]]\nkind = 'text'\n{GOOD}", 2, "content", "column", "column"),
        (f"name = 'x'\n[[content]]\nkind = 'diff'\ncolumn = 'c'\n{GOOD}", 2, "content", "other", "other"),
        (f"name = 'x'\n[settings]\nsuggestions = 1\n{GOOD}", 3, "settings", "suggestions", "true or false"),
        (f"name = 'x'\n[data]\nfile = 1\n{GOOD}", 3, "data", "file", "text"),
        (f"name = 'x'\nguideline = 'a'\nguideline_file = 'b'\n{GOOD}", 3, "", "guideline_file", "here and in a file"),
        (f"name = 'x'\nquestions = []\n{GOOD}", None, "questions", "", "[[question]]"),
        ("name = 'x'\nquestion = 3\n", None, "question", "", "list"),
        (f"name = 'x'\n[[content]]\nkind='text'\ncolumn='c'\n{BOXES}", 5, "question", "on", "image"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_table_and_field(
    text: str, line: int | None, table: str | None, field: str | None, words: str
) -> None:
    with pytest.raises(BadFile) as caught:
        parse_project_file(text, "tawsim.toml")
    error = caught.value
    assert error.details["file"] == "tawsim.toml"
    assert (error.details.get("table"), error.details.get("field")) == (table, field)
    if line is not None:
        assert error.details["line"] == line
        assert f"line {line}" in error.message
    assert words in str(error)


def test_lines_in_a_long_text_are_no_tables() -> None:
    text = "name = 'x'\nguideline = '''\n[[question]]\nkind = 'no'\n'''\n[[question]]\nkind = 'no'\nname = 'q'\n"
    with pytest.raises(BadFile) as caught:
        parse_project_file(text)
    assert caught.value.details["line"] == 7


def test_all_faults_are_found_at_once() -> None:
    plan, faults = check_plan(
        {"name": "", "overlap": "two", "questions": [{"name": "a", "labels": []}, {"kind": "x"}], "content": [3]}
    )
    assert plan is None
    assert [(one.table, one.place, one.field) for one in faults] == [
        ("", None, "name"), ("", None, "overlap"), ("content", 0, ""), ("question", 0, "labels"), ("question", 1, "kind"),
    ]  # fmt: skip
    assert faults[3].where == "[[question]] 1, labels"
    assert check_plan([1])[0] is None


def test_a_file_with_its_guideline_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "tawsim.toml"
    (tmp_path / "guideline.md").write_text("# دليل\n", encoding="utf-8")
    file.write_bytes(b"\xef\xbb\xbf" + f"name = 'x'\r\nguideline_file = 'guideline.md'\r\n{GOOD}".encode())
    plan = read_project_file(file)
    assert plan.guideline == "# دليل\n"
    text = write_project_file(plan)
    assert "guideline_file" in text
    assert "دليل" not in text
    (tmp_path / "guideline.md").unlink()
    with pytest.raises(BadFile, match=r"line 2, guideline_file: .*cannot be read"):
        read_project_file(file)


@pytest.mark.parametrize(
    ("data", "words"), [(None, "cannot be read"), (b"\xff\xfe\xfa", "UTF-8"), (b"#" * 4_000_001, "MB")]
)
def test_a_file_that_is_none(tmp_path: Path, data: bytes | None, words: str) -> None:
    file = tmp_path / "tawsim.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadFile, match=words):
        read_project_file(file)


def test_what_no_file_can_hold_is_refused() -> None:
    for value in ("\ud800", object()):
        with pytest.raises(BadInput):
            toml_text.value(value)


def made_from(owner: str, plan: ProjectPlan, tx: Any) -> Any:
    return create_project(tx, owner, plan.name, plan.new_project())


def test_a_project_made_from_a_file_writes_that_file(workspace: Any) -> None:
    for kind in sorted(KINDS):
        example = KINDS[kind].example
        data = {
            "name": f"project {kind}", "overlap": 3, "guideline": "g\n", "settings": {"suggestions": True},
            "questions": [question_to_json(example.question)],
        }  # fmt: skip
        plan, faults = check_plan(data)
        assert plan is not None, faults
        made = workspace.db.write(partial(made_from, workspace.owner_id, plan))
        again = plan_of_project(workspace.db, made.id)
        assert plan_of_project(workspace.db, made.id) == parse_project_file(write_project_file(again))
        # Only the column that a question works on was filled in meanwhile.
        asked = [{**one, "on": ""} for one in again.questions]
        assert asked == [{**one, "on": ""} for one in plan.questions]
        assert (again.name, again.overlap, again.guideline, again.settings) == (
            plan.name, 3, "g\n", {"suggestions": True},
        )  # fmt: skip
