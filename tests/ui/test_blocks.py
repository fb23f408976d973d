"""What a row holds, as blocks: hostile text stays text, each block in both directions, broken media say so."""

import io
import json
import math
import struct
import wave
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.ui.conftest import Server
from tests.ui.test_labelling import press_and_see_next, saved, start

from tawsim.intake.adding import add_tasks, numbered
from tawsim.intake.media import MediaFile, add_media, check_media
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

Rows = Sequence[Mapping[str, Any]]
Serve = Callable[..., Server]

QUESTION = {"kind": "choice", "name": "label", "labels": ["نعم", "no"]}


def block(kind: str, column: str, other: str = "", title: str = "") -> dict[str, str]:
    return {"kind": kind, "column": column, "other": other, "title": title}


@contextmanager
def serving(tmp_path: Path) -> Iterator[Serve]:
    """What starts a server with one project of these rows and blocks; `media` are files by name. All are stopped at the end."""
    started: list[Server] = []

    def make(
        content: Sequence[Mapping[str, str]], rows: Rows, media: Mapping[str, bytes] = {}, question: Any = QUESTION
    ) -> Server:
        place = open_workspace(tmp_path / "blocks.tawsim", create=True, owner="Noor")
        new = NewProject("كتل", [question], text_column=content[0]["column"], content=content)
        project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
        for name, data in media.items():
            (tmp_path / name).write_bytes(data)
        if media:
            files = [MediaFile(name, name, partial(open, tmp_path / name, "rb")) for name in media]
            add_media(place.db, project.id, check_media(files), actor_id=place.owner_id)
        add_tasks(
            place.db, project, numbered([dict(row) for row in rows]), actor_id=place.owner_id, source="rows", digest="d"
        )
        place.close()
        server = Server(tmp_path / "blocks.tawsim")
        server.start()
        started.append(server)
        return server

    try:
        yield make
    finally:
        for one in started:
            one.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path) as found:
        yield found


# ---- hostile text -------------------------------------------------------------------------------------------------
HOSTILE = [
    "<script>document.title='owned'</script>after",
    "<img src=x onerror=\"document.title='owned'\"> <img src='https://evil.example/x.png'>",
    "![alt](https://evil.example/pixel.png) ![x](javascript:alert(1)) ![y](x.png \"t\" onerror=alert(1))",
    "[press](javascript:document.title='owned') [data](data:text/html,<script>alert(1)</script>) [vb](vbscript:x)",
    "[ok](https://good.example/a) [odd](HTTPS://user:pw@evil.example/) [rel](/api/v1/session) <https://auto.example/>",
    "[a](&#106;avascript:alert(1)) [b](java\tscript:alert(1)) [c](\x01javascript:alert(1)) [d](//evil.example/x)",
    "<svg onload=\"document.title='owned'\"><style>*{display:none}</style><a href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=\"document.title='owned'\" attributeName=x dur=1s></svg><svg><use href='data:image/svg+xml,x'/></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=document.title='owned'&gt;\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=document.title='owned'>",
    "<math><annotation-xml encoding='text/html'><script>document.title='owned'</script></annotation-xml></math>",
    "<style>body{display:none}</style><link rel=stylesheet href='https://evil.example/x.css'><p style='position:fixed'>s</p>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href='https://evil.example/'>still here",
    "<form action='https://evil.example/'><input name=q autofocus onfocus=\"document.title='owned'\"><button>go</button></form>",
    "<iframe src='javascript:parent.document.title=1'></iframe><iframe srcdoc='<script>1</script>'></iframe>"
    "<object data='x'></object><embed src='x'><video><source onerror=\"document.title='owned'\"></video>",
    "<b onclick=\"document.title='owned'\" id=app class=button style='color:red'>bold</b>"
    "<details open ontoggle=\"document.title='owned'\">d</details>",
    "<noscript><p title=\"</noscript><img src=x onerror=document.title='owned'>\">n</noscript>"
    "<xmp><p></xmp><textarea></textarea>",
    "<p id=main name=body><a name=title>clobber</a><img name=cookie><form id=document><input name=title></form>",
    "<template><img src=x onerror=document.title='owned'></template><x-y onclick=1>custom</x-y>"
    "<!-- comment --><![CDATA[<b>]]><?php x?>",
    "<span data-place=\"0\">mine</span><span data-place=\"x-0\">also</span>\n\n```\ncode\n```",
    "</div></div></section></article></main><h1>out</h1><div data-testid=submit>",
    "`<img src=x onerror=alert(1)>` ```\n</code></pre><script>document.title='owned'</script>\n```",
    "```\"><img src=x onerror=document.title='owned'>\n</code><script>document.title='owned'</script>\n```",
    "| <script>document.title='owned'</script> | b |\n|---|---|\n| <td onclick=1> | <img src=x onerror=document.title='owned'> |",
    "$\\href{javascript:document.title='owned'}{x}$ $\\url{https://evil.example}$ "
    "$\\includegraphics{https://evil.example/p.png}$ "
    "$\\htmlStyle{position:fixed}{x}$ $\\htmlId{app}{x}$ $\\def\\a{\\a\\a}\\a$ $\\rule{9999em}{9999em}$ $<img src=x onerror=1>$",
    "\u202egnp.exe\u202c \u2067isolated\u2066 \u202dforced words, and after",
    "e" + "\u0301\u0322\u0489" * 400 + " zalgo",
    "lone \ud83d surrogate \udc00 here".encode("utf-16", "surrogatepass").decode("utf-16", "replace") + " 👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿 ZWJ",
    "a" * 1_000_000,
    "> " * 20_000 + "deep",
    "_a__" * 20_000,
    "*" * 50_000 + "[" * 20_000 + "<a " * 20_000,
    "$" * 20_000 + "\\(" * 10_000,
]  # fmt: skip

