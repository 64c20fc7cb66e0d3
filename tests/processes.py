"""Other processes: forked from a clean, single-threaded server that has imported everything, so that eight cost little."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "bookers", "children", "racers"])
    # Before Python 3.13 the server does not get our path, and would leave out silently what it cannot import.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def race(target: Callable[..., T], *arguments: object, count: int = 8) -> list[T]:
    """Call a function of :mod:`children` in ``count`` processes at the same moment; what they returned."""
    context = _context()
    barrier, pipes = context.Barrier(count), [context.Pipe(duplex=False) for _ in range(count)]
    children = [context.Process(target=_started, args=(target, arguments, barrier, given)) for _, given in pipes]
    for child, (_, given) in zip(children, pipes, strict=True):
        child.start()
        given.close()
    # Before they are joined: a child that has much to say ends only when somebody has read it.
    results = [_received(taken) for taken, _ in pipes]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * count, "a child failed; its traceback is on stderr"
    return results


def barrier(count: int) -> Barrier:
    """For the processes themselves, to meet again and again: pass it to :func:`race`."""
    return _context().Barrier(count)


def start(target: Callable[..., object], *arguments: object, count: int) -> list[ForkServerProcess]:
    """Start ``count`` processes that each call a function of :mod:`children` or :mod:`racers`; they are the caller's to end."""
    started = [_context().Process(target=target, args=arguments) for _ in range(count)]
    for child in started:
        child.start()
    return started


def run(target: Callable[..., object], *arguments: object) -> int | None:
    """Call a function of :mod:`children` in a process; its exit code, negative for the signal that ended it."""
    child = _context().Process(target=target, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def _started(target: Callable[..., object], arguments: tuple[object, ...], barrier: Barrier, given: Connection) -> None:
    barrier.wait()
    given.send(target(*arguments))


def _received(taken: Connection) -> Any:
    """What a child returned; nothing if it failed, which its exit code says."""
    with taken:
        try:
            return taken.recv()
        except EOFError:
            return None
