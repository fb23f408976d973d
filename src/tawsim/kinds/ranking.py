"""Ranking: candidates from the best to the last, perhaps with ties. Pure; no store, no HTTP.

An answer is a list of groups, best first, each a list of names; every candidate stands in one of them. Members of a group
are in the order of the candidates.

Truth is inferred of each pair of candidates as one part of the task, and put together by Copeland's rule. The models of
rankings (truth/ranking) would take a candidate of one name for the same thing in every row. With names made unique to each
row they order 1,000 made rows of 4 candidates, 3 workers each, with .83 of the pairs right; pairs as labels with .86.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any, Literal

from tawsim.core.records import Question
from tawsim.kinds.answers import as_list, bad, brief
from tawsim.kinds.comparing import MOST, TIE, candidates_of, known_names, read_candidates, read_format, renamed
from tawsim.kinds.distances import told_apart
from tawsim.kinds.fields import flag
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote

FIRST, SECOND = "first", "second"
BESIDE = " : "


@dataclass(frozen=True, slots=True)
class Ranking(Question):
    """All `candidates` in order; several may share a place if `ties`."""

    candidates: tuple[str, ...] = ()
    ties: bool = True
    format: Literal["text", "markdown"] = "text"
    kind: Literal["ranking"] = "ranking"


def read_ranking(data: Mapping[str, Any], common: Mapping[str, Any]) -> Ranking:
    """A `Ranking` from its JSON form."""
    return Ranking(
        **common, candidates=read_candidates(data, MOST), ties=flag(data, "ties", True), format=read_format(data)
    )


def validate_ranking(question: Ranking, answer: Any, content: Content | None = None) -> list[list[str]]:
    """The groups in canonical form. Raises `BadAnswer` for a candidate that is missing, unknown or there twice."""
    groups = as_list(question, answer, MOST, "places")
    known = known_names(question, question.candidates, content)
    place = {name: i for i, name in enumerate(known)}
    ranked: list[list[str]] = []
    for group in groups:
        if not isinstance(group, list | tuple) or not group:
            raise bad(question, f"a place is a list of candidates, not {brief(group)}.")
        for name in group:
            if not isinstance(name, str) or name not in place:
                raise bad(question, f"{brief(name)} is no candidate.", f"Expected: {', '.join(known)}.")
        if len(group) > 1 and not question.ties:
            raise bad(question, f"{len(group)} candidates share a place; ties are not allowed here.")
        ranked.append(sorted(group, key=place.__getitem__))
    _check_all(question, ranked, known, some=content is None and len(question.candidates) == 1)
    return ranked


def _check_all(question: Ranking, ranked: Sequence[Sequence[str]], known: Sequence[str], *, some: bool) -> None:
    """Raises `BadAnswer` unless each known candidate is there once; with `some`, as many of the first as there are."""
    names = [name for group in ranked for name in group]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise bad(question, f"{brief(twice)} is ranked twice.")
    wanted = known[: max(len(names), 2)] if some else known
    missing = [name for name in wanted if name not in names]
    if missing:
        raise bad(question, f"{brief(missing[0])} is not ranked.")


@told_apart
def distance_ranking(_question: Ranking, a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]) -> float:
    """Kendall's distance with ties, K with p = ½ (Fagin et al. 2004), over the number of pairs: 1 for a pair that is turned
    round, ½ for one that is tied in one answer only."""
    left, right = _places(a), _places(b)
    names = sorted(left.keys() & right.keys())
    pairs = list(combinations(names, 2))
    if not pairs or len(names) < max(len(left), len(right)):
        return 1.0
    total = sum(abs(_sign(left[y] - left[x]) - _sign(right[y] - right[x])) for x, y in pairs)
    return total / 2 / len(pairs)


def _places(groups: Sequence[Sequence[str]]) -> dict[str, int]:
    return {name: place for place, group in enumerate(groups) for name in group}


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _votes(question: Ranking, answer: Sequence[Sequence[str]]) -> Iterator[Vote]:
    """One vote for each pair, in the order of the candidates: which of the two comes first."""
    place = _places(answer)
    order = question.candidates if len(question.candidates) > 1 else sorted(place, key=int)
    for x, y in combinations(order, 2):
        label = TIE if place[x] == place[y] else FIRST if place[x] < place[y] else SECOND
        yield Vote("", f"{x}{BESIDE}{y}", label)


def assemble_ranking(question: Ranking, found: Mapping[tuple[str, str], Any]) -> list[list[str]] | None:
    """Candidates by their wins over the others, a tie being half a one (Copeland 1951). Those with as many are tied or,
    where ties are not allowed, in the order of the candidates."""
    wins: dict[str, float] = {}
    if len(question.candidates) > 1:
        parts = {f"{x}{BESIDE}{y}": (x, y) for x, y in combinations(question.candidates, 2)}
    else:
        numbers = [str(n) for n in range(1, MOST + 1)]
        parts = {f"{x}{BESIDE}{y}": (x, y) for x, y in combinations(numbers, 2)}
    for (aspect, part), label in found.items():
        if aspect or part not in parts or label is None:
            continue
        x, y = parts[part]
        won = {FIRST: 1.0, SECOND: 0.0}.get(label, 0.5)
        wins[x] = wins.get(x, 0.0) + won
        wins[y] = wins.get(y, 0.0) + 1 - won
    if not wins:
        return None
    names = question.candidates if len(question.candidates) > 1 else tuple(sorted(wins, key=int))
    order = sorted(names, key=lambda name: -wins.get(name, 0.0))
    if not question.ties:
        return [[name] for name in order]
    return [list(group) for _, group in groupby(order, key=lambda name: wins.get(name, 0.0))]


def rename_ranking(question: Ranking, answer: Any, names: Mapping[str, str]) -> Any:
    """The answer with other names for its candidates, members of a place in the order of the candidates again; what is no
    answer stays."""
    if not isinstance(answer, list | tuple) or not all(isinstance(group, list | tuple) for group in answer):
        return answer
    if not all(isinstance(name, str) for group in answer for name in group):
        return answer
    place = {name: i for i, name in enumerate(question.candidates)}
    groups = [[renamed(name, names) for name in group] for group in answer]
    return [sorted(group, key=lambda name: (place.get(name, 0), len(name), name)) for group in groups]


KINDS: dict[str, Kind] = {
    "ranking": Kind(
        read=read_ranking,
        validate=validate_ranking,
        distance=distance_ranking,
        aspects=lambda question: (Aspect("", "choice", (FIRST, TIE, SECOND) if question.ties else (FIRST, SECOND)),),
        votes=_votes,
        assemble=assemble_ranking,
        example=Example(
            Ranking("order", candidates=("answers",)),
            [["3"], ["1", "2"]],
            [["1"], ["2"], ["3"]],
            [["1"], ["2", "2"]],
            {"text": "لخّص النص", "answers": ["قصير", "أطول قليلًا", "موجز دقيق"]},
        ),
        columns=lambda question: question.candidates,
        candidates=lambda question, content: candidates_of(question.candidates, content),
        rename=rename_ranking,
    ),
}
