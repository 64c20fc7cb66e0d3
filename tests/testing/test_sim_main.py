"""``python -m servicekit.testing.simulators``."""

from __future__ import annotations

import runpy
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from servicekit.testing.simulators import __main__ as program

NAMES = ["46elks", "twilio", "sinch", "vonage", "exivo", "zoom", "mailbox", "mailbox-http"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_a_line_each_and_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    """In a process of its own: names and URLs, each of which answers, and nothing else on stdout."""
    command = [sys.executable, "-m", "servicekit.testing.simulators"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in NAMES]
        urls = {line[0]: line[1] for line in lines}
        assert list(urls) == NAMES
        for name in (one for one in NAMES if one != "mailbox"):
            assert httpx.get(urls[name] + "/_sim/state", trust_env=False).json()["name"] in name
        assert urls["mailbox"].startswith("smtp://127.0.0.1:")
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_ports_can_be_fixed(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that was free is the one that is printed."""
    stop = threading.Event()
    stop.set()
    assert program.run([], stop) == 0
    ports = [line.rpartition(":")[2] for line in capsys.readouterr().out.splitlines()]
    arguments = [text for name, port in zip(NAMES, ports, strict=True) for text in (f"--{name}", port)]
    assert program.run([*arguments, "--seed", "3"], stop) == 0
    assert [line.rpartition(":")[2] for line in capsys.readouterr().out.splitlines()] == ports


def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It tells its options and exits."""
    monkeypatch.setattr(sys, "argv", ["simulators", "--help"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(program.__file__, run_name="__main__")
    assert caught.value.code == 0
    assert "--mailbox-http PORT" in capsys.readouterr().out


def test_signals_set_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """``main`` hands on what its handlers set."""
    handlers: dict[int, object] = {}
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))

    def run(arguments: object, stop: threading.Event) -> int:
        for handler in handlers.values():
            assert callable(handler)
            handler(0, None)
        return 0 if stop.is_set() else 1

    monkeypatch.setattr(program, "run", run)
    assert program.main([]) == 0
    assert set(handlers) == {signal.SIGINT, signal.SIGTERM}
