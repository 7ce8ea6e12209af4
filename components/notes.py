"""The pieces of the notes page: the list, the editor, the text, and what stands beside it."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Content, Text
from state.words import t, t_count

Row = rx.Var[Any]
SHELVES = ("active", "archived", "trash")
KEPT = ("loading", "saved", "typed", "sending", "away", "conflict", "refused")


# -- the list -----------------------------------------------------------------------------------------------------


def toolbar(*, text: Row, text_key: Row, on_search: Any, on_new: Any, filters: Content) -> rx.Component:
    """Search, a new note, and what is filtered by."""
    return rx.el.div(
        rx.el.div(
            ui.search_field(label=t("notes.search"), value=text, on_change=on_search, key=text_key),
            ui.icon_button(
                t("notes.new"),
                "plus",
                variant="primary",
                on_click=on_new,
                data_testid="new-note",
                data_k_new="",
            ),
            class_name="k-row",
        ),
        filters,
        class_name="k-note-tools",
    )


def chips(
    *,
    folder: Row,
    tag: Row,
    shelf: Row,
    shared: Row,
    on_narrow: Any,
    choose: Content,
) -> rx.Component:
    """What is filtered by, each to be taken away, and the menu that adds to it."""

    def active(shown: Row, label: Content, by: str, value: Content) -> rx.Component:
        return rx.cond(
            shown,
            ui.chip(
                rx.fragment(label, ui.icon("x", size=12)),
                pressed=True,
                large=False,
                on_click=on_narrow(by, value),
                aria_label=t("notes.filter.off", name=label) if isinstance(label, rx.Var) else None,
            ),
            rx.fragment(),
        )

    return rx.el.div(
        active(folder != "", folder, "folder", folder),
        active(tag != "", f"#{tag}", "tag", tag),
        active(shelf == "archived", t("notes.shelf.archived"), "shelf", "active"),
        active(shelf == "trash", t("notes.shelf.trash"), "shelf", "active"),
        active(shared == "yes", t("notes.shared.yes"), "shared", "yes"),
        active(shared == "no", t("notes.shared.no"), "shared", "no"),
        choose,
        role="group",
        aria_label=t("notes.filters"),
        class_name="k-row k-wrap k-note-chips",
    )


def filter_menu(
    *,
    folders: Row,
    tags: Row,
    folder: Row,
    tag: Row,
    shelf: Row,
    shared: Row,
    on_narrow: Any,
    saved: Row,
    saved_error: Row,
    saved_key: Row,
    narrowed: Row,
    on_save: Any,
    on_forget: Any,
) -> rx.Component:
    """Folders, tags, shelves, whose notes, and the searches that are kept."""

    def choices(title: Content, *items: Content) -> rx.Component:
        return rx.el.div(
            rx.el.p(title, class_name="k-caption"),
            rx.el.div(*items, class_name="k-row k-wrap"),
            class_name="k-note-choices",
        )

    def each(rows: Row, by: str, now: Row) -> Content:
        return rx.foreach(
            rows,
            lambda row: ui.chip(
                row["label"],
                number=row["count"],
                pressed=row["value"] == now,
                large=False,
                on_click=on_narrow(by, row["value"]),
                key=row["value"],
            ),
        )

    keep = rx.el.form(
        ui.field(
            ui.text_input(id="keep-search", name="name", max_length=60, error=saved_error),
            id="keep-search",
            label=t("notes.saved.name"),
            error=saved_error,
        ),
        ui.button(t("notes.saved.keep"), type="submit", size="small"),
        on_submit=on_save,
        key=saved_key,
        class_name="k-note-keep",
    )
    return ui.menu(
        choices(
            t("notes.shelf"),
            *[
                ui.chip(
                    t(f"notes.shelf.{name}"),
                    pressed=shelf == name,
                    large=False,
                    on_click=on_narrow("shelf", name),
                )
                for name in SHELVES
            ],
        ),
        choices(
            t("notes.whose"),
            *[
                ui.chip(
                    t(f"notes.shared.{name}"),
                    pressed=shared == name,
                    large=False,
                    on_click=on_narrow("shared", name),
                )
                for name in ("no", "yes")
            ],
        ),
        rx.cond(
            folders.length() > 0, choices(t("notes.folder"), each(folders, "folder", folder)), rx.fragment()
        ),
        rx.cond(tags.length() > 0, choices(t("notes.tags"), each(tags, "tag", tag)), rx.fragment()),
        rx.cond(
            (saved.length() > 0) | narrowed,
            rx.el.div(
                rx.el.p(t("notes.saved"), class_name="k-caption"),
                rx.foreach(
                    saved,
                    lambda row: rx.el.div(
                        ui.link(
                            row["name"], href=row["href"], class_name="k-grow k-ellipsis", data_k_closes=""
                        ),
                        ui.icon_button(
                            t("notes.saved.forget", name=row["name"]),
                            "x",
                            size="small",
                            on_click=on_forget(row["id"]),
                        ),
                        class_name="k-row",
                        key=row["id"],
                    ),
                ),
                rx.cond(narrowed, keep, rx.fragment()),
                class_name="k-note-choices",
            ),
            rx.fragment(),
        ),
        id="note-filters",
        label=t("notes.filters"),
        trigger=rx.fragment(ui.icon("list-filter", size=14), rx.el.span(t("notes.filters"))),
        trigger_class="k-chip",
        role="dialog",
        class_name="k-note-filters",
    )


def listed(rows: Row, *, selected: Row, base: Row, tail: Row) -> rx.Component:
    """The notes; J and K or the arrows move, Enter opens."""

    def one(row: Row) -> rx.Component:
        return rx.el.li(
            rx.el.div(
                ui.link(
                    row["title"],
                    href=f"{base}{row['id']}{tail}",
                    class_name="k-note-name k-ellipsis",
                    data_k_main="",
                ),
                rx.cond(
                    row["pinned"],
                    rx.el.span(ui.icon("pin", size=14), rx.el.span(t("notes.pinned"), class_name="k-unseen")),
                    rx.fragment(),
                ),
                class_name="k-row",
            ),
            rx.el.p(
                rx.foreach(
                    row["snippet"],
                    lambda piece: rx.cond(
                        piece["mark"], rx.el.mark(piece["text"]), rx.el.span(piece["text"])
                    ),
                ),
                class_name="k-note-snippet",
            ),
            rx.el.p(
                ui.age(row["at"]),
                rx.cond(
                    row["folder"] != "",
                    rx.el.span(
                        ui.icon("folder", size=12), row["folder"], class_name="k-note-where k-ellipsis"
                    ),
                    rx.fragment(),
                ),
                rx.cond(
                    row["by"] != "",
                    rx.el.span(ui.icon("user", size=12), row["by"], class_name="k-note-where k-ellipsis"),
                    rx.cond(
                        row["shared"],
                        rx.el.span(
                            ui.icon("users", size=12),
                            rx.el.span(t("notes.shared.mark"), class_name="k-unseen"),
                        ),
                        rx.fragment(),
                    ),
                ),
                class_name="k-caption k-row",
            ),
            key=row["id"],
            tab_index=-1,
            aria_current=rx.cond(selected == row["id"], "true", "false"),
            class_name="k-note-row",
            data_k_row="",
            data_testid="note-row",
            data_id=row["id"],
        )

    return rx.el.ul(
        rx.foreach(rows, one), aria_label=t("notes.list"), class_name="k-note-list", data_k_list=""
    )


def more(*, shown: Row, found: Row, on_more: Any) -> rx.Component:
    """The rest of the list."""
    return rx.cond(
        found > shown,
        rx.el.div(
            rx.el.p(t("notes.some", shown=shown, found=found), class_name="k-caption"),
            ui.button(t("notes.more"), on_click=on_more),
            class_name="k-more-rows",
        ),
        rx.fragment(),
    )


def none(*, on_new: Any) -> rx.Component:
    """There is no note yet."""
    return ui.empty(
        t("notes.none"),
        t("notes.none.text"),
        name="notebook-pen",
        actions=[ui.button(t("notes.new"), variant="primary", on_click=on_new)],
        level=2,
    )


def none_found(*, on_clear: Any) -> rx.Component:
    """Nothing fits what is looked for."""
    return ui.empty(
        t("notes.none_found"),
        t("notes.none_found.text"),
        name="search",
        actions=[ui.button(t("notes.clear"), on_click=on_clear)],
        level=2,
    )


def waiting() -> rx.Component:
    """The list before it is there."""
    return rx.el.div(
        ui.skeleton_rows(7, ("64%", "92%", "24%"), class_name="k-notes-loading"),
        role="status",
        aria_label=t("notes.loading"),
        aria_busy="true",
    )


# -- one note -----------------------------------------------------------------------------------------------------


def head(
    note: Row,
    *,
    mode: Row,
    back: Row,
    panel: Row,
    on_mode: Any,
    on_pin: Any,
    on_panel: Any,
    on_archive: Any,
    on_trash: Any,
    export: Row,
) -> rx.Component:
    """Where it lies, whether it is saved, and what can be done with it."""
    return rx.el.div(
        ui.link(
            ui.icon("arrow-left"),
            href=back,
            aria_label=t("notes.back"),
            class_name="k-button quiet only k-note-back",
            data_k_escape="",
        ),
        rx.el.span(
            rx.cond(
                note["folder"] != "",
                rx.fragment(ui.icon("folder", size=14), rx.el.span(note["folder"], class_name="k-ellipsis")),
                rx.fragment(),
            ),
            class_name="k-caption k-row k-note-folder",
        ),
        rx.el.span(class_name="k-grow"),
        rx.el.span(
            *[rx.el.span(t(f"notes.kept.{name}"), data_when=name) for name in KEPT],
            rx.el.span(data_k_note_said=""),
            role="status",
            class_name="k-caption k-note-kept",
        ),
        rx.cond(
            note["may_write"],
            ui.segmented(
                [(name, t(f"notes.mode.{name}")) for name in ("read", "edit", "split")],
                value=mode,
                label=t("notes.mode"),
                on_change=on_mode,
                size="small",
            ),
            rx.fragment(),
        ),
        ui.icon_button(
            rx.cond(note["pinned"], t("notes.unpin"), t("notes.pin")),
            "pin",
            pressed=note["pinned"],
            on_click=on_pin,
        ),
        ui.icon_button(
            t("tasks.tasks"),
            "list-checks",
            pressed=panel == "tasks",
            on_click=on_panel("tasks"),
            data_testid="note-tasks-button",
        ),
        ui.icon_button(
            t("notes.history"),
            "history",
            pressed=panel == "history",
            on_click=on_panel("history"),
            data_testid="history",
        ),
        rx.cond(
            note["is_own"],
            ui.icon_button(
                t("notes.share"),
                "users",
                pressed=panel == "share",
                on_click=on_panel("share"),
                data_testid="share",
            ),
            rx.fragment(),
        ),
        ui.menu(
            rx.cond(
                note["may_write"],
                ui.menu_item(
                    rx.cond(note["archived"], t("notes.unarchive"), t("notes.archive")),
                    name="archive",
                    on_click=on_archive,
                ),
                rx.fragment(),
            ),
            rx.el.A.create(
                ui.icon("download"),
                rx.el.span(t("notes.download")),
                href=export,
                download="",
                class_name="k-menu-item",
                role="menuitem",
                data_k_closes="",
            ),
            rx.cond(
                note["is_own"] & ~note["trashed"],
                ui.menu_item(t("notes.trash"), name="trash-2", danger=True, on_click=on_trash),
                rx.fragment(),
            ),
            id="note-more",
            label=t("notes.actions"),
            trigger=ui.icon("ellipsis"),
        ),
        class_name="k-note-head",
    )


def editor() -> rx.Component:
    """Title and text; assets/keeper.js reads and saves them. Both are there in every mode, so that what is typed is
    kept whatever is shown."""
    return rx.el.div(
        rx.el.input(
            type="text",
            max_length=200,
            placeholder=t("notes.title"),
            aria_label=t("notes.title"),
            auto_complete="off",
            read_only=True,
            data_k_note_title="",
            data_testid="note-title",
            class_name="k-note-title",
        ),
        rx.el.textarea(
            max_length=300_000,
            placeholder=t("notes.body"),
            aria_label=t("notes.body.label"),
            read_only=True,
            spell_check=True,
            data_k_note_body="",
            data_testid="note-body",
            class_name="k-note-body",
        ),
        class_name="k-note-editor",
    )


def prose(note: Row, *, ready: Row, on_edit: Any, on_box: Any) -> rx.Component:
    """The text as it is read, once it is there."""
    text = rx.fragment(
        rx.el.h2(
            rx.cond(note["title"] != "", note["title"], t("notes.untitled")),
            class_name="k-note-title k-note-only",
        ),
        rx.cond(
            note["empty"] & note["may_write"],
            rx.el.p(
                t("notes.empty"),
                " ",
                ui.button(t("notes.write"), name="pencil", size="small", on_click=on_edit),
                class_name="k-note-only",
            ),
            rx.html(note["html"], class_name="k-prose"),
        ),
    )
    waits = rx.el.div(
        ui.skeleton_rows(5, ("40%", "90%", "80%", "86%"), class_name="k-notes-loading"),
        role="status",
        aria_label=t("notes.loading"),
        aria_busy="true",
    )
    return rx.el.article(
        rx.cond(ready, text, waits),
        # What is pressed in the text itself: keeper.js writes the number of the box here.
        rx.el.input(
            type="text",
            on_change=on_box,
            data_k_box_wish="",
            class_name="k-unseen",
            aria_hidden="true",
            tab_index=-1,
        ),
        class_name="k-note-read",
        data_testid="note-text",
    )


def filing(note: Row, *, folders: Row, error: Row, key: Row, on_submit: Any) -> rx.Component:
    """Folder and tags, changed in place."""
    return rx.el.details(
        rx.el.summary(
            rx.foreach(note["tags"], lambda tag: rx.el.span(f"# {tag}", class_name="k-label-chip", key=tag)),
            rx.cond(
                note["tags"].length() == 0,
                rx.el.span(t("notes.file"), class_name="k-second"),
                rx.fragment(),
            ),
            ui.icon("chevron-down", size=12),
        ),
        ui.form(
            ui.field(
                ui.text_input(
                    id="note-folder",
                    name="folder",
                    default_value=note["folder"],
                    max_length=200,
                    list="note-folders",
                ),
                id="note-folder",
                label=t("notes.folder"),
                help=t("notes.folder.help"),
            ),
            rx.el.datalist(
                rx.foreach(folders, lambda row: rx.el.option(value=row["value"])), id="note-folders"
            ),
            ui.field(
                ui.text_input(
                    id="note-tags", name="tags", default_value=note["tags"].join(", "), max_length=900
                ),
                id="note-tags",
                label=t("notes.tags"),
                help=t("notes.tags.help"),
                error=error,
            ),
            ui.button(t("notes.file.save"), type="submit", size="small"),
            on_submit=on_submit,
        ),
        key=key,
        class_name="k-note-filing",
    )


def subjects(note: Row, *, on_untie: Any) -> rx.Component:
    """What the note is about."""

    def one(row: Row) -> rx.Component:
        return rx.el.span(
            ui.icon(rx.cond(row["kind"] == "rule", "bell", "server"), size=14),
            ui.link(row["label"], href=row["href"], class_name="k-link"),
            rx.cond(
                note["may_write"],
                ui.icon_button(
                    t("notes.about.remove", name=row["label"]),
                    "x",
                    size="small",
                    on_click=on_untie(row["kind"], row["id"]),
                ),
                rx.fragment(),
            ),
            class_name="k-note-subject k-row",
            key=row["id"],
        )

    return rx.cond(
        note["subjects"].length() > 0,
        rx.el.div(rx.foreach(note["subjects"], one), class_name="k-row k-wrap"),
        rx.fragment(),
    )


def backlinks(note: Row, *, tail: Row) -> rx.Component:
    """The notes that name this one."""
    rows = note["backlinks"]
    return rx.cond(
        rows.length() > 0,
        rx.el.footer(
            rx.el.h3(t_count("notes.named_in", rows.length(), number=rows.length()), class_name="k-caption"),
            rx.el.ul(
                rx.foreach(
                    rows,
                    lambda row: rx.el.li(
                        ui.link(
                            ui.icon("corner-up-left", size=14),
                            row["title"],
                            href=f"/notes/{row['id']}{tail}",
                            class_name="k-link",
                        ),
                        key=row["id"],
                    ),
                ),
                class_name="k-row k-wrap",
            ),
            class_name="k-note-backlinks",
        ),
        rx.fragment(),
    )


def trashed(note: Row, *, on_back: Any, on_delete: Any) -> rx.Component:
    """It lies in the trash."""
    return rx.cond(
        note["trashed"],
        ui.callout(
            rx.el.b(t("notes.in_trash")),
            " ",
            t("notes.in_trash.until", day=note["trashed_until"]),
            state="warning",
            action=rx.el.div(
                ui.button(t("notes.take_back"), name="undo-2", size="small", on_click=on_back),
                ui.button(t("notes.delete"), variant="danger", size="small", on_click=on_delete),
                class_name="k-row",
            ),
        ),
        rx.fragment(),
    )


def clash(found: Row, *, on_settle: Any) -> rx.Component:
    """Two texts beside each other, and the choice between them."""

    def side(title: Content, name: Row, pieces: Row) -> rx.Component:
        return rx.el.section(
            rx.el.h2(title),
            rx.el.p(name, class_name="k-medium"),
            diff(pieces),
            class_name="k-clash-side",
        )

    return rx.el.div(
        ui.callout(
            rx.el.b(t("notes.clash.title")),
            rx.el.p(
                rx.cond(found["by"] != "", t("notes.clash.text", who=found["by"]), t("notes.clash.text_own"))
            ),
            state="warning",
        ),
        rx.el.div(
            side(t("notes.clash.mine"), found["mine_title"], found["mine"]),
            side(
                rx.cond(
                    found["by"] != "",
                    t("notes.clash.theirs", who=found["by"]),
                    t("notes.clash.theirs_own"),
                ),
                found["theirs_title"],
                found["theirs"],
            ),
            class_name="k-clash-two",
        ),
        rx.el.div(
            ui.button(t("notes.clash.take_mine"), variant="primary", on_click=on_settle("mine")),
            ui.button(t("notes.clash.take_theirs"), on_click=on_settle("theirs")),
            ui.button(t("notes.clash.take_both"), on_click=on_settle("both")),
            class_name="k-row k-wrap",
        ),
        rx.el.p(t("notes.clash.kept"), class_name="k-caption"),
        class_name="k-clash",
        data_testid="clash",
    )


def diff(pieces: Row) -> rx.Component:
    """A text with what was added and removed."""
    return rx.el.div(
        rx.foreach(
            pieces,
            lambda piece: rx.match(
                piece["kind"],
                ("added", rx.el.ins(piece["text"])),
                ("removed", rx.el.del_(piece["text"])),
                rx.el.span(piece["text"]),
            ),
        ),
        class_name="k-diff",
        tab_index=0,
    )


def history(
    rows: Row,
    *,
    opened: Row,
    title: Row,
    pieces: Row,
    may_write: Row,
    on_open: Any,
    on_restore: Any,
    on_close: Any,
) -> rx.Component:
    """Every version, with what it changed."""

    def one(row: Row) -> rx.Component:
        is_open = opened == row["id"]
        return rx.el.li(
            rx.el.button(
                rx.el.span(
                    rx.el.span(row["when"], class_name="k-medium"),
                    rx.cond(row["kind"] == "restore", ui.fact(t("notes.version.restore")), rx.fragment()),
                    rx.cond(row["kind"] == "conflict", ui.fact(t("notes.version.conflict")), rx.fragment()),
                    class_name="k-row",
                ),
                rx.el.span(row["author"], class_name="k-caption k-grow k-ellipsis"),
                rx.el.span(row["amount"], class_name="k-caption k-number"),
                type="button",
                aria_expanded=is_open,
                on_click=on_open(row["id"]),
                class_name="k-version",
            ),
            rx.cond(
                is_open,
                rx.el.div(
                    rx.cond(title != "", rx.el.p(title, class_name="k-medium"), rx.fragment()),
                    rx.cond(
                        pieces.length() > 0,
                        diff(pieces),
                        rx.el.p(t("notes.version.empty"), class_name="k-caption"),
                    ),
                    rx.cond(
                        may_write,
                        ui.button(
                            t("notes.version.take"),
                            name="undo-2",
                            size="small",
                            on_click=on_restore(row["id"]),
                        ),
                        rx.fragment(),
                    ),
                    class_name="k-version-open",
                ),
                rx.fragment(),
            ),
            key=row["id"],
        )

    return ui.side_panel(
        rx.el.p(t("notes.history.help"), class_name="k-caption"),
        rx.el.ol(rx.foreach(rows, one), class_name="k-versions"),
        title=t("notes.history"),
        label=t("notes.history"),
        close_label=t("common.close"),
        on_close=on_close("history"),
        class_name="k-note-panel",
    )


def tasks_panel(content: Content, *, on_close: Any) -> rx.Component:
    """The tasks of the note, and what is due."""
    return ui.side_panel(
        content,
        title=t("tasks.tasks"),
        label=t("tasks.tasks"),
        close_label=t("common.close"),
        on_close=on_close("tasks"),
        class_name="k-note-panel",
    )


def sharing(
    note: Row,
    *,
    team: Row,
    error: Row,
    on_share: Any,
    on_level: Any,
    on_remove: Any,
    on_close: Any,
) -> rx.Component:
    """Who reads and writes it."""

    def one(row: Row) -> rx.Component:
        return rx.el.li(
            ui.icon(rx.cond(row["kind"] == "role", "users", "user")),
            rx.el.span(row["name"], class_name="k-grow k-ellipsis"),
            ui.choice(
                rx.el.option(t("notes.share.read"), value="read"),
                rx.el.option(t("notes.share.write"), value="write"),
                id=f"share-{row['key']}",
                name="level",
                value=row["level"],
                on_change=lambda level: on_level(row["key"], level),
                aria_label=t("notes.share.level", name=row["name"]),
            ),
            ui.icon_button(t("notes.share.remove", name=row["name"]), "x", on_click=on_remove(row["key"])),
            class_name="k-row",
            key=row["key"],
        )

    return ui.side_panel(
        rx.cond(
            note["shares"].length() > 0,
            rx.el.ul(rx.foreach(note["shares"], one), class_name="k-shares"),
            rx.el.p(t("notes.share.nobody"), class_name="k-caption"),
        ),
        ui.form(
            ui.field(
                ui.choice(
                    rx.el.option(t("notes.share.choose"), value=""),
                    rx.foreach(team, lambda row: rx.el.option(row["name"], value=row["key"])),
                    id="share-whom",
                    name="whom",
                    error=error,
                ),
                id="share-whom",
                label=t("notes.share.with"),
                error=error,
            ),
            ui.field(
                ui.select(
                    [("read", t("notes.share.read")), ("write", t("notes.share.write"))],
                    id="share-may",
                    name="level",
                ),
                id="share-may",
                label=t("notes.share.may"),
            ),
            ui.button(t("notes.share.add"), type="submit", name="user-plus"),
            on_submit=on_share,
        ),
        rx.el.p(t("notes.share.help"), class_name="k-caption"),
        title=t("notes.share"),
        label=t("notes.share"),
        close_label=t("common.close"),
        on_close=on_close("share"),
        class_name="k-note-panel",
    )


def gone(*, back: Row) -> rx.Component:
    """There is no such note, or not for this person."""
    return ui.empty(
        t("notes.gone"),
        t("notes.gone.text"),
        name="file-text",
        actions=[ui.link_button(t("notes.back"), href=back)],
        level=2,
    )


def nothing_open(*, any_: Row, on_new: Any) -> rx.Component:
    """Beside the list while no note is open."""
    return rx.el.div(
        rx.cond(
            any_,
            rx.fragment(
                rx.el.p(t("notes.choose"), class_name="k-caption"),
                ui.button(t("notes.new"), name="plus", on_click=on_new),
            ),
            rx.fragment(),
        ),
        class_name="k-note-nothing",
    )


def linked(rows: Row, *, error: Row, key: Row, may: Row, on_tie: Any) -> rx.Component:
    """The notes about an alert's rule or a worker, and a line for one more."""
    return rx.el.section(
        rx.el.h3(t("frame.notes")),
        rx.cond(
            rows.length() > 0,
            rx.el.ul(
                rx.foreach(
                    rows,
                    lambda row: rx.el.li(
                        ui.icon("notebook-pen", size=14),
                        ui.link(row["title"], href=f"/notes/{row['id']}", class_name="k-link"),
                        class_name="k-row",
                        key=row["id"],
                    ),
                ),
                class_name="k-note-about",
            ),
            rx.el.p(t("notes.about.none"), class_name="k-caption"),
        ),
        rx.cond(
            may,
            ui.form(
                ui.field(
                    rx.el.div(
                        ui.text_input(
                            id="about-title", name="title", max_length=200, auto_complete="off", error=error
                        ),
                        ui.button(t("notes.about.add"), type="submit", name="plus"),
                        class_name="k-row",
                    ),
                    id="about-title",
                    label=t("notes.about.title"),
                    help=t("notes.about.help"),
                    error=error,
                ),
                on_submit=on_tie,
                key=key,
            ),
            rx.fragment(),
        ),
        class_name="k-task-about",
        data_testid="linked-notes",
    )