INERT = """() => {
    const bad = [];
    const own = '.katex, .katex *';
    for (const node of document.querySelectorAll('[data-testid=block] *, [data-testid=block]')) {
        const name = node.localName;
        if (node.matches(own)) continue;
        const always = ['script', 'iframe', 'object', 'embed', 'form', 'style', 'meta', 'base', 'link', 'img', 'input',
            'video', 'svg', 'math', 'template', 'noscript', 'textarea', 'source', 'xmp'];
        if (always.includes(name) || name.includes('-')) bad.push(name);
        for (const { name: attribute, value } of node.attributes) {
            const never = ['style', 'id', 'name', 'src', 'srcset', 'action', 'data-place'];
            if (attribute.startsWith('on') || never.includes(attribute))
                bad.push(`${name}.${attribute}=${value}`);
            if (attribute === 'href' && !/^https?:/i.test(value)) bad.push(`href ${value}`);
        }
        if (name === 'a' && (node.target !== '_blank' || node.rel !== 'noopener noreferrer')) bad.push('a without rel');
    }
    if (document.querySelectorAll('main').length !== 1) bad.push('main');
    return bad;
}"""


def test_hostile_text_is_only_shown(page: Page, serve: Serve) -> None:
    """Scripts, handlers, addresses, broken-out tags, floods: nothing runs, nothing is fetched, and the page goes on."""
    kinds = ["markdown", "text", "chat", "table", "diff", "details"]
    columns = {"markdown": "text", "text": "text", "chat": "talk", "table": "rows", "diff": "text", "details": "extra"}
    content = [block(kind, columns[kind], "other" if kind == "diff" else "") for kind in kinds]
    rows = [
        {
            "id": str(n),
            "text": text,
            "other": text[:500] + " changed",
            "talk": [{"role": "system", "content": text}, {"role": text[:60], "content": text}],
            "rows": [{text[:200]: text[:3000], "b": [text[:50]]}],
            "extra": text[:5000],
        }
        for n, text in enumerate(HOSTILE)
    ]
    server = serve(content, rows)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    start(page, server.first_link)
    for n, text in enumerate(HOSTILE):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(n + 1))
        expect(page.get_by_test_id("block")).to_have_count(len(kinds))
        page.get_by_test_id("other-columns").locator("summary").click()
        title = page.title()
        assert page.evaluate(INERT) == [], text[:200]
        assert "owned" not in title
        assert page.url.startswith(server.base)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 1, text[:100]
        press_and_see_next(page, "1")
    assert dialogs == []
    assert [url for url in asked if not url.startswith((server.base, "data:"))] == []
    saved(page)
    assert len(server.answers()) == len(HOSTILE)


def test_nothing_that_was_written_disappears(page: Page, serve: Serve) -> None:
    """What is not rendered stands there as text: a labeller judges what the model wrote, not what a browser makes of it."""
    text = "before <script>alert('s')</script> <img src=pic onerror=run> <!-- note --> <custom-tag>inside</custom-tag> after"
    server = serve([block("markdown", "text")], [{"text": text}])
    start(page, server.first_link)
    shown = page.get_by_test_id("markup")
    expect(shown).to_be_visible()
    assert " ".join(shown.inner_text().split()) == text


