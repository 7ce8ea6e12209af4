"""What runs inside the scheduler: it tells which workers changed, counts and cancels task groups, and notes which
task ran where and when.

Dask answers none of it over RPC in a form that is small and safe to read. The embedded scheduler loads this
module; to another scheduler its text is sent (see extension.py), so it may import nothing of KeepAI and must run
on whatever Python is there. Hooks are called for every task: they do next to nothing, and nothing at all once
nobody has asked for a minute.
"""

from __future__ import annotations

from collections import deque
from inspect import signature
from time import perf_counter, time
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin

NAME = "keepai"
IDLE = 60.0  # s without a question after which groups are no longer watched
KEPT = 2000  # finished groups kept for the next question
MOST = 300  # groups in one answer
STREAM_IDLE = 15.0  # s without a question after which tasks are no longer noted
STREAM_KEPT = 5000  # noted steps kept
# Metrics that have a place in a worker's row, and some that nobody reads. One of those names every other worker it
# ever talked to.
TAKEN = frozenset(
    {
        "task_counts",
        "bandwidth",
        "digests_total_since_heartbeat",
        "managed_bytes",
        "spilled_bytes",
        "transfer",
        "event_loop_interval",
        "cpu",
        "memory",
        "time",
        "host_net_io",
        "host_disk_io",
        "num_fds",
    }
)
# The states of tasks that still have something to do.
OPEN = ("processing", "waiting", "queued", "no-worker")


class _Run:
    """A task group from its first open task to its last. A group may run again later: counts start anew."""

    __slots__ = ("begun", "duration", "erred", "nbytes", "tasks")

    def __init__(self, begun: float, tasks: int, duration: float, nbytes: int) -> None:
        self.begun, self.tasks, self.duration, self.nbytes = begun, tasks, duration, nbytes
        self.erred = 0


