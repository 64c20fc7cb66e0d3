"""The log as a file: CSV and TSV that spreadsheets open safely, and xlsx (extra ``xlsx``). Rows go through, none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import BinaryIO

from servicekit.moments import Zone
from servicekit.ports.tables import LogLine

__all__ = ["LogForm", "Progress", "WriteLog", "write_log"]

Progress = Callable[[int, int], object]
"""Told how many rows are written, and of how many; an exception of its own stops the export."""
WriteLog = Callable[[BinaryIO, Iterable[Sequence[LogLine]]], None]


class LogForm(StrEnum):
    """What kind of file a log is written as."""

    CSV = "csv"
    """RFC 4180, UTF-8 with the mark that Excel knows it by."""
    TSV = "tsv"
    """A tab between cells and none in them, UTF-8 with the same mark."""
    XLSX = "xlsx"
    """Office Open XML, with times as times; a sheet for each 1,048,575 rows."""


def write_log(
    to: BinaryIO,
    form: LogForm,
    *,
    zone: Zone,
    chunks: Iterable[Sequence[LogLine]],
    count: Callable[[], int],
    texts: bool,
    progress: Progress | None,
) -> int:
    """Write a log to a file; how many rows that were.

    Args:
        to: opened for bytes; it is written from where it stands, and left open.
        form: what kind of file.
        zone: what times are shown in.
        chunks: the rows.
        count: how many there are; asked only for the sake of ``progress``.
        texts: whether the words of the messages are in it as the last column.
        progress: told after each chunk.

    Raises:
        MissingExtra: ``xlsx``.
    """
    write = _writer(form, zone, texts=texts)
    done, total = 0, count() if progress is not None else 0

    def told() -> Iterator[Sequence[LogLine]]:
        nonlocal done
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, total)

    write(to, told())
    return done


def _writer(form: LogForm, zone: Zone, *, texts: bool) -> WriteLog:
    if form is LogForm.XLSX:
        from servicekit.adapters.exports.spreadsheets import xlsx_writer

        return xlsx_writer(zone, texts=texts)
    from servicekit.adapters.exports.texts import text_writer

    return text_writer(form, zone, texts=texts)