# ---- Markdown, code, maths ----------------------------------------------------------------------------------------
MARKDOWN = r"""# عنوان رئيسي

فقرة عربية فيها **غامق** و`code` ورابط [المصدر](https://good.example/a?b=1).

OpenAI شركة أصدرت نموذجًا جديدًا اليوم.

An English paragraph costs $5 and $7.

- بند أول
- بند ثانٍ

```python
def f(x):  # تعليق
    return x
```

| الاسم | value |
|---|---|
| عمر | 12 |

![صورة](https://good.example/p.png)
"""


def test_markdown_has_a_direction_for_every_block(page: Page, serve: Serve) -> None:
    server = serve(
        [block("markdown", "text")],
        [{"text": MARKDOWN}, {"text": "Maths: $E = mc^2$ and\n\n$$\\sqrt{x}$$ but $\\frac{1$"}],
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    start(page, server.first_link)
    shown = page.get_by_test_id("markup")
    direction = "n => getComputedStyle(n).direction"
    assert shown.locator("h3").evaluate(direction) == "rtl"
    paragraphs = shown.locator("p")
    assert [paragraphs.nth(n).evaluate(direction) for n in range(3)] == ["rtl", "rtl", "ltr"]  # most letters decide
    assert shown.locator("ul").evaluate(direction) == "rtl"
    assert shown.locator("pre").evaluate(direction) == "ltr"
    assert shown.locator("p code").evaluate(direction) == "ltr"
    link = shown.locator("a")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer")
    assert "good.example" in shown.locator("p").first.inner_text()
    assert shown.locator("img").count() == 0
    assert "https://good.example/p.png" in shown.inner_text()
    assert "$5 and $7" in shown.inner_text()
    # KaTeX and its faces only come with the first formula.
    assert not any("maths" in url or "KaTeX" in url for url in asked)
    page.keyboard.press("d")
    expect(shown.locator("p").nth(2)).to_have_attribute("dir", "rtl")
    assert shown.locator("pre").evaluate(direction) == "ltr"
    press_and_see_next(page, "1")
    expect(shown.locator(".katex-html")).to_have_count(2)
    assert shown.locator(".katex").first.evaluate(direction) == "ltr"
    assert shown.locator(".katex-html").first.bounding_box()["height"] > 5  # type: ignore[index]
    expect(shown.locator(".unread")).to_have_text("\\frac{1")
    assert any("maths" in url for url in asked)


def test_code_is_copied(page: Page, serve: Serve) -> None:
    server = serve([block("markdown", "text")], [{"text": "```js\nconst a = '<b>';\n```"}])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    start(page, server.first_link)
    page.locator("[data-copy]").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()) === \"const a = '<b>';\"")


def test_a_very_long_text_comes_in_pieces(page: Page, serve: Serve) -> None:
    long = "\n\n".join(f"فقرة {n} **bold** " + "كلمة " * 50 for n in range(1000))
    server = serve([block("markdown", "text"), block("text", "text")], [{"text": long}])
    start(page, server.first_link)
    markdown, text = page.get_by_test_id("block").all()
    expect(markdown.get_by_test_id("markup-note")).to_be_visible()
    assert markdown.locator("strong").count() == 0
    before = len(text.inner_text())
    assert before < 25_000
    text.get_by_test_id("text-more").click()
    page.wait_for_function(
        "n => document.querySelectorAll('[data-testid=block]')[1].innerText.length > n", arg=before + 10_000
    )


