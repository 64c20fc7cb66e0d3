"""Threads as values: names that are one printable line, and ids by which mails hang together."""

from __future__ import annotations

import pytest

from samples import NOON, nth
from servicekit.errors import Invalid
from servicekit.ids import UserId
from servicekit.messages import NameThread, Thread, check_thread_name, mail_thread

ANNA, BO = nth(UserId, 1), nth(UserId, 2)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("  Görans jobbmobil ", "Görans jobbmobil"), ("", ""), (" \t", ""), ("x" * 80, "x" * 80), ("Eva 😀", "Eva 😀")],
)
def test_a_name_is_one_line_without_space_around_it(name: str, kept: str) -> None:
    """Of at most 80 characters; an empty one is none."""
    assert check_thread_name(name) == kept


@pytest.mark.parametrize(
    "name",
    ["x" * 81, "a\nb", "a\r\nBcc: b@c.example", "a\x00b", "a\x7fb", "a\u202eb", "a\u2028b", "a\ud83d"],
)
def test_what_could_be_a_header_of_its_own_is_no_name(name: str) -> None:
    """Line breaks, control characters, marks that turn the direction of writing, half characters, and what is too long."""
    with pytest.raises(Invalid, match="at most 80 printable characters on one line") as caught:
        check_thread_name(name)
    assert (caught.value.code, caught.value.facts) == ("bad_thread_name", {"name": name[:80]})


def test_a_thread_shows_its_name_or_the_number() -> None:
    """As whoever lists threads wants it."""
    thread = Thread(user=ANNA, number="+46701740605", last_at=NOON)
    named = Thread(user=ANNA, number="+46701740605", name="Eva", last_at=NOON)
    assert (thread.shown, named.shown) == ("+46701740605", "Eva")


def test_mails_of_a_thread_have_one_id_that_tells_nothing() -> None:
    """Another for each user and each number; letters and digits alone."""
    ids = {mail_thread(who, number) for who in (ANNA, BO) for number in ("+46701740605", "+46701740606", "Bank")}
    assert len(ids) == 6
    assert all(one.isalnum() and "4670" not in one and len(one) == 32 for one in ids)
    assert mail_thread(ANNA, "+46701740605") in ids


def test_a_name_stays_out_of_logs() -> None:
    """People name people."""
    assert "Eva" not in repr(NameThread(user=ANNA, number="+46701740605", name="Eva"))
