"""What is visible as a Django ``Q``: the ORM finds what the check allows, in a database in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import django  # type: ignore[import-untyped,unused-ignore]
import pytest
from django.conf import settings as django_settings  # type: ignore[import-untyped,unused-ignore]
from hypothesis import HealthCheck, given, settings

from servicekit.adapters.filters.django import visible_q
from servicekit.errors import MissingExtra
from servicekit.permissions import Columns, Everything, Grant, Nothing, Visible, sees
from visible_things import COLUMNS, GRANTS, ROOT, ROWS, THINGS, VISIBLE, checked

NAMES = Columns(organisation="folder__firm", customer="customer_id", facility="site", group="team")
TRIED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


@pytest.fixture(scope="module")
def rows() -> Iterator[Callable[[Any], set[int]]]:
    """The numbers of the rows that pass a ``Q``; the organisation stands in another model."""
    if not django_settings.configured:
        django_settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            USE_TZ=True,
        )
        django.setup()
    from django.db import connection, models  # type: ignore[import-untyped,unused-ignore]

    class Folder(models.Model):  # type: ignore[misc,name-defined,unused-ignore]  # noqa: DJ008 - never shown
        """An organisation's."""

        firm = models.TextField(primary_key=True)

        class Meta:
            app_label = "portal"

    class Job(models.Model):  # type: ignore[misc,name-defined,unused-ignore]  # noqa: DJ008 - never shown
        """A row of the application."""

        number = models.IntegerField(primary_key=True)
        folder = models.ForeignKey(Folder, on_delete=models.CASCADE)
        team = models.TextField(null=True)  # noqa: DJ001 - the library's NULL: the root's
        customer_id = models.TextField(null=True)  # noqa: DJ001 - nobody's
        site = models.TextField(null=True)  # noqa: DJ001 - at none

        class Meta:
            app_label = "portal"

    with connection.schema_editor() as editor:
        editor.create_model(Folder)
        editor.create_model(Job)
    for firm in sorted({row[COLUMNS.index("organisation")] for row in ROWS}, key=str):
        Folder.objects.create(firm=firm)
    Job.objects.bulk_create(
        Job(number=number, folder_id=firm, team=team, customer_id=customer, site=site)
        for number, firm, team, customer, site in ROWS
    )
    yield lambda q: set(Job.objects.filter(number__gte=0).filter(q).values_list("number", flat=True))
    connection.close()


@pytest.mark.spec("P-11")
def test_the_orm_finds_what_is_seen(rows: Callable[[Any], set[int]]) -> None:
    """Of whatever is visible."""

    @TRIED
    @given(VISIBLE)
    def holds(visible: Visible) -> None:
        assert rows(visible_q(visible, NAMES)) == {thing.number for thing in THINGS if sees(visible, thing)}

    holds()


@pytest.mark.spec("P-11")
def test_list_and_check_agree(rows: Callable[[Any], set[int]]) -> None:
    """Of whatever grants."""

    @TRIED
    @given(GRANTS)
    def holds(grants: list[Grant]) -> None:
        visible, allowed = checked(grants)
        assert rows(visible_q(visible, NAMES)) == allowed

    holds()


def test_nothing_and_everything(rows: Callable[[Any], set[int]]) -> None:
    """No row; and where the table is one organisation's, every row."""
    assert rows(visible_q(Nothing())) == set()
    assert rows(visible_q(Everything(ROOT), Columns(organisation=None))) == {thing.number for thing in THINGS}


def test_without_django_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    monkeypatch.setitem(sys.modules, "django.db.models", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[django\]"):
        visible_q(Nothing())
