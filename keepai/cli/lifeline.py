"""Processes that end with their parent, however it ended."""

import ctypes
import os
import signal
import sys
import threading
import time

LOOKS_EVERY = 0.2  # s
PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None, *, with_group: bool = False) -> None:
    """End this process within a moment of its parent's end, even when the parent was killed.

    `parent` is the process id to watch; by default the present parent. Linux itself sends the signal; a
    thread that looks at the parent's id does it everywhere else. `with_group` ends the whole process group
    instead, for a process whose own children know nothing of this.
    """
    watched = parent or os.getppid()
    if not with_group:
        _ask_linux()
    if os.getppid() != watched:  # it ended before we could ask
        _end(with_group)
    threading.Thread(target=_watch, args=(watched, with_group), name="lifeline", daemon=True).start()


def _ask_linux() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(parent: int, with_group: bool) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_EVERY)
    _end(with_group)


def _end(with_group: bool) -> None:
    if with_group and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
