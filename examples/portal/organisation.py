"""What users of the organisation see besides: its groups, their quotas, the log of texts. The kit says who may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from attrs import frozen
from fastapi import APIRouter, Depends, Request, Response

from servicekit.errors import Forbidden, Invalid, Refused
from servicekit.groups import (
    ChangeSettings,
    GetSettings,
    Group,
    Left,
    ListGroups,
    ListUsers,
    Quota,
    Settings,
    SmsLeft,
    User,
)
from servicekit.ids import GroupId
from servicekit.messages import SearchLog, Status

from .browsers import Browser, browser_of, form_of, portal_of
from .pages import render, see

router = APIRouter()
Here = Annotated[Browser, Depends(browser_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]


@frozen
class GroupLine:
    """A group in the tree, how deep it stands, and its own users."""

    group: Group
    depth: int
    users: tuple[User, ...]


@router.get("/groups")
def show_groups(request: Request, browser: Here) -> Response:
    """The tree of groups, with the users of each."""
    portal, by = portal_of(request), browser.principal
    depth: dict[GroupId | None, int] = {}
    lines = []
    for group in portal.kit.ask(ListGroups(portal.organisation), by=by):
        depth[group.id] = depth.get(group.parent, -1) + 1
        lines.append(GroupLine(group, depth[group.id], portal.kit.ask(ListUsers(group=group.id), by=by)))
    return render(request, "groups.html", lines=lines)


@frozen
class QuotaLine:
    """What a group may send, and what each of its users has left."""

    group: Group
    quota: Quota
    left: tuple[tuple[User, Left], ...]


@router.get("/quotas")
def show_quotas(request: Request, browser: Here) -> Response:
    """What groups may send, and what their users have left."""
    return _quotas(request, browser)


@router.post("/quotas/{group}")
def take_quota(request: Request, browser: Here, group: str, form: Form) -> Response:
    """Set a group's quota; no number: unlimited, no days: for ever."""
    try:
        quota = Quota(_number(form.get("segments", "")), _number(form.get("days", "")))
        command = ChangeSettings(group=GroupId(group), change=Settings(group_quota=quota))
        portal_of(request).kit.perform(command, by=browser.principal)
    except (Invalid, Forbidden) as refused:
        return _quotas(request, browser, refused)
    return see("/quotas")


def _quotas(request: Request, browser: Browser, refused: Refused | None = None) -> Response:
    portal, by = portal_of(request), browser.principal
    lines = []
    for group in portal.kit.ask(ListGroups(portal.organisation), by=by):
        quota: Quota = portal.kit.ask(GetSettings(group.id), by=by)["group_quota"].value
        users = portal.kit.ask(ListUsers(group=group.id), by=by)
        left = tuple((user, portal.kit.ask(SmsLeft(user.id), by=by)) for user in users)
        lines.append(QuotaLine(group, quota, left))
    return render(request, "quotas.html", lines=lines, refused=refused)


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no number: give one in digits, or none.", code="not_a_number") from error


@router.get("/log")
def show_log(request: Request, browser: Here, number: str = "", status: str = "", after: str = "") -> Response:
    """The texts of all groups, newest first, a page at a time; those of one number, or of one status."""
    portal = portal_of(request)
    narrow = {name: value for name, value in (("number", number.strip()), ("status", status)) if value}
    query = SearchLog(group=portal.organisation, after=after, most=50, **narrow)  # type: ignore[arg-type]
    page = portal.kit.ask(query, by=browser.principal)
    older = urlencode({**narrow, "after": page.next}) if page.next else ""
    return render(request, "log.html", page=page, older=older, number=number, wanted=status, statuses=tuple(Status))
