"""An account that is connected by consent: the ways to Zoom and back that the tests of connections share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from servicekit import Kit
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.meetings import (
    ConnectionState,
    ConnectionView,
    ConnectMeetings,
    Consent,
    DisconnectMeetings,
    FinishConnecting,
    GetConnection,
)
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.testing.simulators import KeptMail, ZoomSimulator, transport
from world import MINUTE, World

REDIRECT = "https://salon.example/zoom/back"


SECOND = timedelta(seconds=1)


CONNECTED, LOST, DISCONNECTED = ConnectionState.CONNECTED, ConnectionState.LOST, ConnectionState.DISCONNECTED


def zoom_app(**changed: Any) -> ZoomApp:
    """Our app at the simulated Zoom."""
    mine = {
        "client_id": ZoomSimulator.client_id,
        "client_secret": ZoomSimulator.client_secret,
        "redirect_uri": REDIRECT,
        "webhook_secret": ZoomSimulator.webhook_secret,
    }
    return ZoomApp(**{**mine, **changed})


def asked(world: World, consent: Consent) -> tuple[str, str]:
    """State and code that Zoom sends the browser back with, once Anna has consented."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(consent.url).query).items()}
    assert query["redirect_uri"] == REDIRECT
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    return query["state"], world.zoom.tokens.authorize(query["redirect_uri"], query["code_challenge"])


def consented(world: World) -> FinishConnecting:
    """A way to Zoom and back."""
    state, code = asked(world, world.ask(ConnectMeetings(world.root.id)))
    return FinishConnecting(state=state, code=code)


def connect(world: World) -> ConnectionView:
    """Connect and fetch the tokens."""
    world.ask(consented(world))
    world.kit.deliver()
    return view(world)


def view(world: World) -> ConnectionView:
    """How the connection stands."""
    shown: ConnectionView = world.ask(GetConnection(world.root.id))
    return shown


def settle(world: World) -> None:
    """Deliver until nothing is due within half an hour: the tokens' next renewal does not count."""
    for _ in range(60):
        world.kit.deliver()
        with world.look() as store:
            due = store.effects.next_due(world.now)
            others = store.effects.next_due(world.now, kinds=set(EffectKind) - {EffectKind.CONNECTION})
        if others is None and (due is None or due - world.now > 30 * MINUTE):
            return
        assert due is not None
        world.clock.set(max(due, world.now))
    raise AssertionError(f"still waiting: {world.effects(EffectState.DUE)}")


def refreshes(world: World) -> list[str]:
    """The refresh tokens that Zoom was given, in turn."""
    forms = [parse_qs(one.request.body.decode()) for one in world.zoom.exchanges if one.request.url.endswith("/token")]
    return [form["refresh_token"][0] for form in forms if form["grant_type"] == ["refresh_token"]]


def stored(world: World) -> tuple[str, str]:
    """The pair in the database."""
    with world.look() as store:
        (connection,) = store.connections.where()
    return connection.access, connection.refresh


def body(mail: KeptMail) -> str:
    """What a mail says, on one line."""
    text = message_from_bytes(mail.raw, policy=policy.default).get_content()
    return " ".join(str(text).split())


@contextmanager
def during(world: World, path: str, act: Callable[[], object]) -> Iterator[Kit]:
    """A kit in whose first call to a path something happens, after Zoom has answered it."""
    acts = [act]

    class Slow(httpx.BaseTransport):
        inner = transport(world.elks, world.exivo, world.zoom)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = self.inner.handle_request(request)
            if request.url.path == path and acts:
                acts.pop()()
            return response

    with Kit.open(
        f"sqlite:////{world.path}", meetings=zoom_app(), clock=world.clock, transport=Slow(), in_flight=1
    ) as kit:
        yield kit


def again(world: World) -> None:
    """Disconnect, and connect anew at once."""
    if view(world).state not in {None, ConnectionState.ENDING}:
        world.ask(DisconnectMeetings(world.root.id))
    world.ask(consented(world))
