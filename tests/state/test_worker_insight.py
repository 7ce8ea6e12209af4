"""What is said of the tasks of a worker."""

import pytest
from distributed.utils import key_split_group

from state.worker_insight import group_of


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "x-1",
        "inc-9f2c4a1b",
        "inc-abcdefab",
        "hold_on-c522eb0c-2bb8-4ccc-8a9c-451990f48560-0",
        "hello-world-1",
        "('read-parquet-7c41', 118)",
        '("sum-part-e3b0", 0, 1)',
    ],
)
def test_a_task_is_in_the_group_in_which_dask_counts_it(key: str):
    assert group_of(key) == key_split_group(key)
