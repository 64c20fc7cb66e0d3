"""Hostility and secrets: whatever comes, only typed errors; whatever happens, no secret is shown. Part of ``TextsConformance``.

Rules kept here: answers and calls are random bytes, and real ones that are cut, altered and filled with what no vendor
documents; a carrier may repeat in its answer whatever we sent it, such as the URL for reports with our key in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.errors import BadWebhook, OutsideError
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse
from servicekit.ports.texts import TextHook, TextReceipt
from servicekit.testing.conformance.texts_hearing import answered, read, reported
from servicekit.testing.conformance.texts_sending import check_receipt
from servicekit.testing.conformance.texts_trial import Fate, HookCall, TextsTrial, Trouble, watched

__all__ = ["Hostility", "Secrecy"]

_MOST_REQUESTS = 50  # of one flow; a list that never ends must end
_WORDS = st.sampled_from(["", "id", "0", "-1", "1e999", "teleported", "\x00", "😀", "9" * 400, "2026-13-40T99:99:99Z"])
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
_JUNK = st.recursive(
    _SCALARS | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
_EACH: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "teleported", "😀\ud800", "9" * 400, [], [None], {}, {"a": []})
_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "date", "location"]),
    st.sampled_from(
        ["", "text/html", "application/json", "-1", "999999999999", "Wed, 99 Nov 2026 12:00:00 GMT", "\xff"]
    ),
)
_STATUSES = st.sampled_from([200, 200, 200, 201, 202, 204, 302, 400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 503])


def altered(value: Any) -> st.SearchStrategy[Any]:
    """A JSON value with one of its members, at any depth, replaced by junk or left out."""
    places = list(_places(value))
    return st.builds(
        lambda place, junk, gone: _replaced(value, place, junk, gone=gone),
        st.sampled_from(places),
        _JUNK,
        st.booleans(),
    )


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*before, key))


def _replaced(value: Any, place: tuple[Any, ...], junk: Any, *, gone: bool) -> Any:
    if not place:
        return junk
    key, *rest = place
    copy = value.copy()
    if gone and not rest:
        del copy[key]
    else:
        copy[key] = _replaced(value[key], tuple(rest), junk, gone=gone)
    return copy


def each_altered(body: bytes) -> Iterator[bytes]:
    """The body, a JSON value or a form, with each member in turn left out and replaced by each kind of junk."""
    told, write = _parsed(body)
    for place in _places(told):
        yield write(_replaced(told, place, None, gone=True))
        for junk in _EACH:
            yield write(_replaced(told, place, junk, gone=False))


def _parsed(body: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    try:
        return json.loads(body), lambda value: json.dumps(value).encode()
    except ValueError:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), _form


def bodies_like(body: bytes) -> st.SearchStrategy[bytes]:
    """Random bytes; and this body cut, with bytes put in, or as JSON or form with something altered."""
    told, write = _parsed(body)
    return st.one_of(
        st.binary(max_size=200),
        st.integers(0, len(body)).map(lambda end: body[:end]),
        st.builds(lambda at, junk: body[:at] + junk + body[at:], st.integers(0, len(body)), st.binary(max_size=5)),
        altered(told).map(write),
    )


def _form(value: Any) -> bytes:
    fields = value if isinstance(value, dict) else {"": value}
    return urlencode({str(key): str(one) for key, one in fields.items()}, errors="replace").encode()


def _flow(call: Callable[[], object]) -> HttpFlow[Any]:
    called = call()
    if not isinstance(called, Generator):
        pytest.skip("this adapter speaks no HTTP")
    return called


def _driven(flow: HttpFlow[Any], answer: Callable[[HttpRequest], HttpResponse]) -> Any:
    """The flow's result, where every request gets an answer that does not depend on those before."""
    try:
        request = next(flow)
        for _ in range(_MOST_REQUESTS):
            request = flow.send(answer(request))
        raise AssertionError(f"after {_MOST_REQUESTS} answers that are all the same it still asks: {request}")
    except StopIteration as end:
        return end.value
    finally:
        flow.close()


