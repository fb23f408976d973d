"""What a file is read as, column by column, and what is proposed for it: in English and Arabic, deterministic, explained."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadFile, BadInput
from tawsim.intake.proposing import proposal_json, propose, propose_file
from tawsim.intake.proposing_columns import read_column
from tawsim.intake.proposing_names import groups_of_candidates, pair_of, plain
from tawsim.intake.proposing_tokens import joined_rows, spans_of_tags, text_of_tokens
from tawsim.intake.proposing_words import ASK, LABELS, LAYOUT, NOTES, WHY
from tawsim.loop.project_plan import check_plan
from tawsim.loop.starting import plan_of_proposal

TEXTS = ["وصل الطلب قبل موعده بيوم كامل", "الجهاز لا يعمل منذ أسبوع", "خدمة سريعة وموظفون لطفاء"]
ENGLISH = ["It came a day early and works", "The device has been dead for a week", "Quick service and kind people"]


def rows(n: int = 12, **columns: Any) -> list[dict[str, Any]]:
    """n rows; each column is a list that is gone through again and again, or a function of the row's number."""
    return [
        {name: made(i) if callable(made) else made[i % len(made)] for name, made in columns.items()} for i in range(n)
    ]


@pytest.mark.parametrize(
    ("name", "cells", "role", "why"),
    [
        ("text", TEXTS, "text", "text_name"),
        ("النص", TEXTS, "text", "text_name"),
        ("notes", ENGLISH, "text", "text_long"),
        ("prompt", ENGLISH, "text", "prompt"),
        ("body", ["# Title\n\nwords and words", "- one thing\n- two things"], "markdown", "markdown"),
        ("messages", [[{"role": "user", "content": "hi"}]], "chat", "messages"),
        ("conversations", [[{"from": "human", "value": "hi"}]], "chat", "messages"),
        ("dialog", [json.dumps([{"role": "user", "content": "مرحبا"}])], "chat", "messages"),
        ("picture", ["a.png", "b.JPG", "c d.webp"], "image", "image_name"),
        ("picture", ["data:image/png;base64,aaaa"], "image", "image_data"),
        ("clip", ["a.wav", "sub/b.mp3"], "audio", "audio_name"),
        ("link", ["https://example.org/a", "https://example.org/b.png"], "url", "url"),
        ("id", ["r-1", "r-2"], "id", "id_name"),
        ("رقم", [1, 2, 3], "id", "id_name"),
        ("code", ["AB-1001", "AB-1002", "AB-1003"], "id", "id_values"),
        ("made", ["2024-03-01", "2024-03-02T10:00:00Z"], "time", "time"),
        ("timestamp", [1724108687.8, 1724108688.1], "time", "time"),
        ("split", ["train", "test"], "surroundings", "surroundings"),
        ("التصنيف", ["إيجابي", "سلبي"] * 4, "label", "label_name"),
        ("label", ["0", "1"] * 8, "label", "label_name"),
        ("mood", ["calm", "loud"] * 8, "label", "label_values"),
        ("is_spam", [True, False], "label", "yes_no"),
        ("spam", ["نعم", "لا"] * 3, "label", "yes_no"),
        ("topics", [["sport", "money"], ["sport"], ["money"]], "labels", "list_of_labels"),
        ("stars", [1, 5, 3, 4], "score", "score"),
        ("weight", [1.5, 2.25], "number", "number"),
        ("annotator1", ["1", "2"], "votes", "votes"),
        ("annotations", [[{"annotator": "a", "label": "x"}]], "votes", "votes"),
        ("cells", [[{"city": "عدن", "km": 3}]], "table", "table"),
        ("grid", [[["a", "b"], ["c", "d"]]], "table", "table"),
        ("facts", [{"a": 1}], "object", "object"),
        ("tokens", [["أهلا", "بك", "هنا"]], "tokens", "tokens"),
        ("tags", [["O", "B-PER", "I-PER"]], "tags", "tags"),
        ("answers", [["A long first answer to it", "another long answer to it"]], "candidates", "list_of_texts"),
        ("nothing", [None, "", " "], "empty", "empty"),
    ],
)  # fmt: skip
def test_a_column_is_read(name: str, cells: list[Any], role: str, why: str) -> None:
    found = read_column(name, cells)
    assert (found.role, found.why) == (role, why)


