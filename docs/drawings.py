"""What pages show of the code: each function draws one table or diagram as Markdown.

Rules kept here: a table, a signature or a docstring of the code is read, never written again; what the source says of a thing
is what the page says of it.
"""

from __future__ import annotations

import ast
import configparser
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, ForwardRef, get_args, get_origin

import attrs

from servicekit import errors, usecases
from servicekit.adapters.doors.by_site import DoorsBySite
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.doors.resivo import Resivo
from servicekit.adapters.mail.listener import Listener
from servicekit.adapters.mail.smtp import Smtp
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.adapters.texts import fortysixelks, sinch, twilio
from servicekit.bookings import HOLDING, TRANSITIONS, Action, BookingState
from servicekit.bookings.booking import OBEYED
from servicekit.groups import Settings
from servicekit.groups.tree import DEFAULTS as GROUP_DEFAULTS
from servicekit.keys import KeyState
from servicekit.keys.door import Reason
from servicekit.kit import Kit
from servicekit.meetings import MeetingState
from servicekit.messages import HandOver, Status
from servicekit.messages.message import _RANK  # the table itself: what the page shows is what decides
from servicekit.notices import DEFAULTS, VARIABLES
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.letters import LetterState
from servicekit.outbox.retry import RetryPolicy
from servicekit.runtime.relay import Relay

__all__ = ["BLOCKS"]

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "servicekit"
SCOPE = re.compile(r"[a-z_]+:[a-z]+")


# Text


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(text: object) -> str:
    """As code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def fenced(kind: str, text: str) -> str:
    """A fenced block."""
    return f"```{kind}\n{text.strip()}\n```"


def markdown(text: str) -> str:
    """A docstring's prose as Markdown on one line: roles and literals become code."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text).replace("``", "`")
    return " ".join(text.split())


def first_paragraph(thing: object) -> str:
    """The first paragraph of a docstring."""
    return markdown((inspect.getdoc(thing) or "").split("\n\n")[0])


def entries(thing: object, section: str) -> dict[str, str]:
    """The entries of a section such as ``Args:`` of a Google-style docstring; ``a, b: ...`` counts for both."""
    body = re.search(rf"^{section}:\n((?:[ ]+.*\n|\n)*)", (inspect.getdoc(thing) or "") + "\n", re.MULTILINE)
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", textwrap.dedent(body[1])) if body else ():
        names, _, text = entry.partition(": ")
        found.update(dict.fromkeys(names.split(", "), markdown(text)))
    return found


def said(kind: type[Enum]) -> Mapping[str, str]:
    """What stands below each member of an enumeration in its source, by the member's name."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for above, below in itertools.pairwise(body):
        if isinstance(above, ast.Assign) and isinstance(below, ast.Expr):
            found[above.targets[0].id] = markdown(below.value.value)  # type: ignore[attr-defined]
    return found


# Commands and queries


def asked(handlers: Mapping[type, Callable[..., Any]]) -> str:
    """Every command or query: where it is imported from, what it returns, the right it needs, what it does."""
    rows = []
    for kind, handler in handlers.items():
        home = re.sub(r"^(servicekit\.(?!outbox)\w+)\..+$", r"\1", kind.__module__)  # a room's front page
        returns = next(get_args(base)[0] for base in kind.__orig_bases__)  # type: ignore[attr-defined]
        text = re.sub(r" ?(Needs `[\w:]+`( there)?|For operators)\.", "", first_paragraph(kind))
        needs = ", ".join(map(code, sorted(demanded(handler)))).replace("`operator`", "an operator")
        rows.append((code(home), code(kind.__name__), code(typed(returns)), needs, text))
    return table(("from", "name", "returns", "right", "what it does"), sorted(rows))


def typed(kind: Any) -> str:
    """A type as one would write it."""
    if isinstance(kind, UnionType):
        return " | ".join(map(typed, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"tuple[{typed(get_args(kind)[0])}, ...]"
    return str(kind.__forward_arg__ if isinstance(kind, ForwardRef) else kind.__name__)


def demanded(handler: Callable[..., Any], seen: set[Any] | None = None) -> set[str]:
    """The scopes that a use case names, itself or through the use cases' functions that it calls."""
    seen = set() if seen is None else seen
    if handler in seen:
        return set()
    seen.add(handler)
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(handler))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SCOPE.fullmatch(node.value):
            found.add(node.value)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "work.operator":
            found.add("operator")
        elif isinstance(node, ast.Name):
            called = handler.__globals__.get(node.id)
            if inspect.isfunction(called) and called.__module__.startswith(usecases.__name__):
                found |= demanded(called, seen)
    return found


