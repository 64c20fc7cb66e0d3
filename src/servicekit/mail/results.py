"""What the own mail server has found out about a sender: its ``Authentication-Results`` (RFC 8601) on top of a mail (M-09).

Rules kept here:

* Of ``Authentication-Results`` (RFC 8601) only the topmost run of fields with the own authserv-id is believed. What stands below
  came with the mail, and anybody can write it. Below a Received field it is only one field, because what the sender wrote may
  follow it directly. What cannot be read proves nothing.

The server that writes the field must remove those that came with the mail (RFC 8601, 5): where it writes none of its own, a
forged one would be the topmost.

Refused, as `ConfigurationError`: trust in a server without an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from attrs import frozen

from servicekit.domain_names import ascii_domain
from servicekit.errors import ConfigurationError
from servicekit.mail.authenticity import Check, Method, Organisational, Proven, Result, Verdict, judge_sender
from servicekit.mail.values import Envelope

__all__ = ["TrustedResults", "VerifiedInFront", "trusted_checks"]

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
