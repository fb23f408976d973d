"""Sentences about a result in the language of the page, from their codes and facts. Plain text; no markup, no drawing."""

from collections.abc import Mapping
from typing import Any

from tawsim.truth.report.facts import Said
from tawsim.truth.report.words import Words

MOST_NAMED = 6


def sentence(prefix: str, said: Said, words: Words) -> str:
    """`said` by its code; in English, and for codes without words, its own text."""
    return words(f"{prefix}_{said.code}", why=said.text, **_places(said.facts, words))


def why_model(said: Said, words: Words) -> str:
    """Why this model; of a model that averages others also which of them weighs most, and what the votes are worth."""
    parts = [words(f"model_why_{said.code}", why=said.text)]
    if words.language != "en" and "gold_left_aside" in said.facts:
        parts.append(words("gold_left_aside"))
    if words.language != "en" and "best" in said.facts:
        best = str(said.facts["best"])
        member = words(f"member_{best}") if words.has(f"member_{best}") else best
        places = _places({**said.facts, "best": member}, words)
        parts.append(words("joint_by_gold" if said.facts.get("gold") else "joint_by_hidden", **places))
        parts.append(words("joint_worth", **places))
        if said.facts.get("copies"):
            parts.append(words("joint_copies", **places))
    return " ".join(parts)


def percent(value: float, digits: int = 0) -> str:
    """A share in per cent."""
    return f"{value * 100:.{digits}f} %"


def _places(facts: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Facts as they stand in a sentence: names isolated by characters, as markup cannot stand inside the words."""
    found = {}
    for name, value in facts.items():
        if isinstance(value, list | tuple):
            shown = [f"\u2068{one}\u2069" for one in value[:MOST_NAMED]] + (["…"] if len(value) > MOST_NAMED else [])
            found[name] = words("comma").join(shown)
        elif name == "share":
            found[name] = percent(value)
        elif isinstance(value, float):
            found[name] = f"{value:.2f}" if name == "weight" else f"{value:.1f}"
        else:
            found[name] = f"{value:,}" if isinstance(value, int) else str(value)
    return found
