"""How Sphinx builds these pages: ``sphinx-build -W --keep-going -b html docs build/docs``. Needs no network.

Mermaid diagrams stay text here; sites that show Markdown by themselves draw them.
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "servicekit"
author = "The servicekit developers"
copyright = "The servicekit developers"  # noqa: A001 - Sphinx's name
version = release = version_of("servicekit-sdk")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "servicekit"

myst_heading_anchors = 3

napoleon_use_ivar = True  # attributes in the class, not once more beside it
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"


def setup(app: Sphinx) -> None:
    """Teach the highlighter that mermaid is text."""
    app.add_lexer("mermaid", TextLexer)
