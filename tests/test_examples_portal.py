"""The portal of ``examples/portal``, over real HTTP: what its pages show to whom, and that everybody can use them.

A customer's user, another one with no rights besides, an administrator and a stranger go through it, as browsers without
scripts do: links, forms, cookies.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from attrs import define

pytest.importorskip("fastapi", reason="the portal's pages need FastAPI: the group 'portal'")
pytest.importorskip("uvicorn", reason="the portal is served by uvicorn: the group 'portal'")
pytest.importorskip("jinja2", reason="the portal's templates need Jinja: the group 'portal'")
pytest.importorskip("python_multipart", reason="the portal's forms need python-multipart: the group 'portal'")

import httpx

from example_portal import Form, Page, Served, served

HANS, KARIN = "hans@bageriet.example", "karin@kafeet.example"
ANNA, TOM, SIV = "anna@ake.example", "tom@ake.example", "siv@ake.example"
PASSWORD = "a long enough word"
MENUS = {
    HANS: ["/orders", "/bookings", "/faults"],
    KARIN: ["/orders"],
    TOM: ["/orders", "/faults"],
    SIV: ["/orders", "/customers"],
    ANNA: ["/orders", "/faults", "/customers", "/groups", "/quotas", "/log"],
}


@define
class Person:
    """Somebody with a browser."""

    client: httpx.Client

    def page(self, address: str, *, status: int = 200) -> Page:
        """Look at an address; every page is one that everybody can use."""
        return self._read(self.client.get(address), status)

    def send(self, form: Form, *, status: int = 200, at: str = "", tick: Sequence[str] = (), **fields: str) -> Page:
        """Fill a form in, with boxes ticked, and send it."""
        data = {**form.fields, **dict.fromkeys(tick, "on"), **fields}
        return self._read(self.client.post(form.action or at, data=data), status)

    def log_in(self, email: str, password: str) -> Page:
        """Through the log-in page."""
        kind = "staff" if email in {ANNA, TOM, SIV} else "customer"
        return self.send(self.page("/login").form(""), at="/login", email=email, password=password, kind=kind)

    def _read(self, answer: httpx.Response, status: int) -> Page:
        assert answer.status_code == status, answer.text
        page = Page(answer.text)
        assert page.faults == [], answer.url
        return page


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    """A portal in which everybody has chosen a password."""
    with served() as running:
        for email, link in running.links.items():
            with httpx.Client(base_url=running.url, follow_redirects=True, timeout=60) as client:
                invited = Person(client)
                form = invited.page(link).forms[0]
                assert invited.send(form, password=PASSWORD, again=PASSWORD).headings[0][1].endswith("rders"), email
        yield running


@pytest.fixture
def somebody(portal: Served) -> Iterator[Callable[[], Person]]:
    """Makes browsers that have not been here before."""
    clients = []

    def made() -> Person:
        clients.append(httpx.Client(base_url=portal.url, follow_redirects=True, timeout=60))
        return Person(clients[-1])

    yield made
    for client in clients:
        client.close()


@pytest.fixture
def logged_in(somebody: Callable[[], Person]) -> Callable[[str], Person]:
    """Makes browsers in which somebody is logged in."""

    def made(email: str) -> Person:
        person = somebody()
        person.log_in(email, PASSWORD)
        return person

    return made


def test_login_page_is_under_the_companys_name(portal: Served, somebody: Callable[[], Person]) -> None:
    """Where the address says it exactly; any other name gives the plain page."""
    assert "Åkes Rör & Värme" in somebody().page(portal.login).text
    assert "Åkes" not in somebody().page(portal.login.replace("V%C3%A4rme", "Varme")).text


@pytest.mark.parametrize("email", MENUS)
def test_everybody_can_use_every_page_that_is_linked(logged_in: Callable[[str], Person], email: str) -> None:
    """All pages that are reached by links are whole: headings in order, labels, landmarks, tokens, and no script."""
    person, seen = logged_in(email), set[str]()
    waiting = ["/orders"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        links = [link.partition("#")[0] for link in person.page(address).links]
        waiting += [link for link in links if link.startswith("/") and "." not in link and link not in seen]
    assert {f"/{address.split('/')[1]}" for address in seen} - {"/"} == set(MENUS[email])


def test_a_customers_user_sees_its_own_orders(logged_in: Callable[[str], Person]) -> None:
    """Those at its place and at none; not its customer's other place's, and not another customer's."""
    seen = logged_in(HANS).page("/orders").text
    assert all(title in seen for title in ("Service av ugn", "Byte av filter"))
    assert not any(title in seen for title in ("Ny lyft", "Ny kylkompressor"))
    assert "Ny kylkompressor" in logged_in(KARIN).page("/orders").text


