"""What `Incremental` keeps in a state: its votes with their names, and its running tables. No inference here."""

from typing import Any

from tawsim.truth.choice.ledger import Ledger
from tawsim.truth.state import settings_of
from tawsim.truth.votes import Votes

VOTES = ("task", "worker", "label", "tasks", "workers", "labels")
# Tables with a row for each worker, and what stands for all.
WORKERS = ("counts", "per_truth", "answers", "drift", "rounds")
WHOLE = ("prior", "class", "votes_at_fit", "changes", "new_label")


def kept(model: Any) -> dict[str, Any]:
    """The learned values of an `Incremental`."""
    votes = model._ledger.as_they_are()
    tasks, workers = len(votes.tasks), len(votes.workers)
    return {
        "settings_": {name: getattr(model._model, name) for name in settings_of(type(model._model))},
        **{f"{name}_": getattr(votes, name) for name in VOTES},
        **{f"{name}_": getattr(model, f"_{name}")[:workers] for name in WORKERS},
        **{f"{name}_": getattr(model, f"_{name}") for name in WHOLE},
        "swept_": None if model._current is None else model._current[0],
        "posterior_": model._posterior[:tasks],
        "vote_correlation_": model.vote_correlation_,
    }


def taken(model: Any, learned: dict[str, Any]) -> None:
    """`kept` undone. Raises `ValueError`, `KeyError` or `TypeError` for values that do not belong together."""
    votes = Votes(*(learned[f"{name}_"] for name in VOTES))
    tasks, workers, labels = len(votes.tasks), len(votes.workers), len(votes.labels)
    for codes, names in ((votes.task, tasks), (votes.worker, workers), (votes.label, labels)):
        if len(codes) != len(votes.task) or (len(codes) and not 0 <= codes.min() <= codes.max() < names):
            raise ValueError("votes and names differ")
    model._ledger = Ledger(votes)
    for name in (*WORKERS, *WHOLE):
        setattr(model, f"_{name}", learned[f"{name}_"])
    model._posterior, model.vote_correlation_ = learned["posterior_"], learned["vote_correlation_"]
    # A sweep that was under way begins anew: the votes lie in another order.
    model._current = None if learned["swept_"] is None else (int(learned["swept_"]), 0)
    shapes = [model._posterior.shape, model._class.shape, model._prior.shape]
    shapes += [getattr(model, f"_{name}").shape for name in WORKERS]
    square = (workers, labels, labels)
    if shapes != [(tasks, labels), (labels,), (labels, labels), square, square[:2], *[(workers,)] * 3]:
        raise ValueError("tables and names differ")
