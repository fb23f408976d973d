"""The report: measures have the known values and honest intervals; the page is whole, safe and bilingual."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from string import Formatter

import numpy as np
import pytest

from tawsim.core.errors import BadInput
from tawsim.truth.door import infer_any
from tawsim.truth.lookalikes import lookalikes, told_apart
from tawsim.truth.report.facts import Candidate, Family, Said
from tawsim.truth.report.filling import report_of
from tawsim.truth.report.measures import folds, measure, numeric_errors, wilson
from tawsim.truth.report.page import report_html
from tawsim.truth.report.style import CSS
from tawsim.truth.report.svg import round_up
from tawsim.truth.report.words import WORDS


# ---- measures -----------------------------------------------------------------------------------------------------
def test_measures_have_the_values_worked_out_by_hand():
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5], [0.2, 0.8]])
    found = measure(p, np.array([0, 1, 0, 1]))
    assert found.accuracy.value == pytest.approx((1 + 0 + 0.5 + 1) / 4)
    assert found.mean_p == pytest.approx(0.7)
    assert found.brier.value == pytest.approx((0.02 + 0.72 + 0.5 + 0.08) / 4)
    assert found.nll.value == pytest.approx(-np.log([0.9, 0.4, 0.5, 0.8]).mean())
    # Four bins of one task each: |right - p| of each.
    assert found.ece.value == pytest.approx((0.1 + 0.6 + 0.0 + 0.2) / 4)
    # Label 0: said 2.5 times, true twice, together 1.5; label 1: said 1.5 times, true twice, together 1.
    assert found.macro_f1.value == pytest.approx((2 * 1.5 / 4.5 + 2 * 1.0 / 3.5) / 2)
    assert sum(one.tasks for one in found.reliability) == 4


def test_wilson_has_the_published_values():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert (round(wilson(81, 263).low, 4), round(wilson(81, 263).high, 4)) == (0.2553, 0.3662)
    assert (wilson(0, 20).low, round(wilson(0, 20).high, 4)) == (0.0, 0.1611)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_a_truth_that_is_no_label_is_wrong():
    found = measure(np.array([[0.7, 0.3], [0.7, 0.3]]), np.array([0, -1]))
    assert found.accuracy.value == 0.5
    assert found.nll.value == pytest.approx((-np.log(0.7) - np.log(1e-6)) / 2)
    assert found.macro_f1.value < 0.5


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    chance = np.random.default_rng(3)
    held = {"accuracy": 0, "brier": 0, "macro_f1": 0}
    # What a task is worth in the long run, from one large draw.
    p = chance.dirichlet([0.7] * 3, 100_000)
    gold = (p.cumsum(axis=1) > chance.random((len(p), 1))).argmax(axis=1)
    brier = float((((p - np.eye(3)[gold]) ** 2).sum(axis=1)).mean())
    accuracy = float((p.argmax(axis=1) == gold).mean())
    for start in range(0, 60 * 150, 150):
        found = measure(p[start : start + 150], gold[start : start + 150], replicates=200)
        held["accuracy"] += found.accuracy.low <= accuracy <= found.accuracy.high
        held["brier"] += found.brier.low <= brier <= found.brier.high
        held["macro_f1"] += found.macro_f1.low <= accuracy <= found.macro_f1.high  # classes are even: the same
    assert all(51 <= times <= 60 for times in held.values()), held


def test_calibrated_and_overconfident_labels_are_told_apart():
    chance = np.random.default_rng(4)
    p = chance.dirichlet([1.0] * 4, 3000)
    gold = (p.cumsum(axis=1) > chance.random((len(p), 1))).argmax(axis=1)
    sharp = p**4 / (p**4).sum(axis=1, keepdims=True)
    assert measure(p, gold).ece.high < 0.06 < 0.15 < measure(sharp, gold).ece.low
    below = [one for one in measure(sharp, gold).reliability if one.tasks > 50]
    assert all(one.high < one.mean_p for one in below if one.mean_p > 0.6)


def test_the_same_seed_gives_the_same_intervals():
    p = np.random.default_rng(0).dirichlet([1, 1], 50)
    gold = np.arange(50) % 2
    assert measure(p, gold) == measure(p, gold)


def test_measures_need_tasks():
    with pytest.raises(BadInput):
        measure(np.empty((0, 2)), np.empty(0, int))
    with pytest.raises(BadInput):
        measure(np.ones((2, 2)) / 2, np.array([0]))


def test_errors_of_numbers():
    found = numeric_errors(np.array([1.0, 5.0]), np.array([0.0, 4.0]), np.array([2.0, 6.0]), np.array([2.0, 8.0]))
    assert found["mae"].value == 2.0
    assert found["rmse"].value == pytest.approx(np.sqrt(5.0))
    assert found["inside"].value == 0.5


def test_folds_are_even_and_do_not_depend_on_the_order():
    names = [f"t{i}" for i in range(53)]
    part = dict(zip(names, folds(names).tolist(), strict=True))
    back = dict(zip(names[::-1], folds(names[::-1]).tolist(), strict=True))
    assert part == back
    assert np.ptp(np.bincount(list(part.values()))) <= 1


# ---- names that read alike ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "pair",
    [
        ("Yes", "yes"), ("yes", "yes "), ("ﬁne", "fine"), ("e\u0301te", "\u00e9te"), ("إيجابي", "ايجابى"),
        ("مُحايد", "محايد"), ("جـميل", "جميل"), ("not_sure", "not sure"), ("a\u200fb", "ab"),
    ],
)  # fmt: skip
def test_names_that_read_alike_are_found(pair):
    assert lookalikes([pair[0], "other", pair[1]]) == (tuple(sorted(pair)),)


def test_names_that_differ_are_left_alone():
    assert lookalikes(["yes", "no", "نعم", "لا", "1", "10", "", "-"]) == ()


# ---- the page -----------------------------------------------------------------------------------------------------
class Reader(HTMLParser):
    """Checks that tags are closed in order, and gathers them."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


