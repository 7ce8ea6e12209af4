"""`/settings`: one's own profile, password and sessions."""

import reflex as rx

from components import settings as parts
from keepai.pages.sections import section
from keepai.pages.shell import role_word
from state.session import SessionState
from state.settings import SettingsState
from state.words import t

ON_LOAD = SettingsState.load


def page() -> rx.Component:
    """The settings page."""
    return section(
        rx.el.div(
            rx.cond(SettingsState.must_change, parts.must_change()),
            rx.cond(SettingsState.insecure, parts.insecure()),
            rx.el.div(
                rx.el.div(
                    parts.profile(
                        name=SettingsState.name,
                        email=SettingsState.email,
                        role=role_word(),
                        errors=SettingsState.profile_errors,
                        saving=SettingsState.profile_saving,
                        on_leave=SettingsState.check_name,
                        on_save=SettingsState.save_profile,
                    ),
                    parts.password(
                        errors=SettingsState.password_errors,
                        changed=SettingsState.password_changed,
                        has_password=SessionState.has_password,
                        on_leave=SettingsState.check_password,
                        on_change=SettingsState.change_password,
                    ),
                    parts.own_data(
                        open=SettingsState.deleting,
                        error=SettingsState.delete_error,
                        has_password=SessionState.has_password,
                        on_ask=SettingsState.ask_delete,
                        on_delete=SettingsState.delete_account,
                        on_export=SettingsState.export_data,
                    ),
                    class_name="k-stack",
                ),
                parts.sessions(
                    SettingsState.sessions,
                    on_end=SettingsState.end_session,
                    on_end_others=SettingsState.end_others,
                ),
                class_name="k-halves",
            ),
            class_name="k-stack",
        ),
        title=t("settings.profile"),
        name="profile",
    )
