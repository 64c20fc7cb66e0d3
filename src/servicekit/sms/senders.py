"""Who an SMS says it is from: a name, a number or a short code (TS 23.040, 9.1.2.5).

Rules kept here:

* A name has at most 11 septets of the GSM alphabet (10 octets), at least one letter, no space at either end and no control
  characters; a character of the extension table takes two septets.
* A number has 7 to 15 digits with ``+`` before them or not; a short code has 3 to 8 digits.

Refused, as `Invalid`, each with its reason: ``bad_sender`` (empty), ``bad_sender_length``, ``bad_sender_character``,
``bad_sender_space``, ``bad_sender_letters`` (no letter in a name), ``bad_sender_number``. Carriers are stricter than the
standard: `Sender.portable` says whether every carrier that we know takes it.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.sms.alphabet import GSM_03_38

__all__ = ["Sender", "check_sender", "read_sender"]

LONGEST_NAME: Final = 11
"""Septets in 10 octets."""

_CONTROLS: Final = "\n\r\f"
_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
_NUMBER: Final = re.compile(r"\+?[1-9][0-9]{6,14}")
_PORTABLE_NAME: Final = re.compile(r"[A-Za-z0-9 ]*")


@frozen
class Sender:
    """A sender that the standard allows.

    Attributes:
        value: as it is to be given to a carrier.
        kind: ``"name"`` (SMPP TON 5, NPI 0), ``"number"`` (TON 1, NPI 1) or ``"short code"`` (TON 3, NPI 0).
        portable: every carrier known to us takes it as it is; others may strip or refuse ÅÄÖ, hyphens and such in a name.
    """

    value: str
    kind: Literal["name", "number", "short code"]
    portable: bool


def check_sender(name: str) -> str:
    """Give back a sender that the standard allows, unchanged.

    Raises:
        Invalid: see the top of this file; ``facts`` hold ``sender``.

    >>> check_sender("Kliniken")
    'Kliniken'
    """
    return read_sender(name).value


def read_sender(name: str) -> Sender:
    """What kind of sender this is, and whether all carriers take it.

    Raises:
        Invalid: as `check_sender`.
    """
    if not name:
        raise Invalid(
            "The sender is empty: give a name of 1 to 11 characters, or a number.", code="bad_sender", sender=name
        )
    if _SHORT_CODE.fullmatch(name):
        return Sender(name, "short code", portable=True)
    if re.fullmatch(r"\+?[0-9]+", name):
        if not _NUMBER.fullmatch(name):
            raise Invalid(
                f"{name!r} is no sender: a number has 7 to 15 digits and does not begin with 0, a short code 3 to 8 digits.",
                code="bad_sender_number",
                sender=name,
            )
        return Sender(name, "number", portable=True)
    _check_name(name)
    return Sender(name, "name", portable=_PORTABLE_NAME.fullmatch(name) is not None)


def _check_name(name: str) -> None:
    for index, character in enumerate(name):
        if character in _CONTROLS or character not in GSM_03_38:
            raise Invalid(
                f"Character {index} of the sender {name!r} (U+{ord(character):04X}) is not in the GSM alphabet: "
                "use letters, digits and spaces.",
                code="bad_sender_character",
                sender=name,
                index=index,
            )
    if name.strip() != name:
        raise Invalid(
            f"The sender {name!r} begins or ends with a space: remove it.", code="bad_sender_space", sender=name
        )
    if not any(character.isalpha() for character in name):
        raise Invalid(
            f"The sender {name!r} has no letter, so a phone would read it as a number: add a letter, "
            "or write a number in digits alone.",
            code="bad_sender_letters",
            sender=name,
        )
    units = len(GSM_03_38.encode(name))
    if units > LONGEST_NAME:
        raise Invalid(
            f"The sender {name!r} takes {units} characters and a name has at most {LONGEST_NAME}: shorten it "
            "([ ] { } \\ ^ ~ | and € take two each).",
            code="bad_sender_length",
            sender=name,
            units=units,
            most=LONGEST_NAME,
        )
