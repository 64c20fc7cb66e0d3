"""Timing tells a stranger nothing: what is there and what is not cost the same statements, for every command and query.

On SQLite and on PostgreSQL. Statements are counted and not seconds, so that it holds on any machine, under any load.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from test_usecases_work import EVERY_CLIENTS, KINDS, OWN_CLIENT, REQUESTS, STRANGERS, Things, furnished, replaced

import postgres_server
from servicekit import Principal
from servicekit.errors import NotFound
from servicekit.runtime.entropy import mint
from world import World, foreign, opened

_RUN: list[str] = []
_LIBRARYS_EXECUTE = psycopg.Cursor.execute


class _Counting(sqlite3.Connection):
    """A connection that writes down what it runs."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        _RUN.append(sql)
        return super().execute(sql, parameters)


def _execute(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **more: Any) -> psycopg.Cursor[Any]:
    """The same with psycopg."""
    _RUN.append(str(query))
    return _LIBRARYS_EXECUTE(cursor, query, *rest, **more)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def salon(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Things, dict[str, Principal]]]:
    """A salon whose statements are written down, one of each thing, and the strangers. Nothing here changes it."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgres":
            url = stack.enter_context(postgres_server.fresh(request.getfixturevalue("postgres_url")))
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=_Counting))
        patched.setattr(psycopg.Cursor, "execute", _execute)
        world = stack.enter_context(opened(Path(tmp_path_factory.mktemp("salon")), postgres=url))
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

        assert there, request
        more, fewer = Counter(there) - Counter(absent), Counter(absent) - Counter(there)
        if more or fewer:
            uneven[request.name] = (dict(more), dict(fewer))
    assert not uneven, "\n".join(f"{k}: {v}" for k, v in uneven.items())
