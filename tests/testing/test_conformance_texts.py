"""The suite for carriers: an adapter that breaks a rule fails the test of that rule, and every test can fail.

Each mutant is the example's adapter with one thing wrong. The adapters that are right run the whole suite in
``tests/adapters`` and ``examples/carrier``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count, product
from pathlib import Path
from typing import Any, Self

import pytest
from attrs import evolve

from servicekit.errors import Misshapen, OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HookAnswer, HttpFlow
from servicekit.ports.texts import OutgoingText, TextCapabilities, TextHook, TextReceipt, Texts
from servicekit.runtime.http import HttpDriver
from servicekit.testing.conformance import HookCall, TextsConformance, TextsTrial, Trouble
from servicekit.testing.simulators import transport
from trials import ElksTrial

EXAMPLE = Path(__file__).parents[2] / "examples" / "carrier"
sys.path.append(str(EXAMPLE))

from pigeonpost import PigeonPost  # noqa: E402 - the line above leads to it
from pigeonpost_simulator import PigeonPostSimulator  # noqa: E402 - likewise
from test_pigeonpost import PigeonPostTrial  # noqa: E402 - likewise

Flow = HttpFlow[Any]
Change = dict[str, Any]


class MutantTrial(PigeonPostTrial):
    """The example's trial, of an adapter with something wrong."""

    def stranger(self) -> Texts:
        """The same wrong adapter."""
        return evolve(self.adapter, token="guess")  # type: ignore[misc]

    def unproven(self) -> Texts:
        """The same wrong adapter."""
        return evolve(self.adapter, hook_secret="")  # type: ignore[misc]


def trial_of(change: Change) -> MutantTrial:
    """A trial of Pigeon Post's adapter with some methods replaced."""
    trial = MutantTrial.open()
    mutant = type("Mutant", (PigeonPost,), {key: one for key, one in change.items() if callable(one) or key != "wrong"})
    right = trial.adapter
    assert isinstance(right, PigeonPost)
    trial.adapter = mutant(right.token, right.hook_secret, report_url=right.report_url, **change.get("wrong", {}))
    return trial


def cases(test: Callable[..., None]) -> Iterator[dict[str, object]]:
    """The parameters that pytest would call a test with."""
    axes = []
    for mark in getattr(test, "pytestmark", []):
        names, values = mark.args
        names = names.split(",") if isinstance(names, str) else names
        axes.append([dict(zip(names, one if len(names) > 1 else (one,), strict=True)) for one in values])
    for chosen in product(*axes):
        yield {name: value for part in chosen for name, value in part.items()}


def fails(name: str, change: Change) -> bool:
    """Whether a test of the suite fails, in any of its cases."""
    test = getattr(TextsConformance(), name)
    for case in cases(test):
        try:
            test(trial=trial_of(change), **case)
        except pytest.skip.Exception:
            continue
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - however it fails, it has noticed
            return True
    return False


def failing_with(error: type[OutsideError], instead: Callable[[Any], OutsideError]) -> Change:
    """A send that says something else in place of an error."""

    def send(self: PigeonPost, text: OutgoingText) -> Flow:
        try:
            return (yield from PigeonPost.send(self, text))
        except error as raised:
            if type(raised) is not error:
                raise
            raise instead(raised) from None

    return {"send": send}


def sending(change: Callable[[OutgoingText], OutgoingText]) -> Change:
    """A send that sends something else."""
    return {"send": lambda self, text: PigeonPost.send(self, change(text))}


def finding(change: Callable[[OutgoingText, Instant], tuple[OutgoingText, Instant]]) -> Change:
    """A look-up that looks for something else."""
    return {"find": lambda self, text, since: PigeonPost.find(self, *change(text, since))}


def receiving(change: Callable[[TextReceipt], TextReceipt]) -> Change:
    """A send that gives another receipt."""

    def send(self: PigeonPost, text: OutgoingText) -> Flow:
        return change((yield from PigeonPost.send(self, text)))

    return {"send": send}


