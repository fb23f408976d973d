"""Which rows a project takes, and which of them are the same."""

from typing import Any

import pytest

from tawsim.core.errors import BadFile
from tawsim.core.records import Project
from tawsim.intake.judged import Judged
from tawsim.kinds import read_questions
from tawsim.kinds.content import read_blocks, with_columns

PAIR = {"kind": "pairwise", "name": "better", "candidates": ["a", "b"]}
CHAT = {"kind": "chat", "name": "talk", "on": "messages", "rating": {"labels": ["good", "bad"]}}
LABEL = {"kind": "choice", "name": "label", "labels": ["x", "y"]}
BLOCKS = [{"kind": "text", "column": "prompt"}, {"kind": "text", "column": "more"}]


def judged(questions: list[dict[str, Any]], content: list[dict[str, Any]], text: str = "text") -> Judged:
    blocks = read_blocks(content)
    return Judged(
        Project(
            id="p", name="p", questions=with_columns(read_questions(questions), blocks, text), text_column=text,
            guideline="", guideline_version=1, overlap=1, lease_seconds=60, max_lease_seconds=60, max_leases=1,
            skip_limit=1, order="fifo", state="running", version=1, created_at=0, content=blocks,
        )
    )  # fmt: skip


def key(here: Judged, row: dict[str, Any]) -> str:
    return here.text(row, file="f.csv", row_number=7)


def test_a_plain_project_is_about_its_text() -> None:
    here = judged([LABEL], [])
    assert key(here, {"text": "مرحبا", "id": 1}) == "مرحبا"
    for row in ({"id": 1}, {"text": ""}, {"text": " \n"}, {"text": 3}, {"text": None}, {"text": ["a"]}):
        with pytest.raises(BadFile) as told:
            key(here, row)
        assert (told.value.details["row"], told.value.details["column"]) == (7, "text")


def test_the_same_prompt_with_other_answers_is_another_row() -> None:
    here = judged([PAIR], BLOCKS, "prompt")
    one = {"prompt": "p", "more": "", "a": "x", "b": "y"}
    assert key(here, one) == key(here, {**one, "id": 9})
    assert key(here, one) != key(here, {**one, "b": "z"})


def test_what_is_only_read_beside_it_may_be_empty_or_absent() -> None:
    here = judged([PAIR], BLOCKS, "prompt")
    key(here, {"prompt": "p", "a": "", "b": "y"})
    with pytest.raises(BadFile, match="no such column"):
        key(here, {"prompt": "p", "a": "x"})
    with pytest.raises(BadFile, match="all that would be shown"):
        key(here, {"prompt": "", "more": None, "a": "", "b": ""})


def test_a_conversation_is_a_list_and_must_be_there() -> None:
    here = judged([CHAT], [{"kind": "chat", "column": "messages"}], "messages")
    talk = [{"role": "user", "content": "مرحبا"}]
    assert "مرحبا" in key(here, {"messages": talk})
    for row in ({"messages": []}, {"messages": None}, {}):
        with pytest.raises(BadFile) as told:
            key(here, row)
        assert told.value.details["column"] == "messages"
