"""``servicekit invoices``: months closed from a shell, one organisation after the other.

Rules kept here: an organisation that is refused is named, and the others are closed all the same; a PDF is written after its
statement is stored, and running the command again writes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from servicekit.billing import CloseMonth, Draft, DraftStatements, ListInvoiced, Statement, check_month
from servicekit.commands import Principal
from servicekit.errors import Invalid, Refused
from servicekit.ids import GroupId
from servicekit.kit import Kit

__all__ = ["close"]

_OPERATOR = Principal.operator("servicekit invoices")


def close(kit: Kit, month: str, organisations: Sequence[str], pdf: str, language: str, *, dry: bool, json: bool) -> int:
    """Close a month of the organisations that are named, or of all; or say what that would make.

    Returns:
        What the process exits with: 1 if anything was refused.
    """
    try:
        check_month(month)
        wanted = set(map(GroupId, organisations))
    except Invalid as error:
        raise click.UsageError(str(error)) from error
    known = kit.ask(ListInvoiced(), by=_OPERATOR)
    missing = wanted - {one.organisation for one in known}
    for key in sorted(missing):
        click.echo(f"{key}: there is no such organisation, or it is not invoiced", err=True)
    made: list[Draft] = []
    refused = len(missing)
    for one in known:
        if wanted and one.organisation not in wanted:
            continue
        try:
            if dry:
                made += kit.ask(DraftStatements(organisation=one.organisation, month=month), by=_OPERATOR)
            else:
                made += kit.perform(CloseMonth(organisation=one.organisation, month=month), by=_OPERATOR)
        except Refused as error:
            click.echo(f"{one.name}: {error}", err=True)
            refused += 1
    _say(made, json=json)
    if pdf:
        _write(made, Path(pdf), language)
    return 1 if refused else 0


def _say(made: Sequence[Draft], *, json: bool) -> None:
    if json:
        from servicekit.codec import dumps

        click.echo(dumps(made))
        return
    for one in made:
        click.echo(f"{_name(one)}  {one.payer_name}  {one.month}  {one.total.amount} {one.total.currency}")


def _write(made: Sequence[Draft], folder: Path, language: str) -> None:
    from servicekit.adapters.billing.pdf import statement_pdf

    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        path = folder / f"{_name(one)}.pdf"
        path.write_bytes(statement_pdf(one, language=language))
        click.echo(f"{path} written", err=True)


def _name(one: Draft) -> str:
    """The number; a draft has none, but its payer, month and currency make it one of a kind."""
    return f"{one.number}" if isinstance(one, Statement) else f"draft-{one.month}-{one.payer}-{one.currency}"
