"""The JSON API: every operation by its own description, keys and paces, requests that are done once, and problems told."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import frozen

from programs import MOBILE, key
from servicekit.accounts import CALLS, AddApiKey, LogIn, PerformOnce, RevokeApiKey, RotateApiKey
from servicekit.bookings import Confirm
from servicekit.commands import Query
from servicekit.errors import ConfigurationError
from servicekit.groups import AddGroup
from servicekit.ids import MessageId
from servicekit.messages import GetMessage, SearchLog, SendText
from servicekit.ports.http import HookAnswer
from servicekit.runtime.entropy import mint
from servicekit.web.api import Api
from servicekit.web.calls import Call
from servicekit.web.operations import OPERATIONS, Operation, Text
from servicekit.web.schemas import Schemas
from world import DAY, World, opened

pytest_plugins = ("world_fixtures",)

ALL = ("messages:write", "log:read", "groups:read", "users:write", "bookings:write")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon without mail."""
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def secret(world: World) -> str:
    """A key that may do all that there is."""
    return key(world, *ALL).secret


def call(world: World, secret: str, method: str, path: str, said: Any = None, **headers: str) -> HookAnswer:
    """One call; a GET says it in its query, a POST as JSON."""
    query = urlencode(said) if method == "GET" and said else ""
    raw = (
        said if isinstance(said, bytes) else json.dumps(said).encode() if method == "POST" and said is not None else b""
    )
    given = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Api(world.kit).answer(Call(method=method, path=path, query=query, headers=given, body=raw))


def told(answer: HookAnswer, status: int = 200) -> Any:
    """What was answered, with the status that was expected."""
    value = json.loads(answer.body)
    assert answer.status == status, value
    problem = status >= 400
    assert answer.headers["content-type"] == ("application/problem+json" if problem else "application/json")
    return value


@pytest.mark.spec("M-32")
def test_a_text_is_sent_and_asked_about(world: World, secret: str) -> None:
    """As the key's own user, unless another is named; the answer tells nothing that is only ours."""
    sent = told(call(world, secret, "POST", "/texts", {"to": "070-174 06 05", "text": "Räksmörgås"}), 201)
    world.kit.deliver()
    asked = told(call(world, secret, "GET", f"/texts/{sent['id']}"))

    assert (sent["number"], sent["status"], sent["segments"], sent["direction"]) == (MOBILE, "QUEUED", 1, "out")
    assert asked == {**sent, "status": "SENT", "changed_at": asked["changed_at"]}
    assert "vendor" not in asked
    assert [text.text for text in world.elks.handset(MOBILE)] == ["Räksmörgås"]
    world.clock.advance(timedelta(minutes=1))
    named = told(call(world, secret, "POST", "/texts", {"user": world.admin.id, "to": MOBILE, "text": "Hej"}), 201)
    assert named["user"] == world.admin.id != sent["user"]
    assert [text["id"] for text in told(call(world, secret, "GET", "/texts"))["texts"]] == [named["id"], sent["id"]]
    only = told(call(world, secret, "GET", "/texts", {"user": sent["user"], "most": "1"}))
    assert [text["id"] for text in only["texts"]] == [sent["id"]]
    thread = told(call(world, secret, "GET", f"/threads/{MOBILE}"))
    assert [text["id"] for text in thread["texts"]] == [sent["id"]]


def test_what_is_left_groups_and_users(world: World, secret: str) -> None:
    """Of the key's user and group, unless others are named."""
    assert told(call(world, secret, "GET", "/sms-left")) == {"segments": None, "more_at": None}
    team = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna)
    groups = told(call(world, secret, "GET", "/groups"))["groups"]
    assert [(one["id"], one["parent"]) for one in groups] == [(world.root.id, None), (team.id, world.root.id)]
    added = {"addresses": ["max@salon.example", "no address"], "group": team.id}
    lines = told(call(world, secret, "POST", "/users", added))["lines"]
    assert [line["outcome"] for line in lines] == ["added", "not an address"]
    below = told(call(world, secret, "GET", "/users", {"below": "true", "containing": "MAX"}))["users"]
    assert [one["email"] for one in below] == ["max@salon.example"]


