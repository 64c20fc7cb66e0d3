"""A real Postfix in front of the listener, set up as the docs say: nothing is lost, nothing forged comes through."""

from __future__ import annotations

import smtplib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import define

from gateways import gateway_on
from postfix_server import Postfix, postfix_in_front, why_not
from postgres_server import Stoppable
from servicekit import Kit
from servicekit.adapters.mail.listener import Listener
from servicekit.mail import Envelope, ListIgnoredMails, TrustedResults, VerifiedInFront, WhyIgnored
from servicekit.ports.mail import SenderProof
from world import GATEWAY, World, mail, opened

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

T = TypeVar("T")
MOBILE = "+46701740605"
ANNA = "anna@salon.example"


@define
class Line:
    """Postfix, the listener behind it, and the salon's kit behind that."""

    postfix: Postfix
    world: World
    envelopes: list[Envelope]

    def send(self, raw: bytes, *recipients: str, sender: str = ANNA) -> dict[str, tuple[int, bytes]]:
        """A mail from the outside; the recipients that were refused."""
        return send(self.postfix, raw, *recipients, sender=sender)


def send(postfix: Postfix, raw: bytes, *recipients: str, sender: str = ANNA) -> dict[str, tuple[int, bytes]]:
    """A mail from the outside; the recipients that were refused."""
    with smtplib.SMTP("127.0.0.1", postfix.port, local_hostname="mail.salon.example", timeout=60) as client:
        return client.sendmail(sender, [f"{one}@{GATEWAY}" for one in recipients or (MOBILE,)], raw)


def until(look: Callable[[], T], *, within: float = 60) -> T:
    """Look until there is something; what there is in the end."""
    ends = time.monotonic() + within
    while not (seen := look()) and time.monotonic() < ends:
        time.sleep(0.1)
    return seen


@contextmanager
def line(folder: Path, *, senders: SenderProof | None = None) -> Iterator[Line]:
    """All of it."""
    envelopes: list[Envelope] = []
    with opened(folder, senders=senders or VerifiedInFront()) as world, in_front(folder, world.kit, envelopes) as found:
        yield Line(found, world, envelopes)


@contextmanager
def in_front(folder: Path, kit: Kit, envelopes: list[Envelope]) -> Iterator[Postfix]:
    """Postfix, and the listener behind it; ``envelopes`` gets those that come."""
    (folder / "strip").write_text(f"/^Authentication-Results:\\s*mx\\.{GATEWAY}\\b/ IGNORE\n".replace(".e", "\\.e"))

    def receive(envelope: Envelope, raw: bytes) -> object:
        envelopes.append(envelope)
        return kit.receive("mail", envelope, raw)

    with Listener(receive, domain=GATEWAY, judge=kit.hopeless, judge_waits=False, lmtp=True, xforward=True) as listener:
        settings = [
            f"relay_domains = {GATEWAY}",
            f"transport_maps = inline:{{{{{GATEWAY}=lmtp:inet:127.0.0.1:{listener.port}}}}}",
            "smtpd_recipient_restrictions = reject_unverified_recipient",
            "unverified_recipient_reject_code = 550",
            "address_verify_map =",
            "address_verify_poll_count = 20",
            "lmtp_send_xforward_command = yes",
            f"header_checks = regexp:{folder}/strip",
        ]
        with postfix_in_front(settings) as postfix:
            yield postfix


@pytest.mark.spec("M-01")
def test_a_mail_through_postfix_becomes_a_text(tmp_path: Path) -> None:
    """And the kit learns from whom Postfix has it."""
    with line(tmp_path) as it:
        assert it.send(mail("Hej")) == {}
        assert until(lambda: [text for _ in [it.world.kit.deliver()] for text in it.world.elks.handset(MOBILE)])
        assert until(lambda: not it.postfix.queue())
    (envelope,) = it.envelopes
    assert (envelope.sender, envelope.peer, envelope.helo) == (ANNA, "127.0.0.1", "mail.salon.example")
    assert [text.text for text in it.world.elks.handset(MOBILE)] == ["Hej"]


def test_while_the_database_is_away_mail_waits(tmp_path: Path) -> None:
    """Postfix keeps it and tries again; once the database is back, one text goes out."""
    with line(tmp_path) as it:
        with closing(sqlite3.connect(it.world.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            it.send(mail("Hej"))
            assert until(lambda: "451" in it.postfix.log())
            assert it.postfix.queue() == [f"{MOBILE}@{GATEWAY}"]
            other.execute("ROLLBACK")
        it.postfix.flush()
        assert until(lambda: not it.postfix.queue())
        it.world.kit.deliver()
        assert [text.text for text in it.world.elks.handset(MOBILE)] == ["Hej"]


def test_a_stopped_database_makes_postfix_queue_and_later_deliver(
    tmp_path: Path, stoppable_postgres: Stoppable
) -> None:
    """A PostgreSQL that is really stopped: the mail is deferred and stays in the queue; started again, it is in the log once."""
    with gateway_on(stoppable_postgres) as it, in_front(tmp_path, it.kit, []) as postfix:
        stoppable_postgres.stop()
        assert send(postfix, mail("Hej")) == {}
        assert until(lambda: "status=deferred" in postfix.log())
        assert "451 4.3.0" in postfix.log()
        assert postfix.queue() == [f"{MOBILE}@{GATEWAY}"]
        stoppable_postgres.start()
        assert it.log() == []
        postfix.flush()
        assert until(lambda: not postfix.queue())
        assert postfix.log().count("status=sent") == 1
        assert it.log() == ["Hej"]


def test_hopeless_numbers_are_refused_before_postfix_takes_the_mail(tmp_path: Path) -> None:
    """So that nobody gets a bounce: the sending server learns it while it is connected."""
    with line(tmp_path) as it:
        refused = it.send(mail("Hej"), MOBILE, "+4618123456")
        assert [code for code, _ in refused.values()] == [550]
        assert "fixed line" in str(refused)
        assert until(lambda: len(it.envelopes) == 1)


def test_a_forged_mail_gets_no_bounce(tmp_path: Path) -> None:
    """A result that came with it is cut out by Postfix; the mail is taken, dropped, counted, and nobody is written to."""
    with line(tmp_path, senders=TrustedResults(f"mx.{GATEWAY}")) as it:
        forged = f"Authentication-Results: mx.{GATEWAY}; dmarc=pass header.from=salon.example\r\n".encode()
        it.send(forged + mail("Hej"))
        it.send(b"From: a@b.example\r\nFrom: c@d.example\r\n\r\nHej")
        assert until(lambda: it.postfix.log().count("status=sent") == 2)
        assert it.postfix.queue() == []
        assert "status=bounced" not in it.postfix.log()
        rows = it.world.ask(ListIgnoredMails(group=it.world.root.id))
        assert [(row.sender, row.why) for row in rows] == [(ANNA, WhyIgnored.UNPROVEN)]
