"""What KeepAI says while it works and afterwards: skeletons, empty and broken views, dialogs, toasts, progress."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypedDict

import reflex as rx
from reflex_components_core.el.elements.other import Dialog

from components.ui.actions import button
from components.ui.base import Content, Flag, Number, Text, given, icon, inline, link, look


class Toast(TypedDict):
    """One brief message. `state` is a state's name; `action` is empty when there is nothing to do, else a link to
    `href`, or a button for the event that `toasts` knows by the name `event`.

    A toast leaves by itself after 6 s, with an action after 12 s, unless `stays` (errors and running jobs);
    `percent` below 0 means no bar.
    """

    id: str
    state: str
    title: str
    text: str
    action: str
    href: str
    event: str
    percent: float
    stays: bool


def skeleton(*, width: str = "100%", height: str = "12px", **props: Any) -> rx.Component:
    """A grey block in the shape of what will come; it shows after 200 ms."""
    return rx.el.span(
        class_name=look(props, "k-skeleton"),
        aria_hidden="true",
        **inline(width=width, height=height),
        **props,
    )


def skeleton_tile(**props: Any) -> rx.Component:
    """The four lines of a tile."""
    return rx.el.div(
        skeleton(width="46%"),
        skeleton(width="72%", height="28px"),
        skeleton(width="58%"),
        class_name=look(props, "k-card k-tile loading"),
        **props,
    )


def skeleton_rows(
    rows: int, widths: Sequence[str] = ("30%", "16%", "22%", "12%"), **props: Any
) -> rx.Component:
    """Rows of a table or a list; `widths` are those of the blocks in a row."""
    line = [skeleton(width=width) for width in widths]
    return rx.el.div(*[rx.el.div(*line, class_name="k-skeleton-row") for _ in range(rows)], **props)


def skeleton_box(*, height: str, **props: Any) -> rx.Component:
    """A plot or a picture of this height."""
    return rx.el.div(
        class_name=look(props, "k-skeleton box"), aria_hidden="true", **inline(height=height), **props
    )


def loading(content: Content, *, ready: Flag, skeleton: Content, label: Text) -> rx.Component:
    """`skeleton` until `ready`, spoken as `label`; then `content`."""
    return rx.cond(ready, content, rx.el.div(skeleton, role="status", aria_label=label, aria_busy="true"))


def empty(
    title: Content,
    text: Content,
    *,
    name: Text = "box",
    actions: Sequence[Content] = (),
    level: Literal[2, 3] = 3,
    **props: Any,
) -> rx.Component:
    """Nothing here yet: what will be here, and the one action that fills it. `level` is 2 where no heading but the
    page's stands above it."""
    return _centred(name, title, text, actions, level=level, **props)


def broken(
    title: Content,
    text: Content,
    *,
    name: Text = "database-zap",
    actions: Sequence[Content] = (),
    request: Content | None = None,
    **props: Any,
) -> rx.Component:
    """Something failed: `title` says what, `text` what still holds, `actions` what to do; `request` is its number."""
    return _centred(name, title, text, actions, tone="critical", foot=request, role="alert", **props)


def not_allowed(
    title: Content, text: Content, *, actions: Sequence[Content] = (), **props: Any
) -> rx.Component:
    """No permission: `title` says whose it is, `text` who can grant it."""
    return _centred("lock", title, text, actions, **props)


def _centred(
    name: Text,
    title: Content,
    text: Content,
    actions: Sequence[Content],
    *,
    tone: str = "",
    foot: Content | None = None,
    level: Literal[2, 3] = 3,
    **props: Any,
) -> rx.Component:
    heading = rx.el.h2 if level == 2 else rx.el.h3
    return rx.el.div(
        rx.el.span(icon(name, size=20), class_name=f"k-round {tone}".strip()),
        heading(title),
        rx.el.p(text),
        *([rx.el.div(*actions, class_name="k-row k-wrap")] if actions else []),
        *([rx.el.p(foot, class_name="k-caption")] if foot is not None else []),
        class_name=look(props, "k-centred"),
        **props,
    )


def strip(
    *content: Content,
    state: str = "warning",
    name: Text = "s-warning",
    action: Content | None = None,
    **props: Any,
) -> rx.Component:
    """A line across the page that says what does not hold at the moment, and since when."""
    return rx.el.div(
        icon(name),
        rx.el.div(*content, class_name="k-grow"),
        *([action] if action is not None else []),
        class_name=look(props, "k-strip", f"s-{state}"),
        **props,
    )


def progress(
    percent: Number, *, label: Text, detail: Content = "", figure: Content | None = None, **props: Any
) -> rx.Component:
    """How far a piece of work is: its name, a bar, and a line about what is done and what remains."""
    return rx.el.div(
        rx.el.div(
            rx.el.span(label, class_name="k-medium k-ellipsis"),
            rx.el.span(figure if figure is not None else f"{percent} %", class_name="k-second"),
            class_name="k-row between",
        ),
        rx.el.div(
            rx.el.b(**inline(width=f"{percent}%")),
            role="progressbar",
            aria_label=label,
            aria_valuenow=percent,
            aria_valuemin=0,
            aria_valuemax=100,
            class_name="k-bar wide",
        ),
        rx.el.span(detail, class_name="k-caption"),
        class_name=look(props, "k-progress"),
        **props,
    )


