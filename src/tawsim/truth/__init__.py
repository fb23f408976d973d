"""Votes → truth: what the label is and how sure that is, what each worker is worth, how far workers agree. Usable alone.

    >>> from tawsim.truth import infer
    >>> result = infer({"task": ["a", "a", "a"], "worker": ["x", "y", "z"], "label": ["cat", "cat", "dog"]})
    >>> result.label, result.model, result.why.code
    (('cat',), 'majority', 'few_shared_tasks')

`infer(votes)` is the door for labels, `infer_any(table)` for answers of every kind. Behind them stand models with
scikit-learn's manners (`fit`, `predict`, `predict_proba`, learned values end in `_`): `Joint` and its peers here, the
others in the rooms `ordinal`, `numeric`, `ranking`, `sequences`, `text` and `regions`; `certificates` bounds the error
of the result. Votes are any table with task, worker, label. Pure arrays, NumPy only: no store, no files but a model's own
state, no clock, no chance but a seeded bootstrap.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tawsim.truth.agreement import Agreement, jaccard_distance, krippendorff_alpha
from tawsim.truth.choice.dawid_skene import DawidSkene
from tawsim.truth.choice.joint import Joint
from tawsim.truth.choice.majority import Majority
from tawsim.truth.choice.sets import SetsInference, infer_sets
from tawsim.truth.infer import MODELS, Inference, Why, choose_model, infer
from tawsim.truth.model import TruthModel
from tawsim.truth.skill import WorkerSkill, worker_skills
from tawsim.truth.state import load, save
from tawsim.truth.votes import Votes

if TYPE_CHECKING:
    from tawsim.truth.choice.bwa import BWA
    from tawsim.truth.choice.correlated import Correlated
    from tawsim.truth.choice.difficulty import Difficulty
    from tawsim.truth.choice.incremental import Incremental
    from tawsim.truth.choice.one_coin import OneCoin
    from tawsim.truth.choice.wawa import Wawa
    from tawsim.truth.door import infer_any

# Not everybody needs these, and each costs some milliseconds of the first import.
_LATER = {
    "BWA": "tawsim.truth.choice.bwa",
    "Correlated": "tawsim.truth.choice.correlated",
    "Difficulty": "tawsim.truth.choice.difficulty",
    "Incremental": "tawsim.truth.choice.incremental",
    "OneCoin": "tawsim.truth.choice.one_coin",
    "Wawa": "tawsim.truth.choice.wawa",
    "infer_any": "tawsim.truth.door",
}

__all__ = [
    "BWA",
    "MODELS",
    "Agreement",
    "Correlated",
    "DawidSkene",
    "Difficulty",
    "Incremental",
    "Inference",
    "Joint",
    "Majority",
    "OneCoin",
    "SetsInference",
    "TruthModel",
    "Votes",
    "Wawa",
    "Why",
    "WorkerSkill",
    "choose_model",
    "infer",
    "infer_any",
    "infer_sets",
    "jaccard_distance",
    "krippendorff_alpha",
    "load",
    "save",
    "worker_skills",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
