"""The parts that boxes, polygons and keypoints are made of, each against a slow or exact answer; and what they report."""

import itertools

import numpy as np
import pytest
from benchmarks.truth.regions import world
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.regions import Boxes, Found, Keypoints, Polygons, region_agreement
from tawsim.truth.regions.existence import name
from tawsim.truth.regions.matching import best_clusters, match
from tawsim.truth.regions.offsets import Layout, fuse, learn, weighted_median
from tawsim.truth.regions.outline import enclosed, moved, normals, reach, resampled
from tawsim.truth.regions.overlap import Rings, box_iou, pairs_of, polygon_iou
from tawsim.truth.regions.shapes import read_polygons

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


def box(x=0.0, y=0.0, width=10.0, height=10.0, label=None):
    return {"x": x, "y": y, "width": width, "height": height} | ({"label": label} if label else {})


# --- overlap


def test_box_iou_known_answers():
    a = np.array([[0.0, 0, 2, 2]] * 4)
    b = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 2], [0.5, 0.5, 1.5, 1.5]])
    assert box_iou(a, b).tolist() == pytest.approx([1, 1 / 7, 0, 0.25])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 2)] * 2, *[st.integers(0, 30)] * 2, *[st.integers(1, 15)] * 2), max_size=25),
    st.sampled_from([1.0, 1e-7, 1e9]),
)
def test_the_sweep_finds_every_overlapping_pair(rows, unit):
    task, worker = (np.array([row[k] for row in rows], np.int64) for k in (0, 1))
    frame = np.array([[x, y, x + w, y + h] for _, _, x, y, w, h in rows], float).reshape(-1, 4) * unit
    i, j = pairs_of(task, worker, frame)
    found = set(zip(i.tolist(), j.tolist(), strict=True))
    assert len(found) == len(i)
    for a, b in itertools.combinations(range(len(rows)), 2):
        allowed = task[a] == task[b] and worker[a] != worker[b]
        overlaps = (frame[a, :2] < frame[b, 2:]).all() and (frame[b, :2] < frame[a, 2:]).all()
        if allowed and overlaps:
            assert (a, b) in found
        if not allowed:
            assert (a, b) not in found


def test_a_heap_of_drawings_is_an_error_and_not_a_wait(monkeypatch):
    monkeypatch.setattr("tawsim.truth.regions.overlap.MAX_PAIRS", 50)
    heap = [("t", w, [box(x) for x in range(8)]) for w in "ab"]
    with pytest.raises(TooLarge, match="overlapping"):
        Boxes().fit(heap)
    Boxes().fit([(t, w, [box(x) for x in range(5)]) for t in range(9) for w in "ab"])


def test_areas_and_iou_of_polygons():
    hook = np.array([[0.0, 0], [3, 0], [3, 1], [1, 1], [1, 3], [0, 3]])  # an L of area 5
    eight = np.array([[0.0, 0], [2, 2], [2, 0], [0, 2]])  # crosses itself: two triangles of area 1 by the even-odd rule
    polygons = [SQUARE, SQUARE + np.array([0.5, 0]), hook, hook[::-1] + np.array([0, 1]), eight]
    rings, frame = Rings(polygons), np.array([[*p.min(axis=0), *p.max(axis=0)] for p in polygons])
    assert rings.raster_areas(frame).tolist() == pytest.approx([1, 1, 5, 5, 2], rel=0.03)
    iou = polygon_iou(rings, frame, np.array([0, 0, 2, 0]), np.array([0, 1, 3, 2]))
    assert iou.tolist() == pytest.approx([1, 1 / 3, 2 / 8, 1 / 5], rel=0.05)


def test_polygon_iou_does_not_depend_on_the_start_the_turn_or_the_place():
    random = np.random.default_rng(0)
    star = resampled([random.uniform(1, 3, (9, 1)) * np.stack([np.cos(t := np.arange(9) * 0.7), np.sin(t)], 1)], 30)[0]
    for other in (np.roll(star, 7, axis=0), star[::-1]):
        for shift in (0.0, 1e6):
            rings = Rings([star + shift, other + shift])
            frame = np.array([[*p.min(axis=0), *p.max(axis=0)] for p in (star + shift, other + shift)])
            assert polygon_iou(rings, frame, np.array([0]), np.array([1]))[0] == pytest.approx(1, abs=1e-3)


# --- outline


