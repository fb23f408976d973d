"""Boxes, polygons and keypoints on made images: what fusing gains over one good worker and over majority with means.

    python benchmarks/truth/regions.py [--images 400] [--seeds 3] [--speed 10000] [--log FILE.md]

No shared set has several people's drawings, so the world is made, and on purpose not by the model's own law: objects
differ in how easily they are seen and how sharp their edges are, errors have gross ones among them and grow with size^0.8,
false objects sit on places that lure several workers at once. Workers: good, sloppy and loose, one kind that takes the
corner for the centre, and spammers. crowd-kit's masks (majority, EM, RASA) are measured in the same run where it can be
imported: on one object at a time, of which the matching is given to it, as it has none.

F1 .5/.75: matched one to one with the truth by IoU. IoU: mean over all true objects, 0 where missed. ECE: of p over
clusters in 10 bins, a cluster being right where its shape has IoU .5 with an object of its own. Coverage: of the 95 %
intervals of coordinates, objects found at IoU .5. For keypoints IoU reads closeness exp(-d²/2(.1 size)²).
"""

import argparse
import importlib.util
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tawsim.truth.regions import Boxes, Keypoints, Polygons
from tawsim.truth.regions.overlap import Rings, box_iou, polygon_iou

LABELS = ("car", "cat", "person", "شجرة")
WIDE, HIGH = 1000.0, 750.0
NAMES = ("head", "neck", "left hand", "right hand", "hip", "left foot", "right foot")
POSE = np.array([[0.5, 0.05], [0.5, 0.2], [0.1, 0.5], [0.9, 0.5], [0.5, 0.55], [0.3, 0.98], [0.7, 0.98]])
KEYPOINT_SCALE = 0.1


class Kind(NamedTuple):
    """A kind of worker: share of the crowd, hit rate, chance to fall for a lure, own false objects an image, spread and
    looseness as shares of the size, right labels."""

    share: float
    hit: float
    lured: float
    false: float
    spread: float
    loose: float
    right: float


KINDS = {
    "good": Kind(0.55, 0.92, 0.1, 0.05, 0.03, 0.0, 0.95),
    "sloppy": Kind(0.25, 0.75, 0.3, 0.2, 0.08, 0.06, 0.8),
    "centre": Kind(0.1, 0.85, 0.2, 0.1, 0.04, 0.0, 0.9),
    "spammer": Kind(0.1, 0.0, 0.0, 3.0, 0.0, 0.0, 0.25),
}


class World(NamedTuple):
    """`table` rows (task, worker, answer); `truth[t]` list of (shape, label); shapes as in answers, without the label."""

    table: list[tuple[int, str, list[dict[str, Any]]]]
    truth: list[list[tuple[dict[str, Any], str]]]
    kinds: dict[str, str]


def world(form: str, images: int, *, seed: int = 0, workers: int = 20, overlap: int = 5, objects: float = 5.0) -> World:
    """A crowd of `workers` drawing `form` (boxes, polygons, keypoints) on `images`, `overlap` answers each."""
    random = np.random.default_rng(seed)
    kinds = [k for k, kind in KINDS.items() for _ in range(round(kind.share * workers))]
    names = [f"w{i:02}" for i in range(len(kinds))]
    table, truth = [], []
    for t in range(images):
        real = _scene(form, random, objects)
        lures = [_shape(form, random) for _ in range(random.poisson(1.0))]
        truth.append([(shape, label) for shape, label, _, _ in real])
        for w in sorted(random.choice(len(kinds), overlap, replace=False).tolist()):
            table.append((t, names[w], _answer(form, KINDS[kinds[w]], kinds[w], real, lures, random)))
    return World(table, truth, dict(zip(names, kinds, strict=True)))


def _scene(form: str, random: Any, objects: float) -> list[tuple[dict[str, Any], str, float, float]]:
    """Objects with label, ease (log-odds added to the hit rate) and blur (factor of the spread)."""
    found: list[tuple[dict[str, Any], str, float, float]] = []
    for _ in range(random.poisson(objects)):
        shape = _shape(form, random)
        if all(_frame_iou(form, shape, other[0]) < 0.5 for other in found):
            found.append((shape, str(random.choice(LABELS)), random.normal(0, 1), np.exp(random.normal(0, 0.4))))
    return found


