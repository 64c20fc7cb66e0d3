"""What the processes of the tests of rights do: ask for something again and again, while one of them ends the right to it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from servicekit import Kit, Principal
from servicekit.errors import Refused
from servicekit.groups import RenameGroup
from servicekit.ids import GrantId, GroupId, UserId
from servicekit.permissions import RevokeGrant


@contextmanager
def _counter(name: str) -> Iterator[list[int]]:
    """A few numbers that the processes of one test share: a file that one of them has to itself."""
    with (Path(gettempdir()) / name).open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        numbers = [int(word) for word in file.read().split()] or [0, 0, 0]
        yield numbers
        file.seek(0)
        file.truncate()
        file.write(" ".join(map(str, numbers)))


ROLE, ASKED, ENDED = range(3)


def ask_until_revoked(url: str, root: str, holder: str, admin: str, grant: str) -> tuple[str, int, int]:
    """The first to come ends the grant once the others were allowed; they then ask 20 times more.

    What it was, how often it asked after the end, and how often it was allowed even so.
    """
    name = f"servicekit-{grant}"
    with _counter(name) as numbers:
        numbers[ROLE] += 1
        role = numbers[ROLE]
    with Kit.open(url, migrate=False) as kit:
        if role == 1:
            while _read(name)[ASKED] < 2:
                time.sleep(0.01)
            kit.perform(RevokeGrant(GrantId(grant)), by=Principal.of(UserId(admin)))
            with _counter(name) as numbers:
                numbers[ENDED] = 1
            return "revoked", 0, 0
        assert _allowed(kit, root, holder)
        with _counter(name) as numbers:
            numbers[ASKED] += 1
        while not _read(name)[ENDED]:
            _allowed(kit, root, holder)
            time.sleep(0.005)
        return "asked", 20, sum(_allowed(kit, root, holder) for _ in range(20))


def _read(name: str) -> list[int]:
    with _counter(name) as numbers:
        return list(numbers)


def _allowed(kit: Kit, root: str, holder: str) -> bool:
    by = Principal.of(UserId(holder))
    try:
        kit.perform(RenameGroup(group=GroupId(root), name="Ettstad"), by=by)
    except Refused:
        return False
    return True
