"""Every command and query as every kind of principal: exactly the cells of ``docs/reference/who-may.md`` are allowed.

The page is drawn from what happens: ``python tests/usecases/test_usecases_principals.py`` draws it anew. Read what changes
before you keep it. What must hold whatever is drawn stands here as tests: the operator, strangers and whoever is not there
may nothing of an organisation's, and its administrator everything.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from attrs import evolve
from test_usecases_work import OPERATORS, REQUESTS, Request, Things, furnished

from consents import consented, zoom_app
from logins import Counted
from servicekit import Principal
from servicekit.accounts import ChangePassword
from servicekit.commands import Command
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.groups import AddUsers, SetAdmins
from servicekit.ids import UserId
from servicekit.meetings import Connection, ConnectionState, ConnectMeetings, DisconnectMeetings
from servicekit.permissions import GetVisible
from servicekit.portal import ALL_RIGHTS, AddCustomerUser
from servicekit.runtime.entropy import mint
from servicekit.usecases import commands, queries
from world import OPERATOR, World, foreign, opened

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "who-may.md"
OPENING, END = "<!-- drawn by tests/usecases/test_usecases_principals.py -->", "<!-- end -->"
OUTSIDE = ("another organisation's administrator", "another organisation's user", "nobody")
WHO = ("operator", "administrator", "group's administrator", "user", "customer user", "client", *OUTSIDE)


def _always(one: Any) -> Callable[[Things, World], Any]:
    return lambda _, __: one


ROWS = (
    *REQUESTS,
    *(Request(type(one).__name__, "group", "an operator", _always(one)) for one in OPERATORS),
    Request("ChangePassword", "user", "oneself", _always(ChangePassword(old="x", new="correct horse battery"))),
    Request("GetVisible", "group", "", lambda it, _: GetVisible(scope="orders:read", organisation=it.group)),
)

CONNECTING = (
    Request("ConnectMeetings", "group", "meetings:connect", lambda it, _: ConnectMeetings(it.group)),
    Request("DisconnectMeetings", "group", "meetings:connect", lambda it, _: DisconnectMeetings(it.group)),
    Request("FinishConnecting", "group", "meetings:connect", lambda _, world: consented(world)),
)
"""What needs a kit that organisations connect their accounts to. It is the administrator's consent that is finished."""


def principals(world: World, things: Things) -> Mapping[str, Principal]:
    """One of each kind."""

    def user(name: str, group: str = things.group, by: Principal = world.anna) -> Principal:
        (line,) = world.kit.perform(AddUsers(group=group, addresses=(f"{name}@{name}.example",)), by=by)  # type: ignore[arg-type]
        assert line.user is not None
        return Principal.of(line.user)

    root, rolf = foreign(world)
    head = user("head", things.team)
    world.kit.perform(SetAdmins(group=things.team, emails=("head@head.example",)), by=world.anna)
    ida = AddCustomerUser(customer=things.customer, email="ida@holz.example", rights=ALL_RIGHTS)
    found = (
        *(OPERATOR, world.anna, head, user("plain"), Principal.of(world.kit.perform(ida, by=world.anna).id)),
        *(Principal.of(world.eva.id), rolf, user("other", root.id, rolf), Principal.of(mint(UserId, world.now))),
    )
    return dict(zip(WHO, found, strict=True))