def hearing(change: Callable[[Any, Instant], Any]) -> Change:
    """A reader that makes other facts."""

    def read(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        hook = PigeonPost.read(self, headers, body, at)
        return evolve(hook, facts=tuple(change(fact, at) for fact in hook.facts))

    return {"read": read}


def reported(change: Callable[[TextReported], TextReported]) -> Change:
    """A reader that makes other reports."""
    return hearing(lambda fact, _: change(fact) if isinstance(fact, TextReported) else fact)


def received(change: Callable[[TextReceived], TextReceived]) -> Change:
    """A reader that makes other texts."""
    return hearing(lambda fact, _: change(fact) if isinstance(fact, TextReceived) else fact)


def reading(body: Callable[[PigeonPost, Mapping[str, str], bytes, Instant], TextHook]) -> Change:
    """A reader of its own."""
    return {"read": body}


def proving(body: Callable[[PigeonPost, Mapping[str, str], bytes, Instant], None]) -> Change:
    """A proof of its own."""
    return {"_prove": body}


def taking_failures_for_nothing(self: PigeonPost, text: OutgoingText, since: Instant) -> Flow:
    """A look-up that swallows errors."""
    try:
        return (yield from PigeonPost.find(self, text, since))
    except OutsideError:
        return ()


def repeatable(self: PigeonPost, text: OutgoingText) -> Flow:
    """A send that says it may be repeated."""
    flow = PigeonPost.send(self, text)
    response = yield evolve(next(flow), repeatable=True)
    try:
        flow.send(response)
    except StopIteration as end:
        return end.value
    raise AssertionError("one request")


def trusting(self: PigeonPost, listed: Any) -> TextReceipt:
    """A receipt that believes in every member."""
    return TextReceipt(vendor_id=listed["id"], status=TextStatus(listed["state"].upper()), parts=int(listed["parts"]))


def find_trusting(self: PigeonPost, text: OutgoingText, since: Instant) -> Flow:
    """A look-up that believes in every member."""
    response = yield next(PigeonPost.find(self, text, since))
    return tuple(TextReceipt(vendor_id=one["id"], status=TextStatus.SENT) for one in response.json()["texts"])


def with_token_in_url(self: PigeonPost, text: OutgoingText) -> Flow:
    """A request that shows the token."""
    request = next(PigeonPost.send(self, text))
    response = yield evolve(request, url=f"{request.url}?token={self.token}")
    return TextReceipt(vendor_id=response.object()["id"], status=TextStatus.SENT)


def indifferent_read(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
    """A reader that takes what it does not understand for nothing."""
    try:
        return PigeonPost.read(self, headers, body, at)
    except Misshapen:
        return TextHook(facts=())


def parse_first(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
    """A reader that says what is wrong with the form before it is proven."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "event" not in told:
        raise Misshapen("no event")
    return PigeonPost.read(self, headers, body, at)


def trusting_read(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
    """A reader that believes in every member."""
    self._prove(headers, body, at)
    told = json.loads(body)
    return TextHook(
        facts=(TextReported(vendor=self.name, event_id=told["event"], vendor_id=told["id"], status=TextStatus.SENT),)
    )


def proof_by_exact_name(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
    """A proof that knows one way to write a header's name."""
    PigeonPost._prove(self, {name: headers[name] for name in ("pigeon-time", "pigeon-signature")}, body, at)


def proof_unless_bare(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
    """A proof that is not asked for where there is no secret."""
    if self.hook_secret:
        PigeonPost._prove(self, headers, body, at)


def proof_of_any_age(self: PigeonPost, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
    """A proof that never grows old."""
    said = {name.lower(): value for name, value in headers.items()}.get("pigeon-time", "")
    PigeonPost._prove(self, headers, body, Instant.parse(said) if said.endswith("Z") else at)


NUMBERS = count()
MUTANTS: dict[str, tuple[Change, tuple[str, ...]]] = {
    "a name that is taken": ({"wrong": {"name": "mail"}}, ("test_it_has_a_name_and_says_what_it_can",)),
    "a text without its ends": (
        sending(lambda text: evolve(text, text=text.text.strip())),
        ("test_a_text_arrives_as_it_was_written",),
    ),
    "a cost in words": (
        receiving(lambda receipt: evolve(receipt, cost="four cents")),
        ("test_a_text_arrives_as_it_was_written",),
    ),
    "no part": (receiving(lambda receipt: evolve(receipt, parts=0)), ("test_a_text_arrives_as_it_was_written",)),
    "one reference for all": (
        sending(lambda text: evolve(text, reference="msg_1")),
        ("test_equal_texts_of_two_references_are_two",),
    ),
    "a send that may be repeated": (
        {"send": repeatable},
        ("test_what_may_have_been_sent_is_said_to_be_unknown",),
    ),
    "unknown where nothing left": (
        failing_with(Unreachable, lambda _: OutcomeUnknown("lost")),
        ("test_what_reached_nobody_may_be_sent_again",),
    ),
    "a pause taken for a failure": (
        failing_with(Throttled, lambda _: Unreachable("busy")),
        ("test_a_carrier_that_asks_to_wait_is_waited_for",),
    ),
    "a pause without its end": (
        failing_with(Throttled, lambda error: Throttled(error.message)),
        ("test_a_carrier_that_says_how_long_is_waited_for_so_long",),
    ),
    "a no to one taken for a no to all": (
        failing_with(Rejected, lambda error: Rejected(error.message, **{**error.facts, "status": 401})),
        ("test_a_no_to_one_recipient_is_final",),
    ),
    "a no to all taken for a no to one": (
        failing_with(Rejected, lambda error: Rejected(error.message, **{**error.facts, "status": 400})),
        ("test_a_no_to_our_credentials_is_no_to_all_of_us",),
    ),
    "a guessed status": (
        receiving(lambda receipt: evolve(receipt, status=TextStatus.SENT)),
        ("test_a_word_that_nobody_knows_is_unknown",),
    ),
    "a new reference at every try": (
        sending(lambda text: evolve(text, reference=f"{text.reference} {next(NUMBERS)}")),
        ("test_a_repeat_is_the_same_text_where_the_carrier_is_idempotent",),
    ),
    "an empty list that nobody keeps": (
        {
            "capabilities": property(
                lambda _: TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=False)
            )
        },
        ("test_a_carrier_without_a_list_says_so",),
    ),
    "a list that is always empty": (
        finding(lambda text, since: (evolve(text, reference="nobody's"), since)),
        ("test_a_text_whose_answer_was_lost_is_found",),
    ),
    "another text found": (
        finding(lambda text, since: (evolve(text, reference="msg_2"), since)),
        ("test_a_text_that_was_never_sent_is_not_found",),
    ),
    "old texts found": (
        finding(lambda text, _: (text, Instant(0))),
        ("test_only_what_is_new_enough_is_found",),
    ),
    "the first of two twins found": (
        finding(lambda text, since: (evolve(text, reference="msg_1"), since)),
        ("test_among_twins_it_is_found_oldest_first",),
    ),
    "a failure taken for an empty list": (
        {"find": taking_failures_for_nothing},
        ("test_a_failed_look_up_is_never_taken_for_not_there", "test_a_stranger_learns_nothing"),
    ),
    "everything has arrived": (
        reported(lambda fact: evolve(fact, status=TextStatus.DELIVERED)),
        ("test_a_report_names_the_text_and_what_became_of_it",),
    ),
    "reports without the carrier's words": (
        reported(lambda fact: evolve(fact, evidence={})),
        ("test_a_report_names_the_text_and_what_became_of_it",),
    ),
    "an event id of the moment": (
        hearing(lambda fact, at: evolve(fact, event_id=f"{fact.event_id} {at}")),
        ("test_what_is_told_twice_has_one_event_id",),
    ),
    "one event a text": (
        reported(lambda fact: evolve(fact, event_id=fact.vendor_id)),
        ("test_each_status_of_a_text_is_an_event_of_its_own",),
    ),
    "texts without their ends": (
        received(lambda fact: evolve(fact, text=fact.text.replace("\n", " "))),
        ("test_a_persons_text_comes_in_as_it_was_written",),
    ),
    "one event for equal texts": (
        received(lambda fact: evolve(fact, event_id=f"{fact.sender} {fact.text}")),
        ("test_equal_texts_of_a_person_are_two_events",),
    ),
    "an answer that is sent on": (
        reading(
            lambda *call: evolve(PigeonPost.read(*call), answer=HookAnswer(status=200, body=b"OK")),
        ),
        ("test_the_answer_to_a_call_says_nothing",),
    ),
    "one way to write a header": (
        proving(proof_by_exact_name),
        ("test_the_case_of_header_names_does_not_matter", "test_any_call_of_a_stranger_is_refused"),
    ),
    "no proof": (proving(lambda *_: None), ("test_a_forged_call_is_refused",)),
    "parsing before proving": (reading(parse_first), ("test_nothing_is_parsed_before_it_is_proven",)),
    "proofs of any age": (proving(proof_of_any_age), ("test_an_old_call_is_refused_where_calls_are_dated",)),
    "no proof without a secret": (
        proving(proof_unless_bare),
        ("test_without_anything_to_prove_by_no_call_is_believed",),
    ),
    "what is not understood is nothing": (
        reading(indifferent_read),
        ("test_a_proven_call_of_no_form_is_misshapen",),
    ),
    "believing in every member of an answer": (
        {"find": find_trusting, "send": lambda self, text: (yield from _send_trusting(self, text))},
        (
            "test_any_answer_to_a_send_is_read_or_a_typed_error",
            "test_any_answer_to_a_look_up_is_read_or_a_typed_error",
        ),
    ),
    "believing in every member of a call": (
        reading(trusting_read),
        ("test_any_proven_call_is_read_or_a_typed_error",),
    ),
    "a token that is shown": (
        {"__repr__": lambda self: f"PigeonPost({self.token})"},
        ("test_an_adapter_shows_no_secret",),
    ),
    "errors with our headers": (
        failing_with(OutcomeUnknown, lambda error: OutcomeUnknown(error.message, sent="Bearer coo-coo-coo")),
        ("test_no_secret_is_in_what_sending_leaves_behind",),
    ),
    "evidence with our secret": (
        hearing(lambda fact, _: evolve(fact, evidence={"by": "seeds-and-corn"})),
        ("test_no_secret_is_in_what_hearing_leaves_behind",),
    ),
    "a token in the URL": ({"send": with_token_in_url}, ("test_no_secret_is_in_a_url_or_a_request_shown",)),
    "a key in what the carrier may repeat": (
        sending(lambda text: evolve(text, sender="seeds-and-corn")),
        ("test_a_carrier_that_repeats_what_we_sent_gives_nothing_away",),
    ),
}


def _send_trusting(carrier: PigeonPost, text: OutgoingText) -> Flow:
    response = yield next(PigeonPost.send(carrier, text))
    return trusting(carrier, response.json())


@pytest.mark.parametrize("mutant", MUTANTS)
def test_what_breaks_a_rule_fails_its_test(mutant: str) -> None:
    """Each test fails for the mutant of its rule, and passes for the adapter without the change."""
    change, tests = MUTANTS[mutant]
    for name in tests:
        assert not fails(name, {}), "it fails without the change"
        assert fails(name, change), f"{name} does not notice: {mutant}"


def test_every_test_of_the_suite_can_fail() -> None:
    """There is a mutant for each."""
    noticed = {name for _, tests in MUTANTS.values() for name in tests}
    assert noticed == {name for name in dir(TextsConformance) if name.startswith("test_")}


def outcomes(make: Callable[[], TextsTrial]) -> dict[str, set[str]]:
    """What became of each test's cases: ``passed``, or why it was passed over. One that fails raises."""
    found: dict[str, set[str]] = {}
    for name in (name for name in dir(TextsConformance) if name.startswith("test_")):
        test = getattr(TextsConformance(), name)
        for case in cases(test):
            try:
                test(trial=make(), **case)
            except pytest.skip.Exception as skipped:
                found.setdefault(name, set()).add(str(skipped))
            else:
                found.setdefault(name, set()).add("passed")
    return found


def lists_nothing(self: PigeonPost, text: OutgoingText, since: Instant) -> Flow:
    """No look-up."""
    raise Unsupported(f"no list of {text.to} since {since}")


def test_what_a_carrier_cannot_do_is_passed_over_with_the_reason() -> None:
    """One that only sends passes; nothing is asked of it that it has not said it can."""
    only_sends = TextCapabilities(alphanumeric_sender=False, delivery_reports=False, inbound=False, look_up=False)
    found = outcomes(lambda: trial_of({"capabilities": property(lambda _: only_sends), "find": lists_nothing}))

    assert found["test_a_text_arrives_as_it_was_written"] == {"passed"}
    assert found["test_a_carrier_without_a_list_says_so"] == {"passed"}
    reasons = {reason for told in found.values() for reason in told}
    assert reasons == {
        "passed",
        "this carrier is not idempotent",
        "this carrier keeps no list",
        "this carrier never calls",
        "this carrier passes on no texts",
        "this carrier reports nothing",
    }


class Blocking:
    """The example's adapter as one that speaks something else than HTTP: its calls block and return."""

    def __init__(self, inner: PigeonPost, simulator: PigeonPostSimulator) -> None:
        self.inner, self.simulator = inner, simulator
        self.name, self.capabilities, self.read = inner.name, inner.capabilities, inner.read

    def __repr__(self) -> str:
        return f"Blocking({self.inner!r})"

    def send(self, text: OutgoingText) -> TextReceipt:
        """Over HTTP, but nobody sees it."""
        with HttpDriver(transport(self.simulator)) as driver:
            return driver.run(self.inner.send(text))

    def find(self, text: OutgoingText, since: Instant) -> tuple[TextReceipt, ...]:
        """Likewise."""
        with HttpDriver(transport(self.simulator)) as driver:
            return driver.run(self.inner.find(text, since))


class BlockingTrial(PigeonPostTrial):
    """Its trial, without the time that is named under a pause, and without strange words."""

    troubles = frozenset(Trouble) - {Trouble.STRANGE_WORD, Trouble.THROTTLED_UNTIL}

    @classmethod
    def open(cls) -> Self:
        """The example's, blocking."""
        trial = super().open()
        assert isinstance(trial.adapter, PigeonPost)
        trial.adapter = Blocking(trial.adapter, trial.simulator)
        return trial

    def stranger(self) -> Texts:
        """With a wrong token."""
        return Blocking(PigeonPost("guess"), self.simulator)

    def unproven(self) -> None:  # type: ignore[override]
        """It cannot be made so."""
        return

    def aged(self, call: HookCall) -> None:  # type: ignore[override]
        """It dates nothing."""
        del call


def test_a_carrier_of_forms_is_tried_as_one_of_json() -> None:
    """46elks posts forms, dates nothing, and repeats a call as it was."""
    found = outcomes(ElksTrial.open)

    assert {reason for told in found.values() for reason in told} == {
        "passed",
        "this carrier can be asked",
        "this carrier dates nothing",
        "this carrier is not idempotent",
    }


def test_an_adapter_that_blocks_is_tried_as_well() -> None:
    """But for what looks at requests; a stand-in says which troubles it plays."""
    found = outcomes(BlockingTrial.open)

    assert found["test_what_may_have_been_sent_is_said_to_be_unknown"] == {"passed"}
    assert found["test_a_failed_look_up_is_never_taken_for_not_there"] == {"passed"}
    reasons = {reason for told in found.values() for reason in told}
    assert reasons == {
        "passed",
        "this adapter cannot be made without",
        "this adapter speaks no HTTP",
        "this carrier can be asked",
        "this carrier dates nothing",
        "this carrier's stand-in does not do strange_word",
        "this carrier's stand-in does not do throttled_until",
    }


def test_the_suite_says_what_its_author_has_left_out() -> None:
    """Without the fixture the error says what belongs there."""
    fixture = TextsConformance.trial
    make = getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()
    with pytest.raises(NotImplementedError, match="how its adapter is tried"):
        make(TextsConformance())
