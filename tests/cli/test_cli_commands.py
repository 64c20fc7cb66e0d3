"""The command ``servicekit``: help, version, a relay over an application's kit, and what is said when something is missing."""

from __future__ import annotations

import os
import signal
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from servicekit import Kit
from servicekit.errors import StorageError

APP = """
from servicekit import Kit
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.testing.simulators import FortySixElksSimulator, transport

carrier = FortySixElksSimulator()
kit = Kit.open("sqlite:///kit.db", texts=FortySixElks(carrier.api_user, carrier.api_password), transport=transport(carrier))
"""
SETUP = """
from app import kit
from servicekit import Principal
from servicekit.groups import FoundOrganisation, Settings
from servicekit.messages import SendText

new = FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=Settings(sender_name="Salon"))
anna = kit.perform(new, by=Principal.operator("test")).admin.id
kit.perform(SendText(user=anna, to="+46701740605", text="Hej"), by=Principal.of(anna))
"""


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "servicekit.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_help_names_every_command() -> None:
    """Bare and with --help it says what there is."""
    done = _run("--help")
    assert done.returncode == 0
    assert {"demo", "gateway", "invoices", "migrate", "reconcile", "relay"} <= set(done.stdout.split())


def test_version_is_the_distribution_s() -> None:
    """--version tells the installed one."""
    assert version("servicekit-sdk") in _run("--version").stdout


def test_segments_says_what_a_text_costs() -> None:
    """A curly quote makes three parts of two, and the command says which character it is."""
    text = "x" * 300 + "\u2019"
    said = _run("segments", text).stdout
    assert "U+2019" in said
    assert "ucs-2" in said.lower()


def test_segments_reads_standard_input() -> None:
    """Without an argument the text comes from a pipe; the line break that echo adds is not part of it."""
    command = [sys.executable, "-m", "servicekit.cli", "segments"]
    piped = subprocess.run(command, input="Hej\n", capture_output=True, text=True, timeout=60, check=True).stdout
    assert piped == _run("segments", "Hej").stdout


def test_relay_delivers_until_it_is_stopped(tmp_path: Path) -> None:
    """It takes the application's kit, hands the waiting text over, and ends in order on SIGTERM."""
    (tmp_path / "app.py").write_text(APP)
    subprocess.run([sys.executable, "-c", SETUP], cwd=tmp_path, check=True, timeout=60)
    relay = subprocess.Popen([sys.executable, "-m", "servicekit.cli", "relay", "app:kit"], cwd=tmp_path)
    try:
        ends = time.monotonic() + 30
        while _states(tmp_path) != ["done"] and time.monotonic() < ends:
            time.sleep(0.05)
        assert _states(tmp_path) == ["done"]
    finally:
        relay.send_signal(signal.SIGTERM)
    assert relay.wait(10) == 0


def _states(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "kit.db")
    try:
        return [state for (state,) in connection.execute("SELECT state FROM effects")]
    finally:
        connection.close()


def test_migrate_brings_a_database_up_to_date(database_url: str, tmp_path: Path) -> None:
    """A new file, or what is up to date already; it says at which migration the database is now."""
    for url in (f"sqlite:///{tmp_path}/new.db", database_url):
        done = _run("migrate", "--url", url)
        assert (done.returncode, done.stderr) == (0, "")
        assert "up to date: migration " in done.stdout
        Kit.open(url, migrate=False).close()


def test_migrate_prints_sql_and_touches_nothing(tmp_path: Path) -> None:
    """In the spelling of the database that the URL is of; what is printed makes a database that is up to date."""
    path = tmp_path / "salon.db"
    printed = _run("migrate", "--url", f"sqlite:///{path}", "--print-sql").stdout
    assert not path.exists()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(printed)
    Kit.open(f"sqlite:///{path}", migrate=False).close()

    other = _run("migrate", "--url", "postgresql://nobody@127.0.0.1:1/salon", "--print-sql").stdout
    assert ("raw BLOB" in printed, "raw BYTEA" in printed) == (True, False)
    assert ("raw BLOB" in other, "raw BYTEA" in other) == (False, True)
    assert _run("migrate", "--url", "sqlite:///x.db", "--print-sql", "--after", "9999").stdout.strip() == ""


def test_printed_sql_makes_a_postgresql_database(empty_postgres: str) -> None:
    """Also there, as it is."""
    printed = _run("migrate", "--url", empty_postgres, "--print-sql").stdout
    with pytest.raises(StorageError, match="run servicekit migrate") as caught:
        Kit.open(empty_postgres, migrate=False)
    assert caught.value.code == "schema_too_old"
    with psycopg.connect(empty_postgres) as connection:
        connection.execute(printed.encode())
    Kit.open(empty_postgres, migrate=False).close()