NASTY = "<img src=x onerror=alert(1)>\"'&"


def votes(tasks=40, workers=6):
    labels = ["إيجابي", NASTY, "neutral"]
    rows = []
    for t in range(tasks):
        for w in range(workers):
            label = labels[(t + (w == 5 and t % 2) + (w == 4) * (t % 3)) % 3]
            rows.append((f"{NASTY}{t}", f"{NASTY} عامل {w}", label))
    return [*rows, rows[0]]


@pytest.fixture(scope="module")
def found():
    gold = {f"{NASTY}{t}": ["إيجابي", NASTY, "neutral"][t % 3] for t in range(15)}
    return infer_any(votes(), gold=gold)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_is_whole_and_carries_nothing_but_text(found, language):
    from dataclasses import replace

    report = replace(
        report_of(found, "votes.csv"), families=(Family((NASTY, "b"), 1.2),), effective=2.5,
        candidates=(Candidate("joint", 0.7),), lookalikes=(("Yes", NASTY),),
        notes=(Said("unheard", NASTY), Said("copies", "", {"n": 2, "names": [NASTY]})), confidence=((NASTY, 0.8), ("b", 0.0)),
    )  # fmt: skip
    page = report_html(report, language)
    reader = read(page)
    tags = {tag for tag, _ in reader.seen}
    assert not tags & {"script", "img", "link", "iframe", "object", "form", "a"}
    for tag, attributes in reader.seen:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not {"src", "href"} & attributes.keys(), tag
    html = next(attributes for tag, attributes in reader.seen if tag == "html")
    assert html["dir"] == {"en": "ltr", "ar": "rtl"}[language]
    # User text stands in elements that find their own direction.
    assert page.count(f'<bdi dir="auto">{"&lt;img src=x onerror=alert(1)&gt;"}') > 5
    assert len([1 for tag, _ in reader.seen if tag == "section"]) == 11


def test_the_policy_allows_this_style_sheet_and_nothing_else(found):
    import base64
    import hashlib

    page = report_html(report_of(found, "votes.csv"))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    assert f"<style>{CSS}</style>" in page
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_style_is_logical():
    assert not re.search(r"(margin|padding|border|inset)-(left|right)|text-align: (left|right)|\b(left|right):", CSS)


def test_every_word_is_there_in_both_languages_with_the_same_places():
    for key, (english, arabic) in WORDS.items():
        assert english, key
        assert re.search("[\u0600-\u06ff]", arabic) or key == "comma", key
        places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, arabic)]
        if places[0] == {"why"}:  # the English sentence is the model's own
            continue
        assert places[1] <= places[0], key
        assert places[0] - places[1] <= {"why"}, key


def test_the_arabic_page_has_no_english_headings(found):
    arabic, english = (report_html(report_of(found, "x"), one) for one in ("ar", "en"))
    heads = [set(re.findall(r"<h[12]>([^<]+)</h", page)) for page in (arabic, english)]
    assert len(heads[0]) == len(heads[1]) > 7
    assert not heads[0] & heads[1]


