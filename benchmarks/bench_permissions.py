"""Permissions: a check beside Cedar and Casbin on the same question, and a filtered list beside a WHERE written by hand.

``python -m benchmarks permissions`` takes a minute or two, most of it for writing 10^6 orders into each database.

The question: may this user write bookings in this group, four levels below the root? All answer it from the same 126 rights:
18 users, each with 7 resources at one of 18 groups. Cedar has policies and entities parsed before; Casbin has the groups as a
role tree; servicekit has the grants of the user who asks, as the storage gives them by an index, and in another row the time
that it takes to make those ready, once for each transaction. The list: the newest 50 of one customer's orders, at two of its
facilities or at none, out of 10^6.
"""

# ruff: noqa: S608, SLF001, PLR2004 - statements of the benchmark itself, compared beneath the port

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks._measure import per_second, race, table

from servicekit.adapters.storage import storage_of
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Grant, Held, OfCustomer, Place, sql_where

NOW = Instant(1_800_000_000_000_000)
RESOURCES = ("log", "users", "groups", "templates", "clients", "orders", "bookings")
GROUPS = [GroupId(f"grp_{number}") for number in range(18)]
ASKER = 3  # whose group lies above the thing's
PATH = tuple(GROUPS[number] for number in (17, 12, 7, ASKER, 0))
RIGHTS = [(f"usr_{number}", GROUPS[number], resource) for number in range(18) for resource in RESOURCES]
ORDERS, CUSTOMERS, FACILITIES = 1_000_000, 1000, 5


def main() -> None:
    """Print the tables."""
    rows = _checks()
    for name in ("SQLite", "PostgreSQL"):
        with TemporaryDirectory() as folder, _database(name, Path(folder)) as url:
            rows += _lists(name, url)
    print()
    print(table(["ratio", "reached", "goal", ""], rows))


def _row(what: str, reached: float, goal: float, *, most: bool = False) -> list[str]:
    held = reached <= goal if most else reached >= goal
    return [what, f"{reached:.3g}", f"{'at most' if most else 'at least'} {goal:g}", "" if held else "missed"]


# Checks


def _checks() -> list[list[str]]:
    grants = [
        Grant(
            id=GrantId(f"gnt_{resource}"),
            organisation=GROUPS[0],
            principal=user,
            scopes=(f"{resource}:write",),
            group=group,
        )
        for user, group, resource in RIGHTS
        if user == f"usr_{ASKER}"
    ]
    held, place = Held(grants), Place(PATH)
    runners: dict[str, Callable[[], object]] = {
        "servicekit, explained": partial(held.check, "bookings:write", place, NOW),
        "servicekit": partial(held.allows, "bookings:write", place, NOW),
        "servicekit, made ready": lambda: Held(grants).check("bookings:write", place, NOW),
        **_cedar(),
        **_casbin(),
    }
    assert all(bool(run()) for run in runners.values())
    found = race(runners)
    print(table(["checks", "a second"], [[name, per_second(took)] for name, took in found.items()]))
    goals = (
        ("servicekit, explained", "cedarpy", 25),
        ("servicekit, explained", "pycasbin", 200),
        ("servicekit", "cedarpy", 45),
    )
    return [_row(f"{ours} / {peer}", found[peer] / found[ours], goal) for ours, peer, goal in goals if peer in found]


def _cedar() -> dict[str, Callable[[], object]]:
    try:
        import cedarpy
    except ImportError:
        print("(cedarpy is not installed)")
        return {}
    policies = cedarpy.PolicySet.from_str(
        "\n".join(
            f'permit(principal == User::"{user}", action == Action::"{resource}:write", resource in Group::"{group}");'
            for user, group, resource in RIGHTS
        )
    )
    parents = dict(itertools.pairwise(PATH))
    entities = cedarpy.Entities.from_json_str(
        json.dumps(
            [
                {
                    "uid": {"type": "Group", "id": group},
                    "attrs": {},
                    "parents": [{"type": "Group", "id": parents[group]}] if group in parents else [],
                }
                for group in GROUPS
            ]
        )
    )
    request = {
        "principal": f'User::"usr_{ASKER}"',
        "action": 'Action::"bookings:write"',
        "resource": f'Group::"{PATH[0]}"',
        "context": {},
    }
    return {"cedarpy": lambda: cedarpy.is_authorized(request, policies, entities).allowed}


def _casbin() -> dict[str, Callable[[], object]]:
    try:
        import casbin
    except ImportError:
        print("(pycasbin is not installed)")
        return {}
    model = casbin.Model()
    model.load_model_from_text(
        "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n[role_definition]\ng = _, _\n"
        "[policy_effect]\ne = some(where (p.eft == allow))\n"
        "[matchers]\nm = r.sub == p.sub && r.act == p.act && g(r.obj, p.obj)"
    )
    enforcer = casbin.Enforcer(model)
    enforcer.add_policies([[user, group, f"{resource}:write"] for user, group, resource in RIGHTS])
    enforcer.add_grouping_policies([list(pair) for pair in itertools.pairwise(PATH)])
    return {"pycasbin": lambda: enforcer.enforce(f"usr_{ASKER}", PATH[0], "bookings:write")}


