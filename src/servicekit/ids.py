"""Typed ids: a prefix that says of what, and 26 characters that sort by time of making.

Rules kept here: an id of one kind is never taken for one of another (``BookingId("usr_…")`` is refused), ids made later sort
later (to the millisecond), and nothing in them can be guessed: 80 of their 128 bits are the caller's randomness. The layout
is that of a ULID (48 bits of milliseconds, Crockford's base 32), in lower case.

An id is no permission. Whoever knows one still has to be allowed.
"""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from typing import ClassVar, Self

from servicekit.errors import Invalid
from servicekit.moments import Instant

__all__ = [
    "AbsenceId",
    "ApiKeyId",
    "BookingId",
    "BranchId",
    "ClassId",
    "ClientId",
    "CommentId",
    "CustomerId",
    "CustomerUserId",
    "DocumentId",
    "EffectId",
    "FacilityId",
    "FaultReportId",
    "GrantId",
    "GroupId",
    "Id",
    "InspectionId",
    "KeyId",
    "MailId",
    "MeetingId",
    "MessageId",
    "ModelId",
    "ObjectId",
    "OrderId",
    "ProviderId",
    "PushId",
    "ReadingId",
    "RegistrantId",
    "SeriesId",
    "ServiceId",
    "SessionId",
    "StatementId",
    "UnlockId",
    "UserId",
]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_OURS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
ENTROPY_BYTES = 10


class Id(str):
    """An id; subclasses say of what. It is a ``str``, so it goes into SQL and JSON as it is.

    Raises:
        Invalid: ``wrong_id`` for text that is no id of this kind.
    """

    __slots__ = ()
    prefix: ClassVar[str] = ""
    kinds: ClassVar[dict[str, type[Id]]] = {}

    _start: ClassVar[str] = "_"

    def __init_subclass__(cls) -> None:
        Id.kinds[cls.prefix] = cls
        cls._start = cls.prefix + "_"

    def __new__(cls, value: str) -> Self:
        """The id itself, once its prefix is right."""
        if not value.startswith(cls._start):
            raise Invalid(
                f"{value!r} is no {cls.__name__}: those start with '{cls.prefix}_'. Was an id of another kind passed?",
                code="wrong_id",
                kind=cls.__name__,
                value=value,
            )
        return str.__new__(cls, value)  # several in every row that is read: super() takes as long again

    @classmethod
    def made(cls, at: Instant, entropy: bytes) -> Self:
        """An id from the time and ten random bytes, both the caller's.

        >>> BookingId.made(Instant(0), bytes(10))
        'bkg_00000000000000000000000000'
        """
        if len(entropy) != ENTROPY_BYTES:
            raise ValueError(f"{ENTROPY_BYTES} bytes of entropy are needed, not {len(entropy)}")
        # 80 random bits are 16 digits exactly, in the order of RFC 4648's alphabet.
        return cls(f"{cls._start}{_time_digits(at.us // 1000)}{b32encode(entropy).translate(_OURS).decode()}")


@lru_cache(maxsize=64)  # what is made in one transaction is made at one time
def _time_digits(milliseconds: int) -> str:
    return "".join(_ALPHABET[milliseconds >> shift & 31] for shift in range(45, -1, -5))


class GroupId(Id):
    """A group; the root of a tree is the organisation."""

    prefix = "grp"


class UserId(Id):
    """A user of a group, who sends texts or administers."""

    prefix = "usr"


class MessageId(Id):
    """A text, outgoing or incoming."""

    prefix = "msg"


class MailId(Id):
    """A mail of ours."""

    prefix = "mai"


class BranchId(Id):
    """A branch: a place with a time zone."""

    prefix = "brn"


class ServiceId(Id):
    """A service that can be booked."""

    prefix = "srv"


class ProviderId(Id):
    """A person or a room that is booked."""

    prefix = "prv"


class ClientId(Id):
    """A person who books."""

    prefix = "cli"


class BookingId(Id):
    """A booking."""

    prefix = "bkg"


class ClassId(Id):
    """A scheduled class, in which seats are booked."""

    prefix = "cls"


class SeriesId(Id):
    """A series of bookings that recur."""

    prefix = "ser"


class AbsenceId(Id):
    """A time at which a person or a room cannot be booked."""

    prefix = "abs"


class KeyId(Id):
    """A door key of a booking."""

    prefix = "key"


class UnlockId(Id):
    """A door that is asked to open."""

    prefix = "unl"


class MeetingId(Id):
    """An online meeting of a booking."""

    prefix = "mtg"


class RegistrantId(Id):
    """Somebody with a link of their own to the meeting of a class."""

    prefix = "rgs"


class EffectId(Id):
    """Something that shall happen outside."""

    prefix = "eff"


class GrantId(Id):
    """A grant of scopes to a principal."""

    prefix = "gnt"


class CustomerId(Id):
    """A customer of the portal."""

    prefix = "cus"


class CustomerUserId(Id):
    """A person who logs in for a customer."""

    prefix = "cuu"


class FacilityId(Id):
    """A facility of a customer."""

    prefix = "fac"


class OrderId(Id):
    """A service or work order of a customer."""

    prefix = "ord"


class ObjectId(Id):
    """A service object: something of a customer's that is looked after."""

    prefix = "obj"


class ModelId(Id):
    """A model of service objects."""

    prefix = "mod"


class FaultReportId(Id):
    """A fault report of a customer."""

    prefix = "flt"


class CommentId(Id):
    """A comment on an order."""

    prefix = "com"


class DocumentId(Id):
    """A document on an order, a service object or a model."""

    prefix = "doc"


class PushId(Id):
    """An event that is pushed."""

    prefix = "psh"


class ReadingId(Id):
    """A reading of an operating-time meter."""

    prefix = "rdg"


class InspectionId(Id):
    """A self-inspection."""

    prefix = "ins"


class SessionId(Id):
    """A session of somebody who is logged in."""

    prefix = "ses"


class ApiKeyId(Id):
    """A key that a program asks with."""

    prefix = "apk"


class StatementId(Id):
    """A statement of what a month costs."""

    prefix = "sta"
