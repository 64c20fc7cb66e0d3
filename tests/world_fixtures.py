"""Fixtures over :mod:`world`; a test file takes them in by ``pytest_plugins = ("world_fixtures",)``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servicekit.testing.simulators import MailboxSimulator, serve
from world import World, opened


@pytest.fixture(scope="session")
def postbox() -> Iterator[MailboxSimulator]:
    """The world's mailboxes, on a socket; one server for all tests."""
    with serve(MailboxSimulator()) as served:
        yield served.simulator


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon without mail."""
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def mailed(tmp_path: Path, postbox: MailboxSimulator) -> Iterator[World]:
    """A salon that mails."""
    with opened(tmp_path, mailbox=postbox) as made:
        yield made
