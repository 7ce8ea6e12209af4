"""Both catalogues say the same things, and everything the code asks for is in them."""

import ast
import re
import string
from pathlib import Path

import pytest

from services.i18n import best_locale, count_key, known_locale, translate, translate_count, words

ROOT = Path(__file__).parents[2]
PORTUGUESE, ENGLISH = words("pt-BR"), words("en")

# Texts that are the same in both languages because every word in them is.
SAME_WORDS = {
    "KeepAI",
    "Redis",
    "Ollama",
    "OpenWebUI",
    "OpenAI",
    "Anthropic",
    "Google",
    "Gemini",
    "Worker",
    "Workers",
    "Threads",
    "CPU",
    "GPU",
    "Host",
    "Logs",
}
SAME_WORDS |= {"Chat", "SMS", "Webhook", "Admin", "API", "Total", "E-mail", "s", "min", "h", "d"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def keys_in(source: str) -> set[str]:
    """The keys that a source asks for with a literal: t("…"), t_count("…"), translate(locale, "…")."""
    position = {"t": 0, "t_count": 0, "translate": 1, "translate_count": 1}
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        at = position.get(name)
        if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
            key = str(node.args[at].value)
            found |= {f"{key}.one", f"{key}.other"} if name.endswith("_count") else {key}
    return found


def test_both_languages_have_the_same_keys():
    assert PORTUGUESE.keys() == ENGLISH.keys()


def test_both_languages_fill_the_same_placeholders():
    different = [key for key in PORTUGUESE if placeholders(PORTUGUESE[key]) != placeholders(ENGLISH[key])]
    assert different == []


def test_no_text_was_left_untranslated():
    left = {}
    for key, text in PORTUGUESE.items():
        letters = set(re.findall(r"[^\W\d_][\w-]*", re.sub(r"\{\w+\}", "", text)))
        if text == ENGLISH[key] and not letters <= SAME_WORDS:
            left[key] = text
    assert left == {}


def test_no_text_is_empty_or_has_loose_spaces():
    for catalogue in (PORTUGUESE, ENGLISH):
        assert [key for key, text in catalogue.items() if not text or text != text.strip()] == []


def test_every_key_the_code_asks_for_exists():
    asked = {
        (key, str(path.relative_to(ROOT)))
        for folder in ("components", "keepai", "state", "services")
        for path in (ROOT / folder).rglob("*.py")
        for key in keys_in(path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 50
    assert {(key, path) for key, path in asked if key not in PORTUGUESE} == set()


def mentions_in(source: str) -> set[str]:
    """Patterns of all texts in a source that could be a key or its beginning, f-strings included."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(p.value) if isinstance(p, ast.Constant) else r"[\w.:-]+" for p in node.values]
            found.add("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            found.add(re.escape(node.value))
    return {pattern for pattern in found if re.match(r"[\w\[\]+-]+\\\.", pattern) and " " not in pattern}


def test_no_text_is_there_that_nobody_asks_for():
    patterns = {
        pattern
        for folder in ("components", "keepai", "state", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "i18n" not in path.parts
        for pattern in mentions_in(path.read_text(encoding="utf-8"))
    }
    asked = re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)))
    plain = {re.sub(r"\.(one|other)$", "", key) for key in PORTUGUESE}
    assert sorted(key for key in plain if not asked.fullmatch(key)) == []


def test_the_search_for_keys_sees_every_way_to_ask():
    source = 't("a.b"); words.t_count("c.d", 3); i18n.translate(locale, "e.f"); t(f"x.{y}")'
    assert keys_in(source) == {"a.b", "c.d.one", "c.d.other", "e.f"}


def test_translate_fills_in_and_refuses_what_is_missing():
    assert translate("pt-BR", "workers.picks.retire", number=3) == "Retirar 3"
    assert translate("en", "workers.picks.retire", number=3) == "Retire 3"
    with pytest.raises(KeyError):
        translate("en", "common.nothing_like_it")
    with pytest.raises(KeyError):
        translate("en", "workers.picks.retire")


def test_a_locale_that_is_not_ours_reads_the_nearest_one():
    assert known_locale("en-GB") == "en"
    assert known_locale("pt") == "pt-BR"
    assert known_locale("../../etc") == "pt-BR"
    assert translate("de", "common.cancel") == "Cancelar"


def test_the_browser_says_which_language_it_prefers():
    assert best_locale("de-DE,de;q=0.9,en;q=0.8,pt;q=0.7") == "en"
    assert best_locale("pt-PT,pt;q=0.9,en;q=0.8") == "pt-BR"
    assert best_locale("") == "pt-BR"
    assert best_locale("x" * 10_000) == "pt-BR"


def test_one_and_many_are_two_texts():
    assert count_key("x", 1) == "x.one"
    assert [count_key("x", count) for count in (0, 2, -1)] == ["x.other"] * 3
    with pytest.raises(KeyError):
        translate_count("en", "workers.picks.retire", 2)
