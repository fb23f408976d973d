"""The sample that a certificate rests on: drawn before its labels are seen, provably so, and kept out of every fit.

`draw_audit` draws, `Audit.commitment` proves what was drawn from what, `exclude_audit` and `check_never_fitted` keep the
answers of the audit away from models. What the sample says is certify.py's business.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from tawsim.core.errors import BadInput
from tawsim.truth.votes import is_null

Value = TypeVar("Value")
# Part of everything hashed: a later way of drawing gets another name, and old commitments stay checkable.
SCHEME = "tawsim-audit-1"
NAMED = 5


@dataclass(frozen=True, slots=True)
class Slice:
    """A named part of the population: `population` tasks, of which `sample` are audited."""

    name: str
    population: int
    sample: int


@dataclass(frozen=True, slots=True)
class Audit:
    """A random sample of tasks to be checked by hand.

    `tasks` (n) stand in the random order in which they are to be checked: any first part of it is itself a random sample.
    `population` is the number of tasks that it was drawn from, `seed` the seed, `asked` the size that was asked for.
    `slices` are the parts of the population (empty without slices), `slice_of` (n) the position in them of each task of
    `tasks`. `stratified`: each slice was sampled on its own. `commitment`: SHA-256 (hex) over the sorted names of all
    tasks, their slices, the seed and the size; published before the labels are looked at, it proves that the sample came
    first.
    """

    tasks: tuple[Any, ...]
    population: int
    seed: str
    asked: int
    commitment: str
    slices: tuple[Slice, ...] = ()
    slice_of: tuple[int, ...] = ()
    stratified: bool = False

    def __len__(self) -> int:
        return len(self.tasks)

    def to_state(self) -> dict[str, Any]:
        """Plain values that JSON can hold, if the names of the tasks can be held by it."""
        return {
            "scheme": SCHEME, "tasks": list(self.tasks), "population": self.population, "seed": self.seed,
            "asked": self.asked, "commitment": self.commitment, "stratified": self.stratified,
            "slices": [[one.name, one.population, one.sample] for one in self.slices], "slice_of": list(self.slice_of),
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The audit of `to_state`. Raises `BadInput` for another scheme."""
        if state.get("scheme") != SCHEME:
            raise BadInput(f"This audit was drawn by {state.get('scheme')!r}; {SCHEME} is known here.")
        return cls(
            tuple(state["tasks"]), state["population"], state["seed"], state["asked"], state["commitment"],
            tuple(Slice(*one) for one in state["slices"]), tuple(state["slice_of"]), state["stratified"],
        )  # fmt: skip


def draw_audit(
    tasks: Iterable[Any],
    n: int,
    seed: int | str,
    *,
    slices: Mapping[Any, Any] | Callable[[Any], Any] | None = None,
    stratified: bool = False,
    least: int = 1,
) -> Audit:
    """A random sample of `n` of `tasks`, without replacement; the same for the same set of tasks and seed.

    Each task's place in the random order is SHA-256 over seed and name: no generator of any library is part of the
    promise, anybody can draw the sample again in any language, and a larger `n` keeps the tasks of a smaller one. Whoever
    makes the labels must not know the seed beforehand. `slices` gives each task its slice. With `stratified` each slice is
    sampled at the rate n / N, rounded up, and has `least` tasks at the least (or all it has), so that a few more than `n`
    may come; without, the sample ignores slices, which are only reported on.

    Cost O(N log N), about 5 s for a million tasks. Raises `BadInput`: no tasks, a name that is empty or stands twice,
    `n` outside 1 … N, a task without a slice.
    """
    names = _ordered(tasks)
    if not 1 <= n <= len(names):
        raise BadInput(f"A sample of {n} cannot be drawn from {len(names)} tasks.", "Ask for 1 up to all of them.")
    if stratified and slices is None:
        raise BadInput("A stratified sample needs slices.", "Say slices={task: its slice}.")
    seed = str(seed)
    part = _slices_of(names, slices)
    ranked = sorted(names, key=lambda name: _rank(seed, name))
    ranked = _per_slice(ranked, part, n, least) if stratified else ranked[:n]
    kinds = sorted(set(part.values()))
    place = {kind: i for i, kind in enumerate(kinds)}
    slice_of = tuple(place[part[name]] for name in ranked) if part else ()
    return Audit(
        tasks=tuple(names[name] for name in ranked),
        population=len(names),
        seed=seed,
        asked=n,
        commitment=_commit(names, part, seed, n, least if stratified else 0),
        slices=_count(kinds, part, slice_of),
        slice_of=slice_of,
        stratified=stratified,
    )


