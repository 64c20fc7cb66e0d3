"""The command ``servicekit log``: files that are there as a whole or not at all."""

from __future__ import annotations

import csv
import io
import re
import signal
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from servicekit.cli.commands import servicekit
from servicekit.cli.kits import kit_of
from servicekit.errors import ConfigurationError

APP = """
import os
import signal
from servicekit import Instant, Kit, Principal
from servicekit.groups import AddGroup, AddUsers, FoundOrganisation, Settings
from servicekit.messages import SendText

class Interrupted(Kit):
    signal = None

    def export_log(self, query, to, *, progress, **more):
        def told(done, total):
            if self.signal is not None:
                os.kill(os.getpid(), self.signal)
            progress(done, total)

        return super().export_log(query, to, progress=told, **more)

NOON = Instant.parse("2026-11-25T12:00:00Z")
kit = Interrupted.open("sqlite:///:memory:")
new = FoundOrganisation(name="Salon", zone="Europe/Stockholm", admin="anna@x.se", settings=Settings(sender_name="Salon"))
found = kit.perform(new, by=Principal.operator("test"))
anna = Principal.of(found.admin.id)
team = kit.perform(AddGroup(parent=found.root.id, name="=Team"), by=anna)
(max_,) = kit.perform(AddUsers(group=team.id, addresses=("max@x.se",)), by=anna)
for number, who in enumerate((found.admin.id, max_.user)):
    text = SendText(user=who, to="+46701740605", text=f"Text {number}")
    kit.perform(text, by=Principal.of(who), at=NOON.parse(f"2026-11-2{5 + number}T12:00:00Z"))
"""


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, file: str, *options: str, more: str = "") -> Result:
    """Write the log of an application of its own."""
    name = f"app_{folder.name}"
    (folder / f"{name}.py").write_text(APP + more)
    monkeypatch.syspath_prepend(str(folder))
    kit = kit_of(f"{name}:kit")
    module = __import__(name)
    asked = ["--app", f"{name}:kit", "--by", module.found.admin.id, "--group", module.found.root.id]
    try:
        return CliRunner().invoke(servicekit, ["log", "export", str(folder / file), *asked, *options])
    finally:
        kit.close()


def files(folder: Path) -> list[str]:
    """What there is besides the application."""
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith(("app_", "__pycache__")))


def rows(file: Path) -> list[list[str]]:
    """The rows of a CSV, without the heading."""
    return list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))[1:]


@pytest.mark.spec("M-31")
def test_the_log_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oldest first, a bar beside it, and nobody else may read it."""
    done = run(tmp_path, monkeypatch, "log.csv")
    assert (done.exit_code, done.stdout) == (0, f"2 rows in {tmp_path / 'log.csv'}\n")
    assert re.search(r"Log .*2/2", done.stderr)
    assert [row[:2] for row in rows(tmp_path / "log.csv")] == [
        ["2026-11-25 13:00:00", "Salon"],
        ["2026-11-26 13:00:00", "'=Team"],
    ]
    assert files(tmp_path) == ["log.csv"]
    assert stat.S_IMODE((tmp_path / "log.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--exactly",), ["Text 0"]),
        (("--since", "2026-11-26", "--zone", "Europe/Stockholm"), ["Text 1"]),
        (("--since", "2026-11-25T12:00:00Z", "--until", "2026-11-26T12:00:00Z"), ["Text 0"]),
        (("--email", "max@x.se"), ["Text 1"]),
        (("--number", "+46701740606"), []),
        (("--direction", "out", "--status", "QUEUED", "--descending"), ["Text 1", "Text 0"]),
        (("--order", "email", "--descending"), ["Text 1", "Text 0"]),
    ],
)
def test_it_is_narrowed_and_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], found: list[str]
) -> None:
    """As the query is."""
    assert run(tmp_path, monkeypatch, "log.csv", "--texts", *options).exit_code == 0
    assert [row[-1] for row in rows(tmp_path / "log.csv")] == found


def test_the_ending_says_as_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spreadsheet; what is none of them is refused before anything is asked."""
    assert run(tmp_path, monkeypatch, "log.XLSX").exit_code == 0
    with (tmp_path / "log.XLSX").open("rb") as file:
        assert load_workbook(file).worksheets[0]["B3"].value == "=Team"
    wrong = CliRunner().invoke(
        servicekit, ["log", "export", "log.pdf", "--app", "none", "--by", "usr_1", "--group", "grp_1"]
    )
    assert wrong.exit_code == 2
    assert ".csv, .tsv, .xlsx" in wrong.stderr


@pytest.mark.spec("M-31")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 1)])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_whoever_stops_it_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, form: str
) -> None:
    """No new file, and one that was there before stays as it was."""
    file = tmp_path / f"log.{form}"
    file.write_text("of yesterday")
    # Whoever runs the tests behind something else may have Ctrl-C switched off for all of them.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = run(tmp_path, monkeypatch, file.name, more=f"kit.signal = signal.{name}\n")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.exit_code == code
    assert file.read_text() == "of yesterday"
    assert files(tmp_path) == [file.name]


@pytest.mark.parametrize(
    "options",
    [
        ("--group", "grp_0"),
        ("--by", "usr_0"),
        ("--status", "gone"),
        ("--since", "noonT"),
        ("--zone", "x", "--until", "2026-11-25"),
    ],
)
def test_a_refusal_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    """And there is no file."""
    done = run(tmp_path, monkeypatch, "log.csv", *options)
    assert done.exit_code == 1
    assert re.search(r"^Error: ", done.stderr, re.MULTILINE)
    assert files(tmp_path) == []


def test_a_date_is_a_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is a wrong use."""
    done = run(tmp_path, monkeypatch, "log.csv", "--since", "yesterday")
    assert done.exit_code == 2
    assert "is no date" in done.stderr


def test_old_words_are_blanked_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run after run until nothing is left of them, and it says how many it were."""
    more = """
import attrs
from servicekit.groups import ChangeSettings
from servicekit.messages import HandOver
kit.perform(ChangeSettings(group=found.root.id, change=Settings(texts_kept_days=1)), by=anna)
with kit._storage.write() as store:
    (first, _) = store.messages.where()
    for number in range(1001):
        old = {"id": type(first.id)(f"msg_{number:026d}"), "made_at": Instant(number), "hand_over": HandOver.DONE}
        store.messages.add(attrs.evolve(first, **old))
"""
    name = f"app_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(APP + more)
    monkeypatch.syspath_prepend(str(tmp_path))
    done = CliRunner().invoke(servicekit, ["log", "blank", "--app", f"{name}:kit"])
    assert (done.exit_code, done.stdout) == (0, "1001 texts and 0 mails blanked, 0 marks of the loop guard forgotten\n")


def test_what_is_no_kit_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to name one."""
    (tmp_path / "nokit_log.py").write_text("kit = 5\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="nokit_log is no Kit"):
        kit_of("nokit_log")