def test_outline_of_a_square():
    outline = resampled([SQUARE * 8], 64)
    assert outline.shape == (1, 64, 2)
    assert enclosed(outline)[0] == pytest.approx(64)
    assert reach(Rings([SQUARE * 8]), outline)[0] == pytest.approx(0, abs=1e-12)
    inner = moved(outline, np.full((1, 64), -1.0))
    middle_of_sides = [8, 24, 40, 56]
    assert reach(Rings([SQUARE * 8]), inner)[0, middle_of_sides] == pytest.approx(1)
    assert reach(Rings([SQUARE[::-1] * 8]), moved(outline, np.ones((1, 64))))[0, middle_of_sides] == pytest.approx(-1)
    assert normals(outline[:, ::-1])[0, -9] == pytest.approx(normals(outline)[0, 8])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=8), st.floats(-4, 4), st.floats(-4, 4)
)
def test_reach_is_the_distance_to_the_nearest_edge(points, x, y):
    polygon = np.array(points)
    far = reach(Rings([polygon]), np.array([[[x, y]]]))[0, 0]
    share = np.linspace(0, 1, 400)[:, None]
    nearest = min(
        np.hypot(*(a + (b - a) * share - [x, y]).T).min() for a, b in zip(polygon, np.roll(polygon, -1, 0), strict=True)
    )
    assert abs(far) == pytest.approx(nearest, abs=0.02)


# --- matching


def partitions(count):
    if not count:
        yield []
        return
    for part in partitions(count - 1):
        for c in range(max(part, default=-1) + 2):
            yield [*part, c]


def value(cluster, worker, weight):
    total = 0.0
    for a, b in itertools.combinations(range(len(cluster)), 2):
        if cluster[a] == cluster[b]:
            if worker[a] == worker[b]:
                return -np.inf
            total += weight[a, b]
    return total


def test_clusters_are_the_best_on_almost_all_small_crowded_scenes():
    """Three objects so near that their drawings overlap in every way: far harder than pictures are."""
    random = np.random.default_rng(0)
    best_of = {count: list(partitions(count)) for count in range(4, 8)}
    lost = []
    for _ in range(120):
        count = int(random.integers(4, 8))
        worker, at = random.integers(0, 4, count), random.integers(0, 3, count) * 0.6 + random.normal(0, 0.25, count)
        apart = np.abs(at[:, None] - at)
        weight = np.maximum(0, 1 - apart) / (1 + apart) - 0.3
        links = [{j: weight[i, j] for j in range(count) if worker[i] != worker[j]} for i in range(count)]
        found = best_clusters(worker.tolist(), links, -0.3)
        lost.append(max(value(c, worker, weight) for c in best_of[count]) - value(found, worker, weight))
    assert min(lost) > -1e-9
    assert np.mean(np.array(lost) > 1e-9) < 0.05
    assert np.mean(lost) < 0.01


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_a_cluster_never_holds_two_drawings_of_one_worker(count, seed):
    random = np.random.default_rng(seed)
    worker = random.integers(0, 4, count)
    pairs = [
        (a, b) for a, b in itertools.combinations(range(count), 2) if worker[a] != worker[b] and random.random() < 0.6
    ]
    i, j = np.array(pairs, np.int64).reshape(-1, 2).T
    cluster = match(worker, i, j, random.uniform(-0.3, 0.7, len(i)), -0.3)
    together = set(zip(cluster.tolist(), worker.tolist(), strict=True))
    assert len(together) == count
    assert sorted(set(cluster.tolist())) == list(range(cluster.max() + 1))


def test_labels_part_crossing_objects_and_forgive_a_slip():
    """A rider and a horse overlap by two thirds; each worker draws both, the names keep them apart. One misnamed drawing
    of a thing alone is still that thing."""
    rows = []
    for t in range(10):
        for k, w in enumerate("abc"):
            rider, horse = box(0, k * 0.1, 10, 10, "rider"), box(0, 1.5 + k * 0.1, 10, 10, "horse")
            alone = box(100, k * 0.1, label="horse" if (t, w) == (3, "b") else "dog")
            rows.append((t, w, [rider, horse, alone]))
    model = Boxes().fit(rows)
    assert (model.drawn_ == 3).all()
    assert len(model.p_) == 30
    assert [b["label"] for b in model.predict()[3]] == ["rider", "horse", "dog"]
    assert model.label_accuracy_[1] == model.label_accuracy_.min()


# --- existence and labels


