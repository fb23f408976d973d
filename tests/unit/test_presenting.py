"""What a worker sees of a task, and that blind candidates stay blind."""

from typing import Any

import pytest

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Project
from tawsim.core.settings import read_settings
from tawsim.kinds import read_questions, validate_answers
from tawsim.kinds.content import read_blocks
from tawsim.labelling.presenting import NOTHING, Drawn, draw, draws, letter, present, read_drawn, to_shown, to_stored

PAIR = {"kind": "pairwise", "name": "better", "candidates": ["gpt", "llama"]}
ROW = {"prompt": "اكتب تحية", "gpt": "أهلًا", "llama": "مرحبًا", "gold": "llama", "cost": 3}


def project(questions: list[dict[str, Any]], content: list[dict[str, Any]] = [], **settings: bool) -> Project:  # noqa: B006
    return Project(
        id="p", name="p", questions=read_questions(questions), text_column="prompt", guideline="", guideline_version=1,
        overlap=1, lease_seconds=60, max_lease_seconds=60, max_leases=1, skip_limit=1, order="fifo", state="running",
        version=1, created_at=0, content=read_blocks(content), settings=read_settings(settings),
    )  # fmt: skip


def test_candidates_go_out_blind_in_an_order_of_each_lease() -> None:
    here = project([PAIR])
    drawn = [draw(here, ROW, {}) for _ in range(60)]
    assert {tuple(one.orders["better"]) for one in drawn} == {("gpt", "llama"), ("llama", "gpt")}
    shown = present(here, ROW, drawn[0], {})
    assert "gpt" not in shown["content"]
    assert "llama" not in shown["content"]
    order = drawn[0].orders["better"]
    assert shown["candidates"]["better"] == [
        {"name": "A", "value": ROW[order[0]]},
        {"name": "B", "value": ROW[order[1]]},
    ]


def test_answers_are_translated_there_and_back() -> None:
    here = project([PAIR])
    for order in (["gpt", "llama"], ["llama", "gpt"]):
        drawn = Drawn({"better": order})
        stored = to_stored(here.questions, drawn, {"better": {"best": "B"}})
        assert stored == {"better": {"best": order[1]}}
        assert to_shown(here.questions, drawn, stored) == {"better": {"best": "B"}}
        assert to_stored(here.questions, drawn, {"better": {"best": "tie"}}) == {"better": {"best": "tie"}}


def test_a_candidates_own_name_is_no_answer() -> None:
    """Whoever knows which column is whose could vote for it unseen."""
    here = project([PAIR])
    sly = to_stored(here.questions, Drawn({"better": ["llama", "gpt"]}), {"better": {"best": "gpt"}})
    with pytest.raises(BadAnswer):
        validate_answers(here.questions, sly, ROW)


def test_columns_called_a_and_b_do_not_confuse_it() -> None:
    here = project([PAIR | {"candidates": ["A", "B"]}])
    drawn = Drawn({"better": ["B", "A"]})
    assert to_stored(here.questions, drawn, {"better": {"best": "A"}}) == {"better": {"best": "B"}}
    assert to_shown(here.questions, drawn, {"better": {"best": "B"}}) == {"better": {"best": "A"}}


def test_only_what_the_project_shows_leaves() -> None:
    label = {"kind": "choice", "name": "label", "labels": ["a", "b"]}
    assert set(present(project([label]), ROW, NOTHING, {})["content"]) == set(ROW)  # no blocks: the whole row
    here = project([label], [{"kind": "text", "column": "prompt"}])
    assert set(present(here, ROW, NOTHING, {})["content"]) == {"prompt"}
    folded = project([label], [{"kind": "text", "column": "prompt"}, {"kind": "details", "column": "cost"}])
    assert set(present(folded, ROW, NOTHING, {})["content"]) == {"prompt", "cost"}


def test_suggestions_only_where_the_project_says_so() -> None:
    label = {"kind": "choice", "name": "label", "labels": ["a", "b"]}
    suggestion = {"label": {"answer": "a", "source": "m", "p": 0.9}}
    assert not draws(project([label]))
    assert draw(project([label]), ROW, suggestion).to_text() == ""
    on = project([label], suggestions=True)
    drawn = read_drawn(draw(on, ROW, suggestion).to_text())
    assert present(on, ROW, drawn, {})["suggestions"] == suggestion


def test_the_same_fields_for_every_task() -> None:
    here = project([PAIR], suggestions=True)
    with_all = present(here, ROW, draw(here, ROW, {"better": {"answer": {"best": "gpt"}, "source": "m", "p": 1}}), {})
    assert set(with_all) == set(present(here, {"prompt": "x"}, NOTHING, {}))
    assert with_all["suggestions"]["better"]["answer"]["best"] in ("A", "B")


def test_letters_do_not_end() -> None:
    assert [letter(n) for n in (0, 25, 26, 51, 52)] == ["A", "Z", "A1", "Z1", "A2"]
