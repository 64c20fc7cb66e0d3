"""What every adapter of a meeting service promises (see :mod:`servicekit.ports.meetings`), as one class of tests.

Rules kept here: nothing is asked but through the port and the trial's hooks; every test has a trial of its own; what the
capabilities leave out is passed over with a reason.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicekit.errors import (
    BadWebhook,
    Forged,
    Invalid,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Stale,
    Throttled,
    Unreachable,
)
from servicekit.moments import Window
from servicekit.outbox.facts import MeetingGone
from servicekit.ports.meetings import Person, VendorMeeting, VendorRegistrant
from servicekit.testing.conformance.meetings_trial import MeetingsTrial
from servicekit.testing.conformance.texts_trial import HookCall, Trouble

__all__ = ["MeetingsConformance"]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_EVA, _IDA = Person(email="eva@home.example", name="Eva Berg"), Person(email="ida@home.example", name="Ida")
_MOST_PAGES = 100
_HEALTHY = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)  # the trial's adapter keeps nothing


class MeetingsConformance:
    """Subclass it with a fixture ``trial`` that gives a fresh :class:`MeetingsTrial`."""

    # Making

    def test_a_meeting_is_made_as_ordered(self, trial: MeetingsTrial) -> None:
        """Host, window and marker are at the vendor; the shared link leads into it."""
        order = trial.order()
        made = trial.create(order)

        (held,) = trial.held()
        assert (held.vendor_id, held.marker, held.window) == (made.vendor_id, order.marker, order.window)
        assert (made.marker, made.window) == (order.marker, order.window)
        assert trial.opens(made.join_url) == made.vendor_id

    def test_a_start_that_is_past_is_refused_before_any_call(self, trial: MeetingsTrial) -> None:
        """Vendors would silently start it now."""
        with pytest.raises(Invalid):
            trial.create(trial.order(hours=0))
        assert trial.held() == []

    @pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.FAILED, Trouble.WRONG_TYPE])
    def test_a_meeting_whose_answer_is_lost_is_found_by_its_marker(
        self, trial: MeetingsTrial, trouble: Trouble
    ) -> None:
        """The outcome is unknown, never "not made"."""
        self._need(trial, trouble)
        order = trial.order()
        trial.provoke(trouble, "POST")
        with pytest.raises(OutcomeUnknown):
            trial.create(order)

        (held,) = trial.held()
        assert [one.vendor_id for one in trial.run(trial.adapter.find(order, trial.at))] == [held.vendor_id]

    @pytest.mark.parametrize("trouble", [Trouble.UNDONE, Trouble.FAILED_UNDONE])
    def test_a_meeting_that_was_not_made_is_not_found(self, trial: MeetingsTrial, trouble: Trouble) -> None:
        """Then it may be made."""
        self._need(trial, trouble)
        trial.provoke(trouble, "POST")
        with pytest.raises(OutcomeUnknown):
            trial.create()

        assert trial.run(trial.adapter.find(trial.order(), trial.at)) == ()
        assert trial.create().vendor_id

    def test_what_did_not_leave_was_not_done(self, trial: MeetingsTrial) -> None:
        """It may be tried again at once."""
        self._need(trial, Trouble.UNREACHABLE)
        trial.provoke(Trouble.UNREACHABLE, "POST")
        with pytest.raises(Unreachable):
            trial.create()
        assert trial.held() == []

    @pytest.mark.parametrize("trouble", [Trouble.THROTTLED, Trouble.THROTTLED_UNTIL])
    def test_who_is_asked_to_wait_is_told_until_when(self, trial: MeetingsTrial, trouble: Trouble) -> None:
        """As far as the vendor says; nothing is done meanwhile."""
        self._need(trial, trouble)
        trial.provoke(trouble, "POST")
        with pytest.raises(Throttled) as caught:
            trial.create()

        assert caught.value.until == (trial.until if trouble is Trouble.THROTTLED_UNTIL else None)
        assert trial.held() == []

    def test_wrong_credentials_are_final(self, trial: MeetingsTrial) -> None:
        """Repeating it cannot help."""
        with pytest.raises(OutsideError) as caught:
            trial.run(trial.stranger().create(trial.order(), trial.at))
        assert isinstance(caught.value, Rejected) or caught.value.code == "token_refused"

    # Finding

    def test_only_the_marker_itself_is_found(self, trial: MeetingsTrial) -> None:
        """Not one that it is the beginning of."""
        short, long = trial.order(1), trial.order(2, marker="sk:bkg_1:11")
        made = [trial.create(order).vendor_id for order in (short, long)]

        for order, vendor_id in zip((short, long), made, strict=True):
            assert [one.vendor_id for one in trial.run(trial.adapter.find(order, trial.at))] == [vendor_id]

    def test_all_of_ours_are_listed_page_by_page_and_nobody_elses(self, trial: MeetingsTrial) -> None:
        """Each once, whatever lies between them."""
        first = trial.create(trial.order(1, hours=24)).vendor_id
        trial.clutter(320)
        last = trial.create(trial.order(2, hours=24 * 60)).vendor_id

        found = self._ours(trial)
        assert sorted(one.vendor_id for one in found) == sorted([first, last])
        assert {one.marker for one in found} == {"sk:bkg_1:1", "sk:bkg_2:1"}

    def _ours(self, trial: MeetingsTrial) -> list[VendorMeeting]:
        found: list[VendorMeeting] = []
        page = ""
        for _ in range(_MOST_PAGES):
            listed = trial.run(trial.adapter.ours(trial.host, trial.at, page=page))
            found += listed.meetings
            page = listed.following
            if not page:
                return found
        raise AssertionError("the list does not end")

    # Moving and removing

    def test_a_meeting_is_moved_and_read_back(self, trial: MeetingsTrial) -> None:
        """It is the same one, with the same link."""
        made = trial.create()
        window = Window(trial.at + 3 * _DAY, trial.at + 3 * _DAY + 2 * _HOUR)
        moved = trial.run(trial.adapter.move(made.vendor_id, window, "Europe/Stockholm", trial.at))

        (held,) = trial.held()
        assert moved is not None
        assert (moved.vendor_id, moved.window, moved.join_url) == (made.vendor_id, window, made.join_url)
        assert held.window == window

    def test_a_move_that_the_vendor_does_not_do_is_told(self, trial: MeetingsTrial) -> None:
        """A time that is past cannot be had; nobody may take it for done."""
        made = trial.create()
        window = Window(trial.at - _DAY, trial.at - _DAY + _HOUR)
        with pytest.raises(Rejected):
            trial.run(trial.adapter.move(made.vendor_id, window, "UTC", trial.at))

    def test_what_is_gone_is_moved_nowhere_and_shown_by_nothing(self, trial: MeetingsTrial) -> None:
        """None each time, and removing it is success."""
        made = trial.create()
        trial.delete(made.vendor_id)

        for flow in (
            trial.adapter.get(made.vendor_id, trial.at),
            trial.adapter.move(made.vendor_id, trial.order().window, "UTC", trial.at),
        ):
            assert trial.run(flow) is None
        assert trial.run(trial.adapter.host_link(made.vendor_id, trial.at)) is None
        trial.run(trial.adapter.remove(made.vendor_id, trial.at))

    def test_removing_may_be_repeated(self, trial: MeetingsTrial) -> None:
        """Also after a lost answer."""
        made, kept = trial.create(trial.order(1)), trial.create(trial.order(2, hours=48))
        trial.provoke(Trouble.LOST, "DELETE")
        with pytest.raises(Unreachable):
            trial.run(trial.adapter.remove(made.vendor_id, trial.at))
        for _ in range(2):
            trial.run(trial.adapter.remove(made.vendor_id, trial.at))

        assert [one.vendor_id for one in trial.held()] == [kept.vendor_id]
        assert trial.opens(made.join_url) is None

    # Links of one's own

    def test_everybody_registered_has_a_link_of_their_own(self, trial: MeetingsTrial) -> None:
        """Both lead into the one meeting; registering again gives the same link and adds nobody."""
        made = self._with_registration(trial)
        eva, ida, again = (
            trial.run(trial.adapter.register(made.vendor_id, one, trial.at)) for one in (_EVA, _IDA, _EVA)
        )

        assert eva.join_url != ida.join_url
        assert {trial.opens(one.join_url) for one in (eva, ida)} == {made.vendor_id}
        assert (again.join_url, again.added, eva.added) == (eva.join_url, False, True)
        assert sorted(trial.held()[0].people) == [_EVA.email, _IDA.email]
        assert trial.opens(made.join_url) is None

    def test_a_registration_whose_answer_is_lost_is_made_up_for_by_another(self, trial: MeetingsTrial) -> None:
        """Who is there is found."""
        made = self._with_registration(trial)
        trial.provoke(Trouble.LOST, "POST")
        with pytest.raises(OutcomeUnknown):
            trial.run(trial.adapter.register(made.vendor_id, _EVA, trial.at))
        found = trial.run(trial.adapter.register(made.vendor_id, _EVA, trial.at, may_add=False))

        assert (found.added, trial.held()[0].people) == (False, (_EVA.email,))

    def test_nobody_is_added_who_may_not_be(self, trial: MeetingsTrial) -> None:
        """The day's additions are used up: wait."""
        made = self._with_registration(trial)
        with pytest.raises(Throttled) as caught:
            trial.run(trial.adapter.register(made.vendor_id, _EVA, trial.at, may_add=False))

        assert (caught.value.code, trial.held()[0].people) == ("daily_limit", ())

    @pytest.mark.parametrize("known", [True, False], ids=["by id", "by address"])
    def test_leaving_takes_away_ones_own_link_only(self, trial: MeetingsTrial, *, known: bool) -> None:
        """And may be repeated."""
        made = self._with_registration(trial)
        eva, ida = (trial.run(trial.adapter.register(made.vendor_id, one, trial.at)) for one in (_EVA, _IDA))
        for _ in range(2):
            registrant = eva.vendor_id if known else ""
            trial.run(trial.adapter.unregister(made.vendor_id, _EVA.email, registrant, trial.at))

        assert (trial.opens(eva.join_url), trial.opens(ida.join_url)) == (None, made.vendor_id)

    def test_nobody_registers_to_what_is_gone(self, trial: MeetingsTrial) -> None:
        """Which is told apart from other refusals; leaving it is success."""
        made = self._with_registration(trial)
        trial.delete(made.vendor_id)
        with pytest.raises(Rejected) as caught:
            trial.run(trial.adapter.register(made.vendor_id, _EVA, trial.at))

        assert caught.value.code == "meeting_gone"
        trial.run(trial.adapter.unregister(made.vendor_id, _EVA.email, "", trial.at))

    def test_who_is_registered_is_listed_and_found(self, trial: MeetingsTrial) -> None:
        """With the link that they were given; who has left, or never came, is not there."""
        made = self._with_registration(trial)
        eva, ida = (trial.run(trial.adapter.register(made.vendor_id, one, trial.at)) for one in (_EVA, _IDA))
        trial.run(trial.adapter.unregister(made.vendor_id, _IDA.email, ida.vendor_id, trial.at))

        (listed,) = self._people(trial, made.vendor_id)
        assert (listed.vendor_id, listed.email, listed.join_url) == (eva.vendor_id, _EVA.email, eva.join_url)
        assert trial.run(trial.adapter.registrant(made.vendor_id, _EVA.email, trial.at)) == listed
        assert trial.run(trial.adapter.registrant(made.vendor_id, _IDA.email, trial.at)) is None
        assert trial.held()[0].people == (_EVA.email,)

    def test_of_what_is_gone_nobody_is_listed(self, trial: MeetingsTrial) -> None:
        """It is said, and not taken for an empty meeting."""
        made = self._with_registration(trial)
        trial.delete(made.vendor_id)
        for flow in (
            trial.adapter.registrants(made.vendor_id, trial.at),
            trial.adapter.registrant(made.vendor_id, _EVA.email, trial.at),
        ):
            with pytest.raises(Rejected) as caught:
                trial.run(flow)
            assert caught.value.code == "meeting_gone"

    def _people(self, trial: MeetingsTrial, vendor_id: str) -> list[VendorRegistrant]:
        found: list[VendorRegistrant] = []
        page = ""
        for _ in range(_MOST_PAGES):
            listed = trial.run(trial.adapter.registrants(vendor_id, trial.at, page=page))
            found += listed.people
            page = listed.following
            if not page:
                return found
        raise AssertionError("the list does not end")

    def _with_registration(self, trial: MeetingsTrial) -> VendorMeeting:
        if not trial.adapter.capabilities.registrants:
            pytest.skip("this service gives nobody a link of their own")
        return trial.create(trial.order(registration=True))

    # Hosts

    def test_the_hosts_link_is_fresh_and_in_nothing_that_is_kept(self, trial: MeetingsTrial) -> None:
        """It opens the meeting; no answer, repr or evidence has it."""
        made = trial.create()
        known = trial.run(trial.adapter.get(made.vendor_id, trial.at))
        link = trial.run(trial.adapter.host_link(made.vendor_id, trial.at))

        assert link is not None
        assert trial.opens(link) == made.vendor_id
        for one in (made, known):
            assert one is not None
            assert link not in repr((one, dict(one.evidence)))

    def test_users_and_oneself_are_told(self, trial: MeetingsTrial) -> None:
        """Whoever is asked for as ``me`` is one of them."""
        users = trial.run(trial.adapter.users(trial.at))
        me = trial.run(trial.adapter.me(trial.at))

        assert me.account
        assert me.id in {user.id for user in users}
        assert all(user.id and user.email for user in users)

    # What the vendor tells

    def test_a_deletion_at_the_vendor_is_told_once(self, trial: MeetingsTrial) -> None:
        """Repeated, it is known again."""
        made = trial.create()
        trial.told()
        trial.delete(made.vendor_id)
        (call,) = trial.told()
        facts = [trial.read(call).facts for _ in range(2)]

        (fact,) = facts[0]
        assert isinstance(fact, MeetingGone)
        assert (fact.vendor_id, fact.vendor) == (made.vendor_id, trial.adapter.name)
        assert facts[1][0].event_id == fact.event_id

    def test_a_call_without_right_proof_is_believed_by_nobody(self, trial: MeetingsTrial) -> None:
        """Altered, without its headers, or a day old."""
        call = trial.prove(b'{"event": "x", "payload": {}}')
        trial.read(call)
        with pytest.raises(Forged):
            trial.read(call, {})
        with pytest.raises(Forged):
            trial.read(HookCall(call.headers, call.body + b" "))
        with pytest.raises(Stale):
            trial.read(trial.prove(call.body, age=_DAY))

    @settings(max_examples=50, deadline=None, suppress_health_check=_HEALTHY)
    @given(body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"null", b'{"event": 1}', b'{"payload": {}}']))
    def test_whatever_is_proven_is_read_or_refused_by_type(self, trial: MeetingsTrial, body: bytes) -> None:
        """No other error, whatever the body."""
        try:
            trial.read(trial.prove(body))
        except BadWebhook:
            return

    # Secrets

    def test_secrets_are_shown_nowhere(self, trial: MeetingsTrial, caplog: pytest.LogCaptureFixture) -> None:
        """In no repr, error or log, whatever happens."""
        caplog.set_level(logging.DEBUG)
        shown = [repr(trial.adapter), repr(trial.create())]
        for trouble in sorted(trial.troubles):
            trial.provoke(trouble, "POST")
            with pytest.raises(OutsideError) as caught:
                trial.create(trial.order(3, hours=72))
            shown.append(repr((caught.value, caught.value.facts)))
        for secret in trial.secrets:
            assert secret not in "".join(shown) + caplog.text

    def _need(self, trial: MeetingsTrial, trouble: Trouble) -> None:
        if trouble not in trial.troubles:
            pytest.skip(f"the trial cannot provoke {trouble}")
