"""What the answers to one question say of single people: agreement with others and with the truth, speed, change over time, and
who agrees with whom. Nobody is called anything on an interval that is too wide to say so.
"""

from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np

from tawsim.core.records import Worker
from tawsim.labelling.evidence import Tally
from tawsim.loop.quality_figures import number, share_json
from tawsim.loop.quality_look import Floats, Ints, Look
from tawsim.truth.agreement.drift import ALARM, Change, change_beside, find_change, holm
from tawsim.truth.agreement.grouped import confusion_counts
from tawsim.truth.agreement.people import people_pairs
from tawsim.truth.agreement.shares import Shares, mean_shares, median_interval, wilson

# Fewer answers than this say nothing about how fast somebody is.
LEAST_TIMED = 20
# Nobody reads a task and answers it in less, in seconds; and a share of the others' usual time that is worth a look.
LEAST_TO_READ = 1.0
MUCH_FASTER = 1 / 3
MOST_PAIRS = 200
LEAST_SHARED = 5
MOST_PEOPLE = 500
# Cells of the people × truth × said table, 8 bytes each.
MOST_CELLS = 8_000_000
Person = dict[str, Any]


def people(
    look: Look, known: Mapping[str, Worker], tallies: Mapping[tuple[str, str], Tally]
) -> tuple[list[Person], dict[str, Any]]:
    """Everybody who answered, most answers first (of very many, the first 500); and what was looked at for change."""
    workers = len(look.held.workers)
    answers = np.bincount(look.worker, minlength=workers)
    order = [int(i) for i in np.argsort(-answers, kind="stable") if answers[i] and look.held.workers[i] in known]
    order = order[:MOST_PEOPLE]
    heard = np.isfinite(look.others)
    others, compared = mean_shares(look.others[heard], look.worker[heard], workers)
    trusted = {one.worker: one for one in look.truth.workers}
    by_worker = _places_by_worker(look, workers)
    changes, tested = _changes(look, order, by_worker)
    seconds = {i: median_interval(look.seconds[by_worker[i]]) for i in order}
    usual = _usual_seconds({i: seconds[i][0] for i in order if answers[i] >= LEAST_TIMED}, order)
    rest = _theirs(others, answers, order)
    found = []
    for i in order:
        name = look.held.workers[i]
        skill, tally = trusted.get(name), tallies.get((name, "label"))
        person: Person = {
            "worker": known[name].id, "name": known[name].name, "kind": known[name].kind, "answers": int(answers[i]),
            "compared": int(compared[i]), "others": share_json(others, i),
            "truth": None if skill is None else {
                "measure": look.truth.measure, "value": number(skill.accuracy), "low": number(skill.low),
                "high": number(skill.high), "judged": skill.judged, "verdict": skill.verdict,
            },
            "evidence": None if tally is None else _judged(tally),
            "seconds": dict(zip(("value", "low", "high"), map(number, seconds[i]), strict=True)),
            "change": changes.get(i), "behind": {"of": "person", "worker": known[name].id},
        }  # fmt: skip
        person["pace"] = _pace(person, usual[i], rest[i])
        found.append(person)
    return found, tested


def _judged(tally: Tally) -> dict[str, Any]:
    """What judged answers say: the score of those that chance chose, and what was looked at for a reason."""
    score, looked = tally.score, tally.looked
    return {
        "n": score.n, "right": number(score.right), "value": number(score.mean), "low": number(score.low),
        "high": number(score.high), "looked": {"n": looked.n, "right": number(looked.right)},
    }  # fmt: skip


def _places_by_worker(look: Look, workers: int) -> list[Ints]:
    """Of each worker the places of their answers, in the order of time."""
    order = np.argsort(look.at, kind="stable")
    worker = look.worker[order]
    by_worker = order[np.argsort(worker.astype(np.int16) if workers < 2**15 else worker, kind="stable")]
    ends = np.concatenate(([0], np.cumsum(np.bincount(look.worker, minlength=workers))))
    return [by_worker[ends[i] : ends[i + 1]] for i in range(workers)]