def test_a_booking_is_made_moved_and_cancelled(world: World, secret: str) -> None:
    """From the free times to its end."""
    since, until = world.now + DAY, world.now + DAY + timedelta(hours=4)
    slots = told(
        call(
            world,
            secret,
            "GET",
            f"/services/{world.haircut.id}/slots",
            {"since": since.iso(), "until": until.iso(), "most": 2},
        )
    )
    assert (len(slots["slots"]), slots["more"], slots["slots"][0]["length"]) == (2, True, 3_600_000_000)
    first, second = slots["slots"]
    wish = {
        "service": world.haircut.id,
        "provider": first["provider"],
        "client": world.eva.id,
        "starts": first["starts"],
    }
    made = told(call(world, secret, "POST", "/bookings", wish), 201)
    moved = told(call(world, secret, "POST", f"/bookings/{made['id']}/rebook", {"starts": until.iso()}))
    assert (made["revision"], moved["revision"]) == (1, 2)
    assert told(call(world, secret, "GET", f"/bookings/{made['id']}")) == moved
    assert told(call(world, secret, "POST", f"/bookings/{made['id']}/confirm"))["state"] == "confirmed"
    assert told(call(world, secret, "POST", f"/bookings/{made['id']}/cancel", {}))["state"] == "cancelled"
    late = told(call(world, secret, "POST", f"/bookings/{made['id']}/rebook", {"starts": second["starts"]}), 409)
    assert late["code"] == "transition_refused"


# Keys


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic YTpi", f"Bearer sk_{'a' * 43}", "sk_x"])
def test_without_a_good_key_nothing_is_told(world: World, header: str) -> None:
    """401, with what is wanted; also for what is not there."""
    for path in ("/texts", f"/texts/{mint(MessageId, world.now)}"):
        answer = call(world, "", "GET", path, authorization=header)
        assert told(answer, 401)["code"] == "unknown_key"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_does_what_it_was_granted_and_where(world: World) -> None:
    """Its scopes, in its group; outside of it reads like what is not there."""
    team = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna)
    made = world.kit.perform(AddApiKey(group=team.id, name="Till"), by=world.anna)
    sent = told(call(world, made.secret, "POST", "/texts", {"to": MOBILE, "text": "Hej"}), 201)
    assert sent["group"] == team.id
    assert told(call(world, made.secret, "GET", "/texts"), 403)["code"] == "forbidden"
    assert told(call(world, made.secret, "GET", "/texts", {"group": world.root.id}), 404)["code"] == "not_found"
    other = world.kit.perform(SendText(user=world.admin.id, to=MOBILE, text="Hej"), by=world.anna)
    assert told(call(world, made.secret, "GET", f"/texts/{other.id}"), 404)["code"] == "not_found"
    assert told(call(world, made.secret, "GET", f"/texts/{sent['id']}"))["id"] == sent["id"]


def test_keys_rotate_with_overlap_and_are_revoked(world: World) -> None:
    """The old one is good for a day more, and then no more; a revoked one at once."""
    made = key(world, "groups:read")
    newer = world.kit.perform(RotateApiKey(key=made.key.id), by=world.anna)
    for secret in (made.secret, newer.secret):
        told(call(world, secret, "GET", "/groups"))
    world.clock.advance(DAY)
    told(call(world, made.secret, "GET", "/groups"), 401)
    told(call(world, newer.secret, "GET", "/groups"))
    world.kit.perform(RevokeApiKey(made.key.id), by=world.anna)
    told(call(world, newer.secret, "GET", "/groups"), 401)


def test_every_answer_says_how_much_is_left(world: World, secret: str) -> None:
    """Also refusals; and when nothing is left, 429 and when to come again."""
    answer = call(world, secret, "GET", "/groups")
    assert answer.headers["ratelimit-policy"] == '"calls";q=120;w=60'
    assert answer.headers["ratelimit"] == '"calls";r=119;t=1'
    refused = call(world, secret, "GET", "/texts/msg_1")
    assert (refused.status, refused.headers["ratelimit"]) == (404, '"calls";r=118;t=1')
    for _ in range(CALLS.burst - 2):
        call(world, secret, "GET", "/texts/msg_1")
    late = call(world, secret, "GET", "/groups")
    assert told(late, 429)["code"] == "slow_down"
    assert late.headers["retry-after"] == "1"
    world.clock.set(world.now + CALLS.pause)
    told(call(world, secret, "GET", "/groups"))


