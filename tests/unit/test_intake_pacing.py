"""An import among people at work takes small pieces and rests; alone it does neither."""

import time

import pytest

from tawsim.intake import pacing
from tawsim.intake.pacing import CHUNK, SMALL_CHUNK, Pace
from tawsim.workspaces.workspace import Workspace


def test_it_makes_way_only_while_others_write(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    db, rests = workspace.db, []
    monkeypatch.setattr(time, "sleep", rests.append)
    pace = Pace(db)
    db.write(lambda tx: None)  # its own piece
    pace.rest()
    assert (pace.rows, rests) == (CHUNK, [])
    for _ in range(3):  # a piece, and two submits
        db.write(lambda tx: None)
    pace.rest()
    assert pace.rows == SMALL_CHUNK
    assert len(rests) == 1
    assert 0 < rests[0] <= pacing.LONGEST_REST_S
    db.write(lambda tx: None)
    pace.rest()
    assert (pace.rows, len(rests)) == (CHUNK, 1)
