"""The tables of a quality page, flat: one row a line, as a CSV file or a list for programs. Computes nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.releases.csv_writer import csv_chunks

Row = dict[str, Any]


def _interval(name: str, found: Mapping[str, Any] | None) -> Row:
    """A figure as three columns."""
    return {f"{name}{end}": None if found is None else found[key] for end, key in _ENDS}


_ENDS = (("", "value"), ("_low", "low"), ("_high", "high"))


def _agreement(page: Row) -> Iterator[Row]:
    for one in page["agreement"]:
        yield {
            "measure": one["measure"],
            "metric": one.get("metric", ""),
            **_interval("value", one),
            "tasks": one["tasks"],
        }


def _labels(page: Row) -> Iterator[Row]:
    for one in page["labels"]:
        yield {"label": one["label"], "answers": one["answers"], **_interval("alpha", one["agreement"])}


def _confusion(page: Row) -> Iterator[Row]:
    found = page["confusion"] or {"labels": [], "cells": []}
    for k, row in zip(found["labels"], found["cells"], strict=True):
        for other, cell in zip(found["labels"], row, strict=True):
            yield {
                "label": k,
                "other": other,
                "pairs": cell["pairs"],
                **_interval("share", cell),
                "tasks": cell["tasks"],
            }


def _mixed(page: Row) -> Iterator[Row]:
    for one in page["mixed"]:
        yield {
            "a": one["a"], "b": one["b"], "pairs": one["pairs"], "tasks": one["tasks"],
            **_interval("of_all_disagreement", one["of_all"]), **_interval("between_the_two", one["between"]),
            "sentences": " ".join(one["sentences"]["both"]),
        }  # fmt: skip


def _people(page: Row) -> Iterator[Row]:
    for one in page["people"]:
        yield {
            "name": one["name"], "kind": one["kind"], "answers": one["answers"], **_interval("agree_with_others", one["others"]),
            "truth_measure": one["truth"]["measure"] if one["truth"] else "", **_interval("truth", one["truth"]),
            "judged": one["evidence"]["n"] if one["evidence"] else 0, **_interval("judged_right", one["evidence"]),
            **_interval("seconds", one["seconds"]), "pace": one["pace"]["is"],
            "changed_at": one["change"]["at"] if one["change"] else None, **_interval("change", one["change"]),
        }  # fmt: skip


def _pairs(page: Row) -> Iterator[Row]:
    for one in page["pairs"]:
        yield {
            "one": one["names"][0], "other": one["names"][1], "shared": one["shared"], **_interval("same", one["same"]),
            **_interval("kappa", one["kappa"]),
        }  # fmt: skip


def _against_truth(page: Row) -> Iterator[Row]:
    for one in page["against_truth"]:
        yield {
            "name": one["name"], "truth": one["truth"], "said": one["said"], "n": one["n"], "of": one["of"],
            **_interval("share", one),
        }  # fmt: skip


def _slices(page: Row) -> Iterator[Row]:
    for one in page["slices"]:
        for part in one["parts"]:
            yield {
                "kind": one["kind"], "name": one["name"], "value": part.get("says", part["value"]), "tasks": part["answered"],
                "measure": page["measure"], **_interval("value_of_measure", part["agreement"]),
                **_interval("likeness", part["likeness"]),
            }  # fmt: skip


def _time(page: Row) -> Iterator[Row]:
    for one in page["time"]["points"]:
        yield {
            "from": one["from"], "to": one["to"], "tasks": one["answered"], "answers": one["answers"],
            "measure": page["measure"], **_interval("value", one["agreement"]),
        }  # fmt: skip


TABLES: Mapping[str, Callable[[Row], Iterator[Row]]] = {
    "agreement": _agreement, "labels": _labels, "confusion": _confusion, "mixed": _mixed, "people": _people, "pairs": _pairs,
    "against_truth": _against_truth, "slices": _slices, "time": _time,
}  # fmt: skip


def table_rows(page: Row, table: str) -> list[Row]:
    """The rows of one table. Raises NotFound for a table that does not exist."""
    if table not in TABLES:
        raise NotFound(f"There is no table {table[:40]!r}.", "Tables: " + ", ".join(TABLES))
    return list(TABLES[table](page))


def table_csv(page: Row, table: str) -> str:
    """One table as CSV that a spreadsheet shows and never calculates; empty but for its mark where it has no rows."""
    rows = table_rows(page, table)
    columns = list(rows[0]) if rows else ["nothing"]
    return "".join(csv_chunks(rows, columns, for_spreadsheet=True, note=lambda _rows, _formulas: None))
