"""Booking and free slots beside bare SQL on the same SQLite database, in the same run.

``python -m benchmarks.bench_bookings`` makes two databases, of 10,000 and of 1,000,000 bookings (most of a minute), and
prints what we take as a ratio of what SQLite takes for the rows alone, with the goals that the project has set.

The large database has 50 people with 20,000 bookings each, of half an hour, 15 on each of the working days before and after
the month that is asked for, so that about one half-hour in six is free.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from struct import pack
from typing import Any

from attrs import define, field
from benchmarks._measure import table

from servicekit import Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    Client,
    FreeSlots,
    Hours,
    OpeningHours,
    Provider,
    Service,
)
from servicekit.groups import FoundOrganisation
from servicekit.ids import BookingId
from servicekit.moments import Instant
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, transport

HALF, DAY = timedelta(minutes=30), timedelta(days=1)
MONTH = Instant.parse("2026-10-31T23:00:00Z")  # November 2026 in Zürich
PEOPLE, A_DAY = 50, 15
SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 200


@define
class Salon:
    """A kit over a database of so many bookings."""

    path: Path
    kit: Kit
    anna: Principal
    people: list[Provider]
    cut: Service
    """Half an hour with everybody, nine to six on every day."""
    coaching: Service
    """With a key and a meeting, at any time."""
    eva: Client
    booked: int = 0
    connection: sqlite3.Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys=ON")
        self.connection.execute("PRAGMA synchronous=FULL")

    def book(self) -> Booking:
        """The next one, far in the future, where nothing is taken yet."""
        self.booked += 1
        person = self.people[self.booked % PEOPLE]
        starts = MONTH + 3000 * DAY + self.booked // PEOPLE * HALF
        return self.kit.perform(
            Book(service=self.coaching.id, provider=person.id, client=self.eva.id, starts=starts),
            by=self.anna,
            at=MONTH,
        )

    def rows_of(self, booking: Booking) -> list[tuple[str, list[list[Any]]]]:
        """What one booking has written: an INSERT statement for each table, and its rows."""
        found = []
        for name, column in (
            ("bookings", "id"),
            ("holds", "owner"),
            ("keys", "booking"),
            ("meetings", "booking"),
            ("effects", "about"),
        ):
            rows = self.connection.execute(f"SELECT * FROM {name} WHERE {column} = ?", [booking.id]).fetchall()  # noqa: S608 - our own names
            marks = ", ".join("?" * len(rows[0]))
            found.append((f"INSERT INTO {name} VALUES ({marks})", [list(row) for row in rows]))  # noqa: S608 - our own names
        return found

    def insert(self) -> None:
        """The same rows bare, under other ids, in one transaction."""
        self.booked += 1
        suffix = f"{self.booked:026d}"
        self.connection.execute("BEGIN IMMEDIATE")
        for statement, rows in self._rows:
            for number, row in enumerate(rows):
                other = [_renamed(value, suffix, number) if isinstance(value, str) else value for value in row]
                self.connection.execute(statement, other)
        self.connection.execute("COMMIT")

    _rows: list[tuple[str, list[list[Any]]]] = field(init=False, factory=list)

    def learn(self) -> None:
        """Book once, to know which rows are to be inserted bare."""
        self._rows = self.rows_of(self.book())

    def slots(self, most: int) -> int:
        """The first slots of the month, or all of them."""
        query = FreeSlots(service=self.cut.id, since=MONTH, until=MONTH + 30 * DAY, most=most)
        return len(self.kit.ask(query, by=self.anna, at=MONTH).slots)

    def count(self, standing: str = "") -> int:
        """One indexed count of the same people's bookings in the same month: the index alone answers it."""
        marks = ", ".join("?" * PEOPLE)
        (found,) = self.connection.execute(
            f"SELECT count(*) FROM bookings WHERE provider IN ({marks}) AND starts >= ? AND starts < ?{standing}",  # noqa: S608 - our own names
            [*(person.id for person in self.people), MONTH.us, (MONTH + 30 * DAY).us],
        ).fetchone()
        return int(found)

    def count_standing(self) -> int:
        """The same of those that hold their place, for which each row is looked at."""
        return self.count(" AND state IN ('requested', 'confirmed', 'checked in')")


_OWN = ("bkg_", "key_", "mtg_", "eff_")


def _renamed(value: str, suffix: str, number: int) -> str:
    return (
        f"{value[:4]}{number}{suffix[1:]}"
        if value[:4] in _OWN[2:]
        else value[:4] + suffix
        if value[:4] in _OWN
        else value
    )


def main() -> None:
    """Print the tables."""
    with (
        tempfile.TemporaryDirectory() as folder,
        salon(Path(folder), SMALL) as small,
        salon(Path(folder), LARGE) as large,
    ):
        _slots(large)
        _booking(small, large)


def _slots(large: Salon) -> None:
    timed = _best(
        {
            "count": large.count,
            "count of those that stand": large.count_standing,
            "first slot": lambda: large.slots(1),
            "whole month": lambda: large.slots(10_000),
        }
    )
    print(f"{large.count():,} bookings in the month, {large.slots(10_000):,} slots of half an hour free\n")
    goals = {"first slot": "5", "whole month": "20"}
    bare, rows = (timed[name] for name in ("count", "count of those that stand"))
    lines = [
        [name, _ms(seconds), f"{seconds / bare:.1f}", f"{seconds / rows:.1f}", goals.get(name, "")]
        for name, seconds in timed.items()
    ]
    head = ["free slots, 50 people, 1,000,000 bookings", "ms", "times a count", "times a count with rows", "goal"]
    print(table(head, lines), "\n")