# Errors


def codes() -> str:
    """Every code that is raised, read from the source: the error, the part that raises it, and what it says."""
    found: dict[str, tuple[set[str], set[str], list[str]]] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        part = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        if part == "testing":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors.__all__:
                given = next((word.value for word in node.keywords if word.arg == "code"), None)
                for name in words(given):
                    kinds, parts, messages = found.setdefault(name, (set(), set(), []))
                    kinds.add(code(node.func.id))
                    parts.add(code(part))
                    messages.extend({sentence(node.args[0])} - {*messages, "…"})
    rows = [
        (code(name), *(", ".join(sorted(one)) for one in found[name][:2]), "<br>".join(found[name][2]) or "…")
        for name in sorted(found)
    ]
    return table(("code", "error", "raised in", "what it says"), rows)


def words(given: ast.expr | None) -> list[str]:
    """The codes that an expression can give; of one that is put together, its beginning."""
    if isinstance(given, ast.IfExp):
        return [*words(given.body), *words(given.orelse)]
    return [sentence(given)] if isinstance(given, ast.Constant | ast.JoinedStr) else []


def sentence(given: ast.expr) -> str:
    """A text in the source, with … for what is put in."""
    if isinstance(given, ast.JoinedStr):
        return "".join(map(sentence, given.values))
    text = str(given.value) if isinstance(given, ast.Constant) else "…"
    return re.sub(r"([<*])", r"\\\1", text)


def default_codes() -> str:
    """Every error, the code that it has unless another is said, and what it means."""
    kinds = [getattr(errors, name) for name in errors.__all__ if hasattr(getattr(errors, name), "default_code")]
    rows = [(code(kind.__name__), code(kind.default_code), first_paragraph(kind)) for kind in kinds]
    return table(("error", "code", "what it means"), rows)


def tree() -> str:
    """The error tree as the module's docstring draws it."""
    drawing = (errors.__doc__ or "").split("::\n\n")[1].split("\n\nEvery ")[0]
    return fenced("text", textwrap.dedent(drawing).replace("``", ""))


# States


def states(kind: type[Enum]) -> str:
    """The members of an enumeration and what each says."""
    return table(("state", "what it says"), [(code(one.value), said(kind).get(one.name, "")) for one in kind])


def statuses() -> str:
    """The statuses of a message with their ranks."""
    rows = [
        (
            code(f"{one}:<group>" if one in {Status.PERSONAL, Status.GROUP} else one),
            str(_RANK.get(one, "")),
            said(Status).get(one.name, ""),
        )
        for one in Status
    ]
    return table(("the log shows", "rank", "what it says"), rows)


def transition_table() -> str:
    """The booking table: for each state what may be done, and what follows the booking."""
    rows = [
        (
            code(state),
            *(code(TRANSITIONS[state].get(action, "")) for action in Action),
            "yes" if state in HOLDING else "no",
            "yes" if state in OBEYED else "no",
        )
        for state in BookingState
    ]
    return table(("state", *Action, "holds the place", "doors and meetings follow"), rows)


def transitions() -> str:
    """The booking table as a state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> confirmed: book", "    [*] --> requested: book, where approval is needed"]
    lines += [f'    state "{one.value}" as {one.name.lower()}' for one in BookingState if one.value != one.name.lower()]
    for state, possible in TRANSITIONS.items():
        lines += [f"    {state.name.lower()} --> {then.name.lower()}: {action}" for action, then in possible.items()]
        lines += [] if possible else [f"    {state.name.lower()} --> [*]"]
    return fenced("mermaid", "\n".join(lines))


def house() -> str:
    """The layers of the house, from the contract that the imports are checked by."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter", encoding="utf-8")
    lines, names = ["flowchart TB"], []
    for number, layer in enumerate(contract["importlinter:contract:house"]["layers"].split("\n")):
        parts = [part.strip() for part in layer.split("|") if part.strip()]
        if len(parts) > 1:
            lines += [
                f'    subgraph layer{number} [" "]',
                "        direction LR",
                *(f"        {part}" for part in parts),
                "    end",
            ]
        names += [f"layer{number}"] if len(parts) > 1 else parts
    lines += [f"    {above} --> {below}" for above, below in itertools.pairwise(names)]
    return fenced("mermaid", "\n".join(lines))


