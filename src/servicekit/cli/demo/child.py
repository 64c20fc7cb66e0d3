"""The demo's other processes: ``python -m servicekit.cli.demo.child front|relay <addresses as JSON>``.

The front takes mails (SMTP) and vendors' calls (HTTP); the relay delivers. Each prints a line when it is ready and runs until
SIGTERM.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from servicekit.adapters.mail.listener import Listener
from servicekit.cli.demo.world import GATEWAY_DOMAIN, Addresses, open_kit
from servicekit.kit import Kit
from servicekit.web import Webhooks

__all__ = ["main"]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each call, none of which keeps the process alive."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Logs nothing: the demo's table is its output."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def _front(kit: Kit, stop: threading.Event) -> None:
    listener = Listener(lambda envelope, raw: kit.receive("mail", envelope, raw), domain=GATEWAY_DOMAIN)
    with listener, make_server("127.0.0.1", 0, Webhooks(kit), _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"gateway {listener.port}\nhooks http://127.0.0.1:{server.server_port}/hooks", flush=True)
        stop.wait()
        server.shutdown()


def _relay(kit: Kit, stop: threading.Event) -> None:
    relay = kit.relay()
    print("relay ready", flush=True)
    relay.run(stop)


_ROLES: dict[str, Callable[[Kit, threading.Event], None]] = {"front": _front, "relay": _relay}


def main(role: str, addresses: str) -> None:
    """Run one role until SIGTERM."""
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_kit(Addresses(**json.loads(addresses))) as kit:
        _ROLES[role](kit, stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