def _best(runners: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of processor time for one call of each: the best of so many rounds, all of about the same length.

    What others do meanwhile slows long calls more than short ones, unless the short ones are repeated to be as long. Everything
    that is read is in memory, so no time is spent waiting.
    """

    def taken(run: Callable[[], object], repeats: int) -> float:
        begins = time.process_time()
        for _ in range(repeats):
            run()
        return (time.process_time() - begins) / repeats

    once = {name: min(taken(run, 1) for _ in range(5)) for name, run in runners.items()}
    repeats = {name: max(1, round(max(once.values()) / seconds)) for name, seconds in once.items()}
    best = dict.fromkeys(runners, float("inf"))
    for _ in range(ROUNDS // 4):
        for name, run in runners.items():
            best[name] = min(best[name], taken(run, repeats[name]))
    return best


def _booking(small: Salon, large: Salon) -> None:
    small.learn()
    large.learn()
    timed = _alternating({"bare": large.insert, "book": large.book, "book, 10,000 stored": small.book})
    rows = [[name, _ms(seconds), f"{1 / seconds:,.0f}"] for name, seconds in timed.items()]
    print(table(["one transaction on SQLite, as by default", "ms", "a second"], rows), "\n")
    print(f"Book reaches {timed['bare'] / timed['book']:.2f} of the rate of bare inserts (goal: 0.33).")
    print(
        f"With 1,000,000 stored it takes {timed['book'] / timed['book, 10,000 stored']:.2f} times as long (goal: 1.2)."
    )


def _alternating(runners: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median of so many single calls of each, in turn: each call writes, so none can be repeated for its best."""
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS):
        for name, run in runners.items():
            begins = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begins)
    return {name: sorted(each)[len(each) // 2] for name, each in taken.items()}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"


@contextmanager
def salon(folder: Path, bookings: int) -> Iterator[Salon]:
    """A salon with so many bookings, filled by SQL."""
    path = folder / f"{bookings}.db"
    exivo = ExivoSimulator()
    doors = Exivo(exivo.api_key, exivo.api_secret, mobile_app_id="42")
    meetings = Zoom("account", "client", "secret", "webhook")
    with Kit.open(f"sqlite:////{path}", doors=doors, meetings=meetings, transport=transport(exivo)) as kit:
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example"),
            by=Principal.operator("bench"),
        )
        anna, root = Principal.of(founded.admin.id), founded.root.id
        people = [kit.perform(AddProvider(organisation=root, name=f"Person {n}"), by=anna) for n in range(PEOPLE)]
        hours = OpeningHours.every_day(Hours(9 * 60, 18 * 60))
        shop = kit.perform(AddBranch(organisation=root, name="Shop", zone="Europe/Zurich", opening=hours), by=anna)
        house = kit.perform(
            AddBranch(
                organisation=root,
                name="House",
                zone="Europe/Zurich",
                site=exivo.site_id,
                components=(COMPONENTS[0].id,),
            ),
            by=anna,
        )
        rules = BookingRules(providers=tuple(person.id for person in people), every=HALF)
        made = Salon(
            path,
            kit,
            anna,
            people,
            kit.perform(AddService(branch=shop.id, name="Cut", length=HALF, rules=rules), by=anna),
            kit.perform(AddService(branch=house.id, name="Coaching", length=HALF, online=True), by=anna),
            kit.perform(
                AddClient(organisation=root, name="Eva", email="eva@home.example", mobile="+41791234567"), by=anna
            ),
        )
        with closing(made.connection):
            _fill(made, bookings)
            yield made


def _fill(made: Salon, bookings: int) -> None:
    """15 of the 18 half-hours of each day with everybody, for as many days around the month as it takes."""
    days = bookings // (PEOPLE * A_DAY)
    first = MONTH - days // 2 * DAY + timedelta(hours=9)
    model = made.book()
    (columns,) = {len(rows[0]) for statement, rows in made.rows_of(model) if " bookings " in statement}
    names = [row[1] for row in made.connection.execute("PRAGMA table_info(bookings)")]
    (kept,) = made.connection.execute("SELECT * FROM bookings WHERE id = ?", [model.id]).fetchall()

    def rows() -> Iterator[tuple[BookingId, str, int, int]]:
        for day in range(days):
            free = {day % 18, (day + 7) % 18, (day + 13) % 18}
            for slot in set(range(A_DAY + 3)) - free:
                starts = (first + day * DAY + slot * HALF).us
                for person in made.people:
                    yield mint(BookingId, MONTH), person.id, starts, starts + HALF // timedelta(microseconds=1)

    with closing(sqlite3.connect(made.path)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        marks = ", ".join("?" * columns)
        for found in _batches(rows()):
            like = dict(zip(names, kept, strict=True))
            connection.executemany(
                f"INSERT INTO bookings VALUES ({marks})",  # noqa: S608 - our own names
                [
                    tuple({**like, "id": key, "provider": person, "starts": starts, "ends": ends}.values())
                    for key, person, starts, ends in found
                ],
            )
            connection.executemany(
                "INSERT INTO holds VALUES (?, ?, ?, ?, 0, ?)", [(*row, pack(">qq", *row[2:]).hex()) for row in found]
            )
        connection.execute("ANALYZE")


def _batches(rows: Iterator[Any], size: int = 10_000) -> Iterator[list[Any]]:
    while batch := list(islice(rows, size)):
        yield batch


if __name__ == "__main__":
    main()
