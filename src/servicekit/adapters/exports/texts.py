"""CSV and TSV, for spreadsheets and programs.

Rules kept here:

* No cell is a formula to a spreadsheet: one that begins as a formula does (OWASP, "CSV Injection": ``=``, ``+``, ``-``, ``@``,
  tab, line break, also after blanks and in full width) gets an apostrophe before it. The same after what another country's
  spreadsheet takes for the end of a cell or line.
* A telephone number in E.164 stays as it is: ``+`` and digits are a number to a spreadsheet, and nothing that it would run.
* UTF-8 with a byte order mark, without which Excel takes it for another encoding; lines end in CR LF (RFC 4180).
* A cell of a TSV has no tabs and line breaks in it (IANA ``text/tab-separated-values``): they become blanks.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from servicekit.adapters.exports import LogForm, WriteLog
from servicekit.adapters.exports.columns import Remembered, WallClock, heading
from servicekit.moments import Zone
from servicekit.ports.tables import LogLine

__all__ = ["guarded", "text_writer"]

_BLANKS = "[ \x00-\x08\x0e-\x1b\xa0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]*"
_BEGINS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_BREAKS = re.compile("[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_NUMBER = re.compile(r"\+[0-9]{1,15}")
_DELIMITERS = {LogForm.CSV: ",", LogForm.TSV: "\t"}


def _formulas(ends: str) -> re.Pattern[str]:
    """Where a formula would begin; ``ends``: what somebody's spreadsheet takes for the end of a cell."""
    return re.compile(f"\\A(?={_BLANKS}(?:{_BEGINS}|[\t\r\n]))|(?<=[{ends}])(?={_BLANKS}{_BEGINS})")


_FORMULAS = {LogForm.CSV: _formulas(";\t\r\n"), LogForm.TSV: _formulas(";,")}


def guarded(cell: str, form: LogForm) -> str:
    """The cell as no spreadsheet runs it.

    >>> guarded("=1+1", LogForm.CSV)
    "'=1+1"
    >>> guarded("Stylists", LogForm.CSV)
    'Stylists'
    """
    if form is LogForm.TSV:
        cell = _BREAKS.sub(" ", cell)
    return _FORMULAS[form].sub("'", cell)


def text_writer(form: LogForm, zone: Zone, *, texts: bool) -> WriteLog:
    """Writes rows as CSV or TSV, chunk by chunk."""

    def write(to: BinaryIO, chunks: Iterable[Sequence[LogLine]]) -> None:
        cells = _cells(form, zone, texts=texts)
        to.write(b"\xef\xbb\xbf" + _encoded([heading(zone, texts=texts)], form))
        to.writelines(_encoded(cells(chunk), form) for chunk in chunks)

    return write


def _encoded(rows: Iterable[Sequence[object]], form: LogForm) -> bytes:
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=_DELIMITERS[form], lineterminator="\r\n").writerows(rows)
    return lines.getvalue().encode()


def _cells(form: LogForm, zone: Zone, *, texts: bool) -> Callable[[Sequence[LogLine]], Iterator[Sequence[object]]]:
    """Rows of cells from rows of the log. What is the same in many rows is looked at once."""
    shown = WallClock(zone).text
    safe = Remembered[str, str](lambda cell: guarded(cell, form))
    numbers = Remembered[str, str](lambda cell: cell if _NUMBER.fullmatch(cell) else guarded(cell, form))

    def cells(chunk: Sequence[LogLine]) -> Iterator[Sequence[object]]:
        if not texts:
            return (
                (shown(made_at), safe[group], safe[email], numbers[number], direction, safe[status], segments)
                for made_at, group, email, number, direction, status, segments, _ in chunk
            )
        return (
            (
                *(shown(made_at), safe[group], safe[email], numbers[number], direction, safe[status], segments),
                guarded(text, form),
            )
            for made_at, group, email, number, direction, status, segments, text in chunk
        )

    return cells
