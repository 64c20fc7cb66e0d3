"""What the outside tells: whose it is, that it is proven first, and that whatever is refused leaves nothing behind."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from servicekit.errors import (
    ConfigurationError,
    Forged,
    Invalid,
    NotFound,
    ServicekitError,
    Stale,
    UnreadableMail,
)
from servicekit.ports.http import basic
from world import HOOK_LOGIN, HOUR, MINUTE, World, envelope, mail

pytest_plugins = ("world_fixtures",)

LOGIN = basic(*HOOK_LOGIN)


def test_a_source_is_a_mail_or_an_adapter(world: World) -> None:
    """The kit knows which; anything else is the webhook's address, or the wiring."""
    assert world.kit.sources == {"46elks", "zoom"}
    with pytest.raises(ConfigurationError, match="No adapter is called 'twilio': open the kit with it, or mend"):
        world.kit.receive("twilio", {}, b"")


def test_a_mail_comes_with_an_envelope_and_a_webhook_with_headers(world: World) -> None:
    """Each says which is missing."""
    with pytest.raises(ConfigurationError, match=r"A mail comes with its servicekit\.mail\.Envelope"):
        world.kit.receive("mail", {"from": "anna@salon.example"}, mail("Hej"))
    with pytest.raises(ConfigurationError, match="an envelope belongs to source 'mail'"):
        world.kit.receive("46elks", envelope("anna@salon.example", "0701740605"), b"")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("raw", "sender", "refusal"),
    [
        (b"", "anna@salon.example", (UnreadableMail, "empty_mail", "send it again")),
        (mail("Hej", sender="eve@x.example"), "eve@x.example", (NotFound, "unknown_sender", "an administrator adds")),
        (mail(""), "anna@salon.example", (Invalid, "empty_text", "write what shall be sent")),
    ],
    ids=["unreadable", "unknown sender", "no text"],
)
def test_a_mail_that_cannot_be_taken_is_refused_and_nothing_is_written(
    world: World, raw: bytes, sender: str, refusal: tuple[type[ServicekitError], str, str]
) -> None:
    """With what to do about it. Of a mail that no reader can make sense of it is counted that it came."""
    kind, code, told = refusal
    before = world.tables()
    with pytest.raises(kind) as caught:
        world.kit.receive("mail", envelope(sender, "0701740605"), raw)

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert told in caught.value.message
    after = world.tables()
    assert len(after.pop("ignored_mails")) == (kind is UnreadableMail)
    assert after == {name: rows for name, rows in before.items() if name != "ignored_mails"}


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_headers_may_have_any_case(world: World, case: Callable[[str], str]) -> None:
    """Servers and frameworks spell them as they like."""
    headers = {case(name): value for name, value in LOGIN.items()}

    assert world.kit.receive("46elks", headers, b"id=s1&status=delivered").status == 204


def test_a_forged_call_is_refused_and_nothing_is_written(world: World) -> None:
    """Wrong credentials, wrong signature, or one that is too old."""
    before = world.tables()
    with pytest.raises(Forged):
        world.kit.receive("46elks", basic("elks", "guess"), b"id=s1&status=delivered")
    with pytest.raises(Forged):
        world.kit.receive("zoom", {"x-zm-signature": "v0=00", "x-zm-request-timestamp": "0"}, b"{}")
    with pytest.raises(Stale):
        world.kit.receive("zoom", *signed(world, {"event": "meeting.started", "payload": {}}, late=10 * MINUTE))
    assert world.tables() == before


def signed(world: World, told: dict[str, object], *, late: timedelta = timedelta(0)) -> tuple[dict[str, str], bytes]:
    """A call as Zoom signs it."""
    body = json.dumps(told).encode()
    stamp = str((world.now - late).us // 1_000_000)
    secret = world.zoom.webhook_secret.encode()
    mark = hmac.new(secret, f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Zm-Request-Timestamp": stamp, "X-Zm-Signature": f"v0={mark}"}, body


def test_a_call_that_says_nothing_is_answered_and_writes_nothing(world: World) -> None:
    """An event that means nothing to us, and the vendor's check of the URL, with what that asks back."""
    before = world.tables()
    assert world.kit.receive("zoom", *signed(world, {"event": "meeting.started", "payload": {}})).status == 204
    world.zoom.validate_url()
    world.zoom.deliver_webhooks()

    assert world.zoom.url_validated is True
    assert world.tables() == before


def test_a_call_may_say_when_it_came(world: World) -> None:
    """Its proof is judged by that time."""
    headers, body = signed(world, {"event": "meeting.started", "payload": {}})

    assert world.kit.receive("zoom", headers, body, at=world.now + 4 * MINUTE).status == 204
    with pytest.raises(Stale):
        world.kit.receive("zoom", headers, body, at=world.now + HOUR)
