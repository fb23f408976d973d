"""What the battery cannot say for all kinds at once: edges, quotes, steps, trees, shapes, limits, and what distances measure."""

import time
import unicodedata
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.core.text import edge_after, edge_before, is_edge
from tawsim.kinds import (
    KINDS,
    Boxes,
    Chat,
    Choice,
    Choices,
    Keypoints,
    Number,
    Pairwise,
    Polygons,
    Ranking,
    Scale,
    Segments,
    Spans,
    Text,
    kind_of,
    read_question,
    validate_answers,
)
from tawsim.kinds.chat import read_messages
from tawsim.kinds.choice import places
from tawsim.kinds.distances import levenshtein, text_distance
from tawsim.kinds.shapes import polygon_iou


def validated(question: Any, answer: Any, content: Any = None) -> Any:
    return kind_of(question).validate(question, answer, content)


def apart(question: Any, one: Any, other: Any) -> float:
    return kind_of(question).distance(question, validated(question, one), validated(question, other))


# ---- edges --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "لَ", "مُّ", "e\u0301", "\r\n", "👩\u200d💻", "👍🏽", "❤\ufe0f", "🇲🇦", "한", "\u1112\u1161\u11ab", "각\u11a8", "कि", "กำ",
        "👩\u200d❤\ufe0f\u200d💋\u200d👨", "1\ufe0f\u20e3", "🏴\U000e0067\U000e0062\U000e007f", "ی\u200c", "a\u200d",
    ],
)  # fmt: skip
def test_what_readers_see_as_one_character_is_not_cut(text: str) -> None:
    around = f"ب{text}ت"
    edges = [at for at in range(len(around) + 1) if is_edge(around, at)]
    assert edges == [0, 1, 1 + len(text), 2 + len(text)]
    assert edge_before(around, len(text)) == (1 if len(text) > 1 else len(text))
    assert edge_after(around, 2) == 1 + len(text)


@pytest.mark.parametrize(
    "text", ["ab", "بت", "\n\n", "\n\r", "🇲🇦🇪🇬", "한국", "👩💻", "a👍", "1٢", "\n\u0301", "ー", "漢字", "က\u102c"]
)
def test_what_readers_see_as_several_is(text: str) -> None:
    half = len(text) // 2
    assert is_edge(text, half)


@given(st.text(st.characters(), max_size=30))
def test_edges_never_break_on_any_text(text: str) -> None:
    assert is_edge(text, 0)
    assert is_edge(text, len(text))
    for at in range(len(text)):
        edge_before(text, at)
        edge_after(text, at)
        if unicodedata.category(text[at]) in ("Mn", "Me") and at and unicodedata.category(text[at - 1])[0] == "L":
            assert not is_edge(text, at)


# ---- spans --------------------------------------------------------------------------------------------------------
NER = Spans("ner", on="text", labels=("PER", "LOC"))
ROW = {"text": "مُحمّد 👩‍💻 في الرباط"}


def one_span(start: Any, end: Any, label: str = "PER", **more: Any) -> dict[str, Any]:
    return {"spans": [{"start": start, "end": end, "label": label, **more}]}


def test_a_missing_quote_is_filled_in_and_a_wrong_one_refused() -> None:
    assert validated(NER, one_span(0, 6), ROW)["spans"][0]["text"] == "مُحمّد"
    assert validated(NER, one_span(7, 10), ROW)["spans"][0]["text"] == "👩‍💻"
    with pytest.raises(BadAnswer, match="UTF-16"):
        validated(NER, one_span(0, 6, text="محمد"), ROW)
    with pytest.raises(BadAnswer, match="not what stands"):
        validated(NER, one_span(0, 6, text="الرباط"), ROW)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1, 6), (0, 4), (8, 10), (7, 9), (-1, 3), (3, 3), (4, 99), (0, 2.5), (True, 3)]
)
def test_a_span_that_cuts_a_character_or_leaves_the_text_is_refused(start: Any, end: Any) -> None:
    with pytest.raises(BadAnswer):
        validated(NER, one_span(start, end), ROW)