class NativeDialog(Dialog):
    """The browser's own dialog: it keeps the focus inside, closes on Esc and gives the focus back."""

    on_close: rx.EventHandler[rx.event.no_args_event_spec]


def dialog(
    *content: Content,
    id: str,
    label: Text,
    open: Flag | None = None,
    on_close: Any = None,
    kind: str = "",
    role: str | None = None,
    **props: Any,
) -> rx.Component:
    """A dialog over the page. With `open` (a Var) the state shows and hides it, and hears of it by `on_close`;
    without, a button with data_k_opens=id opens it in the browser alone. `kind`: "", "wide", "palette", "sheet" or
    "bell".
    """
    return NativeDialog.create(
        *content,
        id=id,
        aria_label=label,
        class_name=look(props, "k-dialog", kind),
        **given(data_k_open=open, on_close=on_close, role=role),
        **props,
    )


def confirm(
    title: Text,
    *text: Content,
    id: str,
    open: Flag,
    action: Text,
    cancel: Text,
    on_confirm: Any,
    on_cancel: Any,
    note: Content | None = None,
    busy: Flag | None = None,
    busy_label: Text | None = None,
    danger: bool = True,
    **props: Any,
) -> rx.Component:
    """Asks before what cannot be undone: the title names the object, the text the consequence.

    The focus starts on Cancel when the action destroys.
    """
    first = {"data_k_first": ""}
    return dialog(
        rx.el.h2(title),
        *[rx.el.p(part) for part in text],
        *([rx.el.p(note, class_name="k-second")] if note is not None else []),
        rx.el.div(
            button(cancel, data_k_closes="", **(first if danger else {})),
            button(
                action,
                variant="danger_solid" if danger else "primary",
                busy=busy if busy is not None else False,
                busy_label=busy_label,
                on_click=on_confirm,
                **({} if danger else first),
            ),
            class_name="k-row k-dialog-actions",
        ),
        id=id,
        label=title,
        open=open,
        on_close=on_cancel,
        role="alertdialog",
        **props,
    )


def sheet(
    *content: Content, id: str, label: Text, close_label: Text, open: Flag | None = None, on_close: Any = None
) -> rx.Component:
    """From below on a phone, a dialog on a wide screen; dragging it down, Esc and a click beside it close it."""
    return dialog(
        rx.el.span(class_name="k-grip", data_k_grip="", aria_hidden="true"),
        rx.el.button(
            icon("x"),
            type="button",
            aria_label=close_label,
            data_k_closes="",
            class_name="k-button quiet only k-sheet-close",
        ),
        *content,
        id=id,
        label=label,
        open=open,
        on_close=on_close,
        kind="sheet",
    )


class ToastItem(rx.el.Li):  # type: ignore[misc]
    """A toast whose life is a CSS animation, which stands still under the pointer or the focus."""

    on_animation_end: rx.EventHandler[rx.event.no_args_event_spec]


def toasts(
    rows: rx.Var[list[Toast]],
    *,
    on_close: Any,
    label: Text,
    close_label: Text,
    events: Mapping[str, Any] = MappingProxyType({}),
) -> rx.Component:
    """Brief messages at the lower right, at most three; `on_close` receives the id of one that has had its time.

    `events` are what messages may offer, by name; each receives the id of its message.
    """

    def offer(toast: rx.Var[Toast]) -> rx.Component:
        look = {"size": "small", "class_name": "k-toast-action"}
        leads = link(toast["action"], href=toast["href"], class_name="k-button small k-toast-action")
        return rx.match(
            toast["event"],
            ("", leads),
            *[
                (name, button(toast["action"], busy=False, on_click=event(toast["id"]), **look))
                for name, event in events.items()
            ],
            rx.fragment(),
        )

    def one(toast: rx.Var[Toast]) -> rx.Component:
        return ToastItem.create(
            rx.el.span(icon(f"s-{toast['state']}"), class_name=f"k-word s-{toast['state']}"),
            rx.el.div(
                rx.el.p(toast["title"], class_name="k-medium"),
                rx.cond(toast["text"] != "", rx.el.p(toast["text"], class_name="k-second")),
                rx.cond(
                    toast["percent"] >= 0,
                    rx.el.div(
                        rx.el.b(**inline(width=f"{toast['percent']}%")),
                        class_name="k-bar wide",
                        role="progressbar",
                        aria_label=toast["title"],
                        aria_valuenow=toast["percent"],
                    ),
                ),
                class_name="k-grow",
            ),
            rx.cond(toast["action"] != "", offer(toast)),
            rx.el.button(
                icon("x"),
                type="button",
                aria_label=close_label,
                on_click=on_close(toast["id"]),
                class_name="k-button quiet only small",
            ),
            key=toast["id"],
            class_name=rx.cond(toast["stays"], "k-toast stays", "k-toast"),
            on_animation_end=on_close(toast["id"]),
        )

    return rx.el.section(
        rx.el.ol(rx.foreach(rows, one)), aria_label=label, aria_live="polite", class_name="k-toasts"
    )
