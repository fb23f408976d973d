"""What is a good password, and how it is kept."""

import unicodedata
from typing import Any

import pytest

from tawsim.core.errors import BadInput
from tawsim.workspaces import passwords


@pytest.mark.parametrize(
    "value",
    ["short", "x" * 257, "aaaaaaaaaaaaaa", "Password123", "qwertyuiop", "Noor Al-Huda", 7, None, ["a" * 12], "a\ud800bcdefghijk"],
)  # fmt: skip
def test_what_anybody_would_guess_is_refused(value: Any) -> None:
    with pytest.raises(BadInput, match="password"):
        passwords.read_password(value, ("noor al-huda",))


def test_the_same_word_from_another_keyboard_is_the_same_password() -> None:
    word = "كلمةُ سرٍّ طويلة é"
    stored = passwords.hashed(passwords.read_password(unicodedata.normalize("NFD", word)))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(stored, unicodedata.normalize("NFC", word))
    assert not passwords.matches(stored, word + " ")
    assert not passwords.matches(stored, "")


def test_nobodys_hash_and_a_broken_one_fit_nothing() -> None:
    assert not passwords.matches(passwords.nobodys_hash(), "")
    assert not passwords.matches("$argon2id$broken", "whatever it is")
    longest = "ab3de" * 51
    assert not passwords.matches(passwords.hashed(longest), longest + "more than the longest")