# ---- media --------------------------------------------------------------------------------------------------------
def picture(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(b"\0" + bytes(x * 255 // width for x in range(width)) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def sound(seconds: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 8))) for n in range(8000 * seconds)))
    return file.getvalue()


def test_a_picture_is_whole_and_zooms_only_in_focus(page: Page, serve: Serve) -> None:
    rows = [{"pic": "a.png"}, {"pic": "small.png"}]
    server = serve([block("image", "pic")], rows, {"a.png": picture(3000, 1200), "small.png": picture(40, 30)})
    start(page, server.first_link)
    image = page.get_by_test_id("image")
    expect(image).to_be_visible()
    assert image.evaluate("n => n.naturalWidth") == 3000
    fit = image.evaluate("n => n.clientWidth")
    assert fit < 1280
    assert page.get_by_test_id("image-frame").evaluate("n => getComputedStyle(n).direction") == "ltr"
    # Out of focus + means nothing to the picture; in focus 1 to 9 still answer.
    page.get_by_test_id("task").focus()
    page.keyboard.press("+")
    assert image.evaluate("n => n.clientWidth") == fit
    page.get_by_test_id("image-frame").focus()
    page.keyboard.press("+")
    expect(page.get_by_test_id("zoom")).not_to_be_empty()
    assert image.evaluate("n => n.clientWidth") > fit
    page.keyboard.press("-")
    page.keyboard.press("0")
    page.wait_for_function("w => document.querySelector('[data-testid=image]').clientWidth === w", arg=fit)
    press_and_see_next(page, "1")
    expect(image).to_be_visible()
    assert image.evaluate("n => n.clientWidth") == 40  # never larger than it is


def test_media_that_are_not_there_say_so(page: Page, serve: Serve) -> None:
    empty_picture, empty_sound = "data:image/png;base64,AAAA", "data:audio/wav;base64,AAAA"
    cases = [
        ("broken", "broken.png", "broken.wav"),
        ("unknown", "../../etc/passwd", "https://evil.example/a.mp3"),
        ("type", "data:image/svg+xml,<svg onload=alert(1)/>", "data:text/html,x"),
        ("type", "a.wav", "a.png"),
        ("broken", empty_picture, empty_sound),
    ]
    rows = [{"text": str(n), "pic": pic, "snd": snd} for n, (_, pic, snd) in enumerate(cases)]
    media = {"broken.png": picture(9, 9), "broken.wav": sound(1), "a.wav": sound(2), "a.png": picture(8, 8)}
    server = serve([block("text", "text"), block("image", "pic"), block("audio", "snd")], rows, media)
    # The server lets nothing broken in; what arrives broken was damaged on the way.
    page.route("**/api/v1/projects/*/media/*", lambda route: route.fulfill(content_type="image/png", body="nonsense"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    start(page, server.first_link)
    for why, _, _ in cases:
        notes = page.get_by_test_id("media-note")
        expect(notes).to_have_count(2)
        assert [notes.nth(n).get_attribute("data-why") for n in range(2)] == [why] * 2
        press_and_see_next(page, "1")
    assert [url for url in asked if not url.startswith((server.base, "data:"))] == []


def test_what_a_row_does_not_have_leaves_no_empty_place(page: Page, serve: Serve) -> None:
    rows = [{"text": "words", "pic": "a.png"}, {"text": "", "pic": "a.png"}, {"text": "words alone"}]
    server = serve([block("text", "text"), block("image", "pic", title="Photo")], rows, {"a.png": picture(8, 8)})
    start(page, server.first_link)
    for shown in (["text", "image"], ["image"], ["text"]):
        blocks = page.get_by_test_id("block")
        expect(blocks).to_have_count(len(shown))
        assert [blocks.nth(n).get_attribute("data-block") for n in range(len(shown))] == shown
        press_and_see_next(page, "1")


def test_a_sound_plays_from_left_to_right_at_the_speed_chosen(page: Page, serve: Serve) -> None:
    server = serve(
        [block("audio", "snd")], [{"snd": "a.wav"}, {"snd": "b.wav"}], {"a.wav": sound(2), "b.wav": sound(1)}
    )
    start(page, server.first_link)
    audio = page.get_by_test_id("audio")
    page.wait_for_function("() => document.querySelector('audio')?.duration === 2")
    assert audio.evaluate("n => getComputedStyle(n).direction") == "ltr"
    page.locator("figure button").nth(3).click()
    assert audio.evaluate("n => n.playbackRate") == 1.5
    page.get_by_test_id("task").focus()
    press_and_see_next(page, "1")
    page.wait_for_function("() => document.querySelector('audio')?.duration === 1")
    assert audio.evaluate("n => n.playbackRate") == 1.5


# ---- tables, differences, conversations, the rest -----------------------------------------------------------------
def test_a_table_is_bounded_and_each_cell_has_its_direction(page: Page, serve: Serve) -> None:
    rows = [
        {"name": f"اسم {n}", "value": n, "late": "x"} if n > 100 else {"name": f"name {n}", "value": n}
        for n in range(120)
    ]
    server = serve(
        [block("table", "rows", title="جدول")], [{"rows": rows}, {"rows": "[[1, 2], [3]]"}, {"rows": "no table"}]
    )
    start(page, server.first_link)
    table = page.get_by_test_id("table")
    assert table.locator("th").all_inner_texts() == ["name", "value", "late"]
    expect(table.locator("tbody tr")).to_have_count(50)
    page.get_by_test_id("table-more").click()
    expect(table.locator("tbody tr")).to_have_count(120)
    first, last = (
        table.locator("tbody tr").first.locator("td").first,
        table.locator("tbody tr").last.locator("td").first,
    )
    direction = "n => getComputedStyle(n).direction"
    assert (first.evaluate(direction), last.evaluate(direction)) == ("ltr", "rtl")
    press_and_see_next(page, "1")
    assert table.locator("td").all_inner_texts() == ["1", "2", "3"]
    press_and_see_next(page, "1")
    expect(page.get_by_test_id("block")).to_contain_text("no table")


def test_a_difference_has_signs_and_not_only_colours(page: Page, serve: Serve) -> None:
    code = "def f(x):\n    return x\n" + "".join(f"    a{n} = {n};\n" for n in range(30))
    rows = [
        {"a": "كتب الولد الدرس في البيت", "b": "كتبت البنت الدرس في البيت"},
        {"a": code, "b": code.replace("return x", "return x + 1")},
        {"a": "same", "b": "same"},
        {"a": " ".join(str(n) for n in range(30_000)), "b": " ".join(str(n * 7 % 30_011) for n in range(30_000))},
    ]
    server = serve([block("diff", "a", "b")], rows)
    start(page, server.first_link)
    diff = page.get_by_test_id("diff")
    assert diff.get_attribute("data-by") == "words"
    assert diff.locator("del bdi").all_inner_texts() == ["كتب الولد"]
    assert diff.locator("ins bdi").all_inner_texts() == ["كتبت البنت"]
    assert diff.locator(".sign").all_inner_texts() == ["−", "+"]
    assert diff.evaluate("n => getComputedStyle(n).direction") == "rtl"
    press_and_see_next(page, "1")
    assert diff.get_attribute("data-by") == "lines"
    assert diff.locator("ins .line").all_inner_texts() == ["    return x + 1"]
    assert diff.evaluate("n => getComputedStyle(n).direction") == "ltr"
    expect(diff.locator(".fold")).to_have_count(1)
    press_and_see_next(page, "1")
    expect(page.get_by_test_id("diff-same")).to_be_visible()
    press_and_see_next(page, "1")
    assert page.get_by_test_id("diff").or_(page.get_by_test_id("diff-too-long")).count() == 1


def test_a_conversation_is_read_with_its_speakers(page: Page, serve: Serve, language: str) -> None:
    talk = [
        {"role": "system", "content": "Be careful. " * 100},
        {"role": "user", "content": "ما مشتقة $x^2$؟"},
        {"role": "assistant", "content": [{"type": "text", "text": "هي $2x$:\n\n```py\nd = 2 * x\n```"}]},
        {"role": "critic", "content": ""},
    ]
    server = serve([block("chat", "talk")], [{"talk": talk}, {"talk": json.dumps(talk)}, {"talk": "not one"}])
    start(page, server.first_link)
    heads = {
        "ar": ["التعليمات", "المستخدم", "المساعد", "critic"],
        "en": ["Instructions", "User", "Assistant", "critic"],
    }
    for _ in range(2):
        messages = page.get_by_test_id("message")
        assert messages.locator("h3").all_inner_texts() == heads[language]
        assert not messages.first.get_by_test_id("markup").is_visible()
        messages.first.locator("summary").click()
        expect(messages.first.get_by_test_id("markup")).to_be_visible()
        expect(messages.locator(".katex-html")).to_have_count(2)
        assert messages.nth(2).locator("pre").inner_text() == "d = 2 * x"
        press_and_see_next(page, "1")
    expect(page.get_by_test_id("block")).to_contain_text("not one")


def test_details_are_what_no_other_block_shows(page: Page, serve: Serve) -> None:
    server = serve(
        [block("text", "a"), block("markdown", "b"), block("details", "")], [{"a": "1", "b": "2", "c": "ثالث", "d": ""}]
    )
    start(page, server.first_link)
    page.get_by_test_id("other-columns").locator("summary").click()
    assert page.get_by_test_id("other-columns").locator("dt").all_inner_texts() == ["c"]
