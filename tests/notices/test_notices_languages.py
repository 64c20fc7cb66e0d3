"""Tags of languages, and the search from the whole tag to shorter ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.notices import check_language, lookup

TAGS = ["", "de", "de-CH", "de-Latn-CH", "de-AT", "sv", "zh-Hant", "zh", "en"]


@pytest.mark.parametrize("tag", ["de", "sv", "de-CH", "zh-Hant", "zh-Hant-TW", "gsw", "es-419"])
def test_what_is_a_tag(tag: str) -> None:
    """Language, script, region (RFC 5646, 2.1)."""
    assert check_language(tag) == tag


@pytest.mark.parametrize("tag", ["", "German", "DE", "de_CH", "de-ch", "de-", "-de", "d", "de-CH-1996", "de\n", "dé"])
def test_what_is_no_tag(tag: str) -> None:
    """Capitals count, so that equal languages have equal tags; what is longer than a region is not known here."""
    with pytest.raises(Invalid, match="write it like 'sv', 'de-CH' or 'zh-Hant'") as caught:
        check_language(tag)
    assert (caught.value.code, caught.value.facts) == ("not_a_language", {"language": tag})


def slow_lookup(there: list[str], tags: list[str]) -> str | None:
    """RFC 4647, 3.4, as it reads: for each tag in turn, take off what is behind the last hyphen until something is there."""
    for tag in tags:
        parts = tag.split("-")
        while parts != [""] and parts:
            if "-".join(parts) in there:
                return "-".join(parts)
            parts.pop()
    return None


@given(st.lists(st.sampled_from(TAGS[1:])), st.lists(st.sampled_from(TAGS), max_size=3))
def test_the_first_language_that_has_something_is_read(there: list[str], tags: list[str]) -> None:
    """A tag's shorter forms come before the next tag; the empty tag finds nothing."""
    assert lookup({tag: tag for tag in there}, tags) == slow_lookup(there, tags)


def test_a_shorter_language_is_read_before_the_next_one() -> None:
    """Who reads de-CH reads de before the organisation's sv, and never another region's."""
    assert lookup({"de": 1, "sv": 2}, ["de-CH", "sv"]) == 1
    assert lookup({"de-AT": 1, "sv": 2}, ["de-CH", "sv"]) == 2
    assert lookup({"de-AT": 1}, ["de-CH", ""]) is None
