"""The command ``servicekit reconcile``: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servicekit.cli.commands import servicekit

APP = """
from servicekit import Instant, Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.bookings import AddBranch
from servicekit.groups import FoundOrganisation
from servicekit.moments import Window
from servicekit.ports.doors import KeyOrder
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Fault, transport

NOON = Instant.parse("2026-11-25T12:00:00Z")
exivo = ExivoSimulator(clock=lambda: NOON)
doors = Exivo(exivo.api_key, exivo.api_secret, mobile_app_id="42")
kit = Kit.open("sqlite:///:memory:", doors=doors, transport=transport(exivo))
new = FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example")
found = kit.perform(new, by=Principal.operator("test"))
main = COMPONENTS[0].id
branch = AddBranch(organisation=found.root.id, name="Z", zone="UTC", site=exivo.site_id, components=(main,))
kit.perform(branch, by=Principal.of(found.admin.id))
"""
STRAY = """
window = Window(NOON, Instant.parse("2026-11-25T13:00:00Z"))
order = KeyOrder(marker="sk:bkg_x:1", components=(main,), mobile="+41791234567", window=window)
kit._http().run(doors.create(exivo.site_id, order, NOON))
"""
REFUSED = """
exivo.inject(Fault.error("POST", "/revoke$"), Fault.error("GET", "/digitalKeyVisit/"))
"""
SILENT = """
from servicekit.adapters.doors.resivo import Resivo

kit.close()
kit = Kit.open("sqlite:///:memory:", doors=Resivo("id", "secret"), transport=transport(exivo))
found = kit.perform(new, by=Principal.operator("test"))
anna = Principal.of(found.admin.id)
kit.perform(AddBranch(organisation=found.root.id, name="Z", zone="UTC", site="site-7"), by=anna)
"""
AWAY = """
exivo.inject(Fault.error("GET", "/digitalKeyVisits$"))
"""


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, app: str, *options: str) -> Result:
    """Run the command over an application of its own."""
    name = f"app_{folder.name}"
    (folder / f"{name}.py").write_text(app)
    monkeypatch.syspath_prepend(str(folder))
    return CliRunner().invoke(servicekit, ["reconcile", "--app", f"{name}:kit", *options])


@pytest.mark.parametrize(
    ("app", "options", "code", "said"),
    [
        (APP, (), 0, "0 listed, 0 differ\n"),
        (APP + STRAY, (), 1, "stray sk:bkg_x:1"),
        (APP + STRAY, ("--remove-strays",), 0, ": removed\n1 listed, 1 differ\n"),
        (APP + STRAY + REFUSED, ("--remove-strays",), 1, ": failed (exivo answered 500"),
        (APP + SILENT, (), 0, "resivo site-7: passed over, since it lists nothing\n0 listed, 0 differ\n"),
        (APP + AWAY, (), 1, ": not compared: exivo answered 500"),
    ],
    ids=["even", "reported", "removed", "failed", "silent", "away"],
)
def test_it_says_what_it_found_and_whether_anything_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, app: str, options: tuple[str, ...], code: int, said: str
) -> None:
    """A line for each difference and each place that was not compared; 0 only if nothing is left to do."""
    done = run(tmp_path, monkeypatch, app, *options)
    assert said in done.output
    assert done.exit_code == code


def test_its_report_can_be_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it."""
    report = json.loads(run(tmp_path, monkeypatch, APP + STRAY, "--json").output)
    assert report["listed"] == 1
    assert [(one["difference"], one["outcome"]) for one in report["findings"]] == [("stray", "reported")]