class Hostility:
    """What no answer and no call may do: end in anything but a value or a typed error."""

    def test_any_answer_to_a_send_is_read_or_a_typed_error(self, trial: TextsTrial) -> None:
        """A receipt with everything of its type, or an ``OutsideError``."""
        self._hostile(trial, lambda: trial.adapter.send(trial.text()), check_receipt)

    def test_any_answer_to_a_look_up_is_read_or_a_typed_error(self, trial: TextsTrial) -> None:
        """Receipts, or an ``OutsideError``; and it comes to an end."""
        if not trial.adapter.capabilities.look_up:
            pytest.skip("this carrier keeps no list")
        trial.send()

        def check(found: tuple[TextReceipt, ...]) -> None:
            assert isinstance(found, tuple)
            for receipt in found:
                check_receipt(receipt)

        self._hostile(trial, lambda: trial.adapter.find(trial.text(), trial.at), check)

    def _hostile(self, trial: TextsTrial, call: Callable[[], object], check: Callable[[Any], None]) -> None:
        seen: list[tuple[HttpRequest, HttpResponse]] = []
        _flow(call).close()
        trial.run(lambda: watched(_flow(call), seen))
        _, real = seen[-1]

        def hear(response: HttpResponse) -> None:
            try:
                result = _driven(_flow(call), lambda _: response)
            except OutsideError:
                return
            check(result)

        @settings(deadline=None)
        @given(_STATUSES, _HEADERS, bodies_like(real.body))
        def answer(status: int, headers: dict[str, str], body: bytes) -> None:
            hear(HttpResponse(status=status, headers={**real.headers, **headers}, body=body))

        for body in each_altered(real.body):
            hear(evolve(real, body=body))
        answer()

    def test_any_proven_call_is_read_or_a_typed_error(self, trial: TextsTrial) -> None:
        """Facts with everything of its type, or one of the errors of bad webhooks."""
        able = trial.adapter.capabilities
        calls = [
            *(reported(trial) if able.delivery_reports else ()),
            *(answered(trial) if able.inbound else ()),
        ]
        if not calls:
            pytest.skip("this carrier never calls")

        def hear(body: bytes) -> None:
            try:
                check_hook(read(trial, trial.prove(body)), trial)
            except BadWebhook:
                return

        for call in calls:
            for body in each_altered(call.body):
                hear(body)
        settings(deadline=None)(given(st.one_of([bodies_like(call.body) for call in calls]))(hear))()

    def test_any_call_of_a_stranger_is_refused(self, trial: TextsTrial) -> None:
        """Whatever it says, and whatever stands in the headers that carry the proof."""
        able = trial.adapter.capabilities
        if not (able.delivery_reports or able.inbound):
            pytest.skip("this carrier never calls")
        names = sorted(trial.prove(b"x").headers)
        texts = st.text(max_size=20) | st.sampled_from(["Basic", "Basic Og==", "Bearer a.b.c", "1", "AAAA"])

        @settings(deadline=None)
        @given(st.dictionaries(st.sampled_from([*names, "x-other"]), texts), st.binary(max_size=100))
        def hear(headers: dict[str, str], body: bytes) -> None:
            with pytest.raises(BadWebhook):
                read(trial, HookCall(headers, body))

        hear()


def check_hook(hook: TextHook, trial: TextsTrial) -> None:
    """Every member of every fact is of its type."""
    for fact in hook.facts:
        assert isinstance(fact, (TextReported, TextReceived))
        assert fact.vendor == trial.adapter.name
        told = [fact.event_id, fact.vendor_id]
        assert all(type(one) is str and one != "" for one in told), told
        json.dumps(fact.evidence)
        if isinstance(fact, TextReported):
            assert isinstance(fact.status, TextStatus)
        else:
            assert all(isinstance(one, str) for one in (fact.sender, fact.to, fact.text))
    assert hook.answer.body in trial.silence