def capture(*, link: Text = "/notes") -> rx.Component:
    """A thought on the way, from every page: kept in the browser first, then sent by keeper.js."""
    return ui.dialog(
        rx.el.form(
            rx.el.label(t("notes.capture.label"), html_for="k-capture-text", class_name="k-unseen"),
            rx.el.textarea(
                id="k-capture-text",
                name="body",
                max_length=300_000,
                rows=5,
                placeholder=t("notes.capture.placeholder"),
                auto_focus=True,
            ),
            rx.el.div(
                rx.el.span(
                    rx.el.span(t("notes.capture.help"), data_when=""),
                    rx.el.span(t("notes.kept.sending"), data_when="sending"),
                    rx.el.span(
                        t("notes.capture.saved"),
                        " ",
                        rx.el.A.create(
                            t("notes.capture.open"), href=link, class_name="k-link", data_k_captured=""
                        ),
                        data_when="saved",
                    ),
                    rx.el.span(t("notes.kept.away"), data_when="away"),
                    rx.el.span(t("notes.kept.refused"), data_when="refused"),
                    rx.el.span(data_k_note_said=""),
                    role="status",
                    class_name="k-caption k-note-kept k-grow",
                ),
                ui.button(t("notes.capture.keep"), variant="primary", type="submit"),
                class_name="k-row",
            ),
            data_k_capture="",
            data_kept="",
            class_name="k-capture",
        ),
        id="k-capture",
        label=t("notes.capture"),
    )
