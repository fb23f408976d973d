"""What counts as the same Arabic text: by example, and as laws over random text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.core.orthography import ALEF, DIGITS, MARKS, TAA_MARBUTA, TATWEEL, YAA, folded, names_of, same_of, same_text
from tawsim.core.settings import Same, read_settings
from tawsim.core.text import comparable
from tawsim.kinds import Segments, Spans, Text
from tawsim.kinds.same import as_compared, distance_as_compared
from tawsim.loop.structured import infer_structured
from tawsim.truth.text.tokens import words

ALL = same_of(Same.__dataclass_fields__)
settings = st.builds(Same, *[st.booleans()] * 6)
letters = "".join(map(chr, [*ALEF, *TAA_MARBUTA, *YAA, *MARKS, *TATWEEL, *DIGITS]))
arabic = st.text(alphabet=letters + "ابتثجحخدذرزسشصضطظعغفقكلمنهويءؤئ \u0653\u0654\u0655abc12.", max_size=30)


@pytest.mark.parametrize(
    ("setting", "one", "other"),
    [
        ("alef", "أحمد وآدم وإيمان", "احمد وادم وايمان"),
        ("alef", "ٱلْكتاب", "الْكتاب"),
        ("alef", "ا\u0654حمد", "احمد"),  # alef and hamza as two code points
        ("taa_marbuta", "مدرسة جديدة", "مدرسه جديده"),
        ("yaa", "مستشفى", "مستشفي"),
        ("yaa", "علی", "علي"),  # the Persian yaa
        ("diacritics", "قَرَأَ الوَلَدُ الدَّرْسَ", "قرأ الولد الدرس"),
        ("diacritics", "هٰذا", "هذا"),
        ("tatweel", "جمـــيل", "جميل"),
        ("digits", "في ٢٠٢٦ و۱۴۰۵", "في 2026 و1405"),
    ],
)
def test_each_setting_makes_its_own_spellings_the_same_and_no_other(setting: str, one: str, other: str) -> None:
    assert same_text(one, other, same_of([setting]))
    without = same_of(name for name in Same.__dataclass_fields__ if name != setting)
    assert not same_text(one, other, without)
    assert not same_text(one, other, Same())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("سأل", "سئل"),
        ("مسؤول", "مسوول"),
        ("علم", "علن"),
        ("كتاب", "كتب"),
        ("سماء", "سما"),
        ("12.5", "125"),
        ("قلب", "كلب"),
    ],
)
def test_other_words_stay_apart_with_everything_on(one: str, other: str) -> None:
    assert not same_text(one, other, ALL)


@given(arabic, settings)
def test_folding_twice_changes_nothing(text: str, same: Same) -> None:
    once = folded(text, same)
    assert folded(once, same) == once
    assert len(once) <= len(comparable(text))
    assert same_text(text, once, same)


@given(st.text(max_size=40))
def test_with_nothing_on_texts_are_compared_as_everywhere(text: str) -> None:
    assert folded(text, Same()) == comparable(text)


@given(st.text(alphabet=st.characters(exclude_characters=letters, exclude_categories=("Mn", "Cs")), max_size=30))
def test_what_has_none_of_the_letters_is_not_touched(text: str) -> None:
    assert folded(text, ALL) == comparable(text)


@given(arabic, arabic, settings)
def test_two_texts_are_the_same_only_if_taking_out_the_stated_letters_says_so(a: str, b: str, same: Same) -> None:
    if not same_text(a, b, same):
        return

    # A second reading of the rule: decompose, and compare with each family of letters made one.
    def plain(text: str) -> str:
        found = unicodedata.normalize("NFD", text.strip())
        for family, on in ((MARKS, same.diacritics), (TATWEEL, same.tatweel)):
            if on:
                found = "".join(c for c in found if ord(c) not in family)
        # Every sign that makes another alef, and the wasla.
        if same.alef:
            found = found.replace("\u0671", "ا")
            found = "".join(c for c in found if c not in "\u0653\u0654\u0655")
        for table, on in ((TAA_MARBUTA, same.taa_marbuta), (YAA, same.yaa), (DIGITS, same.digits)):
            found = found.translate(table) if on else found
        return unicodedata.normalize("NFC", found).strip()

    assert plain(a) == plain(b)


def test_settings_are_named_read_and_refused() -> None:
    assert names_of(Same(digits=True, alef=True)) == ("alef", "digits")
    assert read_settings({"same": {"yaa": True}}).same == Same(yaa=True)
    with pytest.raises(BadInput, match="vowels"):
        same_of(["vowels"])


def test_answers_are_compared_under_it_and_keep_what_was_written() -> None:
    same = Same(alef=True, diacritics=True)
    text = Text("t")
    assert distance_as_compared(text, "أَهلاً", "اهلا", same) == 0 < distance_as_compared(text, "أَهلاً", "اهلا", Same())
    spans = Spans("s", labels=("أ", "ا"))
    answer = {"spans": [{"start": 0, "end": 4, "label": "أ", "text": "أحمد"}], "relations": []}
    found = as_compared(spans, answer, same)
    assert found["spans"][0] == {"start": 0, "end": 4, "label": "أ", "text": "احمد"}  # a label is no text
    assert answer["spans"][0]["text"] == "أحمد"
    sound = Segments("x", transcript=True)
    one, other = (
        {"duration": 2, "segments": [{"start": 0, "end": 1, "label": "", "text": words}]} for words in ("إلى", "الى")
    )
    assert distance_as_compared(sound, one, other, same) == 0


def test_words_are_compared_without_it_and_shown_with_it() -> None:
    one, other = words("المدرسة، أولاً", same=ALL), words("المدرسه اولا", same=ALL)
    assert [word.key for word in one] == [word.key for word in other]
    assert [word.surface for word in one] == ["المدرسة،", "أولاً"]


def test_agreement_on_texts_and_their_truth_follow_the_setting() -> None:
    answers = ["ذهب أحمد إلى المدرسة", "ذهب احمد الى المدرسه", "ذهب أحمد إلى المدرسة"]
    rows = [(task, f"w{i}", {"t": said}) for task in range(1, 9) for i, said in enumerate(answers)]
    plain, same = infer_structured(rows, Text("t")), infer_structured(rows, Text("t"), ALL)
    assert plain is not None
    assert same is not None
    assert plain.agreement is not None
    assert same.agreement is not None
    assert plain.agreement.alpha > 0 == same.agreement.alpha  # word error
    assert set(same.chosen) == {answers[0]}  # as most wrote it
