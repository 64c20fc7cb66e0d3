"""The old call: what it sends and tells, in the document's XML; whatever is asked, XML comes."""

from __future__ import annotations

import io
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from programs import MOBILE, get, key, post, said
from servicekit.accounts import AddApiKey, RevokeApiKey
from servicekit.groups import AddGroup, ChangeSettings, Quota, RenameGroup, Settings
from servicekit.messages import SearchLog, SendText
from servicekit.ports.http import HookAnswer
from servicekit.web.calls import Call
from servicekit.web.old_call import OldCall, old_call
from world import World, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture(scope="module")
def open_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A salon for the fuzz; nothing is expected of what is in it."""
    with opened(Path(tmp_path_factory.mktemp("fuzz"))) as made:
        yield made


@pytest.mark.spec("M-32")
def test_a_text_is_sent_as_in_the_document(world: World) -> None:
    """The very example of the document, byte for byte around the id; the text goes out with the group's sender name."""
    secret = key(world).secret
    query = f"api_user={secret}&phone_number=%2b46701740605&message=R%C3%A4ksm%C3%B6rg%C3%A5s"
    answer = old_call(world.kit, "GET", {}, query, b"")
    tag, fields = said(answer)
    world.kit.deliver()

    assert (answer.status, tag) == (200, "send_sms")
    assert answer.body.decode() == (
        f'<?xml version="1.0" encoding="utf-8" ?>\n<send_sms status="1" code="ok" id="{fields["id"]}"></send_sms>'
    )
    (text,) = world.elks.handset(MOBILE)
    assert (text.text, text.sender) == ("Räksmörgås", "Salon")


@pytest.mark.spec("M-32")
def test_the_status_is_asked_by_id(world: World) -> None:
    """SENT at once, then what the carrier reported."""
    secret = key(world).secret
    _, fields = said(get(world, api_user=secret, phone_number=MOBILE, message="Hej"))
    assert said(get(world, api_user=secret, id=fields["id"])) == ("last_info", {"id": fields["id"], "value": "SENT"})
    world.kit.deliver()
    answer = get(world, api_user=secret, id=fields["id"])

    assert answer.body.decode() == (
        '<?xml version="1.0" encoding="utf-8" ?>\n'
        f'<last_info id="{fields["id"]}" value="{said(answer)[1]["value"]}"></last_info>'
    )
    assert said(answer)[1]["value"] in {"SENT", "DELIVERED"}


@pytest.mark.spec("M-32")
def test_what_a_rule_refuses_has_its_status_and_an_id(world: World) -> None:
    """The loop guard, the group's quota, its bound on segments: the codes of the log, which can be asked about."""
    secret = key(world).secret
    get(world, api_user=secret, phone_number=MOBILE, message="Hej")
    told = [said(get(world, api_user=secret, phone_number=MOBILE, message="Hej"))[1]]
    world.kit.perform(ChangeSettings(group=world.root.id, change=Settings(most_segments=1)), by=world.anna)
    told.append(said(get(world, api_user=secret, phone_number=MOBILE, message="x" * 161))[1])
    world.kit.perform(ChangeSettings(group=world.root.id, change=Settings(group_quota=Quota(1))), by=world.anna)
    told.append(said(get(world, api_user=secret, phone_number=MOBILE, message="Hopp"))[1])

    assert [(one["status"], one["code"]) for one in told] == [
        ("0", "sms_already_sent_24H"),
        ("0", "too_many_segments"),
        ("0", "Group:Salon"),
    ]
    for one in told:
        assert said(get(world, api_user=secret, id=one["id"])) == ("last_info", {"id": one["id"], "value": one["code"]})


