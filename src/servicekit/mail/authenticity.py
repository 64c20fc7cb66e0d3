"""Whether a mail is from the domain in its From field: judged from what servers have found out about it (M-09).

Rules kept here:

* SPF (RFC 7208) and DKIM (RFC 6376) prove a domain of their own. It counts only where that domain is *aligned* with the one in
  From, which is what DMARC asks (RFC 7489, 3.1): a pass of another domain proves nothing.
* A result of DMARC itself outweighs the others: it knows what the domain demands. Where the domain demands nothing, an aligned
  pass is needed all the same; the policy ``p=none`` excuses nobody.
* ``temperror`` is never a pass: the mail is :class:`Undecided`, and comes again later.

Nothing here asks anybody: :mod:`servicekit.adapters.mail.authenticity` asks the DNS, and :mod:`servicekit.mail.results` reads
what the own server has found out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from attrs import frozen

__all__ = [
    "Check",
    "DmarcRecord",
    "Method",
    "Organisational",
    "Proven",
    "Result",
    "Undecided",
    "Unproven",
    "Verdict",
    "aligned",
    "by_dmarc",
    "dmarc_record",
    "judge_sender",
]

Organisational = Callable[[str], str]
"""The organizational domain of a domain (RFC 7489, 3.2), such as ``example.co.uk`` of ``mail.example.co.uk``; empty for a public
suffix."""


class Method(StrEnum):
    """Who found out."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"


class Result(StrEnum):
    """What was found out (RFC 8601, 2.7.1 to 2.7.2)."""

    PASS = "pass"  # noqa: S105 - a result
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@frozen
class Check:
    """One result, and the domain that it is about, in ASCII and lower case; empty where it is not known.

    That is the envelope sender's for SPF, the signer's for DKIM, and From's for DMARC.
    """

    method: Method
    result: Result
    domain: str

    def __str__(self) -> str:
        return f"{self.method}={self.result} ({self.domain or 'no domain'})"


@frozen
class Proven:
    """The mail is from the domain in From; ``how`` names what shows it."""

    how: str


@frozen
class Unproven:
    """Nothing shows that it is; it may never spend, nor be answered."""

    why: str


@frozen
class Undecided:
    """It cannot be told now; the mail is to come again."""

    why: str


Verdict = Proven | Unproven | Undecided


# --- alignment


def aligned(
    domain: str, from_domain: str, organisational: Organisational | None = None, *, strict: bool = False
) -> bool:
    """Whether a proven domain speaks for the one in From (RFC 7489, 3.1).

    Args:
        domain: what SPF or DKIM proved.
        from_domain: the domain in From.
        organisational: for the relaxed mode, where both may be below one organizational domain. Without it, only a domain
            above From's speaks for it: whoever holds that one holds all below.
        strict: both must be the same.

    >>> aligned("example.com", "mail.example.com")
    True
    >>> aligned("evil-example.com", "example.com"), aligned("mail.example.com", "example.com")
    (False, False)
    """
    if not domain or "." not in domain:
        return False
    if domain == from_domain:
        return True
    if strict:
        return False
    if organisational is None:
        return from_domain.endswith(f".{domain}")
    ours = organisational(from_domain)
    return bool(ours) and organisational(domain) == ours


@frozen
class DmarcRecord:
    """What a domain demands, as far as it changes the judgement."""

    strict_spf: bool = False
    strict_dkim: bool = False


def dmarc_record(texts: Iterable[str]) -> DmarcRecord | None:
    """The one DMARC record among the TXT records of ``_dmarc.<domain>``; None if there is none, or more than one (6.6.3).

    >>> dmarc_record(["v=DMARC1; p=none; adkim=s"])
    DmarcRecord(strict_spf=False, strict_dkim=True)
    """
    found = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text)]
    if len(found) != 1:
        return None
    pairs = (part.partition("=") for part in found[0].split(";"))
    tags = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    return DmarcRecord(strict_spf=tags.get("aspf") == "s", strict_dkim=tags.get("adkim") == "s")


def by_dmarc(
    from_domain: str, checks: Iterable[Check], record: DmarcRecord | None, organisational: Organisational | None
) -> Check:
    """What DMARC finds, given what SPF and DKIM found and what the domain demands; ``none`` where it demands nothing."""
    if record is None:
        return Check(Method.DMARC, Result.NONE, from_domain)
    strict = {Method.SPF: record.strict_spf, Method.DKIM: record.strict_dkim}
    speaking = [
        check
        for check in checks
        if check.method in strict and _speaks(check, from_domain, organisational, strict=strict[check.method])
    ]
    return Check(Method.DMARC, _best(speaking), from_domain)


def _speaks(check: Check, from_domain: str, organisational: Organisational | None, *, strict: bool) -> bool:
    # A check that could not be made may be about any domain.
    nameless = check.result is Result.TEMPERROR and not check.domain
    return nameless or aligned(check.domain, from_domain, organisational, strict=strict)


def _best(checks: Iterable[Check]) -> Result:
    found = {check.result for check in checks}
    return next((result for result in (Result.PASS, Result.TEMPERROR) if result in found), Result.FAIL)


# --- judgement


def judge_sender(from_domain: str, checks: Iterable[Check], organisational: Organisational | None = None) -> Verdict:
    """Whether these results prove that a mail is from ``from_domain``.

    Args:
        from_domain: in ASCII and lower case.
        checks: the topmost first.
        organisational: see :func:`aligned`.

    >>> judge_sender("salon.example", [Check(Method.DKIM, Result.PASS, "salon.example")])
    Proven(how='dkim=pass (salon.example)')
    >>> judge_sender("salon.example", [Check(Method.SPF, Result.PASS, "elsewhere.example")])
    Unproven(why='nothing proves salon.example: spf=pass (elsewhere.example)')
    """
    found = tuple(checks)
    said = ", ".join(map(str, found)) or "no results"
    unproven = Unproven(f"nothing proves {from_domain}: {said}")
    dmarc = next((check for check in found if check.method is Method.DMARC), None)
    if dmarc is not None and dmarc.result is not Result.NONE:
        if dmarc.result is Result.TEMPERROR:
            return Undecided(str(dmarc))
        return Proven(str(dmarc)) if dmarc.result is Result.PASS and dmarc.domain == from_domain else unproven
    others = [check for check in found if check.method is not Method.DMARC]
    speaking = [check for check in others if _speaks(check, from_domain, organisational, strict=False)]
    match _best(speaking):
        case Result.PASS:
            return Proven(str(next(check for check in speaking if check.result is Result.PASS)))
        case Result.TEMPERROR:
            return Undecided(said)
        case _:
            return unproven
