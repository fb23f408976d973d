"""What the server says of a picture or a sound is what Chromium finds, under our policy; and a page inside one stays inert."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from tests.unit.media_made import TURNED_EXIF, bmp, gif, png, wav

from tawsim.intake.media import MediaFile, add_media, check_media
from tawsim.labelling.media import media_of

INERT = b"<html><script>document.title='owned'</script>"
FILES = {
    "plain.png": png(40, 20),
    "turned.png": png(40, 20, exif=TURNED_EXIF),
    "page.png": png(40, 20) + INERT,
    "larger frame.gif": gif(10, 10, frame=(40, 20)),
    "صورة.bmp": bmp(40, 20),
    "long.wav": wav(300.0),
}
SIZE = """source => new Promise((done) => {
  const image = new Image();
  image.onload = () => done([image.naturalWidth, image.naturalHeight]);
  image.onerror = () => done("error");
  image.src = source;
})"""
SEEK = """source => new Promise((done) => {
  const sound = new Audio();
  sound.onloadedmetadata = () => { sound.currentTime = 290; };
  sound.onseeked = () => done([sound.duration, sound.currentTime]);
  sound.onerror = () => done("error");
  sound.src = source;
})"""


def bring(server: Any, folder: Path) -> dict[str, dict[str, Any]]:
    project_id = server.projects()[0]["project"]["id"]
    files = []
    for number, (name, data) in enumerate(FILES.items()):
        path = folder / f"{number}.tmp"
        path.write_bytes(data)
        files.append(MediaFile(name, name, lambda path=path: path.open("rb")))
    with server.workspace() as place:
        add_media(place.db, project_id, check_media(files), actor_id=place.owner_id)
        with place.db.read() as tx:
            return media_of(tx, project_id, FILES)


def test_sizes_and_lengths_are_those_of_the_browser(server: Any, page: Page, tmp_path: Path) -> None:
    found = bring(server, tmp_path)
    page.goto(server.first_link)
    page.wait_for_url(lambda url: "enter" not in url)
    for name, facts in found.items():
        if facts["type"].startswith("image/"):
            assert page.evaluate(SIZE, facts["url"]) == [facts["width"], facts["height"]], name
        else:
            assert page.evaluate(SEEK, facts["url"]) == [facts["seconds"], 290], name
    alone = page.context.new_page()  # Chromium's own page around a lone picture wants styles, which our policy forbids
    answer = alone.goto(server.base + found["page.png"]["url"])
    assert answer is not None
    assert answer.status == 200
    assert "owned" not in alone.title()
