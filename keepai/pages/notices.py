"""`/settings/notices`: how one wants to be told of alerts."""

import reflex as rx

from components import notices as parts
from keepai.pages.sections import section
from state.notices import NoticesState
from state.words import t

ON_LOAD = NoticesState.load


def page() -> rx.Component:
    """The form, and one's devices."""
    return section(
        rx.cond(
            NoticesState.ready,
            rx.fragment(
                parts.wishes(
                    form_key=NoticesState.form_key,
                    can_mail=NoticesState.can_mail,
                    can_sms=NoticesState.can_sms,
                    email=NoticesState.email,
                    mail=NoticesState.mail,
                    sms=NoticesState.sms,
                    push=NoticesState.push,
                    bell=NoticesState.bell,
                    jobs=NoticesState.jobs,
                    tasks=NoticesState.tasks,
                    texts=NoticesState.texts,
                    errors=NoticesState.errors,
                    on_choose=NoticesState.choose,
                    on_leave=NoticesState.leave,
                    on_save=NoticesState.save,
                ),
                parts.devices(
                    NoticesState.devices,
                    key=NoticesState.devices_key,
                    on_changed=NoticesState.devices_changed,
                    on_test=NoticesState.test_device,
                    on_remove=NoticesState.remove_device,
                ),
            ),
            parts.waiting(),
        ),
        title=t("notices.title"),
        name="notices",
    )
