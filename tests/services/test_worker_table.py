"""The window of rows that a tab is sent."""

import pytest

from services.worker_table import MOST_VISIBLE, WorkerView, scrolled


@pytest.mark.parametrize("toward", [-1, 0, 1])
def test_what_is_in_sight_is_always_sent(toward: int):
    for first in range(300):
        for visible in (1, 7, 20, MOST_VISIBLE):
            view = scrolled(WorkerView(), first, visible, toward)
            assert view.offset <= first and first + visible <= view.offset + view.size


def test_more_is_sent_of_what_comes_next():
    still, down, up = (scrolled(WorkerView(), 600, 20, toward) for toward in (0, 1, -1))
    assert up.offset < still.offset < down.offset
    assert up.size == still.size == down.size
