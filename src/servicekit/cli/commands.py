"""The subcommands: thin, each prints what a function elsewhere gives."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from contextlib import closing

import click

from servicekit.errors import ConfigurationError, StorageError
from servicekit.kit import Kit, storage_of

__all__ = ["servicekit"]


@click.group()
@click.version_option(package_name="servicekit-sdk")
def servicekit() -> None:
    """Bookings with door keys and online meetings, mails that become texts, a customer portal."""


@servicekit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--kill-relay", is_flag=True, help="Kill the relay (SIGKILL) again and again while the demo runs.")
def demo(*, as_json: bool, kill_relay: bool) -> None:
    """Play everything once, over real sockets, against simulators; exit 0 only if every expectation held."""
    from servicekit.cli.demo import play

    sys.exit(play(as_json=as_json, kill_relay=kill_relay))


@servicekit.command()
@click.argument("text", required=False)
def segments(text: str | None) -> None:
    """Say what TEXT (or standard input) costs as SMS: encoding, parts, what forces UCS-2 and what transliterating saves."""
    from servicekit.sms.explanation import explain

    said = sys.stdin.read().removesuffix("\n") if text is None else text
    for line in explain(said).lines():
        click.echo(line)


@servicekit.command()
@click.argument("app")
def relay(app: str) -> None:
    """Deliver what is due, until stopped. APP is where the kit is: ``package.module:kit``."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _kit(app) as kit:
        kit.relay().run(stop)


@servicekit.command()
@click.option("--url", required=True, help="The database, as for Kit.open: sqlite:///salon.db, postgresql://...")
@click.option("--print-sql", is_flag=True, help="Print the SQL for that kind of database and touch nothing.")
@click.option("--after", default=0, show_default=True, help="With --print-sql: only migrations after this number.")
def migrate(*, url: str, print_sql: bool, after: int) -> None:
    """Bring a database up to date, whoever else may be doing the same; or print how, for Django's or Alembic's migrations."""
    from servicekit.adapters.storage.dialect import POSTGRES, SQLITE
    from servicekit.adapters.storage.migrating import migrations, script

    try:
        with closing(storage_of(url)) as storage:
            dialect = SQLITE if url.startswith("sqlite:") else POSTGRES
            if print_sql:
                click.echo(script(dialect.spelling, after=after), nl=False)
                return
            storage.migrate()
    except (ConfigurationError, StorageError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The database is up to date: migration {migrations(dialect.spelling)[-1].number}.")


def _kit(app: str) -> Kit:
    module, _, name = app.partition(":")
    sys.path.insert(0, "")
    found = getattr(importlib.import_module(module), name or "kit", None)
    if not isinstance(found, Kit):
        raise ConfigurationError(f"{app} is no Kit: write package.module:name, where name = Kit.open(...).")
    return found
