"""The EM engine that calls em.c: its memory layout and nothing else.

A vote needs its row of the table twice in a step: to read log p(said | truth), and to add its task's posterior to the
counts. em.c does both while the row is in the cache: log confusion and counts lie side by side in whole cache lines, and a
row is asked of memory 32 votes before it is used. All is float64: single precision would save a third of the time above
a million votes, where the table leaves the cache, and cost half of the digits.
"""

import ctypes
import math

import numpy as np

from tawsim.truth.kernel.layout import Floats, Layout
from tawsim.truth.kernel.library import address

# The loops hold a task's weights on the stack: 24 bytes a label.
MOST_LABELS = 8192
CACHE_LINE = 64
NEVER = -1e30


class _EM(ctypes.Structure):
    """`struct em` of em.c."""

    _fields_ = (
        ("start", ctypes.c_void_p),
        ("cell", ctypes.c_void_p),
        ("table", ctypes.c_void_p),
        ("log_prior", ctypes.c_void_p),
        ("evidence", ctypes.c_void_p),
        ("per_class", ctypes.c_void_p),
        ("labels", ctypes.c_int32),
        ("blocks", ctypes.c_int32),
    )


class _Sums(ctypes.Structure):
    """`struct em_sums` of em.c."""

    _fields_ = (
        ("moved", ctypes.c_double),
        ("tops", ctypes.c_double),
        ("product", ctypes.c_double),
        ("exponent", ctypes.c_int64),
    )


class Compiled:
    """Log confusion and counts as the two halves of one table; see `EMStep`."""

    def __init__(self, votes: Layout, loops: ctypes.CDLL) -> None:
        self._votes, self._loops = votes, loops
        blocks, rows = -(-votes.labels // 4), votes.workers * votes.labels
        room = np.zeros(rows * 8 * blocks + CACHE_LINE // 8)
        skip = -(room.ctypes.data // 8) % (CACHE_LINE // 8)
        self._table = room[skip : skip + rows * 8 * blocks].reshape(rows, 8 * blocks)
        self._confusion = self._table[:, : votes.labels]
        self._counts = self._table[:, 4 * blocks : 4 * blocks + votes.labels]
        self._counts_are_zero = True
        self._log_prior, self._per_class = np.full(4 * blocks, NEVER), np.zeros(4 * blocks)
        pointers = (votes.start, votes.cells, self._table, self._log_prior, None, self._per_class)
        self._em = _EM(*(None if array is None else address(array) for array in pointers), votes.labels, blocks)

    def count(self, posterior: Floats) -> None:
        self._forget_counts()
        self._loops.tawsim_em_count(ctypes.byref(self._em), 0, self._votes.tasks, address(posterior))

    def counted(self) -> Floats:
        return self._counts.copy()

    def believe(self, log_confusion: Floats) -> None:
        self._confusion[...] = log_confusion
        self._forget_counts()
        self._counts_are_zero = True

    def log_confusion(self) -> Floats:
        return self._confusion.copy()

    def maximise(self, imagined: Floats) -> Floats:
        labels = self._votes.labels
        wide = np.ones((labels, 4 * self._em.blocks))
        wide[:, :labels] = imagined
        summed = np.zeros_like(wide)
        self._loops.tawsim_em_maximise(ctypes.byref(self._em), self._votes.workers, address(wide), address(summed))
        self._counts_are_zero = True
        return summed[:, :labels].copy()

    def expect(self, log_prior: Floats, posterior: Floats, evidence: Floats | None) -> tuple[float, float, Floats]:
        if not self._counts_are_zero:
            self._forget_counts()
        self._log_prior[: self._votes.labels] = log_prior
        self._em.evidence = None if evidence is None else address(evidence)
        sums = _Sums()
        self._loops.tawsim_em_step(ctypes.byref(self._em), 0, self._votes.tasks, address(posterior), ctypes.byref(sums))
        self._counts_are_zero = False
        log_likelihood = sums.tops + math.log(sums.product) + sums.exponent * math.log(2)
        return sums.moved / 2, log_likelihood, self._per_class[: self._votes.labels].copy()

    def _forget_counts(self) -> None:
        self._counts[...] = 0.0
        self._counts_are_zero = False
