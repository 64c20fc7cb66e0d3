"""The demo: everything once, over real sockets, on a fresh database, against the simulators.

Four processes, as in real life: this one is the application; one takes mails and vendors' calls (the front); one is the relay;
one is the outside world (the simulators). It ends in a table of what was expected and what was found.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from servicekit.cli.demo.bookings import play_bookings
from servicekit.cli.demo.organisation import set_up
from servicekit.cli.demo.portal import play_portal
from servicekit.cli.demo.report import Report
from servicekit.cli.demo.texts import play_texts
from servicekit.cli.demo.world import open_world

__all__ = ["play"]


def play(*, as_json: bool = False, kill_relay: bool = False) -> int:
    """Play the demo and print its table.

    Args:
        as_json: print the table as JSON instead, without times.
        kill_relay: kill the relay (SIGKILL) again and again while the demo runs; it is started again each time.

    Returns:
        0 if every expectation held, else 1.
    """
    report = Report()
    with (
        tempfile.TemporaryDirectory(prefix="servicekit-demo-") as folder,
        open_world(Path(folder), kill_relay=kill_relay) as world,
    ):
        salon = set_up(world, report)
        play_texts(world, salon, report)
        play_bookings(world, salon, report)
        play_portal(world, salon, report)
        report.took(world.seconds, world.kills)
    report.show(as_json=as_json)
    return 0 if report.held else 1