def _shape(form: str, random: Any) -> dict[str, Any]:
    size = np.clip(120 * np.exp(random.normal(0, 0.6)), 20, 500)
    aspect = np.exp(random.normal(0, 0.35))
    wide, high = size * aspect, size / aspect
    x, y = random.uniform(0, max(WIDE - wide, 1)), random.uniform(0, max(HIGH - high, 1))
    if form == "boxes":
        return {"x": x, "y": y, "width": wide, "height": high}
    if form == "polygons":
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        wave = sum(random.normal(0, 0.25 / k) * np.cos(k * angle + random.uniform(0, 7)) for k in (2, 3, 4, 5))
        radius = 0.45 * np.clip(1 + wave, 0.25, 1.8)
        points = np.stack([x + wide * (0.5 + radius * np.cos(angle)), y + high * (0.5 + radius * np.sin(angle))], 1)
        return {"points": points.tolist()}
    points = np.array([x, y]) + POSE * [wide, high] + random.normal(0, 0.05 * size, POSE.shape)
    shown = random.random(len(NAMES)) < 0.85
    shown[0] = True
    return {"points": {n: p.tolist() if s else None for n, p, s in zip(NAMES, points, shown, strict=True)}}


def _answer(form: str, kind: Kind, name: str, real: Any, lures: Any, random: Any) -> list[dict[str, Any]]:
    drawn = []
    for shape, label, ease, blur in real:
        if kind.hit and random.random() < 1 / (1 + np.exp(-np.log(kind.hit / (1 - kind.hit)) - ease)):
            right = random.random() < kind.right
            drawn.append({**_redrawn(form, shape, kind, name, blur, random), "label": label if right else _any(random)})
    drawn += [
        {**_redrawn(form, shape, kind, name, 1.0, random), "label": _any(random)}
        for shape in lures
        if random.random() < kind.lured
    ]
    drawn += [{**_shape(form, random), "label": _any(random)} for _ in range(random.poisson(kind.false))]
    return drawn


def _any(random: Any) -> str:
    return str(random.choice(LABELS))


def _noise(size: float, kind: Kind, blur: float, count: int, random: Any) -> Any:
    gross = np.where(random.random(count) < 0.04, 5.0, 1.0)
    return 120 * (size / 120) ** 0.8 * (kind.loose * 1.0 + kind.spread * blur * gross * random.normal(0, 1, count))


def _redrawn(form: str, shape: Any, kind: Kind, name: str, blur: float, random: Any) -> dict[str, Any]:
    """The shape as a worker draws it; noise above 0 is outwards."""
    if form == "boxes":
        out = _noise(np.sqrt(shape["width"] * shape["height"]), kind, blur, 4, random)
        wide, high = max(shape["width"] + out[0] + out[2], 2.0), max(shape["height"] + out[1] + out[3], 2.0)
        x, y = shape["x"] - out[0], shape["y"] - out[1]
        shift = 0.5 if name == "centre" else 0.0  # takes the corner for the centre
        return {"x": x + shift * wide, "y": y + shift * high, "width": wide, "height": high}
    if form == "polygons":
        points = np.array(shape["points"])
        middle = points.mean(axis=0)
        picked = np.arange(random.integers(2), len(points), 2)
        arm = points[picked] - middle
        length = np.linalg.norm(arm, axis=1)
        size = np.sqrt(np.ptp(points[:, 0]) * np.ptp(points[:, 1]))
        longer = np.maximum(length + _noise(size, kind, blur, len(picked), random), 1.0)
        moved = middle + arm * (longer / length)[:, None] + random.normal(0, 0.3 * kind.spread * size, 2)
        return {"points": moved.tolist()}
    shown = {n: p for n, p in shape["points"].items() if p is not None}
    size = _extent(shape)
    out = _noise(size, kind._replace(loose=0.0), blur, 2 * len(shown), random).reshape(-1, 2)
    out[:, 1] += kind.loose * size  # a sloppy worker points too low
    return {"points": {n: (np.array(p) + o).tolist() for (n, p), o in zip(shown.items(), out, strict=True)}}


def _extent(shape: Any) -> float:
    points = np.array([p for p in shape["points"].values() if p is not None])
    return float(max(np.sqrt((np.ptp(points, axis=0) ** 2).sum() / 2), 1.0))


