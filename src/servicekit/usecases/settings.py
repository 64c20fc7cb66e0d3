"""Settings of groups and signatures of users: read with where they come from, changed where no lock forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, fields

from servicekit.errors import Forbidden, Invalid
from servicekit.groups import (
    ChangeOwnMobile,
    ChangeOwnSignature,
    ChangeSettings,
    GetSettings,
    Group,
    Setting,
    Settings,
    User,
    check_relays,
    effective,
    held_by,
    said,
    signs_itself,
)
from servicekit.groups.tree import changed
from servicekit.sms import (
    check_costly,
    check_countries,
    check_limit,
    check_sender,
    count_segments,
    parse_number,
)
from servicekit.usecases.restructuring import hold_tree, keep
from servicekit.usecases.work import Work, address_of

__all__ = [
    "change_own_mobile",
    "change_own_signature",
    "change_settings",
    "check_settings",
    "check_unlocked",
    "get_settings",
]

_ANY_NUMBER = "+46701740605"  # in E.164, so that only the country code beside it can be wrong
_MOST_OF_SIGNATURE = 4  # segments: half of what the longest message has is left for the text


def change_settings(work: Work, command: ChangeSettings) -> Group:
    """Set and unset; the counters whose window changes are made anew."""
    before = hold_tree(work, command.group, "groups:write")
    path = work.allow("groups:write", command.group)
    check_unlocked(work, path, {*said(command.change), *command.inherit})
    settings = changed(path[0].settings, check_settings(command.change), command.inherit)
    group = evolve(path[0], settings=settings)
    keep(work, before, before.put(group))
    return group


def get_settings(work: Work, query: GetSettings) -> Mapping[str, Setting]:
    """Each setting with its source, as far as the asker may see it."""
    path = work.allow("groups:read", query.group)
    shown = {group.id: group.name for place, group in enumerate(path) if work.knows(path[place:])}
    found = {}
    for item in fields(Settings):
        holds = effective(path, item.name)
        source = holds.source if holds.source in shown else None
        found[item.name] = Setting(
            value=holds.value,
            source=source,
            source_name=shown[source] if source else "",
            inherited=holds.source not in {None, path[0].id},
        )
    return found


def change_own_mobile(work: Work, command: ChangeOwnMobile) -> User:
    """In E.164."""
    user, path = work.about_user("users:write", command.user)
    mobile = command.mobile.strip()
    if mobile:
        mobile = parse_number(mobile, effective(path, "country_code").value)
    user = evolve(work.store.users.hold(user.id), mobile=mobile)
    work.store.users.save(user)
    return user


def change_own_signature(work: Work, command: ChangeOwnSignature) -> User:
    """Where everyone may; going back to the group's is always allowed."""
    user, path = work.about_user("users:write", command.user)
    if command.signature is not None:
        _check_signature(command.signature)
        if not signs_itself(path):
            raise Forbidden(
                "The signature of this group is not left to its users: ask an administrator.",
                code="locked",
                settings=["signature"],
            )
    user = evolve(work.store.users.hold(user.id), signature=command.signature)
    work.store.users.save(user)
    return user


def check_unlocked(work: Work, path: tuple[Group, ...], settings: Iterable[str]) -> None:
    """Demand that no group above all that the asker administers on ``path`` locks one of ``settings``.

    Raises:
        Forbidden: ``locked``.
    """
    places = range(len(path))
    highest = max((place for place in places if work.decision("groups:write", path[place:])), default=-1)
    lock = held_by(path[highest + 1 :], settings)
    if lock is None:
        return
    seen = work.knows(path[path.index(lock.group) :])
    where = f"in the group {lock.group.name}" if seen else "further up"
    raise Forbidden(
        f"An administrator {where} has locked {', '.join(lock.settings)}: ask there.",
        code="locked",
        settings=list(lock.settings),
        **({"group": lock.group.id} if seen else {}),
    )


def check_settings(settings: Settings) -> Settings:
    """Refuse now what would refuse every text later.

    Raises:
        Invalid: what is wrong with the sender name, the country code or a bound; ``long_signature``; ``unknown_country``,
            ``not_listable``, ``not_an_address``, ``not_a_network``, ``wide_relay``, ``local_relay``.
    """
    if settings.sender_name:
        check_sender(settings.sender_name)
    if settings.country_code is not None:
        parse_number(_ANY_NUMBER, settings.country_code)
    for most in (settings.most_segments, settings.user_most_segments):
        if most is not None:
            check_limit("", most)
    _check_signature(settings.signature or "")
    check_countries(settings.destinations or ())
    check_costly(settings.costly_numbers or ())
    check_relays(settings.trusted_relays or ())
    if settings.alarm_senders:
        return evolve(settings, alarm_senders=tuple(map(address_of, settings.alarm_senders)))
    return settings


def _check_signature(signature: str) -> None:
    segments = count_segments(signature).segments
    if segments > _MOST_OF_SIGNATURE:
        raise Invalid(
            f"The signature alone takes {segments} segments and may have at most {_MOST_OF_SIGNATURE}: shorten it.",
            code="long_signature",
            segments=segments,
            most=_MOST_OF_SIGNATURE,
        )
