"""Mail after an SMS that failed: whoever was told by a text that never came is told all the same, once, and it is shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from portals import MINUTE, Portal, portal
from servicekit import Principal
from servicekit.groups import RemoveUsers
from servicekit.ids import UserId
from servicekit.messages import SendText
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
    assert told(it, report) == [(tom, Way.MAIL, "the SMS failed: UNSENT")]


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