def test_relations_follow_their_spans_when_these_are_sorted() -> None:
    question = Spans("q", labels=("A", "B"), relations=({"label": "r", "from": ["A"], "to": ["B"]},))
    spans = [
        {"start": 9, "end": 10, "label": "B"},
        {"start": 0, "end": 1, "label": "A"},
        {"start": 9, "end": 10, "label": "B"},  # a repeat
    ]
    clean = validated(question, {"spans": spans, "relations": [{"from": 1, "to": 2, "label": "r"}]})
    assert clean["relations"] == [{"from": 0, "to": 1, "label": "r"}]
    assert len(clean["spans"]) == 2
    for left, right in ((0, 1), (1, 1), (0, 2), (0, 7), (-1, 0)):
        with pytest.raises(BadAnswer):
            validated(question, {"spans": spans, "relations": [{"from": left, "to": right, "label": "r"}]})


def test_where_spans_may_not_overlap_they_may_touch() -> None:
    question = Spans("q", labels=("A",), overlap=False)
    touching = [{"start": 0, "end": 2, "label": "A"}, {"start": 2, "end": 4, "label": "A"}]
    assert len(validated(question, {"spans": touching})["spans"]) == 2
    with pytest.raises(BadAnswer, match="overlaps"):
        validated(question, {"spans": [*touching, {"start": 1, "end": 3, "label": "A"}]})


