"""Relays that die at every step, for whatever is enqueued: the vendors are served, so that other processes reach them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

import children
from children import Outside
from processes import run
from servicekit.outbox.effects import EffectState
from servicekit.testing.simulators import serve
from world import World, opened

__all__ = ["deaths", "served_world"]


@contextmanager
def served_world(tmp_path: Path) -> Iterator[tuple[World, Outside]]:
    """A world whose vendors other processes reach."""
    with (
        opened(tmp_path) as world,
        serve(world.elks) as elks,
        serve(world.exivo) as exivo,
        serve(world.zoom) as zoom,
    ):
        yield world, Outside(elks.url, exivo.url, zoom.url)


def deaths(world: World, outside: Outside) -> Iterator[int]:
    """Let a relay in a process of its own die at its first step, its second, and so on, until it comes to its end.

    Each time the caller enqueues something before, and afterwards a fresh relay has finished what was left.
    """
    for step in count(1):
        yield step
        code = run(children.deliver_or_die, str(world.path), outside, world.now, step)
        assert code in {0, -signal.SIGKILL}
        for url in (outside.elks, outside.exivo, outside.zoom):
            # The clock that a look-up waits for is ours; what the dead one has sent happens by the machine's.
            httpx.post(f"{url}/_sim/settle", timeout=60, trust_env=False)
        world.settle()
        assert world.effects(EffectState.DEAD) == []
        if code == 0:
            return
