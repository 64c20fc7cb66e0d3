"""Send a text through 46elks and follow it in the log.

    python examples/send_text.py 070-1740605 "Your colour has come in."

With ELKS_USERNAME and ELKS_PASSWORD set it is a real text, which costs; without them the simulated carrier takes it.
"""

from __future__ import annotations

import os
import sys

from servicekit import Kit, Principal, Refused
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.groups import FoundOrganisation, Quota, Settings
from servicekit.messages import SearchLog, SendText
from servicekit.testing.simulators import FortySixElksSimulator, transport


def open_kit() -> Kit:
    """A kit with the real carrier if there are credentials, else with the simulated one."""
    username, password = os.environ.get("ELKS_USERNAME"), os.environ.get("ELKS_PASSWORD")
    if username and password:
        return Kit.open("sqlite:///:memory:", texts=FortySixElks(username, password))
    carrier = FortySixElksSimulator()
    texts = FortySixElks(carrier.api_user, carrier.api_password)
    return Kit.open("sqlite:///:memory:", texts=texts, transport=transport(carrier))


def main(number: str, text: str) -> int:
    """Send one text; 0 if the carrier has it."""
    with open_kit() as kit:
        settings = Settings(country_code=46, sender_name="Salon", user_quota=Quota(50, days=30))
        organisation = FoundOrganisation(
            name="Salon", zone="Europe/Stockholm", admin="anna@salon.example", settings=settings
        )
        founded = kit.perform(organisation, by=Principal.operator("example"))
        anna = Principal.of(founded.admin.id)
        try:
            message = kit.perform(SendText(user=founded.admin.id, to=number, text=text), by=anna)
        except Refused as refused:
            print(refused)
            return 1
        print(f"{message.shown}: {message.segments} segments to {message.number}")
        kit.deliver()
        (message,) = kit.ask(SearchLog(group=founded.root.id), by=anna).messages
        print(f"{message.shown} by {message.vendor or 'nobody'} {message.detail}".rstrip())
        return 0 if message.vendor_id else 1


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["070-174 06 05", "Your colour has come in."])))
