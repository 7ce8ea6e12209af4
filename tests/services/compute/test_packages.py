"""Versions and where they differ."""

from services.compute.packages import Mismatch, compare_versions, our_packages, packages_of

SAME = {"python": "3.11.7", "dask": "2026.8.0"}


def test_the_same_everywhere_is_no_mismatch():
    assert compare_versions(SAME, SAME, {"a": SAME, "b": SAME}).mismatches == ()


def test_a_worker_that_differs_is_named_with_how_many():
    old = {**SAME, "dask": "2026.7.0"}
    assert compare_versions(SAME, SAME, {"a": SAME, "b": old, "c": old}).mismatches == (
        Mismatch("dask", "2026.8.0", "2026.8.0", {"2026.8.0": 1, "2026.7.0": 2}),
    )


def test_a_package_that_a_worker_lacks_is_a_mismatch():
    (mismatch,) = compare_versions(SAME, {**SAME, "lz4": "4.4"}, {"a": SAME}).mismatches
    assert (mismatch.package, mismatch.workers) == ("lz4", {"": 1})


def test_a_package_that_only_keepai_lacks_is_none():
    """It runs no tasks."""
    everywhere = {**SAME, "lz4": "4.4"}
    assert compare_versions(SAME, everywhere, {"a": everywhere}).mismatches == ()


def test_our_own_versions_differ():
    (mismatch,) = compare_versions({"dask": "2025.1.0"}, SAME, {"a": SAME}).mismatches
    assert (mismatch.package, mismatch.ours) == ("dask", "2025.1.0")


def test_the_answer_of_dask():
    answer = {"host": {}, "packages": {"python": "3.11.7.final.0", "dask": "2026.8.0", "lz4": None}}
    assert packages_of(answer) == SAME
    assert packages_of(None) == {}
    assert packages_of({"packages": [("required", [])]}) == {}


def test_ours_are_those_that_the_scheduler_names():
    ours = our_packages(["distributed", "no-such-package", "python"])
    assert set(ours) == {"python", "distributed"}
