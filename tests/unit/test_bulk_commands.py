"""`tawsim tag`, `untag`, `due`, `overlap`, `reopen`, `remove`, `review`: told first, done, taken back; on a file and beside a
server; with input that is wrong on purpose."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.test_cli import answer, made, reviews, run, running, start  # noqa: F401  (fixtures)

import tawsim as tw
from tawsim.cli.output import Output

ALL = ("--filter", "seq>0")


def found(run: Any, query: str) -> list[int]:  # noqa: F811
    return [one["seq"] for one in run("tasks", "reviews", "--filter", query, "--json").json["tasks"]]


def undone(run: Any, job: str) -> dict[str, Any]:  # noqa: F811
    back: dict[str, Any] = run("undo", "reviews", job, "--yes", "--json").json["job"]
    return back


def test_tags_are_put_on_listed_taken_off_and_taken_back(run: Any, made: Any) -> None:  # noqa: F811
    none = run("tag", "reviews")
    assert (none.code, "no tags yet" in none.out) == (1, True)
    told = run("tag", "reviews", "صعب", "--task", "1", "--task", "3")
    assert (told.code, "2 tasks of 2 would change." in told.out) == (2, True)
    assert run("tag", "reviews").code == 1  # telling makes no tag
    job = run("tag", "reviews", "صعب", "--task", "1", "--task", "3", "--yes", "--json").json["job"]["id"]
    assert found(run, "tag:صعب") == [1, 3]
    assert [(one["name"], one["tasks"]) for one in run("tag", "reviews", "--json").json["tags"]] == [("صعب", 2)]
    assert "1 already so" in run("untag", "reviews", "صعب", "--task", "2", "--task", "3").out
    off = run("untag", "reviews", "صعب", *ALL, "--yes", "--json").json["job"]
    assert (off["changed"], off["left_out"]) == (2, {"same": 1})
    assert undone(run, off["id"])["changed"] == 2
    assert undone(run, job)["changed"] == 2
    assert found(run, "tag:صعب") == []


def test_a_due_date_is_a_day_a_moment_or_none(run: Any, made: Any) -> None:  # noqa: F811
    said = {
        "2026-12-01": "2026-12-01 23:59 UTC",
        "٢٠٢٦-١٢-٠٢": "2026-12-02 23:59 UTC",
        "\u200f2026-12-03\u200f": "2026-12-03 23:59 UTC",
        "2026-12-01T17:00+03:00": "2026-12-01 14:00 UTC",
        "2026-12-01 17:00": "2026-12-01 17:00 UTC",
        "9999-12-31T23:59:59.999999": "9999-12-31 23:59 UTC",
        "0001-01-01": "0001-01-01 23:59 UTC",
    }
    for day, says in said.items():
        told = run("due", "reviews", day, "--task", "2", "--yes")
        assert (told.code, f"due at {says}." in told.out) == (0, True), told.out + told.err
        assert says[:10] in run("tasks", "reviews", "--filter", "seq:2").out
        assert says[:10] in run("undo", "reviews").out.splitlines()[0]
    assert run("due", "reviews", "none", "--task", "2", "--yes").code == 0
    assert found(run, "due:none") == [1, 2, 3]
    assert run("due", "reviews", "today", "--task", "2", "--yes").code == 0
    assert found(run, "due:today") == [2]


def test_a_day_that_has_passed_is_told_before(run: Any, made: Any) -> None:  # noqa: F811
    assert "late at once" in run("due", "reviews", "2020-01-01", "--task", "1").out
    assert "late at once" not in run("due", "reviews", "2999-01-01", "--task", "1").out


def test_a_day_is_that_of_the_page(run: Any, made: Any) -> None:  # noqa: F811
    """The page sends a day's last second, to the microsecond of it: what was set there is “already so” here."""
    assert run("due", "reviews", "2026-12-01", "--task", "1", "--yes").code == 0
    (one,) = run("tasks", "reviews", "--filter", "seq:1", "--json").json["tasks"]
    assert one["due"] == int(datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC).timestamp()) * 1_000_000
    assert "1 already so" in run("due", "reviews", "2026-12-01", "--task", "1").out


