"""`tawsim init`, `templates`, `project create --config` and `project show`: what each says, writes and leaves behind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tawsim.cli import main as entry
from tawsim.loop.project_file import parse_project_file, read_project_file
from tawsim.loop.template_files import TEMPLATES

ROWS = "id,text,label\n" + "".join(f"{i},كلام طويل عن الطلب {i},{'جيد' if i % 2 else 'سيئ'}\n" for i in range(20))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    (tmp_path / "reviews.csv").write_text(ROWS, encoding="utf-8")

    def once(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = entry.run([str(one) for one in arguments])
        wrote = capsys.readouterr()
        return code, wrote.out + wrote.err

    return once


def test_from_a_file_to_a_project(run: Any, tmp_path: Path) -> None:
    code, told = run("init", "reviews.csv")
    assert code == 0
    assert "Read all 20 rows of reviews.csv; texts run right to left." in told
    assert "looks like a label" in told
    assert "Not shown to those who label: label." in told
    assert "next: tawsim project create --config tawsim.toml" in told
    plan = read_project_file(tmp_path / "tawsim.toml")
    assert plan.data == {"file": "reviews.csv"}
    assert plan.questions[0]["labels"] == ["جيد", "سيئ"]
    code, told = run("project", "create", "--config", "tawsim.toml")
    assert (code, "with 20 tasks of reviews.csv" in told) == (0, True), told
    code, told = run("project", "show", "--toml")
    again = parse_project_file(told)
    assert (again.name, again.questions, again.content) == (plan.name, plan.questions, plan.content)
    code, told = run("project", "show")
    assert (code, "choice “label”" in told) == (0, True)
    shown = json.loads(run("project", "show", "reviews", "--json")[1])
    assert parse_project_file(shown["toml"]) == again
    assert shown["project"]["content"][0]["column"] == "text"


def test_a_file_that_is_there_is_kept(run: Any, tmp_path: Path) -> None:
    (tmp_path / "tawsim.toml").write_text("mine", encoding="utf-8")
    assert run("init", "reviews.csv")[0] == 1
    assert (tmp_path / "tawsim.toml").read_text(encoding="utf-8") == "mine"
    assert run("init", "reviews.csv", "--force")[0] == 0
    assert run("init", "reviews.csv", "-o", "nowhere/x.toml")[0] == 3
    assert run("init", "absent.csv", "-o", "y.toml")[0] == 3
    assert run("init")[0] == 3
    assert not (tmp_path / "y.toml").exists()


def test_a_template_with_and_without_a_file(run: Any, tmp_path: Path) -> None:
    assert run("init", "--template", "ner", "--language", "ar", "--name", "أسماء", "-o", "a.toml")[0] == 0
    assert read_project_file(tmp_path / "a.toml").questions[0]["kind"] == "spans"
    code, told = run("project", "create", "-c", "a.toml")
    assert (code, "next: tawsim import FILE" in told) == (0, True)
    assert run("init", "reviews.csv", "-t", "toxicity", "-o", "b.toml")[0] == 0
    plan = read_project_file(tmp_path / "b.toml")
    assert (plan.name, plan.questions[0]["name"], plan.data) == ("reviews", "الإساءة", {"file": "reviews.csv"})
    code, told = run("init", "reviews.csv", "-t", "image_boxes", "-o", "c.toml")
    assert (code, "needs a column of image" in told) == (3, True)
    assert run("init", "--template", "nerr", "-o", "c.toml")[0] == 3
    assert run("init", "--template", "ner", "--language", "fr", "-o", "c.toml")[0] == 3


def test_templates_are_listed_and_printed(run: Any) -> None:
    listed = json.loads(run("templates", "--json")[1])["templates"]
    assert [one["id"] for one in listed] == list(TEMPLATES)
    assert "summary_quality" in run("templates", "--language", "ar")[1]
    code, told = run("templates", "rubric", "--language", "ar")
    assert code == 0
    assert parse_project_file(told).questions[0]["kind"] == "rubric"


def test_words_with_tags_become_texts(run: Any, tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": i, "tokens": ["زار", "محمد", f"مدينة{i}"], "tags": ["O", "B-PER", "O"]}) for i in range(5)
    ]
    (tmp_path / "ner.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run("init", "ner.jsonl")[0] == 0
    code, told = run("project", "create", "-c", "tawsim.toml", "--json")
    assert code == 0, told
    assert json.loads(told)["import"]["added"] == 5
    assert json.loads(told)["project"]["questions"][0]["labels"] == ["PER"]


def test_all_of_a_project_file_or_nothing(run: Any, tmp_path: Path) -> None:
    assert run("init", "reviews.csv")[0] == 0
    assert run("project", "create", "-c", "tawsim.toml", "--labels", "a,b")[0] == 3
    assert run("project", "create")[0] == 3
    text = (tmp_path / "tawsim.toml").read_text(encoding="utf-8")
    (tmp_path / "gone.toml").write_text(text.replace("reviews.csv", "absent.csv"), encoding="utf-8")
    assert run("project", "create", "-c", "gone.toml")[0] == 3
    assert not list(tmp_path.glob("*.tawsim*"))
    (tmp_path / "reviews.csv").write_text(ROWS + "21,,جيد\n", encoding="utf-8")
    code, told = run("project", "create", "-c", "tawsim.toml")
    assert (code, "row 21" in told) == (3, True)
    assert not list(tmp_path.glob("*.tawsim*"))
    assert run("project", "create", "other", "--labels", "a,b")[0] == 0
    assert run("project", "create", "-c", "tawsim.toml")[0] == 3
    (tmp_path / "reviews.csv").write_text(ROWS, encoding="utf-8")
    assert run("project", "create", "-c", "tawsim.toml")[0] == 0
    listed = json.loads(run("project", "list", "--json")[1])["projects"]
    assert [one["name"] for one in listed if one["state"] != "removed"] == ["other", "reviews"]
