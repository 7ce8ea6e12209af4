"""Markdown as people and models write it, as HTML that is safe to show.

CommonMark with tables, strikethrough, boxes to check off, mathematics ($…$ and $$…$$, as MathML) and code in colours.
HTML in the text stays text. Nothing is loaded from other hosts: a picture from elsewhere is a link to it. Only pictures
of our own files are shown.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any
from xml.etree import ElementTree

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from services.index.folding import fold

SCHEMES = ("http:", "https:", "mailto:")
OWN_FILE = re.compile(r"/api/v1/files/[0-9a-f]{32}")
LONGEST = 400_000  # characters
LONGEST_CODE = 20_000  # beyond that code is shown in one colour
BOX = re.compile(r"\[([ xX])\]\s")
MARK = re.compile(r"(?:[-*+]|\d+[.)])[ \t]+\[([ xX])\]\s")
# What MathML may hold (https://www.w3.org/TR/mathml-core/), without anything that links, runs or has a style.
MATH = frozenset(
    (
        *(
            "math",
            "mrow",
            "mi",
            "mo",
            "mn",
            "ms",
            "mtext",
            "mspace",
            "mfrac",
            "msqrt",
            "mroot",
            "msub",
            "msup",
        ),
        *(
            "msubsup",
            "munder",
            "mover",
            "munderover",
            "mtable",
            "mtr",
            "mtd",
            "mstyle",
            "mpadded",
            "mphantom",
        ),
        *("menclose", "mmultiscripts", "mprescripts", "semantics"),
    )
)
MATH_LOOKS = frozenset(
    (
        *(
            "display",
            "mathvariant",
            "stretchy",
            "fence",
            "separator",
            "lspace",
            "rspace",
            "minsize",
            "maxsize",
        ),
        *("accent", "accentunder", "columnalign", "rowspacing", "columnspacing", "linethickness"),
        *("displaystyle", "scriptlevel", "width", "height", "depth", "symmetric", "largeop", "movablelimits"),
        *("form", "notation"),
    )
)
LONGEST_FORMULA = 2000


def render(
    text: str, *, links: Mapping[str, str] | None = None, copy: str = "", checkable: bool = False
) -> str:
    """The text as HTML. `links` says where [[title]] leads, by the folded title; `copy` is the word on the button of a
    block of code; boxes can be pressed where `checkable`, and bear their number as data-k-box."""
    env = {"links": links or {}, "copy": copy, "checkable": checkable, "boxes": 0}
    return str(_parser().render(text[:LONGEST], env))


def box_at(text: str, number: int) -> int | None:
    """Where in the text the mark of the box with this number stands, as `render` numbers them; None where there is no
    such box. What looks like one in a block of code is none."""
    tokens = _parser().parse(text[:LONGEST], {"boxes": 0})
    lines = [one.map[0] for one in tokens if one.type == "inline" and one.map and _has_box(one)]
    if not 0 <= number < len(lines):
        return None
    before = text.split("\n")[: lines[number]]
    start = sum(len(line) + 1 for line in before)
    found = MARK.search(text, start)
    return found.start(1) if found else None


def _has_box(inline: Token) -> bool:
    return bool(inline.children) and inline.children[0].type == "box"  # type: ignore[index]


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    made = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    made.enable(["table", "strikethrough"])
    made.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    made.validateLink = _is_safe  # type: ignore[method-assign]
    made.inline.ruler.before("link", "note_link", _note_link)
    made.core.ruler.after("inline", "boxes", _boxes)
    for name, rule in (
        ("link_open", _link),
        ("image", _image),
        ("fence", _code),
        ("code_block", _code),
        ("table_open", _table_open),
        ("table_close", _table_close),
        ("math_inline", _formula),
        ("math_inline_double", _formula),
        ("math_block", _formula_block),
        ("note_link", _shown_link),
        ("box", _box),
    ):
        made.add_render_rule(name, rule)
    return made


def _is_safe(url: str) -> bool:
    """Whether a link may lead there: the web, mail, and our own pages."""
    flat = re.sub(r"[\s\x00-\x1f]", "", url).lower()
    if flat.startswith(SCHEMES):
        return True
    return flat.startswith(("/", "#")) and not flat.startswith(("//", "/\\"))


# -- what Markdown does not know ----------------------------------------------------------------------------------


def _note_link(state: StateInline, silent: bool) -> bool:
    """[[title]]"""
    if not state.src.startswith("[[", state.pos):
        return False
    end = state.src.find("]]", state.pos + 2, min(state.posMax, state.pos + 204))
    title = state.src[state.pos + 2 : end]
    if end < 0 or not title.strip() or "\n" in title or "[" in title:
        return False
    if not silent:
        token = state.push("note_link", "", 0)
        token.content = title.strip()
    state.pos = end + 2
    return True


def _boxes(state: Any) -> None:
    """[ ] and [x] at the beginning of a list's item."""
    tokens: list[Token] = state.tokens
    for at, token in enumerate(tokens):
        if token.type != "inline" or at < 2 or not token.children:
            continue
        first = token.children[0]
        begins = tokens[at - 1].type == "paragraph_open" and tokens[at - 2].type == "list_item_open"
        found = BOX.match(first.content) if begins and first.type == "text" else None
        if not found:
            continue
        box = Token("box", "", 0, meta={"checked": found.group(1) != " ", "number": state.env["boxes"]})
        state.env["boxes"] += 1
        first.content = first.content[found.end() :]
        token.children.insert(0, box)
        tokens[at - 2].attrSet("class", "k-boxed")


