"""Finds and loads the compiled loops (em.c), or says that there are none. Nothing here knows what they compute.

The library lies beside this file, made by hatch_build.py where there was a C compiler. It is called through ctypes: no
Python headers, any Python version, and other threads run on meanwhile. `TAWSIM_KERNEL=numpy` in the environment leaves
it unused.
"""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What em.c must answer: raised with every change of a signature or a layout, so that an old library is never called.
ABI = 1
FILE = Path(__file__).with_name("tawsim_kernel.so")
# Zeros behind every list of rows: the loops ask memory for rows this far ahead.
AHEAD = 32
LARGEST = 2**31 - 1
_POINTER, _WHOLE = ctypes.c_void_p, ctypes.c_int64
_SIGNATURES: dict[str, tuple[type, ...]] = {
    "tawsim_em_step": (_POINTER, _WHOLE, _WHOLE, _POINTER, _POINTER),
    "tawsim_em_count": (_POINTER, _WHOLE, _WHOLE, _POINTER),
    "tawsim_em_maximise": (_POINTER, _WHOLE, _POINTER, _POINTER),
    "tawsim_grouped": (_POINTER, _POINTER, _WHOLE, _POINTER, _WHOLE, _POINTER),
    "tawsim_order": (_POINTER, _WHOLE, _WHOLE, _POINTER, _POINTER, _POINTER),
}


def name() -> str:
    """Which loops are in use: "c" or "numpy"."""
    return "numpy" if library() is None else "c"


def library() -> ctypes.CDLL | None:
    """The compiled loops, or None where they are missing, of another version, or not wanted."""
    return None if os.environ.get("TAWSIM_KERNEL", "").strip().lower() == "numpy" else load(FILE)


@cache
def load(path: Path) -> ctypes.CDLL | None:
    """The library at `path` with its functions typed; None if it cannot be used."""
    if not path.is_file():
        return None
    try:
        found = ctypes.CDLL(str(path))
        found.tawsim_kernel_abi.restype = ctypes.c_int32
        if found.tawsim_kernel_abi() != ABI:
            return None
        for function, arguments in _SIGNATURES.items():
            getattr(found, function).argtypes = arguments
            getattr(found, function).restype = None
    except (OSError, AttributeError):  # of another machine, cut short, or no library of ours
        return None
    return found


def address(array: NDArray[Any]) -> int:
    """Where the numbers of a contiguous array begin. The caller keeps the array alive."""
    if not array.flags.c_contiguous:
        raise ValueError("the compiled loops take contiguous arrays only")
    return int(array.ctypes.data)


def padded(rows: NDArray[Any]) -> NDArray[np.int32]:
    """`rows` as int32 with `AHEAD` zeros behind."""
    wide = np.zeros(len(rows) + AHEAD, np.int32)
    wide[: len(rows)] = rows
    return wide
