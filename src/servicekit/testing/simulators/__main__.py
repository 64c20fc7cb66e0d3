"""All simulators on loopback ports: ``python -m servicekit.testing.simulators``.

Prints one line ``name url`` for each (46elks, twilio, sinch, vonage, exivo, zoom, mailbox, mailbox-http) and nothing else, then
runs until SIGINT or SIGTERM. The vendors' paths follow the URLs (``/a1``, ``/2010-04-01``, ``/xms/v1``, ``/sms``, ``/v1``,
``/v2`` and ``/oauth``); ``/_sim/`` below each is its control.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from servicekit.testing.simulators import (
    ExivoSimulator,
    FortySixElksSimulator,
    MailboxSimulator,
    Simulator,
    SinchSimulator,
    TwilioSimulator,
    VonageSimulator,
    ZoomSimulator,
    serve,
)

__all__ = ["main", "run"]

_SERVED: tuple[type[Simulator], ...] = (
    FortySixElksSimulator,
    TwilioSimulator,
    SinchSimulator,
    VonageSimulator,
    ExivoSimulator,
    ZoomSimulator,
)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m servicekit.testing.simulators", description="All simulators on loopback ports."
    )
    for name in (*(kind.name for kind in _SERVED), "mailbox", "mailbox-http"):
        parser.add_argument(f"--{name}", dest=name, type=int, default=0, metavar="PORT", help="default: a free port")
    parser.add_argument("--seed", type=int, default=0, help="of the ids that the simulators give out (default: 0)")
    return parser.parse_args(arguments)


def run(arguments: Sequence[str] | None, stop: threading.Event) -> int:
    """Serve all simulators until ``stop`` is set; gives the exit status."""
    options = vars(_options(arguments))
    seed = options["seed"]
    mailbox = MailboxSimulator(smtp_port=options["mailbox"], seed=seed)
    with ExitStack() as stack:
        lines = [
            f"{simulator.name} {stack.enter_context(serve(simulator, options[simulator.name])).url}"
            for simulator in (kind(seed=seed) for kind in _SERVED)
        ]
        control = stack.enter_context(serve(mailbox, options["mailbox-http"]))
        lines += [f"mailbox {mailbox.smtp_url}", f"mailbox-http {control.url}"]
        print(*lines, sep="\n", flush=True)  # noqa: T201 - these lines are its purpose
        stop.wait()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return run(arguments, stop)


if __name__ == "__main__":
    sys.exit(main())
