"""Which addresses a push may be sent to: public ones, and those that the operator has allowed.

Rules kept here:

* A customer chooses the URL, so without more nothing of ours may be reached by it: no private, loopback, link-local, shared
  (CGNAT), multicast or reserved address, and no cloud's metadata service.
* Of IPv6 only global unicast counts as public (2000::/3), and nothing of it that carries an IPv4 address within: neither
  mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056) nor Teredo (RFC 4380).
* A name says nothing: whoever connects asks :meth:`Reach.takes` about the very address that it connects to.
* Over ``http`` a push goes nowhere but to what was allowed.

Refused, as `Invalid`: ``bad_push_url``, ``plain_push_url``, ``private_push_url``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from servicekit.errors import ConfigurationError, Invalid

__all__ = ["Reach", "check_url", "is_public", "origin_of"]

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # IETF's protocols (RFC 6890), and a metadata service
            "168.63.129.16/32",  # Azure's metadata and DNS, though the address is a public one
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "2001::/23",  # IETF's protocols, Teredo among them (RFC 2928, 4380)
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_LONGEST = 2000


def is_public(address: str) -> bool:
    """Whether this address is anybody's on the internet, by the registries of RFC 6890.

    Args:
        address: IPv4 or IPv6 as numbers; anything else is not public.

    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("::ffff:93.184.215.14")
    (True, False, False)
    """
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if number.version == 6 and number not in _GLOBAL_UNICAST:  # noqa: PLR2004 - of IP
        return False
    special = any(number.version == network.version and number in network for network in _NOT_PUBLIC)
    return number.is_global and not number.is_multicast and not number.is_reserved and not special


def _networks(given: Iterable[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    found = []
    for text in given:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise ConfigurationError(
                f"push_private names {text!r}, which is no network: write it like 10.1.0.0/16 or fd00:1::/64."
            ) from error
    return tuple(found)


@frozen
class Reach:
    """How far pushes go: to public addresses, and to these.

    Attributes:
        everywhere: to any address at all, for tests and for kits whose customers are trusted.
        networks: these as well, though they are not public.
    """

    everywhere: bool = False
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def of(cls, private: bool | Iterable[str]) -> Reach:
        """What ``Kit.open(push_private=...)`` says: True for everywhere, or networks.

        Raises:
            ConfigurationError: something is no network.
        """
        return cls(everywhere=private) if isinstance(private, bool) else cls(networks=_networks(private))

    @property
    def plain(self) -> bool:
        """Whether there is anything that may be reached over ``http``."""
        return self.everywhere or bool(self.networks)

    def allows(self, address: str) -> bool:
        """Whether the operator has allowed this address, public or not."""
        try:
            number = ipaddress.ip_address(address)
        except ValueError:
            return False
        listed = any(number.version == network.version and number in network for network in self.networks)
        return self.everywhere or listed

    def takes(self, scheme: str, address: str) -> bool:
        """Whether a push may be sent to this address, which is connected to next."""
        return self.allows(address) or (scheme == "https" and is_public(address))


def check_url(url: str, reach: Reach) -> str:
    """The URL itself, once a push may go there as far as the URL alone can tell.

    Raises:
        Invalid: ``bad_push_url``, ``plain_push_url``, ``private_push_url``.
    """
    parts = _parts(url)
    if parts is None:
        raise Invalid(
            "This is no URL to push to: write it like https://example.com/texts, in ASCII, without a user or a fragment.",
            code="bad_push_url",
        )
    if parts.scheme == "http" and not reach.plain:
        raise Invalid("A push carries people's texts: give a URL with https.", code="plain_push_url")
    host = parts.hostname or ""
    if _is_number(host) and not reach.takes(parts.scheme, host):
        raise Invalid(
            f"{host} is no public address: give one that the internet reaches.", code="private_push_url", host=host
        )
    return url


def origin_of(url: str) -> str:
    """The URL without its path and query, which may hold what only its owner should read.

    >>> origin_of("https://example.com:8443/texts?key=1")
    'https://example.com:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _parts(url: str) -> SplitResult | None:
    """The URL's parts, where it is one that can be posted to."""
    if len(url) > _LONGEST or not (url.isascii() and url.isprintable()) or set(url) & set(' "<>\\^`{|}#'):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    whole = parts.scheme in {"http", "https"} and parts.hostname and port != 0 and "@" not in parts.netloc
    return parts if whole else None


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