def test_more_answers_are_asked_for_and_fewer(run: Any, made: Any) -> None:  # noqa: F811
    answer(made, "Ann", ["إيجابي"])
    job = run("overlap", "reviews", "1", *ALL, "--yes", "--json").json["job"]
    assert (job["changed"], found(run, "state:done")) == (3, [1])
    assert run("overlap", "reviews", "1000", "--task", "1", "--yes").code == 0
    assert undone(run, job["id"])["left_out"] == {"changed": 1}
    assert (found(run, "overlap:2"), found(run, "overlap:1000")) == ([2, 3], [1])


def test_what_ends_by_it_is_told_before(run: Any, made: Any) -> None:  # noqa: F811
    for name in ("Ann", "باسم"):
        answer(made, name, ["إيجابي"])
    with tw.open(made) as w:
        w.label_as("Zed").next(2)  # and holds them
    for action in ("reopen", "remove"):
        told = run(action, "reviews", *ALL)
        assert told.code == 2
        assert "2 answers would count no longer." in told.out
        assert "2 tasks would be taken out of somebody's hands." in told.out
    job = run("reopen", "reviews", "--task", "1", "--yes", "--json").json["job"]["id"]
    assert (found(run, "round:1"), found(run, "state:done")) == ([1], [])
    undone(run, job)
    assert (found(run, "round:0"), found(run, "state:done")) == ([1, 2, 3], [1])
    job = run("remove", "reviews", "--task", "1", "--yes", "--json").json["job"]["id"]
    assert found(run, "seq>0") == [2, 3]
    assert "1 removed" in run("remove", "reviews", "--task", "1").out
    undone(run, job)
    assert found(run, "state:done") == [1]


def test_a_review_is_the_one_thing_that_stays(run: Any, made: Any) -> None:  # noqa: F811
    answer(made, "Ann", ["إيجابي"])
    told = run("review", "reviews", *ALL)
    assert "2 without answers" in told.out
    assert "This cannot be taken back as a whole." in told.out
    job = run("review", "reviews", *ALL, "--yes", "--json").json["job"]
    assert (job["changed"], job["can_undo"]) == (1, False)
    assert "cannot be undone" in run("undo", "reviews").out
    assert run("undo", "reviews", job["id"], "--yes").code == 1


def test_nothing_found_is_said_and_changes_nothing(run: Any, made: Any) -> None:  # noqa: F811
    for words in (("remove",), ("due", "today"), ("tag", "x"), ("priority", "5")):
        name, *rest = words
        nothing = run(name, "reviews", *rest, "--filter", "seq>99", "--yes")
        assert (nothing.code, nothing.out.splitlines()[0]) == (0, "No task is found by that.")
    assert run("undo", "reviews").code == 1
    assert run("tag", "reviews").code == 1


