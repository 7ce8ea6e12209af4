"""`/system`: everything around the compute, and its task stream."""

import reflex as rx

from components import outbox as outbox_parts
from components import system as parts
from components import workers as worker_parts
from keepai.pages.shell import shell
from state.dashboard import Live
from state.outbox import Outbox, OutboxState
from state.session import SessionState
from state.system import WINDOWS, Asked, Storage, Stream, SystemLive, SystemState
from state.words import t
from state.workers import WorkersState

ON_LOAD = SystemState.load


def page() -> rx.Component:
    """The system page."""
    return shell(
        rx.el.div(
            rx.cond(
                Outbox.rows.length() > 0,
                outbox_parts.troubles(
                    Outbox.rows, more=Outbox.more, on_resend=OutboxState.resend, on_give_up=OutboxState.ask
                ),
            ),
            rx.el.div(
                parts.services(
                    Live.probes,
                    SystemLive.sparks,
                    may_check=SessionState.may_probe,
                    on_check=SystemState.check_probes,
                ),
                rx.el.div(
                    parts.host(SystemLive.host, name=SystemLive.hostname, ready=SystemLive.ready),
                    parts.storage(Storage.kept, total=Storage.total),
                    class_name="k-stack",
                ),
                class_name="k-two",
            ),
            parts.stream(
                state=Stream.state,
                lanes=Stream.lanes,
                ticks=Stream.ticks,
                legend=Stream.legend,
                window=Stream.window,
                windows=[(name, f"system.stream.{name}") for name in WINDOWS],
                on_window=SystemState.show_window,
                downloads=(
                    f"/api/v1/task-stream.csv?window={Stream.window}",
                    f"/api/v1/task-stream.json?window={Stream.window}",
                ),
            ),
            rx.el.div(
                rx.el.div(
                    parts.running_groups(
                        Live.groups,
                        compute=Live.compute,
                        may_act=SessionState.may_act,
                        busy=WorkersState.busy,
                        on_cancel=WorkersState.ask_cancel,
                    ),
                    parts.groups(
                        SystemLive.groups,
                        ready=SystemLive.ready,
                        downloads=("/api/v1/task-groups?format=csv", "/api/v1/task-groups?format=json"),
                    ),
                    class_name="k-stack",
                ),
                rx.el.div(
                    parts.versions(
                        state=Asked.state,
                        differences=Asked.differences,
                        mismatch=Asked.mismatch,
                        same=Asked.same,
                    ),
                    parts.scheduler_log(state=Asked.state, lines=Asked.lines),
                    class_name="k-stack",
                ),
                class_name="k-two",
            ),
            outbox_parts.confirm(
                OutboxState.pending, on_confirm=OutboxState.give_up, on_cancel=OutboxState.dismiss
            ),
            worker_parts.confirm(
                WorkersState.pending, on_confirm=WorkersState.confirm, on_cancel=WorkersState.dismiss
            ),
            class_name="k-stack k-fades-late",
        ),
        title=t("system.title"),
        place="system",
    )
