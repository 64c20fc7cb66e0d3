"""The port to SMS carriers: send a text, find one whose answer was lost, read what the carrier tells.

A carrier's adapter refuses nothing that the rules have allowed, repeats nothing, and translates the carrier's words into
:class:`~servicekit.outbox.facts.TextStatus`, keeping the original beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from attrs import field, frozen

from servicekit.errors import Rejected
from servicekit.moments import Instant
from servicekit.outbox.facts import Evidence, TextReceived, TextReported, TextStatus
from servicekit.ports.http import HookAnswer, HttpFlow

__all__ = ["ACCOUNT_REFUSED", "OutgoingText", "TextCapabilities", "TextHook", "TextReceipt", "Texts", "refuses_account"]

ACCOUNT_REFUSED = "account_refused"
"""The ``code`` of a ``Rejected`` that is no to all of us and not to one text, where HTTP's status does not say so."""

_ACCOUNT_STATUSES = frozenset({401, 402, 403, 407})  # RFC 9110: credentials, payment, permission


@frozen(kw_only=True)
class TextCapabilities:
    """What a carrier can do, as data.

    Attributes:
        alphanumeric_sender: a name of letters may stand as sender.
        delivery_reports: it tells what became of a text.
        inbound: it passes on texts that people send to our numbers.
        look_up: sent texts can be listed, so that one whose answer was lost can be found (``find``).
        scheduled: it can hold a text until a given time.
        idempotent: it knows our ``reference``, and a repeat under the same one within 24 hours is the same text and no
            second one. A send whose answer was lost is then simply repeated.
        listed_within: how long after a text was asked for it may still be missing from the list, and be there later; only one
            that ``find`` does not give after that counts as not sent. At least 0; too short, and a slow carrier's text goes
            out twice.
    """

    alphanumeric_sender: bool
    delivery_reports: bool
    inbound: bool
    look_up: bool
    scheduled: bool = False
    idempotent: bool = False
    listed_within: timedelta = timedelta(minutes=1)


@frozen(kw_only=True)
class OutgoingText:
    """One text to hand over; ``reference`` is ours and unique, ``sender`` a number in E.164 or a name, ``to`` E.164."""

    reference: str
    sender: str
    to: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class TextReceipt:
    """What the carrier answered.

    Attributes:
        vendor_id: its id of the text, under which reports come; never empty.
        status: where the text is; UNKNOWN where the carrier used a word that nobody knows.
        parts: how many single SMS it counted, at least 1; None where it does not say.
        cost: what it asks for the whole text, in its own unit, with the currency after a space where it says one
            (``"0.0079 USD"``, ``"3500"``); None where it does not say (yet).
        part_ids: its ids of the single SMS, where it reports on each by itself; the first may be ``vendor_id``.
        detail: for people, where not all is well: how many parts were taken, and what was said about the others.
        evidence: its answer as parsed, without our secrets.
    """

    vendor_id: str
    status: TextStatus
    parts: int | None = None
    cost: str | None = None
    part_ids: tuple[str, ...] = ()
    detail: str = ""
    evidence: Evidence = field(factory=dict, repr=False)


@frozen(kw_only=True)
class TextHook:
    """What a call of the carrier to us said, and how to answer it."""

    facts: tuple[TextReported | TextReceived, ...]
    answer: HookAnswer = HookAnswer()


class Texts(Protocol):
    """An SMS carrier."""

    @property
    def name(self) -> str:
        """The carrier's name, as used in ``kit.receive(name, ...)`` and in the log."""
        ...

    @property
    def capabilities(self) -> TextCapabilities:
        """What this carrier can do."""
        ...

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt] | TextReceipt:
        """Hand over one text, once. Either a flow, or (for what is no HTTP) a call that blocks until the answer is there.

        Raises:
            Unreachable: nothing was handed over, surely.
            OutcomeUnknown: the text may have been taken: the answer was lost, or cannot be read.
            Throttled: the carrier asks to wait, ``until`` when if it says so; nothing was handed over.
            Rejected: the carrier's final no: to this text, or (:func:`refuses_account`) to all of us.
        """
        ...

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]] | tuple[TextReceipt, ...]:
        """Texts at the carrier, made at or after ``since``, that may be ``text``; oldest first. A flow, or blocking.

        Costs a reading or more; writes nothing.

        Raises:
            Unsupported: without the capability ``look_up``, whether at the call or as the flow is driven.
            Unreachable, Throttled: not to be learnt now. An answer that cannot be read is never taken for an empty list.
            Rejected: the carrier's final no to being asked.
        """
        ...

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """Understand a call of the carrier to us. Pure: verifies first, parses second.

        The evidence holds none of our secrets; an ``event_id`` is the same when the carrier tells the same thing twice, and
        another for each status of a text.

        Raises:
            Forged, Stale, Misshapen: nothing of it is to be believed.
            ConfigurationError: the adapter was given nothing that a call could be proven by.
        """
        ...


def refuses_account(error: Rejected) -> bool:
    """Whether a carrier's no is to all of us (credentials, credit, permission) and not to this text: then another may take it.

    An adapter says so by the HTTP status in ``facts`` (401, 402, 403, 407), or by the code :data:`ACCOUNT_REFUSED`.

    >>> refuses_account(Rejected("no credit", status=402)), refuses_account(Rejected("no such number", status=400))
    (True, False)
    >>> refuses_account(Rejected("wrong password", code=ACCOUNT_REFUSED, status=4))
    True
    """
    return error.code == ACCOUNT_REFUSED or error.facts.get("status") in _ACCOUNT_STATUSES
