"""Deliveries of every kind: what may happen is on record before anything leaves, and the outcome goes with the effect's end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from servicekit.messages import SendText
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.testing.simulators import transport
from servicekit.usecases.delivering import preparations
from world import World, opened, tables

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"


def test_every_kind_of_effect_can_be_prepared() -> None:
    """None is enqueued that nobody knows how to bring about."""
    assert preparations().keys() == set(EffectKind)


class _Witness(httpx.BaseTransport):
    """The network, with a look at the database whenever something leaves."""

    def __init__(self) -> None:
        self.world: World
        self.seen: list[tuple[str, dict[str, list[tuple[Any, ...]]]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((f"{request.method} {request.url.path}", tables(self.world.path)))
        inner = transport(self.world.elks, self.world.exivo, self.world.zoom)
        return inner.handle_request(request)


@pytest.mark.parametrize(
    ("call", "table"),
    [("POST /a1/sms", "messages"), ("/digitalKeyVisits", "keys"), ("POST /v2/users/me/meetings", "meetings")],
)
def test_what_may_happen_is_written_down_before_it_is_asked_for(tmp_path: Path, call: str, table: str) -> None:
    """At the moment of the call the row says "asked" and the effect is leased: whoever comes after looks it up."""
    witness = _Witness()
    with opened(tmp_path, transport=witness) as world:
        witness.world = world
        if table == "messages":
            world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
        else:
            world.book(world.massage if table == "keys" else world.advice)
        world.kit.deliver()

    (seen,) = [rows for name, rows in witness.seen if name.endswith(call)][:1]
    assert [row for row in seen[table] if "asked" in row] == [row for row in seen[table] if "planned" not in row] != []
    assert [row for row in seen["effects"] if EffectState.LEASED in row] != []


def test_an_outcome_and_the_end_of_its_effect_are_there_together(tmp_path: Path) -> None:
    """Between two calls every effect that is not settled has work left, and every one that is has none."""
    witness = _Witness()
    with opened(tmp_path, transport=witness) as world:
        witness.world = world
        world.book()
        world.kit.deliver()

    for _, rows in witness.seen:
        ends = {row[2]: row[7] for row in rows["effects"]}
        for kind, (row,) in {"key": rows["keys"], "meeting": rows["meetings"]}.items():
            assert (ends[kind] == EffectState.DONE) == ("made" in row)
