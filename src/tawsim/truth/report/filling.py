"""A `Result` of any kind → the `Report` that page.py draws: what fits on a page is picked here."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tawsim.truth.model import best_labels
from tawsim.truth.report.facts import (
    MOST_ITEMS,
    MOST_PICKED,
    MOST_UNCERTAIN,
    MOST_WORKERS,
    Candidate,
    Confusion,
    Family,
    Report,
    Said,
    Uncertain,
    crowd_confusion,
    label_shares,
    uncertain_tasks,
    worker_confusions,
)

if TYPE_CHECKING:
    from tawsim.truth.infer import Why
    from tawsim.truth.outcomes import Result


def report_of(found: "Result", source: str) -> Report:
    """The report on `found`, from the data called `source`."""
    p = found.p[~np.isnan(found.p)]
    votes, probability = found.votes, found.probability
    labelled = votes is not None and probability is not None
    return Report(
        source=source,
        kind=found.kind,
        kind_why=_said(found.kind_why),
        model=found.model,
        why=_said(found.why),
        tasks=len(found.tasks),
        answers=int(found.answers.sum()),
        p=p,
        workers_total=len(found.workers),
        spread=np.array([value for value in found.columns.get("sd", ()) if value is not None], float),
        labels=label_shares(votes, probability) if votes is not None and probability is not None else (),
        labels_total=len(found.labels) if labelled else 0,
        workers=tuple(sorted(found.workers, key=lambda one: -one.answers)[:MOST_WORKERS]),
        worker_measure=found.worker_measure,
        crowd=crowd_confusion(votes, probability) if votes is not None and probability is not None else None,
        picked=_picked(found),
        items=found.items[:MOST_ITEMS],
        items_total=len(found.items),
        agreement=found.agreement,
        uncertain=_uncertain(found),
        gold=found.gold,
        gold_other=found.gold_other,
        gold_tasks=found.gold_tasks,
        held_out=found.held_out,
        families=_families(found),
        effective=found.effective,
        candidates=tuple(Candidate(name, weight) for name, weight in found.candidates),
        repeated=found.repeated,
        lookalikes=found.lookalikes,
        confidence=tuple(sorted(found.confidence.items(), key=lambda one: (-one[1], one[0])))[:MOST_WORKERS],
        notes=tuple(_said(note) for note in found.notes),
    )


def _said(why: "Why") -> Said:
    return Said(why.code, why.text, why.facts)


def _picked(found: "Result") -> tuple[Confusion, ...]:
    """Those whose confusions tell most: who exchanges labels or answers at random, then who answered most."""
    if not found.confusions or found.probability is None or len(found.labels) < 2:
        return ()
    odd = {"mixes": 0, "careless": 1}
    order = sorted(
        range(len(found.workers)),
        key=lambda w: (odd.get(found.workers[w].verdict, 2), -found.workers[w].answers, found.workers[w].name),
    )
    chosen = [(found.workers[w].name, found.workers[w].answers, found.confusions[w]) for w in order[:MOST_PICKED]]
    return worker_confusions(found.labels, found.probability, chosen)


def _uncertain(found: "Result") -> tuple[Uncertain, ...]:
    if found.votes is not None and found.probability is not None:
        best, _ = best_labels(found.probability)
        top = found.probability[np.arange(len(best)), best]
        return uncertain_tasks(found.votes, found.probability, best, top)
    known = np.flatnonzero(~np.isnan(found.p))
    order = known[np.lexsort((known, found.p[known]))][:MOST_UNCERTAIN].tolist()
    label: Any = found.columns["label"]
    return tuple(
        Uncertain(str(found.tasks[t]), str(label[t]), float(found.p[t]), (), int(found.answers[t])) for t in order
    )


def _families(found: "Result") -> tuple[Family, ...]:
    return tuple(Family(members, worth) for members, worth in found.families)