# ---- speed ----------------------------------------------------------------------------------------------------------
def _usual_seconds(own: Mapping[int, float], order: list[int]) -> dict[int, float]:
    """Of each person, the median of the others' medians; NaN for who is alone."""
    found = {}
    for i in order:
        rest = [value for j, value in own.items() if j != i]
        found[i] = median(rest) if rest else float("nan")
    return found


def _theirs(others: Shares, answers: Ints, order: list[int]) -> dict[int, float]:
    """Of each person, how far the answers of all the others agree, on average; NaN for who is alone."""
    known = [j for j in order if np.isfinite(others.value[j])]
    total = float(answers[known] @ others.value[known])
    many = int(answers[known].sum())
    found = dict.fromkeys(order, total / many if many else float("nan"))
    for i in known:
        left = many - int(answers[i])
        found[i] = (total - answers[i] * float(others.value[i])) / left if left else float("nan")
    return found


def _pace(person: Person, usual: float, theirs: float) -> dict[str, Any]:
    """How fast somebody is, in a word: `unread` (no one reads a task in that time), `hasty` (much faster than the others, and
    agrees less), `fast` (much faster, and does not), `usual`, or `few` answers."""
    seconds, high = person["seconds"], person["others"]["high"]
    facts = {"seconds": seconds["value"], "usual": number(usual)}
    if person["answers"] < LEAST_TIMED or seconds["value"] is None:
        return {"is": "few", **facts}
    less = bool(high is not None and high < theirs)
    facts |= {"theirs": number(theirs), "less": less}
    if seconds["high"] < LEAST_TO_READ:
        return {"is": "unread", **facts}
    if seconds["high"] < MUCH_FASTER * usual:
        return {"is": "hasty" if less else "fast", **facts}
    return {"is": "usual", **facts}


# ---- change over time -----------------------------------------------------------------------------------------------
def _changes(look: Look, order: list[int], by_worker: list[Ints]) -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """Of each person whose agreement changed, when and by how much; and of all of them together.

    Looked for in the likeness to the truth (where that is unknown, to the other answers) on tasks that others answered too.
    Somebody is named if the change is none that chance makes in anybody of the team at 5 % (Holm), and is not that of
    everybody at that time: the difference from the others' change has an interval without 0.
    """
    value = np.where(np.isfinite(look.score), look.score, look.others)
    heard = np.isfinite(look.others) & np.isfinite(value)
    series = {i: by_worker[i][heard[by_worker[i]]] for i in order}
    found = {i: change for i in order if (change := find_change(value[series[i]])) is not None}
    per_task = np.bincount(look.task[heard], value[heard], len(look.seqs))
    many = np.bincount(look.task[heard], minlength=len(look.seqs))
    tasks = np.flatnonzero(many)
    tasks = tasks[np.argsort(look.last_at[tasks], kind="stable")]
    whole = find_change(per_task[tasks] / many[tasks])
    p = holm([change.p for change in found.values()] + ([whole.p] if whole is not None else []))
    changes = {}
    for (i, change), adjusted in zip(found.items(), p, strict=False):
        if adjusted >= ALARM:
            continue
        rows = series[i]
        moment = int(look.at[rows[change.at]])
        rest = heard & (look.worker != i)
        early = rest & (look.at < moment)
        beside, low, high = change_beside(change, value[early], value[rest & ~early])
        if low > 0 or high < 0:
            changes[i] = _change_json(change, moment, adjusted) | {
                "beside": number(beside), "beside_low": number(low), "beside_high": number(high),
            }  # fmt: skip
    everybody = None
    if whole is not None and p[-1] < ALARM:
        everybody = _change_json(whole, int(look.last_at[tasks[whole.at]]), p[-1])
    return changes, {"tested": len(p), "people": len(found), "alarm": ALARM, "everybody": everybody}


def _change_json(change: Change, moment: int, p: float) -> dict[str, Any]:
    named = ("before", "after", "low", "high")
    return {
        "at": moment, **{name: number(getattr(change, name)) for name in named},
        "value": number(change.after - change.before), "p": float(f"{p:.3g}"), "n": change.n,
    }  # fmt: skip


