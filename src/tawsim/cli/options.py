"""The application object, the options that several commands share, and reading them. No command stands here."""

from pathlib import Path
from typing import Annotated

import typer

# Plain help: drawing it with rich would double the time of `tawsim --help`.
app = typer.Typer(
    name="tawsim",
    help="Label data together, infer the truth, export it with a probability on every label.",
    epilog="Start with: tawsim demo, or tawsim label reviews.csv --labels positive,negative",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FILE.tawsim",
        help="The workspace. Without it: the only one in this folder, else the variable TAWSIM_WORKSPACE.",
    ),
]
Named = Annotated[str, typer.Argument(metavar="PROJECT", help="The project, by its name.")]
Project = Annotated[
    str | None, typer.Option("--project", "-p", metavar="NAME", help="The project; needed where there are several.")
]
Labels = Annotated[
    str | None, typer.Option("--labels", "-l", metavar="A,B,…", help="The labels to choose from, with commas between.")
]
Multiple = Annotated[bool, typer.Option("--multiple", help="Any number of the labels may fit, not just one.")]
Overlap = Annotated[
    int | None, typer.Option("--overlap", min=1, max=1000, metavar="K", help="How many people answer each task.")
]
Instructions = Annotated[
    Path | None, typer.Option("--instructions", metavar="FILE.md", help="Instructions for those who label (Markdown).")
]
TextColumn = Annotated[
    str | None, typer.Option("--text", metavar="COLUMN", help="The column that holds the text to label.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="csv, tsv, jsonl, json or parquet, where the file's ending says something else."),
]
Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="The port. Without it: 7373, or a free one where that is taken."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser; print the link only.")]
Force = Annotated[bool, typer.Option("--force", "--overwrite", help="Replace the file if it is there.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Filter = Annotated[
    str | None,
    typer.Option("--filter", help="The tasks: such as state:open p<0.8 tag:hard. See docs/reference/table.md."),
]
Numbers = Annotated[
    list[int] | None,
    typer.Option("--task", metavar="NUMBER", min=1, max=2**53 - 1, help="A task, by its number. Repeatable."),
]


def words(text: str) -> list[str]:
    """What an option with commas between holds; the Arabic comma is one too."""
    return [one.strip() for one in text.replace("،", ",").split(",") if one.strip()]
