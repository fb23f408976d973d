"""What Python users get back: tables that turn into pandas, polars or pyarrow where those are there, and read well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tawsim.core.errors import BadInput
from tawsim.loop.views import ERRORS, MEASURES, measured

# What is measured of workers who give numbers.
OF_NUMBERS = ("spread", "weight")
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
    """How far people agree, with a 95 % interval: Krippendorff's alpha, or the `measure` that stands in its place (gamma of
    spans, the mean overlap of drawings, the share of words that differ)."""

    alpha: float
    low: float
    high: float
    measure: str = "alpha"


@dataclass(frozen=True, slots=True)
class WorkerTrust:
    """One worker: accuracy with its 95 % interval, and the verdict trusted, careless, mixes or unsure with its facts.

    `accuracy` is whatever `Truth.measure` names; it and its interval are None where nothing is known. `confusion`
    [truth][said], in the order of the labels; empty where answers are no labels.
    """

    id: str
    name: str
    kind: str
    answers: int
    accuracy: float | None
    low: float | None
    high: float | None
    verdict: str
    why: Mapping[str, Any]
    confusion: Sequence[Sequence[float]]


class Truth(Table):
    """The truth of a question: a row for each task with task, text, label, p, answers and votes; of numbers low and high too.

    `label` is the answer in the form of its kind (a label, a number, an object …), None where nobody has answered; `p` is
    the probability that it is right, None where its kind has none; `votes` maps every label to how many gave it, and is
    empty where answers are not counted; `low` and `high` are the 95 % interval of a number. `model` and `why` say how it
    was inferred, `workers` whom it rests on, `measure` what is measured of them, `agreement` how far they agree (None
    where that is undefined).
    """

    def __init__(self, page: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], text_column: str) -> None:
        labels = list(page["labels"])
        zeros = dict.fromkeys(labels, 0)
        self.measure: str = page.get("measure", "accuracy")
        ends = ("low", "high") if self.measure in OF_NUMBERS else ()
        super().__init__(
            ("task", "text", "label", "p", *ends, "answers", "votes"),
            [
                {
                    "task": one["seq"], "text": one["content"].get(text_column), "label": one["label"], "p": one["p"],
                    **{end: one[end] for end in ends},
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
        self.agreement = (
            None
            if found is None
            else Agreement(found["alpha"], found["low"], found["high"], found.get("measure", "alpha"))
        )
        self.workers = [_worker(one) for one in page["workers"]]

    def __repr__(self) -> str:
        labelled = self.summary["labelled"]
        lines = [f"Truth of “{self.question}”: {labelled:,} of {len(self):,} tasks have a label ({self.model})"]
        lines += _drawn(["task", "label", "p", "answers", "text"], self._rows)
        return "\n".join(lines + [self._said_of(one) for one in _best_first(self.workers, self.measure)[:SHOWN]])

    def _said_of(self, one: WorkerTrust) -> str:
        """A worker in one line."""
        if one.accuracy is None:
            return f"  {one.name}: {one.answers:,} answers"
        if self.measure == "accuracy":
            around = "" if one.low is None or one.high is None else f" (95 % sure: {one.low:.0%} to {one.high:.0%})"
            return f"  {one.name}: {one.accuracy:.0%} right{around}, {one.verdict}"
        name, share = MEASURES.get(self.measure, (self.measure, False))
        value, around = measured(one.accuracy, one.low, one.high, share=share)
        return f"  {one.name}: {name} {value}" + ("" if around == "–" else f" (95 %: {around})")


def _best_first(workers: Sequence[WorkerTrust], measure: str) -> list[WorkerTrust]:
    sign = 1 if measure in ERRORS else -1
    return sorted(workers, key=lambda one: (one.accuracy is None, sign * (one.accuracy or 0.0)))


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
