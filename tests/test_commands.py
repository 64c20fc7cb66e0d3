"""Commands, queries and principals."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

import servicekit
from servicekit import ids
from servicekit.commands import Command, Principal, PrincipalKind, Query
from servicekit.errors import Invalid
from servicekit.ids import ApiKeyId, BookingId, ClientId, CustomerUserId, Id, ProviderId, UserId

ROOMS = sorted(path.parent.name for path in Path(servicekit.__file__).parent.glob("*/commands.py"))
WHO = {
    UserId: PrincipalKind.USER,
    ProviderId: PrincipalKind.PROVIDER,
    ClientId: PrincipalKind.CLIENT,
    CustomerUserId: PrincipalKind.CUSTOMER_USER,
    ApiKeyId: PrincipalKind.API_KEY,
}


def asked() -> Iterator[Any]:
    """Every command and query of the rooms."""
    for name in [*(f"{room}.commands" for room in ROOMS), "outbox.effects"]:
        module = import_module(f"servicekit.{name}")
        for public in map(module.__dict__.get, module.__all__):
            if isinstance(public, type) and issubclass(public, (Command, Query)):
                yield public


@pytest.mark.parametrize("kind", list(asked()), ids=lambda kind: kind.__name__)
def test_every_command_and_query_is_a_frozen_value(kind: Any) -> None:
    """It cannot be changed after it was made, has no further attributes, is compared by value, and says what it does."""
    assert attrs.has(kind)
    one, other = (object.__new__(kind) for _ in range(2))
    name = next((item.name for item in attrs.fields(kind)), "any")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(one, name, 1)
    assert not hasattr(one, "__dict__")
    for made in (one, other):
        for item in attrs.fields(kind):
            object.__setattr__(made, item.name, "same")
    assert (one, hash(one)) == (other, hash(other))
    assert kind.__doc__


@pytest.mark.parametrize(("kind", "expected"), WHO.items())
def test_an_id_names_its_principal(kind: type[Any], expected: PrincipalKind) -> None:
    """The five kinds of ids that can act give principals of their kind, under that id."""
    who = kind(f"{kind.prefix}_1")
    assert Principal.of(who) == Principal(expected, who)


@pytest.mark.parametrize(
    "kind", [kind for kind in Id.kinds.values() if kind not in WHO and kind.__module__ == ids.__name__]
)
def test_things_cannot_act(kind: type[Any]) -> None:
    """An id of a thing is no principal, although it is a text like the others."""
    with pytest.raises(Invalid) as caught:
        Principal.of(kind(f"{kind.prefix}_1"))
    assert caught.value.code == "not_a_principal"


def test_bare_text_cannot_act() -> None:
    """Text that looks like a user's id was checked by nobody: it is refused."""
    with pytest.raises(Invalid) as caught:
        Principal.of("usr_1")  # type: ignore[arg-type]
    assert caught.value.facts == {"value": "usr_1"}


def test_an_operator_has_a_name() -> None:
    """An operator is one by name, and no principal of any other kind."""
    assert Principal.operator("set-up script") == Principal(PrincipalKind.OPERATOR, "set-up script")


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_nameless_operator_is_refused(name: str) -> None:
    """Logs could not tell who acted."""
    with pytest.raises(Invalid) as caught:
        Principal.operator(name)
    assert caught.value.code == "nameless_operator"


def test_kinds_of_principals_are_stored_by_these_words() -> None:
    """Grants and logs hold these words: changing one loses what was stored under it."""
    assert set(PrincipalKind) >= {"operator", "user", "provider", "client", "customer_user"}
    assert BookingId not in WHO
