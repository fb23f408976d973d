"""The terminal: what each command does, says and leaves with; --json; errors as one block; a few real processes."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tawsim.cli import main as entry
from tawsim.cli.labelling import prepare
from tawsim.cli.output import Output
from tawsim.cli.trust import reason

RUN = [sys.executable, "-m", "tawsim.cli"]


@dataclass
class Ran:
    """One command line: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command line in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)

    def once(*arguments: object) -> Ran:
        capsys.readouterr()
        code = entry.run([str(one) for one in arguments])
        wrote = capsys.readouterr()
        return Ran(code, wrote.out, wrote.err)

    return once


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.csv"
    file.write_text("id,text\n1,جميل\n2,سيئ\n3,جميل\n", encoding="utf-8")
    return file


@pytest.fixture
def made(run: Any, reviews: Path) -> Path:
    """A workspace with the three reviews in it."""
    assert run("project", "create", "reviews", "--labels", "إيجابي، سلبي", "--overlap", 2).code == 0
    assert run("import", reviews).code == 0
    return reviews.with_suffix(".tawsim")


def answer(path: Path, name: str, labels: list[str]) -> None:
    import tawsim as tw

    with tw.open(path) as w:
        me = w.label_as(name)
        for label in labels:
            me.submit(me.next()[0], label)


def test_the_whole_way(run: Any, made: Path, reviews: Path, tmp_path: Path) -> None:
    assert run("truth").code == 2
    answer(made, "Ann", ["إيجابي", "سلبي", "إيجابي"])
    answer(made, "باسم", ["إيجابي"])
    status = run("status")
    assert status.code == 0
    assert "1 of 3 done" in status.out
    assert "باسم" in status.out
    assert "next: tawsim up reviews.tawsim" in status.out
    assert run("truth").code == 0
    exported = run("export", "-o", "out.csv")
    assert (exported.code, "3 rows" in exported.out) == (0, True)
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [row["label"] for row in rows] == ["إيجابي", "سلبي", "إيجابي"]
    assert run("export", "-o", "out.csv").code == 1
    assert run("export", "-o", "out.csv", "--force").code == 0
    assert run("export", "-o", "votes.csv", "--votes").code == 0
    # The exported votes go straight into infer.
    inferred = run("infer", "votes.csv", "-o", "truth.csv", "--json")
    assert inferred.json["summary"]["tasks"] == 3
    assert (tmp_path / "truth.csv").read_text().split("\n")[0].split(",") == ["task", "label", "p", "n", "entropy"]
    assert run("infer", "votes.csv", "-o", "truth.parquet").code == 0
    kept = run("backup", "reviews.tawsim", "-o", "copy.tawsim")
    assert kept.code == 0
    assert run("status", "-w", "copy.tawsim", "--json").json["projects"][0]["progress"]["answers"] == 4
    assert run("backup", "reviews.tawsim", "-o", "copy.tawsim").code == 3


def test_a_spreadsheet_gets_a_form_of_its_own(run: Any, made: Path, tmp_path: Path) -> None:
    risky = tmp_path / "risky.txt"
    risky.write_text("id,text\n4,=1+1\n", encoding="utf-8")
    assert run("import", risky, "--format", "csv").code == 0
    assert run("import", risky, "--format", "docx").code == 3
    plain = run("export", "-o", "plain.csv")
    assert "1 cell begins like a formula" in plain.out
    assert run("export", "-o", "safe.csv", "--for-spreadsheet").code == 0
    assert "'=1+1" in (tmp_path / "safe.csv").read_text(encoding="utf-8-sig")
    assert run("export", "-o", "safe.parquet", "--for-spreadsheet").code == 3


