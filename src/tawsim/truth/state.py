"""What a fitted model knows, as plain values and as a file: `to_state`, `from_state`, `save`, `load`, and
`to_bytes`, `from_bytes` of whatever holds some. No model lives here.

A model's settings are the keywords of its constructor, kept under the same names; what it learned are its attributes
that end in an underscore (and do not begin with one). A model that keeps it otherwise has `_keep_state`, which gives
such a dict, and `_take_state`, which takes it back. A state is a dict of

    format "tawsim.truth", version, model (its class within tawsim.truth), settings {name: value}, learned {name: value}

whose values are NumPy arrays, text, numbers, None, and tuples, lists and dicts of these; a model within a model is its
own state. A file is an .npz of those arrays with one more, `state`, the rest as JSON. Nothing is pickled, and `load`
looks for classes in tawsim.truth only, so a file from a stranger can be wrong but runs nothing.
"""

import importlib
import inspect
import io
import json
import math
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadFile, BadInput

FORMAT = "tawsim.truth"
VERSION = 1
FIELDS = {"format", "version", "model", "settings", "learned"}
ROOM = "tawsim.truth."
A_CLASS = re.compile(r"[a-z_]+(\.[a-z_0-9]+)*\.[A-Z]\w*")
# What NumPy, zipfile and json raise for bytes that are not theirs, and for theirs cut short or altered.
DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)
Arrays = dict[str, NDArray[Any]]


