"""Stand-ins of the vendors, for your own tests: real HTTP and SMTP, state, and faults on demand.

::

    with serve(ExivoSimulator()) as server:
        ...                                    # point your code at server.url + "/v1"
        server.simulator.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
        server.simulator.try_door("+41791234567", COMPONENTS[0].id)
"""

from servicekit.testing.simulators.control import (
    CarrierControl,
    ExivoControl,
    FortySixElksControl,
    MailboxControl,
    SimulatorControl,
    ZoomControl,
)
from servicekit.testing.simulators.core import Exchange, Simulator
from servicekit.testing.simulators.exivo import ExivoSimulator
from servicekit.testing.simulators.exivo_site import COMPONENTS, Light, SimComponent
from servicekit.testing.simulators.faults import Fault, FaultKind, NoResponse
from servicekit.testing.simulators.fortysixelks import FortySixElksSimulator
from servicekit.testing.simulators.fortysixelks_values import HandsetText, Outcome
from servicekit.testing.simulators.mailbox import KeptMail, MailboxSimulator
from servicekit.testing.simulators.resivo import ResivoSimulator
from servicekit.testing.simulators.serving import Served, serve, transport
from servicekit.testing.simulators.sinch import SinchSimulator
from servicekit.testing.simulators.twilio import TwilioSimulator
from servicekit.testing.simulators.vonage import VonageSimulator
from servicekit.testing.simulators.webhook_faults import WebhookFault
from servicekit.testing.simulators.webhooks import Delivery
from servicekit.testing.simulators.zoom import ZoomSimulator
from servicekit.testing.simulators.zoom_values import USERS, ZoomUser

__all__ = [
    "COMPONENTS",
    "USERS",
    "CarrierControl",
    "Delivery",
    "Exchange",
    "ExivoControl",
    "ExivoSimulator",
    "Fault",
    "FaultKind",
    "FortySixElksControl",
    "FortySixElksSimulator",
    "HandsetText",
    "KeptMail",
    "Light",
    "MailboxControl",
    "MailboxSimulator",
    "NoResponse",
    "Outcome",
    "ResivoSimulator",
    "Served",
    "SimComponent",
    "Simulator",
    "SimulatorControl",
    "SinchSimulator",
    "TwilioSimulator",
    "VonageSimulator",
    "WebhookFault",
    "ZoomControl",
    "ZoomSimulator",
    "ZoomUser",
    "serve",
    "transport",
]