# Done once


def test_a_request_is_done_once_under_its_key(world: World, secret: str) -> None:
    """However often it is sent, and the answer is the first one; in quotes or not; for a day."""
    wish = {"to": MOBILE, "text": "Hej"}
    first = call(world, secret, "POST", "/texts", wish, idempotency_key="a-1")
    world.clock.advance(timedelta(hours=1))
    again = call(world, secret, "POST", "/texts", wish, idempotency_key='"a-1"')

    assert told(first, 201) == told(again, 201)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert len(world.kit.ask(SearchLog(group=world.root.id), by=world.anna).messages) == 1
    world.clock.advance(DAY)
    later = told(call(world, secret, "POST", "/texts", wish, idempotency_key="a-1"), 201)
    assert later["id"] != told(first, 201)["id"]


def test_a_key_that_was_used_for_something_else_is_refused(world: World, secret: str) -> None:
    """422; of another caller it is another request."""
    call(world, secret, "POST", "/texts", {"to": MOBILE, "text": "Hej"}, idempotency_key="a-1")
    other = call(world, secret, "POST", "/texts", {"to": MOBILE, "text": "Hopp"}, idempotency_key="a-1")
    assert told(other, 422)["code"] == "request_key_reused"
    mine = key(world, name="Other").secret
    told(call(world, mine, "POST", "/texts", {"to": MOBILE, "text": "Hopp"}, idempotency_key="a-1"), 201)


def test_what_was_refused_was_not_done_and_may_be_asked_again(world: World, secret: str) -> None:
    """Nothing is kept of it."""
    wish = {"to": "nobody", "text": "Hej"}
    for _ in range(2):
        assert told(call(world, secret, "POST", "/texts", wish, idempotency_key="a"), 422)["code"] == "not_a_number"
    told(call(world, secret, "POST", "/texts", {"to": MOBILE, "text": "Hej"}, idempotency_key="a"), 201)
    for bad in ("", "x" * 256, "\x01"):
        answer = call(world, secret, "POST", "/texts", {"to": MOBILE, "text": "Ho"}, idempotency_key=bad)
        assert told(answer, 400)["code"] == "bad_request_key"


def test_a_list_is_kept_and_read_back(world: World, secret: str) -> None:
    """Whatever a command returns."""
    wish = {"addresses": ["max@salon.example"]}
    one, two = (told(call(world, secret, "POST", "/users", wish, idempotency_key="u")) for _ in range(2))
    assert one == two
    assert one["lines"][0]["outcome"] == "added"


# What cannot be read


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"{", {}),
        (b"[]", {}),
        (b"[" * 100_000, {}),
        (b'{"to": "1", "text": 5}', {}),
        (b'{"to": "1", "text": "x", "more": 1}', {}),
        (b'{"text": "x"}', {}),
        (b'{"to": "1", "text": "\\ud800"}', {}),
        (b'{"to": "1", "text": "\\u0000"}', {}),
        (b"\xff", {}),
        (b'{"to": "1", "text": "x"}', {"content_type": "text/plain"}),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(world: World, secret: str, body: bytes, header: dict[str, str]) -> None:
    """400, and nothing is done."""
    assert told(call(world, secret, "POST", "/texts", body, **header), 400)["code"] == "not_readable"


@pytest.mark.parametrize(
    "query", ["a=b", "most=x", "most=1&most=2", "since=yesterday", "group=%FF", "number=%00", "below=1"]
)
def test_a_query_that_cannot_be_read_is_a_bad_request(world: World, secret: str, query: str) -> None:
    """Unknown names, wrong types, twice the same, no UTF-8."""
    said = Call(method="GET", path="/texts", query=query, headers={"authorization": f"bearer {secret}"})
    assert told(Api(world.kit).answer(said), 400)["code"] == "not_readable"


