"""The log as xlsx: read back by another library, hostile texts and all; several sheets; nothing left behind."""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from servicekit.adapters.exports import LogForm, write_log
from servicekit.adapters.exports.spreadsheets import xlsx_writer
from servicekit.errors import MissingExtra
from servicekit.moments import Instant
from servicekit.ports.tables import LogLine

NOON = Instant.parse("2026-11-25T12:00:00.5Z").us
ROW: LogLine = (NOON, "Stylists", "anna@salon.example", "+46701740605", "out", "DELIVERED", 2, "Hej")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def written(*rows: LogLine, texts: bool = True, most_rows: int = 100) -> io.BytesIO:
    """The file."""
    to = io.BytesIO()
    xlsx_writer("Europe/Stockholm", texts=texts, most_rows=most_rows)(to, [rows])
    return to


def cells(file: io.BytesIO, sheet: int = 0) -> list[list[Any]]:
    """The cells, as a library reads them that knows nothing of ours."""
    book = load_workbook(file)
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


@pytest.mark.spec("M-31")
def test_a_row_is_read_back() -> None:
    """Times are times, counts are numbers, telephone numbers are texts with their plus; words only where asked for."""
    heading = ["Time (Europe/Stockholm)", "Group", "E-mail", "Number", "Direction", "Status", "SMS"]
    row = [datetime(2026, 11, 25, 13, 0), "Stylists", "anna@salon.example", "+46701740605", "out", "DELIVERED", 2]  # noqa: DTZ001 - a spreadsheet's time has no zone
    assert cells(written(ROW, texts=False)) == [heading, row]
    assert cells(written(ROW)) == [[*heading, "Text"], [*row, "Hej"]]


@given(names=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))
@example(names=("=1+1", "<r>&</r>", "</t></is>", "_x0041_"))
@example(names=("]]>", "\x01\x0b\ufffe\uffff", "  a  \n", "http://x.example"))
def test_every_text_is_a_text(names: tuple[str, str, str, str]) -> None:
    """Whatever is in it: no formula, no markup, no link; the same characters come back."""
    group, email, number, text = names
    file = written((NOON, group, email, number, "in", "SENT", 0, text))
    with zipfile.ZipFile(file) as parts:
        assert parts.testzip() is None
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert not [name for name in parts.namelist() if "rels" in name and "worksheets" in name]
    (_, row) = cells(file)
    for before, after in zip(names, (*row[1:4], row[7]), strict=True):
        assert _read(after) == _expected(before)


def _read(cell: str | None) -> str:
    return unescape(cell or "")


def _expected(text: str) -> str:
    if text.startswith("<r>") and text.endswith("</r>"):
        text = f" {text}"
    return text.replace("\r\n", "\n")


def test_a_full_sheet_is_followed_by_another() -> None:
    """Each with the heading; no row is lost between them."""
    rows = [(NOON, f"Group {number}", "", "112", "in", "SENT", 0, "") for number in range(7)]
    file = written(*rows, most_rows=4)
    sheets = [[row[1] for row in cells(file, sheet)] for sheet in range(3)]
    assert sheets == [
        ["Group", "Group 0", "Group 1", "Group 2"],
        ["Group", "Group 3", "Group 4", "Group 5"],
        ["Group", "Group 6"],
    ]


def test_an_empty_log_has_a_heading() -> None:
    """And nothing else."""
    to = io.BytesIO()
    assert write_log(to, LogForm.XLSX, zone="UTC", chunks=[], count=int, texts=False, progress=None) == 0
    assert [row[0] for row in cells(to)] == ["Time (UTC)"]


def test_whoever_stops_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither open files nor a folder, and the file is not begun."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    to = io.BytesIO()

    def chunks() -> Iterable[Sequence[LogLine]]:
        yield [ROW] * 10
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        xlsx_writer("UTC", texts=True)(to, chunks())
    assert not list(tmp_path.iterdir())
    assert to.getvalue() == b""


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where XlsxWriter is not installed."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[xlsx\]"):
        write_log(io.BytesIO(), LogForm.XLSX, zone="UTC", chunks=[], count=int, texts=False, progress=None)


@given(st.integers(0, 2**31))
def test_a_time_is_the_one_on_the_wall(second: int) -> None:
    """To the second, as another library reads it."""
    (_, row) = cells(written((second * 1_000_000, "", "", "", "in", "SENT", 0, "")))
    wall = Instant(second * 1_000_000).local("Europe/Stockholm").naive()
    assert abs(row[0] - wall) < timedelta(milliseconds=1)
