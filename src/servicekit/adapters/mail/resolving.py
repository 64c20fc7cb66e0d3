"""The DNS as the proof of senders needs it: records of a name as texts, and what is temporary told from what is not there.

Refused: a resolver that does not answer, or fails (``Unreachable``): nothing is known then, and the mail comes again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from attrs import define, field

from servicekit.errors import MissingExtra, Unreachable

__all__ = ["Budget", "Lookup", "dns_lookup"]

Lookup = Callable[[str, str], Sequence[str]]
"""The records of a name and type (TXT, A, AAAA, MX, PTR) as texts, such as ``10 mx.example.com``; a TXT record's strings joined.
Nothing where there is no such name or record. Blocking. Raises ``Unreachable`` where the DNS could not be asked."""


def dns_lookup(nameservers: Sequence[str] = (), *, port: int = 53, timeout: float = 5.0) -> Lookup:
    """A lookup by dnspython (extra ``gateway``).

    Args:
        nameservers: their IP addresses; none: those of the machine.
        port: of theirs.
        timeout: seconds for one lookup, with all its tries.

    Raises:
        MissingExtra: dnspython is not installed.
    """
    try:
        import dns.exception
        import dns.name
        import dns.resolver
    except ImportError as error:
        raise MissingExtra("gateway", "Asking the DNS whom a mail is from") from error
    resolver = dns.resolver.Resolver(configure=not nameservers)
    resolver.lifetime = timeout
    if nameservers:
        resolver.nameservers, resolver.port = list(nameservers), port

    def look_up(name: str, kind: str) -> Sequence[str]:
        try:
            answer = resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (
            dns.exception.SyntaxError,
            dns.name.LabelTooLong,
            dns.name.EmptyLabel,
            dns.name.NameTooLong,
            UnicodeError,
        ):
            return []  # a name that cannot exist
        except dns.exception.DNSException as error:
            raise Unreachable(f"The DNS does not say what {name} ({kind}) is: {error}", code="dns_failed") from error
        return [_text(record) for record in answer.rrset or ()]

    return look_up


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    return str(record)


@define
class Budget:
    """Lookups for one mail: each asked once, and not more of them, nor for longer, than a mail is worth."""

    lookup: Lookup
    left: int
    seconds: float
    _known: dict[tuple[str, str], Sequence[str]] = field(factory=dict, init=False)
    _began: float = field(factory=time.monotonic, init=False)

    def __call__(self, name: str, kind: str) -> Sequence[str]:
        """The records, or ``Unreachable`` where the budget is spent."""
        key = (name.rstrip(".").lower(), kind)
        if key not in self._known:
            if self.left <= 0 or time.monotonic() - self._began > self.seconds:
                raise Unreachable("This mail needs more of the DNS than it is worth.", code="dns_budget")
            self.left -= 1
            self._known[key] = self.lookup(*key)
        return self._known[key]
