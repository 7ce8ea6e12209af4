"""`/notes` and `/notes/[id]`: what people write down, found again, read and written."""

import reflex as rx

from components import notes as parts
from components import ui
from keepai.pages import tasks
from keepai.pages.shell import shell
from state.note_links import LinkedNotes, NoteLinksState
from state.notes import NoteOpen, NoteRows, NotesState
from state.session import SessionState
from state.tasks import TasksState
from state.words import t

# Each shows its view, where the address asks for it.
ON_LOAD = [NotesState.load, TasksState.load]


def page() -> rx.Component:
    """The list, while no note is open; or the tasks."""
    written = _desk(parts.nothing_open(any_=NoteRows.found > 0, on_new=NotesState.new))
    return _page(
        rx.cond(TasksState.shown, tasks.view(), written),
        title=rx.cond(TasksState.shown, t("tasks.tasks"), t("frame.notes")),
    )


def one() -> rx.Component:
    """The list, and a note beside it."""
    return _page(_desk(_note()), title=t("frame.notes"))


def _desk(beside: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.div(_list(), class_name="k-notes-list k-fades-late"),
        beside,
        ui.confirm(
            t("notes.delete.title"),
            t("notes.delete.text"),
            id="delete-note",
            open=NotesState.asked,
            action=t("notes.delete"),
            cancel=t("common.cancel"),
            on_confirm=NotesState.delete_for_good,
            on_cancel=NotesState.ask_delete(False),
        ),
        class_name="k-notes",
    )


def _page(content: rx.Component, *, title: rx.Var[str]) -> rx.Component:
    return shell(
        content,
        title=title,
        place="notes",
        keys=[(("J", "K"), t("alerts.keys.move"), True)],
        flush=True,
    )


def linked(kind: str, about: rx.Var[str]) -> rx.Component:
    """The notes about the rule of the alert, or the worker, that is open."""
    return rx.cond(
        LinkedNotes.ready & LinkedNotes.can & (LinkedNotes.about == about),
        parts.linked(
            LinkedNotes.rows,
            error=NoteLinksState.error,
            key=NoteLinksState.key,
            may=SessionState.may_notes,
            on_tie=NoteLinksState.tie(kind, about),
        ),
        rx.fragment(),
    )


def _list() -> rx.Component:
    filters = parts.chips(
        folder=NotesState.folder,
        tag=NotesState.tag,
        shelf=NotesState.shelf,
        shared=NotesState.shared,
        on_narrow=NotesState.narrow,
        choose=parts.filter_menu(
            folders=NoteRows.folders,
            tags=NoteRows.tags,
            folder=NotesState.folder,
            tag=NotesState.tag,
            shelf=NotesState.shelf,
            shared=NotesState.shared,
            on_narrow=NotesState.narrow,
            saved=NotesState.saved,
            saved_error=NotesState.saved_error,
            saved_key=NotesState.saved_key,
            narrowed=NotesState.narrowed,
            on_save=NotesState.keep_search,
            on_forget=NotesState.forget_search,
        ),
    )
    return rx.fragment(
        rx.el.div(
            ui.link_button(t("tasks.tasks"), href="/notes?view=tasks", name="list-checks", variant="quiet"),
            class_name="k-notes-tasks",
        ),
        parts.toolbar(
            text=NotesState.text,
            text_key=NotesState.search_key,
            on_search=NotesState.search,
            on_new=NotesState.new,
            filters=filters,
        ),
        rx.cond(
            NoteRows.ready,
            rx.cond(
                NoteRows.rows.length() > 0,
                rx.fragment(
                    parts.listed(
                        NoteRows.rows,
                        selected=NotesState.selected,
                        base=NotesState.base,
                        tail=NotesState.tail,
                    ),
                    parts.more(shown=NoteRows.rows.length(), found=NoteRows.found, on_more=NotesState.more),
                ),
                rx.cond(
                    NotesState.narrowed,
                    parts.none_found(on_clear=NotesState.clear),
                    parts.none(on_new=NotesState.new),
                ),
            ),
            parts.waiting(),
        ),
    )


def _note() -> rx.Component:
    """The note that the address names. Its fields stay while the page hears of a server that was started anew, and
    knows nothing for a moment: somebody may be typing in them."""
    note, is_it = NoteOpen.note, NoteOpen.ready & (NoteOpen.id == NotesState.selected)
    shown = rx.el.div(
        parts.head(
            note,
            mode=NotesState.mode,
            back=NotesState.back,
            panel=NotesState.panel,
            on_mode=NotesState.show,
            on_pin=NotesState.pin,
            on_panel=NotesState.open_panel,
            on_archive=NotesState.archive,
            on_trash=NotesState.trash,
            export=f"/api/v1/notes/{NotesState.selected}/file",
        ),
        rx.el.div(
            rx.el.div(
                parts.trashed(note, on_back=NotesState.take_back, on_delete=NotesState.ask_delete(True)),
                rx.cond(
                    NoteOpen.clash["id"] != "",
                    parts.clash(NoteOpen.clash, on_settle=NotesState.settle),
                    rx.fragment(),
                ),
                rx.cond(
                    note["may_write"],
                    parts.filing(
                        note,
                        folders=NoteRows.folders,
                        error=NotesState.filing_error,
                        key=f"{NotesState.selected}-{note['folder']}-{note['tags'].join(',')}",
                        on_submit=NotesState.file_under,
                    ),
                    rx.fragment(),
                ),
                rx.el.div(
                    parts.editor(),
                    parts.prose(
                        note,
                        ready=is_it,
                        on_edit=NotesState.show("edit"),
                        on_box=NotesState.check_off,
                    ),
                    class_name="k-note-texts",
                ),
                rx.el.p(
                    note["written"],
                    rx.cond(note["shared"] != "", f" · {note['shared']}", ""),
                    class_name="k-caption",
                ),
                parts.subjects(note, on_untie=NotesState.untie),
                parts.backlinks(note, tail=NotesState.tail),
                class_name="k-note-page",
            ),
            rx.match(
                NotesState.panel,
                (
                    "history",
                    parts.history(
                        NotesState.history,
                        opened=NotesState.version,
                        title=NotesState.version_title,
                        pieces=NotesState.version_diff,
                        may_write=note["may_write"],
                        on_open=NotesState.show_version,
                        on_restore=NotesState.restore,
                        on_close=NotesState.open_panel,
                    ),
                ),
                (
                    "tasks",
                    parts.tasks_panel(tasks.beside_note(NotesState.selected), on_close=NotesState.open_panel),
                ),
                (
                    "share",
                    parts.sharing(
                        note,
                        team=NotesState.team,
                        error=NotesState.share_error,
                        on_share=NotesState.share_with,
                        on_level=NotesState.share_level,
                        on_remove=NotesState.unshare,
                        on_close=NotesState.open_panel,
                    ),
                ),
                rx.fragment(),
            ),
            class_name="k-note-two",
        ),
        class_name="k-note",
        data_k_note="",
        data_version=rx.cond(is_it, note["version"], 0),
        data_writes=note["may_write"],
        data_kept="loading",
        **ui.given(data_fresh=rx.cond(NotesState.fresh, "", None)),
    )
    return rx.cond(
        is_it & ~NoteOpen.found, rx.el.div(parts.gone(back=NotesState.back), class_name="k-note"), shown
    )
