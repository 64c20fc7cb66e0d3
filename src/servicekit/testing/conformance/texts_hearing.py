"""Hearing: what a carrier's calls to us say, and which are believed. Part of ``TextsConformance``."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from servicekit.errors import ConfigurationError, Forged, Misshapen, Stale
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.texts import TextHook
from servicekit.testing.conformance.texts_trial import Fate, HookCall, TextsTrial

__all__ = ["Hearing"]

MISSHAPEN = (b"", b"\xff\xfe\x00", b"null", b"[]", b"{}", b'"text"', b"<html></html>", b"a=b&c=d")


def read(trial: TextsTrial, call: HookCall, *, later: timedelta = timedelta()) -> TextHook:
    """What the adapter makes of a call."""
    return trial.adapter.read(call.headers, call.body, trial.at + later)


def reports(trial: TextsTrial, calls: tuple[HookCall, ...]) -> list[TextReported]:
    """The reports in some calls; there is nothing else in them."""
    facts = [fact for call in calls for fact in read(trial, call).facts]
    assert facts, "nothing was heard"
    assert all(isinstance(fact, TextReported) for fact in facts), facts
    return [fact for fact in facts if isinstance(fact, TextReported)]


def reported(trial: TextsTrial, fate: Fate = Fate.DELIVERED) -> tuple[HookCall, ...]:
    """The calls about a text that was just sent."""
    if not trial.adapter.capabilities.delivery_reports:
        pytest.skip("this carrier reports nothing")
    calls = tuple(trial.report(trial.send(), fate))
    assert calls, "the trial's report() made no call"
    return calls


def answered(trial: TextsTrial, text: str = "Ja, tack! 😀") -> tuple[HookCall, ...]:
    """The calls about a person's text."""
    if not trial.adapter.capabilities.inbound:
        pytest.skip("this carrier passes on no texts")
    calls = tuple(trial.answer(trial.mobile, trial.number, text))
    assert calls, "the trial's answer() made no call"
    return calls


def some_call(trial: TextsTrial) -> HookCall:
    """Any call that is proven and well-formed."""
    able = trial.adapter.capabilities
    if not (able.delivery_reports or able.inbound):
        pytest.skip("this carrier never calls")
    return (reported(trial) if able.delivery_reports else answered(trial))[0]