def test_existence_learns_hit_rates_and_false_alarms():
    made = world("boxes", 300, seed=1)
    model = Boxes().fit(made.table)
    hit, false = {}, {}
    for w, h, f in zip(model.workers_, model.hit_rate_, model.false_alarms_, strict=True):
        hit.setdefault(made.kinds[w], []).append(h)
        false.setdefault(made.kinds[w], []).append(f)
    assert min(hit["good"]) > 0.82 > 0.8 > max(hit["sloppy"]) > min(hit["sloppy"]) > 0.6
    assert max(hit["spammer"]) < 0.1
    assert min(false["spammer"]) > 2 > 0.8 > max(false["sloppy"])
    error = dict(zip(model.workers_, model.localisation_error_, strict=True))
    kinds = made.kinds
    assert max(e for w, e in error.items() if kinds[w] == "good") < min(
        e for w, e in error.items() if kinds[w] == "sloppy"
    )
    loose = [b for w, b in zip(model.workers_, model.bias_, strict=True) if kinds[w] == "sloppy"]
    assert np.mean(loose, axis=0) == pytest.approx([-7.2, -7.2, 7.2, 7.2], abs=2.2)  # 6 % of 120, outwards


def test_a_good_worker_alone_outweighs_a_sloppy_one():
    rows = [
        (t, w, [box(), box(50)] if w != "bad" or t % 3 else [box(200 + t)])
        for t in range(60)
        for w in ("a", "b", "bad")
    ]
    rows += [("x", "a", [box(300)]), ("x", "bad", []), ("y", "a", []), ("y", "bad", [box(300)])]
    model = Boxes().fit([(str(t), w, drawn) for t, w, drawn in rows])
    p = {model.tasks_[t]: p for t, p in zip(model.task_, model.p_, strict=True)}
    assert p["x"] > p["y"]


def test_label_probabilities_are_those_of_the_formula():
    """Two clusters of three workers; with the accuracies that it found, the posterior is Bayes' rule over four labels."""
    cluster, worker = np.repeat(np.arange(40), 3), np.tile(np.arange(3), 40)
    label = np.where((worker == 2) & (cluster % 2 == 0), 1, 0)
    named = name(cluster, worker, label, np.ones(40), 3, 4)
    a = named.right[:, 0] / named.right.sum(axis=1)
    for c, said in ((0, [0, 0, 1]), (1, [0, 0, 0])):
        each = [np.prod([a[w] if k == s else (1 - a[w]) / 3 for w, s in enumerate(said)]) for k in range(4)]
        assert named.p[c] == pytest.approx(each[0] / sum(each), rel=1e-3)
    assert (named.label == 0).all()


def test_no_labels_and_ties_of_labels():
    plain = Boxes().fit([("t", w, [box()]) for w in "ab"])
    assert plain.labels_ == ()
    assert plain.predict() == [[{"x": 0, "y": 0, "width": 10, "height": 10}]]
    assert plain.label_p_.tolist() == [1.0]
    tie = Boxes().fit([("t", w, [box(label=k)]) for w, k in zip("ab", ["cat", "dog"], strict=True)])
    assert tie.ties_.tolist() == [True]
    assert tie.predict()[0][0]["label"] == "cat"
    assert tie.label_p_[0] == pytest.approx(0.5)


# --- geometry


def layout(clusters, workers, **options):
    return Layout(
        cluster=np.repeat(np.arange(clusters), workers),
        worker=np.tile(np.arange(workers), clusters),
        first=np.arange(clusters) * workers,
        size=np.full(clusters, 1.0),
        trust=np.ones(clusters),
        bias_of=np.arange(4),
        hard_of=np.zeros(4, np.int64),
        workers=workers,
        **options,
    )


def test_offsets_find_bias_spread_and_cover():
    random = np.random.default_rng(0)
    true = random.normal(0, 10, (300, 4))
    spread, bias = np.array([0.02, 0.04, 0.08, 0.04, 0.02]), np.array([0.0, 0.1, 0.0, 0.0, 0.0])
    noise = random.standard_t(4, (300, 5, 4)) * spread[:, None] + bias[:, None]
    y = (true[:, None] + noise).reshape(-1, 4)
    at = layout(300, 5)
    skill = learn(y, at)
    assert skill.spread == pytest.approx(spread, rel=0.15)
    assert skill.bias == pytest.approx(np.repeat(bias[:, None], 4, 1), abs=0.01)
    mean, sd = fuse(y, at, skill)
    covered = np.abs(mean - true) <= 1.96 * sd
    assert 0.93 < covered.mean() < 0.985
    plain = np.abs(y.reshape(300, 5, 4).mean(axis=1) - true)
    assert np.abs(mean - true).mean() < 0.6 * plain.mean()


