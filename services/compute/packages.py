"""Which packages KeepAI, the scheduler and the workers run, and where they differ. Pure but for our own."""

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.compute.readings import mapping, text


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A package that is not the same everywhere: its versions here, at the scheduler, and among workers."""

    package: str
    ours: str
    scheduler: str
    workers: Mapping[str, int]  # version -> how many workers


@dataclass(frozen=True, slots=True)
class Versions:
    """The packages of KeepAI, the scheduler and each worker (by address), and where they differ."""

    ours: Mapping[str, str]
    scheduler: Mapping[str, str]
    workers: Mapping[str, Mapping[str, str]]
    mismatches: tuple[Mismatch, ...]


def our_packages(like: Iterable[str]) -> dict[str, str]:
    """The versions here of the packages that the scheduler names."""
    ours = {"python": platform.python_version()}
    for package in like:
        if package not in ours:
            try:
                ours[package] = importlib.metadata.version(package)
            except (importlib.metadata.PackageNotFoundError, ValueError):
                continue
    return ours


def compare_versions(
    ours: Mapping[str, str], scheduler: Mapping[str, str], workers: Mapping[str, Mapping[str, str]]
) -> Versions:
    """Versions and what differs. A package that KeepAI alone lacks is no mismatch: it runs no tasks."""
    mismatches = []
    for package in sorted({*scheduler, *(name for packages in workers.values() for name in packages)}):
        counts: dict[str, int] = {}
        for packages in workers.values():
            version = packages.get(package, "")
            counts[version] = counts.get(version, 0) + 1
        at_scheduler, here = scheduler.get(package, ""), ours.get(package, "")
        if len({at_scheduler, *counts} | ({here} if here else set())) > 1:
            mismatches.append(Mismatch(package, here, at_scheduler, counts))
    return Versions(ours, scheduler, workers, tuple(mismatches))


def packages_of(answer: object) -> dict[str, str]:
    """Package -> version, with Python's own as "3.11.7"."""
    found = mapping(mapping(answer).get("packages"))
    packages = {text(name, 60): text(version, 60) for name, version in list(found.items())[:100] if version}
    if "python" in packages:
        packages["python"] = ".".join(packages["python"].split(".")[:3])
    return packages
