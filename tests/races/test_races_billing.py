"""Many processes close the same months at once, on both databases: numbers have no gap, and statements equal the log.

The short profile runs with all other tests. ``nox -s races`` sets ``SERVICEKIT_RACES=long``: 12 processes, 24 months.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

import billers
import children
import processes
from bills import ADDRESS, SELLER, address, log, price
from servicekit import Instant, Kit, Principal
from servicekit.adapters.storage import storage_of
from servicekit.billing import CloseMonth, SetBillingAddress, SetSeller, following
from servicekit.groups import FoundOrganisation
from servicekit.ids import GroupId
from servicekit.testing.clock import ManualClock
from town import NOON, OPERATOR, founded

LONG = os.environ.get("SERVICEKIT_RACES") == "long"
PROCESSES, MONTHS, ORGANISATIONS = (12, 24, 6) if LONG else (4, 3, 3)
LATER = Instant.parse("2030-01-01T00:00:00Z")


def planted(url: str) -> tuple[GroupId, ...]:
    """Organisations that pay for themselves."""
    roots = []
    with Kit.open(url, clock=ManualClock(NOON), migrate=False) as kit:
        kit.perform(SetSeller(seller=SELLER), by=OPERATOR)
        price(kit)
        for number in range(ORGANISATIONS):
            made = kit.perform(
                FoundOrganisation(name=f"Town {number}", zone="Europe/Stockholm", admin=f"a{number}@ett.se"),
                by=OPERATOR,
            )
            anna = Principal.of(made.admin.id)
            kit.perform(SetBillingAddress(group=made.root.id, address=ADDRESS), by=anna)
            roots.append(made.root.id)
    return tuple(roots)


@pytest.mark.spec("M-35")
def test_closing_at_once_leaves_no_gap_and_loses_nothing(database_url: str) -> None:
    """Every process is told the same numbers for a month; one closing more, and all statements say what the log says."""
    roots = planted(database_url)
    months = ["2026-01"]
    while len(months) < MONTHS:
        months.append(following(months[-1]))
    together = processes.barrier(PROCESSES)
    told = processes.race(billers.close_all, database_url, roots, months, LATER, together, count=PROCESSES)

    assert [sorted(one) for one in told] == [sorted(told[0])] * PROCESSES
    with Kit.open(database_url, migrate=False) as kit:
        for root in roots:
            kit.perform(CloseMonth(organisation=root, month=following(months[-1])), by=OPERATOR, at=LATER)
    with closing(storage_of(database_url)) as storage, storage.read() as store:
        statements = sorted(store.statements.where(), key=lambda one: one.number)
        logged, billed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for text in store.messages.where():
            logged[text.group, f"{text.made_at.utc:%Y-%m}"] += text.segments
        for one in statements:
            for line in one.lines:
                billed[line.group, f"{line.since:%Y-%m}"] += line.quantity
        assert len(store.closings.where()) == len(roots) * (MONTHS + 1)
    assert [one.number for one in statements] == list(range(1, len(statements) + 1))
    assert len(statements) >= len(told[0])
    late = {key: count for key, count in logged.items() if key[1] in months[-12:] and count}
    assert {key: count for key, count in billed.items() if key[1] in months[-12:] and count} == late


def test_a_process_that_dies_while_closing_leaves_a_whole_month_or_none(tmp_path: Path) -> None:
    """Killed before the commit: nothing is closed and no number is used. Killed after it: number, statement and closing stay."""
    path = tmp_path / "town.db"
    asked = []
    with Kit.open(f"sqlite:////{path}", clock=ManualClock(NOON)) as kit:
        kit.perform(SetSeller(seller=SELLER), by=OPERATOR)
        price(kit)
        it = founded(kit, ManualClock(NOON))
        address(it)
        for month in ("2026-10", "2026-11"):
            log(it, it.root, f"{month}-10T12:00:00Z")
            asked.append(CloseMonth(organisation=it.root.id, month=month))

    def stored() -> tuple[list[int], int]:
        with closing(storage_of(f"sqlite:////{path}")) as storage, storage.read() as store:
            return sorted(one.number for one in store.statements.where()), len(store.closings.where())

    def dies(command: CloseMonth, step: int) -> None:
        assert processes.run(children.perform_or_die, str(path), command, OPERATOR, LATER, step) == -signal.SIGKILL

    dies(asked[0], 1)
    assert stored() == ([], 0)
    dies(asked[0], 2)
    assert stored() == ([1], 1)
    dies(asked[1], 1)
    assert stored() == ([1], 1)
    dies(asked[1], 2)
    assert stored() == ([1, 2], 2)
