"""Boxes, polygons and keypoints on pictures: by keys alone, by mouse and by touch; what is sent is what was drawn."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.ui.conftest import Server, new_context

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

LABELS = ["سيارة", "person", "إشارة (KSA)"]
WIDE, HIGH = 320, 200
Made = Callable[..., Server]


def png(wide: int = WIDE, high: int = HIGH) -> str:
    """A picture with a dark square from (100, 60) to (180, 140), as a data: address."""
    light, dark = b"\xd0\xde\xe8", b"\x30\x40\x70"
    rows = [
        b"\0" + b"".join(dark if 100 <= x < 180 and 60 <= y < 140 else light for x in range(wide)) for y in range(high)
    ]

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(rows), 9)
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return "data:image/png;base64," + b64encode(whole).decode()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Made]:
    """Makes a server with one project: a question of that kind about pictures (good ones where none are given)."""
    servers: list[Server] = []

    def make(kind: str, *pictures: str, **more: Any) -> Server:
        question = {"kind": kind, "name": "seen", "title": "ما الذي تراه؟", "on": "photo", "labels": LABELS, **more}
        content = [{"kind": "image", "column": "photo"}]
        new = NewProject("صور", [question], text_column="photo", content=content)
        place = open_workspace(tmp_path / "pictures.tawsim", create=True, owner="Noor")
        made = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
        rows = numbered([{"photo": one} for one in pictures or (png(), png(WIDE + 1))])
        add_tasks(place.db, made, rows, actor_id=place.owner_id, source="rows", digest="rows")
        place.close()
        servers.append(Server(tmp_path / "pictures.tawsim"))
        servers[0].start()
        return servers[0]

    yield make
    for one in servers:
        one.stop()


def begin(page: Page, server: Server) -> Locator:
    """The stage of the first task, with its picture loaded."""
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    return loaded(page)


def loaded(page: Page) -> Locator:
    expect(page.get_by_test_id("regions")).to_have_attribute("data-ready", "true")
    return page.get_by_test_id("region-stage")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def sent(page: Page, server: Server) -> Any:
    """What the server accepted for the first task."""
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "1")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    return server.answers()[0]["label"]


class Pointer:
    """A mouse that is told places on the picture."""

    def __init__(self, page: Page, stage: Locator) -> None:
        self.page, self.stage = page, stage

    def at(self, x: float, y: float) -> tuple[float, float]:
        # Where pixel (x, y) of the picture is on the screen, from the picture itself.
        box = self.stage.get_by_test_id("region-picture").bounding_box()
        assert box
        return box["x"] + x * box["width"] / WIDE, box["y"] + y * box["height"] / HIGH

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def drag(self, start: tuple[float, float], *to: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        for one in to:
            self.page.mouse.move(*self.at(*one), steps=4)
        self.page.mouse.up()


def near(found: dict[str, Any], **wanted: Any) -> bool:
    """Within a screen pixel's worth of the picture."""
    return all(v == found[k] if isinstance(v, str) else abs(found[k] - v) <= 1 for k, v in wanted.items())


# ---- boxes ----------------------------------------------------------------------------------------------------------
def test_boxes_by_keys_alone(page: Page, project: Made) -> None:
    server = project("boxes")
    begin(page, server)
    press(page, "b", "2", "Shift+ArrowLeft", "ArrowUp", "Control+ArrowRight", "Control+Shift+ArrowDown")
    expect(page.get_by_test_id("region-shape")).to_have_count(1)
    press(page, "b", "Escape", ",", "3", "Delete", "b", "1", "Shift+ArrowDown")
    expect(page.get_by_test_id("region-shape")).to_have_count(2)
    press(page, "Enter")
    answer = sent(page, server)
    assert answer["size"] == [WIDE, HIGH]
    assert sorted(one["label"] for one in answer["boxes"]) == sorted(LABELS[:2])
    moved = next(one for one in answer["boxes"] if one["label"] == "person")
    other = next(one for one in answer["boxes"] if one["label"] == LABELS[0])
    assert moved["x"] < other["x"]
    assert moved["y"] < other["y"]
    assert moved["width"] > other["width"]
    assert moved["height"] > other["height"] + 1


def test_two_corners_with_the_cross(page: Page, project: Made) -> None:
    server = project("boxes")
    begin(page, server)
    press(page, "2", "ArrowLeft", "Shift+ArrowLeft", "Space", "Shift+ArrowRight", "Shift+ArrowDown", "Space")
    expect(page.get_by_test_id("region-shape")).to_have_count(1)
    press(page, "Enter")
    (box,) = sent(page, server)["boxes"]
    assert box["label"] == "person"
    assert abs(box["width"] - box["height"]) < 0.1
    assert abs(box["x"] + box["width"] - WIDE / 2) < 0.1  # back in the middle, where the cross had begun


