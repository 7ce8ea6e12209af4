"""What every primitive shares: types of arguments, icons, inline styles, elements that stay in the DOM."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

Text = str | rx.Var[str]
Flag = bool | rx.Var[bool]
Number = int | float | rx.Var[int] | rx.Var[float]
Content = rx.Component | str | rx.Var[Any]

State = Literal[
    "ok",
    "warning",
    "critical",
    "unknown",
    "not_configured",
    "paused",
    "info",
    "pending",
    "running",
    "retiring",
    "lost",
    "restarted",
]
STATES: tuple[str, ...] = get_args(State)
StateName = State | rx.Var[str]

PLAIN = re.compile(r"[\w-]+")  # a text without a Var inside
PLAIN_ADDRESS = re.compile(r"#|\w+:|/api/|/auth/")  # not for the router: rx.el.a would hand it everything
ICON_FILE = Path(__file__).parents[2] / "assets" / "icons.svg"


@cache
def icon_names() -> frozenset[str]:
    """The symbols of assets/icons.svg: Lucide's names, and "s-…" for the icon of each state."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', ICON_FILE.read_text(encoding="utf-8")))


def icon(name: Text, *, size: int = 16) -> rx.Component:
    """An icon of assets/icons.svg, drawn in the colour of the text; `name` may be a Var.

    One file of symbols serves every page: a use costs a few bytes where a component per icon costs its
    path on each page, and a row can bring the name of its icon. It says nothing to a screen reader: put
    words beside it, or a label on the button around it.
    """
    if isinstance(name, str) and PLAIN.fullmatch(name) and name not in icon_names():
        raise ValueError(f"no icon {name!r} in assets/icons.svg")
    return rx.el.svg(
        rx.el.svg.use(href=f"/{ICON_FILE.name}#{name}"),
        class_name="k-i" if size == 16 else f"k-i k-i{size}",
        custom_attrs={"aria-hidden": "true"},
    )


def inline(**properties: Any) -> dict[str, Any]:
    """A real `style` attribute, to be spread into an element: `rx.el.div(**inline(width="4px"))`.

    Reflex's own style props become a CSS class per value: a live width would add one every second.
    A name with two leading underscores is a CSS variable: `inline(__x=...)` sets `--x`.
    """
    names = {
        name.replace("__", "--", 1) if name.startswith("__") else name: value
        for name, value in properties.items()
    }
    # One Var, because Reflex looks for the states a component needs in Vars, not inside plain dicts.
    return {"custom_attrs": {"style": rx.Var.create(names)}}


def given(**props: Any) -> dict[str, Any]:
    """The props that were given a value, so that what is None leaves no attribute behind."""
    return {name: value for name, value in props.items() if value is not None}


def look(props: dict[str, Any], *names: Text | None) -> Text:
    """The class names of an element: its own `names`, then the caller's class_name, which leaves `props`."""
    every = [*names, props.pop("class_name", None)]
    return " ".join(
        f"{name}" for name in every if name is not None and not (isinstance(name, str) and not name)
    )


def link(*content: Content, href: Text, **props: Any) -> rx.Component:
    """A link; inside KeepAI it changes the page without loading it anew."""
    if isinstance(href, str) and PLAIN_ADDRESS.match(href):
        return rx.el.A.create(*content, href=href, **props)
    return ReactRouterLink.create(*content, to=href, **props)