# -- how it is shown ----------------------------------------------------------------------------------------------


def _box(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    meta = tokens[at].meta
    checked = " checked" if meta["checked"] else ""
    usable = f' data-k-box="{meta["number"]}"' if env["checkable"] else " disabled"
    label = escape("".join(token.content for token in tokens[at + 1 :])[:120], quote=True)
    return f'<input type="checkbox" class="k-check"{checked}{usable} aria-label="{label}">'


def _shown_link(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    title = tokens[at].content
    href = env["links"].get(fold(title)[:200])
    if not href:
        return f'<span class="k-no-note">{escape(title)}</span>'
    return f'<a class="k-note-link" href="{escape(href, quote=True)}">{escape(title)}</a>'


def _link(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    href = str(tokens[at].attrGet("href") or "")
    if not href.startswith(("/", "#")):
        tokens[at].attrSet("target", "_blank")
        tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, at, options, env)


def _image(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    """A picture of our own files; of others only where it is."""
    token = tokens[at]
    src, words = str(token.attrGet("src") or ""), escape(token.content, quote=True)
    if OWN_FILE.fullmatch(src):
        return f'<img src="{src}" alt="{words}" loading="lazy">'
    if not _is_safe(src):
        return words
    href = escape(src, quote=True)
    return (
        f'<a class="k-picture-link" href="{href}" target="_blank" rel="noopener noreferrer nofollow">'
        f"{words or href}</a>"
    )


def _code(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    code = tokens[at].content
    language = re.sub(r"[^\w+#-]", "", (tokens[at].info.split() or [""])[0])[:20]
    button = f'<button type="button" class="k-block-copy" data-k-copy-code>{escape(env["copy"])}</button>'
    name = f'<span class="k-block-name">{escape(language)}</span>' if language else ""
    return (
        f'<div class="k-block">{name}{button if env["copy"] else ""}'
        f'<pre tabindex="0"><code>{_coloured(code, language)}</code></pre></div>'
    )


def _coloured(code: str, language: str) -> str:
    if not language or len(code) > LONGEST_CODE:
        return escape(code)
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="k-c-")))


def _table_open(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<div class="k-prose-table" tabindex="0">{self.renderToken(tokens, at, options, env)}'


def _table_close(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f"{self.renderToken(tokens, at, options, env)}</div>"


def _formula(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    return _math(tokens[at].content, "block" if tokens[at].type.endswith("double") else "inline")


def _formula_block(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    return f'<div class="k-formula" tabindex="0">{_math(tokens[at].content, "block")}</div>'


@lru_cache(maxsize=500)
def _math(formula: str, display: str) -> str:
    """A formula in LaTeX as MathML; as it was typed where it cannot be read."""
    from latex2mathml.converter import convert

    typed = f"<code>{escape(formula.strip())}</code>"
    if len(formula) > LONGEST_FORMULA:
        return typed
    try:
        made = ElementTree.fromstring(convert(formula, display=display))  # noqa: S314 (made by us a moment ago)
    except Exception:  # the library raises what its parser meets: KeyError, IndexError, errors of its own
        return typed
    _strip(made)
    made.set("xmlns", "http://www.w3.org/1998/Math/MathML")
    made.set("aria-label", formula.strip())
    return ElementTree.tostring(made, encoding="unicode", short_empty_elements=False)


def _strip(element: ElementTree.Element) -> None:
    """Leave what MathML may hold and nothing else."""
    element.tag = str(element.tag).rpartition("}")[2]
    if element.tag not in MATH:
        element.tag = "mrow"
    for name in list(element.attrib):
        if name not in MATH_LOOKS:
            del element.attrib[name]
    for child in element:
        _strip(child)
