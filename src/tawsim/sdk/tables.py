"""What Python users get back: tables that turn into pandas, polars or pyarrow where those are there, and read well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tawsim.core.errors import BadInput

SHOWN = 8
WIDE = 48


class Table:
    """Columns and rows. `to_dicts` needs nothing; the others need their library installed."""

    def __init__(self, columns: Sequence[str], rows: list[Mapping[str, Any]]) -> None:
        self.columns = list(columns)
        self._rows = rows

    def to_dicts(self) -> list[dict[str, Any]]:
        """A list of plain dictionaries."""
        return [dict(row) for row in self._rows]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame."""
        try:
            import pandas
        except ImportError:
            raise _missing("pandas") from None
        return pandas.DataFrame({name: self._column(name) for name in self.columns})

    def to_polars(self) -> Any:
        """A polars.DataFrame."""
        try:
            import polars
        except ImportError:
            raise _missing("polars") from None
        return polars.DataFrame({name: self._column(name) for name in self.columns}, strict=False)

    def to_pyarrow(self) -> Any:
        """A pyarrow.Table."""
        try:
            import pyarrow
        except ImportError:
            raise _missing("pyarrow") from None
        return pyarrow.table({name: self._column(name) for name in self.columns})

    def _column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._rows)

    def __getitem__(self, place: int) -> Mapping[str, Any]:
        return self._rows[place]

    def __repr__(self) -> str:
        return "\n".join([f"{len(self):,} rows", *_drawn(self.columns, self._rows)])


class Agreement(NamedTuple):
    """Krippendorff's alpha with its 95 % interval."""

    alpha: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WorkerTrust:
    """One worker: accuracy with its 95 % interval, and the verdict trusted, careless, mixes or unsure with its facts.

    `confusion` [truth][said], in the order of the labels.
    """

    id: str
    name: str
    kind: str
    answers: int
    accuracy: float
    low: float
    high: float
    verdict: str
    why: Mapping[str, Any]
    confusion: Sequence[Sequence[float]]


class Truth(Table):
    """The truth of a question: a row for each task with task, text, label, p, answers and votes.

    `label` is None where nobody has answered; `p` is the probability that the label is right; `votes` maps every label
    to how many gave it. `model` and `why` say how it was inferred, `workers` whom it rests on, `agreement` how far they
    agree (None where that is undefined).
    """

    def __init__(self, page: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], text_column: str) -> None:
        labels = list(page["labels"])
        zeros = dict.fromkeys(labels, 0)
        super().__init__(
            ("task", "text", "label", "p", "answers", "votes"),
            [
                {
                    "task": one["seq"], "text": one["content"].get(text_column), "label": one["label"], "p": one["p"],
                    "answers": one.get("answers", sum(one["votes"].values())), "votes": zeros | one["votes"],
                }
                for one in tasks
            ],
        )  # fmt: skip
        self.question: str = page["question"]
        self.labels: list[str] = labels
        self.model: str = page["model"]
        self.why: str = page["why"]
        self.summary: Mapping[str, Any] = page["summary"]
        found = page["agreement"]
        self.agreement = None if found is None else Agreement(found["alpha"], found["low"], found["high"])
        self.workers = [_worker(one) for one in page["workers"]]

    def __repr__(self) -> str:
        labelled = self.summary["labelled"]
        lines = [f"Truth of “{self.question}”: {labelled:,} of {len(self):,} tasks have a label ({self.model})"]
        lines += _drawn(["task", "label", "p", "answers", "text"], self._rows)
        for one in sorted(self.workers, key=lambda one: -one.accuracy)[:SHOWN]:
            lines.append(
                f"  {one.name}: {one.accuracy:.0%} right (95 % sure: {one.low:.0%} to {one.high:.0%}), {one.verdict}"
            )
        return "\n".join(lines)


def _worker(one: Mapping[str, Any]) -> WorkerTrust:
    worker = one["worker"]
    return WorkerTrust(
        worker["id"], worker["name"], worker["kind"], one["answers"], one["accuracy"], one["low"], one["high"],
        one["verdict"], one["why"], one["confusion"],
    )  # fmt: skip


def _drawn(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first rows as aligned text."""
    cells = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows[:SHOWN])]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    ]
    return [*lines, f"  … {len(rows) - SHOWN:,} more"] if len(rows) > SHOWN else lines


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    text = " ".join(str(value).split())
    return text if len(text) <= WIDE else text[: WIDE - 1] + "…"


def _missing(library: str) -> BadInput:
    return BadInput(f"{library} is not installed.", f"Install it, or use to_dicts(): python -m pip install {library}")
