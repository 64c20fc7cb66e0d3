"""``servicekit activity``: the customers' activity logs, verified; for every night.

Rules kept here: where a log ends is kept in a file outside of the database, and the next check begins from there, so that a log
that was written anew as a whole is found as well. The file is changed only where every log is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from servicekit import Kit
from servicekit.cli.kits import kit_of
from servicekit.cli.log import replacing
from servicekit.commands import Principal
from servicekit.errors import Refused
from servicekit.ids import CustomerId, GroupId, UserId
from servicekit.portal import ActivityHead, ListCustomers, VerifyActivity

__all__ = ["activity"]


@click.group()
def activity() -> None:
    """Who did what for which customer."""


@activity.command()
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
@click.option("--by", required=True, help="Who asks: the id of a user who may read customers and their activity.")
@click.option("--organisation", required=True, help="The id of its root group.")
@click.option(
    "--heads",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file that keeps where each log ended; best on another machine.",
)
def verify(*, app: str, by: str, organisation: str, heads: Path | None) -> None:
    """Check that every customer's log is as it was written. Exit 1 if one is not; which, and from which entry on, is printed."""
    known = _kept(heads) if heads is not None else {}
    try:
        with kit_of(app) as kit:
            whole, broken = _verified(kit, GroupId(organisation), Principal.of(UserId(by)), known)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    for line in broken:
        click.echo(line)
    click.echo(f"{len(whole)} logs are whole, {len(broken)} are not")
    if broken:
        raise SystemExit(1)
    if heads is not None:
        with replacing(heads) as to:
            to.write("".join(f"{head.customer} {head.number} {head.digest}\n" for head in whole).encode("ascii"))


def _verified(
    kit: Kit, organisation: GroupId, by: Principal, known: Mapping[str, ActivityHead]
) -> tuple[list[ActivityHead], list[str]]:
    """Where the whole logs end, and what is to be said of the others."""
    whole: list[ActivityHead] = []
    customers = kit.ask(ListCustomers(organisation), by=by)
    broken = [f"{customer}: the customer is gone" for customer in sorted(known.keys() - {one.id for one in customers})]
    for customer in customers:
        verdict = kit.ask(VerifyActivity(customer=customer.id, known=known.get(customer.id)), by=by)
        if verdict.broken is not None:
            broken.append(f"{customer.id} ({customer.name}): {verdict.broken.why}, at {verdict.broken.number}")
        elif verdict.head is not None:
            whole.append(verdict.head)
    return whole, broken


def _kept(file: Path) -> dict[str, ActivityHead]:
    """The heads of the time before; none where there is no file yet."""
    if not file.exists():
        return {}
    found = {}
    for line in file.read_text("ascii").splitlines():
        try:
            customer, number, digest = line.split(" ")
            found[customer] = ActivityHead(customer=CustomerId(customer), number=int(number), digest=digest)
        except ValueError as error:
            raise click.UsageError(f"{file} holds no heads of logs: {line[:80]!r} is none.") from error
    return found
