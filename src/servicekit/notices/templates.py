"""Templates and their variables.

A variable is a name of :data:`VARIABLES` in square brackets. Brackets around anything else are refused when a template is
saved, so that a misspelt variable is found by who wrote it and not by who reads it. Values are put in as they are, on one
line: a value that looks like a variable is not read again, and a name with a line break adds no line. A notice is plain text,
so that there is nothing to escape.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.notices.languages import check_language

__all__ = ["PAIRS", "VARIABLES", "Channel", "Occasion", "Rendered", "Template", "check", "render"]


class Occasion(StrEnum):
    """What is told."""

    REQUESTED = "requested"
    """A booking is asked for, and waits for approval."""
    BOOKED = "booked"
    """A booking is confirmed: at once, or when somebody confirms it."""
    MOVED = "moved"
    """A confirmed booking has another time."""
    CANCELLED = "cancelled"
    """A booking, or the request for one, is cancelled."""
    REMINDER = "reminder"
    """A booking begins soon."""
    DOORS = "doors"
    """Somebody looks at a service whose bookings open doors: what they need for that."""


class Channel(StrEnum):
    """Who is told, and how."""

    CLIENT_MAIL = "client mail"
    CLIENT_TEXT = "client text"
    PROVIDER_MAIL = "provider mail"
    PROVIDER_TEXT = "provider text"
    PAGE = "page"
    """Shown on the booking page, to everybody."""

    @property
    def has_subject(self) -> bool:
        """Whether it is a mail."""
        return self in {Channel.CLIENT_MAIL, Channel.PROVIDER_MAIL}


_OF_A_BOOKING = (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT, Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT)
PAIRS: frozenset[tuple[Occasion, Channel]] = frozenset(
    {
        *((occasion, channel) for occasion in Occasion if occasion is not Occasion.DOORS for channel in _OF_A_BOOKING),
        (Occasion.DOORS, Channel.PAGE),
    }
)
"""Which occasion is told by which channel."""


VARIABLES: Mapping[str, str] = {
    "booking": "the booking's id",
    "branch": "the branch's name",
    "client": "the client's name",
    "client_email": "the client's mail address; only in what the provider gets",
    "client_mobile": "the client's mobile number; only in what the provider gets",
    "date": "the day of the start, in the branch's zone",
    "door_from": "when the key starts to work, in the branch's zone; empty without a key",
    "door_information": "the organisation's own text about doors; empty without a key",
    "door_pin": "what opens the doors in place of the app; empty where the app does, or without a key",
    "door_until": "when the key stops working, in the branch's zone; empty without a key",
    "end": "end of the booking, in the branch's zone",
    "end_time": "the same without the day",
    "online_meeting_link": "the client's link to the meeting; empty without one",
    "online_meeting_provider_link": "the host's link to the meeting; only in what the provider gets",
    "organisation": "the organisation's name",
    "provider": "the provider's name",
    "reason": "why it was cancelled; empty where nobody said, and before",
    "room": "the name of the room that is taken besides; empty without one",
    "service": "the service's name",
    "start": "start of the booking, in the branch's zone",
    "start_time": "the same without the day",
    "zone": "the branch's time zone",
}
"""Every variable, and what it stands for."""

_OF_A_SERVICE = frozenset({"branch", "organisation", "service", "zone"})
_HOST_ONLY = "online_meeting_provider_link"
_PROVIDERS_ONLY = frozenset({_HOST_ONLY, "client_email", "client_mobile"})
_OF_SEVERAL_LINES = frozenset({"door_information"})
_VARIABLE = re.compile(r"\[([^\[\]\n]*)\]")
_BREAKS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@frozen(kw_only=True)
class Template:
    """What is sent on an occasion by a channel.

    Attributes:
        language: a tag such as ``"de"`` or ``"de-CH"``; empty: for everybody whose language has no template.
        subject: of a mail; empty for everything else.
    """

    organisation: GroupId
    occasion: Occasion
    channel: Channel
    language: str = ""
    subject: str = ""
    text: str


@frozen
class Rendered:
    """A template with its values put in."""

    subject: str
    text: str = field(repr=False)


def check(template: Template) -> Template:
    """The template itself, once every variable in it is known and allowed there.

    Raises:
        Invalid: ``unknown_variable``, with the known ones and those that are spelt alike; ``host_link_for_client``;
            ``variable_not_here`` for one that has no value there or is not for those readers; ``empty_template``;
            ``no_such_notice`` for an occasion that is not told by this channel; ``subject_without_mail``; ``not_a_language``;
            ``control_character``.
    """
    if (template.occasion, template.channel) not in PAIRS:
        told = ", ".join(sorted(channel for occasion, channel in PAIRS if occasion is template.occasion))
        raise Invalid(
            f"Nobody is told of {template.occasion!r} by {template.channel!r}; there are: {told}.",
            code="no_such_notice",
            occasion=template.occasion.value,
            channel=template.channel.value,
        )
    if template.language:
        check_language(template.language)
    if not template.text.strip():
        raise Invalid("A template needs a text.", code="empty_template")
    whole = f"{template.subject}\n{template.text}"
    unsendable = _UNSENDABLE.search(whole.replace("\r\n", "\n"))
    if unsendable is not None:
        raise Invalid(
            f"The template has the character U+{ord(unsendable[0]):04X}, which nobody can read: take it out.",
            code="control_character",
        )
    for name in _VARIABLE.findall(whole):
        _check_variable(name, template)
    if template.subject and not template.channel.has_subject:
        raise Invalid("Only mails have a subject: put it into the text.", code="subject_without_mail")
    return template


def _check_variable(name: str, template: Template) -> None:
    if name not in VARIABLES:
        alike = difflib.get_close_matches(name.lower(), VARIABLES, n=3)
        meant = f" Did you mean {' or '.join(f'[{one}]' for one in alike)}?" if alike else ""
        raise Invalid(
            f"[{name}] is no variable.{meant} Known are: {', '.join(f'[{known}]' for known in VARIABLES)}.",
            code="unknown_variable",
            variable=name,
            known=list(VARIABLES),
            alike=alike,
        )
    for_provider = template.channel in {Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT}
    if name == _HOST_ONLY and not for_provider:
        raise Invalid(
            f"[{name}] makes whoever clicks it the host: only the provider's template may have it.",
            code="host_link_for_client",
            variable=name,
        )
    if (name in _PROVIDERS_ONLY and not for_provider) or (
        template.channel is Channel.PAGE and name not in _OF_A_SERVICE
    ):
        where = "what the provider gets" if template.channel is not Channel.PAGE else "notices of a booking"
        raise Invalid(f"[{name}] can only stand in {where}: take it out here.", code="variable_not_here", variable=name)


def render(template: Template, values: Mapping[str, str]) -> Rendered:
    r"""The template with ``values``; a missing value is empty, and a line whose variables are all empty vanishes.

    >>> page = Template(organisation=GroupId("grp_1"), occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT,
    ...                 text="Hello [client]!\nJoin: [online_meeting_link]\nWelcome")
    >>> render(page, {"client": "Eva"}).text
    'Hello Eva!\nWelcome'
    """

    def value(found: re.Match[str]) -> str:
        text = values.get(found[1], "")
        return text if found[1] in _OF_SEVERAL_LINES else _BREAKS.sub(" ", text)

    def filled(line: str) -> str:
        return _VARIABLE.sub(value, line)

    kept = []
    for line in template.text.splitlines():
        names = _VARIABLE.findall(line)
        if not names or any(values.get(name) for name in names):
            kept.append(filled(line).rstrip())
    subject = " ".join(filled(template.subject).split())
    return Rendered(subject, re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip())
