"""Which addresses and URLs a push may go to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.errors import ConfigurationError, Invalid
from servicekit.push import Reach, check_url, is_public, origin_of

NOWHERE = Reach()
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255"),  # noqa: S104 - refused here
    *(
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "169.254.0.1",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
    ),
    *(
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
    ),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.215.14", "::ffff:7f00:1"),
    *(
        "64:ff9b::a00:1",
        "64:ff9b::5db8:d70e",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ),
    *("2001:db8::1", "2002:7f00:1::", "2002:a00:1::", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "ff02::1", "ff0e::1", "4000::1", "5f00::1"),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
          "2606:4700:4700::1111", "2a00:1450:400f:80d::200e", "2001:4860:4860::8888"]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_somebodys_own_is_not_public(address: str) -> None:
    """Private, loopback, link-local, shared, multicast, reserved, metadata; and whatever carries IPv4 within IPv6."""
    assert not is_public(address)
    assert not NOWHERE.takes("https", address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_anybodys_is_public(address: str) -> None:
    """Over TLS; without it a push does not even go there."""
    assert is_public(address)
    assert NOWHERE.takes("https", address)
    assert not NOWHERE.takes("http", address)


@pytest.mark.parametrize("text", ["", "example.com", "127.1", "0x7f000001", "2130706433", "127.0.0.1:80", "[::1]"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    """An address has been resolved; another way of writing one has not."""
    assert not is_public(text)
    assert not Reach.of(["0.0.0.0/0"]).allows(text)


@given(st.ip_addresses(v=4))
@example(ipaddress.IPv4Address("169.254.169.254"))
def test_no_form_of_an_address_gets_further_than_the_address(address: ipaddress.IPv4Address) -> None:
    """Mapped, compatible, translated or tunnelled, an IPv4 address in an IPv6 one is never public."""
    number = int(address)
    within = [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))),
    ]
    assert not any(map(is_public, within))
    if not address.is_global:
        assert not is_public(str(address))


def test_the_operator_may_allow_networks() -> None:
    """These and no others, and over http as well; a network of one version has no address of the other."""
    reach = Reach.of(["10.1.0.0/16", "fd00:1::/64"])

    assert reach.plain
    for address, taken in {"10.1.2.3": True, "10.2.0.1": False, "fd00:1::5": True, "fd00:2::5": False}.items():
        assert reach.takes("http", address) is reach.takes("https", address) is taken
    assert reach.takes("https", "8.8.8.8")
    assert not reach.takes("http", "8.8.8.8")
    assert not reach.takes("https", "::ffff:10.1.2.3")


def test_the_operator_may_allow_everything() -> None:
    """Or nothing, which is what holds."""
    assert Reach.of(private=True).takes("http", "127.0.0.1")
    assert Reach.of(private=False) == NOWHERE == Reach.of([])
    assert not NOWHERE.plain


@pytest.mark.parametrize("network", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33"])
def test_a_network_is_written_as_one(network: str) -> None:
    """What is none is found when the kit is opened."""
    with pytest.raises(ConfigurationError, match="which is no network"):
        Reach.of([network])


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com/data/functions.php", "https://example.com:8443/a?b=c&d=%20",
     "https://93.184.215.14/a", "https://[2606:4700:4700::1111]/a", "https://localhost/a"],
)  # fmt: skip
def test_a_url_is_one_that_can_be_posted_to(url: str) -> None:
    """What a name leads to is looked at when it is connected to."""
    assert check_url(url, NOWHERE) == url


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com", "https://", "https:///a", "//example.com", "https://u:p@example.com",
     "https://example.com:0/", "https://example.com:99999/", "https://example.com:x/", "https://[::1", "https://exämple.com",
     "https://example.com/a b", "https://example.com/a\nb", "https://example.com/#a", "https://example.com\\@evil.example/",
     "file:///etc/passwd", "gopher://example.com", "javascript:alert(1)", "https://example.com/" + 2000 * "a"],
)  # fmt: skip
def test_what_is_no_url_to_post_to_is_refused(url: str) -> None:
    """And is not repeated in the error: it may have credentials in it."""
    with pytest.raises(Invalid, match="no URL to push to") as caught:
        check_url(url, Reach.of(private=True))
    assert caught.value.code == "bad_push_url"
    assert "u:p" not in str(caught.value)


def test_people_s_texts_go_over_tls() -> None:
    """Unless something was allowed that may be reached without."""
    with pytest.raises(Invalid, match="give a URL with https") as caught:
        check_url("http://example.com/", NOWHERE)
    assert caught.value.code == "plain_push_url"
    assert check_url("http://10.1.2.3/", Reach.of(["10.1.0.0/16"]))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "[fe80::1]", "10.0.0.1"]
)
def test_a_number_that_is_not_public_is_refused_when_it_is_set(host: str) -> None:
    """With the host, so that one sees why."""
    with pytest.raises(Invalid, match="no public address") as caught:
        check_url(f"https://{host}:8443/a", NOWHERE)
    assert caught.value.code == "private_push_url"
    assert caught.value.facts == {"host": host.strip("[]")}


def test_the_origin_has_neither_path_nor_query() -> None:
    """It is what may be shown and logged."""
    assert origin_of("https://example.com/a?key=secret") == "https://example.com"
