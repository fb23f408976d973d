"""Boxes, polygons and keypoints on a picture. Pure; no store, no HTTP, no pixels.

An answer is {"size": [w, h], "boxes" | "polygons" | "points": […]}: pixels of the picture's natural size from the top left, to
two digits, inside the picture, each with one of `labels`; sorted, without repeats. Size [0, 0] says that nobody knows it, as
in inferred answers; then there is no right and no bottom edge to keep to.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Question
from tawsim.kinds.answers import as_label, as_list, as_number, as_object, as_whole, bad, brief, parsed, tidy
from tawsim.kinds.choice import check_labels, places
from tawsim.kinds.distances import told_apart
from tawsim.kinds.kind import Aspect, Example, Kind, Vote, by_labels, on_column
from tawsim.kinds.shapes import Box, Drawing, Point, frame, frame_iou, matched, polygon_iou

MOST_BOXES = 1_000
MOST_POLYGONS = 500
MOST_CORNERS = 1_000
MOST_CORNERS_IN_ALL = 20_000
MOST_POINTS = 2_000
LARGEST_PICTURE = 1_000_000
DIGITS = 2
# Points of two answers further apart than this share of the picture's diagonal have nothing in common.
NEAR = 0.1
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Boxes(Question):
    """Upright rectangles {"x", "y", "width", "height", "label"}, x and y of the top left corner."""

    labels: tuple[str, ...] = ()
    kind: Literal["boxes"] = "boxes"


@dataclass(frozen=True, slots=True)
class Polygons(Question):
    """Closed outlines {"points": [[x, y], …], "label"} of three points and more; the last is joined to the first."""

    labels: tuple[str, ...] = ()
    kind: Literal["polygons"] = "polygons"


@dataclass(frozen=True, slots=True)
class Keypoints(Question):
    """Single points {"x", "y", "label"}; a label may have several or none."""

    labels: tuple[str, ...] = ()
    kind: Literal["keypoints"] = "keypoints"


# ---- answers ------------------------------------------------------------------------------------------------------
def _read(made: type[Any]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Any]:
    return lambda data, common: made(**common, labels=check_labels(data.get("labels"), at_least=1))


def _validate(
    field: str, most: int, read_one: Callable[[Any, Any, Size], dict[str, Any]]
) -> Callable[[Any, Any, Any], dict[str, Any]]:
    """`validate` of a kind whose objects stand in `field` and are read by `read_one`."""

    def validate(question: Any, answer: Any, _content: Any = None) -> dict[str, Any]:
        given = as_object(question, answer, (field,), ("size",))
        size = _size(question, given.get("size"))
        listed = as_list(question, given[field], most, field)
        if sum(map(_corners, listed)) > MOST_CORNERS_IN_ALL:
            raise bad(question, f"all outlines together have more than {MOST_CORNERS_IN_ALL:,} points.")
        found = [read_one(question, one, size) for one in listed]
        different = {tuple(_flat(one)): one for one in found}
        return {"size": list(size), field: [different[key] for key in sorted(different)]}

    return validate


def _corners(one: Any) -> int:
    """How many points an object claims to have, before it is read."""
    points = one.get("points") if isinstance(one, Mapping) else None
    return len(points) if isinstance(points, list | tuple) else 0


def _flat(one: Mapping[str, Any]) -> Sequence[Any]:
    """An object as something to sort by: numbers, then the label."""
    if "points" in one:
        return tuple(map(tuple, one["points"])), one["label"]
    return tuple(one.values())


def _size(question: Question, value: Any) -> Size:
    if value is None:
        return 0, 0
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise bad(question, f"size is [width, height] of the picture, not {brief(value)}.")
    wide, high = (as_whole(question, one, "a side of the picture") for one in value)
    if not (wide == high == 0 or (1 <= wide <= LARGEST_PICTURE and 1 <= high <= LARGEST_PICTURE)):
        raise bad(question, f"{wide} × {high} is no size of a picture.")
    return wide, high


def _coordinate(question: Question, value: Any, most: int, what: str) -> int | float:
    """A place on the picture; `most` is its width or height, 0 if that is not known."""
    found = as_number(question, value, what, DIGITS)
    if not 0 <= found <= (most or LARGEST_PICTURE):
        raise bad(question, f"{what} is {found}, outside the picture (0 to {most or LARGEST_PICTURE:,}).")
    return found


def _read_box(question: Boxes, value: Any, size: Size) -> dict[str, Any]:
    given = as_object(question, value, ("x", "y", "width", "height", "label"), (), "a box")
    box: dict[str, Any] = {}
    sides: dict[str, int | float] = {}
    for start, side, most in (("x", "width", size[0]), ("y", "height", size[1])):
        first = _coordinate(question, given[start], most, start)
        far = as_number(question, given[start], start) + as_number(question, given[side], side)
        last = _coordinate(question, far, most, f"{start} + {side}")
        if not first < last:
            raise bad(question, f"the {side} of a box is {brief(given[side])}; it must be above 0, at two digits.")
        box[start], sides[side] = first, tidy(round(last - first, DIGITS))
    return box | sides | {"label": as_label(question, given["label"], places(question.labels))}


def _read_polygon(question: Polygons, value: Any, size: Size) -> dict[str, Any]:
    given = as_object(question, value, ("points", "label"), (), "a polygon")
    points = [_point(question, one, size) for one in as_list(question, given["points"], MOST_CORNERS, "points")]
    points = [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()  # closed by hand
    if len(set(points)) < 3:
        raise bad(question, f"a polygon has {len(set(points))} different points; it needs three.")
    left, top, right, bottom = frame(points)
    if not (left < right and top < bottom):
        raise bad(question, "a polygon is a line: it has no area.")
    # One outline has one form: from its first corner, in the direction that comes first.
    canonical = min(_from_first(points), _from_first(points[::-1]))
    return {"points": list(map(list, canonical)), "label": as_label(question, given["label"], places(question.labels))}


def _point(question: Question, value: Any, size: Size) -> Point:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise bad(question, f"a point is [x, y], not {brief(value)}.")
    return _coordinate(question, value[0], size[0], "x"), _coordinate(question, value[1], size[1], "y")


def _from_first(points: Sequence[Point]) -> list[Point]:
    """The rotation of the points that comes first in order, in linear time."""
    many = len(points)
    i, j, k = 0, 1, 0
    while i < many and j < many and k < many:
        one, other = points[(i + k) % many], points[(j + k) % many]
        if one == other:
            k += 1
            continue
        if one > other:
            i += k + 1
        else:
            j += k + 1
        j += i == j
        k = 0
    first = min(i, j)
    return [*points[first:], *points[:first]]


def _read_keypoint(question: Keypoints, value: Any, size: Size) -> dict[str, Any]:
    given = as_object(question, value, ("x", "y", "label"), (), "a point")
    x, y = _coordinate(question, given["x"], size[0], "x"), _coordinate(question, given["y"], size[1], "y")
    return {"x": x, "y": y, "label": as_label(question, given["label"], places(question.labels))}


# ---- distance -----------------------------------------------------------------------------------------------------
@told_apart
def distance_boxes(_question: Boxes, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """1 - the mean of intersection over union, over boxes matched greedily within a label; a box that only one has counts
    0: 1 - Σ IoU / max(n, m)."""
    left, right = ([(box["label"], _edges(box), _edges(box)) for box in one["boxes"]] for one in (a, b))
    return _share_missing(sum(iou for _, _, iou in matched(left, right, _iou)), left, right)


def _iou(one: Drawing, other: Drawing) -> float:
    return frame_iou(one[2], other[2])


def _edges(box: Mapping[str, Any]) -> Box:
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


@told_apart
def distance_polygons(_question: Polygons, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """As of boxes; polygons are matched by the frames around them, and then compared on 100 lines (`polygon_iou`)."""
    left, right = ([(p["label"], p["points"], frame(p["points"])) for p in one["polygons"]] for one in (a, b))
    common = sum(polygon_iou(left[i][1], right[j][1]) for i, j, _ in matched(left, right, _iou))
    return _share_missing(common, left, right)


@told_apart
def distance_keypoints(_question: Keypoints, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """1 - Σ s / max(n, m) over points matched greedily within a label, where s falls from 1 for the same place to 0 a tenth
    of the picture's diagonal apart; of the diagonal of all points where the size is not known."""
    left, right = ([(p["label"], (p["x"], p["y"]), _spot(p)) for p in one["points"]] for one in (a, b))
    if not left or not right:
        return float(bool(left or right))
    wide, high = max(a["size"], b["size"])
    if not wide:
        x1, y1, x2, y2 = frame([point for _, point, _ in (*left, *right)])
        wide, high = x2 - x1, y2 - y1
    reach = NEAR * math.hypot(wide, high)
    if reach <= 0:
        return _share_missing(float(len(matched(left, right, lambda _one, _other: 1.0))), left, right)

    near = [(label, point, (x1 - reach, y1 - reach, x2 + reach, y2 + reach)) for label, point, (x1, y1, x2, y2) in left]
    found = matched(near, right, lambda one, other: 1 - math.dist(one[1], other[1]) / reach)
    return _share_missing(sum(likeness for _, _, likeness in found), left, right)


