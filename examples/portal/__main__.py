"""Start the portal: ``python -m examples.portal [--port 8000]``; stop it with Ctrl-C.

Everything it needs starts with it: a database in a folder that is gone afterwards, stand-ins of the carrier, the door system,
the meeting service and everybody's mailbox, and a relay. It prints where it is, the links by which everybody chooses a
password, and where all mails can be read.
"""

from __future__ import annotations

import argparse
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from servicekit import Kit
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.mail.smtp import Smtp
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.passwords import Argon2
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.portal import branded_address
from servicekit.runtime.entropy import SystemClock
from servicekit.testing.simulators import (
    ExivoSimulator,
    FortySixElksSimulator,
    MailboxSimulator,
    ZoomSimulator,
    serve,
    transport,
)

try:
    import uvicorn

    from .application import application
except ImportError as missing:  # pragma: no cover
    sys.exit(
        f"{missing.name} is not installed. The portal needs: pip install fastapi jinja2 python-multipart uvicorn aiosmtpd"
    )

from .browsers import Portal
from .own import Own
from .town import BRAND, ZONE, Town, founded

_HOST = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m examples.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="default: 8000; 0 takes a free one")
    port: int = parser.parse_args(arguments).port
    with (
        socket.create_server((_HOST, port)) as listener,
        tempfile.TemporaryDirectory(prefix="servicekit-portal-") as folder,
        _portal(Path(folder), address := f"http://{_HOST}:{listener.getsockname()[1]}") as (mailbox, portal, town),
    ):
        _tell(address, mailbox, town)
        config = uvicorn.Config(application(portal), log_level="warning", lifespan="off")
        with suppress(KeyboardInterrupt):  # which uvicorn hands on once it has stopped
            uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _portal(folder: Path, address: str) -> Iterator[tuple[str, Portal, Town]]:
    """The kit with everything around it, and a relay that delivers meanwhile."""
    database = folder / "portal.db"
    elks, exivo, zoom, mailbox = FortySixElksSimulator(), ExivoSimulator(), ZoomSimulator(), MailboxSimulator()
    clock = SystemClock()
    with (
        serve(mailbox) as post,
        Kit.open(
            f"sqlite:///{database}?synchronous=normal",
            texts=FortySixElks(elks.api_user, elks.api_password),
            doors=Exivo(exivo.api_key, exivo.api_secret, "42"),
            meetings=Zoom(zoom.account_id, zoom.client_id, zoom.client_secret, zoom.webhook_secret),
            mail=Smtp(_HOST, mailbox.smtp_port),
            mail_from="portal@ake.example",
            base_url=address,
            invitation_url=address + "/password/{token}",
            password_url=address + "/password/{token}",
            passwords=Argon2(),
            clock=clock,
            transport=transport(elks, exivo, zoom),
        ) as kit,
    ):
        own = Own(database)
        town = founded(kit, own, mailbox, clock.now())
        stop = threading.Event()
        relay = threading.Thread(target=kit.relay().run, args=(stop,), name="relay")
        relay.start()
        try:
            yield post.url, Portal(kit, own, town.organisation, clock, BRAND, ZONE, secrets.token_bytes(32)), town
        finally:
            stop.set()
            relay.join()


def _tell(address: str, mailbox: str, town: Town) -> None:
    print(f"portal {branded_address(f'{address}/login', BRAND)}")
    for email, link in town.invitations.items():
        print(f"password {email} {link}")
    print(f"mailbox {mailbox}/_sim/mails")
    print("ready (stop it with Ctrl-C)", flush=True)


if __name__ == "__main__":
    main()
