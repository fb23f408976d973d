"""Ids and text: the small things that every room leans on."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.ids import new_id, new_ids
from tawsim.core.text import comparable, for_terminal, text_key

UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def test_ids_rise_whatever_the_clock_does() -> None:
    now = 1_800_000_000_000_000
    found = [new_id(now), *new_ids(now, 10_000), new_id(now - 5_000_000), *new_ids(now + 1_000, 3), new_id(0)]
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    assert all(UUID7.match(one) for one in found)


def test_an_id_names_its_time() -> None:
    later = 4_000_000_000_000_000
    assert int(new_id(later).replace("-", "")[:12], 16) == later // 1000


@given(st.text())
def test_what_looks_the_same_has_one_key(text: str) -> None:
    assert text_key(text) == text_key(comparable(text)) == text_key(f"  {text}\n")
    assert -(2**63) <= text_key(text) < 2**63


def test_composed_and_decomposed_letters_are_one_text() -> None:
    assert text_key("\u0622") == text_key("\u0627\u0653")  # alef with madda, in one letter and in two


@given(st.text())
def test_nothing_can_drive_a_terminal(text: str) -> None:
    shown = for_terminal(text)
    assert not set(shown) & {"\x1b", "\x07", "\x08", "\r", "\x9b", "\u202e", "\u202d"}
    assert len(shown) == len(text)


def test_joiners_and_marks_of_arabic_and_persian_stay() -> None:
    assert for_terminal("می\u200cخواهم \u200fعربي") == "می\u200cخواهم \u200fعربي"