def _spot(point: Mapping[str, Any]) -> Box:
    return point["x"], point["y"], point["x"], point["y"]


def _share_missing(common: float, left: Sequence[Any], right: Sequence[Any]) -> float:
    return 1 - common / max(len(left), len(right)) if left or right else 0.0


# ---- truth --------------------------------------------------------------------------------------------------------
# The name of the one point of an object, as truth/regions takes keypoints: objects of named points.
SPOT = "point"


def _aspect(truth: str) -> Callable[[Any], tuple[Aspect, ...]]:
    return lambda question: (Aspect("", truth, question.labels),)


def _keypoint_vote(_question: Any, answer: Mapping[str, Any]) -> tuple[Vote, ...]:
    objects = [{"points": {SPOT: [one["x"], one["y"]]}, "label": one["label"]} for one in answer["points"]]
    return (Vote("", "", objects),)


def _keypoint_of(one: Mapping[str, Any]) -> dict[str, Any]:
    x, y = one["points"][SPOT]
    return {"x": x, "y": y, "label": one["label"]}


def _assemble(
    field: str, kind: str, back: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda one: one
) -> Callable[[Any, Mapping[tuple[str, str], Any]], dict[str, Any] | None]:
    """`assemble`: objects that are no answer after rounding (beyond the edge, without area) are brought in or left out."""

    def assemble(question: Any, found: Mapping[tuple[str, str], Any]) -> dict[str, Any] | None:
        given = parsed(found.get(("", "")))
        if not isinstance(given, list | tuple):
            return None
        kept = []
        for one in given:
            try:
                kept.append(KINDS[kind].validate(question, {field: [_brought_in(back(one))]}, None)[field][0])
            except BadAnswer:
                continue
        answer: dict[str, Any] = KINDS[kind].validate(question, {field: kept}, None)
        return answer

    return assemble