# ---- with whom, and with the truth ----------------------------------------------------------------------------------
def pairs_of_people(look: Look, known: Mapping[str, Worker]) -> list[dict[str, Any]]:
    """Cohen's kappa of the pairs of people who share the most tasks, five at least, the lowest first."""
    if look.coding not in ("nominal", "ordinal") or not len(look.task):
        return []
    here = np.array([name in known for name in look.held.workers])
    found = people_pairs(
        look.task, look.worker, look.code.astype(np.int64), len(look.held.workers), len(look.labels), most=MOST_PAIRS,
        least=LEAST_SHARED,
    )  # fmt: skip
    listed = []
    for q in range(len(found.first)):
        i, j = int(found.first[q]), int(found.second[q])
        if not (here[i] and here[j]):
            continue
        one, other = known[look.held.workers[i]], known[look.held.workers[j]]
        listed.append({
            "one": one.id, "other": other.id, "names": [one.name, other.name], "shared": int(found.shared[q]),
            "same": {"value": number(found.same[q]), "low": number(found.same_low[q]), "high": number(found.same_high[q])},
            "kappa": None if np.isnan(found.kappa[q]) else {
                "value": number(found.kappa[q]), "low": number(found.low[q]), "high": number(found.high[q]),
            },
            "behind": {"of": "pair", "worker": one.id, "other": other.id},
        })  # fmt: skip
    return sorted(listed, key=lambda one: (one["kappa"] is None, (one["kappa"] or {}).get("value", 0), -one["shared"]))


def against_truth(look: Look, known: Mapping[str, Worker]) -> list[dict[str, Any]]:
    """For each person the labels they take for another most often: of the tasks whose truth is k, the share that they called
    l. The truth is the likeliest label; it rests on the answer itself too."""
    workers, labels = len(look.held.workers), len(look.labels)
    best = truth_codes(look)
    if best is None or workers * labels * labels > MOST_CELLS:
        return []
    judged = (best[look.task] >= 0) & np.isfinite(look.others)
    table = confusion_counts(
        look.worker[judged], best[look.task[judged]], look.code[judged].astype(np.int64), workers, labels
    )
    truths = table.sum(axis=2)
    wrong = table.copy()
    wrong[:, np.arange(labels), np.arange(labels)] = 0
    found = []
    for i, name in enumerate(look.held.workers):
        if name not in known or not wrong[i].any():
            continue
        cells = np.argsort(-wrong[i], axis=None, kind="stable")[:3]
        for k, said in zip(*np.unravel_index(cells, wrong[i].shape), strict=True):
            if wrong[i, k, said]:
                shares = wilson(wrong[i, k, said] / truths[i, k], truths[i, k])
                found.append({
                    "worker": known[name].id, "name": known[name].name, "truth": look.labels[k], "said": look.labels[said],
                    "n": int(wrong[i, k, said]), "of": int(truths[i, k]), **share_json(shares),
                    "behind": {"of": "person", "worker": known[name].id, "a": look.labels[k], "b": look.labels[said]},
                })  # fmt: skip
    return sorted(found, key=lambda one: (-one["n"], one["name"]))


def truth_codes(look: Look) -> Ints | None:
    """The place of each task's likeliest label, (T,), -1 where there is none; None for answers that are no labels."""
    if look.coding not in ("nominal", "ordinal") or not look.truth.probabilities.shape[1]:
        return None
    places = {label: i for i, label in enumerate(look.labels)}
    column = np.array([places.get(label, -1) for label in look.truth.labels], np.int64)
    rows = look.truth.places(look.seqs.tolist()).astype(np.int64)
    best = look.truth.probabilities.argmax(axis=1)
    return np.where(rows >= 0, column[best[np.where(rows >= 0, rows, 0)]], -1) if len(best) else np.full(len(rows), -1)


def probabilities(look: Look) -> Floats:
    """How sure the truth of each task is, (T,); 0 where it has none."""
    rows = look.truth.places(look.seqs.tolist()).astype(np.int64)
    if not len(look.truth.p):
        return np.zeros(len(rows))
    return np.nan_to_num(np.where(rows >= 0, look.truth.p[np.where(rows >= 0, rows, 0)], 0.0))
