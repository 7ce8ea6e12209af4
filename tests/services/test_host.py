"""Figures of the machine are plausible and cheap to ask for often."""

import os
from pathlib import Path

import pytest

from services import host


def test_figures_are_those_of_this_machine(tmp_path: Path) -> None:
    found = host.read(tmp_path / "not" / "there" / "yet")
    assert found.cores == os.cpu_count()
    assert 0 <= found.cpu <= 100
    assert 0 < found.memory_used < found.memory_total
    assert 0 < found.own_memory < found.memory_total
    assert found.disk_used + found.disk_free <= found.disk_total
    assert found.disk_total == os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize


async def test_asking_often_gives_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "FRESH", 60.0)
    first = await host.figures()
    assert await host.figures() is first
    monkeypatch.setattr(host, "FRESH", 0.0)
    assert await host.figures() is not first
