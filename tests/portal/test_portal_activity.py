"""The chain of an activity log, against every way of rewriting a list of entries."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.commands import PrincipalKind
from servicekit.ids import CustomerId, GroupId
from servicekit.moments import Instant
from servicekit.portal import Activity, ActivityHead, Break, chained, first_break

HOLZ = CustomerId("cus_1")
DETAILS = st.lists(st.text(alphabet="ab", max_size=2), max_size=6)


def log(details: list[str]) -> tuple[list[Activity], ActivityHead | None]:
    """A log with an entry for each, and its head."""
    entries, head = list[Activity](), None
    for number, detail in enumerate(details):
        entry = Activity(
            customer=HOLZ,
            number=0,
            organisation=GroupId("grp_1"),
            facility=None,
            at=Instant(number),
            who="usr_1",
            kind=PrincipalKind.USER,
            origin="192.0.2.7",
            what="called",
            about="cus_1",
            detail=detail,
        )
        entry = chained(entry, head)
        entries.append(entry)
        head = ActivityHead(customer=HOLZ, number=entry.number, digest=entry.digest)
    return entries, head


@given(DETAILS.filter(bool))
def test_a_log_as_it_was_written_is_whole(details: list[str]) -> None:
    """Numbered from 1, each entry holding the digest of the one before; also with an earlier head in hand."""
    entries, head = log(details)
    earlier = ActivityHead(customer=HOLZ, number=1, digest=entries[0].digest)

    assert first_break(entries, head) is None
    assert first_break(entries, head, earlier) is None
    assert [entry.number for entry in entries] == list(range(1, len(details) + 1))
    assert [entry.before for entry in entries] == ["", *(entry.digest for entry in entries)][:-1]


@given(DETAILS, DETAILS)
def test_only_the_very_same_log_has_the_same_head(one: list[str], other: list[str]) -> None:
    """So whoever kept a head elsewhere finds a log that was written anew from any entry on, also a whole one."""
    entries, head = log(other)
    _, kept = log(one)
    same = one == other[: len(one)]
    assert (first_break(entries, head, kept) is None) == (same and bool(other))


@given(DETAILS.filter(bool), st.data())
def test_every_change_of_an_entry_is_found_there(details: list[str], data: st.DataObject) -> None:
    """Whichever field of whichever entry it is, the digests included; nothing before it is called broken."""
    entries, head = log(details)
    place = data.draw(st.integers(0, len(entries) - 1))
    change = data.draw(
        st.sampled_from(
            [
                {"detail": entries[place].detail + "!"},
                {"at": Instant(99)},
                {"who": "usr_2"},
                {"kind": PrincipalKind.OPERATOR},
                {"origin": ""},
                {"what": "logged in"},
                {"about": "cus_2"},
                {"internal": True},
                {"before": "0" * 64},
                {"digest": "0" * 64},
            ]
        )
    )
    entries[place] = evolve(entries[place], **change)  # type: ignore[arg-type]
    assert first_break(entries, head) == Break(place + 1, "an entry was changed")


@given(DETAILS.filter(bool), st.data())
def test_an_entry_that_is_taken_out_is_missed(details: list[str], data: st.DataObject) -> None:
    """Also the last ones, and all of them, because the end stands beside the log."""
    entries, head = log(details)
    place = data.draw(st.integers(0, len(entries) - 1))
    assert first_break(entries[:place] + entries[place + 1 :], head) == Break(place + 1, "an entry is missing")
    assert first_break([], head) == Break(1, "an entry is missing")
    assert first_break(entries, None) == Break(len(entries) + 1, "an entry is missing")


def test_an_end_that_lags_behind_or_differs_is_found() -> None:
    """Whoever adds an entry by hand without moving the end, or moves the end elsewhere."""
    entries, _ = log(["a", "b"])
    before = ActivityHead(customer=HOLZ, number=1, digest=entries[0].digest)
    wrong = ActivityHead(customer=HOLZ, number=2, digest="0" * 64)
    assert first_break(entries, before) == first_break(entries, wrong) == Break(2, "the end was changed")


def test_the_same_numbers_with_other_digests_were_written_anew() -> None:
    """Every digest is right, but it is not the log that was there when the head was kept."""
    entries, head = log(["a", "b"])
    _, kept = log(["x"])
    assert first_break(entries, head, kept) == Break(1, "the log was written anew")
    assert first_break(entries[:1], ActivityHead(customer=HOLZ, number=1, digest=entries[0].digest), head) == Break(
        2, "an entry is missing"
    )