# Settings


def arguments(thing: Callable[..., Any], *, section: str = "Args", others: Mapping[str, str] | None = None) -> str:
    """The arguments of a function or class: name, type, default, meaning."""
    meanings = {**(others or {}), **entries(thing, section)}
    rows = [
        (code(name), code(one.annotation), default(one.default), meanings.get(name, ""))
        for name, one in inspect.signature(thing).parameters.items()
    ]
    return table(("name", "type", "default", "what it is"), rows)


def default(value: object) -> str:
    """A default as one reads it."""
    if value is inspect.Parameter.empty:
        return "needed"
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        hours, minutes = divmod(seconds, 3600)[0], divmod(seconds, 60)[0]
        return f"{hours} h" if hours else f"{minutes} min" if minutes else f"{seconds} s"
    return code(repr(value)) if not isinstance(value, RetryPolicy) else code("RetryPolicy()")


def opening() -> str:
    """The arguments of ``Kit.open``; those of the relay as the relay describes them."""
    relay = entries(Relay, "Attributes")
    text = arguments(Kit.open, others={"retry": relay["policy"]})
    for name in ("lease", "longest_call"):
        text = re.sub(rf"(\| `{name}` .*\| )see `Relay`\.", rf"\g<1>{relay[name]}", text)
    return re.sub(r"(\| `retry` .*\| )see `Relay`\.", rf"\g<1>{relay['policy']}", text)


def group_settings() -> str:
    """The settings of a group, with what holds where no group sets them."""
    meanings = entries(Settings, "Attributes")
    rows = [
        (code(one.name), code(one.type), default(getattr(GROUP_DEFAULTS, one.name)), meanings[one.name])
        for one in attrs.fields(Settings)
    ]
    return table(("name", "type", "where nobody sets it", "what it is"), rows)


def vendor_words(vendor: str, statuses: Mapping[str, object]) -> str:
    """A carrier's words for where a text is, and ours."""
    return table((f"{vendor} says", "that is"), [(code(word), code(text)) for word, text in statuses.items()])


def built_in() -> str:
    """The built-in texts of notices."""
    blocks = [
        f"**{occasion}, {channel}**\n\n" + fenced("text", "\n\n".join(filter(None, texts)))
        for (occasion, channel), texts in DEFAULTS.items()
    ]
    return "\n\n".join(blocks)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "built-in-notices": built_in,
    "codes": codes,
    "commands": lambda: asked(usecases.commands()),
    "default-codes": default_codes,
    "effect-kinds": partial(states, EffectKind),
    "effect-states": partial(states, EffectState),
    "elks-words": partial(vendor_words, "46elks", fortysixelks.STATUSES),
    "errors": tree,
    "group-settings": group_settings,
    "hand-over": partial(states, HandOver),
    "house": house,
    "key-states": partial(states, KeyState),
    "letter-states": partial(states, LetterState),
    "lights": lambda: ", ".join(map(code, get_args(Reason))),
    "meeting-states": partial(states, MeetingState),
    "open": opening,
    "queries": lambda: asked(usecases.queries()),
    "retry": partial(arguments, RetryPolicy, section="Attributes"),
    "settings-elks": partial(arguments, fortysixelks.FortySixElks),
    "settings-exivo": partial(arguments, Exivo),
    "settings-resivo": partial(arguments, Resivo),
    "settings-doors-by-site": partial(arguments, DoorsBySite),
    "settings-listener": partial(arguments, Listener),
    "settings-sinch": partial(arguments, sinch.Sinch),
    "settings-smtp": partial(arguments, Smtp),
    "settings-sqlite": partial(arguments, SqliteStorage),
    "settings-twilio": partial(arguments, twilio.Twilio),
    "settings-zoom": partial(arguments, Zoom),
    "sinch-words": partial(vendor_words, "Sinch", sinch.STATUSES),
    "statuses": statuses,
    "transition-table": transition_table,
    "transitions": transitions,
    "twilio-words": partial(vendor_words, "Twilio", twilio.STATUSES),
    "variables": lambda: table(
        ("variable", "what it stands for"), [(code(f"[{name}]"), text) for name, text in VARIABLES.items()]
    ),
}
"""What can stand between markers, and what draws it."""