def test_a_language_there_is_no_report_in(found):
    with pytest.raises(BadInput, match="language"):
        report_html(report_of(found, "x"), "xx")


def test_the_page_shows_no_certainty_that_is_not_there():
    page = report_html(report_of(infer_any([("t", "a", "x"), ("t", "b", "y"), ("u", "a", "x")]), "v"))
    assert '<bdi dir="ltr">0.500</bdi>' in page
    assert "–" in page


@pytest.mark.parametrize(
    "table",
    [
        [("t", "a", "x")],
        [("t", "a", "x"), ("u", "a", "x")],
        [(f"t{i}", f"w{w}", i * 1.37 + w * 0.1) for i in range(30) for w in range(3)],
        [(f"t{i}", f"w{w}", "a", "b", "a" if i % 3 else "b") for i in range(9) for w in range(3)],
        [("t", "a", '["x"]'), ("t", "b", '["x", "y"]')],
        [("t", "a", '[{"x": 1, "y": 1, "width": 2, "height": 2}]'), ("t", "b", "[]")],
        [(f"t{i}", f"w{w}", f"label {(i + w) % 19}") for i in range(30) for w in range(60)],
    ],
    ids=["one", "one label", "numbers", "pairs", "sets", "boxes", "many"],
)  # fmt: skip
def test_every_kind_makes_a_page(table):
    for language in ("en", "ar"):
        read(report_html(report_of(infer_any(table), "v.csv"), language))


@pytest.mark.parametrize(
    ("kind", "label", "english", "arabic"),
    [
        ("text", "one two three", "share of its words", "النسبة المتوقعة للكلمات"),
        ("tags", "B-X O", "F1 to be expected", "F1 المتوقع"),
        ("boxes", '[{"x": 1, "y": 1, "width": 2, "height": 2}]', "nothing is missing", "ألا ينقص"),
        ("ranking", '["a", "b", "c"]', "first item is better", "العنصر الأول أفضل"),
        ("choice", "x", "probability p that its answer is right", "احتمال صحة جوابها p"),
    ],
)
def test_the_page_says_what_p_is(kind, label, english, arabic):
    report = report_of(infer_any([(t, w, label) for t in "tu" for w in "abc"], kind), "v")
    pages = report_html(report, "en"), report_html(report, "ar")
    assert english in pages[0]
    assert arabic in pages[1]
    assert [one in page for one, page in zip(("errors expected", "أخطاء متوقعة"), pages, strict=True)] == (
        [kind == "choice"] * 2
    )
    assert ("of the answered tasks have an answer with a probability" in pages[0]) is (kind == "choice")


def test_calibration_is_not_told_from_a_handful_of_gold(found):
    few, many = (replace(report_of(found, "v"), gold_tasks=n) for n in (9, 10))
    name = "calibration"
    assert found.gold is not None
    assert name not in re.sub("<p>.*?</p>", "", report_html(few))
    assert name in re.sub("<p>.*?</p>", "", report_html(many))


def test_names_that_look_the_same_in_print_are_told_apart():
    assert told_apart(["café", "cafe\u0301"]) == ("café (caf\\u00e9)", "cafe\u0301 (cafe\\u0301)")
    assert told_apart(["New\u00a0York", "New York"]) == ("New\u00a0York (New\\u00a0York)", "New York (New York)")
    assert told_apart(["yes", "yes "]) == ("yes (yes)", "yes  (yes\\u0020)")
    assert told_apart(["نعم", "نع\u200cم"]) == ("نعم (نعم)", "نع\u200cم (نع\\u200cم)")
    assert told_apart(["Yes", "yes"]) == ("Yes", "yes")


def test_label_counts_hold_the_truth():
    chance = np.random.default_rng(1)
    truth = chance.integers(0, 3, 300)
    rows = [
        (f"t{t}", f"w{w}", f"l{truth[t] if chance.random() < 0.75 else chance.integers(0, 3)}")
        for t in range(300)
        for w in range(4)
    ]
    report = report_of(infer_any(rows), "v")
    for one in report.labels:
        assert one.low - 8 <= (truth == int(one.name[1])).sum() <= one.high + 8
    assert sum(one.tasks for one in report.labels) == pytest.approx(300)


def test_axes_end_on_round_numbers():
    assert [round_up(x) for x in (0.013, 0.9, 1, 7, 95, 101, 0)] == [0.02, 0.9 / 0.9, 1, 8, 100, 200, 1]