def test_what_is_anothers_is_not_there(logged_in: Callable[[str], Person]) -> None:
    """Another customer's order, one that there is none, and an address of nothing: one page, to the letter, and 404."""
    theirs = next(link for link in logged_in(KARIN).page("/orders").links if link.startswith("/orders/"))
    hans = logged_in(HANS)
    none = theirs[:-4] + "0000"
    pages = [hans.page(address, status=404).text for address in (theirs, none, "/orders/4711", "/nothing")]
    assert len(set(pages)) == 1


@pytest.mark.parametrize("address", ["/customers", "/groups", "/quotas", "/log"])
def test_an_organisations_pages_are_no_customers(logged_in: Callable[[str], Person], address: str) -> None:
    """A customer's user gets what it gets where there is no page."""
    hans = logged_in(HANS)
    assert hans.page(address, status=404).text == hans.page("/nothing", status=404).text


def test_a_customers_own_page_is_the_companys(logged_in: Callable[[str], Person]) -> None:
    """Its user is not even told that there is one: of its users and of their log it sees what it sees where there is no page."""
    bakery = customer(logged_in(SIV), "Bageriet")
    hans = logged_in(HANS)
    for address in (bakery, f"{bakery}/activity", f"{bakery}/users/usr_none"):
        assert hans.page(address, status=404).text == hans.page("/nothing", status=404).text


def test_who_has_no_right_to_it_is_told_so(logged_in: Callable[[str], Person]) -> None:
    """A technician who is no administrator is refused as somebody of the house: 403, and which right it needs."""
    assert "groups:read" in logged_in(TOM).page("/groups", status=403).text


def test_a_stranger_is_sent_to_log_in(somebody: Callable[[], Person]) -> None:
    """Whether or not there is something behind the address."""
    for address in ("/orders", "/orders/ord_nothing", "/groups"):
        assert somebody().page(address).headings == [(1, "Log in")]


def test_comments_are_answered_and_escaped(logged_in: Callable[[str], Person]) -> None:
    """What a customer writes stands on the page as it was typed; what is internal stands on the staff's page only."""
    hans, anna = logged_in(HANS), logged_in(ANNA)
    order = next(
        link
        for link in hans.page("/orders").links
        if link.startswith("/orders/") and "Vi kommer på tisdag." in hans.page(link).text
    )
    said = '<script>alert("&amp;")</script> När?'
    seen = hans.send(hans.page(order).form("/comments"), text=said)
    assert said in seen.text
    assert "Betalar sent" not in seen.text
    assert all(text in anna.page(order).text for text in (said, "Betalar sent", "internal"))


def test_an_empty_comment_is_refused_on_its_page(logged_in: Callable[[str], Person]) -> None:
    """With the sentence that says what to do, and the form to do it again."""
    hans = logged_in(HANS)
    order = next(link for link in hans.page("/orders").links if link.startswith("/orders/"))
    page = hans.send(hans.page(order).form("/comments"), text=" ", status=422)
    assert page.form("/comments").action == f"{order}/comments"


def test_a_fault_is_new_until_it_is_opened(logged_in: Callable[[str], Person]) -> None:
    """The administrator's menu counts it; opening it takes the mark away. Who filed it has seen it."""
    hans, anna = logged_in(HANS), logged_in(ANNA)
    form = hans.page("/faults").form("/faults")
    assert (
        "new" not in hans.send(form, text="Ugnen ryker").text.partition("Report a fault")[0].partition("0 of them")[0]
    )
    page = anna.page("/faults")
    assert "1 new" in page.text
    report = next(link for link in page.links if link.startswith("/faults/"))
    assert "Ugnen ryker" in anna.page(report).text
    assert "1 new" not in anna.page("/faults").text


def test_rights_that_are_off_have_no_page(logged_in: Callable[[str], Person]) -> None:
    """Who may not comment sees no comments and no form for them, and may not report faults."""
    karin = logged_in(KARIN)
    order = next(link for link in karin.page("/orders").links if link.startswith("/orders/"))
    assert [form.action for form in karin.page(order).forms] == ["/logout"]
    karin.page("/faults", status=403)


def test_bookings_show_their_meeting_and_key(logged_in: Callable[[str], Person]) -> None:
    """Once the relay has made both; a cancelled one has no meeting any more, and its key ends."""
    hans = logged_in(HANS)
    page = _until(hans, "/bookings", lambda page: page.text.count("works") == 2 and page.text.count("Join") == 2)
    link = next(link for link in page.links if link.endswith("/booking.ics"))
    assert hans.client.get(link).text.startswith("BEGIN:VCALENDAR")
    hans.send(page.form(f"{link.removesuffix('/booking.ics')}/cancel"))
    page = _until(hans, "/bookings", lambda page: "works no more" in page.text)
    assert page.text.count("Join the meeting") == 1
    assert "cancelled" in page.text


