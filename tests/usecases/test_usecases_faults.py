"""Fault reports: unseen until opened, told once by the channel of each one's choice, kept from whom they do not concern."""

from __future__ import annotations

from typing import Any

import pytest

from portals import MINUTE, Portal, portal
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound, Refused
from servicekit.groups import ChangeSettings, FoundOrganisation, RemoveUsers, Settings
from servicekit.ids import FaultReportId, ObjectId, UserId
from servicekit.portal import (
    AddCustomer,
    AddObject,
    AssignTechnician,
    ChooseNotices,
    CountUnseenFaults,
    FaultReport,
    FileFaultReport,
    GetFaultReport,
    ListFaultReports,
    OpenFaultReport,
    Right,
    Told,
    Way,
)

pytest_plugins = ("portal_fixtures",)

MOBILE = "+46701740605"
MAILED = "Holz GmbH: fault reported\nThe saw smokes\n"
TEXTED = "Holz GmbH: fault reported\nThe saw smokes"


def file(it: Portal, text: str = "The saw smokes", by: Principal | None = None, **more: object) -> FaultReport:
    """A report about Holz, a minute after what was before."""
    it.clock.advance(MINUTE)
    return it.tell(FileFaultReport(customer=it.holz.id, text=text, **more), by)  # type: ignore[arg-type]


def unseen(it: Portal, by: Principal | None = None) -> int:
    """The number beside somebody's menu."""
    count = it.ask(CountUnseenFaults(it.root), by)
    page = it.ask(ListFaultReports(organisation=it.root), by)
    only = it.ask(ListFaultReports(organisation=it.root, unseen=True), by)
    assert count == page.unseen == only.count == only.unseen == sum(view.unseen for view in page.reports)
    assert only.reports == tuple(view for view in page.reports if view.unseen)
    return count


@pytest.mark.spec("P-06")
def test_a_report_is_unseen_to_each_until_that_one_opens_it(stored: Portal) -> None:
    """Who filed it has seen it; reading it without opening changes nothing; opening counts once."""
    it = stored
    hans, bert = Principal.of(it.user().id), Principal.of(it.staff("bert", "fault_reports:read"))
    report = file(it, by=hans)
    file(it, "The crane squeaks", by=hans)

    assert (unseen(it), unseen(it, bert), unseen(it, hans)) == (2, 2, 0)
    assert it.ask(GetFaultReport(report=report.id)).unseen
    assert it.tell(OpenFaultReport(report=report.id)).unseen
    assert not it.tell(OpenFaultReport(report=report.id)).unseen
    assert not it.ask(GetFaultReport(report=report.id)).unseen
    assert (unseen(it), unseen(it, bert)) == (1, 2)
    found = it.ask(ListFaultReports(organisation=it.root, containing="CRANE"))
    assert ([view.report.text for view in found.reports], found.count, found.unseen) == (["The crane squeaks"], 1, 1)


def technician(it: Portal, name: str = "tom", **choice: object) -> UserId:
    """A user who has chosen how to be told."""
    user = it.staff(name, "fault_reports:read")
    if choice:
        it.tell(ChooseNotices(user=user, **choice), Principal.of(user))  # type: ignore[arg-type]
    return user


def told(it: Portal, report: FaultReport) -> list[tuple[UserId, Way, str]]:
    """Who was told of a report, how, and why not as chosen."""
    view = it.ask(GetFaultReport(report=report.id))
    return [(one.user, one.way, one.instead) for one in view.told]


def texts(it: Portal) -> list[str]:
    """What the technician's phone shows."""
    it.kit.deliver()
    return [text.text for text in it.elks.handset(MOBILE)]


@pytest.mark.spec("P-07")
def test_the_assigned_technician_is_told_as_it_has_chosen(stored: Portal) -> None:
    """By SMS; by mail; by mail if it has chosen nothing. Nobody else is."""
    it = stored
    hans = Principal.of(it.user().id)
    tom = technician(it, way=Way.SMS, mobile="070-174 06 05")
    technician(it, "uta")
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    assert told(it, file(it, by=hans)) == [(tom, Way.SMS, "")]
    assert (texts(it), it.mails("tom@service.example")) == ([TEXTED], [])

    it.tell(ChooseNotices(user=tom, way=Way.MAIL))
    assert told(it, file(it, by=hans)) == [(tom, Way.MAIL, "")]
    assert (len(texts(it)), it.mails("tom@service.example")) == (1, [MAILED])
    vera = technician(it, "vera")
    it.tell(AssignTechnician(customer=it.holz.id, technician=vera))
    assert told(it, file(it, by=hans)) == [(vera, Way.MAIL, "")]
    it.tell(AssignTechnician(customer=it.holz.id, technician=None))
    assert told(it, file(it, by=hans)) == []
    assert (it.mails("uta@service.example"), it.mails("vera@service.example")) == ([], [MAILED])


