"""Senders proven by our own SPF, DKIM and DMARC, against a name server on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nameserver import FAILS, served_zone
from servicekit.adapters.mail.authenticity import DnsProof, organisational_domain
from servicekit.adapters.mail.resolving import dns_lookup
from servicekit.errors import MissingExtra, Unreachable
from servicekit.mail import Envelope, Proven, Undecided, Unproven, Verdict

ANNA = "anna@salon.example"
MAIL = (
    b"From: Anna <anna@salon.example>\r\nTo: 0701740605@sms.example\r\nSubject: Tiden\r\n"
    b"Content-Type: text/plain\r\nMessage-ID: <1@salon.example>\r\n\r\nVi ses!\r\n"
)
SPF = {("salon.example", "TXT"): ['"v=spf1 ip4:192.0.2.7 -all"']}
GOOD, BAD = "192.0.2.7", "198.51.100.1"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """A signer's private key, and the record of the public one."""
    folder = tmp_path_factory.mktemp("dkim")
    subprocess.run(["openssl", "genrsa", "-out", "key.pem", "2048"], cwd=folder, check=True, capture_output=True)  # noqa: S607
    public = ["openssl", "rsa", "-in", "key.pem", "-pubout", "-outform", "PEM", "-out", "public.pem"]
    subprocess.run(public, cwd=folder, check=True, capture_output=True)
    body = "".join((folder / "public.pem").read_text().splitlines()[1:-1])
    record = f'"v=DKIM1; k=rsa; p={body[:200]}" "{body[200:]}"'
    return (folder / "key.pem").read_bytes(), record


def signed(key: bytes, mail: bytes = MAIL, *, domain: str = "salon.example", **options: Any) -> bytes:
    """The mail with a signature on top."""
    signature: bytes = dkim.sign(mail, b"s1", domain.encode(), key, **options)
    return signature + mail


def record_of(domain: str, record: str) -> dict[tuple[str, str], list[str]]:
    """The key in the zone."""
    return {(f"s1._domainkey.{domain}", "TXT"): [record]}


@contextmanager
def proof(*zones: Mapping[tuple[str, str], list[str] | str]) -> Iterator[DnsProof]:
    """Our check, in front of these records."""
    with served_zone({name: found for zone in zones for name, found in zone.items()}) as port:
        yield DnsProof(dns_lookup(["127.0.0.1"], port=port, timeout=1.0))


def judged(
    raw: bytes, *zones: Mapping[tuple[str, str], list[str] | str], sender: str = ANNA, peer: str = GOOD
) -> Verdict:
    """What it makes of a mail."""
    with proof(*zones) as check:
        return check.judge(Envelope(sender, ("0701740605@sms.example",), peer=peer, helo="mx.example"), raw, ANNA)