def test_errors_that_grow_with_size_are_noticed():
    random = np.random.default_rng(0)
    at = layout(200, 4)
    size = np.exp(random.normal(0, 1, 200))
    for growth in (0.0, 1.0):
        noise = 0.05 * random.normal(0, 1, (200, 4, 4)) * (size**growth)[:, None, None]
        skill = learn(noise.reshape(-1, 4), Layout(**{f: getattr(at, f) for f in Layout.__slots__} | {"size": size}))
        assert skill.growth == pytest.approx(growth, abs=0.12)


def test_one_gross_error_hardly_moves_the_box():
    rows = [(t, w, [box(100, 100, 50 + 0.3 * t, 50)]) for t in range(10) for w in "abcd"]
    rows[0] = (0, "a", [box(100, 100, 70, 50)])
    assert Boxes().fit(rows).predict()[0][0]["width"] == pytest.approx(50, abs=1.0)


def test_large_fits_are_fused_in_parts_alike(monkeypatch):
    made = world("keypoints", 20, seed=2)
    whole = Keypoints().fit(made.table)
    monkeypatch.setattr("tawsim.truth.regions.offsets.CLUSTERS_AT_ONCE", 7)
    parts = Keypoints().fit(made.table)
    assert np.array_equal(whole.shape_, parts.shape_, equal_nan=True)
    assert np.array_equal(whole.sd_, parts.sd_, equal_nan=True)


def test_weighted_median():
    assert weighted_median(np.array([3.0, 1, 2]), np.ones(3)) == 2
    assert weighted_median(np.array([3.0, 1]), np.ones(2)) == 2
    assert weighted_median(np.array([3.0, 1, 7]), np.array([10.0, 1, 1])) == 3
    assert weighted_median(np.array([3.0, 1]), np.zeros(2)) == 2


# --- polygons and keypoints


def test_concave_and_crossing_polygons():
    hook = [[0, 0], [30, 0], [30, 10], [10, 10], [10, 30], [0, 30]]
    eight = [[100, 0], [120, 20], [120, 0], [100, 20]]
    model = Polygons().fit([(t, w, [{"points": hook}, {"points": eight}]) for t in range(3) for w in "abc"])
    fused = [read_polygons([found.region])[0].shape for found in model.found()[0]]
    for given_points, points in ((hook, fused[0]), (eight, fused[1])):
        pair = [np.array(given_points, float), np.array(points)]
        frame = np.array([[*p.min(axis=0), *p.max(axis=0)] for p in pair])
        assert polygon_iou(Rings(pair), frame, np.array([0]), np.array([1]))[0] > 0.97


def test_a_loose_drawer_is_moved_inwards():
    random = np.random.default_rng(0)
    angle = np.arange(30) / 30 * 2 * np.pi

    def ring(x, radius):
        around = radius + random.normal(0, 1, 30)
        return {"points": np.stack([x + around * np.cos(angle), around * np.sin(angle)], 1).tolist()}

    rows = [
        (t, w, [ring(100 * k, 30 + (6 if w == "loose" else 0)) for k in range(3)])
        for t in range(20)
        for w in ("a", "b", "loose")
    ]
    rows.append(("last", "loose", [ring(0, 36)]))
    model = Polygons().fit([(str(t), w, drawn) for t, w, drawn in rows])
    assert model.bias_[model.workers_.index("loose"), 0] == pytest.approx(6, abs=0.5)
    assert np.hypot(*model.shape_[-1].T).mean() == pytest.approx(30, abs=1.0)
    inner, outer = model.interval()
    assert (np.hypot(*outer[-1].T) > np.hypot(*inner[-1].T)).all()


def test_keypoints_hidden_points_and_hard_names():
    random = np.random.default_rng(0)

    def person(x, w):
        hip = None if w == "c" else [x + random.normal(0, 4), 50 + random.normal(0, 4)]
        head = [x + random.normal(0, 1), random.normal(0, 1)]
        tail = [x, 20.0] if w == "a" else None
        return {"points": {"hip": hip, "head": head, "tail": tail, "foot": [x + random.normal(0, 1), 100]}}

    model = Keypoints().fit([(t, w, [person(0, w), person(300, w)]) for t in range(40) for w in "abc"])
    assert model.names_ == ("foot", "head", "hip", "tail")
    found = model.found()[0][0]
    assert isinstance(found, Found)
    assert found.region["points"]["tail"] is None
    assert found.region["points"]["hip"] is not None
    assert model.shown_p_[0].tolist() == pytest.approx([3.5 / 4, 3.5 / 4, 2.5 / 4, 1.5 / 4])
    hard = dict(zip(model.names_, model.difficulty_, strict=True))
    assert hard["hip"] > 2 * hard["head"]
    assert found.sd["hip"][0] > found.sd["head"][0]


