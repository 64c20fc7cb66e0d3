"""Sending and finding: what a receipt says, and which error means what. Part of ``TextsConformance``."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.outbox.facts import TextStatus
from servicekit.ports.texts import TextCapabilities, TextReceipt, refuses_account
from servicekit.testing.conformance.texts_trial import HeldText, TextsTrial, Trouble

__all__ = ["Finding", "Sending", "check_receipt"]

# Septets and UTF-16 units; one SMS and several; what HTTP, forms and JSON could spoil.
WORDS = (
    "See you at nine.",
    "Grüße, Åsa! {[~]} 100 % & more + plus = 50 €",
    "Smörgås 😀 日本語",
    "First line\nsecond line",
    "A long one. " * 30,
    'He said "ja" \\ <b>no</b> &amp;',
)
COST = re.compile(r"-?\d+(\.\d+)?( [A-Z]{3})?")
DAY = timedelta(days=1)


def provoked(trial: TextsTrial, trouble: Trouble, *, finding: bool = False) -> None:
    """Let it happen, or pass the test over where the carrier's stand-in cannot."""
    if trouble not in trial.troubles:
        pytest.skip(f"this carrier's stand-in does not do {trouble}")
    trial.provoke(trouble, finding=finding)


def raised(trial: TextsTrial) -> OutsideError:
    """The error that sending ends in."""
    with pytest.raises(OutsideError) as caught:
        trial.send()
    return caught.value


def check_receipt(receipt: TextReceipt) -> None:
    """Every member of a receipt is of its type, and the evidence can be stored."""
    assert isinstance(receipt, TextReceipt)
    assert isinstance(receipt.vendor_id, str)
    assert receipt.vendor_id, "a text without an id can never be reported on"
    assert isinstance(receipt.status, TextStatus)
    assert receipt.parts is None or (type(receipt.parts) is int and receipt.parts >= 1)
    assert receipt.cost is None or COST.fullmatch(receipt.cost), f"{receipt.cost!r} is no number with a currency"
    json.dumps(receipt.evidence)


def as_held(receipt: TextReceipt, trial: TextsTrial, words: str) -> HeldText:
    """What the carrier holds of a text of the trial."""
    return HeldText(receipt.vendor_id, trial.sender, trial.mobile, words)


class Sending:
    """What a carrier promises about ``send``."""

    def test_it_has_a_name_and_says_what_it_can(self, trial: TextsTrial) -> None:
        """The name stands in URLs of webhooks and in the log; ``mail`` is taken; capabilities are data."""
        assert re.fullmatch(r"[A-Za-z0-9._-]+", trial.adapter.name)
        assert trial.adapter.name != "mail"
        assert isinstance(trial.adapter.capabilities, TextCapabilities)

    @pytest.mark.parametrize("words", WORDS)
    def test_a_text_arrives_as_it_was_written(self, trial: TextsTrial, words: str) -> None:
        """Once, letter for letter, from its sender to its recipient; the receipt names it as the carrier does."""
        receipt = trial.send(trial.text(words))

        check_receipt(receipt)
        assert list(trial.held()) == [as_held(receipt, trial, words)]
        assert receipt.status in {TextStatus.SENT, TextStatus.BUFFERED, TextStatus.DELIVERED}

    def test_equal_texts_of_two_references_are_two(self, trial: TextsTrial) -> None:
        """Each with an id of its own."""
        first, second = (trial.send(trial.text(reference=reference)) for reference in ("msg_1", "msg_2"))

        assert first.vendor_id != second.vendor_id
        assert [held.vendor_id for held in trial.held()] == [first.vendor_id, second.vendor_id]

    @pytest.mark.parametrize(
        ("trouble", "done"),
        [
            (Trouble.LOST, True),
            (Trouble.UNDONE, False),
            (Trouble.FAILED, True),
            (Trouble.FAILED_UNDONE, False),
            (Trouble.WRONG_TYPE, True),
        ],
    )
    def test_what_may_have_been_sent_is_said_to_be_unknown(
        self, trial: TextsTrial, trouble: Trouble, *, done: bool
    ) -> None:
        """Never ``Unreachable``, which would send it again; and the adapter itself sends it once."""
        provoked(trial, trouble)
        error = raised(trial)

        assert type(error) is OutcomeUnknown, f"{trouble}: {error!r}"
        assert len(trial.held()) == int(done)

    def test_what_reached_nobody_may_be_sent_again(self, trial: TextsTrial) -> None:
        """``Unreachable``: the relay tries again without looking."""
        provoked(trial, Trouble.UNREACHABLE)
        error = raised(trial)

        assert type(error) is Unreachable, f"{error!r}"
        assert not trial.held()

    def test_a_carrier_that_asks_to_wait_is_waited_for(self, trial: TextsTrial) -> None:
        """``Throttled``, without a time where none was said."""
        provoked(trial, Trouble.THROTTLED)
        error = raised(trial)

        assert isinstance(error, Throttled), f"{error!r}"
        assert error.until is None
        assert not trial.held()

    def test_a_carrier_that_says_how_long_is_waited_for_so_long(self, trial: TextsTrial) -> None:
        """``Throttled.until`` is the time that it names (``Retry-After``: see ``ports.http.asked_to_wait``)."""
        provoked(trial, Trouble.THROTTLED_UNTIL)
        error = raised(trial)

        assert isinstance(error, Throttled), f"{error!r}"
        assert error.until == trial.until

    def test_a_no_to_one_recipient_is_final(self, trial: TextsTrial) -> None:
        """``Rejected``, and no no to all of us: the text ends, the others go on. Its facts name the carrier."""
        refused = trial.refused_text()
        with pytest.raises(Rejected) as caught:
            trial.send(refused)

        assert not refuses_account(caught.value)
        assert caught.value.facts["vendor"] == trial.adapter.name
        assert not trial.held()

    def test_a_no_to_our_credentials_is_no_to_all_of_us(self, trial: TextsTrial) -> None:
        """``Rejected`` by ``refuses_account``: no text is thrown away for it."""
        stranger, text = trial.stranger(), trial.text()
        with pytest.raises(Rejected) as caught:
            trial.run(lambda: stranger.send(text))

        assert refuses_account(caught.value), f"{caught.value!r} {dict(caught.value.facts)}"
        assert not trial.held()

    def test_a_word_that_nobody_knows_is_unknown(self, trial: TextsTrial) -> None:
        """In a receipt; the text was taken all the same."""
        provoked(trial, Trouble.STRANGE_WORD)
        receipt = trial.send()

        check_receipt(receipt)
        assert receipt.status is TextStatus.UNKNOWN
        assert receipt.evidence, "the carrier's own words are kept"

    def test_a_repeat_is_the_same_text_where_the_carrier_is_idempotent(self, trial: TextsTrial) -> None:
        """By our reference, also when the first answer was lost."""
        if not trial.adapter.capabilities.idempotent:
            pytest.skip("this carrier is not idempotent")
        provoked(trial, Trouble.LOST)
        raised(trial)

        assert trial.send().vendor_id == trial.send().vendor_id
        assert len(trial.held()) == 1


