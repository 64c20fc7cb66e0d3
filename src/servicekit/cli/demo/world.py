"""The demo's world: the processes, the addresses they told, and waiting for what they do."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, TypeVar

from attrs import asdict, define, evolve, field, frozen

from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.mail.smtp import Smtp
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.kit import Kit
from servicekit.mail import VerifiedInFront
from servicekit.outbox.retry import RetryPolicy
from servicekit.testing.simulators import (
    ExivoControl,
    ExivoSimulator,
    FortySixElksControl,
    FortySixElksSimulator,
    MailboxControl,
    ZoomControl,
    ZoomSimulator,
)

__all__ = ["GATEWAY_DOMAIN", "Addresses", "World", "open_kit", "open_world"]

T = TypeVar("T")
GATEWAY_DOMAIN = "sms.example"
HOOK_PASSWORD = "a word that the demo shares with the simulated 46elks"  # noqa: S105 - nothing real behind it
_PATIENCE = 120.0  # seconds to wait for anything
_LISTED_WITHIN = timedelta(seconds=3)  # by the simulator, whatever becomes of the relay: longer than a call may take
_LIVES = (0.4, 0.15, 0.9, 0.05, 0.6, 1.3)  # seconds until a relay is killed, if it is to be; the one after lives


@frozen
class Addresses:
    """Where everything listens; told to each process."""

    database: str
    elks: str = ""
    exivo: str = ""
    zoom: str = ""
    mailbox_host: str = ""
    mailbox_port: int = 0
    mailbox_control: str = ""
    gateway_port: int = 0
    hooks: str = ""


def open_kit(at: Addresses) -> Kit:
    """The kit as the demo's business has it: every adapter real, every vendor simulated.

    The times are short, so that a killed relay is made up for within seconds; real ones are minutes.
    """
    elks, exivo, zoom = FortySixElksSimulator, ExivoSimulator, ZoomSimulator
    return Kit.open(
        at.database,
        texts=FortySixElks(
            elks.api_user,
            elks.api_password,
            report_url=f"{at.hooks}/46elks" if at.hooks else "",
            hook_user="46elks",
            hook_password=HOOK_PASSWORD,
            base_url=f"{at.elks}/a1",
            listed_within=_LISTED_WITHIN,
        ),
        doors=Exivo(exivo.api_key, exivo.api_secret, "42", base_url=f"{at.exivo}/v1"),
        meetings=Zoom(
            zoom.account_id,
            zoom.client_id,
            zoom.client_secret,
            zoom.webhook_secret,
            base_url=f"{at.zoom}/v2",
            oauth_url=f"{at.zoom}/oauth/token",
        ),
        mail=Smtp(at.mailbox_host, at.mailbox_port),
        mail_from="bokning@salon.example",
        gateway_domain=GATEWAY_DOMAIN,
        senders=VerifiedInFront(),  # the mails of the examples come from nowhere
        base_url="https://salon.example",
        lease=timedelta(seconds=3),
        longest_call=timedelta(seconds=2),
        retry=RetryPolicy(first=timedelta(milliseconds=200), longest=timedelta(seconds=2), attempts=50),
    )


@define
class World:
    """A running demo."""

    at: Addresses
    kit: Kit
    elks: FortySixElksControl
    exivo: ExivoControl
    zoom: ZoomControl
    mailbox: MailboxControl
    keeper: RelayKeeper
    began: float = field(factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the world is open."""
        return time.monotonic() - self.began

    @property
    def kills(self) -> int:
        """How often the relay was killed."""
        return self.keeper.kills

    def until(self, look: Callable[[], T], *, is_so: Callable[[T], bool]) -> T:
        """Look again and again until it is so, or until patience ends; what was seen last either way."""
        ends = time.monotonic() + _PATIENCE
        while True:
            seen = look()
            if is_so(seen) or time.monotonic() > ends:
                return seen
            time.sleep(0.03)

    def seen(self, look: Callable[[], T], expected: T) -> T:
        """What is to be seen, once it is what is expected."""
        return self.until(look, is_so=lambda seen: seen == expected)


class RelayKeeper:
    """Keeps a relay process running, as a service manager would; and, if asked to, kills it again and again."""

    def __init__(self, at: Addresses, *, kill: bool) -> None:
        self.kills = 0
        self._at = at
        self._kill = kill
        self._stop = threading.Event()
        self._process = _child("relay", at)
        _heard(self._process)
        self._thread = threading.Thread(target=self._keep, name="relay keeper")
        self._thread.start()

    def close(self) -> None:
        """Stop keeping, and stop the relay."""
        self._stop.set()
        self._thread.join()
        _end(self._process)

    def _keep(self) -> None:
        # Lives of different lengths, so that death finds the relay at different steps.
        for life in itertools.chain(_LIVES if self._kill else (), itertools.repeat(None)):
            if self._stop.wait(life or 0.2):
                return
            if life is not None:
                self._process.kill()
                self._process.wait()
                self.kills += 1
            if self._process.poll() is not None:
                _close_pipes(self._process)
                self._process = _child("relay", self._at)
                _heard(self._process)


@contextmanager
def open_world(folder: Path, *, kill_relay: bool = False) -> Iterator[World]:
    """Start every process, and stop them all at the end."""
    at = Addresses(database=f"sqlite:///{folder / 'demo.db'}?synchronous=normal")
    running: list[subprocess.Popen[str]] = []
    try:
        running.append(_started([sys.executable, "-m", "servicekit.testing.simulators"]))
        told = _told(running[0], last="mailbox-http")
        host, port = told["mailbox"].removeprefix("smtp://").rsplit(":", 1)
        at = evolve(
            at,
            elks=told["46elks"],
            exivo=told["exivo"],
            zoom=told["zoom"],
            mailbox_host=host,
            mailbox_port=int(port),
            mailbox_control=told["mailbox-http"],
        )
        running.append(_child("front", at))
        told = _told(running[1], last="hooks")
        at = evolve(at, gateway_port=int(told["gateway"]), hooks=told["hooks"])
        with open_kit(at) as kit:
            keeper = RelayKeeper(at, kill=kill_relay)
            try:
                yield World(
                    at,
                    kit,
                    FortySixElksControl(at.elks),
                    ExivoControl(at.exivo),
                    ZoomControl(at.zoom),
                    MailboxControl(at.mailbox_control),
                    keeper,
                )
            finally:
                keeper.close()
    finally:
        for process in reversed(running):
            _end(process)


def _child(role: str, at: Addresses) -> subprocess.Popen[str]:
    return _started([sys.executable, "-m", "servicekit.cli.demo.child", role, json.dumps(asdict(at))])


def _started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module


def _told(process: subprocess.Popen[str], *, last: str) -> dict[str, str]:
    """The ``name value`` lines that a process prints once it is ready, up to the one named ``last``."""
    told: dict[str, str] = {}
    while last not in told:
        name, value = _heard(process).split(" ", 1)
        told[name] = value
    return told


def _heard(process: subprocess.Popen[str]) -> str:
    out: IO[str] | None = process.stdout
    line = out.readline().strip() if out else ""
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it was ready; its messages are above")
    return line


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close_pipes(process)


def _close_pipes(process: subprocess.Popen[str]) -> None:
    if process.stdout:
        process.stdout.close()
