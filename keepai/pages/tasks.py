"""The tasks view of `/notes?view=tasks`, and the narrow pane of tasks beside a note."""

from typing import Any

import reflex as rx

from components import tasks as parts
from state.session import SessionState
from state.task_links import LinkedTasks, TaskLinksState
from state.tasks import NoteTasks, TaskPanel, TaskRows, TasksState
from state.words import t


def view() -> rx.Component:
    """The line, the list or the board, with the open task beside it."""
    return rx.el.div(
        parts.toolbar(
            show=TasksState.show,
            text=TasksState.text,
            text_key=TasksState.search_key,
            assignee=TasksState.assignee,
            priority=TasksState.priority,
            on_show=TasksState.look,
            on_search=TasksState.search,
            on_who=TasksState.narrow,
            on_priority=TasksState.weigh,
        ),
        rx.el.div(
            rx.el.div(
                rx.cond(SessionState.may_tasks & (TasksState.show != "trash"), _line(), rx.fragment()),
                _rows(),
                class_name="k-task-list k-fades-late",
            ),
            rx.cond(TasksState.selected != "", _panel(), rx.fragment()),
            class_name="k-task-two",
        ),
        class_name="k-tasks-view",
        data_testid="tasks",
    )


def beside_note(note_id: rx.Var[str]) -> rx.Component:
    """The tasks of a note and those that are due, for a narrow column."""
    return rx.el.div(
        rx.cond(SessionState.may_tasks, _line(note_id), rx.fragment()),
        rx.cond(
            NoteTasks.ready & (NoteTasks.note == note_id),
            rx.cond(
                NoteTasks.groups.length() > 0,
                parts.listed(
                    NoteTasks.groups,
                    selected="",
                    link="/notes?view=tasks&task=",
                    may=SessionState.may_tasks,
                    on_tick=TasksState.tick,
                    on_restore=TasksState.restore,
                    trash=False,
                ),
                rx.el.p(t("tasks.none_here"), class_name="k-caption"),
            ),
            parts.waiting(),
        ),
        class_name="k-tasks-pane",
        data_testid="note-tasks",
    )


def linked(kind: str, about: rx.Var[str]) -> rx.Component:
    """The tasks about the alert or the worker that is open."""
    return rx.cond(
        LinkedTasks.ready & (LinkedTasks.about == about),
        parts.linked(
            LinkedTasks.rows,
            kind=kind,
            about=about,
            asked=TaskLinksState.asked,
            title=TaskLinksState.title,
            team=TaskLinksState.team,
            errors=TaskLinksState.errors,
            may=SessionState.may_tasks,
            on_ask=TaskLinksState.ask,
            on_create=TaskLinksState.create,
        ),
        rx.fragment(),
    )


def _line(note_id: Any = None) -> rx.Component:
    return parts.quick_line(
        key=TasksState.line_key,
        line=TasksState.line,
        error=TasksState.line_error,
        chips=TasksState.chips,
        offers=TasksState.offers,
        offered=TasksState.offered,
        on_type=TasksState.typed,
        on_add=TasksState.add,
        on_offer=TasksState.offer,
        note=note_id,
    )


def _rows() -> rx.Component:
    board = parts.board(
        TaskRows.groups,
        selected=TasksState.selected,
        link=TasksState.link,
        may=SessionState.may_tasks,
        on_move=TasksState.move,
        on_shift=TasksState.shift,
    )
    listed = rx.fragment(
        parts.listed(
            TaskRows.groups,
            selected=TasksState.selected,
            link=TasksState.link,
            may=SessionState.may_tasks,
            on_tick=TasksState.tick,
            on_restore=TasksState.restore,
            trash=TasksState.show == "trash",
        ),
        rx.cond(TasksState.show != "trash", parts.keys(may=SessionState.may_tasks), rx.fragment()),
    )
    nothing = rx.cond(
        TasksState.narrowed, parts.none_found(on_clear=TasksState.clear), parts.none(show=TasksState.show)
    )
    return rx.cond(
        TaskRows.ready & (TaskRows.show == TasksState.show),
        rx.cond(
            TaskRows.failed,
            parts.failed(on_retry=TasksState.retry),
            rx.cond(TaskRows.found > 0, rx.cond(TasksState.show == "board", board, listed), nothing),
        ),
        parts.waiting(),
    )


def _panel() -> rx.Component:
    """Waits for the task that the address names; then shows it, or says that it is gone."""
    shown = parts.panel(
        TaskPanel.task,
        found=TaskPanel.found,
        story=TaskPanel.story,
        key=TasksState.panel_key,
        comment_key=f"{TasksState.selected}-{TasksState.comment_key}",
        errors=TasksState.errors,
        team=TasksState.team,
        on_put=TasksState.put,
        on_switch=TasksState.switch,
        on_move=TasksState.move,
        on_snooze=TasksState.snooze,
        on_remove=TasksState.remove,
        on_comment=TasksState.comment,
        on_add_item=TasksState.add_item,
        on_check_item=TasksState.check_item,
        on_remove_item=TasksState.remove_item,
        on_close=TasksState.close,
    )
    is_it = TaskPanel.ready & (TaskPanel.id == TasksState.selected)
    return rx.cond(is_it, shown, parts.panel_loading())