REFUSED = [
    (("remove", "reviews"), "--filter"),
    (("remove", "reviews", "--filter", ""), "The filter is empty."),
    (("remove", "reviews", "--filter", " \u200f "), "The filter is empty."),
    (("remove", "reviews", "--filter", "sort:-p"), "The filter is empty."),
    (("remove", "reviews", "--filter", "password:x"), "password"),
    (("remove", "reviews", "--task", "1", "--task", "4"), "There is no task 4 in reviews."),
    (("remove", "reviews", "--task", "99999999999999999999"), "--task"),
    (("remove", "خطأ", "--task", "1"), "خطأ"),
    (("reopen", "reviews", "--task", "-1"), "--task"),
    (("overlap", "reviews", "0", "--task", "1"), "K"),
    (("overlap", "reviews", "1000000000", "--task", "1"), "K"),
    (("overlap", "reviews", "1.5", "--task", "1"), "K"),
    (("tag", "reviews", "--task", "1"), "Which tag?"),
    (("tag", "reviews", "", "--task", "1"), "1 to 60"),
    (("tag", "reviews", "a\x1b[31mb", "--task", "1"), "1 to 60"),
    (("tag", "reviews", "a\u202eb", "--task", "1"), "1 to 60"),
    (("tag", "reviews", "\u200fصعب", "--task", "1"), "when Arabic is copied"),
    (("tag", "reviews", "ا" * 61, "--task", "1"), "1 to 60"),
    (("tag", "reviews", "a\ud800", "--task", "1"), "1 to 60"),
    (("untag", "reviews", "صغب", "--task", "1"), "tawsim tag reviews"),
    (("due", "reviews", "2026-02-30", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "2026-12-01T17:00+25:00", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "2026-12-01 Asia/Riyadh", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "0001-01-01T00:00+14:00", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "99999-01-01", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "\x1b]0;x\x07", "--task", "1"), "neither a day nor a moment"),
    (("due", "reviews", "", "--task", "1"), "neither a day nor a moment"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_what_cannot_be_is_refused(run: Any, made: Any, words: tuple[str, ...], says: str) -> None:  # noqa: F811
    refused = run(*words, "--yes")
    assert (refused.code, refused.out) == (3, "")
    assert says in refused.err
    assert not {"\x1b", "\x07", "\u202e"} & set(refused.err)
    assert found(run, "seq>0") == [1, 2, 3]
    assert run("undo", "reviews", "--json").json["actions"] == []


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("id", "name"), [("x" * 70, "ا" * 70)])
    assert f"{'x' * 70}   {'ا' * 70}" in capsys.readouterr().out


def test_what_is_cut_off_says_how_it_goes_on(run: Any, made: Any, monkeypatch: Any) -> None:  # noqa: F811
    from tawsim.loop import table_bulk

    def cut(_db: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(table_bulk, "work_on", cut)
        stopped = run("priority", "reviews", "5", *ALL, "--yes")
    assert stopped.code == 130
    job = run("undo", "reviews", "--json").json["actions"][0]
    assert f"tawsim undo reviews {job['id']}" in stopped.err
    assert (job["state"], job["changed"], "so far" in run("undo", "reviews").out) == ("running", 0, True)
    assert undone(run, job["id"])["changed"] == 0
    assert found(run, "priority:0") == [1, 2, 3]
    again = run("priority", "reviews", "5", "--task", "1", "--yes", "--json").json["job"]
    assert again["changed"] == 1
    assert "See: tawsim undo reviews" in run("undo", "reviews", "nothing", "--yes").err


def test_whoever_watches_sees_how_far_it_is(run: Any, made: Any, monkeypatch: Any) -> None:  # noqa: F811
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "of 3 tasks" in run("tag", "reviews", "x", *ALL, "--yes").err
    assert "of 3 tasks" not in run("tag", "reviews", "y", *ALL, "--yes", "--json").err


def test_the_list_of_actions_names_people_and_days(run: Any, made: Any) -> None:  # noqa: F811
    run("invite", "سلمى")
    run("assign", "reviews", "--to", "سلمى", *ALL, "--yes")
    run("assign", "reviews", "--languages", "ar", "--skills", "law", *ALL, "--yes")
    run("assign", "reviews", "--everyone", *ALL, "--yes")
    lines = [line for line in run("undo", "reviews").out.splitlines() if not line.startswith(" ")]
    assert [line.split(": ")[1] for line in lines] == [
        "assign everyone (3 tasks)", "assign ar; law (3 tasks)", "assign سلمى (3 tasks)",
    ]  # fmt: skip


def test_a_running_server_shows_what_was_done_at_the_terminal(run: Any, made: Any, running: Any) -> None:  # noqa: F811
    _, told = start(running, "up", made)
    assert "links" in told, told
    owner = run("token", "--json").json["token"]
    with tw.connect(told["links"]["reviews"].split("/enter")[0], token=owner) as w:
        table = f"/projects/{w.project('reviews').id}/table"

        def awaited(query: str, seqs: list[int]) -> bool:
            """The server's own table, which is read again behind what others did, comes to these tasks."""
            until = time.monotonic() + 60
            while time.monotonic() < until:
                page = w._client.get(table, q=query)  # type: ignore[attr-defined]
                if page["total"] is not None and [one["seq"] for one in page["tasks"]] == seqs:
                    return True
                time.sleep(0.05)
            return False

        assert awaited("seq>0", [1, 2, 3])
        assert run("tag", "reviews", "صعب", "--task", "2", "--yes").code == 0
        assert awaited("tag:صعب", [2])
        assert run("due", "reviews", "2026-12-01", "--task", "3", "--yes").code == 0
        assert awaited("due:2026-12-01", [3])
        assert run("overlap", "reviews", "5", "--task", "1", "--yes").code == 0
        assert awaited("overlap:5", [1])
        job = run("remove", "reviews", "--task", "1", "--yes", "--json").json["job"]["id"]
        assert awaited("seq>0", [2, 3])
        undone(run, job)
        assert awaited("seq>0", [1, 2, 3])