@pytest.mark.spec("P-07")
def test_who_has_chosen_all_reports_is_told_of_each_and_nobody_twice(stored: Portal) -> None:
    """Assigned or not; the technician who has chosen all as well is told once."""
    it = stored
    hans = Principal.of(it.user().id)
    tom = technician(it, way=Way.MAIL, all_faults=True)
    uta = technician(it, "uta", way=Way.MAIL, all_faults=True)
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    report = file(it, by=hans)

    assert sorted(told(it, report)) == sorted([(tom, Way.MAIL, ""), (uta, Way.MAIL, "")])
    assert it.mails("tom@service.example") == it.mails("uta@service.example") == [MAILED]
    it.tell(FileFaultReport(customer=it.stein.id, text="Other"), it.anna)
    assert [len(it.mails(f"{name}@service.example")) for name in ("tom", "uta")] == [2, 2]


def test_who_may_read_no_reports_is_told_of_none(it: Portal) -> None:
    """Having chosen all is no right; who is gone is not told either, assigned or not."""
    curious, tom = it.staff("curious"), technician(it)
    it.tell(ChooseNotices(user=curious, way=Way.MAIL, all_faults=True))
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    it.tell(RemoveUsers(group=it.root, addresses=("tom@service.example",)))
    report = file(it)

    assert told(it, report) == []
    assert it.mails("curious@service.example") == it.mails("tom@service.example") == []


@pytest.mark.spec("P-07")
def test_who_chose_sms_and_has_no_number_gets_mail_and_that_is_shown(stored: Portal) -> None:
    """To users of the company; a customer user is not shown whom it was told to."""
    it = stored
    hans = Principal.of(it.user().id)
    tom = technician(it, way=Way.SMS)
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    report = file(it, by=hans)

    assert it.ask(GetFaultReport(report=report.id)).told == (
        Told(about=report.id, user=tom, way=Way.MAIL, instead="no mobile number", at=it.clock.now()),
    )
    assert it.mails("tom@service.example") == [MAILED]
    assert it.ask(GetFaultReport(report=report.id), hans).told == ()


@pytest.mark.parametrize(
    ("settings", "instead"),
    [
        (Settings(sender_name=""), "have no sender"),
        (Settings(destinations=(), country_code=47), "the SMS was refused: destination_not_allowed"),
    ],
)
def test_an_sms_that_cannot_go_out_becomes_a_mail(it: Portal, settings: Settings, instead: str) -> None:
    """And the report is filed all the same; why is shown."""
    tom = technician(it, way=Way.SMS, mobile=MOBILE)
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    it.tell(ChangeSettings(group=it.root, change=settings))
    ((user, way, why),) = told(it, file(it))

    assert (user, way) == (tom, Way.MAIL)
    assert instead in why
    assert (texts(it), it.mails("tom@service.example")) == ([], [MAILED])


@pytest.mark.parametrize(
    ("options", "way", "shown"),
    [
        ({"texts": None}, Way.SMS, (Way.MAIL, "no carrier")),
        ({"mail": None, "invitation_url": ""}, Way.MAIL, (Way.NONE, "no mail server")),
        ({"mail": None, "invitation_url": "", "texts": None}, Way.SMS, (Way.NONE, "no carrier")),
    ],
)
def test_without_a_way_it_is_shown_that_there_was_none(
    options: dict[str, Any], way: Way, shown: tuple[Way, str]
) -> None:
    """A kit without carrier or mail server files reports all the same."""
    with portal(**options) as it:
        tom = technician(it, way=way, mobile=MOBILE)
        it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
        assert told(it, file(it)) == [(tom, *shown)]


def test_an_sms_without_sender_and_mail_server_is_not_told_at_all() -> None:
    """Which is shown, with why."""
    with portal(mail=None, invitation_url="") as it:
        tom = technician(it, way=Way.SMS, mobile=MOBILE)
        it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
        it.tell(ChangeSettings(group=it.root, change=Settings(sender_name="")))
        ((_, way, instead),) = told(it, file(it))
        assert way is Way.NONE
        assert "have no sender" in instead