def test_an_administrator_sets_a_quota(logged_in: Callable[[str], Person]) -> None:
    """It holds at once; what is no number is refused on the page."""
    anna = logged_in(ANNA)
    form = anna.page("/quotas").forms[-1]
    assert form.fields["segments"] == "0"
    assert anna.send(form, segments="7", days="30").form(form.action).fields["segments"] == "7"
    assert "no number" in anna.send(form, segments="many", status=422).text


def customer(person: Person, name: str) -> str:
    """The address of a customer's page, found by its heading."""
    links = [link for link in person.page("/customers").links if link.startswith("/customers/")]
    return next(link for link in links if person.page(link).headings[0] == (1, name))


def user_of(person: Person, address: str, email: str) -> str:
    """The address of a customer user's page."""
    links = [link for link in person.page(address).links if "/users/" in link]
    return next(link for link in links if person.page(link).headings[0] == (1, email))


def box(page: Page, kind: str, label: str) -> str:
    """The name of a box, by the words beside it."""
    return next(name for name, words in page.boxes.items() if name.startswith(kind) and words == label)


def test_a_customer_user_is_invited_changed_and_removed(
    portal: Served, logged_in: Callable[[str], Person], somebody: Callable[[], Person]
) -> None:
    """By somebody who is no administrator. What the invited sees follows its boxes at once; once removed it is nobody."""
    siv, berta, email = logged_in(SIV), somebody(), "berta@bageriet.example"
    bakery = customer(siv, "Bageriet")
    page = siv.page(bakery)
    depot = box(page, "at-", "Lagret")
    seen = siv.send(page.form("/users"), email=email, where="chosen", tick=[depot, "may-comments:write"])
    assert all(words in seen.text for words in (email, "Lagret", "comment on orders", "not yet accepted"))

    links = _mailed(portal, email)
    orders = berta.send(berta.page(links[0]).forms[0], password=PASSWORD, again=PASSWORD)
    assert "Ny lyft" in orders.text
    assert not any(title in orders.text for title in ("Service av ugn", "Byte av filter"))
    assert [link for link in orders.links if link == "/faults"] == []

    address = user_of(siv, bakery, email)
    form = siv.page(address).form(address)
    assert form.fields["where"] == "chosen"
    seen = siv.send(form, where="all", tick=["unassigned", "may-fault_reports:write"])
    assert "all facilities, not assigned" in seen.text
    orders = berta.page("/orders")
    assert all(title in orders.text for title in ("Ny lyft", "Service av ugn", "Byte av filter"))
    assert "/faults" in orders.links

    siv.send(siv.page(address).form("/invitation"))
    assert len(_mailed(portal, email, 2)) == 2
    assert email not in siv.send(siv.page(address).form("/removal")).text
    siv.page(address, status=404)
    assert berta.page("/orders").headings == [(1, "Log in")]
    form = berta.page("/login").form("")
    assert "do not fit together" in berta.send(form, at="/login", email=email, password=PASSWORD, status=422).text

    log = siv.page(f"{bakery}/activity").text
    assert "The log is whole" in log
    for what in (
        "customer user added",
        "customer user changed",
        "customer user invited again",
        "customer user removed",
    ):
        assert what in log
    assert SIV in log
    assert "127.0.0.1" in log


def test_what_one_customer_user_did_is_listed(logged_in: Callable[[str], Person]) -> None:
    """Its log-ins, and nobody else's."""
    logged_in(HANS)
    siv = logged_in(SIV)
    address = user_of(siv, customer(siv, "Bageriet"), HANS)
    (link,) = [link for link in siv.page(address).links if "/activity?user=" in link]
    text = siv.page(link).text
    assert "logged in" in text
    assert HANS in text
    assert "customer added" not in text


def test_whoever_is_invited_wrongly_is_refused_on_the_page(logged_in: Callable[[str], Person]) -> None:
    """An address that is none, or that is taken; what was filled in stays."""
    siv = logged_in(SIV)
    bakery = customer(siv, "Kaféet")
    form = siv.page(bakery).form("/users")
    for email in ("no address", HANS):
        assert siv.send(form, email=email, status=422).form("/users").fields["email"] == email
    assert "Nobody" not in siv.page(bakery).text


def test_who_may_not_change_rights_has_no_page_for_it(logged_in: Callable[[str], Person]) -> None:
    """A technician is refused as somebody of the house."""
    bakery = customer(logged_in(SIV), "Bageriet")
    tom = logged_in(TOM)
    for address in ("/customers", bakery):
        assert "customers:read" in tom.page(address, status=403).text
    assert "activity:read" in tom.page(f"{bakery}/activity", status=403).text


