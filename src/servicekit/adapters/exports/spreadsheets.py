"""xlsx by XlsxWriter (extra ``xlsx``), in constant memory: rows go to a file in a folder of their own and are gone afterwards.

Rules kept here: every text is written as text, so nothing in it is a formula, a number or a link; a sheet that is full is
followed by another; what XlsxWriter takes for its own markup gets a blank before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from servicekit.adapters.exports import WriteLog
from servicekit.adapters.exports.columns import WallClock, heading
from servicekit.errors import MissingExtra
from servicekit.moments import Zone
from servicekit.ports.tables import LogLine

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

__all__ = ["xlsx_writer"]

MOST_ROWS = 1_048_576  # of one sheet, the heading among them (ECMA-376 part 1, 18.3.1.73; Excel's limit)
_WIDTHS = (20, 24, 32, 16, 10, 24, 6, 60)
_DAY = 86_400
_FIRST_DAY = 25_569  # 1970-01-01 in days since 1899-12-30


def xlsx_writer(zone: Zone, *, texts: bool, most_rows: int = MOST_ROWS) -> WriteLog:
    """Writes rows into a workbook.

    Args:
        zone: what times are shown in; a cell has the time of the wall, as spreadsheets know no zones.
        texts: whether the words are in it.
        most_rows: of a sheet, the heading among them.

    Raises:
        MissingExtra: XlsxWriter is not installed.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise MissingExtra("xlsx", "A log as xlsx") from error

    def write(to: BinaryIO, chunks: Iterable[Sequence[LogLine]]) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="servicekit-log-") as folder,
            _written(Workbook(to, {"constant_memory": True, "tmpdir": folder})) as book,
        ):
            _fill(book, chunks, zone, texts=texts, most_rows=most_rows)

    return write


@contextmanager
def _written(book: Workbook) -> Iterator[Workbook]:
    """Write the file at the end, or let go of what is half done."""
    try:
        yield book
    except BaseException:
        for sheet in book.worksheets():
            if sheet.row_data_fh is not None:  # it has one in constant memory
                sheet.row_data_fh.close()
        raise
    book.close()


def _fill(book: Workbook, chunks: Iterable[Sequence[LogLine]], zone: Zone, *, texts: bool, most_rows: int) -> None:
    bold, times = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    names = heading(zone, texts=texts)
    clock = WallClock(zone)
    sheet, row = _sheet(book, names, bold), 1
    for chunk in chunks:
        for made_at, group, email, number, direction, status, segments, text in chunk:
            if row == most_rows:
                sheet, row = _sheet(book, names, bold), 1
            sheet.write_number(row, 0, clock.seconds(made_at) / _DAY + _FIRST_DAY, times)
            for column, cell in enumerate((group, email, number, direction, status), 1):
                sheet.write_string(row, column, _plain(cell))
            sheet.write_number(row, 6, segments)
            if texts:
                sheet.write_string(row, 7, _plain(text))
            row += 1


def _sheet(book: Workbook, names: Sequence[str], bold: Format) -> Worksheet:
    sheet = book.add_worksheet()
    for column, (name, width) in enumerate(zip(names, _WIDTHS, strict=False)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _plain(text: str) -> str:
    """Text that XlsxWriter escapes: what begins and ends as a rich string of its own is written as it is, broken XML or not."""
    return f" {text}" if text.startswith("<r>") and text.endswith("</r>") else text
