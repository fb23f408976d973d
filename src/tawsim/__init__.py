"""Tawsim: people and models label data together, and the truth is inferred with a probability on every label.

    import tawsim as tw

    w = tw.label("reviews.csv", labels=["good", "bad"])     # label in the browser; Ctrl-C when done
    w = tw.open("reviews.tawsim")                           # or open what was labelled before
    w.truth().to_pandas()

Names are looked up when they are first used, so that `import tawsim` costs next to nothing. docs/reference/python.md
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_NAMES = {
    "open": ("tawsim.sdk.local", "open_file"),
    "connect": ("tawsim.sdk.remote", "connect"),
    "label": ("tawsim.sdk.label", "label"),
    "infer": ("tawsim.truth", "infer"),
    "Agreement": ("tawsim.sdk.tables", "Agreement"),
    "Item": ("tawsim.sdk.surface", "Item"),
    "Labeller": ("tawsim.sdk.surface", "Labeller"),
    "Project": ("tawsim.sdk.surface", "Project"),
    "Table": ("tawsim.sdk.tables", "Table"),
    "Truth": ("tawsim.sdk.tables", "Truth"),
    "WorkerTrust": ("tawsim.sdk.tables", "WorkerTrust"),
    "Workspace": ("tawsim.sdk.surface", "Workspace"),
    "TawsimError": ("tawsim.core.errors", "TawsimError"),
}
_ROOMS = {"truth": "tawsim.truth", "errors": "tawsim.core.errors"}
__all__ = [*_NAMES, *_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        module, attribute = _NAMES[name]
        found = getattr(importlib.import_module(module), attribute)
    elif name in _ROOMS:
        found = importlib.import_module(_ROOMS[name])
    else:
        raise AttributeError(f"module 'tawsim' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