def test_names_are_compared_without_their_dress() -> None:
    assert plain(" responseA ") == plain("Response-A") == "response_a"
    assert groups_of_candidates(["id", "output_1", "Output 2"]) == [("output_1", "Output 2")]
    assert groups_of_candidates(["chosen", "rejected", "prompt"]) == [("chosen", "rejected")]
    assert groups_of_candidates(["إجابة_أ", "إجابة_ب"]) == [("إجابة_أ", "إجابة_ب")]
    assert groups_of_candidates(["score_a", "score_b", "sentence1", "sentence2"]) == []
    assert pair_of(["النص", "الملخص"]) == ("summary", "النص", "الملخص")
    assert pair_of(["x", "y"]) is None


def proposed(sample: list[dict[str, Any]], **more: Any) -> tuple[str, list[str], list[dict[str, Any]]]:
    found = propose(sample, **more)
    return found.layout.code, [f"{b['kind']}:{b['column']}" for b in found.content], [dict(q) for q in found.questions]


def test_texts_with_labels_ask_for_the_label_and_hide_it() -> None:
    sample = rows(النص=lambda i: f"{TEXTS[i % 3]} {i}", التصنيف=["إيجابي", "سلبي"], split=["train", "test"])
    code, shown, [question] = proposed(sample)
    assert (code, shown) == ("choice", ["text:النص"])
    assert (question["kind"], question["name"], question["labels"]) == ("choice", "التصنيف", ["إيجابي", "سلبي"])
    found = propose(sample)
    assert (found.direction, found.language) == ("rtl", "ar")
    assert found.layout.known == (("التصنيف", "التصنيف"),)
    assert ("hidden", {"columns": "التصنيف, split"}) in found.layout.notes


def test_texts_alone_get_labels_that_are_marked_as_examples() -> None:
    code, shown, [question] = proposed(rows(text=ENGLISH, id=lambda i: i))
    assert (code, shown, question["labels"]) == ("choice", ["text:text"], ["positive", "negative", "neutral"])
    assert propose(rows(text=ENGLISH)).layout.notes == (("placeholder", {}),)
    assert proposed(rows(text=ENGLISH), language="ar")[2][0]["labels"] == ["إيجابي", "سلبي", "محايد"]