def outcome(world: World, request: Command[Any] | Any, by: Principal) -> str:
    """What comes of it; nothing stays of what it does."""
    try:
        if not isinstance(request, Command):
            world.kit.ask(request, by=by)
            return "yes"
        with closing(sqlite3.connect(world.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            world.kit.perform(request, by=by, within=connection)  # closed without a COMMIT
            return "yes"
    except NotFound:
        return "not found"
    except Forbidden:
        return "forbidden"
    except Refused as refused:
        return f"yes, but {refused.code}"


def drawn(folder: Path) -> str:
    """The table, from what happens in a salon with credentials of its own, and in one whose connection was lost."""
    with opened(_made(folder / "own"), passwords=Counted()) as world:
        lines = rows(world, ROWS)
    with opened(_made(folder / "app"), meetings=zoom_app()) as world:
        with world.look() as store:
            store.connections.add(Connection(organisation=world.root.id, state=ConnectionState.LOST, since=world.now))
        lines += rows(world, CONNECTING)
    head = (f"| command or query | needs | {' | '.join(WHO)} |", f"| --- | --- |{' --- |' * len(WHO)}")
    return "\n".join((*head, *sorted(lines, key=lambda line: line.split("`")[1])))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def rows(world: World, requests: Sequence[Request]) -> list[str]:
    """A line for each command or query."""
    things = furnished(world)
    asked = principals(world, things)
    below = evolve(things, group=things.team)
    lines = []
    for row in requests:
        cells = [
            outcome(world, row.make(below if who == "group's administrator" else things, world), by)
            for who, by in asked.items()
        ]
        needs = f"`{row.scope}`" if ":" in row.scope else row.scope
        lines.append(f"| `{row.name}` | {needs} | {' | '.join(cells)} |")
    return lines


def shown() -> dict[str, dict[str, str]]:
    """The page's cells."""
    found = re.findall(r"^\| `(\w+)` \| [^|]* \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: dict(zip(WHO, cells.split(" | "), strict=True)) for name, cells in found}


def test_exactly_the_cells_of_the_page_are_allowed(tmp_path: Path) -> None:
    """Every one is tried. If this fails, draw the page anew and read what has changed."""
    assert drawn(tmp_path) == PAGE.read_text(encoding="utf-8").split(OPENING)[1].split(END)[0].strip()


def test_the_page_has_every_command_and_query() -> None:
    """A new one without a row fails here."""
    assert set(shown()) == {kind.__name__ for kind in (*commands(), *queries())}


ONESELF = {"ChangePassword"}
OPERATORS_ALONE = {type(one).__name__ for one in OPERATORS}


@pytest.mark.parametrize("who", ["operator", *OUTSIDE])
def test_who_is_not_of_the_organisation_may_nothing_of_it(who: str) -> None:
    """And finds nothing; what is the operator's alone is the operator's."""
    for name, cells in shown().items():
        if name in OPERATORS_ALONE:
            assert (cells[who] == "forbidden") == (who != "operator"), name
        elif name not in ONESELF:
            assert cells[who] == "not found", name


@pytest.mark.parametrize("who", ["administrator", "group's administrator", "user", "customer user", "client"])
def test_what_is_the_operators_is_nobody_elses(who: str) -> None:
    """Whatever rights somebody has in an organisation."""
    for name in OPERATORS_ALONE:
        assert shown()[name][who] == "forbidden", name


def test_the_administrator_may_everything_of_the_organisation() -> None:
    """Without an exception."""
    for name, cells in shown().items():
        assert cells["administrator"].startswith("forbidden" if name in OPERATORS_ALONE else "yes"), name


def test_a_user_without_rights_may_nothing_but_ask_what_it_may() -> None:
    """It is told which right is missing where it sees the thing, and elsewhere that there is none."""
    for name, cells in shown().items():
        assert (cells["user"] == "yes") == (name in {"GetVisible", *ONESELF}), name


@pytest.mark.spec("P-02")
def test_a_customer_user_may_what_is_for_customers() -> None:
    """Reading and writing in the portal, and nothing that the staff does."""
    theirs = {name for name, cells in shown().items() if cells["customer user"] == "yes"} - ONESELF
    assert {"GetOrder", "ListOrders"} <= theirs
    assert not {name for name in theirs if name.startswith(("Remove", "Change", "Set", "Grant", "Revoke"))}


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        before, rest = PAGE.read_text(encoding="utf-8").split(OPENING)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{OPENING}\n\n{drawn(Path(made))}\n\n{END}{after}", encoding="utf-8")