def test_what_is_not_even_logged_has_a_code_and_no_id(world: World) -> None:
    """A number that is none, no text, no sender: nothing is written."""
    secret = key(world).secret
    before = world.kit.ask(SearchLog(group=world.root.id), by=world.anna)
    for parameters, code in (
        ({"phone_number": "nobody", "message": "Hej"}, "not_a_number"),
        ({"phone_number": MOBILE, "message": ""}, "empty_text"),
        ({"phone_number": MOBILE}, "empty_text"),
        ({"phone_number": MOBILE, "message": "\x00"}, "control_character"),
    ):
        tag, fields = said(get(world, api_user=secret, **parameters))
        assert (tag, fields["status"], fields["id"]) == ("send_sms", "0", "")
        assert fields["code"] == code
    assert world.kit.ask(SearchLog(group=world.root.id), by=world.anna) == before


@pytest.mark.parametrize("wrong", ["", "x", "sk_" + "a" * 43, "åäö", "sk_" + "a" * 44])
def test_a_wrong_key_is_told_nothing_else(world: World, wrong: str) -> None:
    """Whether it asks or sends."""
    assert said(get(world, api_user=wrong, phone_number=MOBILE, message="Hej")) == (
        "send_sms",
        {"status": "0", "code": "wrong_api_user", "id": ""},
    )
    assert said(get(world, api_user=wrong, id="5906")) == ("last_info", {"id": "5906", "value": "wrong_api_user"})


def test_a_revoked_key_is_a_wrong_key(world: World) -> None:
    """At once."""
    made = key(world)
    world.kit.perform(RevokeApiKey(made.key.id), by=world.anna)
    assert said(get(world, api_user=made.secret, id="1"))[1]["value"] == "wrong_api_user"


def test_an_id_of_somebody_elses_reads_like_none(world: World) -> None:
    """A colleague's text, another organisation's, one that never was; also for a key that reads the whole log."""
    secret = key(world, "messages:write", "log:read").secret
    other = world.kit.perform(SendText(user=world.admin.id, to=MOBILE, text="Hej"), by=world.anna)
    for one in (other.id, "msg_00000000000000000000000000", "5906", ""):
        assert said(get(world, api_user=secret, id=one)) == ("last_info", {"id": one, "value": "unknown_id"})


def test_a_post_says_it_in_its_body(world: World) -> None:
    """The body goes before the query; a plus that was not encoded is one; a body of another type is not read."""
    secret = key(world).secret
    body = f"api_user={secret}&phone_number=+46701740605&message=Hej+d%C3%A5".encode()
    assert said(post(world, body, "api_user=x&message=no"))[1]["status"] == "1"
    world.kit.deliver()
    assert [text.text for text in world.elks.handset(MOBILE)] == ["Hej då"]
    assert said(post(world, body, content_type="application/json"))[1]["code"] == "wrong_api_user"
    typed = post(world, body, Content_Type="application/x-www-form-urlencoded; charset=utf-8")
    assert said(typed)[1]["code"] == "sms_already_sent_24H"


def test_what_is_no_utf_8_is_not_guessed(world: World) -> None:
    """Latin-1 behind the percent signs, bytes that are no ASCII, a thousand fields."""
    for query, body in (("message=%E5", b""), ("", b"message=\xe5"), ("&".join(["a=b"] * 1000), b"")):
        answer = old_call(world.kit, "POST", {}, query, body)
        assert said(answer) == ("send_sms", {"status": "0", "code": "unreadable", "id": ""})


def test_other_methods_are_refused(world: World) -> None:
    """With the header that says which there are."""
    answer = old_call(world.kit, "PUT", {}, "", b"")
    assert (answer.status, answer.headers["allow"], said(answer)[1]["code"]) == (405, "GET, POST", "wrong_method")


def test_too_many_calls_are_told_to_slow_down(world: World) -> None:
    """After 120 at once; a moment later the next is answered."""
    secret = key(world).secret
    codes = [said(get(world, api_user=secret, id="1"))[1]["value"] for _ in range(121)]
    assert codes == ["unknown_id"] * 120 + ["slow_down"]
    assert said(get(world, api_user=secret, message="x"))[1]["code"] == "slow_down"
    world.clock.set(world.now + timedelta(milliseconds=500))
    assert said(get(world, api_user=secret, id="1"))[1]["value"] == "unknown_id"