class Restorable:
    """Gives a model `to_state` and `from_state`; see the head of this module for what it must keep to."""

    def to_state(self) -> dict[str, Any]:
        """What was set and learned, as NumPy arrays and plain values. Raises `BadInput` before the first fit."""
        return to_state(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The model that gave `state`. Raises `BadInput` for the state of another model, or a damaged one."""
        model = from_state(state, cls)
        assert isinstance(model, cls)
        return model


def to_state(model: Any) -> dict[str, Any]:
    """The state of a fitted `model`; arrays are copies. Raises `BadInput` where nothing was learned yet."""
    own = getattr(model, "_keep_state", None)
    learned = own() if own else {name: value for name, value in vars(model).items() if _is_learned(name)}
    if not learned:
        raise BadInput(f"This {type(model).__name__} has learned nothing yet.", "Call fit first.")
    settings = {name: getattr(model, name) for name in settings_of(type(model))}
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": _name(type(model)),
        "settings": _plain(settings),
        "learned": _plain(learned),
    }


def from_state(state: Any, kind: type | None = None) -> Any:
    """The model that gave `state`; with `kind`, it must be that class. Raises `BadInput` otherwise."""
    if not _is_state(state):
        raise BadInput("This is not the state of a truth model.", "to_state() of a fitted model gives one.")
    if state["version"] != VERSION:
        raise BadInput(f"The state has version {state['version']!r}; this program reads version {VERSION}.")
    if kind is not None and state["model"] != _name(kind):
        raise BadInput(f"The state is of a {str(state['model'])[:80]}, not of a {kind.__name__}.")
    kind = _class(state["model"]) if kind is None else kind
    settings, learned = state["settings"], state["learned"]
    if not isinstance(settings, Mapping) or not isinstance(learned, Mapping) or not all(map(_is_learned, learned)):
        raise BadInput("The state is damaged: its settings or learned values cannot be used.")
    unknown = set(settings) - set(settings_of(kind))
    missing = _must_learn(kind) - set(learned)
    if unknown or missing:
        raise BadInput(f"The state is damaged: unknown {sorted(unknown)}, missing {sorted(missing)}.")
    try:
        model = kind(**{name: _restored(value) for name, value in settings.items()})
    except TypeError as error:  # text where a number belongs
        raise BadInput(f"The state is damaged: {error}.") from None
    values = {name: _restored(value) for name, value in learned.items()}
    own = getattr(model, "_take_state", None)
    if own is None:
        for name, value in values.items():
            setattr(model, name, value)
        return model
    try:
        own(values)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"The state is damaged: its learned values cannot be used ({error}).") from None
    return model


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted `model` to `path` (.npz by custom), whole or not at all; the same model gives the same bytes.

    Raises `BadInput` before the first fit, or where a learned value is of a kind that cannot be written (named).
    """
    arrays = _as_arrays(to_state(model))
    part = Path(f"{os.fspath(path)}.{os.urandom(6).hex()}.part")  # its own: another may be saved there at this moment
    try:
        with part.open("xb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Any:
    """The model that `save` wrote. Raises `BadFile`, a `BadInput`, for a missing, foreign or damaged file."""
    name = os.fspath(path)
    try:
        with np.load(name, allow_pickle=False) as file:
            state = _of_arrays({key: file[key] for key in file.files})
    except FileNotFoundError:
        raise BadFile("There is no such file.", file=name) from None
    except DAMAGE as error:
        reason = f"This is not the saved state of a truth model, or it is damaged ({type(error).__name__})."
        raise BadFile(reason, "save(model, path) writes one.", file=name) from None
    try:
        return from_state(state)
    except BadFile:
        raise
    except BadInput as error:
        raise BadFile(error.message, error.hint, file=name) from None


def to_bytes(value: Any) -> bytes:
    """Arrays, plain values and fitted models, in tuples, lists and dicts as deep as you like, as the bytes of one file.
    Raises `BadInput` for anything else, named."""
    file = io.BytesIO()
    np.savez(file, **_as_arrays(_plain(value)))  # type: ignore[arg-type]
    return file.getvalue()


def from_bytes(data: bytes | bytearray) -> Any:
    """`to_bytes` undone. Raises `BadInput` for other bytes."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return _restored(_of_arrays({key: file[key] for key in file.files}))
    except DAMAGE as error:
        raise BadInput(f"These are not the bytes that were wanted ({type(error).__name__}).") from None


def _as_arrays(value: Any) -> Arrays:
    """The arrays of a file: those in `value`, and the rest as JSON."""
    arrays: Arrays = {}
    text = json.dumps(_packed(value, arrays, "state"), ensure_ascii=False, allow_nan=False)
    return arrays | {"state": np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)}


def _of_arrays(arrays: Arrays) -> Any:
    return _unpacked(json.loads(arrays["state"].tobytes().decode("utf-8", "surrogatepass")), arrays)


# ---- classes and their names
def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix(ROOM)


def _class(name: Any) -> type:
    """The class called `name` within tawsim.truth; nothing else is ever imported."""
    if isinstance(name, str) and A_CLASS.fullmatch(name):
        module, _, attribute = name.rpartition(".")
        try:
            found = getattr(importlib.import_module(ROOM + module), attribute, None)
        except ImportError:
            found = None
        if isinstance(found, type) and (hasattr(found, "fit") or hasattr(found, "_take_state")):
            return found
    raise BadInput(f"There is no truth model {str(name)[:80]!r}.", "It may come from another version of the program.")


def settings_of(kind: type) -> list[str]:
    """Keywords of the constructor."""
    found = inspect.signature(kind).parameters.values()
    return [one.name for one in found if one.kind is one.KEYWORD_ONLY]


def _must_learn(kind: type) -> set[str]:
    """Learned values that the class declares without a default."""
    declared = {name for base in kind.__mro__ for name in inspect.get_annotations(base)}
    return {name for name in declared if _is_learned(name) and not hasattr(kind, name)}


def _is_learned(name: Any) -> bool:
    return isinstance(name, str) and name.isidentifier() and name.endswith("_") and not name.startswith("_")


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == FIELDS and value["format"] == FORMAT


# ---- values in memory
def _plain(value: Any) -> Any:
    """A copy of `value` with models as their states."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple | list):
        if all(type(one) in (str, int, float, bool) for one in value):
            return type(value)(value) if type(value) in (tuple, list) else tuple(value)
        copied = [_plain(one) for one in value]
        return tuple(copied) if isinstance(value, tuple) else copied
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return to_state(value) if hasattr(value, "to_state") else value


def _restored(value: Any) -> Any:
    """`_plain` undone."""
    if _is_state(value):
        return from_state(value)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple | list):
        if all(type(one) in (str, int, float, bool) for one in value):
            return value if isinstance(value, tuple) else list(value)
        restored = [_restored(one) for one in value]
        return tuple(restored) if isinstance(value, tuple) else restored
    return {key: _restored(one) for key, one in value.items()} if isinstance(value, dict) else value


# ---- values in a file. JSON knows neither tuples nor arrays nor infinity: each is an object with one key
def _packed(value: Any, arrays: Arrays, where: str) -> Any:
    """`value` as JSON can hold it; its arrays are put into `arrays`. `where` names it in errors."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic) and not isinstance(value, np.str_):
        value = value.item()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple | list):
        fast = all(type(one) in (str, int, bool) for one in value)
        cells = list(value) if fast else [_packed(one, arrays, where) for one in value]
        return {"tuple" if isinstance(value, tuple) else "list": cells}
    if isinstance(value, dict):
        pairs = [[_packed(key, arrays, where), _packed(one, arrays, str(key))] for key, one in value.items()]
        return {"dict": pairs}
    raise BadInput(f"{where} holds a {type(value).__name__}, which cannot be written to a file.")


def _unpacked(value: Any, arrays: Arrays) -> Any:
    """`_packed` undone. Raises `ValueError` or `KeyError` for anything else."""
    if not isinstance(value, dict | list):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError("an object with one key was wanted")
    ((tag, inner),) = value.items()
    if tag == "array":
        return arrays[inner]
    if tag == "float":
        return float(inner)
    if tag == "dict":
        return {_unpacked(key, arrays): _unpacked(one, arrays) for key, one in inner}
    if tag not in ("tuple", "list") or not isinstance(inner, list):
        raise ValueError(f"{tag!r} is not known")
    cells = [_unpacked(one, arrays) for one in inner] if any(type(one) is dict for one in inner) else inner
    return tuple(cells) if tag == "tuple" else cells
