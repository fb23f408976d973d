"""Spans and relations in a real browser, in both directions of the page: what is sent counts as Python counts, and no word
ever moves. By keyboard, mouse and finger; with highlights, and with the plain painter for browsers that lack them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.ui.conftest import Server, new_context

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
LONE_MARK = "\u064b"  # a vowel sign with no letter under it
SENTENCE = f"أعلنت شَرِكَةُ OpenAI (GPT-4) عن عـقـدٍ بقيمة 3,500 ريال {FAMILY} مع بنك الرياض، {LONE_MARK} انتهى."
COMPANY = "شَرِكَةُ OpenAI (GPT-4)"
ACROSS = "قال عمر المختار:\r\nسنكتب كتابها.\n\nThe Libyan hero عمر المختار spoke in Benghazi 👍🏽 today."
LABELS = ["شخص", "منظمة", "Place"]
RULES = [{"label": "يعمل في", "from": ["شخص"], "to": ["منظمة"]}, {"label": "near", "from": [], "to": ["Place"]}]

# For each word (what stands between blanks): its rectangles in px, and the elements inside of the paragraphs.
WORDS = """() => [...document.querySelectorAll('[data-testid=task-text] p')].map(p => {
  const nodes = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
  const places = [];
  while (nodes.nextNode()) for (let i = 0; i < nodes.currentNode.length; i += 1) places.push([nodes.currentNode, i]);
  return [...p.textContent.matchAll(/\\S+/g)].map(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(...places[index]);
    const [node, at] = places[index + word.length - 1];
    range.setEnd(node, at + 1);
    const rects = [...range.getClientRects()].map(r => [r.left, r.right, r.top, r.bottom]);
    const edge = (place, pick) => Math[place](...rects.map(pick));
    return [word, edge('min', r => r[0]), edge('max', r => r[1]), edge('min', r => r[2]), edge('max', r => r[3])];
  });
})"""
ELEMENTS = "() => document.querySelectorAll('[data-testid=task-text] p *').length"
# The middle of the first or last letter of a quote, in px of the window.
PLACE = """([quote, which]) => {
  for (const p of document.querySelectorAll('[data-testid=task-text] p')) {
    const at = p.textContent.indexOf(quote);
    if (at < 0) continue;
    const range = document.createRange();
    const [node, from] = [p.firstChild, which === 'first' ? at : at + quote.length - 1];
    range.setStart(node, from);
    range.setEnd(node, from + 1);
    const box = range.getBoundingClientRect();
    const rtl = /[\\p{Script=Arabic}\\p{M}]/u.test(node.data[from]);
    const outer = (which === 'first') === rtl ? box.right - 1 : box.left + 1;
    return [outer, (box.top + box.bottom) / 2, (box.left + box.right) / 2];
  }
}"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on rows with these texts and one spans question."""
    started: list[Server] = []

    def start(*texts: str, **question: Any) -> Server:
        new = NewProject("كيانات", [{"kind": "spans", "name": "ents", "labels": LABELS, **question}])
        place = open_workspace(tmp_path / "spans.tawsim", create=True, owner="Noor")
        project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
        rows = numbered([{"id": str(i), "text": text} for i, text in enumerate(texts)])
        add_tasks(place.db, project, rows, actor_id=place.owner_id, source="rows", digest="rows")
        place.close()
        server = Server(tmp_path / "spans.tawsim")
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