@pytest.mark.parametrize(
    ("columns", "code", "shown", "kind"),
    [
        ({"prompt": ENGLISH, "response_a": ENGLISH, "response_b": TEXTS}, "pairwise", ["text:prompt"], "pairwise"),
        ({"prompt": ENGLISH, "chosen": ENGLISH, "rejected": TEXTS}, "pairwise", ["text:prompt"], "pairwise"),
        ({"السؤال": TEXTS, "إجابة_أ": TEXTS, "إجابة_ب": TEXTS}, "pairwise", ["text:السؤال"], "pairwise"),
        (
            {"prompt": ENGLISH, "chosen": [[{"role": "user", "content": "a"}]], "rejected": [[{"role": "user", "content": "b"}]]},
            "pairwise", ["text:prompt"], "pairwise",
        ),
        ({"q": ENGLISH, "output_1": TEXTS, "output_2": TEXTS, "output_3": TEXTS}, "ranking", ["text:q"], "ranking"),
        ({"prompt": ENGLISH, "answers": [[*ENGLISH, "and one more answer"]]}, "ranking", ["text:prompt"], "ranking"),
        ({"messages": [[{"role": "user", "content": "hi"}]]}, "chat", ["chat:messages"], "chat"),
        ({"image": lambda i: f"{i}.png"}, "boxes", ["image:image"], "boxes"),
        ({"image": lambda i: f"{i}.png", "label": ["cat", "dog"]}, "image_label", ["image:image"], "choice"),
        ({"image": lambda i: f"{i}.png", "text": ENGLISH}, "ocr", ["image:image", "text:text"], "text"),
        ({"audio": lambda i: f"{i}.wav"}, "transcription", ["audio:audio"], "segments"),
        ({"audio": lambda i: f"{i}.wav", "text": TEXTS}, "transcript_check", ["audio:audio", "text:text"], "text"),
        ({"before": ENGLISH, "after": ENGLISH}, "diff", ["diff:before"], "choice"),
        ({"document": ENGLISH, "summary": ENGLISH}, "summary", ["text:document", "text:summary"], "scale"),
        ({"source": ENGLISH, "target": TEXTS}, "translation", ["text:source", "text:target"], "scale"),
        ({"claim": ENGLISH, "evidence": ENGLISH}, "claim", ["text:claim", "text:evidence"], "choice"),
        ({"question": ENGLISH, "answer": TEXTS}, "response", ["text:question", "markdown:answer"], "scale"),
        ({"question": ENGLISH, "answer": ["نعم", "لا"]}, "choice", ["text:question"], "choice"),
        ({"prompt": ENGLISH, "gold": lambda i: i * 7}, "demonstration", ["text:prompt"], "text"),
        ({"text": ENGLISH, "stars": [1, 5]}, "scale", ["text:text"], "scale"),
        ({"text": ENGLISH, "topics": [["a", "b"], ["a"], ["b"]]}, "choices", ["text:text"], "choices"),
        ({"rows": [[{"city": "عدن"}]], "title": TEXTS}, "table", ["text:title", "table:rows"], "choice"),
        ({"tokens": [["a", "b"]], "tags": [["O", "B-X"]]}, "spans", ["text:text"], "spans"),
        ({"id": lambda i: i, "label": ["a", "b"]}, "nothing", ["details:id"], "choice"),
    ],
)  # fmt: skip
def test_each_kind_of_file_has_its_arrangement(columns: dict[str, Any], code: str, shown: list[str], kind: str) -> None:
    found, blocks, questions = proposed(rows(**columns))
    assert (found, blocks, [q["kind"] for q in questions]) == (code, shown, [kind])


@pytest.mark.parametrize(
    "columns",
    [
        {"text": ENGLISH, "label": ["a", "b"], "score": [1, 2]},
        {"prompt": ENGLISH, "response_a": ENGLISH, "response_b": TEXTS, "picture": lambda i: f"{i}.png"},
        {"tokens": [["a", "b"]], "tags": [["O", "B-X"]], "text": ENGLISH},
        {"audio": lambda i: f"{i}.wav", "text": TEXTS, "label": ["a", "b"]},
        {"messages": [[{"role": "user", "content": "hi"}]], "label": ["a", "b"]},
    ],
)  # fmt: skip
def test_whatever_is_proposed_can_be_made(columns: dict[str, Any]) -> None:
    found = propose(rows(**columns))
    for layout in (found.layout, *found.alternatives):
        plan = plan_of_proposal(found, "x.jsonl", layout=layout)
        assert check_plan({"name": "x", "questions": plan.questions, "content": plan.content})[1] == []


def test_labels_of_a_tree_and_of_codes() -> None:
    tree = ["a/x", "a/y", "b/x", "b/y", "b/z"]
    assert proposed(rows(30, text=ENGLISH, label=tree))[2][0]["separator"] == "/"
    assert "separator" not in proposed(rows(30, text=ENGLISH, label=["Sci/Tech", "World", "Sport", "Money"]))[2][0]
    coded = propose(rows(30, text=ENGLISH, label=[0, 10, 2]))
    assert coded.questions[0]["labels"] == ["0", "2", "10"]
    assert ("codes", {}) in coded.layout.notes


