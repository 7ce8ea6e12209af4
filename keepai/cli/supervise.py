"""`python -m keepai run`: starts web, compute and background as siblings and keeps them running.

This process imports nothing heavy. What needs the database is asked of a short-lived child (prepare), what
needs Reflex of another (build), and the rest is waiting for children to end.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from keepai.cli import ROOT, build, roles
from keepai.cli.holds import hold_folder, hold_port, numeric
from keepai.cli.say import say, tell

PAUSES = (0.0, 0.3, 2.0, 5.0, 15.0, 30.0)  # s before the 1st, 2nd, … replacement in a row
LIVED_WELL = 30.0  # s after which an end is no longer "in a row"
STOPS_WITHIN = 10.0  # s from the polite signal to the other one
SIGN_IN_FILE = "first-sign-in.txt"


def run(*, dev: bool = False, demo: bool = False) -> int:
    """Start everything and stay until told to stop. Returns the exit code."""
    signal.signal(signal.SIGTERM, _end_in_order)
    with contextlib.closing(Preparation()) as preparation:
        prepared = preparation.settings
        with (
            contextlib.closing(hold_folder(Path(prepared["data_dir"]))),
            contextlib.closing(hold_port(prepared["host"], prepared["port"])) as port,
        ):
            preparation.ask("migrate")
            if dev:
                port.close()  # Reflex takes it itself
            elif roles.APP_VARIABLE not in os.environ and (code := build.ensure()):
                return code
            # Only now, when its password is sure to be shown.
            admin = preparation.ask("admin")["admin"]
            preparation.close()
            if admin:
                _show_sign_in(Path(prepared["data_dir"]), *admin)
            keeper = Keeper(_children(prepared, dev=dev, demo=demo))
            return keeper.run(lambda: _welcome(prepared), numeric(prepared["host"]), prepared["port"])


def _end_in_order(number: int, _frame: FrameType | None) -> None:
    """Until there are children to keep: leave through every `finally` on the way."""
    raise SystemExit(128 + number)


class Child:
    """One child that is always running, or about to."""

    def __init__(self, name: str, argv: list[str], environment: dict[str, str]):
        self.name = name
        self.argv = argv
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.born = 0.0
        self.ends_in_a_row = 0
        self.due: float | None = 0.0

    def start(self, now: float) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only us and its group can be swept."""
        self.process = subprocess.Popen(
            self.argv,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.born, self.due = now, None

    def notice_end(self, now: float) -> None:
        """If it ended, sweep what it left behind and decide when it comes back."""
        if self.process is None or self.process.poll() is None:
            return
        ended, self.process = self.process, None
        _signal_group(ended.pid, signal.SIGKILL)
        self.ends_in_a_row = 1 if now - self.born > LIVED_WELL else self.ends_in_a_row + 1
        pause = PAUSES[min(self.ends_in_a_row, len(PAUSES)) - 1]
        self.due = now + pause
        how = _how_it_ended(ended.returncode)
        if self.ends_in_a_row <= 2:
            tell("cli.run.child_ended", name=self.name, pid=ended.pid, how=how)
        else:
            tell(
                "cli.run.child_keeps_ending",
                name=self.name,
                times=self.ends_in_a_row,
                how=how,
                seconds=f"{pause:g}",
            )


@dataclass
class Keeper:
    """Keeps children running until a signal says stop; then leaves none behind."""

    children: list[Child]
    stopping: bool = field(default=False, init=False)
    signals: int = field(default=0, init=False)

    def run(self, welcome: Any, host: str, port: int) -> int:
        """Supervise until stopped; calls `welcome` once the port answers."""
        waker = self._listen()
        greeted = False
        try:
            while not self.stopping:
                now = time.monotonic()
                for child in self.children:
                    child.notice_end(now)
                    if child.due is not None and child.due <= now and not self.stopping:
                        child.start(now)
                if not greeted and _accepts(host, port):
                    greeted = True
                    welcome()
                self._wait(waker, greeted)
        finally:
            self._stop()
        return 0

    def _listen(self) -> socket.socket:
        """Have signals and ends of children wake up the wait."""
        waker, written = socket.socketpair()
        waker.setblocking(False)
        written.setblocking(False)
        signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
        self._written = written
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, self._told_to_stop)
        return waker

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        self.signals += 1

    def _wait(self, waker: socket.socket, greeted: bool) -> None:
        dues = [child.due for child in self.children if child.due is not None]
        pauses = [max(0.0, due - time.monotonic()) for due in dues] + ([] if greeted else [0.05])
        select.select([waker], [], [], min(pauses) if pauses else None)
        with contextlib.suppress(BlockingIOError):
            while waker.recv(4096):
                pass

    def _stop(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + STOPS_WITHIN
        while time.monotonic() < until and self.signals < 2 and any(p.poll() is None for p in running):
            time.sleep(0.02)
        for process in running:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()


class Preparation:
    """The short-lived child that reads the settings and, once told to, prepares the database."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keepai", "prepare"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.settings = self._answer()

    def ask(self, word: str) -> dict[str, Any]:
        """What it answers to a word. Ends the program, as it has said why, when it cannot."""
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """Let it end, whatever it was doing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:  # it has said why on stderr
            raise SystemExit(self._process.wait() or 1)
        answer: dict[str, Any] = json.loads(line)
        return answer


def _children(prepared: dict[str, Any], *, dev: bool, demo: bool) -> list[Child]:
    environment = build.serving_environment(prepared["data_dir"])
    environment["KEEPAI_DATA_DIR"] = prepared["data_dir"]
    names = ["web-dev" if dev else "web"]
    if prepared["embedded"]:
        names.append("compute")  # after the web, which people wait for
    if prepared["background_apart"]:
        names.append("background")
    if demo:
        names.append("demo")
    parent = str(os.getpid())
    return [
        Child(name, [sys.executable, "-m", "keepai", name, "--parent", parent], environment) for name in names
    ]


def _welcome(prepared: dict[str, Any]) -> None:
    ready = say("cli.run.ready", address=prepared["address"])
    print("\n".join([ready, *prepared["notices"], say("cli.run.how_to_stop")]), flush=True)


def _show_sign_in(folder: Path, email: str, password: str) -> None:
    if not password:
        print(say("cli.run.sign_in_given", email=email), flush=True)
        return
    shown = say("cli.run.sign_in", email=email, password=password)
    if _show_on_terminal(shown):
        return
    # Output that is not a terminal is somebody's log: a password has no place there.
    path = folder / SIGN_IN_FILE
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(shown + "\n")
    print(say("cli.run.sign_in_in_file", path=path), flush=True)


def _show_on_terminal(text: str) -> bool:
    if sys.stdout.isatty():
        print(text, flush=True)
        return True
    try:
        with open("/dev/tty", "w") as terminal:
            print(text, file=terminal, flush=True)
    except OSError:
        return False
    return True


def _how_it_ended(code: int) -> str:
    if code < 0:
        return say("cli.run.by_signal", signal=signal.Signals(-code).name)
    return say("cli.run.with_code", code=code)


def _accepts(host: str, port: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        socket.create_connection((reached, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
