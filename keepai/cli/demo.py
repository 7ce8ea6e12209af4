"""The workload of `make demo`: keeps the embedded compute busy with varied work that stays small.

One round reads made-up orders, cleans them, exchanges data between workers, keeps some memory for a while and
sometimes fails, as real work does; then it rests. About a third of the two workers, under 100 MB in all.
"""

import itertools
import logging
import random
import time
from collections import Counter
from typing import Any

from keepai.cli.lifeline import die_with_parent
from keepai.cli.say import stop, tell

CAMPAIGN_EVERY = 4  # rounds
ORDERS = 2_000
DAYS = 24
PATIENCE = 30  # s until a round is given up
RESTS = 6.0  # s between rounds

log = logging.getLogger(__name__)


def read_orders(day: int) -> list[tuple[int, float]]:
    """Customer and amount of one day's orders, the same for the same day."""
    dice = random.Random(day)
    time.sleep(dice.uniform(0.05, 0.4))
    return [(dice.randrange(500), dice.lognormvariate(3, 1)) for _ in range(ORDERS)]


def clean_orders(orders: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Without the amounts that cannot be; costs CPU for a moment."""
    until = time.perf_counter() + 0.15
    while time.perf_counter() < until:
        kept = [(customer, round(amount, 2)) for customer, amount in orders if amount < 400]
    return kept


def spend_by_customer(*days: list[tuple[int, float]]) -> Counter[int]:
    """Sums over days that lie on different workers, so data travels."""
    spent: Counter[int] = Counter()
    for customer, amount in itertools.chain.from_iterable(days):
        spent[customer] += int(amount * 100)
    return spent


def hold_features(seed: int, megabytes: int) -> bytes:
    """A block of memory that stays as long as somebody wants the result."""
    time.sleep(0.2)
    return random.Random(seed).randbytes(1 << 20) * megabytes


def send_campaign(customer: int) -> int:
    """Fails for one customer in ten, so that errors can be seen."""
    time.sleep(random.uniform(0.02, 0.2))
    if customer % 10 == 0:
        raise ValueError(f"customer {customer} has no consent")
    return customer


def main(parent: int | None) -> int:
    """Work until the parent ends or says stop."""
    if parent is None:
        stop("cli.role.not_alone", role="demo")
    die_with_parent(parent)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    tell("cli.demo.waiting")
    numbers = itertools.count()
    while True:
        try:
            with _client() as client, client.as_current():
                tell("cli.demo.busy")
                for number in numbers:
                    _round(client, number)
                    time.sleep(RESTS)
        except Exception as error:  # the compute is not there yet, or was replaced: whatever that looks like
            log.debug("demo: starting again: %r", error)
            time.sleep(1)


def _client() -> Any:
    from distributed import Client
    from distributed.security import Security

    from keepai.cli.questions import settings
    from services.compute import endpoint

    found = endpoint.resolve(settings())
    if found is None:
        raise OSError("no compute yet")
    security = Security(
        tls_ca_file=found.ca,
        tls_client_cert=found.cert,
        tls_client_key=found.key,
        require_encryption=True,
    )
    return Client(found.address, security=security, timeout="5s", set_as_default=False, name="demo")


def _round(client: Any, number: int) -> None:
    from distributed import wait

    read = client.map(read_orders, range(number, number + DAYS), pure=False)
    cleaned = client.map(clean_orders, read, pure=False)
    weeks = [client.submit(spend_by_customer, *cleaned[i : i + 6], pure=False) for i in range(0, DAYS, 6)]
    features = client.map(hold_features, range(6), [random.randint(4, 14)] * 6, pure=False)
    wait([*weeks, *features], timeout=PATIENCE)
    if number % CAMPAIGN_EVERY == 0:
        wait(client.map(send_campaign, range(number % 7 + 1, number % 7 + 21), pure=False), timeout=PATIENCE)