class TestSpf:
    """The envelope's domain, by the address of the server that sent it."""

    @pytest.mark.spec("M-09")
    def test_an_aligned_pass_proves(self) -> None:
        """And an address that the domain does not name proves nothing."""
        assert judged(MAIL, SPF) == Proven("spf=pass (salon.example)")
        assert judged(MAIL, SPF, peer=BAD) == Unproven(
            "nothing proves salon.example: dmarc=none (salon.example), spf=fail (salon.example)"
        )

    def test_another_domains_pass_proves_nothing(self) -> None:
        """Whose servers may send for it says nothing about From."""
        theirs = {("elsewhere.example", "TXT"): ['"v=spf1 +all"']}
        assert isinstance(judged(MAIL, theirs, sender="eve@elsewhere.example", peer=BAD), Unproven)

    @pytest.mark.parametrize(
        "zone",
        [
            {
                ("salon.example", "TXT"): ['"v=spf1 include:hoster.example -all"'],
                ("hoster.example", "TXT"): ['"v=spf1 a:mx.hoster.example ?all"'],
                ("mx.hoster.example", "A"): [GOOD],
            },
            {
                ("salon.example", "TXT"): ['"v=spf1 mx -all"'],
                ("salon.example", "MX"): ["10 mx.salon.example."],
                ("mx.salon.example", "A"): [GOOD],
            },
            {
                ("salon.example", "TXT"): ['"v=spf1 ptr -all"'],
                ("7.2.0.192.in-addr.arpa", "PTR"): ["mx.salon.example."],
                ("mx.salon.example", "A"): [GOOD],
            },
            {
                ("salon.example", "TXT"): ['"v=spf1 redirect=hoster.example"'],
                ("hoster.example", "TXT"): ['"v=spf1 exists:%{i}.ok.example -all"'],
                (f"{GOOD}.ok.example", "A"): ["127.0.0.2"],
            },
        ],
    )
    def test_the_record_is_followed(self, zone: dict[tuple[str, str], list[str]]) -> None:
        """To other records, names and addresses (RFC 7208, 5)."""
        assert isinstance(judged(MAIL, zone), Proven)
        assert isinstance(judged(MAIL, zone, peer=BAD), Unproven)

    def test_an_ipv6_peer_is_known(self) -> None:
        """Also one whose address is an IPv4 one."""
        zone = {("salon.example", "TXT"): ['"v=spf1 ip6:2001:db8::/32 ip4:192.0.2.7 -all"']}
        assert isinstance(judged(MAIL, zone, peer="2001:db8::7"), Proven)
        assert isinstance(judged(MAIL, zone, peer="::ffff:192.0.2.7"), Proven)

    @pytest.mark.parametrize(
        "text",
        [
            "v=spf1 a:a.example a:b.example a:c.example ip4:192.0.2.7 -all",
            "v=spf1 include:salon.example -all",
            "v=spf1 nonsense:x ip4:192.0.2.7",
            "v=spf1 a:%{z} ip4:192.0.2.7 -all",
            f"v=spf1 a:{'x' * 64}.example a:b.example a:c.example ip4:192.0.2.7",
        ],
    )
    def test_a_broken_or_costly_record_proves_nothing(self, text: str) -> None:
        """More than two lookups without an answer among them (RFC 7208, 4.6.4)."""
        assert isinstance(judged(MAIL, {("salon.example", "TXT"): [f'"{text}"']}), Unproven)

    def test_without_a_peer_or_a_sender_it_is_not_asked(self) -> None:
        """The server in front has not said whom the mail is from, or it is a bounce."""
        assert judged(MAIL, SPF, peer="") == Unproven("nothing proves salon.example: dmarc=none (salon.example)")
        assert isinstance(judged(MAIL, SPF, sender=""), Unproven)

    def test_a_peer_that_is_no_address_proves_nothing(self) -> None:
        """Whoever hands mails over by a pipe may write anything there."""
        assert isinstance(judged(MAIL, SPF, peer="mail.salon.example"), Unproven)

    def test_a_name_server_that_fails_leaves_it_open(self) -> None:
        """The mail comes again."""
        assert isinstance(judged(MAIL, {("salon.example", "TXT"): FAILS}), Undecided)
        assert isinstance(judged(MAIL, SPF, {("_dmarc.salon.example", "TXT"): FAILS}), Undecided)


class TestDkim:
    """A signature of a domain."""

    @pytest.mark.spec("M-09")
    def test_an_aligned_signature_proves(self, key: tuple[bytes, str]) -> None:
        """Whoever brings the mail; of another domain it proves nothing."""
        assert judged(signed(key[0]), record_of("salon.example", key[1]), peer=BAD) == Proven(
            "dkim=pass (salon.example)"
        )
        above = signed(key[0], domain="mail.salon.example")
        assert isinstance(judged(above, record_of("mail.salon.example", key[1])), Proven)
        theirs = signed(key[0], domain="elsewhere.example")
        assert isinstance(judged(theirs, record_of("elsewhere.example", key[1])), Unproven)

    def test_one_good_signature_of_several_is_enough(self, key: tuple[bytes, str]) -> None:
        """Mailing services sign with their own domain as well; more than five are not looked at."""
        records = record_of("salon.example", key[1]) | record_of("elsewhere.example", key[1])
        other = dkim.sign(MAIL, b"s1", b"elsewhere.example", key[0])
        assert isinstance(judged(other + signed(key[0]), records), Proven)
        assert isinstance(judged(other * 5 + signed(key[0]), records), Unproven)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Vi ses!", b"Vi ses inte!"),
            (b"Subject: Tiden", b"Subject: Annat"),
            (b"From: Anna", b"From: Eva"),
            (b"Subject: Tiden", b"Subject: Annat\r\nSubject: Tiden"),
            (b"Content-Type: text/plain", b"Content-Type: text/html\r\nContent-Type: text/plain"),
            (b"bh=", b"bh=!"),
            (b"d=salon.example", b"d=\xffsalon.example"),
            (b"v=1", b"v=2"),
            (b"a=rsa-sha256", b"a=rsa-sha1"),
        ],
    )
    def test_what_was_changed_or_added_is_not_the_signers(self, key: tuple[bytes, str], old: bytes, new: bytes) -> None:
        """Also a second field of which readers take the first and signers the last."""
        raw = signed(key[0])
        assert old in raw
        assert isinstance(judged(raw.replace(old, new, 1), record_of("salon.example", key[1])), Unproven)

    def test_a_signature_that_leaves_something_open_does_not_count(self, key: tuple[bytes, str]) -> None:
        """The end of the body, or the subject, could be anybody's."""
        record = record_of("salon.example", key[1])
        assert isinstance(judged(signed(key[0], length=True), record), Unproven)
        assert isinstance(judged(signed(key[0], include_headers=[b"from", b"to"]), record), Unproven)

    @pytest.mark.parametrize("record", ['"v=DKIM1; p="', '"k=dsa; p=AAAA"', '"nonsense"', '"v=DKIM1; k=rsa; p=!!!!"'])
    def test_a_key_that_is_none_proves_nothing(self, key: tuple[bytes, str], record: str) -> None:
        """A revoked one among them (RFC 6376, 3.6.1)."""
        assert isinstance(judged(signed(key[0]), record_of("salon.example", record)), Unproven)

    def test_two_keys_or_none_prove_nothing(self, key: tuple[bytes, str]) -> None:
        """There is no telling which one is meant."""
        both = {("s1._domainkey.salon.example", "TXT"): [key[1], '"v=DKIM1; p="']}
        assert isinstance(judged(signed(key[0]), both), Unproven)
        assert isinstance(judged(signed(key[0])), Unproven)

    def test_a_key_that_cannot_be_asked_for_leaves_it_open(self, key: tuple[bytes, str]) -> None:
        """Of the sender's own domain; that of another does not matter."""
        failing = {("s1._domainkey.salon.example", "TXT"): FAILS}
        assert isinstance(judged(signed(key[0]), failing), Undecided)
        theirs = signed(key[0], domain="elsewhere.example")
        assert isinstance(judged(theirs, {("s1._domainkey.elsewhere.example", "TXT"): FAILS}), Unproven)

    def test_a_mail_without_a_header_has_no_signature(self) -> None:
        """Nothing to read proves nothing."""
        assert isinstance(judged(b" \r\nHej", peer=""), Unproven)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(place=st.integers(0, 700), noise=st.binary(min_size=1, max_size=8))
    def test_no_bytes_make_it_raise(self, key: tuple[bytes, str], place: int, noise: bytes) -> None:
        """A stranger's text comes to a verdict, and a changed mail is not proven by what it was."""
        raw = signed(key[0])
        changed = raw[:place] + noise + raw[place + len(noise) :]
        check = DnsProof(lambda name, _: [key[1].replace('" "', "").strip('"')] if "_domainkey" in name else [])
        verdict = check.judge(Envelope(ANNA, ("x@sms.example",)), changed, ANNA)
        assert isinstance(verdict, (Proven, Unproven))