def test_the_log_is_searched(logged_in: Callable[[str], Person]) -> None:
    """By number and by status."""
    anna = logged_in(ANNA)
    assert "Vi kommer klockan tio." in anna.page("/log").text
    assert "Vi kommer klockan tio." in anna.page("/log?number=%2B46701740605").text
    assert "no such messages" in anna.page("/log?status=UNDELIVERED").text


def test_a_form_of_another_site_is_not_taken(logged_in: Callable[[str], Person]) -> None:
    """Without the token of this browser nothing is done."""
    hans = logged_in(HANS)
    form = hans.page("/faults").form("/faults")
    for token in ("", logged_in(KARIN).page("/orders").form("/logout").fields["token"]):
        hans.send(form, text="Made elsewhere", token=token, status=403)
    assert "Made elsewhere" not in hans.page("/faults").text


def test_answers_forbid_scripts_and_frames(somebody: Callable[[], Person], portal: Served) -> None:
    """By their headers; and no script sees the cookie."""
    client = somebody().client
    for address in ("/login", "/nothing", "/portal.css"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    cookie = httpx.get(f"{portal.url}/login").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_logging_in_and_out_changes_the_cookie(
    logged_in: Callable[[str], Person], somebody: Callable[[], Person]
) -> None:
    """Whoever knew it before the log-in, or after the log-out, has nothing of it."""
    hans = somebody()
    before = hans.client.get("/login").cookies["portal"]
    hans.log_in(HANS, PASSWORD)
    inside = hans.client.cookies["portal"]
    assert inside != before
    hans.send(hans.page("/orders").form("/logout"))
    thief = somebody()
    thief.client.cookies["portal"] = inside
    assert thief.page("/orders").headings == [(1, "Log in")]


def test_wrong_passwords_and_unknown_names_read_alike(somebody: Callable[[], Person]) -> None:
    """One sentence for both."""
    person = somebody()
    form = person.page("/login").form("")
    texts = {
        person.send(form, at="/login", email=email, password="wrong", status=422).text
        for email in (HANS, "nobody@bageriet.example")
    }
    assert len(texts) == 1
    assert "do not fit together" in texts.pop()


def test_a_link_works_once(portal: Served, somebody: Callable[[], Person]) -> None:
    """Afterwards it is not good any more, and the password stays what it is."""
    person = somebody()
    form = person.page(portal.links[HANS]).forms[0]
    assert "not good any more" in person.send(form, password="x" * 12, again="x" * 12, status=404).text
    assert person.log_in(HANS, PASSWORD).headings == [(1, "My orders")]


def test_a_forgotten_password_is_chosen_anew(portal: Served, somebody: Callable[[], Person]) -> None:
    """By the link in a mail. A short one, or two different ones, are refused, and the link stays good."""
    person = somebody()
    form = person.page("/forgotten").form("/forgotten")
    known, unknown = (person.send(form, email=email, kind="staff").text for email in (TOM, "nobody@ake.example"))
    assert known == unknown
    form = person.page(_mailed(portal, TOM, 2)[-1]).forms[0]
    for password, again in (("short", "short"), ("another long word", "another long wort")):
        person.send(form, password=password, again=again, status=422)
    assert person.send(form, password=PASSWORD, again=PASSWORD).headings == [(1, "Orders")]


def test_guessing_is_slowed_down(somebody: Callable[[], Person]) -> None:
    """After ten wrong passwords for an address the next one is not looked at, and that is said."""
    person = somebody()
    form = person.page("/login").form("")
    statuses = [
        person.client.post("/login", data={**form.fields, "email": "a@b.example", "password": "x"}).status_code
        for _ in range(11)
    ]
    assert statuses == [422] * 10 + [429]


def _links(portal: Served, to: str) -> list[str]:
    """The links in somebody's mails, oldest first."""
    mails = httpx.get(portal.mailbox, params={"to": to}, timeout=60).json()
    found = (re.search(r"http\S+/password/\S+", mail["text"]) for mail in mails)
    return [link[0] for link in found if link]


def _mailed(portal: Served, to: str, count: int = 1) -> list[str]:
    """The same, once there are so many: a relay works meanwhile."""
    ends = time.monotonic() + 120
    while len(found := _links(portal, to)) < count and time.monotonic() < ends:
        time.sleep(0.2)
    return found


def _until(person: Person, address: str, is_so: Callable[[Page], bool]) -> Page:
    """Look again until it is so: a relay works meanwhile."""
    ends = time.monotonic() + 120
    page = person.page(address)
    while not is_so(page) and time.monotonic() < ends:
        time.sleep(0.2)
        page = person.page(address)
    assert is_so(page), page.text
    return page
