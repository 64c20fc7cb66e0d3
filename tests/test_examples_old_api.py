"""The example's client, which knows the old call's document alone, against the mounted call: it sends, asks and is pushed to.

Everything goes over real sockets: the client to a WSGI server of the standard library, the pushes to the client's own receiver.
"""

from __future__ import annotations

import logging
import runpy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from desk import MOBILE
from receivers import Office, office
from servicekit.accounts import AddApiKey
from servicekit.groups import AddGroup
from servicekit.push import SetPush
from servicekit.web import OldCall

EXAMPLE = Path(__file__).parents[1] / "examples" / "old_api_client.py"


class _Quiet(WSGIRequestHandler):
    """A server's handler that logs nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def running(server: Any) -> Iterator[str]:
    """A server in a thread; its address."""
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/data_db/api.aspx"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def client() -> Any:
    """The example, as a module."""
    return SimpleNamespace(**runpy.run_path(str(EXAMPLE)))


@pytest.fixture
def place() -> Iterator[Office]:
    """An office whose group receives; it has mail."""
    with office() as made:
        yield made


@pytest.mark.spec("M-32", "M-33")
def test_a_client_of_the_document_sends_asks_and_receives(
    place: Office, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text goes out from a number of its own, its status is told and pushed, and what a mobile answers is pushed.

    Nothing is mailed to the API user, and the key stands in no log.
    """
    caplog.set_level(logging.DEBUG)
    pushed: list[dict[str, str]] = []
    kit, anna = place.kit, place.anna
    team = kit.perform(AddGroup(parent=place.root.id, name="Till"), by=anna)
    made = kit.perform(AddApiKey(group=team.id, name="Till 1"), by=anna)
    receiver: type[BaseHTTPRequestHandler] = client.receiver(pushed.append)
    with (
        running(make_server("127.0.0.1", 0, OldCall(kit).wsgi, handler_class=_Quiet)) as url,
        running(ThreadingHTTPServer(("127.0.0.1", 0), receiver)) as api_url,
    ):
        kit.perform(SetPush(group=team.id, user=made.key.user, url=api_url), by=anna)
        api = client.OldApi(url, made.secret)
        sent = api.send(MOBILE, "Räksmörgås & <b>")
        assert (sent.ok, sent.code, api.status(sent.id)) == (True, "ok", "SENT")
        kit.deliver()
        (flown,) = place.pigeons.sent
        place.hear("p1 DELIVERED")
        kit.deliver()
        assert api.status(sent.id) == "DELIVERED"

        place.hear(f"in-1 {MOBILE} {flown.sender} Hej då")
        kit.deliver()
        incoming = pushed[-1]
        assert api.status(incoming["id"]) == "INCOMING"
        assert client.OldApi(url, "sk_wrong").send(MOBILE, "x").code == "wrong_api_user"

    assert [(one["id"], one["value"]) for one in pushed if one["id"] == sent.id][-1] == (sent.id, "DELIVERED")
    assert (incoming["value"], incoming["phone_number"], incoming["message"]) == ("INCOMING", MOBILE, "Hej då")
    assert (flown.text, place.pile.mails) == ("Räksmörgås & <b>", [])
    assert made.secret not in caplog.text
