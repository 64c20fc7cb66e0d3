"""README's ten lines: an organisation, a text through its rules, a carrier that takes it."""

from servicekit import Kit, Principal
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.groups import FoundOrganisation, Settings
from servicekit.messages import SendText
from servicekit.testing.simulators import FortySixElksSimulator, transport

carrier = FortySixElksSimulator()  # with real credentials, leave this line and transport=... out
texts = FortySixElks(carrier.api_user, carrier.api_password)
with Kit.open("sqlite:///:memory:", texts=texts, transport=transport(carrier)) as kit:
    rules = Settings(country_code=46, sender_name="Salon")
    new = FoundOrganisation(name="Salon", zone="Europe/Stockholm", admin="anna@salon.example", settings=rules)
    anna = kit.perform(new, by=Principal.operator("set-up")).admin.id
    text = SendText(user=anna, to="070-174 06 05", text="Your colour has come in.")
    print(kit.perform(text, by=Principal.of(anna)).segments, "segment")
    print(kit.deliver())
    print(carrier.handset("+46701740605")[0].text)
