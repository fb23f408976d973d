"""Which drawings mean the same object: correlation clustering with at most one drawing a worker in each cluster.

Maximises the sum of (similarity - threshold) over the pairs that share a cluster. Groups whose members are all alike are
settled exactly and at once in arrays; the others by joining the most alike first and then moving and exchanging single
drawings while the sum rises. Deterministic; knows nothing of boxes, so that spans can be aligned by it too.
"""

import heapq
import math

import numpy as np

from tawsim.truth.regions.objects import Floats, Ints

# A gain below this is rounding.
TINY = 1e-12
# Passes over all drawings of a group; each must raise the sum, and three are rarely needed.
MAX_PASSES = 20
# Drawings in a tangled group beyond which it is joined once and not improved, as that takes time with the cube.
LARGE = 200
Weights = list[dict[int, float]]


def match(worker: Ints, i: Ints, j: Ints, weight: Floats, absent: float) -> Ints:
    """The cluster of each of n drawings, (n,), numbered by first member.

    `weight` (p,) of the pairs i < j (all of two workers), positive for alike; other pairs of two workers have the weight
    `absent`, below 0.
    """
    count = len(worker)
    alike = weight > 0
    group = _components(count, i[alike], j[alike])
    size = np.bincount(group, minlength=count)
    edges = np.bincount(group[i[alike]], minlength=count)
    hard = edges != size * (size - 1) // 2  # a clique has all its pairs, so no two drawings of one worker either
    cluster = group.copy()
    if hard.any():
        members = np.flatnonzero(hard[group])
        inside = np.flatnonzero(hard[group[i]] & (group[i] == group[j]))
        _split_hard(cluster, group, members, inside, worker, i, j, weight, absent)
    return np.unique(cluster, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _components(count: int, i: Ints, j: Ints) -> Ints:
    """The least member of each drawing's connected group, (count,)."""
    least = np.arange(count)
    while True:
        before = least.copy()
        low = np.minimum(least[i], least[j])
        np.minimum.at(least, i, low)
        np.minimum.at(least, j, low)
        least = least[least]
        if np.array_equal(before, least):
            return least


def _split_hard(
    cluster: Ints,
    group: Ints,
    members: Ints,
    inside: Ints,
    worker: Ints,
    i: Ints,
    j: Ints,
    weight: Floats,
    absent: float,
) -> None:
    """Write into `cluster` the clusters of the groups that are not simply one."""
    members = members[np.argsort(group[members], kind="stable")]
    inside = inside[np.argsort(group[i[inside]], kind="stable")]
    bounds = np.flatnonzero(np.diff(group[members], prepend=-1, append=-1))
    starts = np.searchsorted(group[i[inside]], group[members[bounds[:-1]]])
    ends = np.append(starts[1:], len(inside))
    for low, high, first, last in zip(
        bounds[:-1].tolist(), bounds[1:].tolist(), starts.tolist(), ends.tolist(), strict=True
    ):
        own = members[low:high]
        place = {m: k for k, m in enumerate(own.tolist())}
        links: Weights = [{} for _ in place]
        pairs = inside[first:last]
        for a, b, w in zip(i[pairs].tolist(), j[pairs].tolist(), weight[pairs].tolist(), strict=True):
            links[place[a]][place[b]] = links[place[b]][place[a]] = w
        found = best_clusters(worker[own].tolist(), links, absent)
        first_of: dict[int, int] = {}
        for k, c in enumerate(found):
            cluster[own[k]] = own[first_of.setdefault(c, k)]


def best_clusters(worker: list[int], links: Weights, absent: float, opening: float = 0.0) -> list[int]:
    """The cluster of each drawing, maximising Σ weights within clusters - `opening` × number of clusters.

    `links[a][b]` is the weight of a pair, `absent` that of pairs of two workers not listed; two drawings of one worker
    never share a cluster. Local improvement of three starts (joined by the greatest gain a pair, by the greatest gain,
    and not at all), the best of them: exact on almost all groups that people draw, see the tests.
    """
    best, found = -math.inf, list(range(len(worker)))
    if len(worker) > LARGE:  # a heap of drawings, where the choice of start no longer matters
        return _joined(worker, links, absent, opening, True)
    for start in (_joined(worker, links, absent, opening, True), _joined(worker, links, absent, opening, False), found):
        cluster = list(start)
        passes = 0
        while _improved(cluster, worker, links, absent, opening) and passes < MAX_PASSES:
            passes += 1
        value = _value(cluster, links, absent, opening)
        if value > best + TINY:
            best, found = value, cluster
    return found


def _value(cluster: list[int], links: Weights, absent: float, opening: float) -> float:
    members: dict[int, list[int]] = {}
    for k, c in enumerate(cluster):
        members.setdefault(c, []).append(k)
    return sum(sum(_tie(u, own, links, absent) for u in own) / 2 for own in members.values()) - opening * len(members)


def _joined(worker: list[int], links: Weights, absent: float, opening: float, by_pair: bool) -> list[int]:
    """Join the two clusters with the greatest gain (`by_pair`: gain a pair), until no join gains."""
    count = len(worker)
    sums: list[dict[int, float]] = [dict(row) for row in links]
    listed: list[dict[int, int]] = [dict.fromkeys(row, 1) for row in links]  # pairs behind each sum
    members: list[list[int]] = [[k] for k in range(count)]
    who: list[set[int]] = [{w} for w in worker]
    version = [0] * count
    heap: list[tuple[float, int, int, int, int]] = []

    def propose(a: int, b: int) -> None:
        if who[a].isdisjoint(who[b]):
            pairs = len(members[a]) * len(members[b])
            gain = opening + sums[a][b] + absent * (pairs - listed[a][b])
            if gain > TINY:
                low, high = min(a, b), max(a, b)
                heapq.heappush(heap, (-gain / pairs if by_pair else -gain, low, high, version[low], version[high]))

    for a in range(count):
        for b in links[a]:
            if a < b:
                propose(a, b)
    while heap:
        _, a, b, at_a, at_b = heapq.heappop(heap)
        if version[a] != at_a or version[b] != at_b:
            continue
        members[a] += members[b]
        who[a] |= who[b]
        version[a] += 1
        version[b] = -1
        for c, value in sums[b].items():
            del sums[c][b]
            pairs_listed = listed[c].pop(b)
            if c != a:
                sums[a][c] = sums[c][a] = sums[a].get(c, 0.0) + value
                listed[a][c] = listed[c][a] = listed[a].get(c, 0) + pairs_listed
        members[b] = []
        for c in sums[a]:
            propose(a, c)
    cluster = [0] * count
    for c, own in enumerate(members):
        for k in own:
            cluster[k] = c
    return cluster


def _improved(cluster: list[int], worker: list[int], links: Weights, absent: float, opening: float) -> bool:
    """One pass of best moves: to another cluster, to one of its own, or exchanged with its worker's drawing there."""
    members: dict[int, list[int]] = {}
    for k, c in enumerate(cluster):
        members.setdefault(c, []).append(k)
    changed = False
    for u in range(len(cluster)):
        home = cluster[u]
        stay = _tie(u, members[home], links, absent)
        alone = len(members[home]) == 1
        best, target, swapped = TINY, home, -1
        if not alone and -stay - opening > best:
            best, target = -stay - opening, -1
        for c in sorted({cluster[v] for v in links[u]} - {home}):
            rival = next((v for v in members[c] if worker[v] == worker[u]), -1)
            there = [v for v in members[c] if v != rival]
            gain = _tie(u, there, links, absent) - stay
            if rival >= 0:
                others = [v for v in members[home] if v != u]
                gain += _tie(rival, others, links, absent) - _tie(rival, there, links, absent)
            elif alone:
                gain += opening
            if gain > best:
                best, target, swapped = gain, c, rival
        if target == home:
            continue
        changed = True
        if target == -1:
            target = next(c for c in range(len(cluster) + 1) if not members.get(c))
        members[home].remove(u)
        members.setdefault(target, []).append(u)
        cluster[u] = target
        if swapped >= 0:
            members[target].remove(swapped)
            members[home].append(swapped)
            cluster[swapped] = home
    return changed


def _tie(u: int, others: list[int], links: Weights, absent: float) -> float:
    """Sum of the weights between u and `others`, u itself left out."""
    row = links[u]
    return sum(row.get(v, absent) for v in others if v != u)
