"""Forgotten passwords: a link by mail now and then, and an answer that tells nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from logins import DESK, LINK, RAN, forgot, watched_salon
from servicekit import Principal
from servicekit.accounts import RESET_SPAN, ForgotPassword, NotLoggedIn, WhyNot, digest_of
from servicekit.errors import Invalid
from servicekit.testing.simulators import MailboxSimulator
from world import HOUR, MINUTE, World

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path, postbox: MailboxSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A salon with log-ins, whose statements are written down; Anna has no password yet."""
    with watched_salon(tmp_path, postbox, monkeypatch) as made:
        yield made


def test_forgetting_tells_nobody_whether_there_is_such_an_address(world: World) -> None:
    """The same answer, the same statements; only one is mailed. The address that is tried is stored nowhere."""
    counts = []
    for email in ("anna@salon.example", "nobody@salon.example"):
        RAN.clear()
        assert world.kit.perform(ForgotPassword(email=email), by=DESK) is None
        counts.append(list(RAN))
    world.settle()

    assert counts[0] == counts[1] != []
    assert [mail.rcpt_to for mail in world.mails()] == ["anna@salon.example"]
    assert "nobody@salon.example" not in repr(world.tables())


def test_links_are_asked_for_only_now_and_then(world: World) -> None:
    """Three times for one address, known or not."""
    for email in ("anna@salon.example", "nobody@salon.example"):
        for _ in range(3):
            assert world.kit.perform(ForgotPassword(email=email), by=DESK) is None
        told = world.kit.perform(ForgotPassword(email=email), by=DESK)
        assert told == NotLoggedIn(why=WhyNot.SLOW_DOWN, until=world.now + HOUR)


def test_an_origin_that_asks_for_many_links_is_slowed(world: World) -> None:
    """And the address that it asks for then keeps its three."""
    for number in range(20):
        assert world.kit.perform(ForgotPassword(email=f"{number}@salon.example"), by=DESK) is None
    told = world.kit.perform(ForgotPassword(email="anna@salon.example"), by=DESK)

    assert told == NotLoggedIn(why=WhyNot.SLOW_DOWN, until=world.now + MINUTE)
    elsewhere = Principal.operator("page", origin="192.0.2.8")
    assert [world.kit.perform(ForgotPassword(email="anna@salon.example"), by=elsewhere) for _ in range(3)] == [None] * 3


def test_what_is_no_address_gets_no_mail(world: World) -> None:
    """It is said: the form has a misprint."""
    assert type(world.refused(ForgotPassword(email="anna"), DESK)) is Invalid


@pytest.mark.spec("M-34")
def test_the_mail_has_the_link_and_the_database_its_digest(world: World) -> None:
    """It is good for an hour, and no answer to a machine comes back to anybody."""
    token = forgot(world)
    (mail,) = world.mails("anna@salon.example")
    with world.look() as store:
        (link,) = store.password_links.where()

    assert (link.digest, link.user, link.expires_at) == (digest_of(token), world.admin.id, world.now + RESET_SPAN)
    assert LINK.findall(mail.text) == [token]
    assert mail.mail_from == "<>"


def test_a_mail_that_goes_out_again_has_another_link(world: World) -> None:
    """Asked for twice before it is delivered, it is one mail."""
    for _ in range(2):
        world.kit.perform(ForgotPassword(email="anna@salon.example"), by=DESK)
    world.kit.deliver()
    assert len(world.mails("anna@salon.example")) == 1
    assert forgot(world) not in world.mails("anna@salon.example")[0].text
