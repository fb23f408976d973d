"""What would help: of all that the figures of one question show, the few things worth doing first. Codes and facts; words are for
whoever shows them. Nothing is advised on an interval that is too wide to say so.
"""

from typing import Any

Help = dict[str, Any]
MOST_HELPS = 8
# Below this an agreement beyond chance is too low to draw conclusions (Krippendorff, "Content Analysis", 2004, p. 241).
LEAST_ALPHA = 0.667
# An interval wider than this leaves most questions open.
WIDE = 0.2
# A pair of labels that makes less than this of all disagreement is not worth a sentence.
LEAST_SHARE = 0.1
LEAST_TASKS = 30


def helps(page: dict[str, Any]) -> list[Help]:
    """In the order of what they would change."""
    found = [*_labels(page), *_people(page), *_slices(page), *_whole(page)]
    return sorted(found, key=lambda one: -one["weight"])[:MOST_HELPS]


def _labels(page: dict[str, Any]) -> list[Help]:
    found = []
    for one in page["mixed"]:
        low = one["of_all"]["low"]
        if low is None or low < LEAST_SHARE:
            continue
        code = "sentence_wanted" if not one["sentences"]["both"] else "sentence_unclear"
        facts = {"a": one["a"], "b": one["b"], **one["of_all"]}
        found.append({"code": code, "facts": facts, "behind": one["behind"], "weight": one["of_all"]["value"]})
    return found


def _people(page: dict[str, Any]) -> list[Help]:
    found = []
    total = sum(one["answers"] for one in page["people"]) or 1
    for one in page["people"]:
        share = one["answers"] / total
        pace, change = one["pace"], one["change"]
        if pace["is"] in ("unread", "hasty"):
            facts = {"name": one["name"], **pace, **one["others"], "share": round(share, 4)}
            found.append({"code": pace["is"], "facts": facts, "behind": one["behind"], "weight": 1 + share})
        if change is not None and change["value"] < 0:
            facts = {"name": one["name"], **change}
            found.append({"code": "got_worse", "facts": facts, "behind": one["behind"], "weight": 0.5 + share})
    return found


def _slices(page: dict[str, Any]) -> list[Help]:
    found = []
    for one in page["slices"]:
        for part in one["parts"]:
            own = part["agreement"]
            if part["lower"] and own["tasks"] >= LEAST_TASKS:
                facts = {"kind": one["kind"], "name": one["name"], "value": part["value"], "agreement": own}
                found.append({"code": "slice_lower", "facts": facts, "behind": part["behind"], "weight": 0.4})
    return found


def _whole(page: dict[str, Any]) -> list[Help]:
    found = []
    first = page["agreement"][0] if page["agreement"] else None
    counts = page["counts"]
    if counts["answers"] and not counts["compared"]:
        return [{"code": "overlap_wanted", "facts": dict(counts), "behind": {"of": "all"}, "weight": 2.0}]
    if first is not None and first["low"] is not None:
        if first["high"] - first["low"] > WIDE:
            # An interval narrows with the root of the number of tasks.
            times = ((first["high"] - first["low"]) / WIDE) ** 2
            more = int(first["tasks"] * (times - 1)) + 1
            found.append(
                {"code": "more_answers", "facts": {**first, "more": more}, "behind": {"of": "all"}, "weight": 0.3}
            )
        if first["measure"] == "alpha" and first["high"] < LEAST_ALPHA:
            found.append(
                {"code": "alpha_low", "facts": {**first, "least": LEAST_ALPHA}, "behind": {"of": "all"}, "weight": 0.45}
            )
    everybody = page["change"]["everybody"]
    if everybody is not None and everybody["value"] < 0:
        found.append({"code": "all_got_worse", "facts": everybody, "behind": {"of": "all"}, "weight": 0.48})
    return found
