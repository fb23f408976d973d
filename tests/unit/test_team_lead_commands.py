"""`tawsim priority`, `assign`, `undo`, `gold` and `training`: a lead's week at the terminal, on a file and beside a server."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.test_cli import answer, made, reviews, run, running, start  # noqa: F401  (fixtures)

import tawsim as tw

ALL = ("--filter", "seq>0")


@pytest.fixture
def team(run: Any, made: Any) -> Any:  # noqa: F811
    run("invite", "Omar", "سلمى")
    run("people", "set", "سلمى", "--languages", "ar-EG", "--groups", "أطباء")
    return run


def tasks(team: Any, query: str) -> list[int]:
    return [one["seq"] for one in team("tasks", "reviews", "--filter", query, "--json").json["tasks"]]


def given(path: Any, name: str) -> list[str]:
    """The texts that this person is given, in the order in which they come."""
    with tw.open(path) as w:
        return [one.text for one in w.label_as(name).next(10)]


# ---- many tasks ------------------------------------------------------------------------------------------------------
def test_without_a_yes_it_only_says_what_would_change(team: Any) -> None:
    told = team("priority", "reviews", "5", *ALL)
    assert told.code == 2
    assert "3 tasks of 3 would change." in told.out
    assert "--yes" in told.out
    assert tasks(team, "priority:5") == []
    as_json = team("assign", "reviews", "--to", "Omar", *ALL, "--json")
    assert (as_json.code, as_json.json["changed"], as_json.json["preview"]["change"]) == (2, False, 3)
    assert tasks(team, "lane:Omar") == []


def test_a_terminal_is_asked(team: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda _question: False)
    assert team("priority", "reviews", "5", *ALL).code == 2
    monkeypatch.setattr(typer, "confirm", lambda _question: True)
    assert team("priority", "reviews", "5", *ALL).code == 0
    assert tasks(team, "priority:5") == [1, 2, 3]


def test_priorities_decide_what_comes_first(team: Any, made: Any) -> None:  # noqa: F811
    done = team("priority", "reviews", "7", "--task", "3", "--yes", "--json").json
    assert (done["job"]["changed"], done["job"]["state"], done["preview"]["left_out"]) == (1, "done", {})
    low = team("priority", "reviews", "-5", "--task", "1", "--task", "3", "--yes")
    assert "Changed 2 tasks." in low.out
    assert team("priority", "reviews", "-5", *ALL, "--yes").code == 0  # two of three are so already
    assert "3 already so" in team("priority", "reviews", "-5", *ALL).out
    assert team("priority", "reviews", "9", "--task", "2", "--yes").code == 0
    assert given(made, "Omar")[0] == "سيئ"


def test_what_was_done_is_listed_and_taken_back(team: Any) -> None:
    assert team("undo", "reviews").code == 1
    job = team("priority", "reviews", "5", *ALL, "--yes", "--json").json["job"]["id"]
    team("priority", "reviews", "9", "--task", "2", "--yes")
    assert "can be undone" in team("undo", "reviews").out
    asked = team("undo", "reviews", job)
    assert (asked.code, tasks(team, "priority:5")) == (2, [1, 3])
    back = team("undo", "reviews", job, "--yes", "--json").json
    assert (back["job"]["changed"], back["job"]["left_out"]) == (2, {"changed": 1})
    assert tasks(team, "priority:0") == [1, 3]
    assert "taken back" in team("undo", "reviews").out
    assert team("undo", "reviews", job, "--yes").code == 1
    assert team("undo", "reviews", "nothing", "--yes").code == 3


def test_tasks_go_to_people_languages_and_groups(team: Any, made: Any) -> None:  # noqa: F811
    told = team("assign", "reviews", "--groups", "أطباء", "--task", "1", "--yes", "--json").json
    assert told["people"] == ["سلمى"]
    assert team("assign", "reviews", "--languages", "ar", "--task", "2", "--yes").code == 0
    assert given(made, "Omar") == ["جميل"]  # task 3 alone
    nobody = team("assign", "reviews", "--skills", "law", "--task", "3")
    assert "Nobody who is here may be given them" in nobody.out
    assert (
        team("assign", "reviews", "--to", "Omar", "--to", "سلمى", *ALL, "--yes", "--json").json["job"]["changed"] == 3
    )
    assert tasks(team, "lane:Omar") == [1, 2, 3]
    assert team("assign", "reviews", "--everyone", *ALL, "--yes").code == 0
    assert tasks(team, "lane:none") == [1, 2, 3]


REFUSED = [
    (("priority", "reviews", "101", "--task", "1"), "-100 to 100"),
    (("priority", "reviews", "5"), "--filter"),
    (("priority", "reviews", "5", "--task", "1", "--filter", "seq>0"), "--filter"),
    (("priority", "reviews", "5", "--filter", "password:x"), "password"),
    (("priority", "reviews", "5", "--task", "0"), "--task"),
    (("priority", "other", "5", "--task", "1"), "other"),
    (("assign", "reviews", "--task", "1"), "--to"),
    (("assign", "reviews", "--to", "Omar", "--everyone", "--task", "1"), "--to"),
    (("assign", "reviews", "--to", "Nobody", "--task", "1"), "Nobody"),
    (("assign", "reviews", "--languages", "", "--task", "1"), "--to"),
    (("assign", "reviews", "--languages", "!", "--task", "1"), "language"),
    (("gold", "from-truth", "reviews", "--least", "2", "--task", "1"), "--least"),
    (("gold", "make", "reviews", "9", "سلبي"), "no task 9"),
    (("gold", "make", "reviews", "1", "ربما"), "ربما"),
    (("gold", "make", "reviews", "1", ""), "empty"),
    (("gold", "retire", "reviews", "1"), "no known answer"),
    (("training", "turn-away", "reviews", "Omar"), "--reason"),
    (("training", "turn-away", "reviews", "Omar", "--reason", " "), "reason"),
    (("training", "let-in", "reviews", "Nobody"), "Nobody"),
]


def test_what_cannot_be_is_refused_with_what_to_do(team: Any) -> None:
    for words, says in REFUSED:
        refused = team(*words, *(("--yes",) if words[0] in ("priority", "assign") else ()))
        assert (refused.code, refused.out) == (3, ""), words
        assert says in refused.err, words


# ---- known answers ---------------------------------------------------------------------------------------------------
def test_known_answers_are_made_corrected_listed_and_unmade(team: Any, made: Any) -> None:  # noqa: F811
    assert team("gold", "list", "reviews").code == 1
    answer(made, "Ann", ["إيجابي", "سلبي"])
    why = "ظاهر من *الكلمة*"
    assert "gold: إيجابي" in team("gold", "make", "reviews", "1", "إيجابي", "--explanation", why).out
    made_ = team("gold", "make", "reviews", "2", '{"label": "سلبي"}', "--training", "--json").json["tasks"][0]["known"]
    assert (made_["purpose"], made_["answers"]) == ("training", {"label": "سلبي"})
    page = team("gold", "list", "reviews", "--json").json
    assert page["counts"] == {"gold_active": 1, "training_active": 1}
    assert [(one["seq"], one["n"], one["right"]) for one in page["tasks"]] == [(1, 1, 1.0), (2, 1, 1.0)]
    corrected = team("gold", "make", "reviews", "1", "سلبي")
    assert "1 answer judged by it" in corrected.out
    (first, _) = team("gold", "list", "reviews", "--json").json["tasks"]
    assert (first["right"], first["explanation"], first["purpose"]) == (0.0, why, "gold")  # what was not named stays
    assert "سلبي" in team("gold", "list", "reviews").out
    assert team("gold", "unmake", "reviews", "1", "2").code == 0
    assert team("gold", "list", "reviews").code == 1
    assert tasks(team, "purpose:work") == [1, 2, 3]


def test_gold_is_retired_and_kept_all_or_none(team: Any) -> None:
    team("gold", "make", "reviews", "1", "إيجابي")
    team("gold", "make", "reviews", "2", "سلبي")
    states: Callable[[], list[str]] = lambda: [  # noqa: E731
        one["state"] for one in team("gold", "list", "reviews", "--json").json["tasks"]
    ]
    assert team("gold", "retire", "reviews", "1", "3").code == 3  # task 3 knows no answer: neither is changed
    assert states() == ["active", "active"]
    assert team("gold", "retire", "reviews", "1", "2").code == 0
    assert states() == ["retired", "retired"]
    assert team("gold", "keep", "reviews", "2").code == 0
    assert states() == ["retired", "active"]


def test_gold_is_made_of_a_truth_that_is_sure(team: Any, made: Any) -> None:  # noqa: F811
    for name in ("Ann", "باسم"):
        answer(made, name, ["إيجابي", "سلبي"])
    told = team("gold", "from-truth", "reviews", "--least", "0.5", *ALL)
    assert (told.code, "2 tasks of 3 would change." in told.out, "1 without answers" in told.out) == (2, True, True)
    assert team("gold", "from-truth", "reviews", "--least", "0.5", *ALL, "--yes").code == 0
    assert [one["answers"]["label"] for one in team("gold", "list", "reviews", "--json").json["tasks"]] == [
        "إيجابي", "سلبي",
    ]  # fmt: skip


# ---- the training round ----------------------------------------------------------------------------------------------
def stage(team: Any, name: str) -> str:
    people = team("training", "list", "reviews", "--json").json["people"]
    return next(one["stage"] for one in people if one["worker"]["name"] == name)


def test_a_lead_has_the_last_word_on_the_training_round(team: Any, made: Any) -> None:  # noqa: F811
    assert "no training round" in team("training", "list", "reviews").out
    assert "no training round now" in team("training", "let-in", "reviews", "Omar").out
    with tw.open(made) as w:
        w.project("reviews")._change({"settings": {"training": {"on": True}}})  # type: ignore[attr-defined]
    assert given(made, "سلمى") == []
    assert given(made, "Omar") != []
    assert team("training", "let-in", "reviews", "سلمى").code == 0
    assert stage(team, "سلمى") == "qualified"
    assert given(made, "سلمى") != []
    out = team("training", "turn-away", "reviews", "سلمى", "Omar", "--reason", "أجوبة بلا قراءة")
    assert (out.code, "سلمى: turned away." in out.out) == (0, True)
    assert (stage(team, "سلمى"), stage(team, "Omar")) == ("not_qualified", "not_qualified")
    assert team("training", "again", "reviews", "Omar", "--json").json["people"][0]["stage"] == "qualifying"
    assert "qualifying" in team("training", "list", "reviews").out
    owner = team("people", "list", "--json").json["people"][0]["name"]
    assert team("training", "turn-away", "reviews", "Omar", owner, "--reason", "x").code == 3  # none of them
    assert stage(team, "Omar") == "qualifying"


# ---- beside a server -------------------------------------------------------------------------------------------------
def found_on_the_page(address: str, token: str, awaited: list[int]) -> list[int]:
    """The tasks of priority 9 in the server's own table, within five seconds: it is read again behind what others did, and
    shows meanwhile what it had."""
    found: list[int] = []
    with tw.connect(address, token=token) as w:
        for _ in range(100):
            page = w._client.get(f"/projects/{w.project('reviews').id}/table", q="priority:9")  # type: ignore[attr-defined]
            found = [one["seq"] for one in page["tasks"]]
            if page["total"] is not None and found == awaited:
                break
            time.sleep(0.05)
    return found


def test_what_is_said_at_the_terminal_holds_on_a_running_server(team: Any, made: Any, running: Any) -> None:  # noqa: F811
    _, told = start(running, "up", made)
    assert "links" in told, told
    address = told["links"]["reviews"].split("/enter")[0]
    token = {name: team("token", name, "--json").json["token"] for name in ("Omar", "سلمى")}
    owner = team("token", "--json").json["token"]
    assert found_on_the_page(address, owner, []) == []
    assert team("priority", "reviews", "9", "--task", "2", "--yes").code == 0
    assert team("assign", "reviews", "--to", "سلمى", "--task", "2", "--yes").code == 0
    assert team("gold", "make", "reviews", "1", "إيجابي").code == 0
    assert found_on_the_page(address, owner, [2]) == [2]  # the server's table follows what another process did
    with tw.connect(address, token=token["Omar"]) as w:
        assert [one.text for one in w.label_as().next(10)] == ["جميل"]
    with tw.connect(address, token=token["سلمى"]) as w:
        assert [one.text for one in w.label_as().next(10)] == ["سيئ", "جميل"]
    assert json.dumps(team("undo", "reviews", "--json").json["actions"]).count('"done"') == 2