class Hearing:
    """What a carrier promises about ``read``."""

    @pytest.mark.parametrize(
        ("fate", "status"),
        [
            (Fate.DELIVERED, TextStatus.DELIVERED),
            (Fate.UNDELIVERED, TextStatus.UNDELIVERED),
            (Fate.STRANGE, TextStatus.UNKNOWN),
        ],
    )
    def test_a_report_names_the_text_and_what_became_of_it(
        self, trial: TextsTrial, fate: Fate, status: TextStatus
    ) -> None:
        """By the receipt's id; a word that nobody knows is UNKNOWN; the carrier's own words are kept, storable."""
        if not trial.adapter.capabilities.delivery_reports:
            pytest.skip("this carrier reports nothing")
        receipt = trial.send()
        last = reports(trial, tuple(trial.report(receipt, fate)))[-1]

        assert (last.vendor, last.vendor_id, last.status) == (trial.adapter.name, receipt.vendor_id, status)
        assert json.loads(json.dumps(last.evidence)), "the carrier's own words are kept"

    def test_what_is_told_twice_has_one_event_id(self, trial: TextsTrial) -> None:
        """Read later, or repeated by the carrier; another text's report has another."""
        calls = reported(trial)
        (first, *_), (second, *_) = read(trial, calls[0]).facts, read(trial, calls[0], later=timedelta(seconds=1)).facts
        repeated = read(trial, trial.again(calls[0])).facts[0]
        another = reports(trial, tuple(trial.report(trial.send(trial.text(reference="msg_2")), Fate.DELIVERED)))

        assert first.event_id
        assert first.event_id == second.event_id == repeated.event_id
        assert first.event_id not in {fact.event_id for fact in another}

    def test_each_status_of_a_text_is_an_event_of_its_own(self, trial: TextsTrial) -> None:
        """Else the second one would be taken for a repeat of the first."""
        if not trial.adapter.capabilities.delivery_reports:
            pytest.skip("this carrier reports nothing")
        receipt = trial.send()
        failed = reports(trial, tuple(trial.report(receipt, Fate.UNDELIVERED)))[-1]
        arrived = reports(trial, tuple(trial.report(receipt, Fate.DELIVERED)))[-1]

        assert failed.event_id != arrived.event_id

    @pytest.mark.parametrize("text", ["Ja, tack! 😀", "Grüße & 100 % + €", "", "Two\nlines"])
    def test_a_persons_text_comes_in_as_it_was_written(self, trial: TextsTrial, text: str) -> None:
        """From whom, to which number, both E.164; an empty text is one."""
        facts = [fact for call in answered(trial, text) for fact in read(trial, call).facts]

        assert all(isinstance(fact, TextReceived) for fact in facts), facts
        received = [fact for fact in facts if isinstance(fact, TextReceived)]
        assert {(fact.vendor, fact.sender, fact.to) for fact in received} == {
            (trial.adapter.name, trial.mobile, trial.number)
        }
        assert "".join(fact.text for fact in received) == text
        assert all(fact.event_id and fact.vendor_id for fact in received)

    def test_equal_texts_of_a_person_are_two_events(self, trial: TextsTrial) -> None:
        """People repeat themselves; a carrier that repeats a call does not make it two."""
        (first, *_), (second, *_) = answered(trial, "Ja"), answered(trial, "Ja")
        told = read(trial, first).facts[0].event_id

        assert told != read(trial, second).facts[0].event_id
        assert told == read(trial, trial.again(first)).facts[0].event_id

    def test_the_answer_to_a_call_says_nothing(self, trial: TextsTrial) -> None:
        """2xx, and no body that the carrier would send back as a text."""
        able = trial.adapter.capabilities
        calls = [some_call(trial), *(answered(trial) if able.inbound else ())]
        for call in calls:
            answer = read(trial, call).answer
            assert 200 <= answer.status < 300
            assert answer.body in trial.silence, answer.body

    def test_the_case_of_header_names_does_not_matter(self, trial: TextsTrial) -> None:
        """RFC 9110 5.1; web servers write them as they like."""
        call = some_call(trial)
        for form in (str.lower, str.upper, str.title):
            headers = {form(name): value for name, value in call.headers.items()}
            assert read(trial, HookCall(headers, call.body)).facts == read(trial, call).facts

    def test_a_forged_call_is_refused(self, trial: TextsTrial) -> None:
        """However well-formed it is, whichever way the proof is wrong."""
        able = trial.adapter.capabilities
        calls = [some_call(trial), *(answered(trial) if able.inbound else ())]
        forgeries = [forgery for call in calls for forgery in trial.forge(call)]
        assert forgeries, "the trial's forge() made none"
        for forgery in forgeries:
            with pytest.raises(Forged):
                read(trial, forgery)

    def test_nothing_is_parsed_before_it_is_proven(self, trial: TextsTrial) -> None:
        """A forged call of no form at all is forged, not misshapen: who cannot prove learns nothing."""
        some_call(trial)
        for body in MISSHAPEN:
            for forgery in trial.forge(trial.prove(body)):
                with pytest.raises(Forged):
                    read(trial, forgery)

    def test_an_old_call_is_refused_where_calls_are_dated(self, trial: TextsTrial) -> None:
        """Perhaps somebody replays it."""
        aged = trial.aged(some_call(trial))
        if aged is None:
            pytest.skip("this carrier dates nothing")
        with pytest.raises(Stale):
            read(trial, aged)

    def test_without_anything_to_prove_by_no_call_is_believed(self, trial: TextsTrial) -> None:
        """``ConfigurationError``: an unproven call is wrong wiring, never a fact."""
        call, unproven = some_call(trial), trial.unproven()
        if unproven is None:
            pytest.skip("this adapter cannot be made without")
        with pytest.raises(ConfigurationError):
            unproven.read(call.headers, call.body, trial.at)

    @pytest.mark.parametrize("body", MISSHAPEN)
    def test_a_proven_call_of_no_form_is_misshapen(self, trial: TextsTrial, body: bytes) -> None:
        """It is told apart from a forged one, because the carrier has changed something."""
        some_call(trial)
        call = trial.prove(body)
        with pytest.raises(Misshapen):
            read(trial, call)
