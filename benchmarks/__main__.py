"""`python -m benchmarks [name …]`: run all benchmarks, or the named ones, and say which promises hold."""

import argparse
import importlib
import os
import sys
import time
import traceback

from benchmarks.figures import ROUNDS, WRITTEN, Report, Skipped, machine, write

NAMES = (
    "second_start",
    "first_view",
    "worker_killed",
    "live",
    "memory",
    "thousand_workers",
    "dask_dashboard",
    "history",
    "outbox",
    "api",
    "kill_to_mail",
    "alert_rules",
    "anomalies",
    "storm",
    "outside_alerts",
    "alert_kills",
    "search",
)


def main() -> int:
    """Run and report. 0 when every promise that was measured holds, 1 otherwise."""
    asked = _arguments()
    reports = [_run(name, asked.rounds) for name in asked.names or NAMES]
    write(reports)
    print(f"\nRounds: {asked.rounds}; median and (least to most), on {machine()['cores']} cores.")
    for report in reports:
        print("\n" + "\n".join(report.lines()))
    print(f"\nWritten to {WRITTEN.relative_to(WRITTEN.parents[1])}.")
    missed = [f for report in reports for f in report.figures.values() if f.holds is False]
    return 1 if missed or any(report.failed for report in reports) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each figure ({ROUNDS})")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return asked


def _run(name: str, rounds: int) -> Report:
    report = Report(name)
    print(f"{name} …", flush=True)
    began = time.monotonic()
    try:
        importlib.import_module(f"benchmarks.{name}").main(report, rounds)
    except Skipped as why:
        report.note(f"skipped: {why}")
    except Exception as error:  # the other benchmarks still run, and this one is not counted as kept
        traceback.print_exc()
        report.failed = True
        report.note(f"failed: {error!r}")
    else:
        if not report.figures:  # what measured nothing kept nothing
            report.failed = True
            report.note("failed: it measured nothing")
    report.seconds = time.monotonic() - began
    return report


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
