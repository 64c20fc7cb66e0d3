"""The sessions: ``python -m nox -s NAME``. Each makes its own environment from the package index and needs nothing else.

demo and tests are what README promises; lint and types are what CI adds; bench measures; docs builds the pages.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

PROJECT = nox.project.load_toml("pyproject.toml")
PARTS = "cli,gateway,passwords,pdf,postgres,smpp,testing,transliteration,xlsx"
"""The extras that the tests use."""


def _install(session: nox.Session, *groups: str, extras: str = PARTS) -> None:
    session.install("-e", f".[{extras}]", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session
def demo(session: nox.Session) -> None:
    """Everything once, over real sockets, against simulators; fails if one expectation does not hold."""
    session.install(".[cli,gateway,testing]")
    session.run("servicekit", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite, with the code of README and docs. Arguments go to pytest."""
    _install(session, "tests", "portal", "api")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "2", "--dist", "loadscope"]))


@nox.session
def portal(session: nox.Session) -> None:
    """The portal of examples/portal, with everything around it simulated; it prints where it is, and runs until Ctrl-C."""
    _install(session, "portal", extras="calendar,passwords,testing")
    session.run("python", "-m", "examples.portal", *session.posargs)


@nox.session
def races(session: nox.Session) -> None:
    """Eight processes against one limit, 20,000 accepted each, and long runs of the state machines; a quarter of an hour."""
    _install(session, "tests")
    machines = ("tests/test_machine_bookings.py", "tests/portal/test_portal_machine.py")
    session.run("python", "-m", "pytest", "tests/races", *machines, *session.posargs, env={"SERVICEKIT_RACES": "long"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """100,000 mutated mails over sockets, through the listener, into SQLite; a quarter of an hour, and it prints its figures."""
    _install(session, "tests")
    session.run(
        "python", "-m", "pytest", "tests/mail/test_mail_fuzz.py", *session.posargs, env={"SERVICEKIT_FUZZ": "100000"}
    )


@nox.session
def postfix(session: nox.Session) -> None:
    """The gateway behind a real Postfix (Debian: ``apt-get install postfix``; run as root), set up as the docs say."""
    _install(session, "tests")
    session.run("python", "-m", "pytest", "-rs", "tests/adapters/test_postfix.py", *session.posargs)


@nox.session
def api(session: nox.Session) -> None:
    """The JSON API against its own description, by Schemathesis: 200 examples of each operation; some minutes."""
    _install(session, "tests", "api")
    session.run(
        *("python", "-m", "pytest", "tests/web/test_web_api_described.py", *session.posargs),
        env={"SERVICEKIT_API_EXAMPLES": "200"},
    )


@nox.session
def coverage(session: nox.Session) -> None:
    """Every line and branch of a source file, by its own test file alone: prints those that fall short."""
    _install(session, "tests")
    session.run("python", "tests/coverage_by_file.py", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the code of servicekit.sms in small ways and see that a test notices; half an hour. Lists who survives."""
    _install(session, "tests", "mutants")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, banned clocks and randomness, the one way of imports, and a docstring on every test."""
    _install(session, "lint", "tests")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict over everything; pyright over the package and what users write against it."""
    _install(session, "types", "tests", "portal")
    session.run("mypy")
    session.run("pyright")


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, with the peers beside us in the same run, as ratios."""
    _install(session, "bench", "tests")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Redraw what is made from the code's own tables, build the pages, fail on a warning."""
    _install(session, "docs")
    session.run("python", "docs/draw.py", "--check")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "build/docs")
