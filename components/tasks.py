"""The pieces of the tasks view: the line in which one is typed, lists, the board, one task, and what stands beside a
note, an alert or a worker."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Content, Text
from state.words import t

Row = rx.Var[Any]
SHOWS = ("list", "board", "today", "trash")
STATES = ("open", "doing", "done", "dropped")
PRIORITIES = ("urgent", "high", "normal", "low")
REPEATS = ("none", "daily", "workdays", "weekly", "monthly", "yearly", "own")
FLAGS = {"urgent": "critical", "high": "warning", "low": "unknown"}


def toolbar(
    *,
    show: Row,
    text: Row,
    text_key: Row,
    assignee: Row,
    priority: Row,
    on_show: Any,
    on_search: Any,
    on_who: Any,
    on_priority: Any,
) -> rx.Component:
    """List, board, today or trash; words, whose, how urgent."""
    return rx.el.div(
        ui.link_button(t("frame.notes"), href="/notes", name="notebook-pen", variant="quiet"),
        ui.segmented(
            [(name, t(f"tasks.show.{name}")) for name in SHOWS],
            value=show,
            label=t("tasks.show"),
            on_change=on_show,
        ),
        ui.search_field(label=t("tasks.search"), value=text, on_change=on_search, key=text_key),
        rx.el.div(
            ui.chip(t("tasks.who.me"), pressed=assignee == "me", on_click=on_who("me")),
            ui.chip(t("tasks.who.nobody"), pressed=assignee == "nobody", on_click=on_who("nobody")),
            *[
                ui.chip(
                    t(f"tasks.priority.{name}"),
                    name="flag",
                    pressed=priority == name,
                    on_click=on_priority(name),
                )
                for name in ("urgent", "high")
            ],
            role="group",
            aria_label=t("tasks.filter"),
            class_name="k-row k-wrap",
        ),
        class_name="k-toolbar k-task-tools",
    )


def quick_line(
    *,
    key: Row,
    line: Row,
    error: Row,
    chips: Row,
    offers: Row,
    offered: Row,
    on_type: Any,
    on_add: Any,
    on_offer: Any,
    note: Row | None = None,
) -> rx.Component:
    """One line that says it all, and what was understood of it."""
    hidden = [rx.el.input(type="hidden", name="note", value=note)] if note is not None else []
    return rx.el.form(
        *hidden,
        rx.el.label(t("tasks.quick"), html_for="task-line", class_name="k-unseen"),
        rx.el.div(
            ui.text_input(
                id="task-line",
                name="line",
                error=error,
                placeholder=t("tasks.quick.placeholder"),
                default_value=line,
                max_length=500,
                auto_complete="off",
                key=key,
                on_change=on_type.debounce(200),
                data_testid="task-line",
            ),
            ui.button(t("tasks.add"), name="plus", variant="primary", type="submit", data_testid="task-add"),
            class_name="k-row k-task-line",
        ),
        ui.field_error(error, id="task-line"),
        rx.el.div(
            rx.foreach(chips, _chip),
            rx.cond(
                offers,
                ui.chip(t("tasks.quick.offer"), name="bell", pressed=offered, on_click=on_offer, large=False),
                rx.fragment(),
            ),
            class_name="k-row k-wrap k-task-chips",
            aria_live="polite",
            data_testid="task-chips",
        ),
        on_submit=on_add,
        reset_on_submit=True,
        no_validate=True,
        class_name="k-task-quick",
    )


def _chip(chip: Row) -> rx.Component:
    return rx.el.span(
        ui.icon(chip["icon"], size=12),
        chip["text"],
        class_name=rx.cond(chip["wrong"], "k-chip k-task-wrong", "k-chip k-task-understood"),
        key=chip["kind"],
        data_kind=chip["kind"],
    )


def listed(
    groups: Row, *, selected: Row, link: Row, may: Row, on_tick: Any, on_restore: Any, trash: Row
) -> rx.Component:
    """Tasks in groups; J and K or the arrows move, Enter opens, X finishes."""

    def group(one: Row) -> rx.Component:
        return rx.el.section(
            rx.el.h2(
                rx.el.span(
                    one["word"], class_name=rx.cond(one["name"] == "overdue", "k-word s-critical", "")
                ),
                " ",
                rx.el.span(one["count"], class_name="k-second"),
                class_name="k-task-group",
            ),
            rx.el.ul(
                rx.foreach(
                    one["rows"].to(list[dict[str, Any]]),
                    lambda row: _row(
                        row,
                        selected=selected,
                        link=link,
                        may=may,
                        on_tick=on_tick,
                        on_restore=on_restore,
                        trash=trash,
                    ),
                ),
                aria_label=one["word"],
                class_name="k-task-rows",
            ),
            key=one["name"],
            data_testid="task-group",
            data_group=one["name"],
        )

    return rx.el.div(rx.foreach(groups, group), class_name="k-task-groups", data_k_list="")


def _row(
    row: Row, *, selected: Row, link: Row, may: Row, on_tick: Any, on_restore: Any, trash: Row
) -> rx.Component:
    box = ui.checkbox(
        "",
        checked=row["done"],
        on_change=lambda _: on_tick(row["id"], ~row["done"].to(bool)),
        aria_label=t("tasks.tick", name=row["title"]),
        disabled=~may,
    )
    return rx.el.li(
        rx.cond(trash, rx.fragment(), box),
        rx.el.div(
            rx.cond(
                trash,
                rx.el.span(row["title"], class_name="k-medium"),
                ui.link(
                    row["title"],
                    href=f"{link}{row['id']}",
                    class_name=rx.cond(row["done"], "k-task-title done", "k-task-title"),
                    data_k_main="",
                ),
            ),
            _facts(row),
            class_name="k-grow",
        ),
        rx.cond(
            trash,
            ui.button(
                t("tasks.restore"),
                size="small",
                busy=False,
                on_click=on_restore(row["id"]),
                aria_label=t("tasks.restore_of", name=row["title"]),
            ),
            _owner(row),
        ),
        key=row["id"],
        tab_index=-1,
        class_name="k-task",
        aria_current=rx.cond(selected == row["id"], "true", "false"),
        data_k_row="",
        data_testid="task-row",
        data_id=row["id"],
        data_state=row["state"],
    )


def _owner(row: Row) -> rx.Component:
    return rx.cond(
        row["initials"] != "",
        rx.el.span(
            rx.el.span(row["initials"], aria_hidden="true"),
            rx.el.span(row["owner"], class_name="k-unseen"),
            class_name="k-avatar small",
            custom_attrs={"title": row["owner"]},
        ),
        rx.fragment(),
    )


def _facts(row: Row) -> rx.Component:
    """What is known of it, each with its icon; what is not there takes no room."""

    def fact(name: str, icon: str, look: Text = "") -> rx.Component:
        return rx.cond(
            row[name] != "",
            rx.el.span(ui.icon(icon, size=12), row[name], class_name=f"k-task-fact {look}"),
            rx.fragment(),
        )

    late = rx.match(row["tone"], ("late", "k-word s-critical"), ("today", "k-task-today"), "")
    flag = rx.match(row["priority"], *[(name, f"k-word s-{state}") for name, state in FLAGS.items()], "")
    return rx.el.p(
        fact("due", "calendar", late),
        rx.cond(
            row["priority"] != "",
            rx.el.span(ui.icon("flag", size=12), row["priority_word"], class_name=f"k-task-fact {flag}"),
            rx.fragment(),
        ),
        fact("repeat", "repeat"),
        fact("remind", "bell"),
        fact("checklist", "list-checks"),
        fact("comments", "message-square"),
        rx.cond(
            row["about"] != "",
            rx.el.span(ui.icon(row["about_icon"], size=12), row["about"], class_name="k-task-fact"),
            rx.fragment(),
        ),
        fact("note", "file-text"),
        rx.cond(
            row["team"],
            rx.el.span(ui.icon("users", size=12), t("tasks.team.short"), class_name="k-task-fact"),
            rx.fragment(),
        ),
        class_name="k-caption k-task-facts",
    )


def board(columns: Row, *, selected: Row, link: Row, may: Row, on_move: Any, on_shift: Any) -> rx.Component:
    """A column for each state. A card is moved by its list of states and its arrows, with the keyboard as well."""

    def column(one: Row) -> rx.Component:
        return rx.el.section(
            rx.el.h2(
                one["word"], " ", rx.el.span(one["count"], class_name="k-second"), class_name="k-task-group"
            ),
            rx.el.ul(
                rx.foreach(
                    one["rows"].to(list[dict[str, Any]]),
                    lambda row: _card(
                        row, selected=selected, link=link, may=may, on_move=on_move, on_shift=on_shift
                    ),
                ),
                aria_label=one["word"],
                class_name="k-task-cards",
                data_k_list="",
            ),
            key=one["name"],
            class_name="k-task-column",
            data_testid="task-column",
            data_state=one["name"],
        )

    return rx.el.div(
        rx.foreach(columns, column),
        class_name="k-task-board",
        tab_index=0,
        role="region",
        aria_label=t("tasks.show.board"),
    )


def _card(row: Row, *, selected: Row, link: Row, may: Row, on_move: Any, on_shift: Any) -> rx.Component:
    tools = rx.el.div(
        ui.choice(
            *[rx.el.option(t(f"tasks.state.{state}"), value=state) for state in STATES],
            id=f"move-{row['id']}",
            name="state",
            value=row["state"],
            on_change=lambda state: on_move(row["id"], state),
            aria_label=t("tasks.move", name=row["title"]),
        ),
        ui.icon_button(
            t("tasks.up", name=row["title"]), "arrow-up", size="small", on_click=on_shift(row["id"], -1)
        ),
        ui.icon_button(
            t("tasks.down", name=row["title"]), "arrow-down", size="small", on_click=on_shift(row["id"], 1)
        ),
        rx.el.span(class_name="k-grow"),
        _owner(row),
        class_name="k-row k-task-card-tools",
    )
    return rx.el.li(
        ui.link(row["title"], href=f"{link}{row['id']}", class_name="k-task-title", data_k_main=""),
        _facts(row),
        rx.cond(may, tools, _owner(row)),
        key=row["id"],
        tab_index=-1,
        class_name="k-task-card",
        aria_current=rx.cond(selected == row["id"], "true", "false"),
        data_k_row="",
        data_testid="task-card",
        data_id=row["id"],
    )


def none(*, show: Row) -> rx.Component:
    """Nothing to be done."""
    return rx.match(
        show,
        ("today", ui.empty(t("tasks.none_today"), t("tasks.none_today_text"), name="s-ok", level=2)),
        ("trash", ui.empty(t("tasks.none_trash"), t("tasks.none_trash_text"), name="trash-2", level=2)),
        ui.empty(t("tasks.none"), t("tasks.none_text"), name="list-checks", level=2),
    )


def none_found(*, on_clear: Any) -> rx.Component:
    """The filter lets nothing through."""
    return ui.empty(
        t("tasks.none_found"),
        t("tasks.none_found_text"),
        name="list-filter",
        level=2,
        actions=[ui.button(t("tasks.clear"), on_click=on_clear)],
    )


def failed(*, on_retry: Any) -> rx.Component:
    """They could not be read."""
    return ui.broken(
        t("tasks.failed"), t("tasks.failed_text"), actions=[ui.button(t("common.retry"), on_click=on_retry)]
    )


def waiting() -> rx.Component:
    """The shape of a list."""
    return rx.el.div(
        ui.skeleton_rows(7, ("4%", "56%", "8%"), class_name="k-task-loading"),
        role="status",
        aria_label=t("tasks.loading"),
        aria_busy="true",
    )


def keys(*, may: Row) -> rx.Component:
    """The keys of the list."""
    return rx.el.p(
        rx.el.kbd("J"),
        rx.el.kbd("K"),
        t("workers.keys.move"),
        " ",
        rx.el.kbd("Enter"),
        t("workers.keys.open"),
        rx.cond(may, rx.fragment(" ", rx.el.kbd("X"), t("tasks.keys.tick")), rx.fragment()),
        class_name="k-keys k-caption k-task-keys k-wide-only",
    )


# -- one task ---------------------------------------------------------------------------------------------------


def panel(
    task: Row,
    *,
    found: Row,
    story: Row,
    key: Row,
    comment_key: Row,
    errors: Row,
    team: Row,
    on_put: Any,
    on_switch: Any,
    on_move: Any,
    on_snooze: Any,
    on_remove: Any,
    on_comment: Any,
    on_add_item: Any,
    on_check_item: Any,
    on_remove_item: Any,
    on_close: Any,
) -> rx.Component:
    """One task beside the list. Each field is kept as soon as it is left."""
    close = ui.icon_button(t("tasks.close"), "x", on_click=on_close, data_k_escape="")
    head = rx.el.div(
        rx.cond(
            task["open"],
            ui.badge(task["state_word"], state="info", name="circle-dashed"),
            ui.badge(task["state_word"], state="ok", name="check"),
        ),
        rx.el.span(
            t("tasks.by", who=task["author"]),
            " ",
            ui.age(task["created"], short=True),
            class_name="k-second k-grow",
        ),
        rx.cond(
            task["may"],
            ui.icon_button(
                t("tasks.delete"), "trash-2", on_click=on_remove(task["id"]), data_testid="task-delete"
            ),
            rx.fragment(),
        ),
        close,
        class_name="k-row",
    )
    actions = rx.el.div(
        rx.cond(
            task["open"],
            ui.button(
                t("tasks.finish"),
                name="check",
                variant="primary",
                busy=False,
                on_click=on_move(task["id"], "done"),
                data_testid="task-finish",
            ),
            ui.button(t("tasks.reopen"), name="undo-2", busy=False, on_click=on_move(task["id"], "open")),
        ),
        rx.cond(
            task["state"] == "open",
            ui.button(t("tasks.begin"), name="play", busy=False, on_click=on_move(task["id"], "doing")),
            rx.fragment(),
        ),
        rx.cond(
            task["open"],
            ui.button(
                t("tasks.drop"),
                name="ban",
                variant="quiet",
                busy=False,
                on_click=on_move(task["id"], "dropped"),
            ),
            rx.fragment(),
        ),
        class_name="k-row k-wrap",
    )
    shown = rx.el.aside(
        head,
        rx.el.h2(task["title"]),
        rx.cond(task["may"], actions, ui.callout(t("tasks.read_only"), state="info")),
        _links(task),
        rx.el.fieldset(
            _fields(task, errors=errors, team=team, on_put=on_put, on_switch=on_switch, on_snooze=on_snooze),
            disabled=~task["may"].to(bool),
            key=key,
            class_name="k-task-fields",
        ),
        _checklist(
            task,
            error=errors["item"],
            on_add=on_add_item,
            on_check=on_check_item,
            on_remove=on_remove_item,
        ),
        rx.el.section(
            rx.el.h3(t("tasks.story")),
            ui.timeline(rx.foreach(story, _line)),
            _comment_form(key=comment_key, error=errors["comment"], on_submit=on_comment),
            class_name="k-story",
        ),
        aria_label=t("tasks.panel", name=task["title"]),
        class_name="k-panel k-alert-panel k-task-panel",
        data_testid="task-panel",
        data_state=task["state"],
    )
    gone = rx.el.aside(
        rx.el.div(rx.el.span(class_name="k-grow"), close, class_name="k-row"),
        ui.empty(t("tasks.gone"), t("tasks.gone_text"), name="list-checks", level=2),
        aria_label=t("tasks.gone"),
        class_name="k-panel k-alert-panel k-task-panel",
    )
    return rx.cond(found, shown, gone)


def panel_loading() -> rx.Component:
    """The shape of a task."""
    return rx.el.aside(
        ui.skeleton(width="40%"),
        ui.skeleton(width="70%", height="28px"),
        ui.skeleton(width="60%", height="32px"),
        ui.skeleton_rows(5),
        class_name="k-panel k-alert-panel k-task-panel",
        aria_busy="true",
        aria_label=t("tasks.loading"),
    )


def _links(task: Row) -> rx.Component:
    def leads(name: Text, href: Text, icon: Text) -> rx.Component:
        return rx.cond(
            href != "",
            ui.link(
                ui.icon(icon), rx.el.span(name, class_name="k-ellipsis"), href=href, class_name="k-chip large"
            ),
            rx.cond(
                name != "",
                rx.el.span(
                    ui.icon(icon), rx.el.span(name, class_name="k-ellipsis"), class_name="k-chip large"
                ),
                rx.fragment(),
            ),
        )

    return rx.cond(
        (task["about"] != "") | (task["note"] != ""),
        rx.el.div(
            leads(task["about"], task["about_href"], task["about_icon"]),
            leads(task["note"], task["note_href"], "file-text"),
            class_name="k-row k-wrap k-task-links",
            data_testid="task-links",
        ),
        rx.fragment(),
    )


def _fields(
    task: Row, *, errors: Row, team: Row, on_put: Any, on_switch: Any, on_snooze: Any
) -> rx.Component:
    def typed(name: str, label: Text, kind: str = "text", **props: Any) -> rx.Component:
        field = {"day": "day", "time": "time", "remind": "remind"}.get(name, name)
        return ui.field(
            ui.text_input(
                id=f"task-{name}",
                name=name,
                type=kind,
                error=errors[name],
                default_value=task[field],
                on_blur=lambda value: on_put(name, value),
                **props,
            ),
            id=f"task-{name}",
            label=label,
            error=errors[name],
        )

    def chosen(name: str, label: Text, value: Row, *options: Content, **props: Any) -> rx.Component:
        return ui.field(
            ui.choice(
                *options,
                id=f"task-{name}",
                name=name,
                value=value,
                error=errors[name],
                on_change=lambda picked: on_put(name, picked),
                **props,
            ),
            id=f"task-{name}",
            label=label,
            error=errors[name],
        )

    people = rx.foreach(team, lambda one: rx.el.option(one["name"], value=one["id"], key=one["id"]))
    repeats = [
        rx.el.option(t(f"tasks.repeat.choice.{name}"), value=name) for name in REPEATS if name != "own"
    ]
    own = rx.cond(task["repeat_choice"] == "own", rx.el.option(task["repeat"], value="own"), rx.fragment())
    return rx.fragment(
        typed("title", t("tasks.title"), max_length=200, auto_complete="off"),
        ui.field(
            ui.text_area(
                id="task-text",
                name="text",
                error=errors["text"],
                default_value=task["text"],
                rows=4,
                max_length=20_000,
                placeholder=t("tasks.text.placeholder"),
                on_blur=lambda value: on_put("text", value),
            ),
            id="task-text",
            label=t("tasks.text"),
            error=errors["text"],
        ),
        rx.el.div(
            typed("day", t("tasks.day"), "date"),
            typed("time", t("tasks.time"), "time"),
            class_name="k-rule-two",
        ),
        rx.el.div(
            chosen("repeat", t("tasks.repeat"), task["repeat_choice"], *repeats, own),
            rx.cond(
                task["repeat_choice"] != "none",
                chosen(
                    "repeat_from",
                    t("tasks.repeat_from"),
                    task["repeat_from"],
                    *[rx.el.option(t(f"tasks.repeat_from.{one}"), value=one) for one in ("due", "done")],
                ),
                rx.fragment(),
            ),
            class_name="k-rule-two",
        ),
        rx.el.div(
            chosen(
                "assignee",
                t("tasks.assignee"),
                task["assignee_id"],
                rx.el.option(t("tasks.nobody"), value=""),
                people,
                key=team.length(),
            ),
            chosen(
                "priority",
                t("tasks.priority"),
                task["priority"],
                *[rx.el.option(t(f"tasks.priority.{one}"), value=one) for one in PRIORITIES],
            ),
            class_name="k-rule-two",
        ),
        typed("remind", t("tasks.remind"), "datetime-local", key=f"remind-{task['remind']}"),
        rx.el.div(
            *[
                ui.chip(t(f"tasks.snooze.{name}"), on_click=on_snooze(name), data_testid=f"snooze-{name}")
                for name in ("hour", "tomorrow", "none")
            ],
            role="group",
            aria_label=t("tasks.snooze"),
            class_name="k-row k-wrap",
        ),
        rx.cond(
            task["remind"] != "",
            ui.switch(
                t("tasks.until_done"),
                checked=task["until_done"],
                on_change=lambda _: on_switch("until_done", ~task["until_done"].to(bool)),
            ),
            rx.fragment(),
        ),
        ui.switch(
            t("tasks.team"),
            checked=task["team"],
            on_change=lambda _: on_switch("team", ~task["team"].to(bool)),
            data_testid="task-team",
        ),
    )


def _checklist(task: Row, *, error: Row, on_add: Any, on_check: Any, on_remove: Any) -> rx.Component:
    may = task["may"].to(bool)

    def line(item: Row) -> rx.Component:
        return rx.el.li(
            ui.checkbox(
                item["text"],
                checked=item["done"],
                on_change=lambda _: on_check(item["id"], ~item["done"].to(bool)),
                disabled=~may,
            ),
            rx.el.span(class_name="k-grow"),
            rx.cond(
                may,
                ui.icon_button(
                    t("tasks.item.remove", name=item["text"]),
                    "x",
                    size="small",
                    on_click=on_remove(item["id"]),
                ),
                rx.fragment(),
            ),
            key=item["id"],
            class_name="k-row",
        )

    add = rx.el.form(
        rx.el.label(t("tasks.item"), html_for="task-item", class_name="k-unseen"),
        ui.text_input(
            id="task-item",
            name="item",
            error=error,
            placeholder=t("tasks.item.placeholder"),
            max_length=200,
            auto_complete="off",
        ),
        ui.button(t("tasks.item.add"), name="plus", type="submit", busy=False),
        on_submit=on_add,
        reset_on_submit=True,
        no_validate=True,
        class_name="k-row k-task-line",
    )
    return rx.el.section(
        rx.el.h3(t("tasks.checklist"), " ", rx.el.span(task["items_said"], class_name="k-second")),
        rx.el.ul(rx.foreach(task["items"].to(list[dict[str, Any]]), line), class_name="k-task-items"),
        rx.cond(may, rx.fragment(add, ui.field_error(error, id="task-item")), rx.fragment()),
    )


def _comment_form(*, key: Row, error: Row, on_submit: Any) -> rx.Component:
    return ui.form(
        ui.field(
            ui.text_area(
                id="task-comment",
                name="text",
                error=error,
                placeholder=t("tasks.comment.placeholder"),
                max_length=4000,
                rows=2,
                data_k_sends="",
            ),
            id="task-comment",
            label=t("tasks.comment"),
            error=error,
        ),
        rx.el.div(
            ui.button(t("tasks.comment.send"), type="submit", busy=False), class_name="k-row k-form-actions"
        ),
        key=key,
        on_submit=on_submit,
        reset_on_submit=False,
        aria_label=t("tasks.comment"),
        class_name="k-comment",
    )


def _line(line: Row) -> rx.Component:
    return ui.timeline_item(
        rx.el.p(line["title"], class_name="k-medium"),
        rx.cond(line["note"] != "", rx.el.p(line["note"], class_name="k-said k-written"), rx.fragment()),
        time=ui.age(line["at"], short=True),
        state=line["look"],
        name=line["icon"],
        key=line["id"],
    )


# -- beside an alert or a worker --------------------------------------------------------------------------------


def linked(
    rows: Row,
    *,
    kind: str,
    about: Row,
    asked: Row,
    title: Row,
    team: Row,
    errors: Row,
    may: Row,
    on_ask: Any,
    on_create: Any,
) -> rx.Component:
    """The tasks about an alert or a worker, and a form for one more."""
    form = ui.form(
        ui.field(
            ui.text_input(
                id="linked-title",
                name="title",
                default_value=title,
                error=errors["title"],
                max_length=200,
                auto_complete="off",
                auto_focus=True,
            ),
            id="linked-title",
            label=t("tasks.title"),
            error=errors["title"],
        ),
        rx.el.div(
            ui.field(
                ui.choice(
                    rx.el.option(t("tasks.nobody"), value=""),
                    rx.foreach(team, lambda one: rx.el.option(one["name"], value=one["id"], key=one["id"])),
                    id="linked-assignee",
                    name="assignee",
                    error=errors["assignee"],
                ),
                id="linked-assignee",
                label=t("tasks.assignee"),
                error=errors["assignee"],
            ),
            ui.field(
                ui.text_input(id="linked-due", name="due", type="date", error=errors["due"]),
                id="linked-due",
                label=t("tasks.day"),
                error=errors["due"],
            ),
            class_name="k-rule-two",
        ),
        rx.el.p(t("tasks.linked.team"), class_name="k-help"),
        rx.el.div(
            ui.button(t("common.cancel"), variant="quiet", on_click=on_ask(kind, about)),
            ui.button(t("tasks.linked.create"), variant="primary", type="submit", busy=False),
            class_name="k-row k-form-actions",
        ),
        on_submit=on_create,
        reset_on_submit=False,
        key=asked,
        aria_label=t("tasks.linked.new"),
        class_name="k-in-place",
        data_testid="linked-form",
    )
    ask = ui.button(
        t("tasks.linked.new"),
        name="plus",
        size="small",
        on_click=on_ask(kind, about),
        data_testid="linked-new",
    )
    return rx.el.section(
        rx.el.div(
            rx.el.h3(t("tasks.tasks"), class_name="k-grow"),
            rx.cond(may & (asked != about), ask, rx.fragment()),
            class_name="k-row",
        ),
        rx.cond(may & (asked == about) & (about != ""), form, rx.fragment()),
        rx.cond(
            rows.length() > 0,
            rx.el.ul(rx.foreach(rows, _linked), class_name="k-task-linked"),
            rx.cond(asked != about, rx.el.p(t("tasks.linked.none"), class_name="k-caption"), rx.fragment()),
        ),
        class_name="k-task-about",
        data_testid="linked-tasks",
    )


def _linked(row: Row) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            ui.icon(rx.cond(row["done"], "circle-check", "circle-dashed")),
            class_name=rx.cond(row["state"] == "done", "k-word s-ok", "k-second"),
        ),
        rx.el.div(
            ui.link(
                row["title"],
                href=f"/notes?view=tasks&task={row['id']}",
                class_name=rx.cond(row["done"], "k-link k-task-title done", "k-link k-task-title"),
            ),
            rx.el.p(
                rx.match(
                    row["state"], *[(state, t(f"tasks.state.{state}")) for state in STATES], row["state"]
                ),
                rx.cond(row["owner"] != "", rx.fragment(" · ", row["owner"]), rx.fragment()),
                rx.cond(row["due"] != "", rx.fragment(" · ", row["due"]), rx.fragment()),
                class_name="k-caption",
            ),
            class_name="k-grow",
        ),
        key=row["id"],
        class_name="k-row",
        data_testid="linked-task",
        data_state=row["state"],
    )
