"""Votes → truth: majority and Dawid–Skene, what each worker is worth, and how far workers agree. Usable alone.

    >>> from tawsim.truth import infer
    >>> result = infer({"task": ["a", "a", "a"], "worker": ["x", "y", "z"], "label": ["cat", "cat", "dog"]})
    >>> result.label, result.model, result.why.code
    (('cat',), 'majority', 'few_shared_tasks')

`infer(votes)` is the door for most; `Majority` and `DawidSkene` have scikit-learn's manners (`fit`, `predict`,
`predict_proba`, learned values end in `_`) and stand in `MODELS`. Votes are any table with task, worker, label.
Pure arrays, NumPy only: no store, no files, no clock, no chance but a seeded bootstrap.
"""

from tawsim.truth.agreement import Agreement, jaccard_distance, krippendorff_alpha
from tawsim.truth.choice.dawid_skene import DawidSkene
from tawsim.truth.choice.majority import Majority
from tawsim.truth.choice.sets import SetsInference, infer_sets
from tawsim.truth.infer import MODELS, Inference, Why, choose_model, infer
from tawsim.truth.model import TruthModel
from tawsim.truth.skill import WorkerSkill, worker_skills
from tawsim.truth.votes import Votes

__all__ = [
    "MODELS",
    "Agreement",
    "DawidSkene",
    "Inference",
    "Majority",
    "SetsInference",
    "TruthModel",
    "Votes",
    "Why",
    "WorkerSkill",
    "choose_model",
    "infer",
    "infer_sets",
    "jaccard_distance",
    "krippendorff_alpha",
    "worker_skills",
]
