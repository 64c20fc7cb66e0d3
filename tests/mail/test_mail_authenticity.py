"""Whether a mail is from the domain in From: alignment, DMARC, and which Authentication-Results are believed."""

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
    Undecided,
    Unproven,
    Verdict,
    VerifiedInFront,
    judge_sender,
)
from servicekit.mail.authenticity import DmarcRecord, aligned, by_dmarc, dmarc_record, trusted_checks

US = "mx.sms.example"
SALON = "salon.example"
ENVELOPE = Envelope("anna@salon.example", ("0701740605@sms.example",))
SPF, DKIM, DMARC = Method.SPF, Method.DKIM, Method.DMARC


def organisational(domain: str) -> str:
    """Two labels make an organization here; one makes a public suffix."""
    labels = domain.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 else ""


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


class TestAlignment:
    """Which domain speaks for which."""

    @pytest.mark.parametrize(
        ("domain", "ours", "relaxed", "alone"),
        [
            ("salon.example", "salon.example", True, True),
            ("salon.example", "mail.salon.example", True, True),
            ("mail.salon.example", "salon.example", True, False),
            ("a.salon.example", "b.salon.example", True, False),
            ("evil-salon.example", "salon.example", False, False),
            ("elsewhere.example", "salon.example", False, False),
            ("example", "salon.example", False, False),
            ("", "salon.example", False, False),
        ],
    )
    def test_compares_by_labels(self, domain: str, ours: str, relaxed: bool, alone: bool) -> None:
        """By the organizational domain where that is known; else only one above speaks for one below."""
        assert aligned(domain, ours, organisational) is relaxed
        assert aligned(domain, ours) is alone

    def test_strict_wants_the_very_domain(self) -> None:
        """As a domain may demand (RFC 7489, 3.1)."""
        assert aligned(SALON, SALON, organisational, strict=True)
        assert not aligned(f"mail.{SALON}", SALON, organisational, strict=True)

    def test_public_suffixes_are_no_organisation(self) -> None:
        """Two domains that have none in common are not aligned by having none."""
        assert not aligned("co.uk", "com.se", lambda _: "")


class TestRecords:
    """What a domain demands."""

    @pytest.mark.parametrize(
        ("texts", "record"),
        [
            ([], None),
            (["v=spf1 -all"], None),
            (["v=DMARC1"], DmarcRecord()),
            (["v=DMARC1;p=reject;adkim=r;aspf=r"], DmarcRecord()),
            (["other", "v=DMARC1; p=none; aspf = S; adkim=s"], DmarcRecord(strict_spf=True, strict_dkim=True)),
            (["v=DMARC1; p=none", "v=DMARC1; p=reject"], None),
            (["p=none; v=DMARC1"], None),
            (["v=DMARC10; p=none"], None),
        ],
    )
    def test_there_is_one_record_or_none(self, texts: list[str], record: DmarcRecord | None) -> None:
        """Two are as good as none (RFC 7489, 6.6.3); the version comes first."""
        assert dmarc_record(texts) == record

    @pytest.mark.parametrize(
        ("checks", "record", "result"),
        [
            ([Check(SPF, Result.PASS, SALON)], DmarcRecord(), Result.PASS),
            ([Check(DKIM, Result.PASS, f"m.{SALON}")], DmarcRecord(), Result.PASS),
            ([Check(DKIM, Result.PASS, f"m.{SALON}")], DmarcRecord(strict_dkim=True), Result.FAIL),
            ([Check(SPF, Result.PASS, f"m.{SALON}")], DmarcRecord(strict_dkim=True), Result.PASS),
            ([Check(SPF, Result.PASS, f"m.{SALON}")], DmarcRecord(strict_spf=True), Result.FAIL),
            ([Check(SPF, Result.PASS, "elsewhere.example")], DmarcRecord(), Result.FAIL),
            ([Check(SPF, Result.TEMPERROR, SALON), Check(DKIM, Result.FAIL, SALON)], DmarcRecord(), Result.TEMPERROR),
            ([Check(SPF, Result.TEMPERROR, SALON), Check(DKIM, Result.PASS, SALON)], DmarcRecord(), Result.PASS),
            ([Check(SPF, Result.TEMPERROR, "elsewhere.example")], DmarcRecord(), Result.FAIL),
            ([], DmarcRecord(), Result.FAIL),
            ([Check(DKIM, Result.PASS, SALON)], None, Result.NONE),
        ],
    )
    def test_one_aligned_pass_is_enough(self, checks: list[Check], record: DmarcRecord | None, result: Result) -> None:
        """In the mode that the domain demands; what could not be looked up leaves it open only where it may be aligned."""
        assert by_dmarc(SALON, checks, record, organisational) == Check(DMARC, result, SALON)


