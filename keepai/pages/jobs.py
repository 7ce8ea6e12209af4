"""`/jobs`: the long work that one asked for."""

import reflex as rx

from components import jobs as parts
from keepai.pages.shell import shell
from state.jobs import JobList, JobsState
from state.words import t

ON_LOAD = JobsState.load


def page() -> rx.Component:
    """The page of one's own jobs."""
    return shell(
        parts.jobs(
            JobList.rows,
            ready=JobList.ready,
            on_cancel=JobsState.cancel,
            on_retry=JobsState.retry,
            on_remove=JobsState.remove,
        ),
        title=t("jobs.title"),
        place="jobs",
    )
