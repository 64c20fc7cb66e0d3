"""Relays that an organisation trusts: which networks, and who is in one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.groups import check_relays, is_relay


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ("192.0.2.7", ""),
        ("192.0.2.0/24", ""),
        ("10.1.2.0/28", ""),
        ("2001:db8::/48", ""),
        ("2001:db8::7", ""),
        ("192.0.2.0/23", "wide_relay"),
        ("0.0.0.0/0", "wide_relay"),
        ("2001:db8::/47", "wide_relay"),
        ("::/0", "wide_relay"),
        ("127.0.0.1", "local_relay"),
        ("127.0.0.0/24", "local_relay"),
        ("::1", "local_relay"),
        ("192.0.2.7/24", "not_a_network"),
        ("mail.salon.example", "not_a_network"),
        ("", "not_a_network"),
        ("192.0.2", "not_a_network"),
        ("::ffff:192.0.2.7", "not_a_network"),
        ("::ffff:0:0/96", "not_a_network"),
    ],
)
def test_a_relay_is_an_address_or_a_small_network(network: str, code: str) -> None:
    """Not half of the internet, and not the gateway's own machine, where every mail comes from."""
    if not code:
        check_relays(["192.0.2.9", network])
        return
    with pytest.raises(Invalid) as caught:
        check_relays(["192.0.2.9", network])
    assert (caught.value.code, caught.value.facts) == (code, {"network": network})


@given(
    st.ip_addresses().filter(lambda one: not getattr(one, "ipv4_mapped", None)),
    st.lists(st.ip_addresses(v=4), max_size=3),
)
def test_who_is_listed_is_a_relay(
    peer: ipaddress.IPv4Address | ipaddress.IPv6Address, listed: list[ipaddress.IPv4Address]
) -> None:
    """And nobody else, whichever way its address is written."""
    networks = [str(one) for one in listed]
    assert is_relay(networks, str(peer)) is (peer in listed)
    assert is_relay([*networks, str(peer)], str(peer))


@pytest.mark.parametrize("peer", ["", "localhost", "192.0.2", "192.0.2.7:25"])
def test_who_is_not_known_is_no_relay(peer: str) -> None:
    """Nor what is no address."""
    assert not is_relay(["192.0.2.0/24"], peer)


def test_an_address_may_be_written_as_ipv6() -> None:
    """As servers do that listen on both."""
    assert is_relay(["192.0.2.0/24"], "::ffff:192.0.2.200")
    assert not is_relay(["192.0.2.0/24"], "::ffff:198.51.100.1")
    assert is_relay(["2001:db8::/48"], "2001:db8::7")
