"""The application: its routes, and what becomes of refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from servicekit.errors import NotFound, Refused

from . import customers, entering, organisation, own_things
from .browsers import HEADERS, BadForm, NobodyLoggedIn, Portal
from .pages import FOLDER, render, see, status_of

__all__ = ["application"]

_MISSING = "There is no such page, or it is not yours to see."


def application(portal: Portal) -> FastAPI:
    """The portal's pages, as an ASGI application."""
    app = FastAPI(openapi_url=None)
    app.state.portal = portal
    for module in (entering, own_things, organisation, customers):
        app.include_router(module.router)
    app.add_api_route("/portal.css", _styles, methods=["GET"])
    app.add_exception_handler(NobodyLoggedIn, _to_login)
    app.add_exception_handler(BadForm, _bad_form)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _failed)
    app.middleware("http")(_with_headers)
    return app


def _styles() -> Response:
    return FileResponse(FOLDER / "portal.css", media_type="text/css")


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await call_next(request)
    answer.headers.update(HEADERS)
    return answer


def _to_login(_request: Request, _error: Exception) -> Response:
    return see("/login")


def _bad_form(request: Request, _error: Exception) -> Response:
    message = "This form has lain too long, or it is not ours: go back, load the page again, and send it once more."
    return render(request, "refused.html", status=403, title="Send it again", message=message)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    if isinstance(error, NotFound) or error.code == "wrong_id":  # an id of nothing is an address of nothing
        return render(request, "refused.html", status=404, title="Not found", message=_MISSING)
    return render(request, "refused.html", status=status_of(error), title="Not possible", message=error.message)


def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = "Not found" if error.status_code == HTTPStatus.NOT_FOUND else "Not possible"
    return render(request, "refused.html", status=error.status_code, title=title, message=_MISSING)
