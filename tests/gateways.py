"""A gateway on a PostgreSQL server that can be stopped, and its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

import postgres_server
from servicekit import Kit, Principal
from servicekit.groups import FoundOrganisation, Group
from servicekit.mail import VerifiedInFront
from servicekit.messages import SearchLog
from world import GATEWAY, OPERATOR, SALON, elks_adapter

__all__ = ["Gateway", "gateway_on"]


@frozen
class Gateway:
    """A kit that takes mail, with one organisation: Anna's."""

    kit: Kit
    root: Group
    anna: Principal

    def log(self) -> list[str]:
        """The texts in the log, newest first."""
        return [message.text for message in self.kit.ask(SearchLog(group=self.root.id), by=self.anna).messages]


@contextmanager
def gateway_on(server: postgres_server.Stoppable) -> Iterator[Gateway]:
    """A gateway in a database of its own. Whatever happened in between, the server runs afterwards."""
    with postgres_server.fresh(server.url, migrated=False) as url:
        try:
            with Kit.open(url, texts=elks_adapter(), gateway_domain=GATEWAY, senders=VerifiedInFront()) as kit:
                founded = kit.perform(
                    FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example", settings=SALON),
                    by=OPERATOR,
                )
                yield Gateway(kit, founded.root, Principal.of(founded.admin.id))
        finally:
            server.start()
