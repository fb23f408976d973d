"""The project wizard: files, archives, templates and texts become projects; what labellers see is what was previewed."""

import json
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import enter, violations_by_day_and_night

TEXTS = [
    "الخدمة ممتازة والموظف متعاون جدًا",
    "The parcel came late and nobody said sorry",
    "لا بأس بالمنتج لكن السعر غالٍ",
]
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u202e\"'`\\${x}"


def begin(page: Page, server: Server) -> None:
    enter(page, server.first_link)
    page.get_by_test_id("new-project").click()
    expect(page.get_by_test_id("template").first).to_be_visible()


def take(page: Page, *files: Path) -> None:
    page.get_by_test_id("files").set_input_files(list(files))
    expect(page.get_by_test_id("preview-frame")).to_be_visible()


def make(page: Page) -> str:
    expect(page.get_by_test_id("make")).to_have_attribute("aria-disabled", "false")
    page.get_by_test_id("make").click()
    expect(page.get_by_test_id("made")).to_be_visible(timeout=120_000)  # a large file is imported meanwhile
    return str(page.get_by_test_id("made").get_attribute("data-project"))


def project_of(server: Server, made: str) -> dict[str, Any]:
    return next(one for one in server.projects() if one["project"]["id"] == made)


def labelled_csv(folder: Path, rows: int = 12) -> Path:
    file = folder / "reviews.csv"
    lines = [f'{n},"{TEXTS[n % 3]} {n}",{"جيد" if n % 2 else "سيئ"}' for n in range(rows)]
    file.write_text("id,text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return file


def picture(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x20\x80\x60" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_label_column_is_proposed_and_hidden(page: Page, server: Server, tmp_path: Path, browser: Browser) -> None:
    begin(page, server)
    take(page, labelled_csv(tmp_path))
    reading = page.locator("[data-testid=reading][data-column=label]")
    assert reading.get_attribute("data-role") == "label"
    assert sorted(page.get_by_test_id("q-labels").input_value().split("\n")) == ["جيد", "سيئ"]
    expect(page.get_by_test_id("hidden-columns")).to_contain_text("label")
    assert page.get_by_test_id("preview").locator("[data-testid=block]").count() == 1
    # The preview is answered by its keys, and goes on to the next row.
    page.get_by_test_id("preview-frame").focus()
    page.keyboard.press("1")
    expect(page.get_by_test_id("preview-said").locator("dd")).to_have_count(1)
    expect(page.get_by_test_id("preview").locator("article")).to_have_attribute("data-seq", "2")
    made = make(page)
    found = project_of(server, made)
    assert found["progress"]["tasks"] == 12
    assert found["progress"]["answers"] == 0
    other = new_context(browser, "en")
    worker = other.new_page()
    worker.goto(server.invite("Layla"))
    expect(worker.get_by_test_id("home")).to_be_visible()
    worker.goto(f"{server.base}/label/{made}")
    expect(worker.get_by_test_id("task")).to_be_visible()
    shown = worker.evaluate(
        """p => fetch(`/api/v1/projects/${p}/next`, {method: 'POST', headers: {'Content-Type': 'application/json',
        'Tawsim-Client': 'web'}, body: '{"count": 1}'}).then(r => r.json())""",
        made,
    )
    assert set(shown["leases"][0]["task"]["content"]) == {"text"}
    other.close()


def test_a_preference_file_is_compared_blind(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [
        {"prompt": f"ask {n}: why is the sky blue?", "chosen": f"good answer {n} here", "rejected": f"bad one {n} here"}
        for n in range(9)
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    begin(page, server)
    take(page, file)
    assert page.get_by_test_id("q").first.get_attribute("data-kind") == "pairwise"
    # Candidates stand as A and B, in an order that changes, and their columns are nowhere.
    firsts = set()
    for _ in range(9):
        text = page.get_by_test_id("preview").locator("[data-testid=question]").first.inner_text()
        assert "chosen" not in text
        assert "rejected" not in text
        firsts.add(text.index("good answer") < text.index("bad one"))
        if page.get_by_test_id("row-after").is_enabled():
            seq = page.get_by_test_id("preview").locator("article").get_attribute("data-seq")
            page.get_by_test_id("row-after").click()
            expect(page.get_by_test_id("preview").locator("article")).not_to_have_attribute("data-seq", str(seq))
    assert firsts == {True, False}
    made = project_of(server, make(page))
    assert list(made["project"]["questions"][0]["candidates"]) == ["chosen", "rejected"]
    assert made["progress"]["tasks"] == 9


def test_a_conversation_is_rated(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    talk = [{"role": "user", "content": "أين طلبي؟"}, {"role": "assistant", "content": "ما رقم الطلب؟"}]
    file.write_text("\n".join(json.dumps({"topic": f"t{n}", "messages": talk}) for n in range(4)), encoding="utf-8")
    begin(page, server)
    take(page, file)
    assert page.get_by_test_id("q").first.get_attribute("data-kind") == "chat"
    expect(page.get_by_test_id("preview")).to_contain_text("ما رقم الطلب؟")
    page.locator("select[data-testid=rating]").select_option("labels")
    page.get_by_test_id("rating-labels").fill("good\nbad\nworse")
    expect(page.get_by_test_id("preview")).to_contain_text("worse")
    made = project_of(server, make(page))
    assert made["project"]["questions"][0]["rating"] == {"labels": ["good", "bad", "worse"]}


@pytest.mark.parametrize("with_table", [True, False])
def test_pictures_in_an_archive(page: Page, server: Server, tmp_path: Path, with_table: bool) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(3):
            archive.writestr(f"photos/صورة {n}.png", picture(80 + n, 40))
        archive.writestr("__MACOSX/._x", b"junk")
        if with_table:
            rows = "\n".join(f"photos/صورة {n}.png,شارع {n}" for n in range(3))
            archive.writestr("table.csv", f"image,place\n{rows}\n")
    begin(page, server)
    take(page, file)
    frame = page.get_by_test_id("preview-frame")
    expect(frame.locator("img, image, canvas, svg").first).to_be_visible()
    expect(frame.get_by_test_id("media-note")).to_have_count(0)
    made = make(page)
    assert project_of(server, made)["progress"]["tasks"] == 3
    page.get_by_test_id("made-label").click()
    expect(page.get_by_test_id("task")).to_be_visible()
    media = page.evaluate("p => fetch(`/api/v1/projects/${p}/media`).then(r => r.json())", made)["media"]
    assert [one["width"] for one in media] == [80, 81, 82]


def test_a_template_by_keyboard_alone(page: Page, server: Server) -> None:
    enter(page, server.first_link)
    page.keyboard.press("n")
    expect(page.get_by_test_id("template").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("ner")
    expect(page.get_by_test_id("template")).to_have_count(1)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.template") == "ner":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("preview-frame")).to_be_visible()
    # To the second label's line: it is taken away, undone, and a question is added; then the project is made.
    page.get_by_test_id("q-title").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Who and where?")
    expect(page.get_by_test_id("preview").locator("h2").filter(has_text="Who and where?")).to_be_visible()
    for _ in range(60):
        if page.evaluate("document.activeElement.dataset.testid") == "add-question":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("kind-scale")).to_be_visible()
    page.get_by_test_id("kind-scale").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("q")).to_have_count(2)
    assert page.evaluate("document.activeElement.dataset.testid") == "q-title"
    page.keyboard.type("How clear is it?")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_test_id("q").first).to_have_attribute("data-kind", "scale")
    assert page.evaluate("document.activeElement.value") == "How clear is it?"
    expect(page.get_by_test_id("preview").locator("[data-testid=question]")).to_have_count(2)
    expect(page.get_by_test_id("make")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("made")).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_test_id("task")).to_be_visible()
    made = server.projects()
    assert any([q["kind"] for q in one["project"]["questions"]] == ["scale", "spans"] for one in made)


def test_every_template_is_previewed_and_can_be_made(page: Page, server: Server) -> None:
    begin(page, server)
    names = page.evaluate("[...document.querySelectorAll('[data-template]')].map(one => one.dataset.template)")
    assert len(names) == 20
    for name in names:
        page.locator(f"[data-template={name}]").click()
        expect(page.get_by_test_id("preview-frame").locator("article")).to_be_visible()
        expect(page.get_by_test_id("make")).to_have_attribute("aria-disabled", "false")
        assert page.get_by_test_id("fault").count() == 0, name
        page.get_by_test_id("anew").click()
        expect(page.get_by_test_id("template").first).to_be_visible()


def test_a_template_is_put_on_a_file(page: Page, server: Server, tmp_path: Path) -> None:
    begin(page, server)
    take(page, labelled_csv(tmp_path))
    page.get_by_test_id("use-template").click()
    page.locator("[data-template=ner]").click()
    expect(page.get_by_test_id("q").first).to_have_attribute("data-kind", "spans")
    expect(page.get_by_test_id("q-on")).to_have_value("text")
    expect(page.get_by_test_id("preview")).to_contain_text("الخدمة ممتازة")
    # One that needs what the file has not says so, and nothing is lost.
    page.get_by_test_id("use-template").click()
    page.locator("[data-template=image_boxes]").click()
    expect(page.get_by_test_id("wizard-failure")).to_contain_text("image")
    expect(page.get_by_test_id("q").first).to_have_attribute("data-kind", "spans")
    page.get_by_test_id("w-undo").click()
    expect(page.get_by_test_id("q").first).to_have_attribute("data-kind", "choice")


def test_bad_files_are_refused_in_words(page: Page, server: Server, tmp_path: Path) -> None:
    begin(page, server)
    pdf = tmp_path / "a.csv"
    pdf.write_bytes(b"%PDF-1.4 nothing")
    page.get_by_test_id("files").set_input_files(pdf)
    expect(page.get_by_test_id("failure")).to_contain_text("PDF")
    page.get_by_test_id("files").set_input_files([labelled_csv(tmp_path), pdf])
    expect(page.get_by_test_id("failure")).not_to_contain_text("PDF")
    assert page.get_by_test_id("wizard").get_attribute("data-stage") == "start"


def test_a_row_that_is_wrong_far_below_keeps_the_form(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "late.csv"
    lines = [f"{n},some longer text number {n}" for n in range(700)] + ["700,"]
    file.write_text("id,text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    begin(page, server)
    take(page, file)
    page.get_by_test_id("w-name").fill("Kept as it is")
    page.get_by_test_id("make").click()
    failure = page.get_by_test_id("wizard-failure")
    expect(failure).to_be_visible()
    assert "late.csv" in failure.inner_text()
    assert "text" in failure.inner_text()
    assert page.get_by_test_id("w-name").input_value() == "Kept as it is"
    assert [
        one
        for one in server.projects()
        if one["project"]["name"] == "Kept as it is" and one["project"]["state"] != "removed"
    ] == []
    # The mended file goes in.
    file.write_text("id,text\n" + "\n".join(lines[:-1]) + "\n", encoding="utf-8")
    page.get_by_test_id("files").set_input_files(file)
    expect(failure).to_have_count(0)
    assert page.get_by_test_id("w-name").input_value() == "Kept as it is"
    assert project_of(server, make(page))["progress"]["tasks"] == 700


def test_only_the_head_of_a_large_file_is_read(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    rows = "\n".join(f"{n},a text of some length that fills the file number {n},{'ab'[n % 2]}" for n in range(100_000))
    file.write_text("id,text,label\n" + rows + "\n", encoding="utf-8")
    assert file.stat().st_size > 5_000_000
    sent: list[int] = []

    def look(request: Request) -> None:
        if "/wizard/propose" in request.url:
            sent.append(int(request.all_headers()["content-length"]))
            assert "cut=true" in request.url

    begin(page, server)
    page.on("requestfinished", look)
    take(page, file)
    made = make(page)
    assert sent
    assert max(sent) <= 2_000_000
    assert project_of(server, made)["progress"]["tasks"] == 100_000


def test_hostile_names_are_only_text(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    rows = [
        {HOSTILE: f"a longer text to be judged, number {n}", "__proto__": "p", "constructor": "c"} for n in range(5)
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    begin(page, server)
    take(page, file)
    page.get_by_test_id("w-name").fill("</title><script>alert(1)</script>")
    page.get_by_test_id("q-title").fill(HOSTILE)
    page.get_by_test_id("q-labels").fill("__proto__\nconstructor\n<b>x</b>")
    expect(page.get_by_test_id("preview")).to_contain_text("<b>x</b>")
    page.get_by_test_id("preview-frame").focus()
    page.keyboard.press("1")
    expect(page.get_by_test_id("preview-said").locator("dd")).to_have_text("__proto__")
    found = project_of(server, make(page))
    assert list(found["project"]["questions"][0]["labels"]) == ["__proto__", "constructor", "<b>x</b>"]
    assert page.title() != "owned"


def test_nothing_is_lost_on_reload_and_what_was_removed_comes_back(page: Page, server: Server, tmp_path: Path) -> None:
    begin(page, server)
    take(page, labelled_csv(tmp_path))
    page.get_by_test_id("w-name").fill("مسودة")
    page.get_by_test_id("guideline").fill("## قاعدة")
    page.get_by_test_id("add-question").click()
    page.get_by_test_id("kind-text").click()
    expect(page.get_by_test_id("q")).to_have_count(2)
    page.get_by_test_id("q").nth(1).get_by_test_id("remove").click()
    expect(page.get_by_test_id("q")).to_have_count(1)
    page.get_by_test_id("w-undo").click()
    expect(page.get_by_test_id("q")).to_have_count(2)
    page.wait_for_timeout(600)  # the draft is written behind
    page.reload()
    expect(page.get_by_test_id("restored")).to_be_visible()
    assert page.get_by_test_id("w-name").input_value() == "مسودة"
    assert page.get_by_test_id("guideline").input_value() == "## قاعدة"
    expect(page.get_by_test_id("q")).to_have_count(2)
    made = make(page)
    assert project_of(server, made)["progress"]["tasks"] == 12
    page.goto(f"{server.base}/new")
    expect(page.get_by_test_id("template").first).to_be_visible()


def test_the_text_and_the_form_are_one(page: Page, server: Server, tmp_path: Path) -> None:
    begin(page, server)
    take(page, labelled_csv(tmp_path))
    page.get_by_test_id("tab-file").click()
    field = page.get_by_test_id("toml")
    expect(field).to_have_value(re.compile(r"\[\[question\]\]"))
    text = field.input_value()
    field.fill(text.replace('name = "reviews"', 'name = "From text"').replace('kind = "choice"', 'kind = "choices"'))
    page.get_by_test_id("tab-form").click()
    expect(page.get_by_test_id("w-name")).to_have_value("From text")
    expect(page.get_by_test_id("q-kind")).to_have_value("choices")
    page.get_by_test_id("q-labels").fill("only")
    expect(page.get_by_test_id("fault").first).to_be_visible()
    expect(page.get_by_test_id("make")).to_have_attribute("aria-disabled", "true")
    page.get_by_test_id("q-labels").fill("one\ntwo")
    expect(page.get_by_test_id("fault")).to_have_count(0)
    page.get_by_test_id("tab-file").click()
    expect(field).to_have_value(re.compile(r'labels = \["one", "two"\]'))
    field.fill(field.input_value() + "\n[[question]\n")
    expect(page.get_by_test_id("toml-fault")).to_be_visible()
    expect(page.get_by_test_id("make")).to_have_attribute("aria-disabled", "true")


def test_pasted_rows_and_a_tawsim_toml(page: Page, server: Server, tmp_path: Path) -> None:
    begin(page, server)
    page.get_by_test_id("paste").click()
    page.get_by_test_id("paste-text").fill(
        "question\tanswer\n" + "\n".join(f"what is it, number {n}?\tit is {n}" for n in range(5))
    )
    page.get_by_test_id("paste-go").click()
    expect(page.get_by_test_id("preview-frame")).to_be_visible()
    assert [one.get_attribute("data-column") for one in page.get_by_test_id("reading").all()] == ["question", "answer"]
    page.get_by_test_id("anew").click()
    config = tmp_path / "tawsim.toml"
    config.write_text(
        'name = "By hand"\n\n[[content]]\nkind = "text"\ncolumn = "text"\n\n[[question]]\nkind = "text"\nname = "say"\n',
        encoding="utf-8",
    )
    page.get_by_test_id("files").set_input_files([config, labelled_csv(tmp_path)])
    expect(page.get_by_test_id("preview-frame")).to_be_visible()
    expect(page.get_by_test_id("w-name")).to_have_value("By hand")
    expect(page.get_by_test_id("q-kind")).to_have_value("text")
    assert project_of(server, make(page))["progress"]["tasks"] == 12


def test_the_wizard_is_accessible(browser: Browser, server: Server, language: str, tmp_path: Path) -> None:
    context = new_context(browser, language)
    page = context.new_page()
    begin(page, server)
    assert violations_by_day_and_night(page) == []
    take(page, labelled_csv(tmp_path))
    for kind in ("spans", "rubric", "chat", "pairwise"):
        page.get_by_test_id("add-question").click()
        expect(page.get_by_test_id(f"kind-{kind}")).to_be_visible()
        if kind == "spans":
            assert violations_by_day_and_night(page) == []
        page.get_by_test_id(f"kind-{kind}").click()
        page.wait_for_timeout(400)
        assert violations_by_day_and_night(page) == []
    page.get_by_test_id("tab-file").click()
    expect(page.get_by_test_id("toml")).to_be_visible()
    assert violations_by_day_and_night(page) == []
    for width in (390, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        page.get_by_test_id("tab-form").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations_by_day_and_night(page) == []
    context.close()


def test_a_labeller_has_no_wizard(page: Page, server: Server) -> None:
    page.goto(server.invite("Layla"))
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(f"{server.base}/new")
    expect(page.get_by_test_id("wizard")).to_be_visible()
    expect(page.get_by_test_id("files")).to_have_count(0)
