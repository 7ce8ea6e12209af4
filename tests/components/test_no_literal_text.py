"""Every word on the screen comes from the catalogues: components and pages have none of their own."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "components").rglob("*.py"), *(ROOT / "keepai" / "pages").rglob("*.py")]

LETTERS = re.compile(r"[^\W\d_]")
SPOKEN = {
    "title", "label", "caption", "text", "placeholder", "aria_label", "alt", "help", "context", "action",
    "cancel", "note", "busy_label", "close_label", "reason", "detail", "figure", "exact", "crumb", "unit",
}  # fmt: skip
# Where a literal is not text: names of icons, keys of the keyboard, paths to draw.
NOT_TEXT = {"icon": {0}, "icon_button": {1}, "kbd": {0, 1, 2, 3}}


def spoken_literals(source: str) -> list[str]:
    """Literal texts with letters that a source shows: children of elements and pieces, and what is read aloud."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not _draws(node.func):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        for place, argument in enumerate(node.args):
            if place not in NOT_TEXT.get(name, ()):
                found += _texts(argument)
        for keyword in node.keywords:
            if keyword.arg in SPOKEN and not (keyword.arg == "action" and name == "form"):
                found += _texts(keyword.value)
    return found


def _draws(function: ast.expr) -> bool:
    """Whether a call makes something to look at: rx.el.…, rx.fragment, rx.text, ui.…"""
    path = ast.unparse(function)
    return path.startswith(("rx.el.", "ui.")) or path in {"rx.fragment", "rx.text", "rx.heading", "rx.button"}


def _texts(value: ast.expr) -> list[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value] if LETTERS.search(value.value) else []
    if isinstance(value, ast.JoinedStr):
        return [text for part in value.values if isinstance(part, ast.Constant) for text in _texts(part)]
    if isinstance(value, ast.IfExp):
        return [*_texts(value.body), *_texts(value.orelse)]
    return []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_literal_text(path: Path):
    assert spoken_literals(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "literals"),
    [
        ('rx.el.p("Olá")', ["Olá"]),
        ('ui.card(x, title="Workers")', ["Workers"]),
        ('rx.el.img(alt=f"{n} files")', [" files"]),
        ('rx.fragment("a" if x else "·")', ["a"]),
        ('ui.icon("server")', []),
        ('rx.el.span(" · ", x, class_name="k-row")', []),
        ('rx.el.kbd("Esc")', []),
        ('t("frame.live")', []),
    ],
)
def test_the_search_for_literal_text_finds_it(source, literals):
    assert spoken_literals(source) == literals
