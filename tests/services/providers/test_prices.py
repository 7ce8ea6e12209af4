"""What is known of prices, and that what is not known is not zero."""

from datetime import UTC, date, datetime
from importlib.metadata import version

import pytest

from services import db
from services.providers import prices
from services.providers.base import Provider, Usage
from services.providers.kinds import URLS
from services.providers.prices import Price

AT = datetime(2026, 11, 20, tzinfo=UTC)
OPENAI = Provider("openai", "openai", "OpenAI", (URLS["openai"],))
COMPATIBLE = Provider("vllm", "openai", "vLLM", ("http://10.0.0.7:8000/v1",))
OLLAMA = Provider("ollama", "ollama", "Ollama", ("http://localhost:11434",))


def find(provider, model):
    return db.read_now(prices.find, provider, model)


def test_the_table_is_the_one_that_is_installed():
    assert f"genai-prices {version('genai-prices')}" == prices.TABLE
    assert date(2026, 1, 1) < prices.TABLE_OF < date(2027, 1, 1)


def test_a_vendors_price_comes_from_the_table_with_its_date(database):
    found = find(OPENAI, "gpt-5-mini")
    assert found == Price(250_000, 25_000, 2_000_000, prices.TABLE, prices.TABLE_OF)
    assert found.of(Usage(1_000_000, 0, 0)) == 250_000  # a quarter of a dollar
    assert found.of(Usage(1_000_000, 1_000_000, 1_000_000)) == 2_025_000


def test_what_is_not_known_is_none_and_never_zero(database):
    assert find(OPENAI, "a-model-of-tomorrow") is None
    assert find(COMPATIBLE, "gpt-5-mini") is None, (
        "a server that speaks like OpenAI does not cost what OpenAI does"
    )
    assert find(OLLAMA, "llama3.2:3b") is None


def test_what_somebody_said_goes_before_the_table(database):
    said = (1_000_000, None, 3_000_000)
    db.write_now(prices.set_price, COMPATIBLE, "m", said, date(2026, 11, 1), AT)
    assert find(COMPATIBLE, "m") == Price(*said, "own", date(2026, 11, 1))
    db.write_now(prices.set_price, COMPATIBLE, "m", None, date(2026, 11, 1), AT)
    assert find(COMPATIBLE, "m") is None


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(), 0),
        (Usage(1, 0, 0), 1),  # rounded up: many small calls are not free
        (Usage(1000, 0, 1000), 2250),
        (Usage(1000, 1000, 0), 25),
        (Usage(10, 1000, 0), 1),  # more from the cache than was read cannot be
    ],
)
def test_costs_are_whole_and_rounded_up(usage, cost):
    assert Price(250_000, 25_000, 2_000_000, "t", AT.date()).of(usage) == cost


def test_where_longer_texts_cost_more_the_highest_price_stands():
    found = prices.of_table("google", "gemini-2.5-pro")
    assert found is not None and found.read > 1_250_000


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0"), (250_000, "0.25"), (12_000_000, "12"), (31, "0.000031"), (-5, "-0.000005")]
)
def test_amounts_as_people_write_them(amount, text):
    assert prices.dollars(amount) == text
    assert amount < 0 or prices.amount_of(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0,25", 250_000),
        (" 20 ", 20_000_000),
        ("0.0000001", 1),
        ("-1", None),
        ("1e3", None),
        ("", None),
        ("٣", None),
    ],
)
def test_what_people_write_as_an_amount(text, amount):
    assert prices.amount_of(text) == amount
