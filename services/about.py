"""What this program is, and what it is made of."""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

VERSION = "0.1.0"
LICENCE = "MIT"
ROOT = Path(__file__).parents[1]
LONGEST = 60  # of the name of a licence
_OSI = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Package:
    """Something that KeepAI needs to run; empty where the package does not say."""

    name: str
    version: str
    licence: str


@cache
def commit() -> str:
    """The commit of the repository that this is run from, shortened; empty where there is no repository. Reads
    files."""
    folder = ROOT / ".git"
    try:
        head = (folder / "HEAD").read_text().strip()
        name = head.removeprefix("ref: ")
        found = head if name == head else _commit_of(folder, name)
    except OSError:
        return ""
    return found[:10] if re.fullmatch(r"[0-9a-f]{40,64}", found) else ""


def _commit_of(folder: Path, name: str) -> str:
    if (folder / name).is_file():
        return (folder / name).read_text().strip()
    packed = (folder / "packed-refs").read_text().splitlines()
    return next((line.partition(" ")[0] for line in packed if line.endswith(f" {name}")), "")


@cache
def packages() -> tuple[Package, ...]:
    """What requirements.txt names, in its order. Reads files of every package."""
    return tuple(_package(name) for name in _needed())


def python() -> str:
    """The version of Python."""
    return ".".join(map(str, sys.version_info[:3]))


def version_of(package: str) -> str:
    """The version of an installed package. Reads a file."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def uptime() -> float:
    """Seconds since this process began."""
    import psutil  # late: the command line asks only for the version

    return max(0.0, time.time() - float(psutil.Process().create_time()))


def _needed() -> Iterator[str]:
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if name := re.match(r"[A-Za-z0-9][\w.-]*", line):
            yield name[0]


def _package(name: str) -> Package:
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return Package(name, "", "")
    return Package(name, told["Version"], _licence(told))


def _licence(told: metadata.PackageMetadata) -> str:
    """Its SPDX expression, or what the older fields say; some packages put the whole text of the licence there."""
    given = [told["License-Expression"]] if "License-Expression" in told else []
    older = [told["License"]] if "License" in told else []
    classified = [one.removeprefix(_OSI) for one in told.get_all("Classifier", []) if one.startswith(_OSI)]
    names = [*given, *[", ".join(classified)], *older]
    return next((name for name in names if name and len(name) <= LONGEST and "\n" not in name), "")