def test_boxes_by_drag_and_by_clicks(page: Page, project: Made) -> None:
    server = project("boxes")
    hand = Pointer(page, begin(page, server))
    hand.drag((100, 60), (140, 100), (180, 140))
    press(page, "Escape", "2")  # let go: the digit is for the next one
    hand.click(20, 20)
    hand.click(60, 50)
    expect(page.get_by_test_id("region-shape")).to_have_count(2)
    hand.drag((40, 35), (50, 35))  # the second is still held: it moves
    hand.drag((30, 20), (10, 10))  # by its corner
    press(page, "Enter")
    second, first = sent(page, server)["boxes"]
    assert near(first, x=100, y=60, width=80, height=80, label=LABELS[0])
    assert near(second, x=10, y=10, width=60, height=40, label="person")


def test_a_box_inside_another(page: Page, project: Made) -> None:
    server = project("boxes")
    hand = Pointer(page, begin(page, server))
    hand.drag((20, 20), (300, 180))
    press(page, "n")
    hand.drag((100, 60), (180, 140))
    expect(page.get_by_test_id("region-shape")).to_have_count(2)
    hand.click(140, 100)  # the smaller one is meant
    press(page, "Delete", "Enter")
    (left,) = sent(page, server)["boxes"]
    assert near(left, x=20, y=20, width=280, height=160)


def test_undo_inside_the_question(page: Page, project: Made) -> None:
    hand = Pointer(page, begin(page, project("boxes")))
    shapes = page.get_by_test_id("region-shape")
    hand.drag((100, 60), (180, 140))
    where = shapes.first.inner_text()
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    assert shapes.first.inner_text() != where
    press(page, "Control+z")  # a run of steps at once
    assert shapes.first.inner_text() == where
    press(page, "Control+Shift+z")
    assert shapes.first.inner_text() != where
    press(page, "Control+z", "Control+z")
    expect(shapes).to_have_count(0)
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "0")


def test_nothing_to_mark_is_said(page: Page, project: Made) -> None:
    """An empty answer is an answer, but never by accident."""
    server = project("boxes")
    hand = Pointer(page, begin(page, server))
    hand.drag((100, 60), (180, 140))
    press(page, "Delete")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "0")
    page.get_by_test_id("region-none").click()
    assert sent(page, server) == {"size": [WIDE, HIGH], "boxes": []}


def test_zoom_keeps_places(page: Page, project: Made) -> None:
    server = project("boxes")
    stage = begin(page, server)
    hand = Pointer(page, stage)
    whole = float(stage.get_attribute("data-scale") or 0)
    page.mouse.move(*hand.at(140, 100))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    expect(stage).not_to_have_attribute("data-scale", str(whole))
    before = hand.at(140, 100)
    page.keyboard.down("Space")
    hand.drag((140, 100), (150, 105))
    page.keyboard.up("Space")
    after = hand.at(140, 100)
    assert after != before
    hand.drag((120, 80), (160, 120))
    press(page, "0")
    expect(stage).to_have_attribute("data-scale", str(whole))
    press(page, "Enter")
    (box,) = sent(page, server)["boxes"]
    assert near(box, x=120, y=80, width=40, height=40)


def test_shapes_stay_inside(page: Page, project: Made) -> None:
    server = project("boxes")
    stage = begin(page, server)
    press(page, "-", "-")
    hand = Pointer(page, stage)
    hand.drag((250, 150), (WIDE + 30, HIGH + 30))
    press(page, *["Shift+ArrowRight"] * 5, "Enter")
    (box,) = sent(page, server)["boxes"]
    assert near(box, x=250, y=150, width=70, height=50)
    assert box["x"] + box["width"] <= WIDE
    assert box["y"] + box["height"] <= HIGH


# ---- polygons and points -----------------------------------------------------------------------------------------------
def test_polygons_by_keys_alone(page: Page, project: Made) -> None:
    server = project("polygons")
    begin(page, server)
    press(page, "2", "ArrowUp", "Space", "Shift+ArrowRight", "Space", "Shift+ArrowUp", "Space", "Backspace")
    press(page, "Shift+ArrowDown", "Shift+ArrowDown", "Space", "Enter")
    expect(page.get_by_test_id("region-shape")).to_have_count(1)
    press(page, "e", "i", "Shift+ArrowUp", ".", "Escape", "Escape", "Enter")
    (shape,) = sent(page, server)["polygons"]
    assert shape["label"] == "person"
    assert len(shape["points"]) == 4
    assert shape["points"][0] == min(shape["points"])


