"""The pieces of the appearance section of the settings."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import ui
from components.frame import theme_choice
from state.words import t

Row = rx.Var[Any]


def language_and_theme(*, language: Row, on_language: Any, on_theme: Any) -> rx.Component:
    """In which language and in which colours; both change at once."""
    return ui.card(
        rx.el.div(
            _choice(
                t("appearance.language"),
                t("appearance.language.help"),
                ui.segmented(
                    [("pt-BR", "Português"), ("en", "English")],
                    value=language,
                    label=t("appearance.language"),
                    on_change=on_language,
                ),
            ),
            _choice(t("appearance.theme"), t("appearance.theme.help"), theme_choice(on_theme)),
            class_name="k-form",
        ),
        title=t("appearance.look"),
    )


def time_zone(
    *, zone: Row, zones: Sequence[str], at: Row, error: Row, ready: Row, on_leave: Any, on_save: Any
) -> rx.Component:
    """In which zone times are told, with the time that it is there; once it is known, so that nothing typed is lost."""
    form = ui.form(
        ui.field(
            ui.text_input(
                id="zone",
                name="zone",
                default_value=zone,
                max_length=100,
                on_blur=on_leave,
                custom_attrs={"list": "zones"},
                error=error,
                key=f"zone-{zone}",
                auto_complete="off",
                spell_check=False,
            ),
            id="zone",
            label=t("appearance.zone"),
            help=t("appearance.zone.help"),
            error=error,
        ),
        rx.el.datalist(*[rx.el.option(value=one) for one in zones], id="zones"),
        rx.el.p(t("appearance.zone.now"), " ", ui.clock(at), class_name="k-second", data_testid="zone-now"),
        ui.button(t("appearance.zone.save"), variant="primary", type="submit"),
        on_submit=on_save,
        reset_on_submit=False,
    )
    return ui.card(rx.cond(ready, form, ui.skeleton_rows(3, ("60%",))), title=t("appearance.times"))


def _choice(label: Any, help: Any, control: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="k-label-text"),
        control,
        rx.el.p(help, class_name="k-help"),
        class_name="k-field",
    )
