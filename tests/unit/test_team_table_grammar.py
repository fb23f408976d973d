"""The language of filters: what it reads, what it refuses and where, and that writing and reading are each other's inverse."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.loop.table_grammar import (
    MAX_LENGTH,
    MAX_NUMBER,
    MAX_TERMS,
    MAX_VALUES,
    Between,
    Query,
    Term,
    clean,
    parse,
    write,
    write_term,
)
from tawsim.loop.table_names import NAMES

GIVEN = 'state:open accepted<2 p<0.8 label:سلبي tag:hard priority>0 due<2026-12-01 flagged:yes worker:"Layla" sort:-p'


def refused(text: str, role: str = "owner") -> BadInput:
    with pytest.raises(BadInput) as told:
        parse(text, role)  # type: ignore[arg-type]
    return told.value


def test_the_whole_language_in_one_line() -> None:
    query = parse(GIVEN)
    assert query.terms == (
        Term("state", ":", ("open",)), Term("accepted", "<", (2,)), Term("p", "<", (0.8,)), Term("label", ":", ("سلبي",)),
        Term("tag", ":", ("hard",)), Term("priority", ">", (0,)), Term("due", "<", (date(2026, 12, 1),)),
        Term("flagged", ":", (1,)), Term("worker", ":", ("Layla",)),
    )  # fmt: skip
    assert (query.sort, query.descending) == ("p", True)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("  \n ", ()),
        ("-tag:hard|\"very hard\"", (Term("tag", ":", ("hard", "very hard"), True),)),
        ("seq:3..5|9", (Term("seq", ":", (Between(3, 5), 9)),)),
        ("p:50%..90%", (Term("p", ":", (Between(0.5, 0.9),)),)),
        ("due:none", (Term("due", ":", (None,)),)),
        ('tag:"none"|none', (Term("tag", ":", ("none", None)),)),
        ("priority=-3", (Term("priority", ":", (-3,)),)),
        ("due<=today", (Term("due", "<=", ("today",)),)),
        ("bad service", (Term("text", ":", ("bad",)), Term("text", ":", ("service",)))),
        ('-"bad service"', (Term("text", ":", ("bad service",), True),)),
        ('text:"say \\"so\\" \\\\"', (Term("text", ":", ('say "so" \\',)),)),
        ("SEQ:1", (Term("seq", ":", (1,)),)),
        # Digits, decimal sign, per cent and minus as they are written in Arabic and Persian.
        ("accepted<٢ p<٠٫٨ priority:−۳", (Term("accepted", "<", (2,)), Term("p", "<", (0.8,)), Term("priority", ":", (-3,)))),
        ("due:٢٠٢٦-١٢-٠١", (Term("due", ":", (date(2026, 12, 1),)),)),
        # Marks that turn text come along when it is copied, around names, values and words.
        ("\u200flabel:\u2067سلبي\u2069 \u200e", (Term("label", ":", ("سلبي",)),)),
    ],
)  # fmt: skip
def test_what_is_read(text: str, terms: tuple[Term, ...]) -> None:
    assert parse(text).terms == terms


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("state:open password:x", 11, "no name “password”"),
        ("worker.password:x", 0, "no name"),
        ("worker__profile:x", 0, "no name"),
        ("worker.secret<1", 0, "no name"),
        ("-credential:x", 1, "no name"),
        ("sort:password", 5, "cannot sort"),
        ("sort:-label", 5, "cannot sort"),
        ("sort:p sort:seq", 7, "One sort"),
        ("-sort:p", 0, "One sort"),
        ("state:open|closed", 11, "one of open"),
        ("accepted:two", 9, "whole number"),
        ("accepted:1e9", 9, "whole number"),
        ("accepted:" + "9" * 40, 9, "whole number"),
        ("p<nan", 2, "a share"),
        ("p<1.5", 2, "a share"),
        ("p:0.9..0.1", 2, "a share"),
        ("due:2026-02-30", 4, "a day"),
        ("due:yesterday", 4, "a day"),
        ("due<none", 4, "a day"),
        ("flagged:maybe", 8, "yes or no"),
        ("label<x", 0, "colon only"),
        ("accepted<1|2", 11, "one value"),
        ("state:", 5, "missing"),
        ("state:open|", 10, "missing"),
        ("|", 0, "missing"),
        ('label:"open', 6, "not closed"),
        ('tag:""', 4, "empty"),
        ("tag:\u200f", 4, "empty"),
        ("ab", 0, "3 characters"),
        ('tag:"a"b', 7, "right behind"),
        ("tag:" + "x" * 201, 4, "200 characters"),
        ("\ud800", 0, "surrogate"),
    ],
)
def test_what_is_refused_and_where(text: str, place: int, says: str) -> None:
    error = refused(text)
    assert says in error.message
    assert error.details["place"] == place


def test_an_unknown_name_is_told_which_there_are() -> None:
    assert all(name in refused("password:x").hint for name in NAMES)


def test_a_reviewer_may_not_ask_what_a_task_is_for_or_who_answered() -> None:
    for text in ("purpose:gold", "worker:Layla", "lane:a"):
        assert parse(text, "manager").terms
        error = refused(text, "reviewer")
        assert error.message == refused(text.replace(text.split(":")[0], "nothing"), "reviewer").message.replace(
            "nothing", text.split(":")[0]
        )
        assert "purpose" not in error.hint
    assert refused("state:open", "labeller")


def test_bounds() -> None:
    assert parse(" ".join(["seq:1"] * MAX_TERMS)).terms
    assert "terms" in refused(" ".join(["seq:1"] * (MAX_TERMS + 1))).message
    assert parse("seq:" + "|".join(["1"] * MAX_VALUES)).terms
    assert "values" in refused("seq:" + "|".join(["1"] * (MAX_VALUES + 1))).message
    assert refused("x" * (MAX_LENGTH + 1))
    assert refused("a|" * 50_000)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).map(clean).filter(bool)
DAY = st.dates() | st.just("today")


def between(one: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(one, one).map(sorted).map(lambda pair: Between(*pair))


def values_of(name: str) -> st.SearchStrategy:
    kind = NAMES[name].type
    whole, share = st.integers(-MAX_NUMBER, MAX_NUMBER), st.floats(0, 1)
    return {
        "number": whole | between(whole), "share": share | between(share), "date": DAY | st.none() | between(st.dates()),
        "flag": st.sampled_from((0, 1)), "word": st.sampled_from(NAMES[name].words or ("",)), "name": TEXT | st.none(),
        "text": TEXT.filter(lambda text: len(text) >= 3),
    }[kind]  # fmt: skip


@st.composite
def terms(draw: st.DrawFn) -> Term:
    name = draw(st.sampled_from(sorted(NAMES)))
    operator = draw(st.sampled_from(NAMES[name].operators))
    found = draw(st.lists(values_of(name), min_size=1, max_size=4 if operator == ":" else 1))
    if operator != ":":
        found = [1 if one is None or isinstance(one, Between) else one for one in found]
        if NAMES[name].type == "date":
            found = [draw(DAY)]
    return Term(name, operator, tuple(found), draw(st.booleans()))  # type: ignore[arg-type]


@given(
    st.builds(
        Query,
        st.lists(terms(), max_size=6).map(tuple),
        st.sampled_from(sorted(name for name, one in NAMES.items() if one.sorts)),
        st.booleans(),
    )
)
def test_writing_and_reading_are_inverse(query: Query) -> None:
    text = write(query)
    if len(text) <= MAX_LENGTH:
        assert parse(text) == query


@given(st.text(max_size=300) | st.from_regex(r'(-?[a-z]+[:<>=]+"?[^"]*"?[| ]?){1,8}'))
@example("-")
@example('-"')
@example("-:")
@example("sort:")
@example(":" * 2_000)
@example('"\\' * 900)
@example("a" * 2_000)
@example('x:"' + "\\" * 1_900)
def test_junk_is_refused_plainly_or_read(text: str) -> None:
    try:
        query = parse(text)
    except BadInput as error:
        place = error.details["place"]
    else:
        place = 0
        assert parse(write(query)) == query
    assert 0 <= place <= len(text)


def test_a_term_for_a_link() -> None:
    assert write_term("label", "ok", "two words", 'say "so"', "none") == 'label:ok|"two words"|"say \\"so\\""|"none"'


def test_the_documentation_has_every_name_and_only_filters_that_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/table.md").read_text(encoding="utf-8")
    names = page.split("| name | values |")[1].split("\n\n")[0]
    rows = {line.split("|")[1].strip(" `"): line for line in names.splitlines() if line.startswith("| `")}
    for name in NAMES.values():
        assert name.says in rows[name.name]
        assert all(f"`{sign}`" in rows[name.name] for sign in name.operators)
    examples = page.split("```")[1].strip().splitlines()
    assert len(examples) == 5
    assert all(parse(one).terms for one in examples)
