"""`tawsim infer` as people use it: every kind and format in, all columns out, and bad input named with its row."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.test_cli import run  # noqa: F401  (the fixture)

HEADER = "task,worker,label"


def crowd(tasks: int = 30, workers: int = 4) -> list[tuple[str, str, str]]:
    """Good workers and one who is wrong each third time."""
    return [
        (f"t{t}", f"w{w}", "yes" if (t + (w == 2 and t % 3 == 0)) % 2 else "no")
        for t in range(tasks)
        for w in range(workers)
    ]


def save(path: Path, rows: Any, header: str = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


# ---- formats ------------------------------------------------------------------------------------------------------
def test_every_format_gives_the_same_truth(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = crowd()
    columns = dict(zip(HEADER.split(","), map(list, zip(*rows, strict=True)), strict=True))
    save(tmp_path / "votes.csv", rows)
    (tmp_path / "votes.csv.gz").write_bytes(gzip.compress((tmp_path / "votes.csv").read_bytes()))
    (tmp_path / "votes.tsv").write_text("\n".join("\t".join(r) for r in [HEADER.split(","), *rows]), encoding="utf-8")
    lines = [json.dumps({"task": t, "worker": w, "label": k}) for t, w, k in rows]
    (tmp_path / "votes.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "quoted.csv").write_text(
        "\n".join(",".join(f'"{cell}"' for cell in r) for r in [HEADER.split(","), *rows]), encoding="utf-8"
    )
    pq.write_table(pa.table(columns), tmp_path / "votes.parquet")
    pq.write_table(
        pa.table({name: pa.array(one).dictionary_encode() for name, one in columns.items()}), tmp_path / "d.parquet"
    )
    truths = []
    for name in ("votes.csv", "votes.csv.gz", "votes.tsv", "votes.jsonl", "quoted.csv", "votes.parquet", "d.parquet"):
        assert run("infer", name, "-o", "truth.csv", "--force").code == 0, name
        truths.append((tmp_path / "truth.csv").read_bytes())
    assert len(set(truths)) == 1
    first = table(tmp_path / "truth.csv")[0]
    assert list(first) == ["task", "label", "p", "n", "entropy"]
    assert (first["task"], first["label"], first["n"]) == ("t0", "no", "4")
    assert run("infer", "votes.csv", "-o", "truth.parquet").code == 0
    assert pq.read_table(tmp_path / "truth.parquet").column_names == ["task", "label", "p", "n", "entropy"]


def test_columns_in_any_case_and_order_beside_others(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", [(1, "x", "cat", "ann"), (2, "x", "dog", "bob")], "row,Task,LABEL,worker")
    assert run("infer", "votes.csv", "-o", "truth.csv").code == 0
    assert table(tmp_path / "truth.csv")[0]["task"] == "x"


def test_whole_numbers_in_parquet_are_names(run: Any, tmp_path: Path) -> None:  # noqa: F811
    pq.write_table(pa.table({"task": [1, 1, 2], "worker": [7, 8, 7], "label": [3, 3, 5]}), tmp_path / "v.parquet")
    found = run("infer", "v.parquet", "-o", "t.csv", "--json").json
    assert found["labels"] == ["3", "5"]
    assert [one["task"] for one in table(tmp_path / "t.csv")] == ["1", "2"]


def test_the_workers_the_items_and_the_report_are_written(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", crowd())
    ran = run("infer", "votes.csv", "-o", "t.csv", "--workers", "w.csv", "--report", "r.html", "--lang", "ar")
    assert ran.code == 0
    workers = table(tmp_path / "w.csv")
    assert list(workers[0]) == [
        "worker", "answers", "measure", "value", "low", "high", "verdict", "why", "confidence_slope",
    ]  # fmt: skip
    assert {one["worker"]: one["answers"] for one in workers} == {f"w{w}": "30" for w in range(4)}
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="ar" dir="rtl">' in page
    again = run("infer", "votes.csv", "-o", "t2.csv", "--report", "r.html")
    assert (again.code, "r.html exists already" in again.err) == (1, True)
    assert not (tmp_path / "t2.csv").exists()


def test_nothing_is_written_where_two_files_would_be_one(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", crowd())
    assert run("infer", "votes.csv", "-o", "t.csv", "--workers", "t.csv").code == 3
    assert run("infer", "votes.csv", "-o", "t.csv", "--lang", "xx").code == 3
    assert run("infer", "votes.csv", "-o", "t.xlsx").code == 3
    assert sorted(one.name for one in tmp_path.iterdir()) == ["votes.csv"]


# ---- kinds --------------------------------------------------------------------------------------------------------
def test_a_file_that_is_read_is_never_replaced(run: Any, tmp_path: Path) -> None:  # noqa: F811
    votes, gold = save(tmp_path / "v.csv", crowd()), save(tmp_path / "g.csv", [("t0", "no")], "task,label")
    (tmp_path / "soft.csv").symlink_to(votes)
    (tmp_path / "hard.csv").hardlink_to(votes)
    (tmp_path / "gold2.csv").hardlink_to(gold)
    before = votes.read_bytes(), gold.read_bytes()
    for words in (
        ("-o", "v.csv"), ("-o", "./sub/../v.csv"), ("-o", "soft.csv"), ("-o", "hard.csv"),
        ("-o", "t.csv", "--workers", "soft.csv"), ("-o", "t.csv", "--report", "r.html", "--items", "hard.csv"),
        ("-o", "g.csv", "--gold", "g.csv"), ("-o", "t.csv", "--gold", "g.csv", "--workers", "gold2.csv"),
    ):  # fmt: skip
        (tmp_path / "sub").mkdir(exist_ok=True)
        ran = run("infer", "v.csv", *words, "--force")
        assert ran.code == 3, words
        assert "would replace the file that is read" in ran.err, ran.err
    assert (votes.read_bytes(), gold.read_bytes()) == before
    assert not (tmp_path / "t.csv").exists()
    assert run("infer", "soft.csv", "-o", "v.csv", "--force").code == 3
    assert votes.read_bytes() == before[0]


def test_files_to_write_that_are_one_by_a_link_are_refused(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "v.csv", crowd())
    (tmp_path / "a.csv").write_text("old", encoding="utf-8")
    (tmp_path / "b.csv").hardlink_to(tmp_path / "a.csv")
    ran = run("infer", "v.csv", "-o", "a.csv", "--workers", "b.csv", "--force")
    assert (ran.code, "a.csv and b.csv" in ran.err) == (3, True), ran.err
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "old"


def test_a_place_that_takes_no_file_is_said_before_the_work(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "v.csv", crowd(4))
    long = run("infer", "v.csv", "-o", "x" * 300 + ".csv")
    assert (long.code, "could not be written" in long.err, "OSError" in long.err) == (3, True, False), long.err
    (tmp_path / "bad.csv").write_text("task,worker,label\nt,w,\n", encoding="utf-8")
    nowhere = run("infer", "bad.csv", "-o", "none/t.csv")
    assert "There is no folder" in nowhere.err


def test_numbers_are_estimated_with_an_interval(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [(f"t{t}", f"w{w}", f"{10 * t + (w - 2) * 1.5:.1f}") for t in range(20) for w in range(5)]
    save(tmp_path / "votes.csv", rows)
    ran = run("infer", "votes.csv", "-o", "t.csv")
    assert "Kind: numeric. The labels are numbers, " in ran.out
    assert "If they are the names of classes: --kind choice" in ran.out
    found = table(tmp_path / "t.csv")
    assert list(found[0]) == ["task", "label", "low", "high", "sd", "n"]
    by_task = {one["task"]: one for one in found}
    assert float(by_task["t7"]["low"]) < 70 < float(by_task["t7"]["high"])


def test_a_small_scale_stays_a_choice_and_says_so(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [(f"t{t}", f"w{w}", str(min(5, 1 + (t + (w == 0)) % 5))) for t in range(30) for w in range(4)]
    save(tmp_path / "votes.csv", rows)
    ran = run("infer", "votes.csv", "-o", "t.csv")
    assert "whole numbers from 1 to 5, taken as names without an order" in ran.out
    assert "--kind ordinal" in ran.out
    assert run("infer", "votes.csv", "-o", "t.csv", "--force", "--kind", "ordinal").code == 0
    assert list(table(tmp_path / "t.csv")[0]) == ["task", "label", "p", "low", "high", "n", "entropy"]


def test_words_in_an_order_that_is_given(run: Any, tmp_path: Path) -> None:  # noqa: F811
    words = ["سيئ", "مقبول", "جيد"]
    save(tmp_path / "votes.csv", [(f"t{t}", f"w{w}", words[t % 3]) for t in range(12) for w in range(3)])
    ran = run("infer", "votes.csv", "-o", "t.csv", "--kind", "ordinal", "--levels", "سيئ,مقبول,جيد", "--json")
    assert ran.json["labels"] == words
    assert run("infer", "votes.csv", "-o", "t.csv", "--force", "--kind", "ordinal").code == 3
    assert run("infer", "votes.csv", "-o", "t.csv", "--force", "--kind", "numeric", "--levels", "a,b").code == 3


def test_comparisons_give_scores(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [
        (f"{a}{b}", f"w{w}", a, b, a if (a < b) ^ (w == 3) else b)
        for a in "abcd"
        for b in "abcd"
        if a != b
        for w in range(4)
    ]
    save(tmp_path / "votes.csv", rows, "task,worker,left,right,label")
    ran = run("infer", "votes.csv", "-o", "t.csv", "--items", "i.csv", "--report", "r.html")
    assert (ran.code, "Kind: pairwise." in ran.out) == (0, True)
    assert [one["item"] for one in table(tmp_path / "i.csv")] == list("abcd")
    assert table(tmp_path / "t.csv")[0] | {"p": ""} == {"task": "ab", "label": "a", "p": "", "n": "4"}
    assert "Items" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_lists_are_sets_or_rankings_or_objects_by_their_shape(run: Any, tmp_path: Path) -> None:  # noqa: F811
    cases = {
        "choices": ['["news"]', '["news", "sport"]', "[]"],
        "ranking": ['["a", "b", "c"]', '["a", "c", "b"]', '["a", "b", "c"]'],
        "boxes": ['[{"x": 1, "y": 1, "width": 5, "height": 5}]', '[{"x": 1, "y": 2, "width": 5, "height": 5}]', "[]"],
    }
    for kind, labels in cases.items():
        save(tmp_path / "votes.csv", [("t", f"w{i}", label) for i, label in enumerate(labels)])
        found = run("infer", "votes.csv", "-o", "t.csv", "--force", "--json").json
        assert found["kind"] == kind
        assert json.loads(table(tmp_path / "t.csv")[0]["label"]), kind


def test_lists_in_json_lines_need_no_quoting(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [{"task": "t", "worker": w, "label": ["news", "sport"]} for w in ("ann", "bob")]
    (tmp_path / "v.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("infer", "v.jsonl", "-o", "t.csv", "--json").json["kind"] == "choices"
    assert table(tmp_path / "t.csv")[0]["label"] == '["news", "sport"]'


# ---- gold ---------------------------------------------------------------------------------------------------------
def test_gold_tells_accuracy_and_calibration(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", crowd())
    save(tmp_path / "gold.csv", [(f"t{t}", "yes" if t % 2 else "no") for t in range(20)], "task,label")
    ran = run("infer", "votes.csv", "-o", "t.csv", "--gold", "gold.csv", "--report", "r.html")
    assert "Against 20 gold tasks" in ran.out
    assert "accuracy 100.0 %" in ran.out
    assert "calibration error (ECE)" in ran.out
    found = run("infer", "votes.csv", "-o", "t.csv", "--force", "--gold", "gold.csv", "--json").json["gold"]
    assert found["tasks"] == 20
    assert found["measures"]["accuracy"]["value"] == 1.0
    assert found["measures"]["accuracy"]["low"] < 0.9
    assert "Against gold" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_gold_for_numbers(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [(f"t{t}", f"w{w}", f"{10 * t + (w - 2) * 1.5:.1f}") for t in range(20) for w in range(5)]
    save(tmp_path / "votes.csv", rows)
    save(tmp_path / "gold.csv", [(f"t{t}", 10 * t) for t in range(15)], "task,label")
    found = run("infer", "votes.csv", "-o", "t.csv", "--gold", "gold.csv", "--json").json["gold"]
    assert found["held_out"]
    assert found["measures"]["mae"]["value"] < 1.5
    save(tmp_path / "gold.csv", [("t1", "ten")], "task,label")
    ran = run("infer", "votes.csv", "-o", "t.csv", "--force", "--gold", "gold.csv")
    assert "gold.csv: row 1: 'ten' is not a number" in ran.err


GOLD = {
    "t0,yes\nt999,no": "gold.csv: row 2: nobody answered the task 't999'",
    "t0,yes\nt1,\n": "gold.csv: row 2: there is no label",
    "t0,yes\nt1,no\nt0,no": "gold.csv: row 3: the task 't0' has another label in row 1",
    "t0,YES": "No label of the gold is among those of the votes",
}


@pytest.mark.parametrize("gold", GOLD)
def test_gold_that_cannot_be_right_is_named(run: Any, tmp_path: Path, gold: str) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", crowd())
    (tmp_path / "gold.csv").write_text("task,label\n" + gold, encoding="utf-8")
    ran = run("infer", "votes.csv", "-o", "t.csv", "--gold", "gold.csv")
    assert (ran.code, GOLD[gold] in ran.err) == (3, True), ran.err
    assert not (tmp_path / "t.csv").exists()


# ---- bad input ----------------------------------------------------------------------------------------------------
BAD = {
    "task,label\na,b": "there is no column “worker”; found: task, label.",
    HEADER: "a header, but no rows",
    f"{HEADER}\na,b,c\n,b,c": "votes.csv, row 2, column “task”: the cell is empty.",
    f"{HEADER}\na,b,c\na,c,": "votes.csv: Row 2 has no label.",
    f"{HEADER}\na,b,c\na,c": "votes.csv, row 2, column “label”: 2 cells",
    f"{HEADER}\na,b,yes\na,c,NaN": "votes.csv: Row 2: the label is 'NaN', which is no answer.",
    f'{HEADER}\na,b,"[""x""]"\na,c,"[""x"","': "votes.csv: Row 2:",
    f'{HEADER}\na,b,"{{""x"": 1}}"': "The labels are JSON objects",
    f'{HEADER}\na,b,"[{{""x"": 1}}]"': "that is no kind known",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_bad_files_are_refused_with_the_row(run: Any, tmp_path: Path, text: str) -> None:  # noqa: F811
    (tmp_path / "votes.csv").write_text(text, encoding="utf-8")
    kind = ("--kind", "choices") if '[""x""]' in text else ()
    ran = run("infer", "votes.csv", "-o", "t.csv", *kind)
    assert (ran.code, BAD[text] in ran.err) == (3, True), ran.err
    as_json = run("infer", "votes.csv", "-o", "t.csv", "--json", *kind).json["error"]
    assert as_json["code"] in ("TW-FILE", "TW-INPUT")
    assert not (tmp_path / "t.csv").exists()


def test_one_number_too_odd_is_named(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [(f"t{t}", "ann", f"{t * 1.5}") for t in range(30)] + [("t0", "bob", "1,500"), ("t1", "bob", "nan")]
    save(tmp_path / "votes.csv", rows)
    ran = run("infer", "votes.csv", "-o", "t.csv")
    assert "votes.csv: Row 31: '1,500' is 1500 or 1.500" in ran.err


def test_a_nan_of_parquet_is_named(run: Any, tmp_path: Path) -> None:  # noqa: F811
    pq.write_table(
        pa.table({"task": ["a", "b"], "worker": ["w", "w"], "label": [1.0, float("nan")]}), tmp_path / "v.parquet"
    )
    ran = run("infer", "v.parquet", "-o", "t.csv")
    assert (ran.code, "row 2, column “label”" in ran.err) == (3, True), ran.err


def test_one_vote_is_enough_and_is_not_certain(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", [("t", "ann", "yes"), ("u", "ann", "no")])
    assert run("infer", "votes.csv", "-o", "t.csv").code == 0
    assert [float(one["p"]) for one in table(tmp_path / "t.csv")] == [0.7, 0.7]
    save(tmp_path / "votes.csv", [("t", "ann", "yes")])
    assert run("infer", "votes.csv", "-o", "t.csv", "--force").code == 0


def test_labels_that_read_alike_are_named_and_not_merged(run: Any, tmp_path: Path) -> None:  # noqa: F811
    labels = ["Yes", "yes ", "no", "إيجابي", "ايجابى"]
    save(tmp_path / "votes.csv", [(f"t{t}", f"w{w}", labels[(t + w) % 5]) for t in range(10) for w in range(3)])
    ran = run("infer", "votes.csv", "-o", "t.csv")
    assert "Labels that read alike, counted apart: “Yes”, “yes ”." in ran.out
    assert "“إيجابي”, “ايجابى”" in ran.out
    found = run("infer", "votes.csv", "-o", "t.csv", "--force", "--json").json
    assert len(found["labels"]) == 5
    assert ["Yes", "yes "] in found["lookalikes"]


def test_repeated_answers_are_counted_or_refused(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", [*crowd(), ("t0", "w0", "yes"), ("t5", "w1", "no")])
    ran = run("infer", "votes.csv", "-o", "t.csv")
    assert "2 answers were replaced by a later one of the same worker." in ran.out
    refused = run("infer", "votes.csv", "-o", "t.csv", "--force", "--strict")
    assert refused.code == 3
    assert "2 answers are repeated by a later one" in refused.err
    assert "'w0' on 't0'" in refused.err


def test_a_label_for_every_answer_is_no_choice(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [(f"t{i % 9000}", f"w{i // 9000}", f"label{i}") for i in range(45_000)]
    save(tmp_path / "votes.csv", rows)
    ran = run("infer", "votes.csv", "-o", "t.csv", "--kind", "choice")
    assert ran.code == 3
    assert "too many" in ran.err
    assert "text" in ran.err


def test_an_unknown_kind_model_or_file_is_told_what_there_is(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "votes.csv", crowd())
    assert "Known: choice, choices," in run("infer", "votes.csv", "-o", "t.csv", "--kind", "magic").err
    assert "Known models: auto, majority" in run("infer", "votes.csv", "-o", "t.csv", "--model", "magic").err
    assert "need the column “left”" in run("infer", "votes.csv", "-o", "t.csv", "--kind", "pairwise").err
    assert run("infer", "nothing.csv", "-o", "t.csv").code == 3
    assert run("infer", "votes.csv", "-o", "t.csv", "--gold", "nothing.csv").code == 3


def test_the_order_of_rows_changes_not_one_byte(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = crowd()
    save(tmp_path / "votes.csv", rows)
    save(tmp_path / "turned.csv", rows[::-1])
    run("infer", "votes.csv", "-o", "a.csv", "--report", "a.html", "--workers", "aw.csv")
    run("infer", "turned.csv", "-o", "b.csv", "--report", "b.html", "--workers", "bw.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "aw.csv").read_bytes() == (tmp_path / "bw.csv").read_bytes()
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.replace("votes.csv", "turned.csv") == (tmp_path / "b.html").read_text(encoding="utf-8")


def test_confidence_is_read_and_what_it_is_worth_is_told(run: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [f"t{t},w{w},{'yn'[(t + (w == 2) * (t % 4 == 0)) % 2]}" for t in range(40) for w in range(3)]
    cells = [f"{row},{'' if ',w2,' not in row else 0.55 if i // 3 % 4 == 0 else 0.9}" for i, row in enumerate(rows)]
    (tmp_path / "v.csv").write_text("task,worker,label,Confidence\n" + "\n".join(cells) + "\n")
    ran = run("infer", "v.csv", "-o", "t.csv", "--workers", "w.csv")
    assert ran.code == 0
    assert "Confidence tells something for 1 of the 1 worker who gave it." in ran.out
    slopes = {row["worker"]: row["confidence_slope"] for row in table(tmp_path / "w.csv")}
    assert slopes["w0"] == slopes["w1"] == ""
    assert float(slopes["w2"]) > 0.2
    told = json.loads(run("infer", "v.csv", "-o", "u.csv", "--json").out)
    assert told["confidence"] == {"workers": 1, "telling": 1}
    parts = [cell.split(",") for cell in cells]
    columns = dict(zip(("task", "worker", "label"), zip(*(part[:3] for part in parts), strict=True), strict=True))
    columns["confidence"] = [float(part[3]) if part[3] else None for part in parts]
    pq.write_table(pa.table({name: list(column) for name, column in columns.items()}), tmp_path / "v.parquet")
    assert run("infer", "v.parquet", "-o", "p.csv").code == 0
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    (tmp_path / "bad.csv").write_text("task,worker,label,confidence\nt,a,x,.5\nt,b,x,\nu,a,y,7\n")
    ran = run("infer", "bad.csv", "-o", "x.csv")
    assert ran.code != 0
    assert "bad.csv: Row 3: the confidence is '7'" in ran.err


def test_what_is_printed_is_short_and_names_the_agreement(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "v.csv", crowd())
    lines = run("infer", "v.csv", "-o", "t.csv").out.splitlines()
    model = next(line for line in lines if line.startswith("Model:"))
    assert len(model) < 160
    assert "models averaged" in model
    assert any(line.startswith("Agreement: Krippendorff's α ") for line in lines)
    told = json.loads(run("infer", "v.csv", "-o", "u.csv", "--json").out)
    assert told["why_facts"]["best"] in told["candidates"]
    assert (told["agreement"]["measure"], told["agreement"]["metric"]) == ("alpha", "nominal")
    assert told["agreement"]["low"] <= told["agreement"]["alpha"] <= told["agreement"]["high"]


def test_one_is_one_and_p_is_what_it_is(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "v.csv", [("t", "w", "None")])
    save(tmp_path / "g.csv", [("t", "None")], "task,label")
    out = run("infer", "v.csv", "-o", "t.csv", "--gold", "g.csv").out
    for words in ("Wrote 1 task to", "1 different label in 1 answer.", "Against 1 gold task", "0 tasks reach"):
        assert words in out, out
    assert "(ECE)" not in out
    assert "Counted as labels, though they may mean an empty cell: “None”." in out
    save(tmp_path / "x.csv", [(f"t{t}", f"w{w}", "one two three") for t in range(2) for w in range(3)])
    out = run("infer", "x.csv", "-o", "t.csv", "--kind", "text", "--force").out
    assert "share of words to be expected right" in out
    assert "reach" not in out
    save(tmp_path / "n.csv", [("a", "u", "caf\u00e9"), ("a", "v", "cafe\u0301")])
    assert "(caf\\u00e9)" in run("infer", "n.csv", "-o", "t.csv", "--force").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--levels", "no,yes"), "Levels are the steps of a scale; these answers are of the kind choice"),
        (("--kind", "choice", "--levels", "no,yes"), "Levels are the steps of a scale"),
        (("--items", "i.csv"), "answers of the kind choice compare none"),
        (("--kind", "text", "--items", "i.csv"), "answers of the kind text compare none"),
        (("--report", "r.pdf"), "r.pdf: the report is a page of HTML"),
    ],
)
def test_options_of_no_use_are_refused(run: Any, tmp_path: Path, words: tuple[str, ...], says: str) -> None:  # noqa: F811
    save(tmp_path / "v.csv", crowd(4))
    ran = run("infer", "v.csv", "-o", "t.csv", *words)
    assert (ran.code, says in ran.err) == (3, True), ran.err
    assert [one.name for one in tmp_path.iterdir()] == ["v.csv"]


def test_errors_of_small_numbers_are_no_zeros(run: Any, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "v.csv", [(f"t{t}", f"w{w}", (t + 1 + w / 10) * 1e-8) for t in range(25) for w in range(3)])
    save(tmp_path / "g.csv", [(f"t{t}", (t + 1) * 1e-8) for t in range(12)], "task,label")
    ran = run("infer", "v.csv", "-o", "t.csv", "--gold", "g.csv", "--report", "r.html")
    assert "e-" in ran.out.split("mean absolute error ")[1][:12], ran.out
    assert "0.000" not in (tmp_path / "r.html").read_text(encoding="utf-8").split("root mean squared error")[1][:200]
    assert float(table(tmp_path / "t.csv")[0]["label"]) > 0
