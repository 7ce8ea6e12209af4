"""What it takes to hold 5,000 rules over subjects against one sample a second each: 1,000 workers, five rules.

Beside it the same samples without any rule, which is what handing them on costs, and the same number of rules that look
for the unusual.
"""

import random
import time
from dataclasses import replace
from uuid import UUID

from benchmarks.figures import Report, percentile
from services.alerts.engine import Level, Rule, Summary
from services.alerts.evaluator import Evaluator
from services.alerts.windows import Window, window

WORKERS, RULES, SECONDS, WARM_UP = 1000, 5, 120, 60
START = 40 * 86_400.0
SUMMARIES: tuple[Summary, ...] = ("mean", "last", "max", "mean", "last")


def main(report: Report, rounds: int) -> None:
    """Each round with and without rules."""
    for number in range(rounds):
        spent, latest = watch(number, rules())
        odd, odd_latest = watch(number, [replace(rule, summary="unusual", window=7200.0) for rule in rules()])
        bare, _ = watch(number, [])
        report.add(
            f"{WORKERS * RULES} rules over subjects, a sample a second",
            spent * 100,
            unit="% of a core",
            most=20,
        )
        report.add("  p99 of a second's evaluation", latest * 1000, unit="ms", most=500)
        report.add(f"{WORKERS * RULES} rules that look for the unusual", odd * 100, unit="% of a core")
        report.add("  p99 of a second's evaluation of these", odd_latest * 1000, unit="ms", most=500)
        report.add("baseline: the samples alone", bare * 100, unit="% of a core")


def rules() -> list[Rule]:
    """Five rules of every worker, with windows, pending and keeping times."""
    return [
        Rule(
            UUID(int=number + 1),
            f"worker.m{number}",
            Level(70, 65),
            Level(80, 75),
            summary=summary,
            window=60.0,
            pending=10.0,
            keep=10.0,
        )
        for number, summary in enumerate(SUMMARIES)
    ]


def watch(seed: int, wanted: list[Rule]) -> tuple[float, float]:
    """Seconds of CPU for each second of samples, in the mean, and the 99th percentile of seconds it takes."""
    chance = random.Random(seed)
    evaluator = Evaluator(0.0)
    evaluator.use(wanted)
    subjects = [{"kind": "worker", "compute": "c", "worker": f"{number:032x}"} for number in range(WORKERS)]
    for labels in subjects:
        evaluator.take(START, labels, {})
    for rule, labels in evaluator.to_learn(WORKERS * RULES):
        evaluator.learn(rule, labels, learnt(rule, chance))
    spent, took = 0.0, []
    for second in range(SECONDS):
        samples = [
            (labels, {f"m{number}": chance.gauss(50, 8) for number in range(RULES)}) for labels in subjects
        ]
        cpu, clock = time.process_time(), time.perf_counter()
        for labels, values in samples:
            evaluator.take(START + second, labels, values)
        evaluator.look_around(START + second)
        if second >= WARM_UP:
            spent += time.process_time() - cpu
            took.append(time.perf_counter() - clock)
    return spent / (SECONDS - WARM_UP), percentile(took, 0.99)


def learnt(rule: Rule, chance: random.Random) -> Window:
    """Two days, a value an hour."""
    known = window(rule.summary, rule.window)
    for hour in range(48, 0, -1):
        known.add(START - 3600.0 * hour, chance.gauss(50, 8))
    return known
