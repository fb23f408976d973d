"""Small drawings as SVG text: histogram, interval mark, bar, reliability plot, scale. Plain shapes, classes for colours.

Colours come from the page's classes, never from here, so that one drawing fits light and dark. Axes run from left to right
in both languages, as numbers do. Every mark carries its value as a `title`. Knows nothing of truth.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Dot(NamedTuple):
    """A point of the reliability plot: mean p, share right with its interval, and the tasks behind it."""

    x: float
    y: float
    low: float
    high: float
    tasks: int


def picture(width: float, height: float, body: str, label: str, kind: str = "") -> str:
    """An SVG of this size with `label` for those who do not see it."""
    return (
        f'<svg class="{kind}" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
        f'role="img" aria-label="{escape(label, quote=True)}">{body}</svg>'
    )


def histogram(
    counts: Sequence[int], low: float, high: float, label: str, mark: float | None = None, *, share: bool = True
) -> str:
    """Bars of equal width over `low`..`high` (shares in per cent, or plain numbers); `mark` draws a line at a threshold."""

    def text(value: float) -> str:
        return _share(value) if share else number(value)

    width, height, left, foot, head = 760.0, 220.0, 52.0, 26.0, 14.0
    inner, floor = width - left - 24, height - foot
    top = max([*counts, 1])
    step = _step(top)
    body = []
    for value in range(0, top + 1, step):
        y = floor - (floor - head) * value / top
        body.append(f'<line class="grid" x1="{_n(left)}" x2="{_n(left + inner)}" y1="{_n(y)}" y2="{_n(y)}"/>')
        body.append(f'<text class="tick" x="{_n(left - 6)}" y="{_n(y + 4)}" text-anchor="end">{value:,}</text>')
    wide = inner / len(counts)
    for i, count in enumerate(counts):
        a, b = low + (high - low) * i / len(counts), low + (high - low) * (i + 1) / len(counts)
        tall = (floor - head) * count / top
        if count:
            tall = max(tall, 1.5)
            body.append(
                f'<rect class="mark" x="{_n(left + i * wide + 1)}" y="{_n(floor - tall)}" width="{_n(wide - 2)}" '
                f'height="{_n(tall)}"><title>{text(a)} – {text(b)}: {count:,}</title></rect>'
            )
    for i in range(6):
        at = text(low + (high - low) * i / 5)
        x = left + inner * i / 5
        body.append(f'<text class="tick" x="{_n(x)}" y="{_n(height - 8)}" text-anchor="middle">{at}</text>')
    if mark is not None and low < mark < high:
        x = left + inner * (mark - low) / (high - low)
        body.append(f'<line class="rule" x1="{_n(x)}" x2="{_n(x)}" y1="{_n(head - 8)}" y2="{_n(floor)}"/>')
    return picture(width, height, "".join(body), label, "chart long")


def interval(value: float, low: float, high: float, start: float, end: float, tone: str, says: str) -> str:
    """One line of a dot plot: a dot at `value` on its interval, on an axis from `start` to `end`."""
    width, height = 240.0, 22.0

    def place(x: float) -> float:
        return 6 + (width - 12) * min(1.0, max(0.0, (x - start) / ((end - start) or 1.0)))

    lines = "".join(
        f'<line class="grid" x1="{_n(6 + (width - 12) * i / 4)}" x2="{_n(6 + (width - 12) * i / 4)}" y1="0" y2="22"/>'
        for i in range(0, 5, 2)
    )
    a, b = place(low), place(high)
    body = (
        f'{lines}<line class="span {tone}" x1="{_n(a)}" x2="{_n(max(b, a + 0.5))}" y1="11" y2="11"/>'
        f'<circle class="dot {tone}" cx="{_n(place(value))}" cy="11" r="4"/><title>{escape(says)}</title>'
    )
    return picture(width, height, body, says, "row")


def axis(start: float, end: float, *, share: bool) -> str:
    """The numbers over a column of `interval` lines."""
    width = 240.0
    body = []
    for i in range(0, 5, 2):
        value = start + (end - start) * i / 4
        anchor = ("start", "", "middle", "", "end")[i]
        text = _share(value) if share else number(value)
        x = (0.0, 0.0, width / 2, 0.0, width)[i]
        body.append(f'<text class="tick" x="{_n(x)}" y="12" text-anchor="{anchor}">{text}</text>')
    return picture(width, 16, "".join(body), "", "row").replace('role="img" aria-label=""', 'aria-hidden="true"')


def reliability(dots: Sequence[Dot], label: str, x_name: str, y_name: str) -> str:
    """Claimed probability against the share that was right. On the diagonal, p means what it says; below, it is too
    sure."""
    size, left, foot, strip = 392.0, 52.0, 44.0, 46.0
    inner = size - left - 22
    floor = size - foot

    def x(value: float) -> float:
        return left + inner * value

    def y(value: float) -> float:
        return floor - inner * value

    body = []
    for i in range(6):
        v = i / 5
        body.append(f'<line class="grid" x1="{_n(x(0))}" x2="{_n(x(1))}" y1="{_n(y(v))}" y2="{_n(y(v))}"/>')
        body.append(f'<line class="grid" x1="{_n(x(v))}" x2="{_n(x(v))}" y1="{_n(y(0))}" y2="{_n(y(1))}"/>')
        body.append(f'<text class="tick" x="{_n(left - 6)}" y="{_n(y(v) + 4)}" text-anchor="end">{_share(v)}</text>')
        body.append(f'<text class="tick" x="{_n(x(v))}" y="{_n(floor + 16)}" text-anchor="middle">{_share(v)}</text>')
    body.append(f'<line class="rule" x1="{_n(x(0))}" y1="{_n(y(0))}" x2="{_n(x(1))}" y2="{_n(y(1))}"/>')
    most = max([one.tasks for one in dots] or [1])
    base = size + strip
    for one in dots:
        tall = max(1.5, (strip - 10) * one.tasks / most)
        says = f"p {_share(one.x)}: {_share(one.y)} ({_share(one.low)} – {_share(one.high)}), {one.tasks:,}"
        body.append(
            f'<line class="span" x1="{_n(x(one.x))}" x2="{_n(x(one.x))}" y1="{_n(y(one.low))}" y2="{_n(y(one.high))}"/>'
            f'<circle class="dot" cx="{_n(x(one.x))}" cy="{_n(y(one.y))}" r="4.5"><title>{says}</title></circle>'
            f'<rect class="mark" x="{_n(x(one.x) - 7)}" y="{_n(base - tall)}" width="14" height="{_n(tall)}">'
            f"<title>{one.tasks:,}</title></rect>"
        )
    body.append(f'<line class="base" x1="{_n(x(0))}" x2="{_n(x(1))}" y1="{_n(base)}" y2="{_n(base)}"/>')
    body.append(
        f'<text class="name" x="{_n(left + inner / 2)}" y="{_n(floor + 35)}" text-anchor="middle">{escape(x_name)}</text>'
        f'<text class="name" transform="translate(13 {_n(floor - inner / 2)}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_name)}</text>"
    )
    return picture(size, base + 2, "".join(body), label, "chart")


def scale(value: float, low: float, high: float, label: str, steps: Sequence[tuple[float, str]]) -> str:
    """One value with its interval on a line from -0.2 (or lower) to 1, with named steps."""
    width, height = 620.0, 58.0
    start = min(-0.1, low - 0.05)

    def x(at: float) -> float:
        return 24 + (width - 48) * (at - start) / (1 - start)

    body = [f'<line class="base" x1="{_n(x(start))}" x2="{_n(x(1))}" y1="22" y2="22"/>']
    for at, name in steps:
        body.append(f'<line class="step" x1="{_n(x(at))}" x2="{_n(x(at))}" y1="14" y2="30"/>')
        body.append(f'<text class="tick" x="{_n(x(at))}" y="48" text-anchor="middle">{escape(name)}</text>')
    body.append(
        f'<line class="span wide" x1="{_n(x(low))}" x2="{_n(x(high))}" y1="22" y2="22"/>'
        f'<circle class="dot" cx="{_n(x(value))}" cy="22" r="6"/>'
    )
    return picture(width, height, "".join(body), label, "chart long")


def round_up(value: float) -> float:
    """The end of an axis that `value` fits on: 1, 2, 3, 4, 5, 6 or 8 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((lead * power for lead in (1, 2, 3, 4, 5, 6, 8) if lead * power >= value), 10 * power)


def number(value: float, digits: str = ".4g") -> str:
    """A number as it is printed: with commas between thousands and a minus that is one."""
    return f"{value:,{digits}}".replace("-", "−")


def _step(top: int) -> int:
    """A round distance between lines of a grid, so that there are three to six of them."""
    return next(
        lead * power for power in (int(10.0**i) for i in range(15)) for lead in (1, 2, 5) if top <= 5 * lead * power
    )


def _share(value: float) -> str:
    return f"{value * 100:.0f} %"


def _n(value: float) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
