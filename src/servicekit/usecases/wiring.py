"""The wiring: what a kit was opened with, and that its parts fit together.

Rules kept here: each adapter has a name of its own; mail has a sender; a link that goes out by mail has a place for its token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import field, frozen

from servicekit.errors import ConfigurationError
from servicekit.permissions import SCOPES, ScopeRegistry
from servicekit.ports.doors import Doors
from servicekit.ports.mail import Mailer, SenderProof
from servicekit.ports.meetings import MeetingApp, Meetings
from servicekit.ports.passwords import Passwords
from servicekit.ports.push import Poster
from servicekit.ports.texts import Texts
from servicekit.push import Reach
from servicekit.usecases.carriers import Carriers

__all__ = ["Wiring"]

A = TypeVar("A")


def _no_randomness(count: int) -> bytes:
    raise ConfigurationError(f"Nobody has said where {count} random bytes come from: pass random_bytes.")


@frozen(kw_only=True)
class Wiring:
    """What a kit was opened with, as far as the rules need it.

    Attributes:
        texts: the carriers, and the routes over them; None where there is none.
        doors, meetings, mail: the adapters; None where there is none.
        gateway_domain: mails to numbers at this domain become texts; answers come from there.
        base_url: where the application answers links of ours.
        mail_from: what our own mails come from.
        senders: proves whom mails are from; None: no mail is taken.
        password_url: where a new user chooses a password, with ``{token}`` in it; empty: nobody is welcomed.
        invitation_url: where a customer user follows its invitation, with ``{token}`` in it; empty: nobody is invited.
        passwords: hashes passwords; None: nobody logs in.
        random_bytes: the runtime's randomness, for secrets.
        most_mail_bytes: larger mails are refused.
        poster: posts what is pushed.
        reach: where pushes may go.
        scopes: the scopes that there are; the application's own among them.
    """

    texts: Carriers | None = None
    doors: Doors | None = None
    meetings: Meetings | MeetingApp | None = None
    mail: Mailer | None = None
    gateway_domain: str = ""
    base_url: str = ""
    mail_from: str = ""
    senders: SenderProof | None = None
    password_url: str = ""
    invitation_url: str = ""
    passwords: Passwords | None = None
    random_bytes: Callable[[int], bytes] = field(default=_no_randomness, repr=False)
    most_mail_bytes: int = 10_000_000
    poster: Poster | None = field(default=None, repr=False)
    reach: Reach = field(factory=Reach)
    scopes: ScopeRegistry = SCOPES

    @property
    def hooked(self) -> Mapping[str, Texts | Meetings | MeetingApp]:
        """The adapters that vendors call back, by name."""
        carriers = self.texts.adapters if self.texts is not None else ()
        return {adapter.name: adapter for adapter in (*carriers, self.meetings) if adapter is not None}

    def __attrs_post_init__(self) -> None:
        if self.mail is not None and "@" not in self.mail_from:
            raise ConfigurationError(
                "Mail needs a sender: open the kit with Kit.open(..., mail=..., mail_from='salon@example.com')."
            )
        if self.password_url and ("{token}" not in self.password_url or self.mail is None):
            raise ConfigurationError(
                "The link for passwords goes out by mail: open the kit with Kit.open(..., mail=..., "
                "password_url='https://sms.example/password/{token}')."
            )
        if self.invitation_url and ("{token}" not in self.invitation_url or self.mail is None):
            raise ConfigurationError(
                "Invitations go out by mail: open the kit with Kit.open(..., mail=..., "
                "invitation_url='https://portal.example/invitation/{token}')."
            )
        carriers = self.texts.adapters if self.texts is not None else ()
        names = [adapter.name for adapter in (*carriers, self.meetings) if adapter is not None]
        if "mail" in names or len(set(names)) < len(names):
            raise ConfigurationError(
                f"The adapters are called {', '.join(names)}: give each a name of its own; 'mail' is where mails come in."
            )

    def need(self, adapter: A | None, what: str) -> A:
        """The adapter itself.

        Raises:
            ConfigurationError: the kit was opened without it.
        """
        if adapter is None:
            raise ConfigurationError(f"This needs an adapter for {what}: open the kit with Kit.open(..., {what}=...).")
        return adapter