class Extension(SchedulerPlugin):  # type: ignore[misc]  # distributed is untyped to us
    """Adds the operations `keepai_…` to a scheduler, one for each public method below."""

    name = NAME

    def __init__(self, version: int) -> None:
        self.version = version
        self.scheduler: Any = None
        self.asked = 0.0
        self.runs: dict[Any, _Run] = {}  # by task group
        self.ended: dict[str, tuple[Any, int, float, int]] = {}  # name -> group, tasks, duration, bytes then
        self.finished: deque[tuple[int, tuple[Any, ...]]] = deque(maxlen=KEPT)
        self.count = 0
        self.streamed = 0.0  # when somebody last asked for the task stream; 0: nobody looks
        self.steps: deque[tuple[Any, ...]] = deque(maxlen=STREAM_KEPT)
        self.step_count = 0
        self.results: dict[
            str, list[int]
        ] = {}  # by address of a worker: tasks that ended there, and that erred

    async def start(self, scheduler: Any) -> None:
        """Called by the scheduler when the plugin is added."""
        self.scheduler = scheduler
        scheduler.handlers["keepai_workers"] = self.workers
        scheduler.handlers["keepai_groups"] = self.groups
        scheduler.handlers["keepai_cancel"] = self.cancel
        scheduler.handlers["keepai_task_stream"] = self.task_stream
        scheduler.handlers["keepai_versions"] = self.versions
        scheduler.task_metadata[NAME] = self.version

    def update_graph(self, scheduler: Any, *, tasks: Any = (), **_: Any) -> None:
        """Called with the keys of new tasks."""
        if time() - self.asked > IDLE:
            if self.runs:
                self.runs.clear()  # task groups hold on to those they depend on
                self.ended.clear()
            return
        for key in tasks:
            task = scheduler.tasks.get(key)
            if task is not None and task.group not in self.runs:
                self._watch(task.group)

    def transition(self, key: Any, start: str, finish: str, *_: Any, **about: Any) -> None:
        """Called for every change of every task."""
        if finish == "erred":
            task = self.scheduler.tasks.get(key)
            run = self.runs.get(task.group) if task is not None else None
            if run is not None:
                run.erred += 1
        if start == "processing" and finish in ("memory", "erred"):
            counts = self.results.setdefault(about.get("worker") or "", [0, 0])
            counts[0] += 1
            counts[1] += finish == "erred"
            if self.streamed:
                self._note_steps(key, finish, about)

    def workers(self, since: float | None = None) -> dict[str, Any]:
        """The status of every worker, and a row for each that was heard from since `since` (`now` of the answer
        before), or for all. Of 1,000 workers 170 are heard from in a second.
        """
        now = time()
        workers = self.scheduler.workers
        for address in self.results.keys() - workers.keys():
            del self.results[address]
        return {
            "id": self.scheduler.id,
            "address": self.scheduler.address,
            "started": self.scheduler.time_started,
            "now": now,
            "statuses": {address: worker.status.name for address, worker in workers.items()},
            "workers": {
                address: (*_worker_row(worker), *self.results.get(address, (0, 0)))
                for address, worker in workers.items()
                if since is None or worker.last_seen >= since
            },
        }

    def groups(self, since: int | None = None) -> dict[str, Any]:
        """Groups with open tasks, and those finished after the cursor `since`; None asks for no old ones.

        A row is (name, states, bytes, seconds, start, stop). With them, the states of every prefix, and the
        seconds that it took to count.
        """
        began = perf_counter()
        if time() - self.asked > IDLE:
            self._watch_all()
        self.asked = time()
        running = []
        for group, run in list(self.runs.items()):
            left = sum(group.states.get(state, 0) for state in OPEN)
            if left:
                running.append((left, group))
            else:
                self._finish(group, run)
        for name in [
            n for n, ended in self.ended.items() if self.scheduler.task_groups.get(n) is not ended[0]
        ]:
            del self.ended[name]
        running.sort(key=lambda pair: -pair[0])
        news = [] if since is None else [row for number, row in self.finished if number > since]
        prefixes = {
            prefix.name: states
            for prefix in self.scheduler.task_prefixes.values()
            if (states := _states(prefix))
        }
        return {
            "cursor": self.count,
            "running": [_group_row(group) for _, group in running[:MOST]],
            "finished": news[-MOST:],
            "prefixes": prefixes,
            "took": perf_counter() - began,
        }

    def task_stream(self, since: int = 0) -> dict[str, Any]:
        """The steps noted after the cursor `since`; noting begins with the first question and ends by itself.

        A row is (worker, thread, prefix, action, start, stop, final state); times are unix seconds.
        """
        now = time()
        if now - self.streamed > STREAM_IDLE:
            self.steps.clear()
        self.streamed = now
        fresh = min(max(self.step_count - since, 0), len(self.steps))
        return {"cursor": self.step_count, "rows": list(self.steps)[len(self.steps) - fresh :]}

    def versions(self) -> dict[str, Any]:
        """The packages of every worker by its address, as the workers told when they came."""
        return {
            address: dict((worker.versions or {}).get("packages") or {})
            for address, worker in self.scheduler.workers.items()
        }

    def cancel(self, name: str, prefix: bool = False) -> dict[str, int]:
        """Release the tasks of a group (or of all groups of a prefix) and all that waits for them.

        Whoever wants them stops wanting them, as if each client had cancelled, and is told so; the scheduler
        then forgets them with everything that was only needed for them. A task that is running in a thread
        runs to its end and its result is dropped. Returns how many `tasks` the group had, how many keys were
        `released`, and how many tasks of it are `left`. Walks over all tasks once.
        """
        scheduler = self.scheduler
        tasks = [
            task
            for task in scheduler.tasks.values()
            if (task.group.prefix.name if prefix else task.group.name) == name
        ]
        doomed, stack = set(tasks), list(tasks)
        while stack:
            for task in stack.pop().dependents:
                if task not in doomed:
                    doomed.add(task)
                    stack.append(task)
        wanted: dict[str, list[Any]] = {}
        for task in doomed:
            for client in task.who_wants or ():
                wanted.setdefault(client.client_key, []).append(task.key)
        message: dict[str, Any] = {"op": "cancelled-keys"}
        if "reason" in signature(scheduler.stimulus_cancel).parameters:  # else its clients know no reason
            message.update(reason="keepai", msg=f"{name} was cancelled in KeepAI")
        for client_key, keys in wanted.items():
            scheduler.client_releases_keys(
                keys=keys, client=client_key, stimulus_id=f"keepai-cancel-{time()}"
            )
            scheduler.report({**message, "keys": keys}, client=client_key)
        released = sum(len(keys) for keys in wanted.values())
        scheduler.log_event("all", {"action": "cancel-group", "group": name, "count": released})
        left = sum(1 for task in tasks if scheduler.tasks.get(task.key) is task)
        return {"tasks": len(tasks), "released": released, "left": left}

    def _note_steps(self, key: Any, finish: str, about: dict[str, Any]) -> None:
        if time() - self.streamed > STREAM_IDLE:
            self.streamed = 0.0
            self.steps.clear()
            return
        task = self.scheduler.tasks.get(key)
        if task is None:
            return
        for step in about.get("startstops") or ():
            place = (about.get("worker"), about.get("thread"), task.prefix.name)
            self.steps.append((*place, step["action"], step["start"], step["stop"], finish))
            self.step_count += 1

    def _watch_all(self) -> None:
        self.runs.clear()
        self.ended.clear()
        for group in self.scheduler.task_groups.values():
            if any(group.states.get(state, 0) for state in OPEN):
                self._watch(group)

    def _watch(self, group: Any) -> None:
        ended = self.ended.get(group.name)
        if ended is not None and ended[0] is group:
            self.runs[group] = _Run(time(), *ended[1:])
        else:
            self.runs[group] = _Run(0.0, 0, 0.0, 0)

    def _finish(self, group: Any, run: _Run) -> None:
        del self.runs[group]
        tasks, nbytes = sum(group.states.values()), max(group.nbytes_total, 0)
        self.ended[group.name] = (group, tasks, group.duration, nbytes)
        done = tasks - run.tasks
        if done <= 0:
            return
        erred = min(done, run.erred)
        states = {"memory": done - erred, "erred": erred}
        start = max(group.start, run.begun)
        duration = max(0.0, group.duration - run.duration)
        row = (group.name, states, max(0, nbytes - run.nbytes), duration, start, group.stop)
        self.count += 1
        self.finished.append((self.count, row))


