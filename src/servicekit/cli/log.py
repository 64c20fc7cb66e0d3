"""``servicekit log``: the log as a file, and texts that are kept no longer.

Rules kept here: a file is there as a whole or not at all. What is written stands in a file of another name beside it, which
takes its name at the end, and is removed where anything stops the export before: an error, Ctrl-C, ``SIGTERM``. Nobody but
its owner can read the file: there are telephone numbers in it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from servicekit.cli.kits import kit_of
from servicekit.commands import Principal
from servicekit.errors import Refused
from servicekit.ids import GroupId, UserId
from servicekit.messages import BlankTexts, Direction, LogColumn, SearchLog
from servicekit.moments import Instant

__all__ = ["log", "replacing"]

_FORMS = ("csv", "tsv", "xlsx")


@click.group()
def log() -> None:
    """The log of messages."""


@log.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
@click.option("--by", required=True, help="Who asks: the id of a user who may read that log.")
@click.option("--group", required=True, help="The id of a group; what is below it comes along.")
@click.option("--exactly", is_flag=True, help="Without what is below.")
@click.option("--since", default="", help="From this date or ISO 8601 time on.")
@click.option("--until", default="", help="Before this date or ISO 8601 time.")
@click.option("--zone", default="UTC", show_default=True, help="Whose midnight a bare date is.")
@click.option("--email", help="Of this user.")
@click.option("--number", help="To or from this number.")
@click.option("--direction", type=click.Choice([one.value for one in Direction]))
@click.option("--status", help="As the log shows it.")
@click.option("--order", type=click.Choice([one.value for one in LogColumn]), default="made_at", show_default=True)
@click.option("--descending/--ascending", default=False, show_default=True)
@click.option("--texts", is_flag=True, help="With the words of the messages.")
def export(
    *,
    file: Path,
    app: str,
    by: str,
    group: str,
    exactly: bool,
    since: str,
    until: str,
    zone: str,
    email: str | None,
    number: str | None,
    direction: str | None,
    status: str | None,
    order: str,
    descending: bool,
    texts: bool,
) -> None:
    """Write the log to FILE, whose ending says as what: .csv, .tsv or .xlsx. It can be stopped; then there is no FILE."""
    form = file.suffix.removeprefix(".").lower()
    if form not in _FORMS:
        raise click.UsageError(f"The name of the file ends in one of {', '.join(f'.{one}' for one in _FORMS)}.")
    try:
        query = SearchLog(
            group=GroupId(group),
            exactly=GroupId(group) if exactly else None,
            since=_instant(since, zone),
            until=_instant(until, zone),
            email=email,
            number=number,
            direction=Direction(direction) if direction else None,
            status=status,
            order=LogColumn(order),
            descending=descending,
        )
        with _stoppable(), kit_of(app) as kit, _bar() as progress, replacing(file) as to:
            rows = kit.export_log(query, to, form=form, texts=texts, progress=progress, by=Principal.of(UserId(by)))
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"{rows} rows in {file}")


@log.command()
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
def blank(*, app: str) -> None:
    """Blank the words that their groups keep no longer; for every night."""
    texts = letters = digests = 0
    with kit_of(app) as kit:
        while True:
            done = kit.perform(BlankTexts(), by=Principal.operator("servicekit log blank"))
            texts, letters, digests = texts + done.texts, letters + done.letters, digests + done.digests
            if not done.more:
                break
    click.echo(f"{texts} texts and {letters} mails blanked, {digests} marks of the loop guard forgotten")


def _instant(text: str, zone: str) -> Instant | None:
    if not text:
        return None
    if "T" not in text and " " not in text:
        try:
            return Instant.at_wall(datetime.fromisoformat(text), zone, repeated="first")
        except ValueError as error:
            raise click.UsageError(f"{text} is no date: write it like 2026-11-25.") from error
    return Instant.parse(text)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends what is done here as Ctrl-C does: whoever has begun something hears of it."""

    def stop(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` once it is whole, and is gone if it never gets there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Progress:
    """How far it is, on a bar."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("Log"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.task = self.bar.add_task("log", total=None)

    def __call__(self, done: int, total: int) -> None:
        self.bar.update(self.task, completed=done, total=total)


@contextmanager
def _bar() -> Iterator[_Progress]:
    progress = _Progress()
    with progress.bar:
        yield progress