def test_migrate_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    """An unknown kind of database, a folder that is not there: no traceback."""
    for url, told in (("papyrus:///salon", "is no storage"), (f"sqlite:///{tmp_path}/no/salon.db", "cannot be opened")):
        done = _run("migrate", "--url", url)
        assert done.returncode == 1
        assert told in done.stderr
        assert "Traceback" not in done.stderr


GATEWAY = """
from servicekit import Kit
from servicekit.mail import TrustedResults

kit = Kit.open("sqlite:///kit.db", gateway_domain="sms.example", senders=TrustedResults("mx.sms.example"))
"""
MAIL = (
    b"Authentication-Results: mx.sms.example; dmarc=pass header.from=salon.example\r\n"
    b"From: anna@salon.example\r\nSubject: Hej\r\n\r\nVi ses!\r\n"
)


@contextmanager
def _gateway(folder: Path, *options: str) -> Iterator[str]:
    """The gateway as a process of its own; where it listens. It is stopped by SIGTERM, in order."""
    (folder / "app.py").write_text(GATEWAY)
    subprocess.run(
        [sys.executable, "-c", SETUP.split("anna =", maxsplit=1)[0] + FOUND], cwd=folder, check=True, timeout=60
    )
    command = [sys.executable, "-m", "servicekit.cli", "gateway", "--app", "app:kit", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip().removeprefix("Takes mail for sms.example at ")
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


FOUND = "kit.perform(new, by=Principal.operator('test'))\n"


def _texts(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "kit.db")) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM messages")]


def test_gateway_takes_mail_until_it_is_stopped(tmp_path: Path) -> None:
    """Over LMTP, on a port of its own: stored before it is answered, hopeless numbers refused when they are named."""
    with _gateway(tmp_path, "--port", "0") as where:
        host, _, port = where.rpartition(":")
        with smtplib.LMTP(host, int(port), timeout=60) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == "10000000"
            client.mail("anna@salon.example")
            assert client.rcpt("+4618123456@sms.example")[0] == 550
            assert client.rcpt("0701740605@sms.example")[0] == 250
            assert client.data(MAIL)[0] == 250
            assert _texts(tmp_path) == ["Hej\nVi ses!"]


def test_gateway_on_a_socket_behind_starttls(tmp_path: Path) -> None:
    """SMTP with what the options say; the socket is gone with the process."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sms.example", "-days", "2"]
    made += ["-addext", "subjectAltName=DNS:sms.example"]
    subprocess.run([*made, "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True)
    path = tmp_path / "gateway.sock"
    options = ["--socket", str(path), "--xforward", "--most-bytes", "5000"]
    with _gateway(tmp_path, *options, "--tls-cert", "cert.pem", "--tls-key", "key.pem") as where:
        assert where == str(path)
        with smtplib.LMTP(str(path)) as client:
            client.ehlo()
            assert {"starttls", "xforward"} <= set(client.esmtp_features)
            assert client.esmtp_features["size"] == "5000"
            assert client.mail("anna@salon.example")[0] == 530
            client._host = "sms.example"  # type: ignore[attr-defined]  # what the certificate is for
            client.starttls(context=ssl.create_default_context(cafile=str(tmp_path / "cert.pem")))
            client.docmd("XFORWARD", "ADDR=192.0.2.7")
            client.sendmail("anna@salon.example", ["0701740605@sms.example"], MAIL)
        assert _texts(tmp_path) == ["Hej\nVi ses!"]
    assert not path.exists()


def test_gateway_says_what_it_lacks(tmp_path: Path) -> None:
    """A kit that takes no mail, half a certificate."""
    (tmp_path / "app.py").write_text("from servicekit import Kit\nkit = Kit.open('sqlite:///kit.db')\n")
    for options, told in (([], "senders=..."), (["--tls-cert", "cert.pem"], "belong together")):
        done = _run("gateway", "--app", "app:kit", *options, cwd=tmp_path)
        assert done.returncode != 0
        assert told in done.stderr


def test_relay_wants_a_kit(tmp_path: Path) -> None:
    """Anything else is named, with what to write instead."""
    (tmp_path / "app.py").write_text("kit = 42\n")
    done = _run("relay", "app:kit", cwd=tmp_path)
    assert done.returncode != 0
    assert "package.module:name" in done.stderr


def test_without_the_extra_it_names_the_pip_line(tmp_path: Path) -> None:
    """A machine without click gets the line that installs it."""
    (tmp_path / "click.py").write_text("raise ImportError('No module named click', name='click')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "servicekit.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode != 0
    assert "pip install 'servicekit-sdk[cli]'" in done.stderr