def _worker_row(worker: Any) -> tuple[Any, ...]:
    """What is read of a worker, in the order of `readings.worker_row`. Names are left out: with those of all their
    metrics, a thousand workers are four times as many bytes."""
    metrics = worker.metrics
    spilled = _mapping(metrics.get("spilled_bytes"))
    net, disk = _mapping(metrics.get("host_net_io")), _mapping(metrics.get("host_disk_io"))
    more = None if TAKEN.issuperset(metrics) else {n: v for n, v in metrics.items() if n not in TAKEN}
    return (
        worker.name,
        worker.host,
        worker.nanny,
        worker.nthreads,
        worker.memory_limit,
        metrics.get("memory"),
        metrics.get("managed_bytes"),
        spilled.get("disk"),
        metrics.get("cpu"),
        worker.last_seen,
        metrics.get("task_counts"),
        net.get("read_bps"),
        net.get("write_bps"),
        disk.get("read_bps"),
        disk.get("write_bps"),
        metrics.get("event_loop_interval"),
        metrics.get("num_fds"),
        more,
        worker.local_directory,
    )


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _group_row(group: Any) -> tuple[Any, ...]:
    nbytes = max(group.nbytes_total, 0)
    return (group.name, _states(group), nbytes, group.duration, group.start, group.stop)


def _states(collection: Any) -> dict[str, int]:
    return {state: count for state, count in collection.states.items() if count > 0}
