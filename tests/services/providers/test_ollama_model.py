"""Ollama as a model of pydantic-ai: agents work with it, and what breaks off is an error there too."""

import pytest
from pydantic_ai import Agent
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest, PartDeltaEvent, TextPartDelta

from services.providers import errors
from services.providers.base import Asker, Call, Wishes
from services.providers.ollama_model import OllamaModel
from tests.services.providers.conftest import PATIENCE
from tests.vendors.far_end import ANSWER


@pytest.fixture
def ours(ollama):
    return OllamaModel(Call(Asker(), ollama.provider, ollama.model, (), Wishes(context=4096), (), PATIENCE))


async def test_an_agent_calls_a_tool_and_answers(ollama, ours):
    ollama.far.call = ("weather", {"city": "Recife"})
    agent = Agent(ours, instructions="Answer briefly.")
    asked = []

    @agent.tool_plain
    def weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        ollama.far.call = None
        return "sol"

    result = await agent.run("Como está o tempo?")
    assert asked == ["Recife"]
    assert result.output == "".join(ANSWER)
    first, second = (one.body for one in ollama.questions)
    assert first["messages"] == [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": "Como está o tempo?"},
    ]
    assert first["options"]["num_ctx"] == 4096
    assert [one["function"]["name"] for one in first["tools"]] == ["weather"]
    assert second["messages"][-1] == {"role": "tool", "content": "sol", "tool_name": "weather"}
    assert (result.usage.input_tokens, result.usage.output_tokens) == (52, 2 * len(ANSWER))


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("cut", errors.CutOff),
        ("ends", errors.CutOff),
        ("error_inside", errors.FailedInside),
        ("malformed", errors.Malformed),
        ("stalls", errors.TimedOut),
    ],
)
async def test_what_breaks_off_is_an_error_and_never_a_stop(ollama, ours, fault, raised):
    ollama.far.faults.append(fault)
    heard = []

    async def ask():
        async with model_request_stream(ours, [ModelRequest.user_text_prompt("?")]) as stream:
            async for event in stream:
                if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    heard.append(event.delta.content_delta)  # noqa: PERF401 (what came stays)

    with pytest.raises(raised):
        await ask()
    assert heard == [ANSWER[1]]  # the first began the part
