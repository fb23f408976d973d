"""`tawsim label`, `up` and `demo`: everything that ends in a page in the browser."""

import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import address_of, link, new_secrets, of_people, opened
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import AlreadyRunning


@app.command("label")
def label(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON Lines, JSON list or Parquet; or gzipped.")
    ],
    labels: options.Labels = None,
    text: options.TextColumn = None,
    format: options.Format = None,
    overlap: options.Overlap = None,
    multiple: options.Multiple = False,
    instructions: options.Instructions = None,
    port: options.Port = None,
    no_browser: options.NoBrowser = False,
    as_name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Your name, as others will see it.")
    ] = None,
    json: options.Json = False,
) -> int:
    """Label a file in the browser. Makes FILE.tawsim beside it; run again, it goes on where it stopped."""
    from tawsim.cli.labelling import prepare

    out = Output(json)
    prepared = prepare(
        out, file, labels=labels, text=text, overlap=overlap, multiple=multiple, instructions=instructions, owner=as_name,
        format=format,
    )  # fmt: skip
    out.say(*prepared.lines)
    return _serve(
        out, [prepared.path], host="127.0.0.1", port=port, browser=not no_browser, facts=prepared.facts,
        afterwards=command("tawsim", "label", file),
    )  # fmt: skip


@app.command("up")
def up(
    place: Annotated[
        Path, typer.Argument(metavar="[FOLDER|FILE.tawsim]", help="A workspace, or a folder of them.")
    ] = Path(),
    new: Annotated[
        bool, typer.Option("--new", help="Make FILE.tawsim where there is none; projects are begun in the browser.")
    ] = False,
    host: options.Host = "127.0.0.1",
    port: options.Port = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A further name by which browsers may reach this server."),
    ] = None,
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="URL",
            help="How people reach this server through a proxy, such as https://label.example.org.",
        ),
    ] = "",
    allow_outgoing: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-outgoing",
            metavar="HOST:PORT",
            help="A private place that owners of several workspaces may name for webhooks, callbacks and attachments.",
        ),
    ] = None,
    no_browser: options.NoBrowser = False,
    json: options.Json = False,
) -> int:
    """Serve a workspace, or all of a folder, and open the browser. `tawsim FILE.tawsim` does the same."""
    from tawsim.workspaces.workspace import workspace_files

    out = Output(json)
    if new and not place.exists():
        with opened(place, create=True):
            out.note(f"Made {place.name}: empty, its first project is begun in the browser.")
    files = of_people(workspace_files(place))
    return _serve(
        out,
        files,
        host=host,
        port=port,
        browser=not no_browser,
        facts={},
        afterwards=command("tawsim", "up", place),
        allow_hosts=allow_host or [],
        allow_outgoing=allow_outgoing or [],
        address=address,
    )


@app.command("demo")
def demo(port: options.Port = None, no_browser: options.NoBrowser = False, json: options.Json = False) -> int:
    """Look around in a finished small world.

    Real texts in Arabic and English, simulated people. Needs no key and no network; Ctrl-C removes it.
    """
    from tawsim.loop.demo import build_demo

    out = Output(json)
    folder = Path(tempfile.mkdtemp(prefix="tawsim-demo-"))
    try:
        with _stoppable():
            out.note("Making a small world …")
            path = build_demo(folder)
            lines, facts = _demo_story(path)
            return _serve(
                out, [path], host="127.0.0.1", port=port, browser=not no_browser, facts=facts, demo=True, story=lines
            )
    except KeyboardInterrupt:
        return DONE
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        out.note("The demo was removed.")


def _demo_story(path: Path) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, Any]]:
    """For each project its name and truth: for the terminal, and for --json."""
    from tawsim.loop.overview import list_projects
    from tawsim.loop.truths import forget_truths, project_truth, truth_summary

    with opened(path) as workspace:
        found = [
            (project.name, truth_summary(project_truth(workspace.db, project.id), workspace.db))
            for project in list_projects(workspace.db)
        ]
        forget_truths(workspace.db)
    return found, {"projects": [{"name": name, **truth} for name, truth in found], "simulated": True}


def _serve(
    out: Output,
    files: Sequence[Path],
    *,
    host: str,
    port: int | None,
    browser: bool,
    facts: dict[str, Any],
    afterwards: str = "",
    demo: bool = False,
    allow_hosts: Sequence[str] = (),
    allow_outgoing: Sequence[str] = (),
    address: str = "",
    story: Sequence[tuple[str, dict[str, Any]]] = (),
) -> int:
    """Serve until Ctrl-C; or, where another process serves the file already, make a link into that one."""
    from tawsim.server.run import serve

    def ready(links: dict[str, str]) -> None:
        stopper.serving = True
        _tell_story(out, story)
        out.result({**facts, "workspaces": [str(file) for file in files], "links": links, "running": True})
        for name, url in links.items():
            out.say(f"{name} is ready. Open this link (it works once):", f"  {url}")
        out.say("Stop with Ctrl-C.")

    try:
        with _stoppable() as stopper:
            try:
                serve(
                    files,
                    host=host,
                    port=port,
                    allow_hosts=allow_hosts,
                    allow_outgoing=allow_outgoing,
                    address=address,
                    open_browser=browser,
                    demo=demo,
                    on_ready=ready,
                )
            except AlreadyRunning:
                if len(files) > 1:
                    raise
                return _join(out, files[0], browser=browser, facts=facts)
    except KeyboardInterrupt:
        pass
    if not demo:
        out.say("", f"Stopped. All answers are in {', '.join(file.name for file in files)}.")
        out.next(afterwards, command("tawsim", "export", "-w", files[0], "-o", "labels.csv"))
    return DONE


def _join(out: Output, file: Path, *, browser: bool, facts: dict[str, Any]) -> int:
    """A new one-time link into the server that has the file already."""
    address, running = address_of(file)
    if not running:  # it stopped just now
        raise AlreadyRunning(f"{file.name} was being served a moment ago.", "Try again.")
    with opened(file) as workspace:
        [secret] = new_secrets(workspace, "launch", [workspace.owner_id])
    url = link(address, secret)
    out.result({**facts, "workspaces": [str(file)], "links": {file.stem: url}, "running": True, "joined": True})
    out.say(f"{file.name} is being served already, at {address}. A new link into it (it works once):", f"  {url}")
    if browser:
        import webbrowser

        webbrowser.open(url)
    return DONE


def _tell_story(out: Output, story: Sequence[tuple[str, dict[str, Any]]]) -> None:
    from tawsim.cli.trust import show_truth

    for name, found in story:
        show_truth(out, name, found)
        out.say("")
    if story:
        people = count(sum(len(found["workers"]) for _, found in story), "person", "people")
        out.say(f"These {people} are simulated; the texts are real (AJGT, AFL-3.0; BANKING77, CC-BY-4.0).", "")


@dataclass(slots=True)
class _Stopper:
    """`serving` while the server runs, which has its own way to stop at a signal."""

    serving: bool = False


@contextmanager
def _stoppable() -> Iterator[_Stopper]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that what it made is put away.

    The server stops by itself at SIGINT and SIGTERM and then raises the signal again, which must not tear down what is
    still closing; SIGHUP (the terminal was shut) it does not know.
    """
    stopper = _Stopper()

    def stop(number: int, _frame: FrameType | None) -> None:
        if not stopper.serving:
            raise KeyboardInterrupt
        if number == signal.SIGHUP:
            signal.raise_signal(signal.SIGTERM)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