def test_single_spots_are_matched_by_their_own_scale():
    random = np.random.default_rng(0)
    at = random.uniform(0, 1000, (10, 3, 2))
    rows = [
        (t, w, [{"points": {"cell": (at[t, k] + random.normal(0, 2, 2)).tolist()}} for k in range(3)])
        for t in range(10)
        for w in "abc"
    ]
    model = Keypoints().fit(rows)
    assert len(model.p_) == 30
    assert (model.drawn_ == 3).all()


# --- agreement


def test_region_agreement_known_answers():
    one = [("t", "a", [box()]), ("t", "b", [box(5)])]
    result = region_agreement(one)
    assert (result.iou, result.tasks, result.pairs) == (pytest.approx(1 / 3), 1, 1)
    extra = region_agreement([("t", "a", [box(), box(50)]), ("t", "b", [box(5)]), ("u", "a", []), ("u", "b", [])])
    assert extra.iou == pytest.approx((1 / 6 + 1) / 2)
    assert extra.low <= extra.iou <= extra.high
    three = [("t", "a", [box()]), ("t", "b", [box()]), ("t", "c", [])]
    assert region_agreement(three).iou == pytest.approx(1 / 3)
    assert region_agreement([("t", "a", [box()])]) is None
    with pytest.raises(BadInput, match="cuboids"):
        region_agreement(one, "cuboids")


def test_region_agreement_falls_with_noise():
    random = np.random.default_rng(0)
    found = []
    for noise in (0.0, 1.0, 3.0, 8.0):
        rows = [
            (t, w, [box(x + random.normal(0, noise), 0, 30, 30) for x in (0, 100)]) for t in range(20) for w in "abc"
        ]
        found.append(region_agreement(rows, replicates=50).iou)
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.7


# ---- corners of polygons
TRIANGLE = [[0.0, 0.0], [400.0, 0.0], [0.0, 300.0]]
ELL = [[0.0, 0.0], [100.0, 0.0], [100.0, 20.0], [20.0, 20.0], [20.0, 100.0], [0.0, 100.0]]


@pytest.mark.parametrize("ring", [TRIANGLE, ELL, TRIANGLE[::-1]])
def test_equal_polygons_come_back_as_drawn(ring):
    """Also when each begins at another corner."""
    turned = [ring[k:] + ring[:k] for k in range(3)]
    for drawn in ([ring] * 3, turned):
        model = Polygons().fit([("i", w, [{"points": points}]) for w, points in zip("abc", drawn, strict=True)])
        ((found,),) = model.predict()
        assert sorted(found["points"]) == sorted(ring)
        assert len(model.found()[0][0].sd) == len(ring)
        again = Polygons.from_state(model.to_state())
        assert again.predict() == model.predict()


@pytest.mark.parametrize("ring", [TRIANGLE, ELL])
def test_corners_lie_between_those_of_the_drawings(ring):
    """Noise of 1 on each corner of five drawings: nearer than one drawing on average, and as many corners."""
    fused, drawn_off = [], []
    for seed in range(8):
        noise = np.random.default_rng(seed).normal(0, 1, (5, len(ring), 2))
        table = [("i", w, [{"points": (np.array(ring) + noise[w]).tolist()}]) for w in range(5)]
        points = np.array(Polygons().fit(table).predict()[0][0]["points"])
        assert points.shape == (len(ring), 2)
        away = np.linalg.norm(points[:, None] - np.array(ring), axis=2).min(axis=0)
        fused.append((away**2).mean())
        drawn_off.append((noise**2).sum(axis=2).mean())
    assert np.mean(fused) < 0.6 * np.mean(drawn_off)


def test_without_common_corners_the_outline_stands():
    """Five workers draw a circle with seven corners each, all elsewhere: no seven of them are the truth's."""
    table = []
    for w in range(5):
        angle = 2 * np.pi * (np.arange(7) / 7 + w / 35)
        table.append(("i", w, [{"points": (100 * np.stack([np.cos(angle), np.sin(angle)], axis=1)).tolist()}]))
    model = Polygons().fit(table)
    points = np.array(model.predict()[0][0]["points"])
    assert len(points) == 64
    assert np.ptp(np.linalg.norm(points, axis=1)) < 12
    model = Polygons().fit([("i", w, [{"points": TRIANGLE}]) for w in "abc"])
    model.corners_, model.corner_starts_ = np.zeros((0, 2)), np.zeros(1, np.int64)  # as a file of before has it
    assert len(model.predict()[0][0]["points"]) == 64
