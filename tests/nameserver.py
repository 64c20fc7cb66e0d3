"""A name server on loopback, for tests that ask the DNS: real packets, records of the test's own, failures on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rrset

__all__ = ["FAILS", "served_zone"]

FAILS = "fails"
"""In place of records: the server answers SERVFAIL."""

Zone = Mapping[tuple[str, str], list[str] | str]
"""Records by name and type, in the form of a zone file."""


@contextmanager
def served_zone(zone: Zone) -> Iterator[int]:
    """Answer from ``zone`` over UDP, for every name below which nothing is there with NXDOMAIN; the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(line, zone))
        thread.start()
        try:
            yield line.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", line.getsockname())
            thread.join()


def _serve(line: socket.socket, zone: Zone) -> None:
    while True:
        packet, peer = line.recvfrom(4096)
        if not packet:
            return
        line.sendto(_answer(dns.message.from_wire(packet), zone).to_wire(), peer)


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA | dns.flags.RA
    (question,) = query.question
    name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
    found = zone.get((name, kind))
    if found == FAILS:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif found is not None:
        answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, list(found)))
    elif not any(known == name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer
