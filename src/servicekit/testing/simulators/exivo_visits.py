"""What exivo's two kinds of visits have in common, and the visits with a PIN: a link goes to the phone, the PIN does not.

Rules kept here: times in UTC with ``Z`` only; an unknown id reads as an empty 404; other refusals are 400 with a ``message``
and no more. A visit is never deleted: it is revoked, and stays listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.core import Simulator
from servicekit.testing.simulators.exivo_site import HeldKey, SimComponent, visit_problem
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route

__all__ = ["ExivoVisits"]

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class ExivoVisits(Simulator):
    """The part of :class:`~servicekit.testing.simulators.exivo.ExivoSimulator` that is about visits."""

    components: dict[str, SimComponent]
    past_start_refused: bool
    double_revoke_refused: bool
    gateway_refused: bool
    _visits: dict[str, HeldKey]

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """A message and no more; 404 is empty."""
        if status == 404:
            return HttpResponse(status=404, headers=headers or {})
        return json_answer(status, {"message": message}, headers)

    @route("POST", "/v1/{site}/visit")
    def _create_visit(self, call: Call) -> HttpResponse:
        asked = self._body(call)
        problem = visit_problem(asked, frozenset(self.components))
        if problem:
            raise Answered(self.error(400, problem))
        opens, closes = self._window(asked)
        link = f"https://visit.exivo.example/{self.new_hex(16)}"
        visit = HeldKey(id=self.new_uuid(), asked=asked, opens=opens, closes=closes, link=link)
        self._visits[visit.id] = visit
        return json_answer(200, visit.to_json(self.now()))

    @route("GET", "/v1/{site}/visit")
    def _list_visits(self, call: Call) -> HttpResponse:
        return self._page(call, [visit.to_json(self.now()) for visit in self._visits.values()])

    @route("GET", "/v1/{site}/visit/{visit}")
    def _get_visit(self, call: Call) -> HttpResponse:
        visit = self._visits.get(call.params["visit"])
        return self.error(404, "") if visit is None else json_answer(200, visit.to_json(self.now()))

    @route("POST", "/v1/{site}/visit/{visit}/revoke")
    def _revoke_visit(self, call: Call) -> HttpResponse:
        return self._revoked(call, self._visits.get(call.params["visit"]), "Visit")

    def _revoked(self, call: Call, held: HeldKey | None, what: str) -> HttpResponse:
        self._body(call)
        if held is None:
            raise Answered(self.error(400, f"{what} not found"))
        if held.revoked and self.double_revoke_refused:
            raise Answered(self.error(400, f"{what} is already revoked"))
        held.revoked = True
        return HttpResponse(status=204)

    @property
    def _gateways(self) -> frozenset[str]:
        return frozenset(one.id for one in self.components.values() if not one.opens)

    def _window(self, asked: Mapping[str, Any]) -> tuple[Instant, Instant]:
        """When it opens and closes, once the site would make it."""
        if self.gateway_refused and self._gateways & set(asked["components"]):
            raise Answered(self.error(400, "A gateway can not be part of a visit"))
        opens, closes = (self._instant(asked, name) for name in ("validFrom", "validTo"))
        if closes <= self.now():
            raise Answered(self.error(400, "validTo must be in the future"))
        if closes <= opens:
            raise Answered(self.error(400, "validTo must be after validFrom"))
        if self.past_start_refused and opens < self.now():
            raise Answered(self.error(400, "validFrom must be in the future"))
        return opens, closes

    def _body(self, call: Call) -> dict[str, Any]:
        body = call.json_object()
        if body is None or (call.request.body and not call.header("content-type").startswith("application/json")):
            raise Answered(self.error(400, "The body must be a JSON object"))
        return body

    def _page(self, call: Call, items: list[dict[str, Any]]) -> HttpResponse:
        """``skip``, ``limit`` (0: no limit), ``sort`` and ``sortDir`` of every list."""
        numbers = [call.query.get(name, "0") for name in ("skip", "limit")]
        if not all(number.isdecimal() for number in numbers):
            raise Answered(self.error(400, "skip and limit must be whole numbers"))
        skip, limit = map(int, numbers)
        sort = call.query.get("sort", "")
        if sort:
            items = sorted(items, key=lambda item: str(item.get(sort, "")))
        if call.query.get("sortDir", "asc") == "desc":
            items = items[::-1]
        return json_answer(200, items[skip : skip + limit if limit else None])

    def _instant(self, asked: Mapping[str, Any], name: str) -> Instant:
        text = asked[name]
        if not isinstance(text, str) or not _UTC.fullmatch(text):  # an offset such as +01:00 is refused
            raise Answered(self.error(400, f"{name} must be an RFC 3339 UTC timestamp"))
        return Instant.parse(text)