def test_polygons_by_clicks_and_drags(page: Page, project: Made) -> None:
    server = project("polygons")
    stage = begin(page, server)
    hand = Pointer(page, stage)
    for x, y in ((60, 60), (180, 60), (180, 140), (60, 140)):
        hand.click(x, y)
    hand.click(61, 61)  # the first again
    expect(page.get_by_test_id("region-shape")).to_have_count(1)
    hand.drag((180, 140), (200, 150))  # a vertex
    hand.drag((120, 60), (120, 40))  # half way between two: a new one
    page.get_by_test_id("submit").click()
    (shape,) = sent(page, server)["polygons"]
    wanted = [[60, 60], [120, 40], [180, 60], [200, 150], [60, 140]]
    assert len(shape["points"]) == 5
    for point in wanted:
        assert any(abs(point[0] - x) <= 1.5 and abs(point[1] - y) <= 1.5 for x, y in shape["points"]), point


def test_keypoints_by_keys_and_by_mouse(page: Page, project: Made) -> None:
    server = project("keypoints")
    hand = Pointer(page, begin(page, server))
    press(page, "ArrowRight", "Space", "Space", "2", "Shift+ArrowLeft", "Space")  # the same place twice is one point
    press(page, "3")
    hand.click(20, 30)
    hand.click(280, 150)
    expect(page.get_by_test_id("region-shape")).to_have_count(4)
    press(page, ",", "ArrowRight", "Escape", "Enter")
    points = sent(page, server)["points"]
    assert [one["label"] for one in points].count(LABELS[2]) == 2
    assert near(points[0], x=20, y=30, label=LABELS[2])
    assert points == sorted(points, key=lambda one: (one["x"], one["y"]))


# ---- fingers, other directions, bad pictures ------------------------------------------------------------------------------
def test_fingers(browser: Browser, project: Made, language: str) -> None:
    server = project("boxes")
    context = new_context(browser, language, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    hand = Pointer(page, begin(page, server))
    page.get_by_test_id("region-label").nth(1).tap()
    page.touchscreen.tap(*hand.at(100, 60))
    page.touchscreen.tap(*hand.at(180, 140))
    expect(page.get_by_test_id("region-shape")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_test_id("submit").tap()
    (box,) = sent(page, server)["boxes"]
    assert near(box, x=100, y=60, width=80, height=80, label="person")
    context.close()


def test_the_picture_is_left_to_right(page: Page, project: Made) -> None:
    """Whatever the page's direction, x grows to the right; names are isolated."""
    stage = begin(page, project("boxes"))
    assert stage.evaluate("one => getComputedStyle(one).direction") == "ltr"
    hand = Pointer(page, stage)
    assert hand.at(200, 0)[0] > hand.at(100, 0)[0]
    hand.drag((100, 60), (180, 140))
    press(page, "3")
    assert stage.locator("bdi").inner_text() == LABELS[2]
    assert page.get_by_test_id("region-shape").locator("bdi").inner_text() == LABELS[2]


def test_by_buttons_where_single_keys_are_off(page: Page, project: Made) -> None:
    server = project("boxes")
    page.add_init_script("localStorage.setItem('tawsim-prefs', JSON.stringify({ singleKeys: false }))")
    begin(page, server)
    press(page, "b", "2")
    expect(page.get_by_test_id("region-shape")).to_have_count(0)
    page.get_by_test_id("region-label").nth(1).focus()
    press(page, "Enter")
    page.get_by_test_id("region-drop").focus()
    press(page, "Enter")
    page.get_by_test_id("region-shape").focus()
    press(page, "Enter", "ArrowRight", "Enter")
    (box,) = sent(page, server)["boxes"]
    assert box["label"] == "person"


def test_a_bad_picture_is_told_and_can_be_skipped(page: Page, project: Made) -> None:
    bad = ("data:image/png;base64,AAAA", "nowhere.png", "data:text/html,<b>x</b>")
    server = project("boxes", *bad, png())
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    for place in range(len(bad)):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(place + 1))
        expect(page.get_by_test_id("region-broken")).to_be_visible()
        press(page, "Enter", "s", "1")
    loaded(page)
    assert server.answers() == []


def test_many_boxes_are_drawn_and_undone(page: Page, project: Made) -> None:
    """Three hundred shapes: drawn and moved by keys, and sent."""
    server = project("boxes")
    begin(page, server)
    page.evaluate(
        """() => { for (let n = 0; n < 300; n += 1) {
            for (const code of ['KeyB', 'ArrowLeft']) {
                const key = code === 'KeyB' ? 'b' : code;
                for (let k = 0; k < (code === 'KeyB' ? 1 : n % 12); k += 1)
                    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }));
            } } }"""
    )
    expect(page.get_by_test_id("regions")).to_have_attribute("data-count", "300")
    expect(page.get_by_test_id("region-shape")).to_have_count(200)
    press(page, ".", "Delete", "Enter")
    boxes = sent(page, server)["boxes"]
    assert boxes
    assert all(one["x"] >= 0 and one["x"] + one["width"] <= WIDE for one in boxes)
