"""``servicekit invoices close``: a dry run, the closing itself, again, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from servicekit import Kit
from servicekit.moments import Instant
from servicekit.testing.clock import ManualClock

kit = Kit.open("sqlite:///kit.db", clock=ManualClock(Instant.parse("2026-11-01T00:00:00+01:00")))
"""
SETUP = """
from datetime import date
from decimal import Decimal
import pathlib
from app import kit
from servicekit import Principal
from servicekit.billing import BillingAddress, Seller, SetBillingAddress, SetPrices, SetSeller
from servicekit.groups import FoundOrganisation, Settings
from servicekit.messages import SendText
from servicekit.moments import Instant

operator = Principal.operator("test")
kit.perform(SetSeller(seller=Seller(name="Operatör AB", street="Vägen 2", city="Malmö", country="SE")), by=operator)
prices = SetPrices(
    since=date(2026, 1, 1), segment=Decimal("0.485"), receiver=Decimal(1), currency="SEK", vat=Decimal(25)
)
kit.perform(prices, by=operator)
roots = []
for name in ("Ettstad", "Tvåstad"):
    new = FoundOrganisation(
        name=name, zone="Europe/Stockholm", admin=f"anna@{len(roots)}.example", settings=Settings(sender_name="Stad")
    )
    made = kit.perform(new, by=operator)
    anna = Principal.of(made.admin.id)
    roots.append(made.root.id)
    october = Instant.parse("2026-10-25T02:30:00+02:00")
    kit.perform(SendText(user=made.admin.id, to="+46701740605", text="Hej"), by=anna, at=october)
    if name == "Ettstad":
        address = BillingAddress(name="Ettstads kommun", street="Rådhuset", city="Ettstad", country="SE")
        kit.perform(SetBillingAddress(group=made.root.id, address=address), by=anna)
pathlib.Path("roots").write_text(" ".join(roots))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an application is, with two towns of which one has a billing address."""
    (tmp_path / "app.py").write_text(APP)
    subprocess.run([sys.executable, "-c", SETUP], cwd=tmp_path, check=True, timeout=120)
    return tmp_path


def close(folder: Path, *arguments: str, month: str = "2026-10") -> subprocess.CompletedProcess[str]:
    """The command, over the application in ``folder``."""
    command = [sys.executable, "-m", "servicekit.cli", "invoices", "close", "--app", "app:kit", "--month", month]
    return subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False, encoding="utf-8"
    )


@pytest.mark.spec("M-35")
def test_a_dry_run_writes_nothing_and_the_closing_the_same(folder: Path) -> None:
    """With PDFs of both; what one organisation lacks does not keep the others; and closing again gives the same."""
    dry = close(folder, "--dry-run", "--pdf", "drafts")
    assert dry.returncode == 1
    assert "Tvåstad: Nobody pays for the group Tvåstad" in dry.stderr
    assert dry.stdout.startswith("draft-2026-10-grp_")
    assert dry.stdout.endswith("  Ettstad  2026-10  0.61 SEK\n")
    assert [path.read_bytes()[:5] for path in (folder / "drafts").iterdir()] == [b"%PDF-"]

    root = (folder / "roots").read_text().split()[0]
    done = close(folder, "--organisation", root, "--pdf", "invoices", "--language", "en")
    assert (done.returncode, done.stdout) == (0, "1  Ettstad  2026-10  0.61 SEK\n")
    first = (folder / "invoices" / "1.pdf").read_bytes()
    again = close(folder, "--organisation", root, "--pdf", "invoices", "--language", "en")
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert (folder / "invoices" / "1.pdf").read_bytes() == first

    shown = close(folder, "--organisation", root, "--dry-run", "--json")
    (statement,) = json.loads(shown.stdout)
    assert (statement["number"], statement["total"]) == (1, {"amount": "0.61", "currency": "SEK"})
    assert statement["lines"][0]["group_name"] == "Ettstad"


def test_what_is_refused_is_said(folder: Path) -> None:
    """A month that is none, or not over; an organisation that is none, or no id at all."""
    bad = close(folder, month="October")
    assert (bad.returncode, "is no month" in bad.stderr) == (2, True)
    early = close(folder, month="2026-11")
    assert (early.returncode, early.stdout) == (1, "")
    assert "Ettstad: 2026-11 is not over in Europe/Stockholm" in early.stderr
    missing = close(folder, "--organisation", "grp_missing")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "grp_missing: there is no such organisation" in missing.stderr
    assert close(folder, "--organisation", "usr_1").returncode == 2
