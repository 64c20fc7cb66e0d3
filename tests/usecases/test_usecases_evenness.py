"""Timing tells a stranger nothing: what is there and what is not cost the same statements, for every command and query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from test_usecases_work import EVERY_CLIENTS, KINDS, OWN_CLIENT, REQUESTS, STRANGERS, Things, furnished, replaced

from servicekit import Principal
from servicekit.errors import NotFound
from servicekit.runtime.entropy import mint
from world import World, foreign, opened

_RUN: list[str] = []


class _Counting(sqlite3.Connection):
    """A connection that writes down what it runs."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        _RUN.append(sql)
        return super().execute(sql, parameters)


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Things, dict[str, Principal]]]:
    """A salon whose statements are written down, one of each thing, and the strangers. Nothing here changes it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=_Counting))
        with opened(Path(tmp_path_factory.mktemp("salon"))) as world:
            things = furnished(world)
            rivals = foreign(world)
            yield world, things, {name: make(world, *rivals) for name, make in STRANGERS.items()}


def _statements(world: World, request: Any, by: Principal) -> list[str]:
    _RUN.clear()
    with pytest.raises(NotFound):
        world.ask(request, by)
    return list(_RUN)


@pytest.mark.parametrize("who", STRANGERS)
def test_what_is_there_costs_a_stranger_what_is_not(
    salon: tuple[World, Things, dict[str, Principal]], who: str
) -> None:
    """As many statements of the same kind, so that no clock tells them apart."""
    world, things, strangers = salon
    uneven = {}
    for request in REQUESTS:
        if who == OWN_CLIENT and request.name in EVERY_CLIENTS:
            continue  # who may
        missing = mint(KINDS[request.kind][0], world.now)
        there = _statements(world, request.make(things, world), strangers[who])
        absent = _statements(world, request.make(replaced(things, request.kind, missing), world), strangers[who])

        assert len(there) >= 3, request
        if sorted(there) != sorted(absent):
            uneven[request.name] = (there, absent)
    assert not uneven
