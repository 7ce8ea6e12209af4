"""Workers of the embedded compute have names for people."""

from services.compute.naming import leaving, next_name


def test_the_lowest_free_number_is_next():
    assert next_name([]) == "worker-1"
    assert next_name(["worker-1", "worker-3"]) == "worker-2"
    assert next_name({"worker-1": 0, "worker-2": 0}) == "worker-3"


def test_the_highest_numbers_leave():
    names = [f"worker-{n}" for n in (10, 2, 1, 9)]
    assert leaving(names, 2) == ["worker-9", "worker-10"]
    assert leaving(names, 4) == []
    assert leaving(names, 9) == []
    assert len(leaving(names, 0)) == 4
    assert len(leaving(names, -1)) == 4


def test_a_worker_of_somebody_else_leaves_last():
    assert leaving(["worker-1", "tls://127.0.0.1:5x", "other"], 2) == ["worker-1"]