@pytest.mark.parametrize("name", ['"/><x a="', "<!--", "]]>&amp;", "å'&lt;", "a" * 300])
def test_group_names_inject_nothing(world: World, name: str) -> None:
    """The name of a group whose quota strikes stands in the code, as it is, and is nothing but text."""
    team = world.kit.perform(
        AddGroup(parent=world.root.id, name="Team", settings=Settings(group_quota=Quota(0))), by=world.anna
    )
    world.kit.perform(RenameGroup(group=team.id, name=name), by=world.anna)
    secret = world.kit.perform(AddApiKey(group=team.id, name="Till"), by=world.anna).secret
    assert said(get(world, api_user=secret, phone_number=MOBILE, message="Hej"))[1]["code"] == f"Group:{name}"


TEXTS = st.text(max_size=40) | st.sampled_from(['"><', "]]>", "&#0;", "<!DOCTYPE x>", "\x00", "\ufffe", "\U0010ffff"])
NAMES = st.sampled_from(["api_user", "phone_number", "message", "id", "other"])


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in pairs])


@settings(
    max_examples=int(os.environ.get("SERVICEKIT_FUZZ", "150")),
    deadline=None,
)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", ""]),
    query=st.lists(st.tuples(NAMES, TEXTS), max_size=5).map(_encoded) | st.text(max_size=60),
    body=st.binary(max_size=80)
    | st.lists(st.tuples(NAMES, TEXTS), max_size=4).map(lambda pairs: _encoded(pairs).encode()),
    known=st.booleans(),
)
@example(method="GET", query="id=%EF%BF%BF&id=%00", body=b"", known=True)
@example(method="GET", query="id=%ED%A0%80", body=b"", known=True)
def test_whatever_is_asked_the_answer_is_well_formed(
    open_world: World, method: str, query: str, body: bytes, known: bool
) -> None:
    """XML that a reader takes, one of the two elements with exactly its attributes, and 200 or 405."""
    if known:
        secret = _kept_key(open_world)
        query = f"api_user={secret}&{query}"
    answer = old_call(open_world.kit, method, {}, query, body)
    tag, fields = said(answer)

    assert (tag, sorted(fields)) in [("send_sms", ["code", "id", "status"]), ("last_info", ["id", "value"])]
    assert answer.status in {200, 405}


_KEYS: dict[Path, str] = {}


def _kept_key(world: World) -> str:
    if world.path not in _KEYS:
        _KEYS[world.path] = key(world).secret
    world.clock.set(world.now + timedelta(seconds=1))
    return _KEYS[world.path]


def test_keys_stand_in_no_log_and_no_repr(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Not in ours at any level, not in what a server reads after us; the query string is gone from its environment."""
    secret = key(world).secret
    caplog.set_level(logging.DEBUG)
    query = f"api_user={quote(secret)}&id=1"
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "wsgi.input": io.BytesIO(), "PATH_INFO": "/"}
    OldCall(world.kit).wsgi(environ, lambda *_: None)

    assert secret not in caplog.text + repr(environ) + repr(Call(method="GET", query=query))
    assert secret not in repr(world.tables()) + repr(key(world, name="Other"))


def test_a_database_that_is_busy_is_told_in_xml(world: World) -> None:
    """503, and to come again, also where it is not there; a body that is too large is XML as well."""
    made = OldCall(world.kit)
    secret = key(world).secret
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("DROP TABLE api_keys")
    answer = made.answer(Call(method="GET", query=urlencode({"api_user": secret, "id": "1"})))
    assert (answer.status, said(answer)[1]["code"]) == (503, "try_again")

    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9999999", "wsgi.input": io.BytesIO()}
    (body,) = made.wsgi(environ, lambda status, _: statuses.append(status))
    assert statuses[0].startswith("413")
    said(HookAnswer(status=413, headers={"content-type": "text/xml; charset=utf-8"}, body=body))
