"""The entry point: reads the command line, runs one command, turns every error into one block and an exit code."""

import os
import sys
from collections.abc import Sequence

import typer

from tawsim.cli.options import app
from tawsim.cli.output import COULD_NOT_RUN, exit_code, show_error
from tawsim.core.errors import BadInput, TawsimError

# Importing a module adds its commands to `app`, in this order in the help; each imports what it needs when it runs.
from tawsim.cli import serving, starting, projects, data, media, changing, inferring  # noqa: F401  isort: skip
from tawsim.cli import looking, quality, tasks, many, acting, known, training, people, members, project_members  # noqa: F401  isort: skip
from tawsim.cli import endpoints, audit, progress, paying  # noqa: F401  isort: skip
from tawsim.cli import scale, scale_delivering, scale_exporting, scale_moving  # noqa: F401  isort: skip

INTERRUPTED = 130
READER_GONE = 141  # what a shell gives for a command that SIGPIPE ended


class Failed(TawsimError):
    """Something that Tawsim did not foresee."""

    code = "TW-ERROR"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code. `tawsim status | head` ends quietly, as other commands do.

    By catching the error, never with SIGPIPE's default: that would end a server whenever a browser hangs up on it.
    """
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = READER_GONE
    if code == READER_GONE:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter's own last flush would complain
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command line. `tawsim FILE.tawsim` stands for `tawsim up FILE.tawsim`."""
    _speak_utf8()
    if arguments and arguments[0].endswith(".tawsim") and not arguments[0].startswith("-"):
        arguments = ["up", *arguments]
    as_json = "--json" in arguments
    command = typer.main.get_command(app)
    try:
        code = command.main(args=arguments, prog_name="tawsim", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except TawsimError as error:
        return _tell(error, as_json)
    except typer.TyperException as error:
        return _tell(_usage(error), as_json)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (SystemExit, BrokenPipeError):  # Typer and Rich raise the first where nobody reads their output any more
        return READER_GONE
    except Exception as error:
        if os.environ.get("TAWSIM_DEBUG") == "1":
            raise
        hint = "Please report this. With TAWSIM_DEBUG=1 it shows where it happened."
        return _tell(Failed(f"Something went wrong: {type(error).__name__}: {error}", hint), as_json)


def _usage(error: typer.TyperException) -> BadInput:
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "tawsim"
    return BadInput(error.format_message(), f"See: {where} --help")


def _tell(error: TawsimError, as_json: bool) -> int:
    code = COULD_NOT_RUN if isinstance(error, Failed) else exit_code(error)
    show_error(error, code, as_json=as_json)
    return code


def _speak_utf8() -> None:
    """Arabic must not fail on a machine whose locale is plain C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
