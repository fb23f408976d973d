"""What is known of a person: read, limited, changed by who saw it last."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, NotFound, VersionConflict
from tawsim.workspaces.profiles import Profile, language_tag, profile_of, profiles, read_profile, said, set_profile
from tawsim.workspaces.workspace import Workspace, add_worker

ABSENT = "01970000-0000-7000-8000-000000000000"


@pytest.fixture
def layla(workspace: Workspace) -> str:
    return workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "k", "ليلى")).id


def test_a_new_person_is_unknown_and_fields_change_one_by_one(workspace: Workspace, layla: str) -> None:
    db, owner = workspace.db, workspace.owner_id
    with db.read() as tx:
        assert profile_of(tx, layla) == Profile()
    first = {"languages": ["AR-eg", "en", "ar-EG"], "skills": ["طب "], "time_zone": "Africa/Cairo"}
    made, version = db.write(lambda tx: set_profile(tx, owner, layla, 1, first))
    assert (made.languages, made.skills, version) == (("ar-EG", "en"), ("طب",), 2)
    more, version = db.write(lambda tx: set_profile(tx, owner, layla, 2, {"email": "Layla@Example.ORG"}))
    assert (more.languages, more.email, version) == (("ar-EG", "en"), "Layla@example.org", 3)
    cleared, _ = db.write(lambda tx: set_profile(tx, owner, layla, 3, {"email": None, "languages": []}))
    assert (cleared.email, cleared.languages, cleared.skills) == ("", (), ("طب",))
    with db.read() as tx:
        assert profiles(tx)[layla] == (cleared, 4)


def test_of_two_who_saw_the_same_one_wins(workspace: Workspace, layla: str) -> None:
    db, owner = workspace.db, workspace.owner_id
    db.write(lambda tx: set_profile(tx, owner, layla, 1, {"groups": ["a"]}))
    with pytest.raises(VersionConflict) as caught:
        db.write(lambda tx: set_profile(tx, owner, layla, 1, {"groups": ["b"]}))
    assert caught.value.details == {"current_version": 2}
    with db.read() as tx:
        assert profile_of(tx, layla).groups == ("a",)


def test_what_changes_nothing_makes_no_version(workspace: Workspace, layla: str) -> None:
    assert workspace.db.write(lambda tx: set_profile(tx, workspace.owner_id, layla, 1, {"email": ""})) == (Profile(), 1)


def test_an_absent_person_has_no_profile(workspace: Workspace) -> None:
    with pytest.raises(NotFound), workspace.db.read() as tx:
        profile_of(tx, ABSENT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("languages", "ar"), ("languages", ["arabic language"]), ("languages", [7]), ("languages", ["ar"] * 51),
        ("skills", [""]), ("skills", ["x" * 61]), ("groups", ["a\u202eb"]), ("groups", ["\ud800"]), ("dialects", {"a": 1}),
        ("email", "nobody"), ("email", "a b@c.d"), ("email", "a@b@c.d"), ("email", "x" * 250 + "@b.cd"), ("email", 3),
        ("email", "a\n@b.c"), ("email", "<a@b.c>"),
        ("time_zone", "Mars/Olympus"), ("time_zone", "../../etc/passwd"), ("time_zone", "Europe"), ("time_zone", 1),
        ("time_zone", "\x00"), ("per_hour", -1), ("per_hour", "7"), ("per_hour", True), ("per_hour", float("nan")),
        ("per_answer", 10_001), ("currency", "eur"), ("currency", "EURO"), ("currency", 978), ("role", "owner"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_the_name_of_their_field(field: str, value: Any) -> None:
    with pytest.raises(BadInput, match=field):
        read_profile({field: value, **({"currency": "EUR"} if field.startswith("per_") else {})})


def test_a_rate_needs_a_currency() -> None:
    with pytest.raises(BadInput, match="currency"):
        read_profile({"per_hour": 12})
    assert read_profile({"per_hour": 12, "currency": "EUR"}).per_hour == 12.0


def test_tags_have_their_usual_case() -> None:
    tags = [language_tag(tag) for tag in ("AR", "zh-hANT-tw", "es-419", "SL-it-NEDIS", "ar-1994x")]
    assert tags == ["ar", "zh-Hant-TW", "es-419", "sl-IT-nedis", "ar-1994x"]


FIELDS = st.sampled_from(["languages", "skills", "email", "time_zone", "per_hour", "currency", "x"])
VALUES = st.none() | st.text() | st.lists(st.text()) | st.floats() | st.booleans() | st.integers()


@given(st.dictionaries(FIELDS, VALUES))
def test_whatever_is_sent_is_a_profile_or_a_clear_refusal(data: dict[str, Any]) -> None:
    try:
        made = read_profile(data)
    except BadInput:
        return
    assert read_profile(said(made)) == made
