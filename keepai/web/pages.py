"""The few pages that are plain HTML, outside the app: sign-in and what goes wrong around it.

They carry their style inside, so that they look right even where no other file may be fetched, and no script.
"""

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

from services.i18n import translate

Kind = Literal["not_found", "forbidden", "failed", "database", "wrong_host", "too_large", "new_version"]

ASSETS = Path(__file__).parents[2] / "assets"
STYLE = Path(__file__).with_name("pages.css")
MARK = (
    '<svg width="14" height="14" viewBox="0 0 14 14" fill="currentColor" aria-hidden="true"><path d="M1.5 1.5h2.6v2'
    "h1.6v-2h2.6v2h1.6v-2h2.6v4.2L11 7.2v5.3H8.4V10a1.4 1.4 0 0 0-2.8 0v2.5H3V7.2L1.5 5.7z"
    '"/></svg>'
)
# The picture of each page, by its name in assets/icons.svg.
SIGNS: dict[Kind, str] = {
    "not_found": "circle-help",
    "forbidden": "lock",
    "failed": "server-off",
    "database": "database-zap",
    "wrong_host": "globe",
    "too_large": "box",
    "new_version": "refresh-cw",
}


@dataclass(frozen=True, slots=True)
class Look:
    """Language and theme of one page."""

    locale: str
    theme: str


def notice(look: Look, kind: Kind, *, request_id: str = "", back: bool = True, **params: object) -> bytes:
    """A page that says what happened, what is still true, and what to do."""
    title = translate(look.locale, f"errors.page.{kind}.title")
    text = translate(look.locale, f"errors.page.{kind}.text", **params)
    failed = kind in ("failed", "database")
    home = translate(look.locale, f"errors.page.{'reload' if kind == 'new_version' else 'back'}")
    # An empty address is the one that was asked for.
    ways = [("", translate(look.locale, "common.retry"))] * failed + [("/", home)] * back
    looks = ["button primary", "button"]
    links = [f'<a class="{c}" href="{h}">{escape(w)}</a>' for c, (h, w) in zip(looks, ways, strict=False)]
    number = escape(translate(look.locale, "common.request", id=request_id))
    body = [
        f'<main class="notice"><span class="sign{" critical" * failed}">{icon(SIGNS[kind], 20)}</span>',
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>",
        f'<div class="actions">{"".join(links)}</div>' * bool(links),
        f'<p class="small">{number}</p>' * bool(request_id),
        "</main>",
    ]
    return document(look, title, "".join(body))


def document(look: Look, title: str, body: str, *, wide: bool = False) -> bytes:
    """A whole page around `body`, which is HTML already; a `wide` one begins at the top and is read from there."""
    theme = f' data-theme="{look.theme}"' if look.theme in ("light", "dark") else ""
    name = translate(look.locale, "common.app")
    return (
        f'<!doctype html><html lang="{escape(look.locale)}"{theme}><head><meta charset="utf-8">'
        f"<title>{escape(translate(look.locale, 'common.page_title', page=title))}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
        '<meta name="robots" content="noindex">'
        '<link rel="icon" href="/icons/keepai.svg" type="image/svg+xml">'
        f"<style>{style()}</style></head>"
        f'<body{" class=wide" * wide}><header class="brand"><span class="mark">{MARK}</span>{escape(name)}</header>'
        f"{body}</body></html>"
    ).encode()


def icon(name: str, size: int) -> str:
    """An icon of `assets/icons.svg`, drawn in place; it says nothing by itself."""
    return (
        f'<svg width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{_icons()[name]}</svg>'
    )


@cache
def _icons() -> dict[str, str]:
    sprite = (ASSETS / "icons.svg").read_text(encoding="utf-8")
    return dict(re.findall(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', sprite, re.DOTALL))


@cache
def style() -> str:
    """The style of these pages, with the design tokens it uses in light and dark."""
    rules = STYLE.read_text(encoding="utf-8")
    used = set(re.findall(r"var\((--k-[\w-]+)\)", rules))
    always, light, dark = _tokens((ASSETS / "tokens.css").read_text(encoding="utf-8"), used)
    dark = f"color-scheme:dark;{dark}"
    tokens = (
        f":root{{color-scheme:light;{always}{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
    )
    return tokens + re.sub(r"/\*.*?\*/|\n\s*", "", rules, flags=re.DOTALL)


def _tokens(css: str, used: set[str]) -> tuple[str, str, str]:
    """The declarations of the used tokens: those of every theme, of the light and of the dark one."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found = {"always": "", "light": "", "dark": ""}
    for selector, block in re.findall(r"([^{}]+)\{([^{}]*--k-[^{}]*)\}", bare):
        if "@media" in selector or not (":root" in selector or ".dark" in selector):
            continue
        theme = "dark" if ".dark" in selector else "light" if ".light" in selector else "always"
        for name, value in re.findall(r"(--k-[\w-]+)\s*:\s*([^;]+);", block):
            if name in used:
                found[theme] += f"{name}:{value.strip()};"
    return found["always"], found["light"], found["dark"]
