"""A client of the old call, written from its document alone: it sends a text, asks how it fares, and takes in what is pushed.

Nothing of servicekit is imported; the standard library is enough. Run it as::

    python examples/old_api_client.py https://sms.example/data_db/api.aspx KEY +46701234567 "Räksmörgås"
"""

from __future__ import annotations

import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

WAIT = 30


@dataclass(frozen=True)
class Sent:
    """The answer to a sending: ``ok``, the code, and the id to ask about."""

    ok: bool
    code: str
    id: str


class OldApi:
    """The call at a URL, with the API user's session key."""

    def __init__(self, url: str, api_user: str) -> None:
        self._url = url
        self._api_user = api_user

    def send(self, phone_number: str, message: str) -> Sent:
        """Send one text, by a POST: so the text and the key stand in no log of URLs."""
        answer = self._call({"phone_number": phone_number, "message": message}, post=True)
        return Sent(answer.get("status") == "1", answer.get("code", ""), answer.get("id", ""))

    def status(self, key: str) -> str:
        """The newest status of a text, by a GET as in the document."""
        return self._call({"id": key}, post=False).get("value", "")

    def _call(self, parameters: dict[str, str], *, post: bool) -> ET.Element:
        encoded = urllib.parse.urlencode({"api_user": self._api_user, **parameters})
        url = self._url if post else f"{self._url}?{encoded}"
        with urllib.request.urlopen(url, encoded.encode() if post else None, timeout=WAIT) as answer:  # noqa: S310
            return ET.fromstring(answer.read())  # noqa: S314 - of the service that we chose


def receiver(take: Callable[[dict[str, str]], None]) -> type[BaseHTTPRequestHandler]:
    """A handler for ``api_url``: what is new is posted there, URL-encoded, and is given to ``take`` field by field."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            take(dict(urllib.parse.parse_qsl(body.decode())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base calls it so
            """Nothing: what is pushed holds people's texts."""

    return Receiver


def main(arguments: Iterable[str]) -> None:
    """Send one text and ask for its status."""
    try:
        url, api_user, number, text = arguments
    except ValueError:
        print("Call it with the URL, the key, a number and a text.")
        return
    api = OldApi(url, api_user)
    sent = api.send(number, text)
    print(sent.code, sent.id)
    if sent.id:
        print(api.status(sent.id))


if __name__ == "__main__":
    main(sys.argv[1:])
