"""What workers do at each true state: their tables, the crowd's, and the prior of both. Counts in, probabilities out.

At each token a worker does one thing u: 0 leaves it outside, 1 goes on with the open span, 2 + x begins a span of type x.
What they do depends on the true state k and on their own position g: 0 no span open, 1 the open one fits the state (its
type, or any type where the state is outside or nothing), 2 it is of another type.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.kernel import GroupedSum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
POSITIONS = 3
# What a worker is expected to do before any answer is seen, as shares [outside, goes on, begins the right type, begins
# another]: careful people who overlook a third and who mostly keep to the bounds. Rows: state's role; columns: position g.
OUTSIDE, BEGINS, INSIDE, NOTHING, NOTHING_INSIDE = range(5)
EXPECTED = np.array(
    [
        # nothing open         the open span fits    another type is open
        [[0.95, 0.0, 0.0, 0.05], [0.9, 0.05, 0.0, 0.05], [0.9, 0.05, 0.0, 0.05]],  # outside
        [[0.3, 0.0, 0.6, 0.1], [0.3, 0.1, 0.5, 0.1], [0.3, 0.1, 0.5, 0.1]],  # a span begins
        [[0.6, 0.0, 0.3, 0.1], [0.1, 0.8, 0.05, 0.05], [0.2, 0.5, 0.2, 0.1]],  # a span goes on
        [
            [0.6, 0.0, 0.0, 0.4],
            [0.6, 0.2, 0.0, 0.2],
            [0.6, 0.2, 0.0, 0.2],
        ],  # something that only looks like a span begins
        [[0.7, 0.0, 0.0, 0.3], [0.3, 0.6, 0.0, 0.1], [0.3, 0.6, 0.0, 0.1]],  # and goes on
    ]
)
# These expectations count as this many answers of the whole crowd for each row: they decide only where there is nothing.
EXPECTED_WEIGHT = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Doings:
    """What was done at each token of each answer, M in all: `token` (M,), and `cell` (M,) which of the C different
    (worker, type of the open span or -1, done) it is, with these three as `worker`, `open`, `done` (C,)."""

    token: Ints
    cell: Ints
    worker: Ints
    open: Ints
    done: Ints
    tokens: int
    workers: int
    types: int

    def states(self) -> int:
        """1 + 2 (types + 1): the last type is “nothing”, which looks like a span and is none."""
        return 3 + 2 * self.types


def doings(
    token: Ints, worker: Ints, code: Ints, first: NDArray[np.bool_], tokens: int, sizes: tuple[int, int]
) -> Doings:
    """From tags in the order of tokens within each answer, `code` 0 outside, 1 + x begins, 1 + X + x goes on.

    `first` marks the first token of each answer; `sizes` are (workers, types). A tag that goes on with a type that is not
    open begins a span.
    """
    workers, types = sizes
    kind = np.where(code == 0, -1, (code - 1) % max(types, 1))
    before = np.concatenate(([-1], kind[:-1]))
    opened = np.where(first, -1, before)
    goes_on = (code > types) & (opened == kind)
    done = np.where(code == 0, 0, np.where(goes_on, 1, 2 + kind))
    key = (worker * (types + 1) + opened + 1) * (types + 2) + done
    cells, cell = np.unique(key, return_inverse=True)
    rest = cells // (types + 2)
    return Doings(
        token=token,
        cell=cell.reshape(-1).astype(np.int64),
        worker=rest // (types + 1),
        open=rest % (types + 1) - 1,
        done=cells % (types + 2),
        tokens=tokens,
        workers=workers,
        types=types,
    )


class Crowd:
    """The E and M steps of the workers' tables; `table` (W, 3, S, U) is p(done | worker, position, state)."""

    def __init__(self, data: Doings, worker_strength: float, type_strength: float) -> None:
        self._strength = worker_strength, type_strength
        states, done = data.states(), data.types + 2
        state = np.arange(states)
        kind = np.where(state == 0, -1, (state - 1) % (data.types + 1))
        fits = (data.open[:, None] == kind) | (kind == -1) | (kind == data.types)
        position = np.where(data.open[:, None] < 0, 0, np.where(fits, 1, 2))
        self._where = ((data.worker[:, None] * POSITIONS + position) * states + state) * done + data.done[:, None]
        self._shape = (data.workers, POSITIONS, states, done)
        self._to_token = GroupedSum(data.token, data.cell, data.tokens)
        self._to_cell = GroupedSum(data.cell, data.token, len(data.worker))
        role = np.where(state == 0, OUTSIDE, np.where(state <= data.types + 1, BEGINS, INSIDE))
        role[[data.types + 1, 2 * data.types + 2]] = NOTHING, NOTHING_INSIDE
        # Of what is done, what it is relative to the state: 0 outside, 1 goes on, 2 begins its type, 3 begins another.
        act = np.arange(done)
        relative = np.where(act < 2, act, np.where(act - 2 == kind[:, None], 2, 3))
        self._role, self._relative = role, relative
        self._alike = (relative[:, :, None] == relative[:, None, :]).sum(axis=2)
        share = EXPECTED.transpose(1, 0, 2)[:, role]
        self.table = np.broadcast_to(self._spread(share), self._shape)
        self.typical = self._spread(share)

    def log_weight(self) -> Floats:
        """Σ_w log p(done by w | state) of each token and state, (N, S)."""
        log_table = np.log(np.maximum(self.table, 1e-12)).ravel()
        return self._to_token(log_table[self._where])

    def learn(self, state: Floats) -> None:
        """The most probable tables given the states' probabilities (N, S); see `SequenceTruth` for the prior."""
        per_worker, per_type = self._strength
        weight = self._to_cell(state)
        counts = np.bincount(self._where.ravel(), weight.ravel(), int(np.prod(self._shape))).reshape(self._shape)
        total = counts.sum(axis=0)
        self.typical = _shares(total + per_type * self._spread(self._tied(total)))
        self.table = _shares(counts + per_worker * self.typical)

    def _tied(self, total: Floats) -> Floats:
        """Shares [position, state, relative] that all types have in common, from counts (3, S, U)."""
        tied = EXPECTED_WEIGHT * EXPECTED.transpose(1, 0, 2)
        for g in range(POSITIONS):
            cell = self._role[:, None] * 4 + self._relative
            tied[g] += np.bincount(cell.ravel(), total[g].ravel(), tied[g].size).reshape(tied[g].shape)
        return _shares(tied)[:, self._role]

    def _spread(self, share: Floats) -> Floats:
        """Relative shares (3, S, 4) over what can be done, evenly among those alike, (3, S, U)."""
        spread = np.take_along_axis(share, np.broadcast_to(self._relative, (POSITIONS, *self._relative.shape)), axis=2)
        return _shares(spread / self._alike)


def _shares(counts: Floats) -> Floats:
    shares: Floats = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-300)
    return shares
