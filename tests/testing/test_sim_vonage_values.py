"""What a simulated Vonage holds, and how it signs: against examples computed by hand."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from sim_helpers import NOON

from servicekit.testing.simulators.vonage_values import ERRORS, Part, Sms, long_stamp, short_stamp, signed

FIELDS = {"b": "x&y=z", "a": "1"}
WRITTEN = b"&a=1&b=x_y_z"


def test_a_hash_has_the_secret_appended() -> None:
    """The parameters by name, ``&`` and ``=`` in values as ``_``; they themselves stay what they are."""
    expected = hashlib.md5(WRITTEN + b"secret", usedforsecurity=False).hexdigest()
    assert signed(FIELDS, "secret", "md5hash") == {**FIELDS, "sig": expected}


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_an_hmac_is_keyed_with_the_secret(method: str) -> None:
    """Over the same octets."""
    assert signed(FIELDS, "secret", method)["sig"] == hmac.new(b"secret", WRITTEN, method).hexdigest()


def test_times_have_no_zone() -> None:
    """As ``scts`` and as ``message-timestamp`` have them."""
    assert (short_stamp(NOON), long_stamp(NOON)) == ("2611251200", "2026-11-25 12:00:00")


def test_a_message_shows_its_parts_and_knows_those_that_were_taken() -> None:
    """A refused part has no id."""
    sms = Sms(sender="Salon", to="+41791234567", text="ab", kind="text", reference="r")
    sms.parts += [Part(id="0A", text="a"), Part(id="", text="b", status="refused")]

    assert [part.id for part in sms.taken] == ["0A"]
    assert sms.to_json()["parts"] == [
        {"id": "0A", "text": "a", "status": "accepted"},
        {"id": "", "text": "b", "status": "refused"},
    ]
    assert len(ERRORS) == 19