class Finding:
    """What a carrier promises about ``find``: that it never takes one text for another, nor a failure for "not there"."""

    def test_a_carrier_without_a_list_says_so(self, trial: TextsTrial) -> None:
        """``Unsupported``: the text is then shown as ``UNKNOWN`` and never guessed."""
        if trial.adapter.capabilities.look_up:
            pytest.skip("this carrier can be asked")
        with pytest.raises(Unsupported):
            trial.find(trial.text())

    def test_a_text_whose_answer_was_lost_is_found(self, trial: TextsTrial) -> None:
        """Exactly it, under the id by which reports will name it."""
        self._can_be_asked(trial)
        provoked(trial, Trouble.LOST)
        raised(trial)
        (found,) = trial.find(trial.text())

        check_receipt(found)
        assert [found.vendor_id] == [held.vendor_id for held in trial.held()]

    def test_a_text_that_was_never_sent_is_not_found(self, trial: TextsTrial) -> None:
        """Neither in an empty list nor among others: other words, another recipient."""
        self._can_be_asked(trial)
        assert trial.find(trial.text()) == ()
        trial.send(trial.text("Something else", "msg_2"))
        trial.send(trial.text(reference="msg_3", to=trial.mobile[:-1] + "8"))

        assert trial.find(trial.text()) == ()

    def test_only_what_is_new_enough_is_found(self, trial: TextsTrial) -> None:
        """An equal text of long ago is another message's."""
        self._can_be_asked(trial)
        trial.send()

        assert len(trial.find(trial.text(), trial.at - DAY)) == 1
        assert trial.find(trial.text(), trial.at + DAY) == ()

    def test_among_twins_it_is_found_oldest_first(self, trial: TextsTrial) -> None:
        """Whoever asks passes over those that are others'; a carrier that keeps our reference finds the very one."""
        self._can_be_asked(trial)
        first, second = (trial.send(trial.text(reference=reference)) for reference in ("msg_1", "msg_2"))
        found = [receipt.vendor_id for receipt in trial.find(trial.text(reference="msg_2"))]

        assert found in ([first.vendor_id, second.vendor_id], [second.vendor_id])

    @pytest.mark.parametrize(
        ("trouble", "expected"),
        [
            (Trouble.LOST, Unreachable),
            (Trouble.UNREACHABLE, Unreachable),
            (Trouble.FAILED, Unreachable),
            (Trouble.WRONG_TYPE, Unreachable),
            (Trouble.THROTTLED, Throttled),
        ],
    )
    def test_a_failed_look_up_is_never_taken_for_not_there(
        self, trial: TextsTrial, trouble: Trouble, expected: type[OutsideError]
    ) -> None:
        """That would send a second time. A reading may be tried again, so it is never ``OutcomeUnknown`` either."""
        self._can_be_asked(trial)
        trial.send()
        provoked(trial, trouble, finding=True)
        with pytest.raises(OutsideError) as caught:
            trial.find(trial.text())

        assert type(caught.value) is expected, f"{trouble}: {caught.value!r}"

    def test_a_stranger_learns_nothing(self, trial: TextsTrial) -> None:
        """Wrong credentials are told as ``Rejected``, not taken for an empty list."""
        self._can_be_asked(trial)
        stranger, text = trial.stranger(), trial.text()
        with pytest.raises(Rejected):
            trial.run(lambda: stranger.find(text, trial.at))

    def _can_be_asked(self, trial: TextsTrial) -> None:
        if not trial.adapter.capabilities.look_up:
            pytest.skip("this carrier keeps no list")
