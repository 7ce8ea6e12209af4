"""Several nodes of Ollama behind one provider: which one answers."""

from dataclasses import replace

import pytest

from services.providers import errors, nodes
from services.providers.nodes import Node
from tests.services.providers.conftest import MODEL, Vendor
from tests.vendors.ollama import Ollama, model

NAME = MODEL["ollama"]
HAS = frozenset({NAME})


def node(*, has=True, loaded=False, taken=0):
    return Node(HAS if has else frozenset(), HAS if loaded else frozenset(), taken)


@pytest.mark.parametrize(
    ("found", "busy", "first"),
    [
        ({"a": node(), "b": node(loaded=True, taken=9)}, {}, "b"),  # loaded goes before room
        ({"a": node(taken=5), "b": node(taken=3)}, {}, "b"),  # then the most room
        ({"a": node(loaded=True), "b": node(loaded=True)}, {"a": 1}, "b"),  # of the loaded the idle one
        ({"a": node(taken=3), "b": node(taken=3)}, {"a": 1}, "b"),
        ({"a": node(has=False), "b": node(taken=9)}, {}, "b"),  # one that has it
        ({"a": node(has=False), "b": node(has=False, taken=1)}, {}, "a"),  # none has: it says so itself
    ],
)
def test_which_node_is_asked(found, busy, first):
    assert nodes.order(found, {"a": 0, "b": 0, **busy}, NAME)[0] == first


@pytest.fixture
async def three():
    ends = [Ollama(), Ollama(), Ollama()]
    async with ends[0].serving(), ends[1].serving(), ends[2].serving():
        vendor = Vendor("ollama", ends[0], NAME)
        yield ends, vendor, replace(vendor.provider, urls=tuple(end.url for end in ends))


def asked(ends):
    return [len([one for one in end.asked if one.path == "/api/chat"]) for end in ends]


async def test_the_node_with_the_model_in_memory_answers(three):
    ends, vendor, provider = three
    ends[0].loaded, ends[1].loaded = {"other": 10}, {NAME: 99}
    await vendor.ask(provider=provider)
    await vendor.ask(provider=provider)
    assert asked(ends) == [0, 2, 0]


async def test_then_the_one_with_the_most_room(three):
    ends, vendor, provider = three
    ends[0].loaded, ends[1].loaded, ends[2].loaded = {"x": 10}, {"y": 30}, {"z": 5}
    await vendor.ask(provider=provider)
    assert asked(ends) == [0, 0, 1]


async def test_a_node_without_the_model_is_not_asked(three):
    ends, vendor, provider = three
    ends[0].models = [model("another:7b")]
    ends[1].loaded = ends[2].loaded = {"x": 1}
    await vendor.ask(provider=provider)
    assert asked(ends)[0] == 0


async def test_a_node_that_is_down_is_passed_over_and_all_of_them_are_an_error(three):
    ends, vendor, provider = three
    down = "http://127.0.0.1:1"
    await vendor.ask(provider=replace(provider, urls=(down, ends[1].url)))
    assert asked(ends) == [0, 1, 0]
    with pytest.raises(errors.Unreachable):
        await vendor.ask(provider=replace(provider, urls=(down, "http://127.0.0.1:2")))


async def test_a_node_that_went_down_since_is_passed_over(three):
    ends, vendor, provider = three
    gone = Ollama(loaded={NAME: 1})
    async with gone.serving():
        provider = replace(provider, urls=(gone.url, ends[1].url))
        await vendor.ask(provider=provider)
        assert asked([gone]) == [1]
    await vendor.ask(provider=provider)
    assert asked(ends) == [0, 1, 0]
