"""The bytes of a picture or a sound as they lie in the file: pieces of 1 MiB, read one at a time. Who may, is elsewhere."""

from collections.abc import Iterator

from tawsim.core.errors import Unavailable
from tawsim.store.database import Database

PIECE = 1 << 20


def pieces_of(size: int) -> int:
    """How many pieces `size` bytes lie in."""
    return -(-size // PIECE)


def read_bytes(db: Database, digest: str, start: int, stop: int) -> Iterator[bytes]:
    """The bytes from `start` up to `stop`, a piece at a time, each from a snapshot of its own: a slow reader must not
    keep the log from being folded into the file. What is named by its digest cannot change in between.

    Raises Unavailable where a piece is gone, which only a removal in this very moment explains.
    """
    while start < stop:
        number = start // PIECE
        with db.read() as tx:
            row = tx.one("media_piece_get", digest=digest, number=number)
        if row is None:
            raise Unavailable("This file was removed while it was read.", "Load the page again.")
        piece: bytes = row["bytes"][start - number * PIECE : stop - number * PIECE]
        yield piece
        start += len(piece)
