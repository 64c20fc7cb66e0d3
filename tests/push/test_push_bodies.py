"""What a push says, in both forms."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, MessageId, UserId
from servicekit.moments import Instant
from servicekit.push import PushForm, Told, body_of, content_type

CAME = Told(
    message=MessageId("msg_1"),
    group=GroupId("grp_1"),
    user=UserId("usr_1"),
    incoming=True,
    number="+46701740605",
    status="INCOMING",
    segments=0,
    text="På väg",
    at=Instant.parse("2026-11-25T12:00:00.5Z"),
)
WENT = evolve(CAME, incoming=False, status="DELIVERED", segments=2, text="not told", user=None)
TEXTS = st.text(st.characters(codec="utf-8"))


@given(TEXTS)
def test_a_form_reads_back_whatever_a_text_says(text: str) -> None:
    """URL-encoded UTF-8, in ASCII."""
    body = body_of(evolve(CAME, text=text), PushForm.FORM)
    assert dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)) == {
        "id": "msg_1",
        "value": "INCOMING",
        "phone_number": "+46701740605",
        "message": text,
    }


@given(TEXTS)
def test_json_reads_back_whatever_a_text_says(text: str) -> None:
    """In the shape of Standard Webhooks."""
    assert json.loads(body_of(evolve(CAME, text=text), PushForm.JSON)) == {
        "type": "message.received",
        "timestamp": "2026-11-25T12:00:00.500000Z",
        "data": {
            "id": "msg_1",
            "group": "grp_1",
            "user": "usr_1",
            "direction": "in",
            "phone_number": "+46701740605",
            "status": "INCOMING",
            "segments": 0,
            "text": text,
        },
    }


def test_what_went_out_is_not_repeated() -> None:
    """Its status is."""
    assert body_of(WENT, PushForm.FORM) == b"id=msg_1&value=DELIVERED&phone_number=%2B46701740605"
    whole = json.loads(body_of(WENT, PushForm.JSON))
    assert whole["type"] == "message.status"
    assert whole["data"] == {
        "id": "msg_1",
        "group": "grp_1",
        "user": None,
        "direction": "out",
        "phone_number": "+46701740605",
        "status": "DELIVERED",
        "segments": 2,
    }


def test_a_text_stands_in_no_repr() -> None:
    """It may be logged."""
    assert "väg" not in repr(CAME)


@pytest.mark.parametrize(("form", "said"), [(PushForm.FORM, "x-www-form-urlencoded"), (PushForm.JSON, "json")])
def test_the_content_type_is_that_of_the_form(form: PushForm, said: str) -> None:
    """So that a receiver reads it as what it is."""
    assert content_type(form).partition(";")[0] == f"application/{said}"
