"""What the tests' other processes do. They share nothing with the test but files and sockets."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from attrs import define, frozen

from servicekit import Kit, Principal
from servicekit.adapters.storage import storage_of
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.commands import Command
from servicekit.errors import Refused
from servicekit.groups import Limit
from servicekit.mail import TrustedResults, VerifiedInFront
from servicekit.messages import Message
from servicekit.moments import Instant
from servicekit.sms import parse_number
from servicekit.testing.clock import ManualClock
from servicekit.usecases.delivering import preparations
from world import GATEWAY, elks_adapter, envelope, exivo_adapter, mail, zoom_adapter


def _warm() -> None:
    """Load before the fork what a kit loads at its first use: libraries are most of what a child would take."""
    with Kit.open("sqlite:///:memory:") as kit:
        kit.deliver()
    parse_number("+41791234567")
    Instant(0).local("Europe/Zurich")
    preparations()


_warm()


def migrate(path: str) -> str:
    """Bring the tables up to date."""
    with closing(SqliteStorage(path)) as storage:
        storage.migrate()
    return "done"


def migrate_at(url: str) -> str:
    """The same for the database at a URL."""
    with closing(storage_of(url)) as storage:
        storage.migrate()
    return "done"


def pass_guard(path: str, identities: Sequence[str], at: Instant) -> list[bool]:
    """Try to pass the loop guard with each, in a transaction of its own."""
    passed = []
    with closing(SqliteStorage(path, synchronous="normal")) as storage:
        for identity in identities:
            with storage.write() as store:
                passed.append(store.guards.pass_once(identity, at))
    return passed


def spend(url: str, limits: Sequence[Limit], segments: int, times: int, at: Instant) -> int:
    """Reserve so often; how often it was granted."""
    granted = 0
    with closing(storage_of(url)) as storage:
        for _ in range(times):
            with storage.write() as store:
                granted += store.quotas.reserve(limits, segments, at) is None
    return granted


def claim_all(path: str, at: Instant) -> list[tuple[str, int]]:
    """Claim effects until there is none; their ids and fences."""
    claimed: list[tuple[str, int]] = []
    with closing(SqliteStorage(path, synchronous="normal")) as storage:
        while True:
            with storage.write() as store:
                effects = store.effects.claim(at, at + timedelta(minutes=1), most=3)
            if not effects:
                return claimed
            claimed += [(str(effect.id), effect.fence) for effect in effects]


def perform(path: str, commands: Sequence[Command[Any]], by: Principal, at: Instant) -> list[str]:
    """Perform commands in turn, on a file or at a URL; ``done``, a message's status, or the refusal's code."""
    outcomes = []
    url = path if "://" in path else f"sqlite:////{path}?synchronous=normal"
    with Kit.open(url, clock=ManualClock(at)) as kit:
        for command in commands:
            try:
                made = kit.perform(command, by=by)
            except Refused as refused:
                outcomes.append(refused.code)
            else:
                outcomes.append(made.shown if isinstance(made, Message) else "done")
    return outcomes


@frozen
class Outside:
    """Where the simulators are served; empty where there is none."""

    elks: str = ""
    exivo: str = ""
    zoom: str = ""

    def adapters(self) -> dict[str, Any]:
        """Those of :meth:`Kit.open`."""
        found: dict[str, Any] = {}
        if self.elks:
            found["texts"] = elks_adapter(f"{self.elks}/a1", report_url="")
        if self.exivo:
            found["doors"] = exivo_adapter(f"{self.exivo}/v1")
        if self.zoom:
            found["meetings"] = zoom_adapter(self.zoom)
        return found


def deliver(path: str, outside: Outside, at: Instant) -> int:
    """Deliver what is due; how many effects that brought about."""
    url = f"sqlite:////{path}?synchronous=normal"
    with Kit.open(url, clock=ManualClock(at), **outside.adapters()) as kit:
        return kit.deliver().done


# Dying at every step


@define
class _Countdown:
    """Kills this very process at the n-th step; before and after each commit, before and after each HTTP exchange."""

    left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class _MortalTransport(httpx.HTTPTransport):
    """The network, at whose either end the process may die."""

    def __init__(self, countdown: _Countdown) -> None:
        super().__init__(verify=False)
        self._countdown = countdown

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._countdown.step()
        response = super().handle_request(request)
        self._countdown.step()
        return response


def _mortal_connection(countdown: _Countdown) -> type[sqlite3.Connection]:
    class Connection(sqlite3.Connection):
        """A connection that may die at either side of a commit."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, parameters)
            countdown.step()
            cursor = super().execute(sql)
            countdown.step()
            return cursor

    return Connection


def _mortal_kit(path: str, outside: Outside, at: Instant, countdown: _Countdown) -> Kit:
    sqlite3.connect = partial(sqlite3.connect, factory=_mortal_connection(countdown))  # type: ignore[assignment]
    return Kit.open(
        f"sqlite:////{path}?synchronous=normal",
        clock=ManualClock(at),
        transport=_MortalTransport(countdown),
        **outside.adapters(),
    )


def deliver_or_die(path: str, outside: Outside, at: Instant, steps: int) -> None:
    """Deliver what is due, and die at the given step."""
    countdown = _Countdown()
    with _mortal_kit(path, outside, at, countdown) as kit:
        countdown.left = steps
        kit.deliver()


def perform_or_die(path: str, command: Command[Any], by: Principal, at: Instant, steps: int) -> None:
    """Perform a command, and die at the given step."""
    countdown = _Countdown()
    with _mortal_kit(path, Outside(exivo="http://127.0.0.1:1", zoom="http://127.0.0.1:1"), at, countdown) as kit:
        countdown.left = steps
        kit.perform(command, by=by)


def take_mail(url: str, sender: str, alike: bool) -> str:
    """Take a mail in, the same words in every process or not; its status in the log."""
    with Kit.open(url, gateway_domain=GATEWAY, senders=VerifiedInFront(), migrate=False) as kit:
        raw = mail("Hej" if alike else f"Hej {os.getpid()}", sender=sender, number=os.getpid())
        (line,) = kit.receive("mail", envelope(sender, "+46701740605"), raw).lines
        return line.message.shown if line.message is not None else line.refusal


def be_ignored(url: str, sender: str, count: int) -> int:
    """Take mails in that nothing proves; how many were taken."""
    with Kit.open(url, gateway_domain=GATEWAY, senders=TrustedResults("mx.sms.example"), migrate=False) as kit:
        taken = [
            kit.receive("mail", envelope(sender, "+46701740605"), mail("Hej", sender=sender, number=number))
            for number in range(count)
        ]
    return sum(bool(one.ignored) for one in taken)
