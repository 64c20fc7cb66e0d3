"""People who log in: a salon whose kit hashes passwords, cheaply and counted."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from servicekit import Principal
from servicekit.accounts import LoggedIn, LogIn, NotLoggedIn, SetPassword
from servicekit.adapters.passwords import Argon2
from servicekit.commands import PrincipalKind
from servicekit.testing.simulators import MailboxSimulator
from world import World, opened

URL = "https://sms.example/password/{token}"
INVITED = "https://portal.example/invitation/{token}"
LINK = re.compile(r"https://(?:sms\.example/password|portal\.example/invitation)/([\w-]{43})\b")
GOOD = "correct horse battery"
DESK = Principal.operator("log-in page", origin="192.0.2.7")


@define
class Counted:
    """Argon2 with the least parameters that it takes, and how often it worked."""

    inner: Argon2 = field(factory=lambda: Argon2(passes=1, memory_kib=8, lanes=1))
    verified: int = 0
    hashed: int = 0

    def hash(self, password: str, salt: bytes) -> str:
        """Counted."""
        self.hashed += 1
        return self.inner.hash(password, salt)

    def verify(self, stored: str | None, password: str) -> bool:
        """Counted."""
        self.verified += 1
        return self.inner.verify(stored, password)

    def outdated(self, stored: str) -> bool:
        """Not counted."""
        return self.inner.outdated(stored)


@contextmanager
def salon(folder: Path, postbox: MailboxSimulator, **options: Any) -> Iterator[World]:
    """A salon that mails links and hashes passwords."""
    wired = {"password_url": URL, "invitation_url": INVITED, "passwords": Counted(), **options}
    with opened(folder, mailbox=postbox, **wired) as world:
        yield world


RAN: list[str] = []
"""What was run in SQL within :func:`watched_salon`."""


class _Watched(sqlite3.Connection):
    """A connection that writes down what it runs."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        RAN.append(sql)
        return super().execute(sql, parameters)


@contextmanager
def watched_salon(folder: Path, postbox: MailboxSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A salon with log-ins, whose statements are written down; Anna has no password yet."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=_Watched))
    with salon(folder, postbox) as world:
        yield world


def log_in(
    world: World, password: str = GOOD, *, email: str = "anna@salon.example", origin: str = "192.0.2.7", **more: Any
) -> LoggedIn | NotLoggedIn:
    """A try to log in."""
    command = LogIn(email=email, password=password, **more)
    return world.kit.perform(command, by=Principal.operator("log-in page", origin=origin))


def token(world: World, email: str) -> str:
    """The token of the newest link that was mailed to somebody."""
    world.kit.deliver()
    found: str = LINK.findall(world.mails(email)[-1].text)[-1]
    return found


def forgot(world: World, email: str = "anna@salon.example", kind: PrincipalKind = PrincipalKind.USER) -> str:
    """The token of a link that was asked for."""
    from servicekit.accounts import ForgotPassword

    assert world.kit.perform(ForgotPassword(email=email, kind=kind), by=DESK) is None
    return token(world, email)


def chosen(world: World, password: str = GOOD, **more: Any) -> LoggedIn:
    """Anna, who has chosen a password by a link."""
    return world.kit.perform(SetPassword(token=forgot(world), password=password, **more), by=DESK)
