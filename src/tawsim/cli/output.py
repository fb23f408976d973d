"""What goes to the terminal: plain lines, tables, one JSON object, or an error as one block. Decides nothing.

Text that users or files gave goes through `shown`, so that nothing imported can drive the terminal. rich is imported
only where a table or a progress bar is drawn.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawsim.core.errors import Conflict, NotAllowed, TawsimError
from tawsim.core.text import for_terminal

DONE, NO, UNDECIDED, COULD_NOT_RUN = 0, 1, 2, 3
# Leaves room for no argument about where a line ends when output is a pipe or a log.
NARROWEST, WIDEST = 60, 10_000


@dataclass(slots=True)
class Output:
    """Where one command writes. With `json`, lines and tables go nowhere: the one object is all that is on stdout."""

    json: bool = False

    def say(self, *lines: str) -> None:
        """Lines for people, safe whatever they hold."""
        if not self.json:
            for line in lines:
                print(for_terminal(line), flush=True)  # noqa: T201  (the one place that prints)

    def result(self, data: dict[str, Any]) -> None:
        """The object for programs."""
        if self.json:
            print(json.dumps(data, ensure_ascii=False, default=str, allow_nan=False), flush=True)  # noqa: T201

    def note(self, *lines: str) -> None:
        """Lines about the run itself, on stderr in both forms."""
        for line in lines:
            print(for_terminal(line), file=sys.stderr)  # noqa: T201

    def agreed(self, question: str, *, beforehand: bool) -> bool:
        """Whether whoever runs the command wants it: they said so beforehand (--yes), or say so now. Nobody is asked where
        there is no terminal, nor with `json`."""
        if beforehand:
            return True
        if self.json or not sys.stdin.isatty():
            return False
        import typer

        return typer.confirm(question)

    def next(self, *commands: str) -> None:
        """What to do next."""
        self.say(*(f"next: {command}" for command in commands))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """A table. `right`: the columns of numbers, which stand to the right."""
        if self.json:
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
        for i, name in enumerate(columns):
            table.add_column(name, justify="right" if i in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(for_terminal(cell)) for cell in row))
        console = Console(highlight=False)
        if not console.is_terminal:
            # A pipe has no width; folding a name for it would only break whoever reads it. (A console measures no further
            # than its own width.)
            widest = Console(highlight=False, width=WIDEST).measure(table).maximum
            console = Console(highlight=False, width=max(NARROWEST, widest + 2))
        console.print(table)


def exit_code(error: TawsimError) -> int:
    """1 where the state says no, 3 where it could not run."""
    return NO if isinstance(error, Conflict | NotAllowed) else COULD_NOT_RUN


def show_error(error: TawsimError, code: int, *, as_json: bool) -> None:
    """One short block: what happened, what to do, the error's code. As JSON it goes to stdout."""
    if as_json:
        block = {
            "code": error.code, "message": error.message, "hint": error.hint, "details": dict(error.details),
            "exit_code": code,
        }  # fmt: skip
        print(json.dumps({"error": block}, ensure_ascii=False, default=str))  # noqa: T201
        return
    lines = [f"tawsim: {error.message}"]
    if error.hint:
        lines.append(f"  {error.hint}")
    lines.append(f"  [{error.code}]")
    print(for_terminal("\n".join(lines)), file=sys.stderr)  # noqa: T201


def command(*words: str | Path) -> str:
    """A command line that can be pasted as it stands, with a file of this folder by its name alone."""
    here = Path.cwd()
    near = [word.name if isinstance(word, Path) and word.absolute().parent == here else str(word) for word in words]
    return shlex.join(near)


def percent(p: float | None) -> str:
    """97.4 %."""
    return "–" if p is None else f"{p * 100:.1f} %"


def interval(low: float, high: float) -> str:
    """81–97 %."""
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def count(n: int, one: str, many: str) -> str:
    """“1 task”, “2,000 tasks”."""
    return f"{n:,} {one if n == 1 else many}"
