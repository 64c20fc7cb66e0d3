"""Languages: tags, and which words somebody reads.

Tags are of the form language, script, region (RFC 5646, 2.1), such as ``sv``, ``de-CH``, ``zh-Hant``. A search goes from the
whole tag to shorter ones (the lookup of RFC 4647, 3.4): who reads ``de-CH`` gets ``de-CH``, else ``de``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from servicekit.errors import Invalid

__all__ = ["check_language", "lookup", "ranges"]

T = TypeVar("T")
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")


def check_language(tag: str) -> str:
    """The tag itself.

    Raises:
        Invalid: ``not_a_language``. Capitals count, so that equal languages have equal tags.
    """
    if not _TAG.fullmatch(tag):
        raise Invalid(
            f"{tag!r} is no tag of a language: write it like 'sv', 'de-CH' or 'zh-Hant'.",
            code="not_a_language",
            language=tag,
        )
    return tag


def ranges(tag: str) -> Iterator[str]:
    """The tag, then each shorter one; nothing for the empty one.

    >>> list(ranges("zh-Hant-TW"))
    ['zh-Hant-TW', 'zh-Hant', 'zh']
    """
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def lookup(there: Mapping[str, T], tags: Iterable[str]) -> T | None:
    """What is there for the first of these languages that has something, each with its shorter tags; None for none."""
    return next((there[one] for tag in tags for one in ranges(tag) if one in there), None)
