"""Receivers of pushes on real sockets, and an office whose texts go by pigeon and whose news are pushed. On either database.

What its other processes do stands here as well; they share nothing with the test but the database and the receiver's socket.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, field, frozen

from carriers import Pigeons
from desk import GATEWAY, MOBILE, NOON, OPERATOR, OURS, Pile
from servicekit import Kit, Principal
from servicekit.groups import AddGroup, FoundOrganisation, Group, ProvideNumbers, Settings, User
from servicekit.ids import UserId
from servicekit.messages import Message, SendText
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectState
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.push import PushSet, SetPush, verify
from servicekit.runtime.posting import SafePoster
from servicekit.testing.clock import ManualClock

Answer = int | tuple[int, dict[str, str]] | str
"""A status; one with headers; or ``"nothing"``: the connection is closed without an answer, after the call was taken."""


@frozen
class Call:
    """One call that came."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes

    @property
    def id(self) -> str:
        """The event's."""
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, str]:
        """Its fields."""
        return dict(parse_qsl(self.body.decode()))


@define
class Receiver:
    """Answers as it was told, and then 204; keeps every call."""

    url: str = ""
    answers: deque[Answer] = field(factory=deque)
    always: Answer = 204
    calls: list[Call] = field(factory=list)
    no_to: str = ""
    """Whoever's body has this is answered 500."""
    gate: threading.Event | None = None
    """Answers wait for it."""
    began: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))

    def answer(self, call: Call) -> Answer:
        """The next one."""
        self.calls.append(call)
        self.began.release()
        if self.gate is not None:
            assert self.gate.wait(60)
        if self.no_to and self.no_to.encode() in call.body:
            return 500
        return self.answers.popleft() if self.answers else self.always

    def taken(self) -> list[tuple[str, str]]:
        """Message and status of each event, once, in the order in which they came first."""
        return list({call.id: (call.said["id"], call.said["value"]) for call in self.calls}.values())

    def statuses(self) -> list[str]:
        """The status of each call."""
        return [call.said["value"] for call in self.calls]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on 127.0.0.1."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = receiver.answer(Call(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if isinstance(answer, str):
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/texts"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@define
class Office:
    """An organisation on a kit, whose administrator Anna may receive, and a receiver for its news."""

    kit: Kit
    clock: ManualClock
    root: Group
    admin: User
    pigeons: Pigeons
    pile: Pile
    receiver: Receiver
    secret: str = ""
    heard: int = 0

    @property
    def anna(self) -> Principal:
        """The administrator."""
        return Principal.of(self.admin.id)

    def push(self, group: Group | None = None, url: str = "", **more: Any) -> PushSet:
        """Push to the receiver; the secret of the root's target is kept."""
        made = self.kit.perform(
            SetPush(group=(group or self.root).id, url=url or self.receiver.url, **more), by=self.anna
        )
        self.secret = made.secret or self.secret
        return made

    def group(self, name: str, parent: Group | None = None) -> Group:
        """A group below the root, or below another."""
        return self.kit.perform(AddGroup(parent=(parent or self.root).id, name=name), by=self.anna)

    def send(self, text: str = "Hej") -> Message:
        """A text of Anna's; never the same twice."""
        self.heard += 1
        return self.kit.perform(SendText(user=self.admin.id, to=MOBILE, text=f"{text} {self.heard}"), by=self.anna)

    def hear(self, line: str) -> None:
        """A call of the carrier: ``id STATUS``, or ``id from to text``."""
        self.heard += 1
        self.kit.receive("pigeons", {"flight": str(self.heard)}, line.encode())

    def wait(self, span: timedelta) -> None:
        """Time goes by, and what is due then is delivered."""
        self.clock.advance(span)
        self.kit.deliver()

    def wait_through(self, span: timedelta) -> None:
        """Time goes by, from one thing that is due to the next."""
        ends = self.clock.now() + span
        while self.clock.now() < ends:
            with self.kit._storage.read() as store:
                due = store.effects.next_due(self.clock.now())
            self.clock.set(ends if due is None else min(max(due, self.clock.now()), ends))
            self.kit.deliver()

    def effects(self, state: EffectState) -> list[Effect]:
        """All effects in a state."""
        with self.kit._storage.read() as store:
            return list(store.effects.where(state=state))

    def verified(self) -> list[str]:
        """Every call is proven; their ids."""
        return [verify(call.headers, call.body, self.secret, self.clock.now()) for call in self.receiver.calls]


def opened(url: str, clock: ManualClock, pigeons: Pigeons, pile: Pile | None, **more: Any) -> Kit:
    """A kit on the database that may push to this machine."""
    mail = {} if pile is None else {"mail": pile, "mail_from": "desk@desk.example", "gateway_domain": GATEWAY}
    return Kit.open(url, **{"texts": pigeons, "clock": clock, "push_private": True, **mail, **more})


@contextmanager
def office(url: str = "sqlite:///:memory:", *, mailed: bool = True, **more: Any) -> Iterator[Office]:
    """The office in a database of its own."""
    clock, pigeons, pile = ManualClock(NOON), Pigeons(), Pile()
    with receiving() as receiver, opened(url, clock, pigeons, pile if mailed else None, **more) as kit:
        founded = kit.perform(
            FoundOrganisation(
                name="Office",
                zone="Europe/Stockholm",
                admin="anna@desk.example",
                settings=Settings(may_receive=True, sender_name="Office"),
            ),
            by=OPERATOR,
        )
        kit.perform(ProvideNumbers(numbers=OURS), by=OPERATOR)
        yield Office(kit, clock, founded.root, founded.admin, pigeons, pile, receiver)


# What other processes do


def deliver_and_die(url: str, at: Instant, before: bool) -> None:
    """Deliver, and be killed before the first push leaves, or once it was answered."""
    post = SafePoster.post

    def mortal(self: SafePoster, request: HttpRequest) -> HttpResponse:
        if not before:
            post(self, request)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("dead by now")

    SafePoster.post = mortal  # type: ignore[method-assign]
    with opened(url, ManualClock(at), Pigeons(), None) as kit:
        kit.deliver()


def deliver_once(url: str, at: Instant) -> int:
    """Deliver what is due; how many effects were brought about."""
    with opened(url, ManualClock(at), Pigeons(), None) as kit:
        return kit.deliver().done


def send_by(url: str, at: Instant, users: Sequence[UserId]) -> int:
    """Three texts by one of these users, each delivered; how many texts were sent."""
    mine = users[os.getpid() % len(users)]
    with opened(url, ManualClock(at), Pigeons(), None) as kit:
        for number in range(3):
            kit.perform(SendText(user=mine, to=MOBILE, text=f"{os.getpid()} {number}"), by=Principal.of(mine))
            kit.deliver()
    return 3