def test_the_order_of_rows_changes_nothing() -> None:
    sample = rows(60, text=lambda i: f"{ENGLISH[i % 3]} {i}", label=["b", "a", "c"], stars=[1, 4], who=["x", "y"])
    shuffled = random.Random(3).sample(sample, len(sample))
    assert proposal_json(propose(sample)) == proposal_json(propose(shuffled))


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["text", "label", "messages", "tokens", "tags", "chosen", "rejected", "image", "النص", "x"]
            ),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.floats(allow_nan=False)
                | st.text(max_size=20)
                | st.sampled_from(["a.png", "B-X", "some words here", "نعم", "1", "5", " a"]),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["role", "content"]), inner, max_size=2)
                ),
                max_leaves=5,
            ),
            min_size=1,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_rows_hold_there_is_a_proposal(sample: list[dict[str, Any]]) -> None:
    found = propose(sample)
    told = proposal_json(found)
    assert json.loads(json.dumps(told, ensure_ascii=True)) == json.loads(json.dumps(told))
    for layout in (found.layout, *found.alternatives):
        assert plan_of_proposal(found, "x.jsonl", layout=layout).questions


def test_every_word_is_there_in_both_languages() -> None:
    for table in (WHY, LAYOUT, NOTES, ASK, LABELS):
        for code, both in table.items():
            assert len(both) == 2, code
            assert both[0], code
            assert any("\u0600" <= c <= "\u06ff" for c in str(both[1])), code


def test_a_file_is_read_to_its_sample_and_its_labels_further(tmp_path: Any, monkeypatch: Any) -> None:
    file = tmp_path / "many.csv"
    lines = ["text,label", *(f"some words here {i},{'late' if i == 900 else 'ab'[i % 2]}" for i in range(1000))]
    file.write_text("\n".join(lines), encoding="utf-8")
    proposal, sample = propose_file(file)
    assert (len(sample), proposal.rows, proposal.whole) == (500, 500, False)
    assert proposal.questions[0]["labels"] == ["a", "b", "late"]
    assert ("cut", {}) not in proposal.layout.notes
    monkeypatch.setattr("tawsim.intake.proposing.LABEL_ROWS", 800)
    proposal, _ = propose_file(file)
    assert proposal.questions[0]["labels"] == ["a", "b"]
    assert ("cut", {}) in proposal.layout.notes


def test_a_head_of_a_file_is_enough(tmp_path: Any) -> None:
    file = tmp_path / "head.csv"
    file.write_text('text,label\nsome words here,a\nother words here,b\n"cut off in the mid', encoding="utf-8")
    with pytest.raises(BadFile):
        propose_file(file)
    proposal, sample = propose_file(file, cut=True)
    assert len(sample) == 1
    assert not proposal.whole
    assert ("cut", {}) not in proposal.layout.notes  # one row only: no label yet
    file.write_text("text,label\n" + "some words here,a\nother words here,b\n" * 9 + '"cut off', encoding="utf-8")
    assert ("cut", {}) in propose_file(file, cut=True)[0].layout.notes
    with pytest.raises(BadInput):
        propose([])


def test_words_and_tags_become_a_text_with_spans() -> None:
    words = ["زار", "محمد", "علي", "نيويورك"]
    text, places = text_of_tokens(words)
    assert text == "زار محمد علي نيويورك"
    assert [text[a:b] for a, b in places] == words
    spans = spans_of_tags(words, ["O", "B-PER", "I-PER", "I-LOC"])
    assert spans == [
        {"start": 4, "end": 12, "label": "PER", "text": "محمد علي"},
        {"start": 13, "end": 20, "label": "LOC", "text": "نيويورك"},
    ]
    assert spans_of_tags(["a", "b"], ["B-X", "B-X"])[1]["text"] == "b"
    assert list(joined_rows([{"tokens": ["a", "b"], "id": 1}], "tokens")) == [
        {"text": "a b", "tokens": ["a", "b"], "id": 1}
    ]
    with pytest.raises(BadInput, match="Row 1"):
        list(joined_rows([{"tokens": "a b"}], "tokens"))
    with pytest.raises(BadInput):
        spans_of_tags(["a"], [])
