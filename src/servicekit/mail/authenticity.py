"""Whether a mail is from the domain in its From field: judged from what servers have found out about it (M-09).

Rules kept here:

* SPF (RFC 7208) and DKIM (RFC 6376) prove a domain of their own. It counts only where that domain is *aligned* with the one in
  From, which is what DMARC asks (RFC 7489, 3.1): a pass of another domain proves nothing.
* A result of DMARC itself outweighs the others: it knows what the domain demands. Where the domain demands nothing, an aligned
  pass is needed all the same; the policy ``p=none`` excuses nobody.
* ``temperror`` is never a pass: the mail is :class:`Undecided`, and comes again later.
* Of ``Authentication-Results`` (RFC 8601) only the topmost run of fields with the own authserv-id is believed. What stands below
  came with the mail, and anybody can write it. Below a Received field it is only one field, because what the sender wrote may
  follow it directly. What cannot be read proves nothing.

The server that writes the field must remove those that came with the mail (RFC 8601, 5): where it writes none of its own, a
forged one would be the topmost.

Nothing here asks anybody: :mod:`servicekit.adapters.mail.authenticity` asks the DNS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from enum import StrEnum

from attrs import frozen

from servicekit.domain_names import ascii_domain
from servicekit.errors import ConfigurationError
from servicekit.mail.values import Envelope

__all__ = [
    "Check",
    "DmarcRecord",
    "Method",
    "Organisational",
    "Proven",
    "Result",
    "TrustedResults",
    "Undecided",
    "Unproven",
    "Verdict",
    "VerifiedInFront",
    "aligned",
    "by_dmarc",
    "dmarc_record",
    "judge_sender",
    "trusted_checks",
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


# --- Authentication-Results

_FIELD = "authentication-results"
_MOST_FIELD = 10_000  # characters of one field that is read here
_RESULTS: Mapping[str, Result] = {
    **{result.value: result for result in Result},
    "hardfail": Result.FAIL,
    "bestguesspass": Result.NONE,  # Microsoft's word for a domain that demands nothing
}
_ABOUT: Mapping[Method, tuple[str, ...]] = {
    Method.SPF: ("smtp.mailfrom",),
    Method.DKIM: ("header.d", "header.i"),
    Method.DMARC: ("header.from",),
}
_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^\s";=]|(?<=\S)=)+'
_PAIR = re.compile(rf"\s*([A-Za-z][\w.-]*)(?:\s*/\s*\d+)?\s*=\s*({_VALUE})")
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*")


def trusted_checks(raw: bytes, authserv_id: str) -> tuple[Check, ...]:
    r"""What the own receiving server has written on top of a mail, in its order; nothing where it has written nothing.

    >>> mail = b"Authentication-Results: mx.salon.example; dkim=pass header.d=salon.example\r\n\r\nHej"
    >>> [str(check) for check in trusted_checks(mail, "mx.salon.example")]
    ['dkim=pass (salon.example)']
    """
    return tuple(check for value in _run(_header(raw), authserv_id.lower()) for check in _checks(value))


def _header(raw: bytes) -> Message:
    return BytesHeaderParser(policy=compat32).parsebytes(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0])


def _run(header: Message, authserv_id: str) -> Iterator[str]:
    """The results of the topmost run of fields with this id: without what is a comment, and without the id."""
    received, found = False, False
    for name, value in header.raw_items():
        ours = _ours(str(value), authserv_id) if name.lower() == _FIELD else None
        if ours is None:
            if found:
                return
            received = received or name.lower() == "received"
            continue
        yield ours
        found = True
        if received:
            return


def _ours(value: str, authserv_id: str) -> str | None:
    if len(value) > _MOST_FIELD:
        return None
    bare = _without_comments(value.replace("\r", "").replace("\n", ""))
    server, _, results = bare.partition(";")
    words = server.strip().lower().split()
    return results if words and words[0].strip('"') == authserv_id else None


def _without_comments(value: str) -> str:
    """White space for comments (RFC 5322, 3.2.2), which may hold others; not within quotes. A comment that never ends takes all."""
    kept, depth, quoted, escaped = [], 0, False, False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif depth == 0 and char == '"':
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif depth and char == ")":
            depth -= 1
            kept.append(" ")
            continue
        if depth == 0:
            kept.append(char)
    return "".join(kept)


def _checks(results: str) -> Iterator[Check]:
    for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^";])+', results):
        pairs = list(_pairs(part))
        if not pairs or pairs[0][0] not in set(Method):
            continue
        method = Method(pairs[0][0])
        properties = dict(reversed(pairs[1:]))  # of one that is said twice, the first
        domain = next((properties[name] for name in _ABOUT[method] if name in properties), "")
        yield Check(method, _RESULTS.get(pairs[0][1].lower(), Result.PERMERROR), _domain(domain))


def _pairs(part: str) -> Iterator[tuple[str, str]]:
    """``name=value`` one after the other; what is not of this form ends them."""
    at = 0
    while found := _PAIR.match(part, at):
        yield found[1].lower(), found[2]
        at = found.end()


def _domain(value: str) -> str:
    """The domain of ``anna@example.com``, ``@example.com`` or ``example.com``; empty where there is none to be read."""
    name = ascii_domain(value.rpartition("@")[2].removesuffix("."))
    return name if name is not None and _DOMAIN.fullmatch(name) else ""


# --- ready for Kit.open(senders=...)


@frozen
class TrustedResults:
    """Senders are proven by what the own mail server has written into ``Authentication-Results``.

    Args:
        authserv_id: the server's own, as it stands first in the field.
        organisational: see :func:`aligned`; :func:`servicekit.adapters.mail.authenticity.organisational_domain` is one.

    Raises:
        ConfigurationError: no id.
    """

    authserv_id: str
    organisational: Organisational | None = None

    def __attrs_post_init__(self) -> None:
        if not self.authserv_id.strip():
            raise ConfigurationError("TrustedResults needs the authserv-id that your mail server writes.")

    def judge(self, envelope: Envelope, raw: bytes, from_address: str) -> Verdict:  # noqa: ARG002 - the port's
        """Read the mail's header; asks nobody."""
        checks = trusted_checks(raw, self.authserv_id)
        return judge_sender(from_address.rpartition("@")[2], checks, self.organisational)


@frozen
class VerifiedInFront:
    """Every mail counts as proven, because a server in front has refused whatever was not.

    That server must demand a pass of DMARC or an aligned one of SPF or DKIM, from every domain, and nobody else may reach
    the listener. Otherwise anybody spends everybody's quota.
    """

    def judge(self, envelope: Envelope, raw: bytes, from_address: str) -> Verdict:  # noqa: ARG002 - the port's
        """Say so."""
        return Proven("verified in front")
