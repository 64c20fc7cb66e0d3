"""What the own server wrote on top of a mail: which Authentication-Results are believed, and how they are read."""

from __future__ import annotations

import authres  # type: ignore[import-untyped]
import pytest
from authres.dmarc import DMARCAuthenticationResult  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import ConfigurationError
from servicekit.mail import (
    Check,
    Envelope,
    Method,
    Proven,
    Result,
    TrustedResults,
    Unproven,
    Verdict,
    VerifiedInFront,
    judge_sender,
)
from servicekit.mail.results import trusted_checks

US = "mx.sms.example"
SALON = "salon.example"
ENVELOPE = Envelope("anna@salon.example", ("0701740605@sms.example",))
SPF, DKIM, DMARC = Method.SPF, Method.DKIM, Method.DMARC


def headed(*fields: str) -> bytes:
    """A mail with these fields on top."""
    return "".join(f"{field}\r\n" for field in fields).encode() + b"From: anna@salon.example\r\n\r\nHej\r\n"


def results(words: str, server: str = US) -> str:
    """An Authentication-Results field."""
    return f"Authentication-Results: {server}; {words}"


def judged(*fields: str, sender: str = "anna@salon.example") -> Verdict:
    """What TrustedResults makes of a mail."""
    return TrustedResults(US).judge(ENVELOPE, headed(*fields), sender)


PASS = results("dkim=pass header.d=salon.example")
RECEIVED = "Received: from mail.salon.example by mx.sms.example; Mon, 3 Aug 2026 10:00:00 +0200"


