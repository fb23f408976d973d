"""`tawsim scale …`: the group of commands for programs that speak Scale's API. Its commands for moving are in scale_moving.py."""

import typer

from tawsim.cli.options import app

scale_app = typer.Typer(help="Programs that were written for Scale AI: their keys, moving in.", no_args_is_help=True)
app.add_typer(scale_app, name="scale", rich_help_panel=None)
