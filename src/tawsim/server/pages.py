"""The built web pages, read once, each compressed when it is first asked for. No templates: what is served is what was built.

Assets carry a hash in their name and may be kept for ever; index.html is asked for again each time.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response

from tawsim.core.errors import NotFound
from tawsim.server.permissions import allow

STATIC = Path(__file__).parent / "static"
COMPRESSED = (".js", ".css", ".html", ".svg", ".json", ".webmanifest", ".txt")
FOR_EVER = "public, max-age=31536000, immutable"
# The pages of a project, and of one thing in it; web/src/app/router.svelte.ts has the same names.
OF_PROJECT = ("label", "truth", "mine", "tasks", "quality", "progress", "review", "decide", "disputes", "gold")
PAGES = (
    "/", "/enter", "/help", "/new", "/team", "/account", "/log", "/scale", "/projects/{project}",
    *(f"/{name}/{{project}}" for name in OF_PROJECT), *(f"/{name}/{{project}}/{{thing}}" for name in OF_PROJECT),
)  # fmt: skip
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True)
class Asset:
    """A file as it goes out."""

    body: bytes
    compresses: bool
    media_type: str
    etag: str
    cache: str

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body compressed, where that is worth it: a quarter of a start went into files that nobody asked for."""
        return gzip.compress(self.body, 9, mtime=0) if self.compresses else None


def read_assets(folder: Path) -> dict[str, Asset]:
    """Path below `folder` → asset."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.name.startswith("."):
            continue
        body = file.read_bytes()
        name = file.relative_to(folder).as_posix()
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        digest = hashlib.sha256(body).hexdigest()[:20]
        found[name] = Asset(
            body,
            file.suffix in COMPRESSED,
            media_type,
            f'"{digest}"',
            FOR_EVER if name.startswith("assets/") else "no-cache",
        )
    return found


def _typed_by_a_person(request: Request, name: str) -> bool:
    """Whether a browser wants a page here: it is shown ours, which says that there is none and leads on; a program gets JSON."""
    return "text/html" in request.headers.get("accept", "") and not name.startswith(("api/", "assets/"))


def install(app: FastAPI, folder: Path = STATIC) -> None:
    """Serve the pages and their assets."""
    assets = read_assets(folder) if folder.is_dir() else {}

    def send(request: Request, name: str) -> Response:
        asset = assets.get(name)
        if asset is None:
            raise NotFound("There is nothing at this address.")
        headers = {"etag": asset.etag, "cache-control": asset.cache, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        body = asset.body
        if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = asset.gzipped
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers, media_type=asset.media_type)

    async def page(request: Request) -> Response:
        if "index.html" not in assets:
            text = "The web pages were not built. In a source checkout: make build\n"
            return Response(text, 503, media_type="text/plain; charset=utf-8")
        return send(request, "index.html")

    for path in PAGES:
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False, **allow("anyone"))

    async def file(request: Request, name: str) -> Response:
        if name in assets or not _typed_by_a_person(request, name):
            return send(request, name)
        response = await page(request)
        if response.status_code == 200:
            response.status_code = 404
        return response

    app.add_api_route("/{name:path}", file, methods=["GET"], include_in_schema=False, **allow("anyone"))
