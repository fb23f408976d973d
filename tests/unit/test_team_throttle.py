"""How often a password may be tried: delays that grow, outlive a restart and a jumping clock, and lock nobody out."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.clock import SECOND
from tawsim.store.database import Database, Transaction
from tawsim.workspaces import throttle
from tawsim.workspaces.accounts import open_accounts

STRANGER, HOME = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def books(tmp_path: Path, clock: Any) -> Any:
    opened = open_accounts(tmp_path, clock=clock)
    yield opened
    opened.close()


def attempt(books: Database, name: str = "Noor", address: str = STRANGER, right: bool = False) -> int:
    """Seconds to wait, 0 where the password was looked at."""
    who = throttle.subjects("w", name, address)
    wait = books.write(lambda tx: throttle.take(tx, who))
    if not wait and right:
        books.write(lambda tx: throttle.was_right(tx, who))
    return wait


def test_the_first_tries_are_free_then_delays_double_to_the_longest(books: Database, clock: Any) -> None:
    assert [attempt(books) for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(14):
        waits.append(attempt(books))
        clock.advance(waits[-1])
        assert attempt(books) == 0
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == throttle.LONGEST // SECOND


def test_ten_thousand_wrong_passwords_take_months_and_then_the_right_one_enters(books: Database, clock: Any) -> None:
    begun = clock.now

    def guess(tx: Transaction) -> None:
        for number in range(10_000):
            who = throttle.subjects("w", "Noor", f"203.0.113.{number % 250}")
            wait = throttle.take(tx, who)
            if wait:
                clock.advance(wait)
                tx.now = clock.now
                assert throttle.take(tx, who) == 0

    books.write(guess)
    assert clock.now - begun > 90 * 86_400 * SECOND
    clock.advance(throttle.LONGEST / SECOND)
    assert attempt(books, address=HOME, right=True) == 0


def test_strangers_do_not_slow_down_where_somebody_has_signed_in_before(books: Database) -> None:
    assert attempt(books, address=HOME, right=True) == 0
    for _ in range(30):
        attempt(books)
    assert attempt(books) > 0
    assert attempt(books, address=HOME) == 0


def test_an_address_that_tries_many_names_is_slowed_even_with_an_account_of_its_own(
    books: Database, clock: Any
) -> None:
    guesses = 0
    while not attempt(books, name=f"name {guesses}") and not attempt(books, name="its own", right=True):
        guesses += 1
        assert guesses < 25
    assert attempt(books, name="name 99", address=HOME) == 0


def test_a_restart_forgets_nothing(tmp_path: Path, clock: Any) -> None:
    books = open_accounts(tmp_path, clock=clock)
    for _ in range(8):
        attempt(books)
    wait = attempt(books)
    books.close()
    again = open_accounts(tmp_path, clock=clock)
    assert attempt(again) == wait > 0
    again.close()


def test_a_clock_that_jumps_back_makes_no_delay_longer(books: Database, clock: Any) -> None:
    for _ in range(25):
        clock.advance(attempt(books))
    wait = attempt(books) or attempt(books)
    assert wait > 100
    clock.advance(-10 * 365 * 86_400)
    assert attempt(books) <= 2 * wait
    clock.advance(2 * wait)
    assert attempt(books) == 0


def test_a_clock_that_jumps_ahead_ends_delays_and_old_failures_are_forgotten(books: Database, clock: Any) -> None:
    for _ in range(9):
        attempt(books)
    assert attempt(books) > 0
    clock.advance(3 * 86_400)
    assert [attempt(books) for _ in range(5)] == [0] * 5
    rows = books.write(lambda tx: tx.one("failure_get", subject=throttle.subjects("w", "Noor", STRANGER).account))
    assert rows is not None
    assert rows["count"] == 5


def test_this_machine_has_no_address_since_a_proxy_may_stand_there(books: Database) -> None:
    for number in range(100):
        assert attempt(books, name=f"name {number}", address="127.0.0.1") == 0
    for address in ("::1", "testclient", "", "::ffff:127.0.0.1"):
        assert throttle.subjects("w", "x", address).address is None
    one, two = (throttle.subjects("w", "x", f"2001:db8:1:2::{n}").address for n in (1, 2))
    assert one == two != throttle.subjects("w", "x", "2001:db8:1:3::1").address


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_delays_never_shrink_and_never_pass_the_longest(count: int, free: int) -> None:
    assert 0 <= throttle.delay_after(count, free) <= throttle.delay_after(count + 1, free) <= throttle.LONGEST
