"""The application: routes, errors, the guard around them; the sweeper of overdue leases and the follower of the truth."""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp

import tawsim
from tawsim.core.errors import TawsimError
from tawsim.labelling.batches import close_cancelled
from tawsim.labelling.disputes import stale, tell_stale
from tawsim.labelling.queue import sweep
from tawsim.loop import inferring, table_bulk
from tawsim.loop.live import Desk
from tawsim.server import (
    account,
    audit,
    batches,
    changing,
    disputes,
    errors,
    gold,
    live,
    media,
    members,
    mine,
    pages,
    passkeys,
    people,
    progress,
    projects,
    quality,
    reviews,
    scale_callbacks,
    scale_keys,
    sessions,
    sign_on,
    table,
    team,
    webhooks,
    wizard,
    work,
)
from tawsim.server.answers import Json
from tawsim.server.guard import Guard
from tawsim.server.hot import Hot
from tawsim.server.permissions import allow, check_all_routes, shapes_of, stated_of
from tawsim.server.scale.app import ScaleDoor
from tawsim.server.sign_in_state import ServerState

log = logging.getLogger("tawsim.server")
API = "/api/v1"
SWEEP_EVERY_S = 1.0
CLOSED_PIECES = 10  # of a cancelled batch in one sweep, each a transaction
TELL_EVERY_S = 60.0
ACT_EVERY_S = 0.3
# Truths that somebody looked at are at most this old. Submits that come meanwhile are judged together.
FOLLOW_EVERY_S = 0.25


def create_api(state: ServerState | None = None, *, described: bool = False) -> FastAPI:
    """The routes without the guard. `create_app` is what a server runs; `described`, they can be described, which a server
    does without, for it takes half a second."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        works = () if state is None else (
            _sweep_for_ever(state), _follow_for_ever(state), _tell_stale_for_ever(state), _act_for_ever(state)
        )  # fmt: skip
        running = [asyncio.create_task(work) for work in works]
        yield
        for one in running:
            one.cancel()

    app = FastAPI(
        title="Tawsim", version=tawsim.__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.tawsim = state
    app.state.desk = Desk()
    for room in (
        sessions,
        passkeys,
        sign_on,
        account,
        people,
        work,
        live,
        projects,
        team,
        media,
        wizard,
        changing,
        mine,
        disputes,
        reviews,
        quality,
        gold,
        batches,
        members,
        audit,
        webhooks,
        scale_callbacks,
        scale_keys,
        progress,
        table,
    ):
        _mount(app, room.router, described)

    @app.get(API + "/openapi.json", include_in_schema=False, **allow("signed_in"))
    async def openapi() -> Json:
        return Json(await run_in_threadpool(describe))

    errors.install(app)
    pages.install(app)
    check_all_routes(app)
    return app


def _mount(app: FastAPI, router: APIRouter, described: bool) -> None:
    """Put a room's routes into one flat list: it can be read whole by the permission check, and is matched faster.

    A route was built when its room was imported; for a server only its path changes. To be described it is built anew.
    """
    for route in router.routes:
        assert isinstance(route, APIRoute)
        if described:
            app.add_api_route(
                API + route.path, route.endpoint, methods=sorted(route.methods or ()), tags=route.tags, name=route.name,
                dependencies=route.dependencies, openapi_extra=stated_of(route), response_model=None,
                max_body_size=route.max_body_size, responses=shapes_of(route),
            )  # fmt: skip
            continue
        found = copy.copy(route)
        found.path = API + route.path
        found.path_regex, found.path_format, found.param_convertors = compile_path(found.path)
        app.router.routes.append(found)


def create_app(state: ServerState) -> ASGIApp:
    """The whole application, behind its guard."""
    inside = ScaleDoor(Hot(create_api(state), state), state)
    return Guard(inside, allowed_hosts=state.allowed_hosts, cookie=state.cookie, address=state.base_url)


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 description. The same text stands in docs/reference/openapi.json, and a test compares them."""
    found = get_openapi(
        title="Tawsim",
        version=tawsim.__version__,
        description="The native API. Times are integer microseconds since 1970 UTC; ids are UUIDv7.",
        routes=app.routes,
    )
    # The framework describes its own 422; here every bad input is answered with 400 in Tawsim's form.
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)
    return found


@cache
def describe() -> dict[str, Any]:
    """`openapi_of` the routes, made once."""
    return openapi_of(create_api(described=True))


async def _follow_for_ever(state: ServerState) -> None:
    """Keep the truths that somebody looked at up to date while people label."""
    while True:
        await asyncio.sleep(FOLLOW_EVERY_S)
        for workspace in list(state.workspaces.values()):
            try:
                await run_in_threadpool(inferring.follow, workspace.db)
            except Exception:  # whatever it was, pages infer for themselves; the next round tries again
                log.exception("following the truth of %s failed", workspace.name)


async def _sweep_for_ever(state: ServerState) -> None:
    """End overdue leases, and close tasks of cancelled batches. Looks first, so that an idle workspace is not written to."""
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        if state.uses.due():
            state.uses.write(state.accounts)
        for workspace in list(state.workspaces.values()):
            try:
                with workspace.db.read() as tx:
                    overdue = tx.all("lease_overdue", now=tx.now, n=1)
                    closing = tx.one("batch_to_close")
                if overdue:
                    await workspace.db.write_async(sweep)
                for _ in range(CLOSED_PIECES if closing else 0):
                    if not await workspace.db.write_async(close_cancelled):
                        break
            except TawsimError as error:
                log.warning("sweep of %s: %s", workspace.name, error)
            except Exception:
                # Whatever it was: leases must go on expiring. Grants would still sweep, but only where tasks run out.
                log.exception("sweep of %s failed", workspace.name)


async def _act_for_ever(state: ServerState) -> None:
    """Go on with actions on many tasks, those that an earlier server began too."""
    while True:
        more = False
        for workspace in list(state.workspaces.values()):
            try:
                more |= await run_in_threadpool(table_bulk.work_on, workspace.db)
            except Exception:  # a full disk, or a file that was closed: the next round tries again
                log.exception("actions on tasks of %s", workspace.name)
        await asyncio.sleep(0.0 if more else ACT_EVERY_S)


async def _tell_stale_for_ever(state: ServerState) -> None:
    """Tell those who manage of disputes that nobody judges. Looks first."""
    while True:
        for workspace in list(state.workspaces.values()):
            try:
                with workspace.db.read() as tx:
                    waits = bool(stale(tx))
                if waits:
                    await workspace.db.write_async(tell_stale)
            except Exception:  # the next round tries again
                log.exception("looking for stale disputes of %s failed", workspace.name)
        await asyncio.sleep(TELL_EVERY_S)