class TestJudgement:
    """From results to a verdict."""

    @pytest.mark.spec("M-09")
    @pytest.mark.parametrize(
        ("checks", "kind"),
        [
            ([], Unproven),
            ([Check(DMARC, Result.PASS, SALON)], Proven),
            ([Check(DMARC, Result.PASS, "elsewhere.example")], Unproven),
            ([Check(DMARC, Result.PASS, "")], Unproven),
            ([Check(DMARC, Result.FAIL, SALON), Check(DKIM, Result.PASS, SALON)], Unproven),
            ([Check(DMARC, Result.PERMERROR, SALON), Check(DKIM, Result.PASS, SALON)], Unproven),
            ([Check(DMARC, Result.TEMPERROR, SALON), Check(DKIM, Result.PASS, SALON)], Undecided),
            ([Check(DMARC, Result.NONE, SALON), Check(DKIM, Result.PASS, SALON)], Proven),
            ([Check(DMARC, Result.NONE, SALON), Check(DKIM, Result.PASS, "elsewhere.example")], Unproven),
            ([Check(DMARC, Result.FAIL, SALON), Check(DMARC, Result.PASS, SALON)], Unproven),
            ([Check(DKIM, Result.TEMPERROR, SALON)], Undecided),
            ([Check(DKIM, Result.TEMPERROR, "")], Undecided),
            ([Check(DKIM, Result.TEMPERROR, "elsewhere.example")], Unproven),
            ([Check(DKIM, Result.TEMPERROR, SALON), Check(SPF, Result.PASS, SALON)], Proven),
            *(
                ([Check(method, result, SALON)], Proven if result is Result.PASS else Unproven)
                for method in (SPF, DKIM)
                for result in set(Result) - {Result.TEMPERROR}
            ),
        ],
    )
    def test_only_an_aligned_pass_proves(self, checks: list[Check], kind: type[Verdict]) -> None:
        """DMARC's own result outweighs the others, and what could not be told is never a pass."""
        assert isinstance(judge_sender(SALON, checks, organisational), kind)

    @given(
        st.lists(
            st.builds(
                Check,
                st.sampled_from(Method),
                st.sampled_from(Result),
                st.sampled_from(["", SALON, f"m.{SALON}", "elsewhere.example", f"evil-{SALON}"]),
            ),
            max_size=5,
        )
    )
    def test_without_a_pass_of_an_aligned_domain_nothing_is_proven(self, checks: list[Check]) -> None:
        """Whatever else is said; and what is proven names the result that proves it."""
        verdict = judge_sender(SALON, checks, organisational)
        aligned_passes = {
            str(check) for check in checks if check.result is Result.PASS and organisational(check.domain) == SALON
        }
        if isinstance(verdict, Proven):
            assert verdict.how in aligned_passes
        if not aligned_passes:
            assert not isinstance(verdict, Proven)

    def test_the_reason_is_told(self) -> None:
        """For administrators: what was found, and of whom."""
        verdict = judge_sender(SALON, [Check(SPF, Result.PASS, "elsewhere.example"), Check(DKIM, Result.FAIL, "")])
        assert verdict == Unproven("nothing proves salon.example: spf=pass (elsewhere.example), dkim=fail (no domain)")
        assert judge_sender(SALON, []) == Unproven("nothing proves salon.example: no results")


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