class Sheet:
    """The labelling page with a text on it, and what it sends."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.sent: list[dict[str, Any]] = []
        page.on("request", self._note)
        page.goto(server.first_link)
        page.get_by_test_id("start").click()
        expect(page.get_by_test_id("spans")).to_have_attribute("data-painter", "highlights")
        page.evaluate("document.fonts.ready")

    def _note(self, request: Any) -> None:
        if request.method == "POST" and "/submit" in request.url:
            self.sent.append(request.post_data_json["answers"]["ents"])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def quote(self) -> str:
        return self.page.get_by_test_id("span-quote").inner_text()

    def go_to(self, word: str, most: int = 60) -> None:
        """Down the text by Shift-less arrows until the cursor stands on `word`."""
        self.press("ArrowDown")
        for _ in range(most):
            if self.quote() == word:
                return
            self.press("End" if self.quote() == "" else "ArrowLeft")
        raise AssertionError(f"never came to {word!r}")

    def place(self, quote: str, which: str) -> tuple[float, float]:
        x, y, _ = self.page.evaluate(PLACE, [quote, which])
        return x, y

    def middle(self, quote: str) -> tuple[float, float]:
        _, y, x = self.page.evaluate(PLACE, [quote, "first"])
        return x, y

    def drag(self, quote: str) -> None:
        self.page.mouse.move(*self.place(quote, "first"))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(quote, "last"), steps=4)
        self.page.mouse.up()

    def drawn(self, count: int) -> None:
        expect(self.page.get_by_test_id("span-list").locator("summary")).to_be_visible()
        expect(self.page.locator(".overlay .tag")).to_have_count(count)

    def submit(self) -> dict[str, Any]:
        """Sends, sees that the server took it, and gives what was sent."""
        before = len(self.sent)
        with self.page.expect_response(lambda response: "/submit" in response.url) as got:
            self.press("Control+Enter")
        assert got.value.ok, got.value.text()
        assert len(self.sent) == before + 1
        return self.sent[-1]


def quotes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(span["text"], span["label"]) for span in answer["spans"]]


def check_offsets(answer: dict[str, Any], text: str) -> None:
    for span in answer["spans"]:
        assert text[span["start"] : span["end"]] == span["text"]


def test_every_word_of_the_sentence_by_keyboard_counts_as_python_counts(
    page: Page, opened: Callable[..., Server]
) -> None:
    sheet = Sheet(page, opened(SENTENCE))
    sheet.press("ArrowLeft")
    seen = []
    for _ in range(40):
        seen.append(sheet.quote())
        sheet.press("1")
        page.keyboard.press("Escape")
        before = sheet.quote()
        sheet.press("ArrowLeft")
        if sheet.quote() == before:
            break
    answer = sheet.submit()
    check_offsets(answer, SENTENCE)
    made = {text for text, _ in quotes(answer)}
    assert {"شَرِكَةُ", "OpenAI", "GPT-4", "عـقـدٍ", "3,500", FAMILY, "الرياض", "،", "("} <= made
    assert "".join(made) != ""
    assert len(answer["spans"]) == len(seen)


def test_words_do_not_move_and_nothing_is_put_into_the_text(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(SENTENCE + "\n" + ACROSS, relations=RULES))
    before = page.evaluate(WORDS)
    html = page.get_by_test_id("task-text").inner_html()
    for quote, key in ((COMPANY, "2"), ("OpenAI", "3"), ("عـقـدٍ", "1"), ("بنك الرياض", "2"), ("Benghazi", "3")):
        sheet.drag(quote)
        sheet.press(key)
    sheet.press("r", ",", "1")
    sheet.drawn(5)
    assert page.evaluate(WORDS) == before
    assert page.get_by_test_id("task-text").inner_html() == html
    assert page.evaluate(ELEMENTS) == 0
    assert page.evaluate("[...CSS.highlights.keys()].filter(n => n.startsWith('tw-mark')).length") == 3


def test_an_arabic_and_latin_name_is_one_span_of_neighbouring_rectangles(
    page: Page, opened: Callable[..., Server]
) -> None:
    sheet = Sheet(page, opened(SENTENCE))
    sheet.drag(COMPANY)
    assert sheet.quote() == COMPANY
    sheet.press("2")
    sheet.drawn(1)
    boxes = page.eval_on_selector_all(
        ".overlay .line", "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right, r.top])"
    )
    boxes.sort()
    assert len({round(top) for _, _, top in boxes}) == 1
    for (_, end, _), (start, _, _) in itertools.pairwise(boxes):
        assert abs(start - end) < 1.5  # no foreign word stands between
    answer = sheet.submit()
    assert quotes(answer) == [(COMPANY, "منظمة")]
    check_offsets(answer, SENTENCE)


def test_mouse_double_click_snaps_to_the_word_and_exact_mode_to_the_letter(
    page: Page, opened: Callable[..., Server]
) -> None:
    sheet = Sheet(page, opened(SENTENCE))
    page.mouse.dblclick(*sheet.middle("الرياض"))
    expect(page.get_by_test_id("span-quote")).to_have_text("الرياض")
    sheet.press("Escape", "e")
    sheet.drag("شَرِ")
    expect(page.get_by_test_id("span-quote")).to_have_text("شَرِ")
    sheet.press("1", "Escape", "Escape", "Escape", "2")  # nothing is at hand: the label is kept for what comes
    expect(page.locator("[data-label=منظمة]")).to_have_attribute("aria-pressed", "true")
    sheet.press("Escape")
    answer = sheet.submit()
    assert quotes(answer) == [("شَرِ", "شخص")]
    check_offsets(answer, SENTENCE)


# The left and right end of a quote as it is seen, and its middle height, in px of the window.
SEEN = """quote => {
  const p = [...document.querySelectorAll('[data-testid=task-text] p')].find(one => one.textContent.includes(quote));
  const range = document.createRange();
  range.setStart(p.firstChild, p.textContent.indexOf(quote));
  range.setEnd(p.firstChild, p.textContent.indexOf(quote) + quote.length);
  const { left, right, top, bottom } = range.getBoundingClientRect();
  return [left, right, (top + bottom) / 2];
}"""


MEETING = {
    "وصل في 15 مارس 2024 إلى بغداد.": "15 مارس 2024",
    "تعمل ليلى لدى شركة IBM منذ عام.": "شركة IBM",
    "She wrote كتاب الأمير in a year.": "كتاب الأمير",
    "They met at Café مقهى in 2024.": "Café مقهى",
}


def test_what_a_drag_goes_over_is_taken_where_directions_meet(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(*MEETING))
    for text, quote in MEETING.items():
        expect(page.get_by_test_id("task-text")).to_have_text(text)
        left, right, height = page.evaluate(SEEN, quote)
        for start, end in ((right - 2, left + 2), (left + 2, right - 2)):
            page.mouse.move(start, height)
            page.mouse.down()
            page.mouse.move(end, height + 2, steps=5)
            page.mouse.up()
            assert sheet.quote() == quote
            sheet.press("Escape")
        sheet.press("Escape")
        sheet.submit()


def test_label_first_then_the_words(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(SENTENCE))
    page.locator("[data-label=Place]").click()
    sheet.drag("بنك الرياض")
    sheet.drag("GPT-4")
    sheet.drawn(2)
    assert quotes(sheet.submit()) == [("GPT-4", "Place"), ("بنك الرياض", "Place")]


def test_nested_overlapping_and_across_paragraphs(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(ACROSS))
    sheet.press("Home", "ArrowLeft", "Shift+ArrowLeft", "1")  # عمر المختار
    sheet.press("Escape", "1")  # the word under the cursor again, whole: عمر المختار is there already
    expect(page.get_by_test_id("span-said")).to_contain_text("عمر المختار")
    sheet.press("Escape", "Home", "ArrowLeft", "2")  # عمر alone, inside it
    sheet.press("Escape", "Home", "ArrowLeft", "ArrowLeft")
    for _ in range(3):
        sheet.press("Shift+ArrowLeft")  # المختار : سنكتب كتابها
    sheet.press("3")
    sheet.press("Escape", "Home", "ArrowLeft", "ArrowLeft")  # المختار, which two of the three lie over
    seen = []
    for _ in range(4):
        sheet.press("Space")
        seen.append(page.get_by_test_id("span-offsets").inner_text())
    assert seen == [f"{ACROSS.index('عمر')}–{ACROSS.index(':')}", f"{ACROSS.index('المختار')}–{ACROSS.index('.')}"] * 2
    answer = sheet.submit()
    check_offsets(answer, ACROSS)
    assert quotes(answer) == [
        ("عمر", "منظمة"), ("عمر المختار", "شخص"), ("المختار:\r\nسنكتب كتابها", "Place"),
    ]  # fmt: skip


def test_spans_that_may_not_overlap_say_so(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(ACROSS, overlap=False))
    sheet.drag("عمر المختار")
    sheet.press("1")
    sheet.drag("المختار")
    sheet.press("2")
    expect(page.get_by_test_id("span-said")).to_contain_text("عمر المختار")
    assert quotes(sheet.submit()) == [("عمر المختار", "شخص")]


def test_an_edge_moves_by_clitic_word_and_letter(page: Page, opened: Callable[..., Server]) -> None:
    text = "فبالكتاب عرفوا كتابها وOpenAI والرِّياضُ."
    sheet = Sheet(page, opened(text))
    page.mouse.dblclick(*sheet.middle("كتابها"))
    sheet.press("-")
    assert sheet.quote() == "كتاب"
    sheet.press(
        "1", "-", "=", "="
    )  # of a span too: in by a word is not possible, out to the ending, then the next word
    assert sheet.quote().startswith("كتابها")
    page.mouse.dblclick(*sheet.middle("وOpenAI"))
    sheet.press("Shift+-", "2")
    assert sheet.quote() == "OpenAI"
    page.mouse.dblclick(*sheet.middle("فبالكتاب"))
    steps = []
    for _ in range(3):
        sheet.press("Shift+-")
        steps.append(sheet.quote())
    assert steps == ["بالكتاب", "الكتاب", "كتاب"]
    page.mouse.dblclick(*sheet.middle("والرِّياضُ"))
    sheet.press("Shift+-", "Shift+-", "3", "e", "-")
    assert sheet.quote() == "رِّيا"  # a vowel sign never stays behind without its letter
    answer = sheet.submit()
    check_offsets(answer, text)


def test_a_relation_by_keyboard_alone(page: Page, opened: Callable[..., Server]) -> None:
    text = "يعمل عمر في OpenAI قرب Benghazi منذ 2024"
    sheet = Sheet(page, opened(text, relations=RULES))
    for quote, key in (("عمر", "1"), ("OpenAI", "2"), ("Benghazi", "3")):
        sheet.go_to(quote)
        sheet.press(key, "Escape")
    sheet.press("Escape", "Escape", ".", "r")  # from عمر
    expect(page.get_by_test_id("span-bar")).to_contain_text("عمر")
    sheet.press("1")  # no other span yet
    sheet.press(".", "2")  # OpenAI: only one label fits, so there is no second one
    expect(page.locator(".overlay .arc")).to_have_count(0)
    sheet.press("1")
    expect(page.locator(".overlay .arc")).to_have_count(1)
    sheet.press("r", ".", ".", "Enter")  # the only label that leads to a Place
    expect(page.locator(".overlay .arc")).to_have_count(2)
    sheet.press("Control+z")
    expect(page.locator(".overlay .arc")).to_have_count(1)
    sheet.press("Control+Shift+z")
    page.get_by_test_id("span-list").locator("summary").click()
    expect(page.get_by_test_id("relation-item")).to_have_count(2)
    page.get_by_test_id("relation-remove").last.click()
    answer = sheet.submit()
    check_offsets(answer, text)
    assert answer["relations"] == [{"from": 0, "to": 1, "label": "يعمل في"}]


def test_a_span_takes_its_relations_with_it_and_undo_brings_both_back(
    page: Page, opened: Callable[..., Server]
) -> None:
    text = "عمر OpenAI Benghazi"
    sheet = Sheet(page, opened(text, relations=RULES))
    for quote, key in (("عمر", "1"), ("OpenAI", "2"), ("Benghazi", "3")):
        page.mouse.dblclick(*sheet.middle(quote))
        sheet.press(key)
    sheet.press(".", "r", ".", ".", "1", "Escape")  # عمر near Benghazi
    expect(page.locator(".overlay .arc")).to_have_count(1)
    sheet.press(".", ".", "Delete")
    sheet.drawn(2)
    sheet.press("Control+z")
    sheet.drawn(3)
    sheet.press("Escape", "Home", "Space", "Delete")  # عمر and with it the relation
    expect(page.locator(".overlay .arc")).to_have_count(0)
    answer = sheet.submit()
    assert quotes(answer) == [("OpenAI", "منظمة"), ("Benghazi", "Place")]
    assert answer["relations"] == []


def test_without_single_keys_everything_still_works(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened("يعمل عمر في OpenAI"))
    sheet.press("?")
    page.get_by_test_id("single-keys").uncheck()
    sheet.press("Escape")
    sheet.go_to("عمر")
    sheet.press("Shift+ArrowLeft", "Shift+ArrowLeft", "Enter")  # asks which label: the focus goes to the first
    expect(page.locator("[data-label=شخص]")).to_be_focused()
    sheet.press("ArrowLeft" if page.evaluate("document.documentElement.dir") == "rtl" else "ArrowRight", "Enter")
    sheet.drawn(1)
    sheet.press("Shift+ArrowRight")
    sheet.press("Escape", "Escape")
    answer = sheet.submit()
    assert quotes(answer) == [("عمر في OpenAI", "منظمة")]


def test_an_answer_taken_back_is_drawn_again_and_none_is_an_answer(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(SENTENCE, "لا شيء هنا"))
    sheet.drag(COMPANY)
    sheet.press("2")
    sheet.submit()
    expect(page.get_by_test_id("task-text")).to_have_text("لا شيء هنا")
    sheet.drawn(0)
    assert page.evaluate("[...CSS.highlights.values()].reduce((n, h) => n + h.size, 0)") == 0
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    sheet.press("Backspace")
    expect(page.locator(".overlay .tag")).to_have_text("منظمة")
    sheet.press(".", "3")
    expect(page.locator(".overlay .tag")).to_have_text("Place")
    assert quotes(sheet.submit()) == [(COMPANY, "Place")]
    expect(page.get_by_test_id("task-text")).to_have_text("لا شيء هنا")
    assert sheet.submit() == {"spans": [], "relations": []}


def test_fingers_tap_the_first_word_and_the_last(
    browser: Browser, opened: Callable[..., Server], language: str
) -> None:
    server = opened(SENTENCE)
    context = new_context(browser, language, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    sheet = Sheet(page, server)
    page.touchscreen.tap(*sheet.middle("شَرِكَةُ"))
    expect(page.locator(".overlay .handle")).to_have_count(2)
    page.touchscreen.tap(*sheet.middle("GPT-4"))
    expect(page.get_by_test_id("span-quote")).to_have_text("شَرِكَةُ OpenAI (GPT-4")
    sizes = page.evaluate(  # at once: what is drawn over the text is drawn anew as it scrolls
        """() => [...document.querySelectorAll(".overlay .handle")].map(e => e.getBoundingClientRect())
            .map(r => Math.min(r.width, r.height))"""
    )
    assert min(sizes) >= 24
    page.get_by_test_id("end-out").tap()
    expect(page.get_by_test_id("span-quote")).to_have_text(COMPANY)
    page.locator("[data-label=منظمة]").tap()
    page.touchscreen.tap(*sheet.middle("GPT-4"))  # again on the span that is chosen: a word inside it
    page.touchscreen.tap(*sheet.middle("GPT-4"))
    page.locator("[data-label=شخص]").tap()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_response(lambda response: "/submit" in response.url) as got:
        page.get_by_test_id("submit").tap()
    assert got.value.ok
    assert quotes(sheet.sent[-1]) == [(COMPANY, "منظمة"), ("GPT-4", "شخص")]
    check_offsets(sheet.sent[-1], SENTENCE)
    context.close()


def test_a_handle_is_dragged_to_another_word(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(SENTENCE))
    x, y = sheet.middle("بنك")
    page.evaluate(
        """([x, y]) => { for (const type of ['pointerdown', 'pointerup']) document.elementFromPoint(x, y).dispatchEvent(
        new PointerEvent(type, {bubbles: true, clientX: x, clientY: y, pointerType: 'touch', button: 0})); }""", [x, y],
    )  # fmt: skip
    expect(page.get_by_test_id("span-quote")).to_have_text("بنك")
    handle = page.locator("[data-handle=end]").bounding_box()
    assert handle is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 12)
    page.mouse.down()
    to, _ = sheet.place("الرياض", "last")
    page.mouse.move(to, handle["y"] + 12, steps=5)
    page.mouse.up()
    expect(page.get_by_test_id("span-quote")).to_have_text("بنك الرياض")


def test_the_plain_painter_gives_the_same_and_moves_no_word(page: Page, opened: Callable[..., Server]) -> None:
    server = opened(SENTENCE, SENTENCE)
    page.add_init_script("delete CSS.highlights; Object.defineProperty(CSS, 'highlights', {configurable: true})")
    page.add_init_script(
        "document.addEventListener('readystatechange', () => document.documentElement.dataset.spansPainter = 'inline')"
    )
    sent: list[Any] = []
    page.on("request", lambda r: sent.append(r.post_data_json["answers"]["ents"]) if "/submit" in r.url else None)
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("spans")).to_have_attribute("data-painter", "inline")
    page.evaluate("document.fonts.ready")
    before = page.evaluate(WORDS)
    sheet = Sheet.__new__(Sheet)
    sheet.page = page
    sheet.drag(COMPANY)
    page.keyboard.press("2")
    page.keyboard.press("Escape")
    sheet.go_to("الرياض")
    page.keyboard.press("3")
    sheet.press("Escape", "Escape")
    assert page.evaluate(ELEMENTS) > 0
    after = page.evaluate(WORDS)
    for line_before, line_after in zip(before, after, strict=True):
        for (word, *was), (_, *now) in zip(line_before, line_after, strict=True):
            assert now == pytest.approx(was, abs=0.6), word
    with page.expect_response(lambda response: "/submit" in response.url) as got:
        page.keyboard.press("Control+Enter")
    assert got.value.ok
    assert quotes(sent[-1]) == [(COMPANY, "منظمة"), ("الرياض", "Place")]
    check_offsets(sent[-1], SENTENCE)


HOSTILE = {
    "overrides": "\u202eabc مرحبا\u202c \u2067قلب\u2069 عمر \u200fend\u200f",
    "zalgo": "z" + "\u0300\u0301\u0489" * 400 + "algo عمر t" + "\u064b\u0651" * 300,
    "one word": "كتاب" * 50_000 + " عمر",
    "markup": "<b onclick=alert(1)>عمر</b> <script>document.title='owned'</script>",
    "blanks": "\u00a0\u2003\t عمر \u3000\u200b\ufeff",
    "flags and skins": "🇱🇾🇸🇦 👍🏽 عمر 🏳️‍🌈 e\u0301",
}


def test_strange_texts_break_nothing(page: Page, opened: Callable[..., Server]) -> None:
    sheet = Sheet(page, opened(*HOSTILE.values()))
    for place, text in enumerate(HOSTILE.values()):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(place + 1))
        sheet.press("ArrowLeft", "Shift+End", "1", "Escape", "End", "2", "Escape", "Home", "3")
        page.get_by_test_id("direction").click()
        sheet.press("Escape", "Escape", "e", "Shift+Home", "Escape", "End", "Shift+ArrowLeft", "Shift+ArrowRight", "1")
        answer = sheet.submit()
        assert 2 <= len(answer["spans"]) <= 4, text[:40]
        check_offsets(answer, text)
    assert page.title() != "owned"


# How many colours are registered, and the words in view that have one.
PAINTED = """(() => {
  const all = [...CSS.highlights].filter(([name]) => name.startsWith('tw-mark')).flatMap(([, ranges]) => [...ranges]);
  const view = document.querySelector('[data-testid=span-scroller]').getBoundingClientRect();
  return [all.length, all.map(one => {
    const range = document.createRange();
    range.setStart(one.startContainer, one.startOffset);
    range.setEnd(one.endContainer, one.endOffset);
    return range;
  }).filter(one => {
    const box = one.getBoundingClientRect();
    return box.height > 0 && box.bottom > view.top && box.top < view.bottom;
  }).map(String)];
})()"""


def test_only_what_is_near_the_view_is_painted_and_all_of_it(page: Page, opened: Callable[..., Server]) -> None:
    """Also after a jump to the other end, and for a span that is removed there and brought back."""
    line = "قال عمر المختار في بنغازي the hero spoke today. "
    text = "\n".join([*(line * 6 for _ in range(300)), "انتهى Xylophone"])
    server = opened(text)
    places = [(at, at + 3) for at in range(4, len(text) - 20, len(line) * 6 + 1)] + [(len(text) - 9, len(text))]
    spans = [
        {"start": start, "end": end, "label": LABELS[number % 3], "text": text[start:end]}
        for number, (start, end) in enumerate(places)
    ]

    def with_spans(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        for one in body["leases"]:
            one["previous"] = {"answers": {"ents": {"spans": spans, "relations": []}}}
        route.fulfill(response=reply, json=body)

    def painted(wanted: str) -> None:
        """Waits until few are registered and the words in view that are painted are as wanted."""
        page.wait_for_function(f"() => (([all, seen]) => all < {len(spans) // 2} && {wanted})({PAINTED})")

    page.route("**/next", with_spans)
    sheet = Sheet(page, server)
    painted("seen.length > 0")
    sheet.press(",")  # the last one, far below
    painted("seen.includes('Xylophone')")
    sheet.press("Delete")
    painted("seen.length > 0 && !seen.includes('Xylophone')")
    sheet.press("Control+z")
    painted("seen.includes('Xylophone')")
