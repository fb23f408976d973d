"""`tawsim quality`: figures for people and one object for programs."""

import json
from pathlib import Path

import pytest
from quality_world import Said, quality_world

from tawsim.cli.main import run
from tawsim.workspaces.workspace import Workspace

CHOICE = [{"kind": "choice", "name": "label", "labels": ["good", "bad"]}]


def test_the_command_says_what_the_page_shows(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quality_world(workspace, CHOICE, [{"text": str(i)} for i in range(9)], 3, guideline="Good is never bad.")
    name, path = world.project.name, Path(workspace.path)
    monkeypatch.chdir(path.parent)
    assert run(["quality", name, "-w", str(path)]) == 2
    assert "Nobody has answered yet." in capsys.readouterr().out
    world.say(
        Said(t, w, {"label": "bad" if t % 2 or (w == 1 and t == 2) else "good"}) for t in range(1, 10) for w in range(3)
    )
    assert run(["quality", name, "-w", str(path)]) == 0
    said = capsys.readouterr().out
    assert "27 answers to 9 tasks, 9 with two or more" in said
    assert "Krippendorff's α (nominal) 0.85" in said
    assert "Good is never bad." in said
    assert "good / bad" in said
    assert run(["quality", name, "-w", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["answers"] == 27
    assert run(["quality", name, "-w", str(path), "--question", "none"]) == 3