def _frame(form: str, shape: Any) -> list[float]:
    if form == "boxes":
        return [shape["x"], shape["y"], shape["x"] + shape["width"], shape["y"] + shape["height"]]
    points = shape["points"].values() if form == "keypoints" else shape["points"]
    at = np.array([p for p in points if p is not None])
    return [*at.min(axis=0).tolist(), *at.max(axis=0).tolist()]


def _frame_iou(form: str, a: Any, b: Any) -> float:
    return float(box_iou(np.array([_frame(form, a)]), np.array([_frame(form, b)]))[0])


def alike(form: str, left: list[Any], right: list[Any]) -> Any:
    """IoU (or closeness) of every shape with every other, (m, n)."""
    i, j = np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))
    if not len(i):
        return np.zeros((len(left), len(right)))
    if form == "keypoints":
        values = [_closeness(left[a], right[b]) for a, b in zip(i.tolist(), j.tolist(), strict=True)]
        return np.array(values).reshape(len(left), len(right))
    frame = np.array([_frame(form, shape) for shape in [*left, *right]])
    if form == "boxes":
        return box_iou(frame[i], frame[j + len(left)]).reshape(len(left), len(right))
    rings = Rings([np.array(shape["points"]) for shape in [*left, *right]])
    return polygon_iou(rings, frame, i, j + len(left)).reshape(len(left), len(right))


def _closeness(a: Any, b: Any) -> float:
    size = _extent(b)
    both = [n for n, p in b["points"].items() if p is not None and a["points"].get(n) is not None]
    if not both:
        return 0.0
    off = np.array([np.subtract(a["points"][n], b["points"][n]) for n in both])
    return float(np.exp(-(off**2).sum(axis=1) / (2 * (KEYPOINT_SCALE * size) ** 2)).mean())


def paired(value: Any, least: float) -> list[tuple[int, int]]:
    """One-to-one pairs with `value` ≥ least, the best first."""
    pairs, rows, columns = [], set(), set()
    for flat in np.argsort(-value, axis=None, kind="stable").tolist():
        a, b = divmod(flat, value.shape[1])
        if value[a, b] < least:
            break
        if a not in rows and b not in columns:
            pairs.append((a, b))
            rows.add(a)
            columns.add(b)
    return pairs


def scores(form: str, predicted: list[list[dict[str, Any]]], truth: Any) -> dict[str, float]:
    """F1 at .5 and .75, mean IoU over true objects, and right labels among the matched."""
    hit = {0.5: 0, 0.75: 0}
    total, right, shapes = 0.0, 0, 0
    objects = sum(len(real) for real in truth)
    for found, real in zip(predicted, truth, strict=True):
        shapes += len(found)
        value = alike(form, found, [shape for shape, _ in real])
        for least in hit:
            pairs = paired(value, least)
            hit[least] += len(pairs)
            if least == 0.5:
                right += sum(found[a].get("label") == real[b][1] for a, b in pairs)
        total += sum(value[a, b] for a, b in paired(value, 1e-9))
    f1 = {f"F1 {least}": 2 * n / max(shapes + objects, 1) for least, n in hit.items()}
    return {**f1, "IoU": total / objects, "label": right / max(hit[0.5], 1)}


