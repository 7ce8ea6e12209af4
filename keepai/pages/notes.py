"""`/notes`: tasks, for now."""

import reflex as rx

from keepai.pages import tasks
from keepai.pages.shell import shell
from state.tasks import TasksState
from state.words import t

ON_LOAD = TasksState.load


def page() -> rx.Component:
    """The tasks view."""
    return shell(tasks.view(), title=t("tasks.tasks"), place="notes", flush=True)
