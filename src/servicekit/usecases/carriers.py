"""The carriers that a kit was opened with, and the routes over them.

Rules kept here: a carrier is known by its name, in URLs of webhooks and in the log, so names are unique; without routes all
carriers lead everywhere, in the order in which they were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import Factory, field, frozen

from servicekit.errors import ConfigurationError
from servicekit.messages import Route, Way, check_routes, choose_way
from servicekit.ports.texts import Texts

__all__ = ["Carriers"]


@frozen
class Carriers:
    """One carrier or several.

    Raises:
        ConfigurationError: there is none, two have one name, or a route cannot be used.
    """

    adapters: tuple[Texts, ...] = field(repr=False)
    routes: tuple[Route, ...] = ()
    _shows_names: Mapping[str, bool] = field(
        init=False, repr=False, eq=False, default=Factory(lambda self: _who_shows_names(self.adapters), takes_self=True)
    )
    _every_route: tuple[Route, ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: self.routes or _to_each(self.adapters), takes_self=True),
    )

    def __attrs_post_init__(self) -> None:
        names = [adapter.name for adapter in self.adapters]
        if not names:
            raise ConfigurationError("A list of carriers needs one at least: open the kit with texts=None for none.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigurationError(
                f"Two carriers are called {', '.join(twice)}: give each a name of its own, such as name='elks-backup'."
            )
        check_routes(self.routes, names)

    @classmethod
    def of(cls, texts: Texts | Sequence[Texts] | Carriers | None, routes: Sequence[Route] = ()) -> Carriers | None:
        """The carriers as the kit's user writes them; None for none.

        Raises:
            ConfigurationError: as above; also routes without any carrier.
        """
        if isinstance(texts, Carriers):
            return texts
        if texts is None:
            check_routes(routes, ())
            return None
        several = tuple(texts) if isinstance(texts, Sequence) else (texts,)
        return cls(several, tuple(routes))

    def named(self, name: str) -> Texts | None:
        """The carrier of this name, or None."""
        return next((adapter for adapter in self.adapters if adapter.name == name), None)

    def leads_to(self, number: str) -> bool:
        """Whether a route leads to ``number``, whoever sends the text."""
        return not self.routes or any(number.startswith(route.prefix) for route in self.routes)

    def way(self, *, number: str, sender: str) -> Way:
        """Which carriers to ask for a text to ``number`` from ``sender``, best first."""
        return choose_way(self._every_route, self._shows_names, number=number, sender=sender)


def _who_shows_names(adapters: Sequence[Texts]) -> Mapping[str, bool]:
    return {adapter.name: adapter.capabilities.alphanumeric_sender for adapter in adapters}


def _to_each(adapters: Sequence[Texts]) -> tuple[Route, ...]:
    return tuple(Route(carrier=adapter.name) for adapter in adapters)
