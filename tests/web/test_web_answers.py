"""Vendors' calls to answers: what is believed is stored, what is not is answered so, and the database's trouble is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicekit import Kit, Principal
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.groups import FoundOrganisation, ProvideNumbers, Settings
from servicekit.messages import LogPage, SearchLog, SendText
from servicekit.ports.http import basic
from servicekit.testing.simulators import FortySixElksSimulator, ZoomSimulator, transport
from servicekit.web import answer

NUMBER = "+46766861001"
LOGIN = basic("46elks", "a secret")


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """A kit with 46elks, which may call back with a login, and Zoom, whose secret is known."""
    elks, zoom = FortySixElksSimulator(), ZoomSimulator()
    with Kit.open(
        f"sqlite:///{tmp_path / 'kit.db'}?synchronous=normal&patience=0.2",
        texts=FortySixElks(elks.api_user, elks.api_password, hook_user="46elks", hook_password="a secret"),
        meetings=Zoom(zoom.account_id, zoom.client_id, zoom.client_secret, zoom.webhook_secret),
        transport=transport(elks, zoom),
    ) as opened:
        yield opened


def _inbound(sender: str = "+46701740605") -> bytes:
    return f"direction=incoming&id=s1&from=%2B{sender[1:]}&to=%2B{NUMBER[1:]}&message=Hej&created=2026-11-21T10%3A00%3A00".encode()


def _log(kit: Kit) -> LogPage:
    operator = Principal.operator("test")
    founded = kit.perform(
        FoundOrganisation(
            name="Salon",
            zone="UTC",
            admin="anna@salon.example",
            settings=Settings(may_receive=True, sender_name="Salon"),
        ),
        by=operator,
    )
    kit.perform(ProvideNumbers(numbers=(NUMBER,)), by=operator)
    anna = Principal.of(founded.admin.id)
    kit.perform(SendText(user=founded.admin.id, to="+46701740605", text="Hej"), by=anna)
    assert answer(kit, "46elks", LOGIN, _inbound()).status in {200, 204}
    return kit.ask(SearchLog(group=founded.root.id), by=anna)


def test_a_proven_call_is_stored(kit: Kit) -> None:
    """A text from a mobile stands in the log of the user whose number it was sent to."""
    assert [message.shown for message in _log(kit).messages] == ["INCOMING", "QUEUED"]


def test_the_same_call_again_changes_nothing(kit: Kit) -> None:
    """A vendor that calls twice is answered alike, and the log has the text once."""
    page = _log(kit)
    assert answer(kit, "46elks", LOGIN, _inbound()).status in {200, 204}
    organisation = page.messages[0].organisation
    user = page.messages[0].user
    assert user is not None
    assert len(kit.ask(SearchLog(group=organisation), by=Principal.of(user)).messages) == len(page.messages)


@pytest.mark.parametrize("headers", [{}, basic("46elks", "guessed"), {"authorization": "Bearer x"}])
def test_an_unproven_call_is_answered_401(kit: Kit, headers: dict[str, str]) -> None:
    """Without the right login nothing is taken in, and the answer says no more than that."""
    said = answer(kit, "46elks", headers, _inbound())
    assert (said.status, said.body) == (401, b"")


def test_a_proven_call_that_nobody_understands_is_answered_400(kit: Kit) -> None:
    """The vendor's login, but none of its forms."""
    assert answer(kit, "46elks", LOGIN, b"\xff").status == 400


def test_an_unknown_source_is_answered_404(kit: Kit) -> None:
    """Only adapters that the kit was opened with can be called."""
    assert answer(kit, "twilio", LOGIN, b"").status == 404
    assert answer(kit, "mail", {}, b"").status == 404


def test_a_busy_database_is_answered_503(kit: Kit, tmp_path: Path) -> None:
    """The vendor is asked to come again, because nothing was stored."""
    holder = sqlite3.connect(tmp_path / "kit.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = answer(kit, "46elks", LOGIN, _inbound())
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert (said.status, said.headers) == (503, {"retry-after": "30"})
