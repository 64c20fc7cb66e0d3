"""The portal of ``examples/portal`` in a real Chromium, with scripts off, as people use it: by what they see, and by keyboard.

Needs Debian's ``chromium`` and ``chromium-driver``; skipped where they are not. ``axe`` says what keeps people from using a page.
"""

# ruff: noqa: E402 - what drives the browser is imported once it is known to be there

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for module in ("fastapi", "uvicorn", "jinja2", "python_multipart"):
    pytest.importorskip(module, reason="the portal's pages need FastAPI: the group 'portal'")
webdriver = pytest.importorskip("selenium.webdriver", reason="the browser is driven by selenium: the group 'portal'")
axe = pytest.importorskip("axe_core_python.selenium", reason="pages are judged by axe: the group 'portal'")

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from example_portal import Served, served

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no Chromium here (Debian: apt-get install chromium chromium-driver)"
)

HANS, ANNA, SIV = "hans@bageriet.example", "anna@ake.example", "siv@ake.example"
PASSWORD = "a long enough word"
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    """A portal that runs."""
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def browser(portal: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A Chromium without scripts, in which the page's own would not run even if its headers allowed them."""
    folder: Path = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder}")
    service = webdriver.ChromeService(DRIVER, env={**os.environ, "HOME": str(folder)})
    with webdriver.Chrome(options=options, service=service) as driver:
        driver.set_page_load_timeout(PATIENCE)
        driver.set_script_timeout(PATIENCE)
        allow_scripts(driver, allowed=False)
        yield driver


@pytest.fixture
def hans(browser: WebDriver, portal: Served) -> WebDriver:
    """Hans's browser."""
    enter(browser, portal, HANS, kind="a customer")
    return browser


@pytest.fixture
def anna(browser: WebDriver, portal: Served) -> WebDriver:
    """The administrator's browser."""
    enter(browser, portal, ANNA, kind="of the company")
    return browser


@pytest.fixture
def siv(browser: WebDriver, portal: Served) -> WebDriver:
    """The browser of somebody who may change customer rights, and administers nothing."""
    enter(browser, portal, SIV, kind="of the company")
    return browser


