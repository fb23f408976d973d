"""Errors → HTTP: the one place where statuses are chosen."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tawsim.core.errors import (
    BadInput,
    Conflict,
    EndpointDown,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TawsimError,
    TooLarge,
    TooSoon,
    Unavailable,
)

log = logging.getLogger("tawsim.server")

STATUSES: tuple[tuple[type[TawsimError], int], ...] = (
    (TooLarge, 413),
    (BadInput, 400),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (TooSoon, 429),
    (Conflict, 409),
    (EndpointDown, 502),
    (Unavailable, 503),
)
RETRY_AFTER_S = "2"


def status_of(error: TawsimError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def error_body(error: TawsimError) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "details": dict(error.details)}}


def answer(error: TawsimError) -> JSONResponse:
    """The whole answer."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, Unavailable):
        headers["retry-after"] = RETRY_AFTER_S
    if isinstance(error, TooSoon):
        headers["retry-after"] = str(error.details.get("retry_after_s", RETRY_AFTER_S))
    return JSONResponse(error_body(error), status_of(error), headers)


def broken_text() -> JSONResponse:
    """The answer to a text that UTF-8 cannot carry, wherever it was met."""
    return answer(BadInput("A text holds half of a surrogate pair, which is no character.", "Send valid Unicode."))


def unexpected(method: str, path: str, error: Exception) -> JSONResponse:
    """Log an error that nobody foresaw, and answer without a word of the inside."""
    log.error("%s %s failed", method, path, exc_info=error)
    return answer(TawsimError("The server met an error of its own.", "Its log says more; please report it."))


def install(app: FastAPI) -> None:
    """Answer every error in Tawsim's form; an unexpected one is logged, and says nothing of the inside."""

    @app.exception_handler(TawsimError)
    async def ours(_request: Request, error: TawsimError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        return answer(
            BadInput(f"{where}: {first['msg']}.", "See the API reference for what this route takes.", field=where)
        )

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return answer(NotFound("There is nothing at this address."))
        if error.status_code == 413:
            return answer(
                TooLarge("The request is larger than this route takes.", "Send it in parts, or import a file.")
            )
        body = {"error": {"code": "TW-HTTP", "message": str(error.detail), "hint": "", "details": {}}}
        return JSONResponse(body, error.status_code, dict(error.headers or {}))

    @app.exception_handler(UnicodeEncodeError)
    async def half_pair(_request: Request, _error: UnicodeEncodeError) -> JSONResponse:
        return broken_text()

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        return unexpected(request.method, request.url.path, error)