def test_import_says_what_it_did(run: Any, made: Path, reviews: Path) -> None:
    again = run("import", reviews)
    assert again.code == 0
    assert "imported before" in again.out
    more = reviews.with_name("more.csv")
    more.write_text("text\nجميل\nجديد\n", encoding="utf-8")
    report = run("import", more, "--duplicates", "skip", "--json").json["import"]
    assert (report["added"], report["duplicate_count"], report["duplicates"]) == (1, 1, [{"row": 1, "seq": 1}])
    third = run("import", more, "--again")
    assert "row 1 = task 1" in third.out
    refused = run("import", more, "--again", "--duplicates", "refuse")
    assert refused.code == 3
    assert "more.csv, row 1" in refused.err
    assert run("import", more, "--duplicates", "maybe").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"], ["truth"], ["export", "-o", "x.csv"], ["import", "nothing.csv"], ["invite", "Ann"], ["token"],
        ["project", "list"], ["export"], ["exprot"], ["up", "nowhere"], ["label"], ["label", "nothing.csv", "--labels", "a,b"],
        ["infer", "nothing.csv", "-o", "x.csv"], ["backup", "x.tawsim"], ["up", "--port", "99999"], ["--wrong"],
        ["x.tawsim"], ["project", "create", "p"], ["project", "create", "p", "--labels", "a"],
    ],
)  # fmt: skip
def test_an_error_is_one_block_and_one_object(run: Any, arguments: list[str], tmp_path: Path) -> None:
    plain = run(*arguments)
    assert plain.code == 3
    assert plain.out == ""
    assert plain.err.startswith("tawsim: ")
    assert "[TW-" in plain.err
    assert "Traceback" not in plain.err
    told = run(*arguments, "--json")
    assert told.code == 3
    assert told.json["error"]["code"].startswith("TW-")
    assert told.json["error"]["exit_code"] == 3
    assert list(tmp_path.glob("*.tawsim")) == [], "a command that failed left a workspace behind"


def test_a_wrong_command_suggests_the_right_one(run: Any) -> None:
    assert "'export'" in run("exprot").err


def test_help_and_version(run: Any) -> None:
    assert "Usage: tawsim" in run().out
    for command in ("label", "up", "demo", "import", "export", "infer", "invite", "token", "status", "truth", "doctor"):
        helped = run(command, "--help")
        assert helped.code == 0
        assert "--json" in helped.out
    assert run("project").code == 0
    assert run("--version").out.startswith("tawsim 0.")
    assert run("--version", "--json").json["version"].startswith("0.")


