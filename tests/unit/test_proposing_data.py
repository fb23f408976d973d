"""What is proposed for real files. They lie outside the repository: TAWSIM_DATA names their folder."""

import os
from pathlib import Path
from typing import Any

import pytest

from tawsim.intake import open_rows
from tawsim.intake.proposing import propose_file
from tawsim.intake.proposing_tokens import spans_of_tags, text_of_tokens

CROWD = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
FOLDER = CROWD.parent if CROWD.name == "crowd" else CROWD
# file → layout, direction, column of the text, kind, number of labels (None: it asks for none)
KNOWN: dict[str, tuple[str, str, str, str, int | None]] = {
    "text/ag_news.csv.gz": ("choice", "ltr", "text", "choice", 4),
    "text/ajgt.csv.gz": ("choice", "rtl", "text", "choice", 2),
    "text/arbanking77.csv.gz": ("choice", "rtl", "text", "choice", 77),
    "text/banking77.csv.gz": ("choice", "ltr", "text", "choice", 77),
    "text/arsarcasm.csv.gz": ("choice", "rtl", "text", "choice", 3),
    "text/astd.csv.gz": ("choice", "rtl", "text", "choice", 4),
    "text/davidson_hate.csv.gz": ("choice", "ltr", "text", "choice", 3),
    "text/md_agreement.jsonl.gz": ("choice", "ltr", "text", "choice", 2),
    "text/mpold.csv.gz": ("choice", "rtl", "text", "choice", 2),
    "text/offenseval2020_ar.csv.gz": ("choice", "rtl", "text", "choice", 2),
    "text/trec6.csv.gz": ("choice", "ltr", "text", "choice", 6),
    "text/trec_ws.jsonl.gz": ("choice", "ltr", "text", "choice", 6),
    "text/tubespam_ws.jsonl.gz": ("choice", "ltr", "text", "choice", 2),
    "text/wnut17_ner.jsonl.gz": ("spans", "ltr", "text", "spans", 6),
    "text/wojood_sample_ner.jsonl.gz": ("spans", "rtl", "text", "spans", 21),
    "text/cifar10n_labels.csv.gz": ("nothing", "ltr", "id", "choice", 10),
    "judgements/pandalm_human3.jsonl.gz": ("pairwise", "ltr", "instruction", "pairwise", None),
    "judgements/gsm8k_model_solutions.jsonl.gz": ("demonstration", "ltr", "question", "text", None),
    "judgements/arabic_mmlu_questions.jsonl.gz": ("choice", "rtl", "text", "choice", 4),
    "judgements/arabic_culture_true_false.jsonl.gz": ("choice", "rtl", "question", "choice", 2),
    "judgements/arabic_mmlu_answers.csv.gz": ("nothing", "ltr", "subject", "choice", 4),
    "judgements/alpacaeval1/battles.csv.gz": ("nothing", "ltr", "model", "choice", 3),
}
MISSING = [name for name in KNOWN if not (FOLDER / name).is_file()]
if MISSING:
    pytest.skip(f"{len(MISSING)} files are not in {FOLDER}: set TAWSIM_DATA", allow_module_level=True)


@pytest.mark.parametrize("name", KNOWN)
def test_a_real_file_is_proposed_as_a_person_would(name: str) -> None:
    found, _ = propose_file(FOLDER / name)
    layout, direction, text, kind, labels = KNOWN[name]
    assert (found.layout.code, found.direction, found.layout.text_column) == (layout, direction, text)
    assert [one["kind"] for one in found.questions] == [kind]
    assert len(found.questions[0].get("labels", ())) == (labels or 0)


def role(name: str) -> dict[str, Any]:
    return {one.column: one.role for one in propose_file(FOLDER / name)[0].columns}


def test_what_surrounds_a_text_is_told_from_what_is_judged() -> None:
    assert role("text/arsarcasm.csv.gz") == {
        "id": "id", "split": "surroundings", "label": "label", "text": "text", "original_sentiment": "label",
        "sarcasm": "label", "dialect": "label", "source": "surroundings",
    }  # fmt: skip
    found, _ = propose_file(FOLDER / "text/arsarcasm.csv.gz")
    every = next(one for one in found.alternatives if one.code == "all_labels")
    assert [one["name"] for one in every.questions] == ["label", "sarcasm", "dialect", "original_sentiment"]


def test_nobody_is_shown_what_others_answered() -> None:
    found, _ = propose_file(FOLDER / "judgements/pandalm_human3.jsonl.gz")
    assert [block["column"] for block in found.content] == ["instruction", "input"]
    assert found.questions[0]["candidates"] == ["response1", "response2"]
    votes = [one.column for one in found.columns if one.role == "votes"]
    assert votes == ["annotator1", "annotator2", "annotator3", "judge_gpt35", "judge_pandalm7b"]


def test_tags_of_real_sentences_are_spans_of_the_joined_text() -> None:
    seen = 0
    for name in ("text/wnut17_ner.jsonl.gz", "text/wojood_sample_ner.jsonl.gz"):
        for _, row in open_rows(FOLDER / name).rows():
            text, _ = text_of_tokens(row["tokens"])
            spans = spans_of_tags(row["tokens"], row["tags"])
            assert all(text[one["start"] : one["end"]] == one["text"] for one in spans)
            assert len(spans) == sum(tag.startswith("B-") for tag in row["tags"]) or any(
                tag.startswith("I-") for tag in row["tags"]
            )
            seen += len(spans)
    assert seen > 5_000