def verify_audit(audit: Audit, tasks: Iterable[Any], **options: Any) -> bool:
    """Whether `audit` is what `draw_audit` draws from `tasks` with its seed and size; `options` are the slices, if any."""
    return draw_audit(tasks, audit.asked, audit.seed, **{"stratified": audit.stratified, **options}) == audit


def exclude_audit(gold: Mapping[Any, Value], audit: Audit) -> dict[Any, Value]:
    """`gold` (task → label) without the tasks of the audit: what a model may be fitted and calibrated on."""
    never = set(audit.tasks)
    return {task: label for task, label in gold.items() if task not in never}


def check_never_fitted(gold: Collection[Any], audit: Audit) -> None:
    """Raises `BadInput` that names them, if tasks of the audit are among those whose gold a model was given."""
    known = set(gold)
    used = [task for task in audit.tasks if task in known]
    if used:
        raise BadInput(
            f"{len(used)} tasks of the audit were given to the model as gold: {_listed(used)}.",
            "A certificate needs labels that were made without the audit: fit with exclude_audit(gold, audit).",
            tasks=used[:100],
        )


def _ordered(tasks: Iterable[Any]) -> dict[str, Any]:
    """Unambiguous name → task, in the order of the names."""
    found: dict[str, Any] = {}
    for row, task in enumerate(tasks, 1):
        if is_null(task):
            raise BadInput(f"Row {row} has no task.", row=row, column="task")
        name = _name(task)
        if name in found:
            raise BadInput(
                f"Row {row}: the task {task!r} stands twice.", "Name each task once.", row=row, column="task"
            )
        found[name] = task
    if not found:
        raise BadInput("There are no tasks to draw from.")
    return {name: found[name] for name in sorted(found)}


def _name(task: Any) -> str:
    """1 and "1" are two tasks; so are numpy's and Python's 1 the same one."""
    task = task.item() if hasattr(task, "item") else task
    return f"{type(task).__name__}:{task}"


def _slices_of(names: Mapping[str, Any], slices: Mapping[Any, Any] | Callable[[Any], Any] | None) -> dict[str, str]:
    """Name of the task → name of its slice; empty without slices."""
    if slices is None:
        return {}
    part: dict[str, str] = {}
    for name, task in names.items():
        found = slices.get(task) if isinstance(slices, Mapping) else slices(task)
        if is_null(found):
            raise BadInput(f"The task {task!r} has no slice.", "Every task needs one, also those not audited.")
        part[name] = str(found)
    return part


def _rank(seed: str, name: str) -> bytes:
    # The length keeps seed and name apart, whatever they hold.
    return hashlib.sha256(f"{SCHEME}\n{len(seed)}\n{seed}\n{name}".encode("utf-8", "surrogatepass")).digest()


def _per_slice(ranked: Sequence[str], part: Mapping[str, str], n: int, least: int) -> list[str]:
    """The first tasks of each slice, in the common random order."""
    sizes: dict[str, int] = {}
    for kind in part.values():
        sizes[kind] = sizes.get(kind, 0) + 1
    # Rounded up, so that no slice is sampled at a lower rate than asked: the overall bound rests on the lowest rate.
    left = {kind: min(size, max(least, -(-n * size // len(ranked)))) for kind, size in sizes.items()}
    chosen = []
    for name in ranked:
        if left[part[name]] > 0:
            left[part[name]] -= 1
            chosen.append(name)
    return chosen


def _commit(names: Iterable[str], part: Mapping[str, str], seed: str, n: int, least: int) -> str:
    digest = hashlib.sha256(f"{SCHEME}\n{len(seed)}\n{seed}\n{n}\n{least}\n".encode("utf-8", "surrogatepass"))
    for name in names:
        kind = part.get(name, "")
        digest.update(f"{len(name)} {name} {len(kind)} {kind}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _count(kinds: Sequence[str], part: Mapping[str, str], slice_of: Sequence[int]) -> tuple[Slice, ...]:
    population = dict.fromkeys(kinds, 0)
    for kind in part.values():
        population[kind] += 1
    sample = [0] * len(kinds)
    for place in slice_of:
        sample[place] += 1
    return tuple(Slice(kind, population[kind], sample[i]) for i, kind in enumerate(kinds))


def _listed(tasks: Sequence[Any]) -> str:
    more = f" and {len(tasks) - NAMED} more" if len(tasks) > NAMED else ""
    return ", ".join(repr(task) for task in tasks[:NAMED]) + more
