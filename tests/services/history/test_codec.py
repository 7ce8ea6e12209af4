"""Blocks come back as they were put in, within what is promised."""

import math
import random
from array import array

import pytest

from services.history.codec import decode, empty, encode


def test_small_whole_numbers_are_exact() -> None:
    column = array("f", (float(n) for n in range(-65_536, 65_537, 97)))
    assert decode(encode({"m": [column]}))["m"][0] == column


def test_counts_beyond_sixteen_bits_are_exact() -> None:
    column = array("f", [0.0, 65_537.0, 999_999.0, 16_777_215.0])
    assert decode(encode({"tasks": [column]}))["tasks"][0] == column


@pytest.mark.parametrize("low", [1e-9, 1e-3, 1.0, 1e6, 1e12, 1e30])
def test_others_keep_sixteen_bits(low: float) -> None:
    numbers = random.Random(1)
    column = array("f", (numbers.uniform(low, 10 * low) * numbers.choice((1, -1)) for _ in range(500)))
    for sent, got in zip(column, decode(encode({"m": [column]}))["m"][0], strict=True):
        assert math.isclose(sent, got, rel_tol=1.6e-5)


def test_missing_points_stay_missing() -> None:
    column = empty(4)
    column[2] = 0.0
    got = decode(encode({"m": [column]}))["m"][0]
    assert [math.isnan(value) for value in got] == [True, True, False, True]


def test_only_wanted_metrics_are_unpacked() -> None:
    columns = {name: [array("f", [float(n)] * 60), empty(60)] for n, name in enumerate("abc")}
    got = decode(encode(columns), {"b", "unknown"})
    assert list(got) == ["b"]
    assert got["b"][0] == columns["b"][0]


def test_a_block_of_nothing() -> None:
    assert decode(encode({})) == {}


def test_another_version_is_refused() -> None:
    import msgpack
    import zstandard

    with pytest.raises(ValueError, match="version 99"):
        decode(zstandard.compress(msgpack.packb((99, 0, [], b"", b""))))
