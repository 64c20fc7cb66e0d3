"""Whether a mail is from the domain in From: alignment, DMARC, and which Authentication-Results are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail import (
    Check,
    Envelope,
    Method,
    Proven,
    Result,
    Undecided,
    Unproven,
    Verdict,
    judge_sender,
)
from servicekit.mail.authenticity import DmarcRecord, aligned, by_dmarc, dmarc_record

US = "mx.sms.example"
SALON = "salon.example"
ENVELOPE = Envelope("anna@salon.example", ("0701740605@sms.example",))
SPF, DKIM, DMARC = Method.SPF, Method.DKIM, Method.DMARC


def organisational(domain: str) -> str:
    """Two labels make an organization here; one makes a public suffix."""
    labels = domain.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 else ""


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
                for result in sorted(set(Result) - {Result.TEMPERROR})
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
