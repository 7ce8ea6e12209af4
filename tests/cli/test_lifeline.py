"""A process ends with its parent, also where only the portable way is there."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from keepai.cli import ROOT

CHILD = """
import os, subprocess, sys, time
from keepai.cli import lifeline
{before}
lifeline.die_with_parent({parent}, with_group={with_group})
{more}
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", os.environ["CHILD"]], start_new_session=True)
time.sleep(60)
"""
GRANDCHILD = (
    "g = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(g.pid, flush=True)"
)


def family(child: str, lines: int) -> tuple[subprocess.Popen, list[psutil.Process]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        env={**os.environ, "CHILD": child, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    return parent, [psutil.Process(int(parent.stdout.readline())) for _ in range(lines)]


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]:
            return True
        time.sleep(0.02)
    for process in processes:
        process.kill()
    return False


@pytest.mark.parametrize(
    "before", ["", "lifeline._ask_linux = lambda: None"], ids=["as the system can", "portable"]
)
def test_a_child_ends_with_a_killed_parent(before):
    parent, below = family(CHILD.format(before=before, parent=None, with_group=False, more=""), 1)
    parent.kill()
    parent.wait()
    assert gone(below, 10)


def test_a_group_takes_along_those_who_know_nothing(tmp_path):
    parent, below = family(CHILD.format(before="", parent=None, with_group=True, more=GRANDCHILD), 2)
    parent.kill()
    parent.wait()
    assert gone(below, 10)


def test_a_parent_that_ended_before_anybody_watched():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    child = subprocess.run(
        [sys.executable, "-c", CHILD.format(before="", parent=ended.pid, with_group=False, more="")],
        cwd=ROOT,
        capture_output=True,
        timeout=30,
    )
    assert child.returncode == -signal.SIGKILL
    assert child.stdout == b""
