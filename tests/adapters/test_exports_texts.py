"""The log as CSV and TSV: what is read back, what Excel needs, and cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.adapters.exports import LogForm, write_log
from servicekit.adapters.exports.texts import guarded
from servicekit.moments import Instant
from servicekit.ports.tables import LogLine

NOON = Instant.parse("2026-11-25T12:00:00.5Z").us
ROW: LogLine = (NOON, "Stylists", "anna@salon.example", "+46701740605", "out", "DELIVERED", 2, "Hej")
HEADING = ["Time (Europe/Stockholm)", "Group", "E-mail", "Number", "Direction", "Status", "SMS"]
DELIMITERS = {LogForm.CSV: ",", LogForm.TSV: "\t"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
FORMULA = re.compile("[\\s\ufeff\u200b-\u200f\u2060\x01-\x1f]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
TEXT_FORMS = st.sampled_from([LogForm.CSV, LogForm.TSV])


def written(*rows: LogLine, form: LogForm = LogForm.CSV, texts: bool = False) -> bytes:
    """The file."""
    to = io.BytesIO()
    told = write_log(to, form, zone="Europe/Stockholm", chunks=[rows], count=lambda: 0, texts=texts, progress=None)
    assert told == len(rows)
    return to.getvalue()


def read(raw: bytes, form: LogForm = LogForm.CSV) -> list[list[str]]:
    """The cells, as a program reads them that knows of the mark."""
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=DELIMITERS[form], strict=True))


@pytest.mark.spec("M-31")
@pytest.mark.parametrize("form", [LogForm.CSV, LogForm.TSV])
def test_a_row_is_read_back(form: LogForm) -> None:
    """Times as the organisation's clocks show them, numbers in E.164, and the words only where they are asked for."""
    cells = ["2026-11-25 13:00:00", "Stylists", "anna@salon.example", "+46701740605", "out", "DELIVERED", "2"]
    assert read(written(ROW, form=form), form) == [HEADING, cells]
    assert read(written(ROW, form=form, texts=True), form) == [[*HEADING, "Text"], [*cells, "Hej"]]


def test_excel_knows_the_encoding() -> None:
    """The bytes begin with the mark of UTF-8, and lines end as RFC 4180 has it."""
    raw = written((NOON, "Åsa, Zoë", "", "Bank", "in", "INCOMING", 0, ""))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").endswith('\r\n2026-11-25 13:00:00,"Åsa, Zoë",,Bank,in,INCOMING,0\r\n')


@pytest.mark.spec("M-31")
@pytest.mark.parametrize(
    ("cell", "csv_cell", "tsv_cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1", "'+1+1"),
        ("-2+3", "'-2+3", "'-2+3"),
        ("@SUM(1+9)", "'@SUM(1+9)", "'@SUM(1+9)"),
        ("\t=1", "'\t'=1", "' =1"),
        ("\r\n=1", "'\r\n'=1", "' =1"),
        ("\ufeff =1", "'\ufeff =1", "'\ufeff =1"),
        ("\uff1d1+1", "'\uff1d1+1", "'\uff1d1+1"),
        ("a;=1+1", "a;'=1+1", "a;'=1+1"),
        ("a\n=1+1", "a\n'=1+1", "a =1+1"),
        ("100,-", "100,-", "100,'-"),
        ("Klippning=kul", "Klippning=kul", "Klippning=kul"),
        ("Line\nbreak\ttab", "Line\nbreak\ttab", "Line break tab"),
        ("'quoted'", "'quoted'", "'quoted'"),
    ],
)
def test_a_formula_becomes_text(cell: str, csv_cell: str, tsv_cell: str) -> None:
    """At the beginning of a cell, and after what a spreadsheet of another country takes for its end; all else stays."""
    assert guarded(cell, LogForm.CSV) == csv_cell
    assert guarded(cell, LogForm.TSV) == tsv_cell


@pytest.mark.parametrize("number", ["+46701740605", "Bank", "112"])
def test_a_number_stays_a_number(number: str) -> None:
    """Programs find it as it is; what only looks like one is guarded."""
    (_, cells) = read(written((NOON, "", "", number, "in", "INCOMING", 0, "")))
    assert cells[3] == number


def test_what_is_no_number_is_guarded() -> None:
    """An answer may come from whatever calls itself a sender."""
    (_, cells) = read(written((NOON, "", "", "+46701+2", "in", "INCOMING", 0, "")))
    assert cells[3] == "'+46701+2"


@given(names=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), form=TEXT_FORMS, separator=st.sampled_from(",;\t"))
@example(names=("x;=cmd()", '";=1', "\r\n=1", '"\n"=1'), form=LogForm.CSV, separator=";")
def test_no_cell_begins_a_formula(names: tuple[str, str, str, str], form: LogForm, separator: str) -> None:
    """Whatever groups, users and senders are called and write, read with the file's own separator or without any quotes."""
    group, email, number, text = names
    raw = written((NOON, group, email, number, "in", f"Group:{group}", 0, text), form=form, texts=True)
    rows = read(raw, form)
    assert len(rows) == 2
    assert [len(row) for row in rows] == [8, 8]
    for cell in rows[1]:
        assert re.fullmatch(r"\+[0-9]+", cell) or not FORMULA.match(cell)
    if form is LogForm.CSV and separator != ",":  # as a spreadsheet does where the comma is for decimals
        line = raw.decode("utf-8-sig").partition("\r\n")[2]
        for cell in re.split(f"[{separator}\r\n]", line):
            assert not re.match("[=+\\-@\uff1d\uff0b\uff0d\uff20]", cell)


@given(row=st.tuples(TEXTS, TEXTS, TEXTS), form=TEXT_FORMS)
def test_what_is_no_formula_is_read_back_as_it_was(row: tuple[str, str, str], form: LogForm) -> None:
    """But for the apostrophes, and for line breaks and tabs in a TSV."""
    group, email, text = row
    (_, cells) = read(written((NOON, group, email, "112", "in", "SENT", 0, text), form=form, texts=True), form)
    for before, after in zip((group, email, text), (cells[1], cells[2], cells[7]), strict=True):
        assert _bare(after) == _bare(before)


def _bare(cell: str) -> str:
    return re.sub("[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", " ", cell.replace("'", ""))


def test_rows_are_written_as_they_come_and_counted() -> None:
    """Before the second chunk is asked for the first is in the file; who wants to know is told."""
    to, told = io.BytesIO(), list[tuple[int, int]]()

    def chunks() -> Sequence[Sequence[LogLine]]:
        return [[ROW] * 3, [ROW] * 2]

    def progress(done: int, total: int) -> None:
        assert to.getvalue().count(b"\r\n") >= done - 2
        told.append((done, total))

    assert write_log(to, LogForm.CSV, zone="UTC", chunks=chunks(), count=lambda: 5, texts=False, progress=progress) == 5
    assert told == [(3, 5), (5, 5)]