def _brought_in(one: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose fused edges lie a little outside, with them on the top and left edge of the picture."""
    clean = dict(one)
    for start, side in (("x", "width"), ("y", "height")):
        if start in clean and clean[start] < 0:
            if side in clean:
                clean[side] += clean[start]
            clean[start] = 0
    if "points" in clean:
        clean["points"] = [[max(x, 0), max(y, 0)] for x, y in clean["points"]]
    return clean


KINDS: dict[str, Kind] = {
    "boxes": Kind(
        read=_read(Boxes),
        validate=_validate("boxes", MOST_BOXES, _read_box),
        distance=distance_boxes,
        aspects=_aspect("boxes"),
        votes=lambda _question, answer: (Vote("", "", answer["boxes"]),),
        assemble=_assemble("boxes", "boxes"),
        example=Example(
            Boxes("objects", on="photo", labels=("قطة", "dog")),
            {"size": [640, 480], "boxes": [{"x": 10.5, "y": 20, "width": 100, "height": 80.25, "label": "قطة"}]},
            {"size": [640, 480], "boxes": [{"x": 14, "y": 20, "width": 100, "height": 80, "label": "قطة"}]},
            {"size": [640, 480], "boxes": [{"x": 600, "y": 20, "width": 100, "height": 80, "label": "dog"}]},
            {"photo": "street.jpg"},
        ),
        columns=on_column,
        **by_labels(),
    ),
    "polygons": Kind(
        read=_read(Polygons),
        validate=_validate("polygons", MOST_POLYGONS, _read_polygon),
        distance=distance_polygons,
        aspects=_aspect("polygons"),
        votes=lambda _question, answer: (Vote("", "", answer["polygons"]),),
        assemble=_assemble("polygons", "polygons"),
        example=Example(
            Polygons("fields", on="photo", labels=("حقل", "road")),
            {"size": [640, 480], "polygons": [{"points": [[10, 10], [110, 12.5], [60, 90]], "label": "حقل"}]},
            {"size": [640, 480], "polygons": [{"points": [[12, 10], [110, 12], [60, 88]], "label": "حقل"}]},
            {"size": [640, 480], "polygons": [{"points": [[10, 10], [110, 10]], "label": "road"}]},
            {"photo": "aerial.png"},
        ),
        columns=on_column,
        **by_labels(),
    ),
    "keypoints": Kind(
        read=_read(Keypoints),
        validate=_validate("points", MOST_POINTS, _read_keypoint),
        distance=distance_keypoints,
        aspects=_aspect("keypoints"),
        votes=_keypoint_vote,
        assemble=_assemble("points", "keypoints", _keypoint_of),
        example=Example(
            Keypoints("face", on="photo", labels=("عين", "nose")),
            {
                "size": [640, 480],
                "points": [{"x": 200, "y": 150.5, "label": "عين"}, {"x": 220, "y": 190, "label": "nose"}],
            },
            {"size": [640, 480], "points": [{"x": 203, "y": 150, "label": "عين"}]},
            {"size": [640, 480], "points": [{"x": 203, "y": 481, "label": "عين"}]},
            {"photo": "face.png"},
        ),
        columns=on_column,
        **by_labels(),
    ),
}