class TestDmarc:
    """What the domain demands."""

    def test_strict_alignment_is_kept(self, key: tuple[bytes, str]) -> None:
        """A subdomain's signature does not do where the domain says so; the organization's record holds for what is below."""
        raw, record = signed(key[0], domain="m.salon.example"), record_of("m.salon.example", key[1])
        relaxed = {("_dmarc.salon.example", "TXT"): ['"v=DMARC1; p=none"']}
        strict = {("_dmarc.salon.example", "TXT"): ['"v=DMARC1; p=none; adkim=s"']}
        assert judged(raw, record, relaxed) == Proven("dmarc=pass (salon.example)")
        assert isinstance(judged(raw, record, strict), Unproven)

    def test_the_organizations_record_holds_below(self, key: tuple[bytes, str]) -> None:
        """Where the domain in From has none of its own."""
        strict = {("_dmarc.salon.example", "TXT"): ['"v=DMARC1; p=none; adkim=s"']}
        raw, record = signed(key[0]), record_of("salon.example", key[1])
        with proof(record, strict) as check:
            verdict = check.judge(Envelope(ANNA, ()), raw, "anna@team.salon.example")
        assert isinstance(verdict, Unproven)

    def test_a_policy_of_none_excuses_nobody(self) -> None:
        """It asks for no action, and proves nothing."""
        assert isinstance(
            judged(MAIL, SPF, {("_dmarc.salon.example", "TXT"): ['"v=DMARC1; p=none"']}, peer=BAD), Unproven
        )


def test_a_mail_that_costs_too_much_is_left_open() -> None:
    """All lookups of a mail share one time."""

    def slow(name: str, kind: str) -> list[str]:
        raise Unreachable(f"{name} {kind}")

    assert isinstance(DnsProof(slow, seconds=0).judge(Envelope(ANNA, (), peer=GOOD), MAIL, ANNA), Undecided)


def test_organizational_domains() -> None:
    """By the public suffix list, private suffixes too."""
    assert [organisational_domain(name) for name in ("a.b.salon.example", "x.co.uk", "shop.github.io", "com")] == [
        "salon.example",
        "x.co.uk",
        "shop.github.io",
        "",
    ]


@pytest.mark.parametrize("module", ["dkim", "spf", "publicsuffixlist"])
def test_without_the_extra_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """When it is made."""
    from servicekit.adapters.mail import authenticity

    authenticity._suffixes.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match="gateway"):
        DnsProof(lambda _name, _kind: [])
