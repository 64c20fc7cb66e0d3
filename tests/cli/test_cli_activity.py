"""The command ``servicekit activity verify``: exit 0 where every log is as it was written, 1 where one is not."""

from __future__ import annotations

import importlib
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from servicekit.cli.commands import servicekit

APP = """
from servicekit import Kit, Principal
from servicekit.groups import FoundOrganisation
from servicekit.portal import AddCustomer

kit = Kit.open("sqlite:///{database}")
if not {again}:
    new = FoundOrganisation(name="Service", zone="UTC", admin="anna@x.se")
    found = kit.perform(new, by=Principal.operator("test"))
    anna = Principal.of(found.admin.id)
    made = [kit.perform(AddCustomer(organisation=found.root.id, name=name), by=anna) for name in ("Holz", "Stein")]
"""


class Company:
    """Two customers with a log each, in a database file; every check is an application started anew."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(folder))
        self.folder, self.runs = folder, 0
        self.heads, self.database = folder / "heads", folder / "portal.db"
        module = self._application()
        self.anna, self.root = module.anna.id, module.found.root.id
        self.holz, self.stein = (one.id for one in module.made)
        module.kit.close()

    def verify(self, *options: str, by: str = "") -> Result:
        """Run the command."""
        name = self._application().__name__
        asked = ["--app", f"{name}:kit", "--by", by or self.anna, "--organisation", self.root]
        return CliRunner().invoke(servicekit, ["activity", "verify", *asked, *options])

    def nightly(self) -> Result:
        """The same, with the file of heads."""
        return self.verify("--heads", str(self.heads))

    def by_hand(self, statement: str, *values: str) -> None:
        """Change the database behind the kit."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute(statement, values)
            connection.commit()

    def _application(self) -> Any:
        self.runs += 1
        name = f"activity_{self.folder.name}_{self.runs}"
        (self.folder / f"{name}.py").write_text(APP.format(database=self.database, again=self.runs > 1))
        importlib.invalidate_caches()
        return importlib.import_module(name)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    """One of a test's own."""
    return Company(tmp_path, monkeypatch)


def test_logs_as_they_were_written_are_whole(company: Company) -> None:
    """With and without the file; it names each customer, and nobody else may read it."""
    assert (company.verify().exit_code, company.heads.exists()) == (0, False)
    for _ in range(2):
        done = company.nightly()
        assert (done.exit_code, done.output) == (0, "2 logs are whole, 0 are not\n")
    kept = [line.split(" ") for line in company.heads.read_text().splitlines()]
    assert sorted(line[:2] for line in kept) == sorted([[company.holz, "1"], [company.stein, "1"]])
    assert stat.S_IMODE(company.heads.stat().st_mode) == 0o600


@pytest.mark.spec("P-09")
def test_a_log_that_was_changed_is_named(company: Company) -> None:
    """With the entry from which on it is; what was kept before stays."""
    company.nightly()
    kept = company.heads.read_text()
    company.by_hand("UPDATE activity SET who = 'usr_x' WHERE customer = ?", company.holz)
    done = company.nightly()
    assert done.exit_code == 1
    assert done.output == f"{company.holz} (Holz): an entry was changed, at 1\n1 logs are whole, 1 are not\n"
    assert company.heads.read_text() == kept


def test_what_is_gone_as_a_whole_is_found_by_what_was_kept(company: Company) -> None:
    """A customer with all that was written of it, and a log with its end: the file knows of both."""
    company.nightly()
    for table in ("activity", "activity_heads"):
        company.by_hand(f"DELETE FROM {table} WHERE customer = ?", company.holz)  # noqa: S608 - the two above
        company.by_hand(f"DELETE FROM {table} WHERE customer = ?", company.stein)  # noqa: S608 - the two above
    company.by_hand("DELETE FROM customers WHERE id = ?", company.stein)
    done = company.nightly()
    assert done.exit_code == 1
    assert f"{company.stein}: the customer is gone\n" in done.output
    assert f"{company.holz} (Holz): an entry is missing, at 1\n" in done.output


def test_who_may_not_read_is_told_so(company: Company) -> None:
    """And a file that holds something else is not taken for an empty one."""
    refused = company.verify(by="usr_01m8997dg0qk584t1fnajs1kym")
    assert refused.exit_code == 1
    assert "may not see it" in refused.output
    company.heads.write_text("a list of something else\n")
    done = company.nightly()
    assert done.exit_code == 2
    assert "holds no heads of logs" in done.output
