"""The log: a page against the same SQL by hand, an export against the dump of SQLite's own shell, xlsx against bare XlsxWriter.

A million messages in 400 groups of which half lie below the asker's; with ``SERVICEKIT_BENCH=full`` ten million, and with
``SERVICEKIT_BENCH_ROWS=200000`` as many as that says. A tenth of them and all of them that the asker sees, at most a million,
are exported. Figures are processor time on SQLite; a page's ratio is the median of rounds in which both ran after one another.
"""

from __future__ import annotations

import io
import os
import random
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from attrs import evolve, frozen
from benchmarks._measure import table

from servicekit import Kit, Principal
from servicekit.adapters.exports.columns import WallClock
from servicekit.adapters.exports.spreadsheets import xlsx_writer
from servicekit.adapters.storage import storage_of
from servicekit.adapters.storage.tables import Shape
from servicekit.ids import GrantId, GroupId, MessageId, UserId
from servicekit.messages import HandOver, Message, SearchLog, Status, cursor_after
from servicekit.permissions import Grant
from servicekit.ports.tables import LogLine
from servicekit.testing.conformance.things import NOON, ROOT, group, message, nth, user

FULL = os.environ.get("SERVICEKIT_BENCH") == "full"
SIZE = int(os.environ.get("SERVICEKIT_BENCH_ROWS", "10000000" if FULL else "1000000"))
EXPORTED = min(1_000_000, SIZE // 2)
SHEET = min(EXPORTED, 1_000_000 if FULL else 100_000)
GROUPS, USERS, MINE = 400, 4000, 2
HAND_WRITTEN = """
    WITH RECURSIVE down (id) AS (
        SELECT id FROM groups WHERE id = ? UNION ALL SELECT groups.id FROM groups JOIN down ON groups.parent = down.id)
    SELECT * FROM messages WHERE "group" IN (SELECT id FROM down) AND status = ? {after}
    ORDER BY made_at DESC, id DESC LIMIT 100
"""
DUMP = """
    SELECT made_at, group_name, coalesce((SELECT email FROM users WHERE users.id = messages."user"), ''), number, direction,
    status || CASE WHEN struck = '' THEN '' ELSE ':' || struck END, segments FROM messages
    WHERE "group" IN (WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = '{group}' UNION ALL
    SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down)
    AND made_at >= {since} ORDER BY made_at, id
"""


@frozen
class Log:
    """A log, and who reads half of it."""

    path: Path
    kit: Kit
    by: Principal


def built(path: Path) -> Log:
    """The log on an empty database."""
    url = f"sqlite:////{path}?synchronous=normal"
    kit = Kit.open(url)
    with closing(storage_of(url)) as storage, storage.write() as store:
        store.groups.add(group())
        for number in range(2, GROUPS + 1):  # those with even numbers lie below the second one
            above = 1 if number in {2, 3} else 2 + number % 2
            store.groups.add(group(number, parent=above))
        for number in range(USERS):
            store.users.add(user(number, group=nth(GroupId, 1 + number % GROUPS)))
        everything = Grant(
            id=nth(GrantId, 1),
            organisation=ROOT,
            principal=nth(UserId, 1),
            scopes=("log:read",),
            group=nth(GroupId, MINE),
        )
        store.grants.add(everything)
    kit.close()
    _fill(path)
    return Log(path, Kit.open(url), Principal.of(nth(UserId, 1)))


def _fill(path: Path) -> None:
    """The rows, then their indexes: one after the other an index of ten million takes ten times as long."""
    shape = Shape("messages", Message)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        wanted = (
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'messages' AND type = 'index' AND sql IS NOT NULL"
        )
        indexes = connection.execute(wanted).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        connection.executemany(shape.insert, _messages(shape))
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    os.sync()


def _messages(shape: Shape[Message]) -> Iterator[list[object]]:
    dice = random.Random(SIZE)  # noqa: S311 - nothing here is secret
    row = shape.rows.row(evolve(message(1, text="x" * 120), hand_over=HandOver.DONE))
    names = ("id", "group", "group_name", "user", "number", "status", "made_at", "vendor_id")
    places = [shape.rows.columns.index(name) for name in names]
    for number in range(SIZE):
        who = dice.randrange(USERS)
        where = 1 + who % GROUPS
        status = dice.choices((Status.DELIVERED, Status.SENT, Status.UNDELIVERED), (94, 5, 1))[0].value
        made_at = NOON.us + number * 2_600_000
        values = (nth(MessageId, number), nth(GroupId, where), f"Group {where}", nth(UserId, who))
        values += (f"+4670{dice.randrange(10**7):07d}", status, made_at, f"v{number}")  # type: ignore[assignment]
        for place, value in zip(places, values, strict=True):
            row[place] = value
        yield row.copy()


def best(run: Callable[[], object], rounds: int) -> float:
    """Processor seconds of the quickest round."""
    return min(_spent(run) for _ in range(rounds))


def both(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 60) -> tuple[float, float]:
    """The median processor seconds of the one, and the median of their ratios."""
    times = [(_spent(ours), _spent(theirs)) for _ in range(rounds)]
    return median(one for one, _ in times), median(one / other for one, other in times)


def _spent(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def pages(log: Log) -> str:
    """The first page and the last, of a frequent status and of a rare one."""
    rows = []
    bare = sqlite3.connect(log.path)
    for status in ("DELIVERED", "UNDELIVERED"):
        query = SearchLog(group=nth(GroupId, MINE), status=status)
        oldest = log.kit.ask(evolve(query, descending=False, most=101), by=log.by).rows[-1]
        times = []
        for after in ("", cursor_after(query, oldest)):
            asked = evolve(query, after=after)
            place = [oldest.message.made_at.us, oldest.message.id] if after else []
            sql = HAND_WRITTEN.format(after="AND (made_at, id) < (?, ?)" if after else "")
            values = [nth(GroupId, MINE), status, *place]
            ours = log.kit.ask(asked, by=log.by)
            theirs = bare.execute(sql, values).fetchall()
            assert [row[0] for row in theirs] == [row.message.id for row in ours.rows]
            times.append(
                both(
                    lambda asked=asked: log.kit.ask(asked, by=log.by),  # type: ignore[misc]
                    lambda sql=sql, values=values: bare.execute(sql, values).fetchall(),  # type: ignore[misc]
                )
            )
        first = times[0][0]
        rows += [
            [f"{status}, {page}", f"{ours * 1e3:.2f} ms", f"{ratio:.2f}", f"{ours / first:.2f}"]
            for page, (ours, ratio) in zip(("first page", "last page"), times, strict=True)
        ]
    bare.close()
    return table(["100 rows of a subtree", "kit", "times by hand", "times first"], rows)


def export(log: Log, folder: Path) -> str:
    """The same rows to a file, by the kit and by the shell of SQLite."""
    rows = []
    for size in (EXPORTED // 10, EXPORTED):
        since = NOON.us + max(0, SIZE - 2 * size) * 2_600_000  # half of them are the asker's
        query = SearchLog(group=nth(GroupId, MINE), since=type(NOON)(since), descending=False)
        mark = _reset_peak()
        start = time.process_time()
        with (folder / "log.csv").open("wb") as file:
            written = log.kit.export_log(query, file, by=log.by)
        ours, grown = time.process_time() - start, _peak() - mark
        sql = DUMP.format(group=nth(GroupId, MINE), since=since)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        script = f".mode csv\n.once {folder / 'dump.csv'}\n{' '.join(sql.split())};\n"
        subprocess.run(["sqlite3", str(log.path)], input=script, text=True, check=True)  # noqa: S603, S607
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        dump = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append([f"{written:,}", f"{ours:.2f} s", f"{dump:.2f} s", f"{ours / dump:.2f}", f"{grown:.1f} MB"])
    return table(["rows to CSV", "kit", "sqlite3 .once", "times", "memory grown by"], rows)


def spreadsheet(log: Log) -> str:
    """The same cells, by what the kit writes with and by XlsxWriter alone."""
    import xlsxwriter  # type: ignore[import-untyped]

    query = SearchLog(group=nth(GroupId, MINE), descending=False)
    with storage_of(f"sqlite:////{log.path}").read() as store:
        lines: list[LogLine] = []
        for chunk in store.messages.lines(query):
            lines += chunk
            if len(lines) >= SHEET:
                break
    lines = lines[:SHEET]
    clock = WallClock("UTC")
    cells = [(clock.seconds(line[0]) / 86_400 + 25_569, *line[1:7]) for line in lines]

    def bare() -> None:
        book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True})
        sheet, times = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for row, (at, name, email, number, direction, status, segments) in enumerate(cells):
            sheet.write_number(row, 0, at, times)
            sheet.write_string(row, 1, name)
            sheet.write_string(row, 2, email)
            sheet.write_string(row, 3, number)
            sheet.write_string(row, 4, direction)
            sheet.write_string(row, 5, status)
            sheet.write_number(row, 6, segments)
        book.close()

    ours = best(lambda: xlsx_writer("UTC", texts=False)(io.BytesIO(), [lines]), 2)
    theirs = best(bare, 2)
    row = [f"{len(lines):,}", f"{ours:.2f} s", f"{theirs:.2f} s", f"{ours / theirs:.2f}"]
    return table(["rows to xlsx", "kit", "bare XlsxWriter", "times"], [row])


def _reset_peak() -> float:
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    """The most memory that was ever used since, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    """Build it, then everything."""
    with tempfile.TemporaryDirectory() as folder:
        log = built(Path(folder) / "log.db")
        print(f"{SIZE:,} messages, {GROUPS} groups, half of them the asker's\n")
        print(pages(log), "\n")
        print(export(log, Path(folder)), "\n")
        print(spreadsheet(log))
        log.kit.close()


if __name__ == "__main__":
    main()