class Secrecy:
    """What nobody sees: in no repr, error, evidence, URL or log."""

    def test_an_adapter_shows_no_secret(self, trial: TextsTrial) -> None:
        """Its repr may stand in any log."""
        assert trial.secrets, "the trial names no secrets: even the carrier's password is one"
        self._clean(trial, repr(trial.adapter), str(trial.adapter))

    def test_no_secret_is_in_what_sending_leaves_behind(self, trial: TextsTrial) -> None:
        """Receipts, errors with their facts, URLs, and the log down to its smallest words."""
        with self._listening() as log:
            left: list[object] = [trial.send()]
            for trouble in sorted(trial.troubles - {Trouble.STRANGE_WORD}):
                trial.provoke(trouble)
                left.append(self._error(trial.send))
            refused, stranger = trial.refused_text(), trial.stranger()
            left.append(self._error(lambda: trial.send(refused)))
            left.append(self._error(lambda: trial.run(lambda: stranger.send(trial.text()))))
            if trial.adapter.capabilities.look_up:
                left.extend(trial.find(trial.text()))
        self._clean(trial, *map(_shown, left), *log)

    def test_no_secret_is_in_what_hearing_leaves_behind(self, trial: TextsTrial) -> None:
        """Facts with their evidence, and the errors of calls that were refused."""
        able = trial.adapter.capabilities
        calls = [
            *(call for fate in Fate for call in (reported(trial, fate) if able.delivery_reports else ())),
            *(answered(trial) if able.inbound else ()),
        ]
        if not calls:
            pytest.skip("this carrier never calls")
        with self._listening() as log:
            left = [_shown(fact) for call in calls for fact in read(trial, call).facts]
            refused = [trial.prove(b"{}"), *(forgery for call in calls for forgery in trial.forge(call))]
            left += [_shown(self._error(lambda call=call: read(trial, call))) for call in refused]  # type: ignore[misc]
        self._clean(trial, *left, *log)

    def test_no_secret_is_in_a_url_or_a_request_shown(self, trial: TextsTrial) -> None:
        """Proxies and servers log URLs."""
        seen: list[tuple[HttpRequest, HttpResponse]] = []
        _flow(lambda: trial.adapter.send(trial.text())).close()
        trial.run(lambda: watched(_flow(lambda: trial.adapter.send(trial.text())), seen))
        if trial.adapter.capabilities.look_up:
            trial.run(lambda: watched(_flow(lambda: trial.adapter.find(trial.text(), trial.at)), seen))
        self._clean(trial, *(f"{request.url} {request!r}" for request, _ in seen))

    @pytest.mark.parametrize("status", [200, 201, 202, 400, 401, 500])
    def test_a_carrier_that_repeats_what_we_sent_gives_nothing_away(self, trial: TextsTrial, status: int) -> None:
        """Answers may hold the URL for reports, with our key in it, or the whole form."""
        for as_text in (False, True):
            flow = _flow(lambda: trial.adapter.send(trial.text()))
            left = self._error(lambda: _driven(flow, lambda request: _echo(request, status, as_text=as_text)))  # noqa: B023 - called at once
            self._clean(trial, _shown(left))

    def _error(self, call: Callable[[], object]) -> object:
        """What a call ends in, be it an error."""
        try:
            return call()
        except (OutsideError, BadWebhook) as error:
            return error

    def _clean(self, trial: TextsTrial, *shown: str) -> None:
        needles = {form for secret in trial.secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        for text in shown:
            found = [needle for needle in needles if needle in text]
            assert not found, f"a secret is shown: {text}"

    @contextmanager
    def _listening(self) -> Iterator[list[str]]:
        said: list[str] = []

        class Listener(logging.Handler):
            """Keeps all that is logged."""

            def emit(self, record: logging.LogRecord) -> None:
                said.append(f"{record.name} {record.getMessage()} {record.exc_info}")

        root, listener = logging.getLogger(), Listener(logging.DEBUG)
        level = root.level
        root.addHandler(listener)
        root.setLevel(logging.DEBUG)
        try:
            yield said
        finally:
            root.removeHandler(listener)
            root.setLevel(level)


def _shown(thing: object) -> str:
    """All that a log, a table or a person may come to see of it."""
    facts = getattr(thing, "facts", None) or getattr(thing, "evidence", None)
    cause = getattr(thing, "__cause__", None)
    return f"{thing!r} {thing} {getattr(thing, 'message', '')} {facts!r} {getattr(thing, 'detail', '')} {cause!r}"


def _echo(request: HttpRequest, status: int, *, as_text: bool) -> HttpResponse:
    """An answer that holds everything that was in the request's body, and what answers mostly hold."""
    try:
        sent = dict(json.loads(request.body))
    except ValueError:
        sent = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    text = f"Cannot use {' '.join(map(str, sent.values()))}"
    if as_text:
        return HttpResponse(status=status, headers={"content-type": "text/plain"}, body=text.encode())
    told = {**sent, "id": "e1", "sid": "e1", "status": "0", "message": text, "error-text": text, "messages": [sent]}
    return HttpResponse(status=status, headers={"content-type": "application/json"}, body=json.dumps(told).encode())
