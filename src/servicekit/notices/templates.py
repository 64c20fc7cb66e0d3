"""Templates and their variables.

A variable is a name of :data:`VARIABLES` in square brackets. Brackets around anything else are refused when a template is
saved, so that a misspelt variable is found by who wrote it and not by who reads it. Values are put in as they are: a value
that looks like a variable is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId

__all__ = ["DEFAULTS", "VARIABLES", "Channel", "Occasion", "Rendered", "Template", "check", "render"]


class Occasion(StrEnum):
    """What happened to the booking."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """Who is told, and how."""

    CLIENT_MAIL = "client mail"
    CLIENT_TEXT = "client text"
    PROVIDER_MAIL = "provider mail"


VARIABLES: Mapping[str, str] = {
    "booking": "the booking's id",
    "branch": "the branch's name",
    "client": "the client's name",
    "door_from": "when the key starts to work, in the branch's zone; empty without a key",
    "door_until": "when the key stops working, in the branch's zone; empty without a key",
    "end": "end of the booking, in the branch's zone",
    "online_meeting_link": "the client's link to the meeting; empty without one",
    "online_meeting_provider_link": "the host's link to the meeting; only in what the provider gets",
    "provider": "the provider's name",
    "service": "the service's name",
    "start": "start of the booking, in the branch's zone",
}
"""Every variable, and what it stands for."""

_HOST_ONLY = "online_meeting_provider_link"
_VARIABLE = re.compile(r"\[([^\[\]\n]*)\]")


@frozen(kw_only=True)
class Template:
    """What is sent on an occasion by a channel; ``subject`` is empty for texts."""

    organisation: GroupId
    occasion: Occasion
    channel: Channel
    subject: str
    text: str


@frozen
class Rendered:
    """A template with its values put in."""

    subject: str
    text: str = field(repr=False)


def check(template: Template) -> Template:
    """The template itself, once every variable in it is known and allowed there.

    Raises:
        Invalid: ``unknown_variable``, with the known ones; ``host_link_for_client``; ``empty_template``.
    """
    if not template.text.strip():
        raise Invalid("A template needs a text.", code="empty_template")
    for name in _VARIABLE.findall(f"{template.subject}\n{template.text}"):
        if name not in VARIABLES:
            raise Invalid(
                f"[{name}] is no variable. Known are: {', '.join(f'[{known}]' for known in VARIABLES)}.",
                code="unknown_variable",
                variable=name,
                known=list(VARIABLES),
            )
        if name == _HOST_ONLY and template.channel is not Channel.PROVIDER_MAIL:
            raise Invalid(
                f"[{name}] makes whoever clicks it the host: only the provider's template may have it.",
                code="host_link_for_client",
                variable=name,
            )
    return template


def render(template: Template, values: Mapping[str, str]) -> Rendered:
    r"""The template with ``values``; a missing value is empty, and a line whose variables are all empty vanishes.

    >>> page = Template(organisation=GroupId("grp_1"), occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT, subject="",
    ...                 text="Hello [client]!\nJoin: [online_meeting_link]\nWelcome")
    >>> render(page, {"client": "Eva"}).text
    'Hello Eva!\nWelcome'
    """

    def filled(line: str) -> str:
        return _VARIABLE.sub(lambda found: values.get(found[1], ""), line)

    kept = []
    for line in template.text.splitlines():
        names = _VARIABLE.findall(line)
        if not names or any(values.get(name) for name in names):
            kept.append(filled(line).rstrip())
    subject = " ".join(filled(template.subject).split())
    return Rendered(subject, re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip())


_CLIENT_MAIL = """Hello [client],

[headline]

What: [service]
Where: [branch]
With: [provider]
From: [start]
Until: [end]
Join online: [online_meeting_link]
The doors open for your phone from [door_from] until [door_until].

Booking [booking]
"""
_PROVIDER_MAIL = """Hello [provider],

[headline]

What: [service]
Where: [branch]
For: [client]
From: [start]
Until: [end]
Open the meeting as host: [online_meeting_provider_link]

Booking [booking]
"""
_OVER = """Hello [name],

The booking of [service] at [branch] from [start] is cancelled.

Booking [booking]
"""

_HEADLINES = {
    Occasion.BOOKED: ("Your booking is confirmed.", "You have a new booking.", "Booked"),
    Occasion.MOVED: ("Your booking was moved.", "A booking was moved.", "Moved"),
}


def _defaults() -> dict[tuple[Occasion, Channel], tuple[str, str]]:
    made: dict[tuple[Occasion, Channel], tuple[str, str]] = {}
    for occasion, (client, provider, word) in _HEADLINES.items():
        made[occasion, Channel.CLIENT_MAIL] = (
            f"{word}: [service], [start]",
            _CLIENT_MAIL.replace("[headline]", client),
        )
        made[occasion, Channel.PROVIDER_MAIL] = (
            f"{word}: [service], [start]",
            _PROVIDER_MAIL.replace("[headline]", provider),
        )
        made[occasion, Channel.CLIENT_TEXT] = (
            "",
            f"{word}: [service], [branch], [start]\nOnline: [online_meeting_link]\nDoors from [door_from]",
        )
    made[Occasion.CANCELLED, Channel.CLIENT_MAIL] = (
        "Cancelled: [service], [start]",
        _OVER.replace("[name]", "[client]"),
    )
    made[Occasion.CANCELLED, Channel.PROVIDER_MAIL] = (
        "Cancelled: [service], [start]",
        _OVER.replace("[name]", "[provider]"),
    )
    made[Occasion.CANCELLED, Channel.CLIENT_TEXT] = ("", "Cancelled: [service], [branch], [start]")
    return made


DEFAULTS: Mapping[tuple[Occasion, Channel], tuple[str, str]] = _defaults()
"""Subject and text for each occasion and channel, where the organisation has saved none of its own."""
