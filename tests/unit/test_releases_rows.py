"""The rows of an export: the file's own columns first and untouched, ours beside them, names that never clash."""

from tawsim.kinds import Choice, Choices
from tawsim.releases import Inferred, TruthShape, Vote, VoteShape

LABEL = Choice("label", labels=("إيجابي", "سلبي"))
TOPICS = Choices("topics", labels=("a", "b"))


def test_truth_row():
    shape = TruthShape([LABEL], ["id", "text"])
    assert shape.columns == ("id", "text", "tawsim_task", "label", "label_p", "label_votes", "answers")
    votes = {"label": {"سلبي": 1, "إيجابي": 2}}
    row = shape.row(1, {"id": "7", "text": "نص"}, {"label": Inferred("إيجابي", 0.98765432)}, votes, 3)
    assert row == {
        "id": "7",
        "text": "نص",
        "tawsim_task": 1,
        "label": "إيجابي",
        "label_p": 0.987654,
        "label_votes": {"إيجابي": 2, "سلبي": 1},
        "answers": 3,
    }
    assert list(row) == list(shape.columns)
    assert list(row["label_votes"]) == ["إيجابي", "سلبي"]


def test_tasks_without_an_answer_stay_and_are_counted():
    shape = TruthShape([LABEL], ["text"])
    shape.row(1, {"text": "a"}, {"label": Inferred("سلبي", 1.0)}, {"label": {"سلبي": 1}}, 1)
    row = shape.row(2, {"text": "b"}, {}, {}, 0)
    assert (row["label"], row["label_p"], row["label_votes"], row["answers"]) == (None, None, {}, 0)
    assert (shape.counts.rows, shape.counts.labelled, shape.counts.unanswered) == (2, {"label": 1}, 1)


def test_names_of_the_file_win():
    shape = TruthShape([LABEL, TOPICS], ["label_p", "answers", "tawsim_task", "tawsim_tawsim_task", "topics"])
    assert shape.columns[5:] == (
        "tawsim_tawsim_tawsim_task",
        "tawsim_label",
        "tawsim_label_p",
        "tawsim_label_votes",
        "tawsim_topics",
        "tawsim_topics_p",
        "tawsim_topics_votes",
        "tawsim_answers",
    )


def test_questions_whose_names_clash_with_each_other():
    shape = TruthShape([Choice("a", labels=("x", "y")), Choice("a_p", labels=("x", "y"))], [])
    assert len(set(shape.columns)) == len(shape.columns) == 8


def test_an_export_that_comes_in_again_keeps_its_columns():
    first = TruthShape([LABEL], ["text"])
    second = TruthShape([LABEL], first.columns)
    assert second.columns[: len(first.columns)] == first.columns
    assert len(set(second.columns)) == len(second.columns)


def test_missing_cells_stay_missing_and_what_is_nearly_certain_is_not_certain():
    shape = TruthShape([LABEL], ["a", "b"])
    row = shape.row(1, {"b": None}, {"label": Inferred("سلبي", 0.99999999)}, {}, 1)
    assert "a" not in row
    assert row["b"] is None
    assert row["label_p"] == 0.999999


def test_types_are_declared_for_our_columns_only():
    shape = TruthShape([LABEL, TOPICS], ["text"])
    assert shape.types == {
        "tawsim_task": "int",
        "answers": "int",
        "label": "text",
        "label_p": "float",
        "label_votes": "json",
        "topics": "json",
        "topics_p": "float",
        "topics_votes": "json",
    }


def test_vote_row():
    shape = VoteShape([LABEL])
    row = shape.row(Vote(1, "t-1", "سارة", "label", "سلبي", 1_700_000_000_000_001, "l-1", 2, 1))
    assert row == {
        "task": 1,
        "task_id": "t-1",
        "worker": "سارة",
        "question": "label",
        "label": "سلبي",
        "at": "2023-11-14T22:13:20.000001Z",
        "lease": "l-1",
        "guideline_version": 2,
        "version": 1,
        "schema_version": 1,
        "comment": "",
        "flag": False,
        "drawn": None,
        "fits": True,
    }
    assert tuple(row) == shape.columns
    assert VoteShape([LABEL, TOPICS]).types["label"] == "json"