def allow_scripts(browser: WebDriver, *, allowed: bool) -> None:
    """Whether pages may run scripts, as people set it in their browsers."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not allowed})


def enter(browser: WebDriver, portal: Served, email: str, *, kind: str) -> None:
    """By the link that was mailed, the first time; then through the log-in page."""
    browser.delete_all_cookies()
    browser.get(portal.links[email])
    fill(browser, "Password", PASSWORD)
    fill(browser, "The same again", PASSWORD)
    press(browser, "Keep it")
    if browser.find_elements(By.CSS_SELECTOR, "[role=alert]"):  # the link is used up
        browser.get(portal.login)
        fill(browser, "Mail address", email)
        fill(browser, "Password", PASSWORD)
        Select(labelled(browser, "I am")).select_by_visible_text(kind)
        press(browser, "Log in")


def labelled(browser: WebDriver, label: str) -> WebElement:
    """The field that a label names, as a reader of screens finds it."""
    found = browser.find_element(By.XPATH, f"//label[normalize-space()='{label}']")
    return browser.find_element(By.ID, found.get_attribute("for") or "")


def fill(browser: WebDriver, label: str, text: str) -> None:
    """Type into a field."""
    labelled(browser, label).send_keys(text)


def press(browser: WebDriver, name: str) -> None:
    """Press a button."""
    turn(browser, browser.find_element(By.XPATH, f"//main//button[normalize-space()='{name}']").click)


def follow(browser: WebDriver, name: str) -> None:
    """Follow a link."""
    turn(browser, browser.find_element(By.PARTIAL_LINK_TEXT, name).click)


def turn(browser: WebDriver, act: Callable[[], None]) -> None:
    """Do what leads to another page, and wait until that is there."""
    before = browser.find_element(By.TAG_NAME, "html")
    act()
    waiting = WebDriverWait(browser, PATIENCE)
    waiting.until(staleness_of(before))
    waiting.until(lambda driver: driver.execute_script("return document.readyState") == "complete")


def seen(browser: WebDriver) -> str:
    """What stands on the page."""
    return browser.find_element(By.TAG_NAME, "body").text


def until(browser: WebDriver, is_so: Callable[[str], bool]) -> str:
    """Load the page again until it is so: a relay works meanwhile."""
    ends = time.monotonic() + PATIENCE
    while not is_so(seen(browser)) and time.monotonic() < ends:
        time.sleep(0.3)
        browser.refresh()
    return seen(browser)


def test_a_customers_user_goes_through_it(hans: WebDriver) -> None:
    """From the invitation over orders and a comment to a fault report and a booking, without a script."""
    assert hans.find_element(By.TAG_NAME, "h1").text == "My orders"
    assert "Ny lyft" not in seen(hans)
    follow(hans, "Service av ugn")
    fill(hans, "Comment", "När <b>kommer</b> ni?")
    press(hans, "Send")
    assert "När <b>kommer</b> ni?" in seen(hans)
    follow(hans, "Fault reports")
    fill(hans, "What happens", "Ugnen ryker")
    press(hans, "Report it")
    assert hans.find_element(By.CSS_SELECTOR, ".reports").text.startswith("Ugnen ryker")
    follow(hans, "Bookings")
    text = until(hans, lambda text: text.count("Join the meeting") == 2 and text.count("works") == 2)
    assert text.count("works") == 2
    link = hans.find_element(By.LINK_TEXT, "Join the meeting").get_attribute("href")
    assert link is not None
    assert link.startswith("https://")


def test_an_administrator_goes_through_it(anna: WebDriver) -> None:
    """Groups, a quota and the log."""
    follow(anna, "Groups")
    assert "Jour" in seen(anna)
    follow(anna, "Quotas")
    field = anna.find_elements(By.NAME, "segments")[-1]
    field.clear()
    turn(anna, lambda: field.send_keys("12", Keys.ENTER))
    assert anna.find_elements(By.NAME, "segments")[-1].get_attribute("value") == "12"
    follow(anna, "Log")
    assert "Vi kommer klockan tio." in seen(anna)


def test_customer_users_are_looked_after(siv: WebDriver) -> None:
    """Invited with a facility and a right, changed, removed, and all of it in the log; boxes are found by their labels."""
    follow(siv, "Customers")
    follow(siv, "Bageriet")
    fill(siv, "Mail address", "berta@bageriet.example")
    Select(labelled(siv, "Sees what is at")).select_by_visible_text("the facilities chosen here")
    for label in ("Lagret", "Sees what is not assigned to a facility", "report faults"):
        labelled(siv, label).click()
    press(siv, "Invite")
    (row,) = (row.text for row in siv.find_elements(By.TAG_NAME, "tr") if row.text.startswith("berta@"))
    assert row == "berta@bageriet.example Lagret report faults not yet accepted"
    follow(siv, "berta@bageriet.example")
    assert labelled(siv, "report faults").is_selected()
    assert not labelled(siv, "comment on orders").is_selected()
    labelled(siv, "comment on orders").click()
    press(siv, "Change")
    assert "report faults, comment on orders" in seen(siv)
    follow(siv, "berta@bageriet.example")
    press(siv, "Remove berta@bageriet.example")
    assert "berta@" not in seen(siv)
    follow(siv, "What was done")
    for what in ("The log is whole", "customer user added", "customer user changed", "customer user removed"):
        assert what in seen(siv)


def test_axe_finds_nothing_on_the_pages_of_customers(siv: WebDriver, portal: Served) -> None:
    """The list, a customer with its users and boxes, one user, and the log; also where a form was refused."""
    siv.get(portal.url + "/customers")
    assert broken(siv) == []
    follow(siv, "Bageriet")
    assert broken(siv) == []
    fill(siv, "Mail address", HANS)
    press(siv, "Invite")
    assert siv.find_elements(By.CSS_SELECTOR, "[role=alert]") != []
    assert broken(siv) == []
    follow(siv, HANS)
    assert broken(siv) == []
    follow(siv, "What it did")
    assert broken(siv) == []


def test_axe_finds_nothing_on_the_administrators_pages(anna: WebDriver, portal: Served) -> None:
    """No rule of WCAG 2.1 at level AA that a machine can try is broken, contrast included."""
    for path in ("/orders", "/faults", "/groups", "/quotas", "/log", "/nothing"):
        anna.get(portal.url + path)
        assert broken(anna) == [], path


def test_axe_finds_nothing_on_a_customers_pages(hans: WebDriver, portal: Served) -> None:
    """The same, and on the pages before the log-in; and on the page of one order."""
    for path in ("/bookings", "/faults", "/login", "/password/none", "/forgotten", "/orders"):
        hans.get(portal.url + path)
        assert broken(hans) == [], path
    follow(hans, "Service av ugn")
    assert broken(hans) == []


def test_axe_would_find_something(browser: WebDriver) -> None:
    """A field without a label, on a page without a language: so that to find nothing says something."""
    browser.get("data:text/html,<title>Poor</title><p style='color:rgb(200,200,200)'>pale</p><input>")
    assert {one.partition(":")[0] for one in broken(browser)} >= {"html-has-lang", "label", "color-contrast"}


def test_the_keyboard_is_enough(hans: WebDriver, portal: Served) -> None:
    """The first stop leads past the menu, and it is seen where one is."""
    hans.get(portal.url + "/orders")
    hans.switch_to.active_element.send_keys(Keys.TAB)
    first = hans.switch_to.active_element
    assert first.text == "Skip to the content"
    assert first.value_of_css_property("outline-style") == "solid"
    first.send_keys(Keys.ENTER)
    assert hans.current_url.endswith("#content")


def test_a_narrow_screen_is_enough(hans: WebDriver, portal: Served) -> None:
    """At 320 CSS pixels nothing has to be scrolled sideways but tables within themselves (WCAG 2.1, 1.4.10)."""
    for path in ("/orders", "/bookings", "/faults"):
        hans.get(portal.url + path)
        assert fits(hans), path


def test_a_narrow_screen_is_enough_for_customer_users(siv: WebDriver, portal: Served) -> None:
    """The same, on the pages with the most boxes and the longest lines."""
    siv.get(portal.url + "/customers")
    for link in ("Bageriet", HANS, "What it did"):
        follow(siv, link)
        assert fits(siv), link


def fits(browser: WebDriver) -> bool:
    """Whether nothing lies beside a narrow window."""
    size = browser.get_window_size()
    browser.set_window_size(500, 900)
    try:
        wide = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        return bool(wide[0] <= wide[1])
    finally:
        browser.set_window_size(size["width"], size["height"])


def broken(browser: WebDriver) -> list[str]:
    """What axe finds on the page. It is a script itself, so it waits for the page to be its own again."""
    allow_scripts(browser, allowed=True)
    try:
        found = axe.Axe().run(browser)
    finally:
        allow_scripts(browser, allowed=False)
    return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]
