"""Zoom as service for online meetings, through a server-to-server OAuth app of one's own account.

Rules kept here: the account's credentials serve every organisation of the kit, so this is for who runs the kit for themselves.
Zoom's terms ask a product with customers of its own to connect each by consent: :mod:`~servicekit.adapters.meetings.zoom_app`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from servicekit.adapters.meetings import zoom_hooks
from servicekit.adapters.meetings.zoom_account import ZoomAccount
from servicekit.adapters.meetings.zoom_calls import ZoomCalls
from servicekit.adapters.meetings.zoom_tokens import ZoomTokens
from servicekit.moments import Instant
from servicekit.ports.meetings import MeetingHook

__all__ = ["Zoom"]


@frozen
class Zoom(ZoomAccount):
    """A Zoom account.

    Args:
        account_id: of the server-to-server app.
        client_id: of the app.
        client_secret: of the app.
        webhook_secret: the app's secret token, by which Zoom signs its calls to us; without it none is read.
        base_url: of the API.
        oauth_url: the token endpoint.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    >>> Zoom("account", "client", "secret")  # doctest: +ELLIPSIS
    Zoom(account_id='account', client_id='client', base_url='https://api.zoom.us/v2', ...)
    """

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    base_url: str = "https://api.zoom.us/v2"
    oauth_url: str = "https://zoom.us/oauth/token"
    name: str = "zoom"
    _calls: ZoomCalls = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        tokens = ZoomTokens(self.account_id, self.client_id, self.client_secret, self.oauth_url, self.name)
        object.__setattr__(self, "_calls", ZoomCalls(self.name, self.base_url, tokens))  # the class is frozen

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """A call of Zoom to us: a meeting that is gone, our app removed, or Zoom's check of the URL. Answer within 3 s.

        Raises:
            Forged: signature missing or wrong.
            Stale: signed more than five minutes from ``at``.
            Misshapen: signed, and not of Zoom's form.
            ConfigurationError: no ``webhook_secret`` is set.
        """
        return zoom_hooks.read(self.name, self.webhook_secret, headers, body, at)
