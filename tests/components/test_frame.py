"""The frame: what it always offers, and what pwa.js relies on."""

import re
from pathlib import Path

import pytest
import reflex as rx

from components import frame, ui
from state.words import Words

ROOT = Path(__file__).parents[2]
PAGES = {"/", "/workers", "/system", "/alerts", "/notes", "/jobs", "/settings"}


class Around(rx.State):
    """What a page hands to its frame."""

    at: float = 0
    age_ms: float = 0
    toasts: list[ui.Toast] = []
    rows: list[frame.PaletteRow] = []

    @rx.event
    def language(self, language: str):
        """The language switch."""

    @rx.event
    def close(self, id: str):
        """Closes a toast."""


@pytest.fixture(scope="module")
def drawn() -> str:
    return str(
        frame.frame(
            rx.el.p("x"),
            title="Title",
            place="workers",
            person=frame.Person(
                id="p", name="Ana", initials="A", email="a@b", role="Admin", zone="UTC", theme=""
            ),
            live=frame.Live(Around.at, Around.age_ms),
            on_language=Around.language,
            on_theme=Around.language,
            palette=frame.Palette(Around.rows, on_pick=Around.close),
            messages=frame.Messages(Around.toasts, Around.close),
            notices=[ui.strip("x")],
        )
    )


@pytest.mark.parametrize("name", ["live-status", "language-switch", "theme-switch"])
def test_what_scripts_rely_on_is_there_once(drawn, name):
    assert drawn.count(f'"data-testid":"{name}"') == 1


def test_react_never_sets_the_state_of_the_live_light(drawn):
    light = re.search(r'jsx\("span",\{className:"k-light".*?\},jsx\(', drawn)[0]
    assert '"data-testid":"live-status"' in light
    assert "data-state" not in light
    for word in ("live", "connecting", "reconnecting", "offline", "network", "since"):
        assert f'"data-{word}":' in light


def test_nothing_leads_nowhere(drawn):
    addresses = set(re.findall(r'\b(?:to|href):"(/[^"#]*)"', drawn))
    assert addresses == PAGES


def test_the_current_place_is_marked_in_the_rail_and_in_the_bottom_bar(drawn):
    current = re.findall(r'jsx\(ReactRouterLink,\{"aria-current":"page"[^}]*to:"([^"]+)"', drawn)
    assert current == ["/workers", "/workers"]


def test_there_is_one_heading_of_the_first_level(drawn):
    assert drawn.count('jsx("h1"') == 1


def test_the_skip_link_leads_to_the_content(drawn):
    assert 'jsx("a",{className:"k-skip",href:"#content"}' in drawn
    assert 'jsx("main",' in drawn
    assert 'id:"content"' in drawn


def test_signing_out_is_a_post_that_the_router_does_not_catch(drawn):
    forms = re.findall(r'jsx\("form",\{([^}]*)\}', drawn)
    assert len(forms) == 2
    for form in forms:
        assert 'action:"/auth/logout"' in form
        assert 'method:"post"' in form
        assert "onSubmit" not in form


def test_every_letter_after_g_goes_to_one_place(drawn):
    letters = re.findall(r'"data-k-go":"(\w)"', drawn)
    assert len(letters) == len(set(letters)) == len(PAGES)


def test_the_live_light_hears_of_the_socket(drawn):
    assert '"data-down":(connectErrors.length > 0)' in drawn


def test_a_person_sees_only_their_places():
    hidden = frame.Group(None, [frame.Place("x", "X", "/x", "server", "x", visible=Around.at > 0)])
    text = str(frame._rail([hidden], "y"))
    assert re.search(r"at_rx_state_ > 0.*to:\"/x\"", text)


def test_a_key_that_only_some_may_use_is_shown_only_to_them():
    text = str(frame._shortcuts([], [(("X",), "pick it", Around.at > 0)]))
    assert re.search(r"at_rx_state_ > 0.*\"pick it\"", text)


def test_the_title_of_the_tab_says_how_much_needs_attention():
    title = str(frame.tab_title("Workers", attention=Around.at.to(int)))
    assert '"("+' in title.replace(" ", "")
    assert "KeepAI" in title


def test_the_language_of_the_tab_reaches_the_browser(drawn):
    assert f'"data-k-language":{Words.language!s}' in drawn


def test_every_data_attribute_the_script_looks_for_is_written_somewhere():
    script = (ROOT / "assets" / "pwa.js").read_text(encoding="utf-8")
    looked_for = set(re.findall(r"\[(data-k-[a-z-]+)", script)) - {"data-k-arrows", "data-k-offline-words"}
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "components").rglob("*.py"))
    written += (ROOT / "assets" / "offline.html").read_text(encoding="utf-8")
    missing = {name for name in looked_for if name not in written and name.replace("-", "_") not in written}
    assert len(looked_for) > 20
    assert missing == set()


def test_head_names_files_that_exist():
    for element in frame.head():
        for address in re.findall(r'(?:href|src):"(/[^"]+)"', str(element)):
            assert (ROOT / "assets" / address.lstrip("/")).is_file(), address
    for address in frame.STYLESHEETS:
        assert (ROOT / "assets" / address.lstrip("/")).is_file()
