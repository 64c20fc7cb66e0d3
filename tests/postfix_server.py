"""A real Postfix in a folder of its own, in front of a listener: with the settings that docs/how-to/receive-mail.md gives.

It needs the programs of the Debian package ``postfix`` (nothing of its installation is used or changed), and root, because
Postfix gives its rights away by itself.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

__all__ = ["Postfix", "postfix_in_front", "why_not"]

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000 0 flush
proxymap unix - - n - - proxymap
relay unix - - n - - smtp
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Why no Postfix can be run here; empty where one can."""
    if os.geteuid() != 0:
        return "a Postfix is started by root"
    if shutil.which("postconf", path=_PATH) is None:
        return "Postfix is not installed (Debian: apt-get install postfix)"
    return ""


@frozen
class Postfix:
    """A running one."""

    port: int
    folder: Path

    def queue(self) -> list[str]:
        """The recipients that wait in its queue."""
        listed = self._run("postqueue", "-p")
        return [
            line.strip() for line in listed.splitlines() if line.startswith("    ") and "@" in line and "(" not in line
        ]

    def flush(self) -> None:
        """Try now to deliver what waits."""
        self._run("postqueue", "-f")

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text()

    def _run(self, program: str, *arguments: str) -> str:
        found = shutil.which(program, path=_PATH)
        assert found is not None
        command = [found, "-c", str(self.folder / "config"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def postfix_in_front(settings: Sequence[str]) -> Iterator[Postfix]:
    """A Postfix that has these lines in its ``main.cf``, besides those that put it into a folder of its own."""
    with tempfile.TemporaryDirectory() as made, _running(Path(made), settings) as postfix:  # which others may enter
        yield postfix


@contextmanager
def _running(folder: Path, settings: Sequence[str]) -> Iterator[Postfix]:
    port = _free_port()
    _lay_out(folder, port, settings)
    found = shutil.which("postconf", path=_PATH)
    assert found is not None
    daemons = subprocess.run([found, "-d", "-h", "daemon_directory"], check=True, capture_output=True, text=True).stdout
    running = subprocess.Popen(
        [f"{daemons.strip()}/master", "-c", str(folder / "config"), "-d"], start_new_session=True
    )
    try:
        _wait_for(port, folder)
        yield Postfix(port, folder)
    finally:
        running.terminate()
        running.wait(30)


def _lay_out(folder: Path, port: int, settings: Sequence[str]) -> None:
    folder.chmod(0o755)
    owner, group = _owner(), _group()
    queue, data, config = folder / "queue", folder / "data", folder / "config"
    for path in (queue, data, config, queue / "pid"):
        path.mkdir()
    names = "active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public"
    for name in names.split():
        (queue / name).mkdir()
        (queue / name).chmod({"maildrop": 0o730, "public": 0o710}.get(name, 0o700))
        shutil.chown(queue / name, owner, group if name in {"maildrop", "public"} else None)
    shutil.chown(data, owner)
    own = {
        "compatibility_level": "3.6",
        "queue_directory": queue,
        "data_directory": data,
        "mail_owner": owner,
        "setgid_group": group,
        "maillog_file": folder / "log",
        "maillog_file_prefixes": folder,
        "myhostname": "mx.sms.example",
        "mydestination": "",
        "alias_maps": "",
        "local_recipient_maps": "",
        "inet_interfaces": "127.0.0.1",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_auth_destination, reject",
        "smtpd_peername_lookup": "no",
        "default_database_type": "hash",
        "minimal_backoff_time": "1s",
        "queue_run_delay": "1s",
        "lmtp_connection_cache_on_demand": "no",
    }
    lines = [f"{name} = {value}" for name, value in own.items()]
    (config / "main.cf").write_text("\n".join([*lines, *settings]) + "\n")
    (config / "master.cf").write_text(_SERVICES.format(port=port))


def _owner() -> str:
    """The package's own user, or another that owns nothing here."""
    return next(name for name in ("postfix", "backup") if name in {user.pw_name for user in pwd.getpwall()})


def _group() -> str:
    return next(name for name in ("postdrop", "tape") if name in {group.gr_name for group in grp.getgrall()})


def _free_port() -> int:
    with closing(socket.socket()) as line:
        line.bind(("127.0.0.1", 0))
        found: int = line.getsockname()[1]
        return found


def _wait_for(port: int, folder: Path) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as line:
                if line.recv(3) == b"220":
                    return
        except OSError:
            pass
        assert time.monotonic() < ends, (folder / "log").read_text() if (folder / "log").exists() else "no log"
        time.sleep(0.1)