def test_nothing_can_be_huge() -> None:
    span = {"start": 0, "end": 900_000, "label": "PER"}
    with pytest.raises(BadAnswer, match="together"):
        validated(NER, {"spans": [{**span, "end": 900_000 + i} for i in range(3)]})
    with pytest.raises(BadAnswer, match="more than"):
        validated(NER, {"spans": [span] * 5_001})
    with pytest.raises(BadAnswer):
        validated(Text("t", at_most=5), "x" * 6)
    with pytest.raises(BadAnswer):
        validated(Number("n"), 10**400)
    with pytest.raises(BadAnswer, match="surrogate"):
        validated(Text("t"), "a\ud83d")
    corners = [[i % 500, i // 2] for i in range(1_001)]
    with pytest.raises(BadAnswer, match="more than"):
        validated(Polygons("p", labels=("a",)), {"polygons": [{"points": corners, "label": "a"}]})


def test_a_text_of_300_000_characters_takes_3_000_spans() -> None:
    text = "كَتَبَ 👩‍💻 " * 30_000
    answer = {"spans": [{"start": at, "end": at + 6, "label": "PER"} for at in range(0, 3_000 * 99, 99)]}
    clean = validated(NER, answer, {"text": text})
    assert len(clean["spans"]) == 3_000
    assert {span["text"] for span in clean["spans"]} == {"كَتَبَ"}


def test_a_near_miss_is_nearer_than_another_place() -> None:
    near, far = apart(NER, one_span(0, 10), one_span(0, 9)), apart(NER, one_span(0, 10), one_span(20, 30))
    assert near == pytest.approx((1 + 1 - 18 / 19) / 2)
    assert far == 1


# ---- numbers, scales, texts ---------------------------------------------------------------------------------------
def test_numbers_have_one_form() -> None:
    step = Number("n", low=0, high=1, step=0.1)
    assert repr(validated(step, 0.1 + 0.2)) == "0.3"
    assert repr(validated(step, 1.0)) == "1"
    assert repr(validated(Number("n"), -0.0)) == "0"
    assert repr(validated(Number("n", low=0.5, step=2), 4.5)) == "4.5"
    for wrong in (0.25, 1.1, True, "1", float("nan"), float("inf"), None, [1]):
        with pytest.raises(BadAnswer):
            validated(step, wrong)


def test_an_inferred_number_is_one_that_may_be_given() -> None:
    step = Number("n", low=1, high=8, step=3)
    assert [KINDS["number"].assemble(step, {("", ""): value}) for value in (-5, 2.4, 3, 6.9, 99)] == [1, 1, 4, 7, 7]
    assert KINDS["number"].assemble(Number("n", low=1, high=8), {("", ""): 2.4}) == 2.4


def test_numbers_without_bounds_are_apart_by_their_size() -> None:
    assert apart(Number("n"), 100, 90) == pytest.approx((10 / 190) ** 2)
    assert apart(Number("n"), -1, 1) == 1
    assert apart(Number("n"), 0, 1e-300) > 0
    assert apart(Scale("s"), 1, 5) == 1
    assert apart(Scale("s"), 1, 3) == 0.25


def test_a_text_keeps_everything_but_its_line_endings() -> None:
    assert validated(Text("t"), " a\r\nb\rc\n ") == " a\nb\nc\n "
    with pytest.raises(BadAnswer, match="fewer"):
        validated(Text("t", at_least=3), "\r\n\r\n")
    assert apart(Text("t"), "kitten", "sitting") == pytest.approx(3 / 7)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_levenshtein_is_what_the_table_says(a: str, b: str) -> None:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new
    assert levenshtein(a, b) == row[-1]


def test_long_texts_are_compared_by_their_words() -> None:
    assert text_distance("كلمة أخرى " * 1_000, "أخرى كلمة " * 1_000) == 0
    assert 0 < text_distance("كلمة " * 2_000, "كلمة " * 1_999) < 0.001


# ---- labels -------------------------------------------------------------------------------------------------------
def test_labels_of_one_branch_are_nearer() -> None:
    tree = Choice("c", labels=("news", "news/politics", "news/sport", "arts/film"), separator="/")
    assert apart(tree, "news/politics", "news/sport") == 0.5
    assert apart(tree, "news", "news/sport") == pytest.approx(1 / 3)
    assert apart(tree, "news/sport", "arts/film") == 1
    assert apart(Choice("c", labels=tree.labels), "news/politics", "news/sport") == 1
    many = Choices("c", labels=tree.labels, separator="/")
    assert apart(many, ["news/politics"], ["news/sport", "news/politics"]) == pytest.approx(0.125)
    assert apart(many, [], ["news"]) == 1


def test_a_tree_has_no_empty_parts() -> None:
    for labels in (["a//b", "c"], ["/a", "c"], ["a/ ", "c"]):
        with pytest.raises(BadInput, match="empty part"):
            read_question({"kind": "choice", "name": "q", "labels": labels, "separator": "/"})
        assert read_question({"kind": "choice", "name": "q", "labels": labels})


def test_ten_thousand_labels_are_looked_up_and_not_searched() -> None:
    question = Choices("c", labels=tuple(f"label {i}" for i in range(10_000)))
    assert validated(question, list(reversed(question.labels))) == list(question.labels)
    assert places(question.labels) is places(question.labels)
    assert places(("a", "b")) == {"a": 0, "b": 1}


# ---- candidates ---------------------------------------------------------------------------------------------------
def test_candidates_of_a_list_may_be_json_text() -> None:
    question = Ranking("r", candidates=("answers",))
    row = {"answers": '["a", "b", "c"]'}
    assert KINDS["ranking"].candidates(question, row) == ("1", "2", "3")
    assert validated(question, [["2"], ["3", "1"]], row) == [["2"], ["1", "3"]]
    for wrong in ([["2"], ["1"]], [["1"], ["2"], ["4"]], [["1"], ["2"], ["3", "3"]], [["1", "2", "3"], []]):
        with pytest.raises(BadAnswer):
            validated(question, wrong, row)


def test_a_tie_has_no_strength_and_a_preference_has_one() -> None:
    question = Pairwise("p", candidates=("a", "b"), steps=2)
    assert validated(question, {"best": "tie"}) == {"best": "tie"}
    for wrong in (
        {"best": "tie", "strength": 1},
        {"best": "a"},
        {"best": "a", "strength": 3},
        {"best": "c", "strength": 1},
    ):
        with pytest.raises(BadAnswer):
            validated(question, wrong)
    assert apart(question, {"best": "a", "strength": 2}, {"best": "b", "strength": 2}) == 1
    assert apart(question, {"best": "a", "strength": 1}, {"best": "tie"}) == 0.25
    with pytest.raises(BadInput, match="tie"):
        read_question({"kind": "pairwise", "name": "p", "candidates": ["a", "tie"]})


def test_half_a_turn_counts_half() -> None:
    question = Ranking("r", candidates=("a", "b", "c"))
    assert apart(question, [["a"], ["b"], ["c"]], [["c"], ["b"], ["a"]]) == 1
    assert apart(question, [["a"], ["b"], ["c"]], [["a", "b"], ["c"]]) == pytest.approx(1 / 6)


# ---- regions, segments --------------------------------------------------------------------------------------------
def test_boxes_are_rounded_to_two_digits_and_stay_inside() -> None:
    question = Boxes("b", labels=("a",))

    def box(x: float, width: float) -> Any:
        return {"size": [100, 50], "boxes": [{"x": x, "y": 0, "width": width, "height": 50, "label": "a"}]}

    assert validated(question, box(10.004, 89.998))["boxes"][0] | {} == {
        "x": 10, "y": 0, "width": 90, "height": 50, "label": "a"
    }  # fmt: skip
    for wrong in ((10, 90.01), (-0.01, 5), (10, 0.001), (10, -4), (float("inf"), 1)):
        with pytest.raises(BadAnswer):
            validated(question, box(*wrong))
    assert apart(question, box(0, 10), box(5, 10)) == pytest.approx(2 / 3)


def test_one_outline_has_one_form() -> None:
    question = Polygons("p", labels=("a",))
    corners = [[5, 1], [9, 7.004], [2, 8]]
    forms = [
        validated(question, {"size": [10, 10], "polygons": [{"points": points, "label": "a"}]})
        for points in (
            corners,
            corners[1:] + corners[:1],
            corners[::-1],
            [*corners, corners[0]],
            [corners[0], *corners],
        )
    ]
    assert all(form == forms[0] for form in forms)
    for line in ([[0, 0], [5, 0], [9, 0]], [[1, 1], [2, 2], [1, 1]]):
        with pytest.raises(BadAnswer):
            validated(question, {"size": [10, 10], "polygons": [{"points": line, "label": "a"}]})


def test_overlap_of_polygons_is_nearly_exact() -> None:
    square, right = [(0, 0), (10, 0), (10, 10), (0, 10)], [(5, 0), (15, 0), (15, 10), (5, 10)]
    assert polygon_iou(square, right) == pytest.approx(1 / 3)
    assert polygon_iou(square, [(0, 0), (10, 0), (10, 10)]) == pytest.approx(0.5, abs=0.01)
    assert polygon_iou(square, [(20, 0), (30, 0), (30, 10)]) == 0


def test_points_far_from_each_other_have_nothing_in_common() -> None:
    question = Keypoints("k", labels=("a", "b"))

    def point(x: float, label: str = "a") -> Any:
        return {"size": [300, 400], "points": [{"x": x, "y": 0, "label": label}]}

    assert apart(question, point(0), point(25)) == pytest.approx(0.5)  # half of a tenth of 500
    assert apart(question, point(0), point(60)) == 1
    assert apart(question, point(0), point(0, "b")) == 1


def test_segments_stay_in_the_recording() -> None:
    question = Segments("s", transcript=False, overlap=False)

    def segments(*ends: tuple[float, float]) -> Any:
        return {"duration": 10, "segments": [{"start": start, "end": end} for start, end in ends]}

    assert validated(question, segments((2, 3), (0.12345, 2)))["segments"][0] == {
        "start": 0.123, "end": 2, "label": "", "text": ""
    }  # fmt: skip
    for wrong in (((0, 10.001),), ((3, 3),), ((-1, 2),), ((0, 3), (2, 4))):
        with pytest.raises(BadAnswer):
            validated(question, segments(*wrong))
    assert apart(question, segments((0, 5)), segments((0, 10))) == pytest.approx(0.75 * 0.5 + 0.25)


# ---- conversations ------------------------------------------------------------------------------------------------
def test_only_messages_of_the_roles_are_judged_and_something_is_said() -> None:
    question = Chat("c", on="talk", rating={"labels": ["good", "bad"]})
    row = {"talk": '[{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]'}
    good = {"messages": {"1": {"rating": "good"}}}
    assert validated(question, good, row) == good
    for wrong in ({"messages": {"0": {"rating": "good"}}}, {"messages": {"2": {"rating": "good"}}}, {"messages": {}}):
        with pytest.raises(BadAnswer):
            validated(question, wrong, row)
    for wrong in (
        {"messages": {"01": {"rating": "good"}}},
        {"messages": {"1": {"rewrite": "x"}}},
        good | {"turns": []},
    ):
        with pytest.raises(BadAnswer):
            validated(question, wrong)


def test_a_live_conversation_keeps_its_turns() -> None:
    question = read_question({"kind": "chat", "name": "c", "live": {"endpoint": "local", "turns": 2}})
    turn = {"prompt": "مرحبا", "candidates": ["a", "b"], "chosen": 1}
    assert validated(question, {"messages": {}, "turns": [turn]}, {}) == {"messages": {}, "turns": [turn]}
    for wrong in ([turn] * 3, [turn | {"chosen": 2}], [turn | {"candidates": []}], [turn | {"candidates": ["a"] * 3}]):
        with pytest.raises(BadAnswer):
            validated(question, {"messages": {}, "turns": wrong})


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_stands_on_its_page_with_its_fields(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/kinds.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    own = {one.name for one in fields(KINDS[name].example.question)} - {one.name for one in fields(Question)} - {"kind"}
    assert all(f"`{field}`" in row for field in own), own
    for table in ("How far two answers are apart", "What truth is inferred of"):
        assert f"`{name}`" in page.split(f"## {table}")[1].split("## ")[0]


def test_a_conversation_in_the_older_form_is_read() -> None:
    cell = [{"from": "human", "value": "مرحبا"}, {"from": "gpt", "value": "أهلًا"}, {"from": "system", "value": "x"}]
    assert read_messages(cell) == [
        {"role": "user", "content": "مرحبا"},
        {"role": "assistant", "content": "أهلًا"},
        {"role": "system", "content": "x"},
    ]


def test_joiners_belong_to_names_and_marks_that_turn_text_do_not() -> None:
    """Without the non-joiner a Persian word is misspelt, without the joiner a family falls apart."""
    for good in ("می\u200cخواهم", "👨\u200d👩\u200d👧", "توسيم"):
        question = read_question({"kind": "choice", "name": good, "labels": [good, "other"]})
        assert question.labels[0] == good  # type: ignore[attr-defined]
    for bad in ("a\u202eb", "a\u2067b", "a\u200fb", "a\nb", "\ufeffa"):
        with pytest.raises(BadInput):
            read_question({"kind": "choice", "name": "q", "labels": [bad, "other"]})


# ---- hostile answers ----------------------------------------------------------------------------------------------
MANY = tuple(f"label {i}" for i in range(2000))
LONG = "كلمة " * 200_000


@pytest.mark.parametrize(
    ("question", "answer", "content"),
    [
        (  # each as long as the text
            {"kind": "spans", "on": "text", "labels": ["a"]},
            {"spans": [{"start": i, "end": len(LONG) - 5_000 + i, "label": "a"} for i in range(5_000)]},
            {"text": LONG},
        ),
        (  # one, five thousand times
            {"kind": "spans", "on": "text", "labels": ["a"]},
            {"spans": [{"start": 0, "end": len(LONG), "label": "a"}] * 5_000},
            {"text": LONG},
        ),
        (  # ten thousand relations, two hundred rules, two thousand labels
            {
                "kind": "spans", "on": "text", "labels": MANY,
                "relations": [{"label": f"r{i}", "from": MANY, "to": MANY} for i in range(200)],
            },
            {
                "spans": [{"start": i, "end": i + 1, "label": MANY[-1 - i % 2000]} for i in range(4_000)],
                "relations": [{"from": i % 4000, "to": (i * 7 + 1) % 4000, "label": "r199"} for i in range(10_000)],
            },
            {"text": "a" * 5_000},
        ),
    ],
)  # fmt: skip
def test_an_answer_made_to_cost_much_costs_little(question: Any, answer: Any, content: Any) -> None:
    read = read_question({"name": "q", **question})
    begun = time.process_time()
    with suppress(BadAnswer):
        validate_answers([read], {"q": answer}, content)
    assert time.process_time() - begun < 2.0  # it was 24, 55 and 72


def test_labels_of_many_drawings_are_looked_up_and_not_searched() -> None:
    """The last of ten thousand labels, a thousand times: each look-up of a list would compare ten thousand texts."""

    class Counted(str):
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

    labels = [f"label {i}" for i in range(10_000)]
    question = read_question({"name": "q", "kind": "boxes", "on": "p", "labels": labels})
    boxes = [{"x": i, "y": i, "width": 5, "height": 5, "label": Counted(labels[-1])} for i in range(1_000)]
    validate_answers([question], {"q": {"size": [9_000, 9_000], "boxes": boxes}}, {"p": "x"})
    assert Counted.compared < 20_000
