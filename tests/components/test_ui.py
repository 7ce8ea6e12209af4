"""The primitives: what of them matters to a keyboard, a screen reader, a slow click and a live value."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import reflex as rx

from components import ui
from components.ui.base import icon_names
from services.format import spark_path

ROOT = Path(__file__).parents[2]


class Piece(rx.State):
    """A state with one var of each kind that the primitives take."""

    text: str = ""
    number: int = 0
    flag: bool = False
    toasts: list[ui.Toast] = []

    @rx.event
    def act(self):
        """Something a button does."""

    @rx.event
    def choose(self, value: str):
        """Something that is told a value."""

    @rx.event
    def seen(self, first: int, visible: int):
        """Something that is told which rows are in sight."""


def drawn(component: rx.Component) -> str:
    return str(component)


def test_an_icon_that_does_not_exist_is_noticed_where_the_page_is_built():
    with pytest.raises(ValueError, match="no icon 'srever'"):
        ui.icon("srever")
    assert "/icons.svg#server" in drawn(ui.icon("server"))


def test_every_state_has_its_icon_and_its_colour():
    css = (ROOT / "assets" / "app.css").read_text(encoding="utf-8")
    for name in ui.STATES:
        assert f"s-{name}" in icon_names()
        assert re.search(rf"\.s-{name}\b", css)


def test_every_icon_named_in_the_code_exists():
    named = set()
    for folder in ("components", "keepai", "state", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                    ("ui.icon", ".icon_button")
                ):
                    at = 1 if ast.unparse(node.func).endswith("icon_button") else 0
                    if len(node.args) > at and isinstance(node.args[at], ast.Constant):
                        named.add(node.args[at].value)
    assert named - icon_names() == set()
    assert len(named) > 5


def test_live_values_are_inline_styles_and_not_classes():
    for piece in (
        ui.bar(Piece.number),
        ui.memory_bar(Piece.number, 1, 2),
        ui.progress(Piece.number, label="x"),
    ):
        text = drawn(piece)
        assert "style:" in text
        assert "css:" not in text


def test_a_live_style_brings_its_state_with_it():
    bar = ui.bar(Piece.number)
    assert any(Piece.get_full_name() in str(var._get_all_var_data()) for var in bar.children[0]._get_vars())


def test_a_button_that_works_says_so_and_cannot_be_pressed_twice():
    text = drawn(ui.button("Save", busy=Piece.flag, busy_label="Saving", on_click=Piece.act))
    assert '"data-k-once":""' in text
    assert '"aria-busy":' in text
    assert '"Saving"' in text
    assert "data-k-once" not in drawn(ui.button("Close", on_click=Piece.act))


def test_a_button_is_never_a_submit_by_accident():
    assert 'type:"button"' in drawn(ui.button("x"))
    assert 'type:"button"' in drawn(ui.icon_button("x", "server"))
    assert 'type:"button"' in drawn(ui.chip("x"))


def test_an_icon_button_has_a_name():
    assert '"aria-label":"Download"' in drawn(ui.icon_button("Download", "download"))


def test_further_class_names_are_added_and_do_not_replace():
    assert 'className:"k-card wide"' in drawn(ui.card("x", class_name="wide"))
    assert 'className:"k-button primary wide"' in drawn(ui.button("x", variant="primary", class_name="wide"))


def test_links_inside_stay_in_the_page_and_links_outside_leave_it():
    assert "ReactRouterLink" in drawn(ui.text_link("x", href="/workers"))
    assert "ReactRouterLink" not in drawn(ui.text_link("x", href="https://example.org"))
    assert "ReactRouterLink" not in drawn(ui.download("x", href="/api/v1/x.csv"))


def test_a_field_leads_to_its_help_and_its_error():
    text = drawn(
        ui.field(
            ui.text_input(id="mail", name="email", error=Piece.text),
            id="mail",
            label="x",
            help="y",
            error=Piece.text,
        )
    )
    assert 'htmlFor:"mail"' in text
    assert '"aria-describedby":"mail-help mail-error"' in text
    assert '"aria-invalid":' in text
    assert 'id:"mail-error"' in text


def test_a_segmented_control_says_which_is_chosen():
    text = drawn(
        ui.segmented([("1h", "1 h"), ("7d", "7 d")], value=Piece.text, label="x", on_change=Piece.choose)
    )
    assert text.count('"aria-pressed":') == 2
    assert 'role:"group"' in text


def test_tabs_and_their_panel_belong_together():
    tabs = drawn(
        ui.tabs([("a", "A"), ("b", "B")], value=Piece.text, label="x", on_change=Piece.choose, id="w")
    )
    panel = drawn(ui.tab_panel("x", value="a", id="w"))
    assert tabs.count('"aria-controls":"w-panel"') == 2
    assert 'id:"w-panel"' in panel
    assert '"aria-labelledby":"w-a"' in panel


def test_a_sorted_column_says_so():
    text = drawn(ui.head_cell("x", sort=Piece.text, on_sort=Piece.act))
    assert '"aria-sort":' in text
    assert "aria-sort" not in drawn(ui.head_cell("x"))


def test_what_destroys_starts_on_cancel():
    def first(danger: bool) -> str:
        dialog = ui.confirm(
            "x", "y", id="c", open=Piece.flag, action="Retire", cancel="Cancel",
            on_confirm=Piece.act, on_cancel=Piece.act, danger=danger,
        )  # fmt: skip
        (button,) = re.findall(
            r'jsx\("button",\{[^}]*"data-k-first"[^}]*\},jsx\("span",\{\},"(\w+)"', drawn(dialog)
        )
        return button

    assert first(danger=True) == "Cancel"
    assert "alertdialog" in drawn(ui.confirm(
        "x", id="c", open=Piece.flag, action="a", cancel="b", on_confirm=Piece.act, on_cancel=Piece.act
    ))  # fmt: skip


def test_scrolling_tells_the_rows_in_sight_and_again_at_rest():
    table = ui.virtual_table(
        [ui.virtual_head("x")], "", total=1000, on_scroll=Piece.seen, label="x", columns="1fr", id="v"
    )
    text = drawn(table)
    assert "onScroll:" in text
    assert "onScrollEnd:" in text
    assert '["throttle"] : 100' in text
    assert '"aria-rowcount":1000' in text


def test_a_virtual_row_lies_at_its_place():
    text = drawn(ui.virtual_row(ui.virtual_cell("x"), index=41))
    assert '"--index"] : 41' in text
    assert '"aria-rowindex":42' in text


def test_a_toast_closes_itself_by_its_life_unless_it_stays():
    text = drawn(ui.toasts(Piece.toasts, on_close=Piece.choose, label="x", close_label="y"))
    assert "onAnimationEnd:" in text
    assert '"k-toast stays" : "k-toast"' in text
    assert '"aria-live":"polite"' in text


def test_a_toast_offers_an_event_that_is_told_which_toast_it_was():
    plain = drawn(ui.toasts(Piece.toasts, on_close=Piece.choose, label="x", close_label="y"))
    assert plain.count("piece.choose") == 2
    text = drawn(
        ui.toasts(
            Piece.toasts, on_close=Piece.choose, label="x", close_label="y", events={"undo": Piece.choose}
        )
    )
    assert text.count("piece.choose") == 3
    assert 'JSON.stringify("undo")' in text
    assert '"data-k-once":""' in text  # pressed once


def test_only_one_path_travels_for_a_sparkline_and_its_area_ends_at_each_gap():
    path = spark_path([0, 10, None, 10, 0])
    area = re.search(r'd:(\(.*?"M\$1 \$2V40H\$1Z"\))', drawn(ui.sparkline(path)))
    node = Path(sys.prefix) / "bin" / "node"
    run = [node, "-e", f"process.stdout.write({area[1]})"]
    result = subprocess.run(run, capture_output=True, text=True, check=True)
    assert result.stdout == "M0 38L25 3V40H0ZM75 3L100 38V40H75Z"


def test_plotly_is_asked_for_in_one_pinned_small_bundle_and_only_by_plots():
    plot = ui.plot(rx.Var.create([]), title="x", label="y", language="en", zone="UTC")
    libraries = json.dumps([*plot._get_all_imports()])
    assert "plotly.js-basic-dist-min@3.7.0" in libraries
    for piece in (ui.tile("x", "1"), ui.sparkline(""), ui.card("x")):
        assert "plotly" not in json.dumps([*piece._get_all_imports()])


def test_every_class_the_pieces_ask_for_has_a_look():
    css = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "assets").glob("*.css"))
    asked = set()
    for path in (ROOT / "components" / "ui").glob("*.py"):
        for names in re.findall(
            r'(?:class_name=|look\(props, |classes\()f?"([^"]+)"', path.read_text(encoding="utf-8")
        ):
            asked |= {name for name in names.split() if name.startswith("k-") and "{" not in name}
    assert len(asked) > 60
    assert {name for name in asked if f".{name}" not in css} - {"k-tab-panel", "k-panel-actions"} == set()
