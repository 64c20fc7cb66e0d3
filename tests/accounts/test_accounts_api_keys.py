"""API keys as values: their form, their overlap, their end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.accounts import (
    LONGEST_KEY_OVERLAP,
    AddApiKey,
    ApiCaller,
    ApiKey,
    ApiKeyMade,
    ListedApiKey,
    TakeCall,
    key_digest,
    key_of,
    rotated_key,
)
from servicekit.commands import PrincipalKind
from servicekit.errors import Invalid
from servicekit.ids import ApiKeyId, GroupId, UserId
from servicekit.moments import Instant

NOW = Instant.parse("2026-11-25T12:00:00Z")
HOUR = timedelta(hours=1)
KEY = ApiKey(
    id=ApiKeyId("apk_1"),
    organisation=GroupId("grp_1"),
    group=GroupId("grp_1"),
    user=UserId("usr_1"),
    name="Till",
    digest="first",
    made_at=NOW,
    made_by="usr_2",
)


def test_a_key_has_one_form_and_only_that_is_looked_up() -> None:
    """``sk_`` and 43 characters; whatever else is nobody's."""
    secret = key_of(bytes(range(32)))
    assert (len(secret), secret[:3]) == (46, "sk_")
    assert key_digest(secret) == key_digest(secret) != key_digest(key_of(bytes(32)))
    assert secret not in (key_digest(secret) or "")
    for other in ("", "sk_", secret[:-1], f"{secret}a", f" {secret}", secret.replace("sk_", "SK_"), "sk_" + "å" * 43):
        assert key_digest(other) is None


def test_a_key_that_rotates_is_good_beside_the_new_one_for_a_while() -> None:
    """And the one before that no more."""
    second = rotated_key(KEY, "second", HOUR, NOW)
    assert [second.takes(one, NOW) for one in ("first", "second", "")] == [True, True, False]
    assert [second.takes(one, NOW + HOUR) for one in ("first", "second")] == [False, True]
    third = rotated_key(second, "third", HOUR, NOW)
    assert [third.takes(one, NOW) for one in ("first", "second", "third")] == [False, True, True]
    at_once = rotated_key(KEY, "second", timedelta(0), NOW)
    assert [at_once.takes(one, NOW) for one in ("first", "second")] == [False, True]


@pytest.mark.parametrize("overlap", [-timedelta(microseconds=1), LONGEST_KEY_OVERLAP + timedelta(microseconds=1)])
def test_an_overlap_is_bounded(overlap: timedelta) -> None:
    """Thirty days, and never less than nothing."""
    with pytest.raises(Invalid) as refused:
        rotated_key(KEY, "second", overlap, NOW)
    assert (refused.value.code, refused.value.facts) == ("overlap", {"most_days": 30})
    assert rotated_key(KEY, "second", LONGEST_KEY_OVERLAP, NOW).old_until == NOW + LONGEST_KEY_OVERLAP


def test_an_ended_or_revoked_key_takes_nothing() -> None:
    """Neither of its digests."""
    ends = evolve(rotated_key(KEY, "second", HOUR, NOW), ends_at=NOW + HOUR)
    assert ends.takes("second", NOW)
    assert not [one for one in ("first", "second") if ends.takes(one, NOW + HOUR)]
    revoked = evolve(rotated_key(KEY, "second", HOUR, NOW), revoked_at=NOW)
    assert not [one for one in ("first", "second") if revoked.takes(one, NOW)]


def test_no_repr_shows_a_secret() -> None:
    """Nor a digest."""
    secret = key_of(bytes(32))
    shown = ListedApiKey(
        id=KEY.id,
        group=KEY.group,
        user=KEY.user,
        name="",
        scopes=(),
        made_at=NOW,
        made_by="",
        both_until=None,
        ends_at=None,
    )
    assert secret not in repr((TakeCall(secret), ApiKeyMade(key=shown, secret=secret)))
    assert "first" not in repr(KEY)
    assert AddApiKey(group=KEY.group, name="Till").scopes == ("messages:write",)


def test_a_caller_is_its_key() -> None:
    """From where the call came."""
    caller = ApiCaller(key=KEY.id, group=KEY.group, user=KEY.user, most=1, left=0, full_in=HOUR, origin="192.0.2.7")
    assert (caller.principal.kind, caller.principal.id, caller.principal.origin) == (
        PrincipalKind.API_KEY,
        "apk_1",
        "192.0.2.7",
    )