def test_a_long_report_is_shortened_for_a_phone(it: Portal) -> None:
    """And whole in the portal and by mail."""
    tom = technician(it, way=Way.SMS, mobile=MOBILE)
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    report = file(it, "x" * 400)
    (text,) = texts(it)
    assert text == "Holz GmbH: fault reported\n" + "x" * 297 + "..."
    assert report.text == "x" * 400


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"way": Way.NONE}, "no_way"),
        ({"way": Way.SMS, "mobile": "12"}, "not_a_number"),
    ],
)
def test_a_choice_that_is_none_is_refused(it: Portal, command: dict[str, object], code: str) -> None:
    """Nothing is written; what was chosen before stays."""
    user = it.staff("tom")
    refused = it.refused(ChooseNotices(user=user, **command), Principal.of(user))  # type: ignore[arg-type]
    assert isinstance(refused, Invalid)
    assert refused.code in {code, "impossible_number", "invalid_number", "bad_number"}


def test_a_technician_is_a_user_of_the_company(it: Portal) -> None:
    """Not one of another company, nor one who was removed."""
    rival = it.kit.perform(
        FoundOrganisation(name="Rival", zone="UTC", admin="rolf@rival.example"), by=Principal.operator("x")
    )
    gone = it.staff("gone")
    it.tell(RemoveUsers(group=it.root, addresses=("gone@service.example",)))
    for user in (rival.admin.id, gone, UserId("usr_none")):
        refused = it.refused(AssignTechnician(customer=it.holz.id, technician=user))
        assert (type(refused), refused.code) == (Invalid, "not_a_member")


def test_a_report_lies_where_its_object_does(it: Portal) -> None:
    """And is seen by whoever sees that place; a place that the asker may not see is none."""
    saw = it.object("Saw", it.mill)
    hans = Principal.of(it.user(facilities=(it.mill.id,), unassigned=False).id)
    eva = Principal.of(it.user(name="eva", facilities=(it.yard.id,)).id)
    report = file(it, by=hans, object=saw.id)

    assert report.facility == it.mill.id
    assert it.ask(GetFaultReport(report=report.id), hans).report == report
    refused: Refused = it.refused(GetFaultReport(report=report.id), eva)
    assert (type(refused), refused.facts) == (NotFound, {"kind": "FaultReport", "id": report.id})
    assert type(it.refused(OpenFaultReport(report=FaultReportId("flt_none")), eva)) is NotFound
    for more, kind in (({"object": saw.id}, "ServiceObject"), ({"facility": it.mill.id}, "Customer")):
        command = FileFaultReport(customer=it.holz.id, text="x", **more)
        refused = it.refused(command, eva)
        assert (type(refused), refused.facts["kind"]) == (NotFound, kind)
    assert type(it.refused(FileFaultReport(customer=it.holz.id, text="x"), hans)) is NotFound


def test_what_cannot_be_a_report_is_refused(it: Portal) -> None:
    """No text, too long, unreadable, at a place that is not the customer's; nothing is written and nobody told."""
    stein = it.tell(AddCustomer(organisation=it.root, name="Third"))
    saw, crane = it.object("Saw", it.mill), it.object("Crane")
    theirs = it.tell(AddObject(customer=stein.id, name="Drill"))
    for more, code in (
        ({"text": " \n"}, "no_text"),
        ({"text": "x" * 10_001}, "long_text"),
        ({"text": "a\x00b"}, "control_character"),
        ({"text": "a\ud800b"}, "control_character"),
        ({"text": "x", "object": theirs.id}, "foreign_object"),
        ({"text": "x", "object": saw.id, "facility": it.yard.id}, "foreign_object"),
        ({"text": "x", "object": crane.id, "facility": it.yard.id}, "foreign_object"),
        ({"text": "x", "facility": "fac_none"}, "foreign_facility"),
    ):
        refused = it.refused(FileFaultReport(customer=it.holz.id, **more))  # type: ignore[arg-type]
        assert (type(refused), refused.code) == (Invalid, code)
    missing = it.refused(FileFaultReport(customer=it.holz.id, text="x", object=ObjectId("obj_none")))
    assert type(missing) is NotFound
    assert file(it, " two\nlines\t! ").text == "two\nlines\t!"


def test_without_the_right_nothing_is_filed(it: Portal) -> None:
    """Whatever other rights there are."""
    hans = Principal.of(it.user(rights=tuple(right for right in Right if right is not Right.REPORT_FAULTS)).id)
    refused = it.refused(FileFaultReport(customer=it.holz.id, text="x"), hans)
    assert (type(refused), refused.facts) == (Forbidden, {"needs": "fault_reports:write"})
