"""Proof of senders by asking the DNS ourselves: SPF by pyspf, DKIM by dkimpy, alignment by DMARC (extra ``gateway``).

For gateways whose mail server in front does not check. SPF needs the address of the server that sent the mail: behind Postfix
it comes by XFORWARD (see :class:`servicekit.adapters.mail.listener.Listener`); without it only DKIM can prove.

Rules kept here, beyond those of the libraries:

* A signature counts only if it covers From and Subject and the whole body (no ``l=``), is made with SHA-256 (RFC 8301), and none
  of the fields that are read is there twice: what was added to a signed mail is not its signer's.
* At most five signatures and forty lookups a mail. Whatever else a mail makes a library raise counts as ``permerror``.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import define, field

from servicekit.adapters.mail.resolving import Budget, Lookup, dns_lookup
from servicekit.errors import MissingExtra, Unreachable
from servicekit.mail import Check, Envelope, Method, Result, Undecided, Verdict, judge_sender
from servicekit.mail.authenticity import DmarcRecord, by_dmarc, dmarc_record

__all__ = ["DnsProof", "organisational_domain"]

_log = logging.getLogger(__name__)

_MOST_SIGNATURES = 5
_MOST_LOOKUPS = 40
_SIGNED = (b"from", b"subject")
_SINGLE = (b"from", b"subject", b"content-type", b"content-transfer-encoding", b"message-id")
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")


def organisational_domain(domain: str) -> str:
    """The organizational domain (RFC 7489, 3.2) by the public suffix list that the package publicsuffixlist brings.

    >>> organisational_domain("mail.example.co.uk"), organisational_domain("co.uk")
    ('example.co.uk', '')
    """
    return str(_suffixes().privatesuffix(domain) or "")


@cache
def _suffixes() -> Any:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError as error:
        raise MissingExtra("gateway", "Telling organizational domains apart") from error
    return PublicSuffixList()


@define
class DnsProof:
    """Senders are proven by SPF, DKIM and DMARC, checked here.

    Args:
        lookup: how the DNS is asked; by default through the machine's resolver.
        seconds: for all lookups of one mail; more make it undecided.

    Raises:
        MissingExtra: one of the libraries is not installed.
    """

    lookup: Lookup = field(factory=dns_lookup, repr=False)
    seconds: float = field(default=20.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        try:
            import dkim  # type: ignore[import-untyped]  # noqa: F401 - only whether it is there
            import spf  # type: ignore[import-untyped]  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise MissingExtra("gateway", "Checking SPF and DKIM") from error
        _suffixes()

    def judge(self, envelope: Envelope, raw: bytes, from_address: str) -> Verdict:
        """Ask the DNS; some 10 to 100 ms where it is near."""
        look_up = Budget(self.lookup, _MOST_LOOKUPS, self.seconds)
        from_domain = from_address.rpartition("@")[2]
        checks = [*_spf(envelope, look_up), *_dkim(raw, look_up)]
        try:
            record = _policy(from_domain, look_up)
        except Unreachable as error:
            return Undecided(error.message)
        dmarc = by_dmarc(from_domain, checks, record, organisational_domain)
        return judge_sender(from_domain, [dmarc, *checks], organisational_domain)


def _policy(from_domain: str, look_up: Lookup) -> DmarcRecord | None:
    """The domain's own record, else that of its organizational domain (RFC 7489, 6.6.3)."""
    own = dmarc_record(look_up(f"_dmarc.{from_domain}", "TXT"))
    above = organisational_domain(from_domain)
    if own is not None or above in {"", from_domain}:
        return own
    return dmarc_record(look_up(f"_dmarc.{above}", "TXT"))


# --- SPF


def _spf(envelope: Envelope, look_up: Lookup) -> Iterator[Check]:
    domain = envelope.sender.rpartition("@")[2].lower()
    if not domain or not envelope.peer:
        return
    try:
        result = Result(_query(envelope, look_up).check()[0])
    except Unreachable:
        result = Result.TEMPERROR
    except Exception:  # noqa: BLE001 - a record is a stranger's text, and the library raises what it likes for it
        _log.info("An SPF record could not be read", exc_info=True)
        result = Result.PERMERROR
    yield Check(Method.SPF, result, domain)


def _query(envelope: Envelope, look_up: Lookup) -> Any:
    import spf

    class Query(spf.query):  # type: ignore[misc]  # it has no types
        """pyspf's check_host(), asking our lookup."""

        def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002
            """Records in the form of pyspf; two empty answers are borne (RFC 7208, 4.6.4)."""
            labels = str(name).removesuffix(".").split(".")
            found = look_up(".".join(labels), qtype) if all(0 < len(label) < 64 for label in labels) else ()  # noqa: PLR2004
            if not found and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError("too many lookups without an answer")
            return [_record(qtype, text) for text in found]

    return Query(envelope.peer, envelope.sender, envelope.helo)


def _record(kind: str, text: str) -> Any:
    if kind == "TXT":
        return (text.encode(),)
    if kind == "MX":
        preference, _, host = text.partition(" ")
        return int(preference), host.removesuffix(".")
    return text.removesuffix(".")


# --- DKIM


def _dkim(raw: bytes, look_up: Lookup) -> Iterator[Check]:
    import dkim

    try:
        signed = dkim.DKIM(raw)
    except (dkim.DKIMException, IndexError):  # the latter for a mail that has no header
        return
    names = Counter(name.lower() for name, _ in signed.headers)
    for index in range(min(names[b"dkim-signature"], _MOST_SIGNATURES)):
        signed.signature_fields = {}
        result = _verified(signed, index, look_up)
        if result is Result.PASS and not _covers(signed, names):
            result = Result.POLICY
        domain = signed.signature_fields.get(b"d", b"").decode("ascii", "replace").strip().lower()
        yield Check(Method.DKIM, result, domain)


def _verified(signed: Any, index: int, look_up: Lookup) -> Result:
    def key_of(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - the library's
        found = look_up(name.decode("ascii").removesuffix("."), "TXT")
        return found[0].encode() if len(found) == 1 else None

    try:
        return Result.PASS if signed.verify(idx=index, dnsfunc=key_of) else Result.FAIL
    except Unreachable:
        return Result.TEMPERROR
    except Exception:  # noqa: BLE001 - a signature is a stranger's text, and the library raises what it likes for it
        _log.info("A DKIM signature could not be read", exc_info=True)
        return Result.PERMERROR


def _covers(signed: Any, names: Counter[bytes]) -> bool:
    """Whether what is read of the mail is what its signer has signed."""
    fields = signed.signature_fields
    return (
        fields.get(b"a", b"").strip().lower() in _ALGORITHMS
        and b"l" not in fields
        and all(name in signed.include_headers for name in _SIGNED if names[name])
        and all(names[name] <= 1 for name in _SINGLE)
    )
