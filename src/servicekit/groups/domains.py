"""Mail domains: whose they are, and which of several an address belongs to.

Rules kept here:

* A domain belongs to one group. An address belongs to the most specific domain that is its own or that its own lies below;
  domains are compared by labels, so ``evil-example.com`` is not below ``example.com``.
* Domains are compared in their ASCII form (:mod:`servicekit.domain_names`).
* A top domain is set by the platform's operator, a subdomain only below a domain that its setter administers.

Refused, as `Invalid`: ``not_a_domain``, and ``public_domain`` for domains at which anybody gets a mailbox: whoever had one
would have all its users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from attrs import frozen

from servicekit.domain_names import ascii_domain
from servicekit.errors import Invalid
from servicekit.ids import GroupId

__all__ = ["Domain", "DomainKind", "ascii_domain", "domain_of", "levels", "most_specific", "read_domain"]

PUBLIC: Final = frozenset(
    {
        *("aol.com", "bluewin.ch", "comhem.se", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de"),
        *("gmx.net", "googlemail.com", "hotmail.com", "hotmail.se", "hushmail.com", "icloud.com", "laposte.net"),
        *("libero.it", "live.com", "live.se", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com"),
        *("orange.fr", "outlook.com", "passagen.se", "posteo.de", "proton.me", "protonmail.com", "qq.com", "spray.se"),
        *("swipnet.se", "t-online.de", "telia.com", "tutanota.com", "wanadoo.fr", "web.de", "yahoo.co.uk", "yahoo.com"),
        *("yahoo.de", "yahoo.fr", "yahoo.se", "yandex.ru", "zoho.com"),
    }
)
"""Domains at which anybody gets a mailbox."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253  # RFC 1035, 2.3.4, without the root's dot


class DomainKind(StrEnum):
    """Who sets it."""

    TOP = "top"
    """The platform's operator."""
    SUB = "sub"
    """An administrator, below a domain of its own."""


@frozen
class Domain:
    """A mail domain in its ASCII form, and the group that it belongs to; None: it is nobody's any more."""

    name: str
    kind: DomainKind
    group: GroupId | None


def read_domain(text: str) -> str:
    """A domain as somebody wrote it, in the form in which domains are compared.

    Raises:
        Invalid: ``not_a_domain``, ``public_domain``.

    >>> read_domain(" Bücher.Example. ")
    'xn--bcher-kva.example'
    """
    name = ascii_domain(text.strip().removesuffix("."))
    labels = name.split(".") if name else []
    if name is None or len(labels) < 2 or len(name) > _LONGEST or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004
        raise Invalid(
            f"{text!r} is no mail domain: write it like example.com, with letters outside ASCII perhaps as xn--....",
            code="not_a_domain",
            domain=text,
        )
    if any(level in PUBLIC for level in levels(name)):
        raise Invalid(
            f"Anybody gets a mailbox at {name}, so it is no organisation's: name a domain of your own.",
            code="public_domain",
            domain=name,
        )
    return name


def domain_of(email: str) -> str:
    """What stands after the last ``@`` of an address."""
    return email.rpartition("@")[2]


def levels(domain: str) -> tuple[str, ...]:
    """The domain itself and all above it, the most specific first.

    >>> levels("a.example.com")
    ('a.example.com', 'example.com', 'com')
    """
    labels = domain.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))


def most_specific(domain: str, known: Iterable[str]) -> str | None:
    """Which of the domains ``known`` an address at ``domain`` belongs to; None if to none of them.

    >>> most_specific("a.hr.example.com", {"example.com", "hr.example.com"})
    'hr.example.com'
    >>> most_specific("evil-example.com", {"example.com"})
    """
    there = frozenset(known)
    return next((level for level in levels(domain) if level in there), None)