def certainty(form: str, model: Any, truth: Any) -> dict[str, float]:
    """ECE of p, and the coverage of 95 % intervals: boxes' edges, points' coordinates, or true boundary across outlines."""
    p, right, inside = [], [], []
    low, high = model.interval()
    c = 0
    for found, real in zip(model.found(), truth, strict=True):
        shapes = [shape for shape, _ in real]
        pairs = dict(paired(alike(form, [f.region for f in found], shapes), 0.5))
        for k, each in enumerate(found):
            p.append(each.p)
            right.append(k in pairs)
            if k in pairs and each.p >= 0.5:
                inside += _covered(form, model, c, low[c], high[c], shapes[pairs[k]])
            c += 1
    p, right = np.array(p), np.array(right, float)
    bins = np.minimum((p * 10).astype(int), 9)
    gap = [
        abs(p[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any()
    ]
    return {"ECE": float(sum(gap)), "coverage": float(np.mean(inside))}


def _covered(form: str, model: Any, c: int, low: Any, high: Any, shape: Any) -> list[bool]:
    if form == "boxes":
        true = np.array(_frame(form, shape))
        return ((low <= true) & (true <= high)).tolist()
    if form == "keypoints":
        true = np.array([shape["points"].get(n) or [np.nan] * 2 for n in model.names_]).ravel()
        known = ~np.isnan(true) & ~np.isnan(low)
        return ((low <= true) & (true <= high))[known].tolist()
    from tawsim.truth.regions.outline import reach

    rings = Rings([np.array(shape["points"])])
    away = reach(rings, model.shape_[c][None])[0]
    return (np.abs(away) <= 1.959964 * model.sd_[c]).tolist()


def majority(form: str, table: Any, images: int, how: Any, at: float = 0.5) -> list[list[dict[str, Any]]]:
    """Drawings joined to the first cluster whose first member is alike, kept where more than half drew it, and averaged."""
    answers: list[list[Any]] = [[] for _ in range(images)]
    for t, _, drawn in table:
        answers[t].append(drawn)
    result = []
    for own in answers:
        shapes = [(w, shape) for w, drawn in enumerate(own) for shape in drawn]
        value = alike(form, [s for _, s in shapes], [s for _, s in shapes])
        clusters: list[list[int]] = []
        for k, (w, _) in enumerate(shapes):
            free = [c for c in clusters if value[k, c[0]] >= at and all(shapes[m][0] != w for m in c)]
            if free:
                max(free, key=lambda c: value[k, c[0]]).append(k)
            else:
                clusters.append([k])
        result.append([_average(form, [shapes[k][1] for k in c], how) for c in clusters if 2 * len(c) > len(own)])
    return result


def _average(form: str, shapes: list[Any], how: Any) -> dict[str, Any]:
    names = [shape["label"] for shape in shapes]
    label = max(sorted(set(names)), key=names.count)
    if form == "boxes":
        x1, y1, x2, y2 = how(np.array([_frame(form, s) for s in shapes]), axis=0).tolist()
        return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "label": label}
    if form == "keypoints":
        points: dict[str, Any] = {}
        for name in NAMES:
            at = [s["points"][name] for s in shapes if s["points"].get(name) is not None]
            points[name] = how(np.array(at), axis=0).tolist() if 2 * len(at) > len(shapes) else None
        return {"points": points, "label": label}
    value = alike(form, shapes, shapes)  # polygons have no mean: the one most like the others
    return {"points": shapes[int(value.sum(axis=1).argmax())]["points"], "label": label}


def best_worker(form: str, made: World) -> list[list[dict[str, Any]]]:
    """Of each image the answer of its best worker, ranked with the truth in hand: more than anybody could know."""
    rank = {}
    for w in made.kinds:
        own = [(t, drawn) for t, who, drawn in made.table if who == w]
        rank[w] = scores(form, [d for _, d in own], [made.truth[t] for t, _ in own])["F1 0.5"] if own else 0.0
    best: list[tuple[float, list[Any]]] = [(-1.0, [])] * len(made.truth)
    for t, w, drawn in made.table:
        best[t] = max(best[t], (rank[w], drawn), key=lambda pair: pair[0])
    return [drawn for _, drawn in best]


MODELS = {"boxes": Boxes, "polygons": Polygons, "keypoints": Keypoints}


def compare(form: str, images: int, seeds: int) -> list[str]:
    """Rows of the table for one form: means over seeds."""
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        made = world(form, images, seed=seed)
        start = time.perf_counter()
        model = MODELS[form]().fit(made.table)
        seconds = time.perf_counter() - start
        methods = {
            "best worker (hindsight)": best_worker(form, made),
            "majority, mean at .5": majority(form, made.table, images, np.mean),
            "majority, median at .5": majority(form, made.table, images, np.median),
            "majority, median at .3": majority(form, made.table, images, np.median, 0.3),
        }
        for name, predicted in methods.items():
            rows.setdefault(name, []).append(scores(form, predicted, made.truth))
        ours = {**scores(form, model.predict(), made.truth), **certainty(form, model, made.truth), "s": seconds}
        rows.setdefault(MODELS[form].__name__, []).append(ours)
    lines = []
    for name, values in rows.items():
        mean = {key: np.mean([v[key] for v in values]) for key in values[0]}
        cells = [f"{mean[key]:.3f}" if key in mean else "" for key in COLUMNS]
        lines.append(f"| {form} | {name} | " + " | ".join(cells) + " |")
    return lines


GRID = 64


def masks(images: int, seed: int = 0) -> list[str]:
    """IoU of fused masks with the truth, crowd-kit's and ours: objects drawn by three workers or more, the drawings of
    each found with the truth in hand (IoU .3 and more), spammers' too where they happen to reach that."""
    import pandas
    from crowdkit.aggregation import SegmentationEM, SegmentationMajorityVote, SegmentationRASA

    made = world("polygons", images, seed=seed)
    rows, truth, tasks = [], {}, {}
    for t, w, drawn in made.table:
        value = alike("polygons", drawn, [shape for shape, _ in made.truth[t]])
        for a, b in paired(value, 0.3):
            tasks.setdefault((t, b), []).append((w, drawn[a]))
    tasks = {key: own for key, own in tasks.items() if len(own) > 2}
    table = [(f"{t}-{b}", w, [shape]) for (t, b), own in tasks.items() for w, shape in own]
    model = Polygons().fit(table)
    ours = dict(zip(model.tasks_, model.found(), strict=True))
    fused = {}
    for (t, b), own in tasks.items():
        real = made.truth[t][b][0]
        frame = np.array([_frame("polygons", s) for s in [real, *(shape for _, shape in own)]])
        around = np.array([*frame[:, :2].min(axis=0), *frame[:, 2:].max(axis=0)])
        key = f"{t}-{b}"
        best = max(ours[key], key=lambda found: found.workers).region
        drawn = [_mask(shape, around) for shape in [real, best, *(shape for _, shape in own)]]
        truth[key], fused[key] = drawn[0], drawn[1]
        rows += [(key, w, mask) for (w, _), mask in zip(own, drawn[2:], strict=True)]
    frame = pandas.DataFrame(rows, columns=["task", "worker", "segmentation"])
    found = {"ours": fused}
    seconds = {}
    for method in (SegmentationMajorityVote, SegmentationEM, SegmentationRASA):
        start = time.perf_counter()
        found[method.__name__] = dict(method().fit_predict(frame))
        seconds[method.__name__] = time.perf_counter() - start
    lines = []
    for name, masks_of in found.items():
        iou = [(masks_of[k] & m).sum() / (masks_of[k] | m).sum() for k, m in truth.items()]
        lines.append(
            f"masks of {len(truth)} objects, {name}: mean IoU {np.mean(iou):.3f}, {seconds.get(name, 0):.1f} s"
        )
    return lines


def _mask(shape: Any, around: Any) -> Any:
    """The polygon on a GRID × GRID raster over `around`, by four tiles of the project's own raster."""
    rings = Rings([np.array(shape["points"])])
    middle = (around[:2] + around[2:]) / 2
    x, y = [around[0], middle[0], around[2]], [around[1], middle[1], around[3]]
    tile = [
        [rings.inside(np.array([0]), np.array([[x[i], y[j], x[i + 1], y[j + 1]]]))[0] for i in (0, 1)] for j in (0, 1)
    ]
    return np.block(tile)


COLUMNS = ("F1 0.5", "F1 0.75", "IoU", "label", "ECE", "coverage", "s")


def speed(images: int) -> str:
    """Seconds to fit `images` × 5 workers × about 5 boxes, reading included."""
    made = world("boxes", min(images, 1000), seed=9)
    times = -(-images // 1000)
    table = [(f"{k}-{t}", w, a) for k in range(times) for t, w, a in made.table]
    start = time.perf_counter()
    Boxes().fit(table)
    drawn = sum(len(a) for _, _, a in table)
    return f"{images} images, {len(table)} answers, {drawn} boxes: {time.perf_counter() - start:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--speed", type=int, default=10_000)
    parser.add_argument("--forms", default="boxes,polygons,keypoints")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    lines = ["| form | method | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for form in given.forms.split(","):
        lines += compare(form, given.images, given.seeds)
    if "polygons" in given.forms and importlib.util.find_spec("crowdkit"):
        lines += ["", *masks(given.images)]
    if given.speed:
        lines += ["", speed(given.speed)]
    text = "\n".join(lines)
    print(text)
    if given.log:
        given.log.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
