"""Segments and transcripts of recordings: by keys alone, by mouse and by touch; the sounds are made here."""

import io
import math
import struct
import wave
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

LABELS = ["ليلى", "Omar"]
LENGTH = 12.0
Made = Callable[..., Server]


def sound(seconds: float = LENGTH, rate: int = 8000) -> str:
    """A tone that comes and goes, as a data: address of a WAV file."""
    count = int(seconds * rate)
    samples = [int(12000 * math.sin(0.2 * n) * (1 + math.sin(n / rate * 3)) / 2) for n in range(count)]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(struct.pack(f"<{count}h", *samples))
    return "data:audio/wav;base64," + b64encode(file.getvalue()).decode()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Made]:
    """Makes a server with one project about recordings; `more` goes to its question."""
    servers: list[Server] = []

    def make(*sounds: str, **more: Any) -> Server:
        question = {"kind": "segments", "name": "said", "on": "recording", "labels": LABELS, **more}
        content = [{"kind": "audio", "column": "recording"}]
        new = NewProject("تسجيلات", [question], text_column="recording", content=content)
        place = open_workspace(tmp_path / "sounds.tawsim", create=True, owner="Noor")
        made = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
        rows = numbered([{"recording": one} for one in sounds or (sound(), sound(LENGTH + 1))])
        add_tasks(place.db, made, rows, actor_id=place.owner_id, source="rows", digest="rows")
        place.close()
        servers.append(Server(tmp_path / "sounds.tawsim"))
        servers[0].start()
        return servers[0]

    yield make
    for one in servers:
        one.stop()


def begin(page: Page, server: Server) -> dict[str, float]:
    """The wave form of the first task, drawn; where it is on the screen."""
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    return drawn(page)


def drawn(page: Page) -> dict[str, float]:
    expect(page.get_by_test_id("segments")).to_have_attribute("data-ready", "true")
    expect(page.get_by_test_id("segments")).to_have_attribute("data-outline", "done")
    box = page.get_by_test_id("segment-stage").bounding_box()
    assert box
    return {"x": box["x"], "y": box["y"], "width": box["width"]}


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def sent(page: Page, server: Server) -> list[dict[str, Any]]:
    """The segments that the server accepted for the first task."""
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "1")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    answer = server.answers()[0]["label"]
    assert answer["duration"] == LENGTH
    return list(answer["segments"])


def drag(page: Page, box: dict[str, float], start: float, end: float) -> None:
    """Across the wave form, from one second to another."""
    place = [(box["x"] + one / LENGTH * box["width"], box["y"] + 70) for one in (start, end)]
    page.mouse.move(*place[0])
    page.mouse.down()
    page.mouse.move(*place[1], steps=6)
    page.mouse.up()


def near(one: dict[str, Any], start: float, end: float) -> bool:
    return bool(abs(one["start"] - start) < 0.05 and abs(one["end"] - end) < 0.05)


def test_by_keys_alone(page: Page, project: Made) -> None:
    server = project()
    begin(page, server)
    press(page, "ArrowRight", "i", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "o", "2", "t")
    page.keyboard.type("صباح الخير Omar")
    press(page, "Escape", "ArrowRight", "i", "ArrowRight", "o", "1", "Control+ArrowRight", "Control+Shift+ArrowLeft")
    press(page, "Tab")
    page.keyboard.type("أهلًا")
    press(page, "Enter")  # the last text: back to the wave form
    press(page, "n", "Delete", "Enter")
    first, second = sent(page, server)
    assert first == {"start": 1, "end": 3.1, "label": "Omar", "text": "صباح الخير Omar"}
    assert second == {"start": 4.05, "end": 5.15, "label": "ليلى", "text": "أهلًا"}


def test_by_mouse(page: Page, project: Made) -> None:
    server = project(transcript=False)
    box = begin(page, server)
    drag(page, box, 2, 4)
    expect(page.get_by_test_id("segment-row")).to_have_count(1)
    drag(page, box, 4, 5)  # its end
    drag(page, box, 3, 4)  # the whole of it
    page.get_by_test_id("region-label").nth(1).click()
    press(page, "Escape")
    drag(page, box, 11, 9)  # backwards
    press(page, "Control+z", "Control+Shift+z")
    page.get_by_test_id("submit").click()
    first, second = sent(page, server)
    assert near(first, 3, 6)
    assert near(second, 9, 11)
    assert first["label"] == second["label"] == "Omar"
    assert first["text"] == ""


