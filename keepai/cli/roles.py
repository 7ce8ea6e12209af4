"""What the supervisor starts: each role is a process of its own that ends with its parent."""

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepai import logs
from keepai.cli import ROOT
from keepai.cli.lifeline import die_with_parent
from keepai.cli.say import stop

if TYPE_CHECKING:
    from services.settings import Settings

APP = "keepai.keepai:app"
MANY_FILES = 65_536
APP_VARIABLE = "_KEEPAI_APP"  # tests of the supervisor serve a small app of their own


def web(parent: int | None) -> int:
    """Serve the prebuilt app. The server's own process never imports it; only its workers do."""
    if parent is None:
        stop("cli.role.not_alone", role="web")
    die_with_parent(parent)

    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols
    from granian.log import LogLevels

    from keepai.cli.holds import numeric
    from keepai.cli.questions import settings

    found = settings()
    os.chdir(ROOT)
    _allow_many_sockets()
    Granian(
        target=os.environ.get(APP_VARIABLE, APP),
        address=numeric(found.host),
        port=found.port,
        interface=Interfaces.ASGI,
        factory=APP_VARIABLE not in os.environ,
        workers=found.web_processes,
        # An open tab counts as a request under way; with the usual 1,024 the next tab would wait for ever.
        backlog=4096,
        backpressure=16384,
        workers_kill_timeout=5,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        log_level=LogLevels(found.log_level if found.log_level != "info" else "warning"),
        ssl_cert=_path(found.tls_cert),
        ssl_key=_path(found.tls_key),
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve(target_loader=_Load(os.getpid()))
    return 0


def _allow_many_sockets() -> None:
    """Raise the limit of open files as far as we may: the usual 1,024 (256 on macOS) is fewer than the tabs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    with contextlib.suppress(ValueError, OSError):  # the system knows a lower bound than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


class _Load:
    """Loads the app in a worker of the web server, tied to the server's life. Picklable, for spawn."""

    def __init__(self, parent: int):
        self.parent = parent

    def __call__(self, target: str) -> Callable[..., Any]:
        from granian._internal import load_target

        die_with_parent(self.parent)
        return load_target(target, wd=None, factory=APP_VARIABLE not in os.environ)


def web_dev(parent: int | None) -> int:
    """Serve with hot reload.

    Reflex's "preview": code is reloaded and the frontend rebuilt at each change, on our one port, because the
    sign-in page and the cookie live where the pages live.
    """
    if parent is None:
        stop("cli.role.not_alone", role="web-dev")
    die_with_parent(parent, with_group=True)

    from keepai.cli import build
    from keepai.cli.questions import settings

    found = settings()
    environment = {**os.environ, **build.environment()}
    for name in ("REFLEX_ENV_MODE", *build.ONLY_SERVING):
        environment.pop(name, None)
    port = str(found.port)
    argv = ["run", "--env", "preview", "--frontend-port", port, "--backend-port", port]
    signal.signal(signal.SIGTERM, _pass_on)
    ended = subprocess.run(
        [sys.executable, "-m", "reflex", *argv, "--backend-host", found.host],
        cwd=ROOT,
        env=environment,
        check=False,
    )
    build.tidy_lock()
    return ended.returncode


def _pass_on(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    os.killpg(0, number)


def compute(parent: int | None) -> int:
    """Run the embedded Dask scheduler and its workers."""
    if parent is None:
        stop("cli.role.not_alone", role="compute")
    die_with_parent(parent)
    from keepai.cli.questions import settings
    from services.compute import embedded

    asyncio.run(embedded.serve(settings()))  # ends by itself when told to
    return 0


def background(parent: int | None) -> int:
    """Run the background loops apart from the web, under the supervisor or by hand beside it."""
    if parent is not None:
        die_with_parent(parent)
    from keepai.cli import migrate
    from keepai.cli.questions import settings

    found = settings()
    redis_url = found.redis_url.get_secret_value()
    if not redis_url:
        stop("cli.settings.needs_redis", name="`python -m keepai background`")
    if parent is None:
        migrate.to_newest(found)
    logs.begin(found)
    asyncio.run(_until_told(_loops(found, redis_url)))
    return 0


async def _loops(settings: "Settings", redis_url: str) -> None:
    """The background role in a process of its own."""
    from keepai.background import role
    from services import jobs, outbox
    from services.bus import open_bus

    bus = open_bus(redis_url)
    outbox.configure(bus)  # what the loops put is to be sent at once as well
    jobs.configure(bus)  # and how far they are is to be seen
    await role.run(settings, bus)


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or a signal says stop; then let it put its things in order."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _path(text: str) -> Path | None:
    return Path(text) if text else None
