"""Mail after an SMS that failed: whoever was told by a text that never came is told all the same, once, and it is shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from carriers import Scripted
from portals import HOUR, MINUTE, Portal, portal
from servicekit import Principal
from servicekit.errors import OutcomeUnknown
from servicekit.groups import RemoveUsers
from servicekit.ids import MessageId, UserId
from servicekit.messages import SendText, Settled, SettleText
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, ListEffects, RetryEffect
from servicekit.portal import (
    AddComment,
    AssignTechnician,
    ChooseNotices,
    FaultReport,
    FileFaultReport,
    GetFaultReport,
    Way,
)
from servicekit.testing.simulators import Fault
from world import HOOK_LOGIN, elks_adapter

MOBILE, TOM = "+46701740605", "tom@service.example"
FAILED = "the SMS failed: UNDELIVERED"


@pytest.fixture
def it(database_url: str) -> Iterator[Portal]:
    """A portal on either database, to which 46elks reports."""
    with portal(database_url, texts=elks_adapter()) as made:
        yield made


def technician(it: Portal) -> UserId:
    """Tom, who wants an SMS."""
    tom = it.staff("tom", "fault_reports:read")
    it.tell(ChooseNotices(user=tom, way=Way.SMS, mobile=MOBILE), Principal.of(tom))
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    return tom


def filed(it: Portal, text: str = "The saw smokes") -> FaultReport:
    """A report about Holz, of which Tom is told."""
    it.clock.advance(MINUTE)
    return it.tell(FileFaultReport(customer=it.holz.id, text=text))


def texted(it: Portal) -> list[dict[str, Any]]:
    """What the carrier has taken."""
    it.kit.deliver()
    found: list[dict[str, Any]] = it.elks.state()["sms"]
    return found


def reported(it: Portal, status: str) -> None:
    """The carrier says what became of the last text."""
    proof = b64encode(":".join(HOOK_LOGIN).encode()).decode()
    body = urlencode({"id": texted(it)[-1]["id"], "status": status}).encode()
    it.kit.receive("46elks", {"authorization": f"Basic {proof}"}, body)


def told(it: Portal, report: FaultReport) -> list[tuple[UserId, Way, str]]:
    """Who was told, how, and why not as chosen."""
    return [(one.user, one.way, one.instead) for one in it.ask(GetFaultReport(report=report.id)).told]


@pytest.mark.spec("P-07")
def test_an_sms_that_is_not_delivered_is_followed_by_a_mail(it: Portal) -> None:
    """Once, however often that is reported; the report shows that, why, when, and the text that failed."""
    tom, report = technician(it), filed(it)
    assert (told(it, report), it.mails(TOM)) == ([(tom, Way.SMS, "")], [])
    it.clock.advance(MINUTE)
    for _ in range(2):
        reported(it, "failed")

    assert it.mails(TOM) == ["Holz GmbH: fault reported\nThe saw smokes\n"]
    ((shown),) = it.ask(GetFaultReport(report=report.id)).told
    assert (shown.user, shown.way, shown.instead, shown.at) == (tom, Way.MAIL, FAILED, it.clock.now())
    assert shown.message is not None


def test_an_sms_that_is_delivered_is_followed_by_nothing(it: Portal) -> None:
    """It was told as it has chosen."""
    tom, report = technician(it), filed(it)
    reported(it, "delivered")
    assert (told(it, report), it.mails(TOM)) == ([(tom, Way.SMS, "")], [])


def test_an_sms_that_the_carrier_refuses_is_followed_by_a_mail(it: Portal) -> None:
    """When the relay hands it over."""
    tom, report = technician(it), filed(it)
    it.elks.inject(Fault.error("POST", "/sms$", status=400))
    assert it.mails(TOM) == ["Holz GmbH: fault reported\nThe saw smokes\n"]
    assert told(it, report) == [
        (tom, Way.MAIL, "the SMS failed: UNSENT, 46elks answered 400; trying again will not help")
    ]


def given_up(it: Portal) -> tuple[Effect, ...]:
    """The dead letters."""
    return it.ask(ListEffects(organisation=it.root))


@pytest.mark.spec("P-07")
@pytest.mark.parametrize("status", [401, 402, 403])
def test_an_sms_that_is_given_up_is_followed_by_a_mail(it: Portal, status: int) -> None:
    """Where the carrier refuses our account: a dead letter for whoever mends that, and the technician is told at once."""
    tom, report = technician(it), filed(it)
    it.elks.inject(Fault.error("POST", "/sms$", status=status))
    assert it.mails(TOM) == ["Holz GmbH: fault reported\nThe saw smokes\n"]
    trouble = f"46elks answered {status}; trying again will not help"
    assert told(it, report) == [(tom, Way.MAIL, f"the SMS failed: UNSENT, {trouble}")]
    (dead,) = given_up(it)
    assert (dead.kind, dead.trouble) == (EffectKind.TEXT, trouble)
    ((shown),) = it.ask(GetFaultReport(report=report.id)).told
    assert dead.subject == shown.message


@pytest.mark.parametrize("mend", [RetryEffect, DiscardEffect])
def test_nobody_is_told_twice_once_the_account_is_mended(it: Portal, mend: type[RetryEffect | DiscardEffect]) -> None:
    """Whether its dead letter is retried or discarded: no SMS goes out any more, and no other mail. The next one is an SMS."""
    tom, report = technician(it), filed(it)
    it.elks.inject(Fault.error("POST", "/sms$", status=403))
    before = len(it.mails(TOM))
    shown = told(it, report)
    (dead,) = given_up(it)
    it.tell(mend(dead.id))
    assert texted(it) == []
    assert (len(it.mails(TOM)), told(it, report), given_up(it)) == (before, shown, ())
    later = filed(it, "Now it burns")
    assert [sms["message"] for sms in texted(it)] == ["Holz GmbH: fault reported\nNow it burns"]
    assert told(it, later) == [(tom, Way.SMS, "")]


def test_a_carrier_that_stays_away_is_followed_by_a_mail_in_the_end(it: Portal) -> None:
    """Not at its first failure, but when the relay gives up; one mail."""
    tom, report = technician(it), filed(it)
    it.elks.inject(Fault.refused("POST", "/sms$", times=1000))
    assert (it.mails(TOM), told(it, report)) == ([], [(tom, Way.SMS, "")])
    for _ in range(20):
        it.clock.advance(HOUR * 5)
        it.kit.deliver()
    assert len(it.mails(TOM)) == 1
    ((_, way, why),) = told(it, report)
    assert (way, why.partition(" tries")[0]) == (Way.MAIL, "the SMS failed: UNSENT, given up after 18")


def test_an_sms_that_perhaps_went_out_is_followed_by_nothing_until_a_person_says_more(database_url: str) -> None:
    """Its answer was lost, and the carrier cannot be asked: a mail could tell the technician twice. Said not sent, one follows."""
    with portal(
        database_url,
        texts=Scripted("pigeons", answers=[OutcomeUnknown("the pigeon came back without a note")], look_up=False),
    ) as it:
        tom, report = technician(it), filed(it)
        it.kit.deliver()
        it.clock.advance(HOUR)
        assert (it.mails(TOM), told(it, report)) == ([], [(tom, Way.SMS, "")])
        (dead,) = given_up(it)
        it.tell(SettleText(message=MessageId(dead.subject), outcome=Settled.NOT_SENT))
        assert len(it.mails(TOM)) == 1
        ((_, way, why),) = told(it, report)
        assert way is Way.MAIL
        assert why.startswith(
            "the SMS failed: UNSENT, the pigeon came back without a note; settled as not_sent by user"
        )


def test_without_a_mail_server_what_is_given_up_waits_to_be_retried() -> None:
    """There is no other way to tell: so the text stays queued, and goes out once the account is mended."""
    with portal(texts=elks_adapter(), mail=None, invitation_url="") as it:
        tom, report = technician(it), filed(it)
        it.elks.inject(Fault.error("POST", "/sms$", status=402))
        it.kit.deliver()
        (dead,) = given_up(it)
        it.tell(RetryEffect(dead.id))
        assert (len(texted(it)), told(it, report)) == (1, [(tom, Way.SMS, "")])


def test_a_users_own_text_that_is_given_up_stays_queued(it: Portal) -> None:
    """Nobody is mailed, and a retry sends it."""
    uta = it.staff("uta")
    it.elks.inject(Fault.error("POST", "/sms$", status=402))
    it.tell(SendText(user=uta, to=MOBILE, text="Tea?"), Principal.of(uta))
    it.kit.deliver()
    (dead,) = given_up(it)
    it.tell(RetryEffect(dead.id))
    assert [sms["message"] for sms in texted(it)] == ["Tea?"]
    assert it.caught.mails == []


@pytest.mark.spec("P-08")
def test_an_sms_about_a_comment_is_followed_by_a_mail_as_well(it: Portal) -> None:
    """With the comment's own words."""
    technician(it)
    hans = Principal.of(it.user().id)
    it.tell(AddComment(order=it.order().id, text="When?"), hans)
    reported(it, "failed")
    assert it.mails(TOM) == ["Holz GmbH: new comment\nWhen?\n"]


def test_whoever_was_removed_meanwhile_is_told_nothing(it: Portal) -> None:
    """And that is shown as well."""
    tom, report = technician(it), filed(it)
    texted(it)
    it.tell(RemoveUsers(group=it.root, addresses=(TOM,)))
    reported(it, "failed")
    assert (told(it, report), it.mails(TOM)) == ([(tom, Way.NONE, FAILED)], [])


def test_without_a_mail_server_there_is_no_way() -> None:
    """It is shown that there was none."""
    with portal(texts=elks_adapter(), mail=None, invitation_url="") as it:
        tom, report = technician(it), filed(it)
        reported(it, "failed")
        assert told(it, report) == [(tom, Way.NONE, FAILED)]


def test_a_users_own_text_that_fails_is_followed_by_nothing(it: Portal) -> None:
    """It stands in the log."""
    uta = it.staff("uta")
    it.tell(SendText(user=uta, to=MOBILE, text="Tea?"), Principal.of(uta))
    reported(it, "failed")
    it.kit.deliver()
    assert it.caught.mails == []