def test_segments_keep_apart_where_they_must(page: Page, project: Made) -> None:
    server = project(overlap=False, labels=[], transcript=False)
    box = begin(page, server)
    drag(page, box, 2, 4)
    drag(page, box, 6, 8)
    press(page, "Escape")
    drag(page, box, 5, 7)  # cut where the next begins
    press(page, "Escape", "Home", "ArrowRight", "ArrowRight", "ArrowRight", "n")  # inside the first: no room
    expect(page.get_by_test_id("segment-row")).to_have_count(3)
    press(page, "Home", ".", *["Control+ArrowRight"] * 30, "Enter")
    one, two, three = sent(page, server)
    assert near(one, 2, 5)
    assert near(two, 5, 6)
    assert near(three, 6, 8)
    assert one["end"] <= two["start"]
    assert two["end"] <= three["start"]


def ends_by_itself(page: Page, key: str) -> None:
    """What was begun with `key` plays to its end. Browsers without a device for sound have been seen to stand still on busy
    machines: then the page must say so, and `key` begins anew."""
    play = page.get_by_test_id("segment-play")
    for tries_left in (2, 1, 0):
        expect(play).to_have_attribute("data-playing", "true")
        try:
            return expect(play).to_have_attribute("data-playing", "false")
        except AssertionError:
            if not tries_left or not page.get_by_test_id("segment-standing").is_visible():
                raise
        press(page, key)
        expect(play).to_have_attribute("data-playing", "false")
        press(page, key)


def test_it_plays(page: Page, project: Made) -> None:
    begin(page, project())
    play, clock = page.get_by_test_id("segment-play"), page.get_by_test_id("segment-time")
    press(page, "Space")
    expect(play).to_have_attribute("data-playing", "true")
    expect(clock).not_to_contain_text("0:00.00 /")
    press(page, "Space")
    expect(play).to_have_attribute("data-playing", "false")
    press(page, "Home", "n", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp", "p")  # alone, twice as fast
    expect(page.get_by_test_id("segment-speed")).to_have_value("2")
    ends_by_itself(page, "p")
    expect(clock).to_contain_text("0:02.00 /")
    press(page, "t", "Control+Space")  # while writing
    expect(play).to_have_attribute("data-playing", "true")
    expect(page.get_by_test_id("segment-text")).to_have_value("")
    page.get_by_test_id("segment-text").press("Control+Enter")
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "1")
    expect(page.get_by_test_id("segment-time")).to_contain_text("0:00.00 / 0:13.00")  # the next one, at rest


def test_a_recording_that_stands_still_says_so(page: Page, project: Made) -> None:
    """A sound device that takes nothing: `play` is granted, no event comes, and the time does not move."""
    page.clock.install()
    page.add_init_script("HTMLMediaElement.prototype.play = function () { this.onplay(); return Promise.resolve(); }")
    begin(page, project())
    press(page, "Space")
    expect(page.get_by_test_id("segment-play")).to_have_attribute("data-playing", "true")
    expect(page.get_by_test_id("segment-standing")).to_have_count(0)
    page.clock.fast_forward(4_000)
    expect(page.get_by_test_id("segment-standing")).to_be_visible()
    press(page, "ArrowRight")
    expect(page.get_by_test_id("segment-standing")).to_have_count(0)


def test_words_keep_their_direction(page: Page, project: Made) -> None:
    """The wave form runs left to right on every page; what is said goes its own way."""
    begin(page, project())
    stage = page.get_by_test_id("segment-stage")
    assert stage.evaluate("one => getComputedStyle(one).direction") == "ltr"
    press(page, "n", "t")
    text = page.get_by_test_id("segment-text")
    for words, direction in (("أهلًا Omar", "rtl"), ("Good morning ليلى", "ltr")):
        text.fill(words)
        assert text.evaluate("one => getComputedStyle(one).direction") == direction
    assert stage.locator("bdi").inner_text() == LABELS[0]


def test_nothing_to_mark(page: Page, project: Made) -> None:
    server = project()
    begin(page, server)
    press(page, "n", "Backspace", "Control+Enter")
    expect(page.get_by_test_id("mine")).to_have_attribute("data-mine", "0")
    press(page, "Enter")
    assert sent(page, server) == []


def test_fingers(browser: Browser, project: Made, language: str) -> None:
    server = project()
    context = new_context(browser, language, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    box = begin(page, server)
    page.touchscreen.tap(box["x"] + box["width"] / 4, box["y"] + 70)
    page.get_by_test_id("segment-start").tap()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 70)
    page.get_by_test_id("segment-end").tap()
    page.get_by_test_id("segment-text").fill("نعم")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_test_id("submit").tap()
    (one,) = sent(page, server)
    assert near(one, 3, 6)
    assert one["text"] == "نعم"
    context.close()


def test_what_is_no_sound_is_told_and_can_be_skipped(page: Page, project: Made) -> None:
    bad = ("data:audio/wav;base64,AAAA", "data:audio/wav;base64,***", "nowhere.mp3")
    server = project(*bad, sound())
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    for place in range(len(bad)):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(place + 1))
        expect(page.get_by_test_id("segment-broken")).to_be_visible()
        press(page, "Enter", "n", "s", "1")
    drawn(page)
    assert server.answers() == []
