"""The values that go in and out of the mail room."""

from __future__ import annotations

from servicekit.mail import Envelope, OutgoingMail


def test_what_people_wrote_stands_in_no_repr() -> None:
    """A mail that is logged shows its way, not its text."""
    mail = OutgoingMail("<1@sms.example>", "", ("anna@salon.example",), b"hemligt")
    assert "hemligt" not in repr(mail)
    assert "anna@salon.example" in repr(mail)


def test_envelopes_are_values() -> None:
    """Two of the same sender and recipients are equal, and can be keys."""
    assert {Envelope("", ("a@b.example",))} == {Envelope("", ("a@b.example",))}
