"""An import among people at work takes small pieces and rests; alone it does neither."""

import time
from concurrent.futures import Future

import pytest

from tawsim.intake import pacing
from tawsim.intake.pacing import CHUNK, SMALL_CHUNK, Pace
from tawsim.store import database
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace


def stored() -> Future[None]:
    """A piece that is stored."""
    done: Future[None] = Future()
    done.set_result(None)
    return done


def test_it_makes_way_only_while_others_write(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    db, rests = workspace.db, []
    monkeypatch.setattr(time, "sleep", rests.append)
    pace = Pace(db)
    db.write(lambda tx: None)  # its own piece
    pace.rest(stored())
    assert (pace.rows, rests) == (CHUNK, [])
    for _ in range(3):  # a piece, and two submits
        db.write(lambda tx: None)
    pace.rest(stored())
    assert pace.rows == SMALL_CHUNK
    assert len(rests) == 1
    assert 0 < rests[0] <= pacing.LONGEST_REST_S
    db.write(lambda tx: None)
    pace.rest(stored())
    assert (pace.rows, len(rests)) == (CHUNK, 1)


def test_it_makes_way_for_another_process_that_writes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    db, rests = workspace.db, []
    monkeypatch.setattr(time, "sleep", rests.append)
    other = open_workspace(workspace.path)
    pace = Pace(db)
    other.db.write(lambda tx: add_worker(tx, other.owner_id, "k", "Sami"))
    db.write(lambda tx: None)
    pace.rest(stored())
    assert (pace.rows, len(rests)) == (SMALL_CHUNK, 1)
    db.write(lambda tx: None)
    pace.rest(stored())
    assert (pace.rows, len(rests)) == (CHUNK, 1)
    other.close()


def test_beside_a_server_it_takes_small_pieces_and_hands_over_one_once_the_other_is_stored(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece: Future[None] = Future()
    monkeypatch.setattr(pacing, "is_served_elsewhere", lambda path: path == workspace.path)
    monkeypatch.setattr(pacing, "wait", lambda pieces: [one.set_result(None) for one in pieces])
    pace = Pace(workspace.db)
    assert pace.rows == SMALL_CHUNK
    pace.rest(piece)
    assert piece.done()
    assert pace.rows == SMALL_CHUNK


def test_what_a_process_writes_and_folds_itself_is_nobody_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FOLD_ROWS", 1)
    for n in range(20):
        workspace.db.write(lambda tx, n=n: add_worker(tx, workspace.owner_id, f"k{n}", f"n{n}"))  # type: ignore[misc]
    assert workspace.db.written_elsewhere == 0
