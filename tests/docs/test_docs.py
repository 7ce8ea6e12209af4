"""What the documents say is still so: links, names, words, commands and settings."""

import importlib
import re
from pathlib import Path

import pytest

from docs.readme_settings import README, with_table
from keepai.cli.main import parser
from services.i18n import LOCALES, words
from services.settings import names, secret_names

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = DOCS / "user-guide"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
OURS = sorted([README, *DOCS.rglob("*.md")])
FOLDERS = (
    "keepai",
    "components",
    "state",
    "services",
    "models",
    "alembic",
    "assets",
    "tests",
    "docs",
    "deploy",
)
# Sentences of the command line that say that something is wrong; the guide explains each.
TROUBLE = re.compile(
    r"compute\.reason\.|probes\.reason\.(mail_|tls|password|refused)|cli\.(settings|folder|port|database|notice|role)\.|cli\.build\.(failed|no_node)|cli\.run\.child"
    r"|cli\.people\.(no_such|taken|not_an)|cli\.backup\.(exists|not_written|nothing)"
    r"|cli\.doctor\.(python_old|node_none|folder_open|folder_full|database_old|no_admin|redis_silent"
    r"|scheduler_silent|mail_down|certificate_ends)$"
)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    """The text without blocks of code and without comments."""
    return re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)


def without_spans(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", without_code(text))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def ignored() -> set[str]:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return {line.strip("/") for line in lines if line and not line.startswith("#")} | {".git"}


def test_the_settings_table_of_readme_is_the_generated_one():
    text = README.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python -m docs.readme_settings"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_spans(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} in {name_of(page)}"
        assert not anchor or anchor in anchors(there), f"no heading for {target} in {name_of(page)}"


@pytest.mark.parametrize("page", OURS, ids=name_of)
def test_every_file_that_is_named_exists(page):
    spans = re.findall(r"`([^`\n]+)`", without_code(page.read_text(encoding="utf-8")))
    paths = [span for span in spans if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]*", span)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_and_commands_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    known = {*names(), *(f"{name}_FILE" for name in secret_names())}
    assert set(re.findall(r"KEEPAI_[A-Z][A-Z_]*[A-Z]", text)) <= known
    commands = parser()._subparsers._group_actions[0].choices
    assert set(re.findall(r"python -m keepai ([a-z][a-z-]+)", text)) <= commands.keys()
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)", text)) <= set(targets)


def test_the_map_names_every_folder_and_every_script():
    text = (DOCS / "map.md").read_text(encoding="utf-8")
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - ignored()
    packages = [
        f"{path.parent.name}/{path.name}"
        for top in ("keepai", "components", "services")
        for path in (ROOT / top).iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ]
    missing = [name for name in [*sorted(folders), *sorted(packages)] if f"`{name}/`" not in text]
    assert missing == []
    scripts = sorted(path.name for path in (ROOT / "assets").rglob("*.js") if "external" not in path.parts)
    assert scripts
    assert [name for name in scripts if f"`assets/{name}`" not in text] == []


def test_the_list_of_decisions_is_complete():
    text = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))
    assert records
    assert re.findall(r"\((\d{4}[\w-]+\.md)\)", text) == records


def glossary() -> list[list[str]]:
    """The rows of the glossary: word, Portuguese label, English label, key of the label, code, meaning."""
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| **")
    ]
    assert rows
    return rows


@pytest.mark.parametrize("row", glossary(), ids=lambda row: row[0].strip("*"))
def test_the_glossary_gives_the_labels_of_the_screen_and_names_of_the_code(row):
    _word, portuguese, english, key, code, meaning = row
    assert meaning
    if key:
        assert words("pt-BR")[key.strip("`")] == portuguese
        assert words("en")[key.strip("`")] == english
    for name in re.findall(r"`([\w.]+)`", code):
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), name


def test_every_word_stands_in_the_glossary_once():
    found = [row[0] for row in glossary()]
    assert sorted(set(found)) == sorted(found)


def test_the_guide_has_the_same_pages_in_both_languages():
    pages = [sorted(path.name for path in (GUIDES / locale).glob("*.md")) for locale in LOCALES]
    assert pages[0] == pages[1]
    assert len(pages[0]) > 1


def said(locale: str, text: str) -> bool:
    """Whether the screen or the command line says this, whatever fills the placeholders."""
    plain = text.replace(" ", "\u00a0")
    for value in words(locale).values():
        pattern = "(.+)".join(map(re.escape, re.split(r"\{\w+\}", value)))
        # A text that is little but placeholders ("{browser} on {system}") would allow nearly everything.
        fixed = re.sub(r"\{\w+\}|\W", "", value)
        if ("{" not in value or len(fixed) > 5) and (
            re.fullmatch(pattern, text) or re.fullmatch(pattern, plain)
        ):
            return True
    return False


@pytest.mark.parametrize("page", sorted(GUIDES.rglob("*.md")), ids=name_of)
def test_what_the_guide_prints_bold_is_what_the_screen_says(page):
    locale = page.parent.name
    bold = re.findall(r"\*\*(.+?)\*\*", " ".join(without_spans(page.read_text(encoding="utf-8")).split()))
    assert [text for text in bold if not said(locale, text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_guide_explains_every_sentence_of_trouble(locale):
    text = (GUIDES / locale / "trouble.md").read_text(encoding="utf-8")
    sentences = {
        key: re.sub(r"\{\w+\}", "…", value) for key, value in words(locale).items() if TROUBLE.match(key)
    }
    assert len(sentences) > 40
    assert {key: sentence for key, sentence in sentences.items() if sentence not in text} == {}