def test_a_backslash_before_u0000_is_text(world: World, secret: str) -> None:
    """Six characters, none of them NUL."""
    wish = {"to": MOBILE, "text": "\\u0000"}
    assert told(call(world, secret, "POST", "/texts", wish), 201)["text"] == "\\u0000"


def test_a_post_takes_no_query(world: World, secret: str) -> None:
    """So nobody puts a text where servers log it."""
    said = Call(method="POST", path="/texts", query="text=x", headers={"authorization": f"Bearer {secret}"})
    assert told(Api(world.kit).answer(said), 400)["code"] == "not_readable"


def test_other_paths_and_methods(world: World, secret: str) -> None:
    """404, and 405 with what there is."""
    assert told(call(world, secret, "GET", "/nowhere"), 404)["code"] == "no_such_path"
    answer = call(world, secret, "DELETE", "/texts")
    assert (told(answer, 405)["code"], answer.headers["allow"]) == ("wrong_method", "GET, POST")


def test_a_body_that_is_too_large_is_told_as_a_problem(world: World) -> None:
    """413, before anything is read."""
    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9999999"}
    (body,) = Api(world.kit).wsgi(environ, lambda status, _: statuses.append(status))
    assert (statuses[0][:3], json.loads(body)["code"]) == ("413", "too_large")


def test_a_database_that_fails_is_told_without_its_words(
    world: World, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """503; what happened is in the log, without the key."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("DROP TABLE message_parts")
        connection.execute("DROP TABLE messages")
    caplog.set_level(logging.DEBUG)
    answer = call(world, secret, "GET", "/texts")
    assert "messages" not in told(answer, 503)["detail"]
    assert "could not be answered" in caplog.text
    assert secret not in caplog.text


def test_a_database_that_cannot_find_the_key_is_told_as_such(world: World, secret: str) -> None:
    """503, and not 401: the key may be good."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("DROP TABLE api_keys")
    answer = call(world, secret, "GET", "/texts")
    assert told(answer, 503)["status"] == 503
    assert answer.headers["retry-after"] == "30"


# The description


def test_every_operation_is_described(world: World) -> None:
    """At a path that needs no key; in JSON Schema that names every class once."""
    answer = Api(world.kit, title="Salon", base="/v1").answer(Call(method="GET", path="/openapi.json"))
    found = told(answer)
    named = {one["operationId"] for path in found["paths"].values() for one in path.values()}

    assert named == {one.name for one in OPERATIONS}
    assert (found["openapi"], found["info"]["title"], found["servers"]) == ("3.1.0", "Salon", [{"url": "/v1"}])
    assert {"Booking", "Text", "Problem", "UserAdded"} <= set(found["components"]["schemas"])
    send = found["paths"]["/texts"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (sorted(send["properties"]), send["required"]) == (["text", "to", "user"], ["to", "text"])


def test_an_application_adds_its_own_operations(world: World, secret: str) -> None:
    """Over any command or query."""
    mine = Operation(name="confirm", method="POST", path="/confirm", request=Confirm, answer=Text, exposed=("booking",))
    api = Api(world.kit, (*OPERATIONS, mine))
    said = Call(
        method="POST",
        path="/confirm",
        body=b'{"booking": "bkg_1"}',
        headers={"authorization": f"Bearer {secret}", "content-type": "application/json"},
    )
    assert told(api.answer(said), 404)["code"] == "not_found"
    assert "/confirm" in api.description["paths"]


def test_a_type_without_a_schema_is_refused_when_the_description_is_made() -> None:
    """Not when somebody calls."""

    @frozen
    class Odd(Query[Text]):
        """Odd."""

        what: complex

    with pytest.raises(TypeError, match="complex"):
        Schemas().of(Odd)
    assert Schemas().of(float) == {"type": "number"}
    assert issubclass(GetMessage, Query)


def test_only_commands_that_ask_nobody_are_performed_once(world: World) -> None:
    """What hashes or asks a vendor before is no operation of this kind."""
    with pytest.raises(ConfigurationError, match="LogIn"):
        world.kit.perform(PerformOnce(request="a", command=LogIn(email="a@b.se", password="x")), by=world.anna)