class TestWhichFieldsAreBelieved:
    """Of all Authentication-Results in a mail."""

    @pytest.mark.spec("M-09")
    def test_ours_on_top_is(self) -> None:
        """Above the Received field of our server, or below it: both is done."""
        assert judged(PASS) == Proven("dkim=pass (salon.example)")
        assert isinstance(judged(RECEIVED, PASS), Proven)
        assert isinstance(judged("Return-Path: <anna@salon.example>", PASS, RECEIVED), Proven)

    @pytest.mark.parametrize(
        "fields",
        [
            (),
            ("Authentication-Results: elsewhere.example; dkim=pass header.d=salon.example",),
            ("X-Authentication-Results: mx.sms.example; dkim=pass header.d=salon.example",),
            ("Authentication-Results: mx.sms.example.elsewhere.example; dkim=pass header.d=salon.example",),
            ("Authentication-Results: dkim=pass header.d=salon.example",),
            ("Authentication-Results: ; dkim=pass header.d=salon.example",),
            ("Authentication-Results: (mx.sms.example) elsewhere.example; dkim=pass header.d=salon.example",),
            (results("none"), RECEIVED, PASS),
            (results("dkim=none"), "X-Spam: no", PASS),
            (RECEIVED, results("dkim=none"), PASS),
            (results("dmarc=fail header.from=salon.example"), results("dmarc=pass header.from=salon.example")),
            (results("dkim=pass header.d=elsewhere.example"), RECEIVED, PASS),
        ],
    )
    def test_forged_and_foreign_ones_are_not(self, fields: tuple[str, ...]) -> None:
        """Other servers', and ours below the run that our server wrote: anybody can write those."""
        assert isinstance(judged(*fields), Unproven)

    def test_a_run_counts_as_a_whole(self) -> None:
        """As when one program checks DKIM and another DMARC; foreign fields above it were added later."""
        run = (results("dmarc=none header.from=salon.example"), results("spf=none"), PASS, RECEIVED)
        assert isinstance(judged("Authentication-Results: inside.example; none", *run), Proven)

    def test_the_id_has_no_capitals(self) -> None:
        """And may have a version (RFC 8601, 2.2) or quotes."""
        for server in ("MX.SMS.example", "mx.sms.example 1", '"mx.sms.example"', "(ours) mx.sms.example (really)"):
            assert isinstance(judged(results("dkim=pass header.d=salon.example", server)), Proven)
        assert isinstance(TrustedResults("Mx.Sms.Example").judge(ENVELOPE, headed(PASS), "anna@salon.example"), Proven)

    @pytest.mark.parametrize(
        ("words", "checks"),
        [
            ("none", []),
            ("dkim=pass header.d=Salon.Example", ["dkim=pass (salon.example)"]),
            ("dkim=pass header.i=@salon.example", ["dkim=pass (salon.example)"]),
            ("dkim=pass header.i=anna@m.salon.example header.d=salon.example", ["dkim=pass (salon.example)"]),
            ("dkim = pass (2048-bit; key) header.d = salon.example", ["dkim=pass (salon.example)"]),
            ('dkim=pass reason="good; really" header.d=salon.example', ["dkim=pass (salon.example)"]),
            ("dkim=pass header.b=AbC/d+e= header.d=salon.example", ["dkim=pass (salon.example)"]),
            ("dkim/1=pass header.d=salon.example", ["dkim=pass (salon.example)"]),
            ("DKIM=Pass header.d=salon.example.", ["dkim=pass (salon.example)"]),
            ("spf=pass smtp.mailfrom=anna@salon.example", ["spf=pass (salon.example)"]),
            ("spf=pass smtp.mailfrom=bücher.example", ["spf=pass (no domain)"]),
            ("spf=pass smtp.helo=salon.example", ["spf=pass (no domain)"]),
            ("spf=hardfail smtp.mailfrom=salon.example", ["spf=fail (salon.example)"]),
            ("spf=perhaps smtp.mailfrom=salon.example", ["spf=permerror (salon.example)"]),
            ("dmarc=bestguesspass header.from=salon.example", ["dmarc=none (salon.example)"]),
            (
                "spf=pass smtp.mailfrom=a@b.example; dkim=fail; dmarc=pass header.from=salon.example",
                ["spf=pass (b.example)", "dkim=fail (no domain)", "dmarc=pass (salon.example)"],
            ),
            ("arc=pass header.d=salon.example", []),
            ("dkim=pass header.d=a.example header.d=salon.example", ["dkim=pass (a.example)"]),
            ("dkim=pass header.d=-", ["dkim=pass (no domain)"]),
            ("dkim=pass header.d=a..example", ["dkim=pass (no domain)"]),
            ("dkim=pass; header.d=salon.example", ["dkim=pass (no domain)"]),
            ("dkim=pass (a comment that never ends header.d=salon.example", ["dkim=pass (no domain)"]),
            ("(dkim=pass header.d=salon.example)", []),
            (r'(a \) comment (in one) with "quotes) dkim=pass header.d=salon.example', ["dkim=pass (salon.example)"]),
            ("=pass", []),
        ],
    )
    def test_reads_what_servers_write(self, words: str, checks: list[str]) -> None:
        """Comments, quotes, versions, capitals (RFC 8601, 2.2); what it cannot read proves nothing."""
        raw = f"{results(words)}\r\n\r\n".encode()
        assert [str(check) for check in trusted_checks(raw, US)] == checks

    @pytest.mark.parametrize(
        "sender",
        [
            '"salon.example"@elsewhere.example',
            '"x smtp.mailfrom=a@salon.example"@elsewhere.example',
            '"x; dkim=pass header.d=salon.example"@elsewhere.example',
            r'"x\"; dkim=pass header.d=salon.example; \""@elsewhere.example',
            '"(";dkim=pass header.d=salon.example',
            "a=salon.example@elsewhere.example",
        ],
    )
    def test_what_senders_choose_does_not_break_out(self, sender: str) -> None:
        """The envelope's sender stands in the field as the sender wrote it."""
        checks = trusted_checks(headed(results(f"spf=pass smtp.mailfrom={sender}; dkim=none")), US)
        assert SALON not in {check.domain for check in checks if check.method is SPF}
        quoted = sender.startswith('"(')  # the server lost the closing part: then the rest is the server's own word
        assert quoted or isinstance(judge_sender(SALON, checks), Unproven)

    @given(
        st.sampled_from([result.value for result in Result]),
        st.sampled_from([result.value for result in Result if result is not Result.POLICY]),
        st.sampled_from(["pass", "fail", "none", "temperror", "permerror"]),
        st.sampled_from([SALON, "elsewhere.example", "a-b.c.example"]),
        st.sampled_from([f"anna@{SALON}", "eve@elsewhere.example"]),
    )
    def test_agrees_with_another_writer(self, dkim: str, spf: str, dmarc: str, signer: str, sender: str) -> None:
        """What the package authres writes is read as it was meant."""
        field = authres.AuthenticationResultsHeader(
            authserv_id=US,
            results=[
                authres.DKIMAuthenticationResult(result=dkim, header_d=signer),
                authres.SPFAuthenticationResult(result=spf, smtp_mailfrom=sender),
                DMARCAuthenticationResult(result=dmarc, header_from=SALON),
            ],
        )
        checks = trusted_checks(headed(str(field)), US)
        assert checks == (
            Check(DKIM, Result(dkim), signer),
            Check(SPF, Result(spf), sender.partition("@")[2]),
            Check(DMARC, Result(dmarc), SALON),
        )

    @given(st.binary(max_size=300))
    def test_no_bytes_make_it_raise_or_believe(self, noise: bytes) -> None:
        """A header that is no header says nothing."""
        assert trusted_checks(noise, US) == () or US.encode() in noise.lower()

    def test_huge_and_broken_fields_say_nothing(self) -> None:
        """Nor do they hurt."""
        huge = results("dkim=pass header.d=salon.example (" + "x" * 20_000 + ")")
        assert isinstance(judged(huge), Unproven)
        assert trusted_checks(b"Authentication-Results", US) == ()


def test_an_id_is_needed() -> None:
    """An empty one would be anybody's."""
    with pytest.raises(ConfigurationError, match="authserv-id"):
        TrustedResults(" ")


def test_verified_in_front_believes_everything() -> None:
    """Which is why it has to be asked for by name."""
    assert isinstance(VerifiedInFront().judge(ENVELOPE, b"", "eve@elsewhere.example"), Proven)
