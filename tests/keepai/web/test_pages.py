"""The plain pages: right in both languages and themes, and whole by themselves."""

import re

import pytest

from keepai.web import pages
from services.i18n import LOCALES

KINDS = sorted(pages.SIGNS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_a_page_needs_no_other_file_and_no_script(kind, locale, theme):
    page = pages.notice(pages.Look(locale, theme), kind, request_id="abc", host="h").decode()
    assert f'<html lang="{locale}"' in page
    assert ('data-theme="dark"' in page) == (theme == "dark")
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="([^"#]+)"', page.replace('href="/"', "")) == ["/icons/keepai.svg"]
    assert page.count("<h1>") == page.count("<main") == 1
    assert "{" not in re.sub(r"<style>.*?</style>", "", page)


def test_every_page_says_something_else():
    texts = {pages.notice(pages.Look(locale, ""), kind, host="h") for kind in KINDS for locale in LOCALES}
    assert len(texts) == len(KINDS) * len(LOCALES)


def test_what_comes_from_outside_is_shown_as_text():
    page = pages.notice(
        pages.Look("en", ""), "wrong_host", host='<img src=x onerror="x">', request_id="<b>"
    ).decode()
    assert "<img" not in page
    assert "<b>" not in page


def test_every_token_that_is_used_has_a_value_in_both_themes():
    used = set(re.findall(r"var\((--k-[\w-]+)\)", pages.STYLE.read_text()))
    light, dark = re.fullmatch(r".*?(:root\{.*?\})(@media.*)", pages.style(), re.DOTALL).groups()
    assert used <= set(re.findall(r"(--k-[\w-]+):", light))
    colours = {name for name in used if f"{name}:#" in light}
    assert len(colours) > 15
    assert colours <= set(re.findall(r"(--k-[\w-]+):#", dark))


def test_a_page_is_small():
    assert len(pages.notice(pages.Look("pt-BR", "dark"), "failed")) < 10_000
