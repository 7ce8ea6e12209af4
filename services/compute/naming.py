"""The names of the embedded compute's workers: worker-1, worker-2, …"""

from collections.abc import Collection, Iterable


def next_name(names: Collection[str]) -> str:
    """The name with the lowest number that is free."""
    return next(name for number in range(1, len(names) + 2) if (name := f"worker-{number}") not in names)


def leaving(names: Iterable[str], workers: int) -> list[str]:
    """Who retires when only so many `workers` are wanted: those with the highest numbers."""
    ordered = sorted(names, key=_number)
    return ordered[max(0, workers) :]


def _number(name: str) -> tuple[int, str]:
    digits = name.rpartition("-")[2]
    return (int(digits) if digits.isdecimal() else 0), name