def test_what_was_not_foreseen_is_one_block_too(run: Any, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tawsim.loop import overview

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(overview, "progress", broken)
    found = run("status")
    assert found.code == 3
    assert "ZeroDivisionError" in found.err
    assert "Traceback" not in found.err
    monkeypatch.setenv("TAWSIM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("status")


def test_nothing_from_a_file_drives_the_terminal(run: Any, tmp_path: Path) -> None:
    evil = tmp_path / "evil\x1b[31m.csv"
    evil.write_text("text\n[red]not markup[/red]\n", encoding="utf-8")
    assert run("project", "create", "[bold]p", "--labels", "a,b", "-w", "w.tawsim").code == 0
    done = run("import", evil, "--again")
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    answer(tmp_path / "w.tawsim", "[link=x]Eve[/link]", ["a"])
    for command in ("status", "truth"):
        shown = run(command)
        assert "[link=x]Eve[/link]" in shown.out
        assert "\x1b" not in shown.out
    assert "[bold]p" in run("project", "list").out
    bad = tmp_path / "bad.csv"
    bad.write_text("text,\x1b]0;x\x07\n\n", encoding="utf-8")
    assert "\x1b" not in run("import", bad).err


# ---- which workspace ----------------------------------------------------------------------------------------------
def test_the_workspace_is_found(run: Any, made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("project", "create", "other", "--labels", "a,b", "-w", "other.tawsim").code == 0
    two = run("status")
    assert two.code == 3
    assert "other.tawsim" in two.err
    monkeypatch.setenv("TAWSIM_WORKSPACE", str(made))
    assert run("status", "--json").json["workspace"] == str(made)
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    assert run("status", "--json").json["workspace"] == str(made)
    assert run("status", "-w", tmp_path / "other.tawsim", "--json").json["projects"][0]["project"]["name"] == "other"
    assert run("status", "-w", tmp_path).code == 3
    assert run("status", "-w", tmp_path / "reviews.csv").code == 3


def test_projects_are_listed_and_chosen(run: Any, made: Path) -> None:
    assert run("project", "create", "second", "--labels", "x,y", "--multiple", "--order", "random").code == 0
    assert run("project", "create", "second", "--labels", "x,y").code == 1
    listed = run("project", "list", "--json").json["projects"]
    assert [(one["name"], one["progress"]["tasks"]) for one in listed] == [("reviews", 3), ("second", 0)]
    assert listed[1]["questions"][0]["kind"] == "choices"
    assert run("export", "-o", "x.csv").code == 3
    assert run("export", "-o", "x.csv", "--project", "reviews").code == 0
    assert run("project", "create", "third", "--labels", "x,y", "--order", "size").code == 3


def test_people_get_links_and_tokens(run: Any, made: Path) -> None:
    invited = run("invite", "Ann", "ليلى", "--json").json
    assert [one["name"] for one in invited["invited"]] == ["Ann", "ليلى"]
    assert all("/enter#tws_" in one["link"] for one in invited["invited"])
    assert invited["running"] is False
    again = run("invite", "Ann", "--json").json["invited"][0]
    assert again["worker"] == invited["invited"][0]["worker"]
    assert again["link"] != invited["invited"][0]["link"]
    assert "next: tawsim up" in run("invite", "Bob").out
    token = run("token", "gpt", "--model", "--json").json
    assert token["role"] == "labeller"
    assert run("token", "--json").json["role"] == "owner"
    accounts = made.with_name(".tawsim-accounts.sqlite")
    assert accounts.stat().st_mode & 0o077 == 0
    assert token["token"].encode() not in accounts.read_bytes()


def test_the_doctor_says_no(run: Any, made: Path) -> None:
    assert run("doctor").code in (0, 1)
    made.chmod(0o644)
    found = run("doctor", "--json")
    assert found.code == 1
    assert found.json["ok"] is False
    assert "chmod 600" in run("doctor", made).out


def test_openapi_is_printed(run: Any) -> None:
    assert run("openapi").json["openapi"].startswith("3.1")


# ---- label --------------------------------------------------------------------------------------------------------
def ready(reviews: Path, **changes: Any) -> Any:
    options: dict[str, Any] = dict.fromkeys(("labels", "text", "overlap", "instructions", "owner")) | {
        "multiple": False
    }
    return prepare(Output(json=True), reviews, **(options | changes))


def test_label_goes_on_where_it_stopped(run: Any, reviews: Path, tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text("# اقرأ أولا\n", encoding="utf-8")
    first = ready(reviews, labels="good,bad", overlap=2, instructions=guide, owner="Nour")
    assert first.facts == {"project": "reviews", "tasks": 3, "made": True}
    assert "1 row has the text of an earlier one" in first.lines[1]
    answer(first.path, "Ann", ["good", "bad", "good"])
    second = ready(reviews, labels="good, bad", overlap=1)
    assert second.facts["made"] is False
    assert "3 of 3 tasks done" in second.lines[0]
    assert ready(reviews).path == first.path
    shown = run("project", "list", "--json").json["projects"][0]
    assert (shown["overlap"], shown["guideline"]) == (1, "# اقرأ أولا\n")
    reviews.write_text("id,text\n9,جديد\n", encoding="utf-8")
    assert "has changed since" in ready(reviews).lines[1]


def test_label_refuses_what_does_not_fit(run: Any, reviews: Path) -> None:
    assert run("label", reviews).code == 3
    ready(reviews, labels="good,bad")
    other = run("label", reviews, "--labels", "good,evil")
    assert other.code == 1
    assert "good, bad" in other.err
    assert run("label", reviews, "--as", "Somebody Else").code == 1
    assert run("label", reviews.with_suffix(".tawsim")).code == 3


def test_label_of_a_bad_file_leaves_nothing(run: Any, tmp_path: Path) -> None:
    for content in ("text\n", "", "text\nok\n,,,\n"):
        bad = tmp_path / "bad.csv"
        bad.write_text(content, encoding="utf-8")
        assert run("label", bad, "--labels", "a,b", "--no-browser").code == 3
        assert sorted(one.name for one in tmp_path.iterdir()) == ["bad.csv"]


def test_every_reason_is_a_sentence() -> None:
    whys: list[dict[str, Any]] = [
        {"code": "agrees"}, {"code": "exchanges_labels", "labels": ["a", "b"], "share": 0.7, "others": 0.1},
        {"code": "near_chance"}, {"code": "against_truth"}, {"code": "nothing_shared"}, {"code": "one_label"},
        {"code": "one_answer", "label": "a", "share": 0.9}, {"code": "no_agreement"},
        {"code": "few_answers", "more_answers": 12}, {"code": "borderline", "more_answers": None},
    ]  # fmt: skip
    sentences = [reason(why) for why in whys]
    assert len(set(sentences)) == len(whys)
    assert "12 more answers" in sentences[8]


# ---- real processes -----------------------------------------------------------------------------------------------
@pytest.fixture
def running(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(running: list[subprocess.Popen[str]], *arguments: object, **more: Any) -> tuple[Any, dict[str, Any]]:
    process = subprocess.Popen(
        [*RUN, *map(str, arguments), "--no-browser", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )
    running.append(process)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.kill
def test_a_second_label_joins_the_first(reviews: Path, running: Any) -> None:
    process, first = start(running, "label", reviews, "--labels", "a,b")
    second = subprocess.run(
        [*RUN, "label", str(reviews), "--no-browser", "--json"], capture_output=True, text=True, timeout=30, check=True
    )
    told = json.loads(second.stdout)
    assert told["joined"] is True
    links = [one["links"]["reviews"].split("#") for one in (first, told)]
    assert links[0][0] == links[1][0]
    assert links[0][1] != links[1][1]
    invited = subprocess.run(
        [*RUN, "invite", "Ann", "-w", str(reviews.with_suffix(".tawsim")), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(invited.stdout)["running"] is True
    assert json.loads(invited.stdout)["invited"][0]["link"].startswith(links[0][0])
    import tawsim as tw

    with tw.connect(told["links"]["reviews"]) as w:
        assert w.progress().tasks == 3
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (out, err) == ("", "")


def test_a_server_outlives_browsers_that_hang_up(reviews: Path, running: Any) -> None:
    """The rest of an answer to somebody who left is EPIPE; with SIGPIPE's default it would end the process."""
    process, told = start(running, "label", reviews, "--labels", "a,b")
    port = int(told["links"]["reviews"].split("/enter")[0].rsplit(":", 1)[1])
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    for i in range(300):
        with socket.create_connection(("127.0.0.1", port)) as browser:
            browser.sendall(request * 3)
            time.sleep(i % 10 / 2000)  # seconds; gone before, while and after it is answered
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


@pytest.mark.parametrize("arguments", [["--help"], ["project", "list"], ["project", "list", "--json"]])
def test_a_reader_that_goes_away_is_no_error(made: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*RUN, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (entry.READER_GONE, "")


@pytest.mark.kill
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_puts_itself_away(tmp_path: Path, running: Any, how: signal.Signals) -> None:
    process, told = start(running, "demo", env=os.environ | {"TMPDIR": str(tmp_path)})
    [folder] = tmp_path.glob("tawsim-demo-*")
    assert (folder / "demo.tawsim").exists()
    assert told["simulated"] is True
    labellers = [one for one in told["projects"][0]["workers"] if one["worker"]["role"] == "labeller"]
    assert {one["verdict"] for one in labellers} == {"trusted", "careless", "mixes"}
    process.send_signal(how)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert list(tmp_path.glob("tawsim-demo-*")) == []


@pytest.mark.kill
def test_a_folder_of_workspaces_is_served(tmp_path: Path, running: Any) -> None:
    for name in ("one", "two"):
        subprocess.run(
            [*RUN, "project", "create", name, "--labels", "a,b"], cwd=tmp_path, check=name == "one", capture_output=True
        )
    subprocess.run(
        [*RUN, "project", "create", "two", "--labels", "a,b", "-w", "two.tawsim"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    process, told = start(running, "up", tmp_path)
    assert sorted(told["links"]) == ["one", "two"]
    # The file itself as a command; a server has it, so this only makes a link.
    joined = subprocess.run(
        [*RUN, str(tmp_path / "one.tawsim"), "--no-browser"], capture_output=True, text=True, timeout=30, check=True
    )
    assert "being served already" in joined.stdout
    process.terminate()
    assert process.wait(timeout=20) == 0


@pytest.mark.kill
def test_an_empty_workspace_is_begun_in_the_browser(tmp_path: Path, running: Any) -> None:
    absent = subprocess.run([*RUN, "up", "team.tawsim"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert absent.returncode == 3
    assert "tawsim up NAME.tawsim --new" in absent.stderr
    process, told = start(running, "up", tmp_path / "team.tawsim", "--new")
    assert list(told["links"]) == ["team"]
    process.terminate()
    assert process.wait(timeout=20) == 0
    wrong = subprocess.run([*RUN, "up", "team.csv", "--new"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 3
    assert ".tawsim" in wrong.stderr
    assert not (tmp_path / "team.csv").exists()


def test_starting_is_quick() -> None:
    def cpu_seconds(*command: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    # CPU, not wall clock: other tests run beside this one.
    assert min(cpu_seconds("-c", "import tawsim") for _ in range(3)) < 0.15
    assert min(cpu_seconds("-m", "tawsim.cli", "--help") for _ in range(3)) < 0.5
    assert time.monotonic() > 0


def test_arabic_prints_where_the_locale_is_plain_c(made: Path) -> None:
    answer(made, "ليلى", ["إيجابي"])
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([*RUN, "status", "-w", str(made)], capture_output=True, env=plain, check=True)
    assert "ليلى" in found.stdout.decode("utf-8")
