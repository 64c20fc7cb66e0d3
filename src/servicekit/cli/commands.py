"""The subcommands: thin, each prints what a function elsewhere gives."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import closing

import click

from servicekit.adapters.storage import storage_of
from servicekit.cli.activity import activity
from servicekit.cli.kits import kit_of as _kit
from servicekit.cli.log import log
from servicekit.errors import ConfigurationError, StorageError

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
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
@click.option("--remove-strays", is_flag=True, help="End what carries a marker of ours and belongs to nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def reconcile(*, app: str, remove_strays: bool, as_json: bool) -> None:
    """Compare keys and meetings with what vendors list; a relay mends what differs. Exit 1 if anything is left to do."""
    from servicekit.codec import dumps

    with _kit(app) as kit:
        report = kit.reconcile(remove_strays=remove_strays)
    if as_json:
        click.echo(dumps(report))
    else:
        for one in report.findings:
            said = f" ({one.detail})" if one.detail else ""
            click.echo(f"{one.vendor} {one.place}: {one.difference} {one.marker} {one.vendor_id}: {one.outcome}{said}")
        for trouble in report.troubles:
            click.echo(f"{trouble.vendor} {trouble.place}: not compared: {trouble.why}")
        for place in report.unlisted:
            click.echo(f"{place.vendor} {place.place}: passed over, since it lists nothing")
        click.echo(f"{report.listed} listed, {len(report.findings)} differ" + (", more to come" if report.more else ""))
    sys.exit(0 if report.even else 1)


@servicekit.command()
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind; keep it from the internet.")
@click.option("--port", default=8024, show_default=True, help="0: any free one.")
@click.option("--socket", "path", default="", help="A Unix socket instead of host and port.")
@click.option("--lmtp/--smtp", default=True, show_default=True, help="What is spoken.")
@click.option("--xforward", is_flag=True, help="Believe whom the server in front says that a mail is from.")
@click.option(
    "--tls-cert", default="", help="PEM file of a certificate and its chain; with --tls-key STARTTLS is demanded."
)
@click.option("--tls-key", default="", help="PEM file of its key.")
@click.option("--most-bytes", default=10_000_000, show_default=True, help="Of one mail.")
def gateway(
    *,
    app: str,
    host: str,
    port: int,
    path: str,
    lmtp: bool,
    xforward: bool,
    tls_cert: str,
    tls_key: str,
    most_bytes: int,
) -> None:
    """Take in mail for the gateway's domain, behind a mail server, until stopped. A relay sends the texts."""
    from servicekit.adapters.mail.listener import Listener, tls_of

    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key belong together.")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _kit(app) as kit:
        if not kit.takes_mail:
            raise ConfigurationError(
                "This kit takes no mail: Kit.open(..., gateway_domain=..., senders=...) is needed."
            )
        listener = Listener(
            lambda envelope, raw: kit.receive("mail", envelope, raw),
            domain=kit.gateway_domain,
            judge=kit.hopeless,
            judge_waits=False,
            host=host,
            port=port,
            path=path,
            lmtp=lmtp,
            most_bytes=most_bytes,
            tls=tls_of(tls_cert, tls_key) if tls_cert else None,
            xforward=xforward,
        )
        with listener:
            click.echo(f"Takes mail for {kit.gateway_domain} at {path or f'{host}:{listener.port}'}")
            stop.wait()


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


@servicekit.group()
def invoices() -> None:
    """What the platform's operator asks for sent texts and for addresses that may receive."""


@invoices.command("close")
@click.option("--app", required=True, help="Where the kit is: package.module:kit.")
@click.option("--month", required=True, help="Such as 2026-10; it has to be over.")
@click.option(
    "--organisation", "organisations", multiple=True, help="Only this one; may be repeated. All, unless said."
)
@click.option("--dry-run", is_flag=True, help="Say what would be invoiced, and change nothing.")
@click.option("--pdf", default="", help="A folder for a PDF of each statement.")
@click.option("--language", default="sv", show_default=True, type=click.Choice(["sv", "en"]), help="Of the PDFs.")
@click.option("--json", "as_json", is_flag=True, help="Print the statements as JSON.")
def close_month(
    *, app: str, month: str, organisations: tuple[str, ...], dry_run: bool, pdf: str, language: str, as_json: bool
) -> None:
    """Close a month: number its statements, which never change from then on. Can be repeated. Exit 1 if one is refused."""
    from servicekit.cli.invoices import close

    with _kit(app) as kit:
        sys.exit(close(kit, month, organisations, pdf, language, dry=dry_run, json=as_json))


servicekit.add_command(activity)
servicekit.add_command(log)