# Lists

_COLUMNS = '"id", "organisation", "customer", "facility", "title", "made_at", "reference"'
_NEWEST = "ORDER BY made_at DESC, id DESC LIMIT 50"
_BY_HAND = (
    f"SELECT {_COLUMNS} FROM orders WHERE organisation = ? AND customer = ?"
    f" AND (facility IN (?, ?) OR facility IS NULL) {_NEWEST}"
)


def _lists(name: str, url: str) -> list[list[str]]:
    storage = storage_of(url)
    storage.migrate()
    visible = [
        OfCustomer(
            organisation=GROUPS[0],
            customer=CustomerId(f"cus_{number}"),
            facilities=(FacilityId(f"fac_{number}_1"), FacilityId(f"fac_{number}_3")),
            unassigned=True,
        )
        for number in range(CUSTOMERS)
    ]
    with storage.write() as store:
        _fill(store, name)
    with storage.read() as store:
        run: Any = store._execute  # type: ignore[attr-defined]

        def by_hand(number: int) -> Any:
            customer, facility = f"cus_{number}", f"fac_{number}"
            return run(_BY_HAND, [str(GROUPS[0]), customer, f"{facility}_1", f"{facility}_3"]).fetchall()

        def filtered(number: int) -> Any:
            where, values = sql_where(visible[number])
            return run(f"SELECT {_COLUMNS} FROM orders WHERE {where} {_NEWEST}", values).fetchall()

        assert all(by_hand(number) == filtered(number) and len(by_hand(number)) == 50 for number in range(20))
        # Many short turns: on a busy machine some of them are undisturbed, and the statements are nearly the same.
        found = race({"by hand": _in_turn(by_hand), "filter": _in_turn(filtered)}, rounds=800, seconds=0.004)
    storage.close()
    print(f"\n{name}: 50 of {ORDERS:,} orders")
    print(table(["", "a second"], [[way, per_second(took)] for way, took in found.items()]))
    return [_row(f"{name}: a list through the filter / by hand", found["filter"] / found["by hand"], 1.2, most=True)]


def _in_turn(listed: Callable[[int], object]) -> Callable[[], object]:
    """Of one customer after the other, so that nothing is known from the last time."""
    numbers = count()
    return lambda: listed(next(numbers) % CUSTOMERS)


def _fill(store: Any, name: str) -> None:
    numbers = (
        f"WITH RECURSIVE count (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < {ORDERS - 1})"
        if name == "SQLite"
        else f"WITH count (n) AS (SELECT generate_series(0, {ORDERS - 1}))"
    )
    root = GROUPS[0]
    run = store._execute
    run("INSERT INTO groups (id, organisation, name, zone, settings) VALUES (?, ?, 'Root', 'UTC', '{}')", [root, root])
    tables = {"customers": CUSTOMERS, "facilities": CUSTOMERS * FACILITIES}
    for table_name, many in tables.items():
        whose = ", customer" if table_name == "facilities" else ""
        values = (
            f"'fac_' || (n / {FACILITIES}) || '_' || ({_rest('n', FACILITIES)}), '{root}', 'N', 'cus_' || (n / {FACILITIES})"
            if whose
            else f"'cus_' || n, '{root}', 'N'"
        )
        run(
            f"INSERT INTO {table_name} (id, organisation, name{whose}) {numbers} SELECT {values} FROM count WHERE n < {many}",
            [],
        )
    customer, spot = _rest("n", CUSTOMERS), _rest(f"(n / {CUSTOMERS})", FACILITIES + 1)
    place = f"'fac_' || ({customer}) || '_' || ({spot})"
    run(
        f"INSERT INTO orders ({_COLUMNS}) {numbers} SELECT 'ord_' || n, '{root}', 'cus_' || ({customer}),"
        f" CASE WHEN {spot} = {FACILITIES} THEN NULL ELSE {place} END, 'Order', n, '' FROM count",
        [],
    )
    run("ANALYZE", [])


def _rest(number: str, of: int) -> str:
    """What is left of a whole number: psycopg would take the sign for it for a placeholder."""
    return f"({number} - {number} / {of} * {of})"


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    if name == "SQLite":
        yield f"sqlite:////{folder}/orders.db?synchronous=normal"
        return
    sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the server of the tests
    from postgres_server import drop_template, fresh, served

    with ExitStack() as stack:
        server = stack.enter_context(served(folder))
        stack.callback(drop_template, server)
        yield stack.enter_context(fresh(server))


if __name__ == "__main__":
    main()
