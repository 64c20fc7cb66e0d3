"""Relays that an organisation trusts: what they hand over as from its users counts as proven.

For machines that can prove nothing, such as a building's alarm that mails through the office line. A relay is an IP address or a
small network. Whoever sends from there may write any user of the organisation into From.

Refused, as `Invalid`: ``not_a_network``; ``wide_relay`` for networks that no one organisation has to itself; ``local_relay`` for
the gateway's own machine, where every mail comes from that a server in front hands over.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from servicekit.errors import Invalid

__all__ = ["check_relays", "is_relay"]

_LEAST_PREFIX = {4: 24, 6: 48}


def check_relays(networks: Iterable[str]) -> None:
    """Refuse what no organisation can trust.

    Raises:
        Invalid: ``not_a_network``, ``wide_relay``, ``local_relay``.
    """
    for text in networks:
        network = _network(text)
        if network is None:
            raise Invalid(
                f"{text!r} is no IP address or network: write it like 192.0.2.7 or 192.0.2.0/28.",
                code="not_a_network",
                network=text,
            )
        least = _LEAST_PREFIX[network.version]
        if network.prefixlen < least:
            raise Invalid(
                f"{text} is too wide: a network of one organisation has a prefix of /{least} or longer.",
                code="wide_relay",
                network=text,
            )
        if network.is_loopback:
            raise Invalid(
                f"{text} is the gateway's own machine: every mail comes from there.", code="local_relay", network=text
            )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)  # peers are compared in their short form
    return None if mapped is not None else network


def is_relay(networks: Iterable[str], peer: str) -> bool:
    """Whether a peer's address is in one of these networks; an IPv4 address may be written as IPv6.

    >>> is_relay(["192.0.2.0/28"], "::ffff:192.0.2.7"), is_relay(["192.0.2.0/28"], "")
    (True, False)
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(network) for network in networks)
