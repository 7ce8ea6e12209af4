"""Each vendor's wire: what comes of a whole answer, and of everything that can be wrong with one."""

import asyncio
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from services.i18n import LOCALES, translate
from services.providers import errors
from services.providers.base import (
    Asker,
    Call,
    Done,
    Message,
    Patience,
    Picture,
    Text,
    Tool,
    ToolCall,
    Wishes,
)
from services.providers.errors import ProviderError
from services.providers.kinds import kind
from tests.services.providers.conftest import KEY, PATIENCE
from tests.vendors.far_end import ANSWER, BEFORE_THE_FAULT

WHOLE = "".join(ANSWER)
HALF = "".join(ANSWER[:BEFORE_THE_FAULT])
# fault -> what it is called here; what was said before it is kept.
BEFORE = {
    "unauthorized": errors.BadKey,
    "rate_limited": errors.RateLimited,
    "quota": errors.OutOfQuota,
    "failing": errors.Failed,
    "overloaded": errors.Overloaded,
    "too_long": errors.TooLong,
}
MIDDLE = {
    "cut": errors.CutOff,
    "ends": errors.CutOff,
    "error_inside": errors.FailedInside,
    "malformed": errors.Malformed,
    "stalls": errors.TimedOut,
}


def told(failure: ProviderError) -> None:
    """Both languages have words for it."""
    failure.at("Ollama", "llama3.2:3b")
    for locale in LOCALES:
        assert translate(locale, failure.key, **failure.params)


async def test_a_whole_answer(vendor):
    *parts, done = await vendor.ask()
    assert vendor.text == WHOLE
    assert all(isinstance(part, Text) for part in parts)
    assert isinstance(done, Done) and done.finish == "stop"
    assert done.turn == Message("assistant", WHOLE)
    read = {"ollama": 26, "openai": 9, "anthropic": 11, "google": 4}[vendor.kind]
    assert (done.usage.read, done.usage.written) == (read, len(ANSWER))
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("crumbs", [1, 3, 7])
async def test_letters_and_lines_may_be_cut_anywhere(vendor, crumbs):
    vendor.far.crumbs = crumbs
    await vendor.ask(patience=Patience())
    assert vendor.text == WHOLE


async def test_the_parts_come_as_they_are_written(vendor):
    vendor.far.pace = 50
    await vendor.ask()
    assert [part.text for part in vendor.heard[:-1]] == list(ANSWER)


@pytest.mark.parametrize("fault", BEFORE)
async def test_what_goes_wrong_before_the_answer(vendor, fault):
    vendor.far.faults.append(fault)
    with pytest.raises(BEFORE[fault]) as raised:
        await vendor.ask()
    assert type(raised.value) is BEFORE[fault]
    assert vendor.heard == []
    assert len(vendor.questions) == 1, "libraries must not ask again by themselves"
    assert KEY not in f"{raised.value.detail}{raised.value!r}"
    told(raised.value)
    if fault == "rate_limited":
        assert raised.value.retry_after == {"google": 2.5}.get(vendor.kind, 2.0)


@pytest.mark.parametrize("fault", MIDDLE)
async def test_what_goes_wrong_in_the_middle_is_an_error_and_never_a_stop(vendor, fault):
    vendor.far.faults.append(fault)
    with pytest.raises(MIDDLE[fault]) as raised:
        await vendor.ask()
    assert type(raised.value) is MIDDLE[fault]
    assert vendor.text == HALF, "what came before is kept"
    assert not any(isinstance(part, Done) for part in vendor.heard)
    assert len(vendor.questions) == 1
    told(raised.value)


async def test_after_a_fault_the_next_answer_is_whole(vendor):
    vendor.far.faults += ["cut", "error_inside"]
    for _ in range(2):
        with pytest.raises(ProviderError):
            await vendor.ask()
    await vendor.ask()
    assert vendor.text == WHOLE


async def test_a_cold_model_has_its_time_and_no_more(vendor):
    vendor.far.first_after = 0.6
    await vendor.ask(patience=replace(PATIENCE, first=3.0, idle=3.0))
    assert vendor.text == WHOLE
    vendor.far.faults.append("silent")
    with pytest.raises(errors.TimedOut) as raised:
        await vendor.ask()
    assert raised.value.phase in ("first", "idle")
    told(raised.value)


async def test_the_whole_has_its_time_and_no_more(vendor):
    vendor.far.pace = 5
    with pytest.raises(errors.TimedOut) as raised:
        await vendor.ask(patience=replace(PATIENCE, total=0.5))
    assert raised.value.phase == "total"
    assert vendor.text
    told(raised.value)


async def test_nobody_listens(vendor):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = replace(vendor.provider, urls=(f"http://127.0.0.1:{free.getsockname()[1]}",))
        with pytest.raises(errors.Unreachable) as raised:
            await vendor.ask(provider=gone)
    told(raised.value)


async def test_a_typed_address_on_this_machine_is_refused(vendor):
    with pytest.raises(errors.NotAllowedThere) as raised:
        await vendor.ask(provider=replace(vendor.provider, typed=True))
    assert vendor.far.asked == []
    told(raised.value)


async def test_no_such_model(vendor):
    with pytest.raises(errors.NoSuchModel):
        await vendor.ask(model="nothing-like-it")


async def test_a_key_that_is_wrong_and_one_that_is_right(vendor):
    vendor.far.key = KEY
    await vendor.ask()
    vendor.far.key = "another"
    if vendor.kind != "ollama":  # it has none
        with pytest.raises(errors.BadKey):
            await vendor.ask()


async def test_a_refusal_of_what_was_asked(vendor):
    if vendor.kind == "ollama":
        pytest.skip("models on one's own machine have no filter before them")
    vendor.far.faults.append("filtered")
    with pytest.raises(errors.Filtered) as raised:
        await vendor.ask()
    assert not raised.value.falls_back and not raised.value.retryable
    told(raised.value)


async def test_what_the_model_thinks_is_told_apart(vendor):
    vendor.far.thinking = ("Hmm", ", vejamos.")
    if vendor.kind == "ollama":
        vendor.far.models[1]["capabilities"].append("thinking")
    await vendor.ask()
    assert (vendor.thoughts, vendor.text) == ("Hmm, vejamos.", WHOLE)


async def test_a_tool_is_asked_for_and_its_result_goes_back(vendor):
    arguments = {"title": "Ligar", "due": "amanhã"}
    vendor.far.call = ("create_task", arguments)
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "due": {"type": "string"}},
        "required": ["title"],
    }
    tool = Tool("create_task", "Creates a task.", schema)
    *_, call, done = await vendor.ask(tools=[tool])
    assert isinstance(call, ToolCall) and (call.name, call.arguments) == ("create_task", arguments)
    assert done.finish == "tool_call" and done.turn.calls == (call,)
    result = Message("tool", "criada", call_id=call.id, name=call.name)
    vendor.far.call = None
    await vendor.ask([*(Message("user", "Crie"),), done.turn, result], tools=[tool])
    sent = str(vendor.questions[-1].body)
    assert "criada" in sent and "create_task" in sent and "amanhã" in sent


async def test_a_picture_is_sent(vendor):
    await vendor.ask([Message("user", "O que é?", pictures=[Picture(b"\x89PNG-bytes", "image/png")])])
    assert "iVBORy1ieXRlcw" in str(vendor.questions[-1].body)


async def test_whoever_leaves_stops_the_answer(vendor):
    vendor.far.pace = 20
    call = Call(Asker(), vendor.provider, vendor.model, [Message("user", "?")], Wishes(), (), Patience())
    async with kind(vendor.kind).answer(call) as parts:
        assert await anext(parts) == Text(ANSWER[0])
    for _ in range(100):
        if vendor.far.hung_up:
            break
        await asyncio.sleep(0.02)
    assert vendor.far.hung_up == 1


async def test_the_models_that_there_are(vendor):
    found = await kind(vendor.kind).models(vendor.provider, PATIENCE)
    names = {info.name for info in found if info.chats}
    assert names == {vendor.model}
    context = {info.name: info.context for info in found}[vendor.model]
    assert context == {"ollama": 8192, "google": 1048576}.get(vendor.kind)


async def test_a_stream_of_something_else(vendor):
    """A proxy's page in place of an answer."""
    far = vendor.far

    async def page(asked, wire):
        await wire.answer(200, b"<!doctype html><html><body>Sign in</body></html>\n\n", "text/html")

    far.respond = page
    with pytest.raises((errors.Malformed, errors.CutOff)):
        await vendor.ask()


@pytest.mark.parametrize("style", ["plain", "vllm", "openwebui", "openrouter"])
@pytest.mark.parametrize("fault", BEFORE)
async def test_compatible_servers_word_their_errors_in_other_ways(openai, style, fault):
    if (style, fault) == ("openwebui", "quota"):
        pytest.skip("it passes the text on, and that says it in words only")
    openai.far.style = style
    openai.far.faults.append(fault)
    with pytest.raises(BEFORE[fault]):
        await openai.ask()


async def test_one_whole_object_in_place_of_a_stream(openai):
    openai.far.whole = True
    done = (await openai.ask())[-1]
    assert openai.text == WHOLE
    assert (done.usage.read, done.usage.cached) == (9, 4)


async def test_the_most_tokens_are_said_as_the_server_knows_it(openai):
    await openai.ask(most_tokens=7)
    usual = replace(openai.provider, options={"most_tokens": "max_completion_tokens"})
    await openai.ask(provider=usual, most_tokens=7)
    compatible, vendor = (asked.body for asked in openai.questions)
    assert compatible["max_tokens"] == 7 and "max_completion_tokens" not in compatible
    assert vendor["max_completion_tokens"] == 7 and "max_tokens" not in vendor
    assert compatible["stream_options"] == {"include_usage": True}


async def test_a_server_without_a_key_is_sent_none(openai):
    await openai.ask(provider=replace(openai.provider, key=""))
    assert "authorization" not in openai.questions[0].headers


async def test_what_ollama_is_told(ollama):
    ollama.far.models[1]["capabilities"].append("thinking")
    [info] = [
        one for one in await kind("ollama").models(ollama.provider, PATIENCE) if one.name == ollama.model
    ]
    await ollama.ask(info=info, context=4096, think=True, temperature=0.2, seed=3, stop=["X"], most_tokens=9)
    body = ollama.questions[-1].body
    assert body["options"] == {
        "num_ctx": 4096,
        "num_predict": 9,
        "temperature": 0.2,
        "seed": 3,
        "stop": ["X"],
    }
    assert (body["think"], body["truncate"]) == (True, False)
    await ollama.ask(think=True)  # one that is not known to think is not asked to
    assert "think" not in ollama.questions[-1].body
    await ollama.ask(info=info, think=False)
    assert ollama.questions[-1].body["think"] is False


async def test_an_older_ollama_says_of_each_model_alone_what_it_can_do(ollama):
    for model in ollama.far.models:
        del model["capabilities"]
        del model["details"]["context_length"]
    ollama.far.shown = {
        "capabilities": ["completion", "vision"],
        "model_info": {"llama.context_length": 131072},
    }
    found = await kind("ollama").models(ollama.provider, PATIENCE)
    assert {(one.capabilities, one.context) for one in found} == {(frozenset({"chat", "vision"}), 131072)}


@pytest.mark.filterwarnings("ignore:The model")
async def test_anthropic_is_sent_no_sampling_by_its_newest_version(anthropic):
    anthropic.model = "claude-sonnet-4-5"  # of which the library believes that it takes any
    anthropic.far.names = (anthropic.model,)
    await anthropic.ask(temperature=0.2)
    older = replace(anthropic.provider, options={"version": "2023-06-01"})
    await anthropic.ask(provider=older, temperature=0.2)
    newest, before = anthropic.questions
    assert "temperature" not in newest.body and before.body["temperature"] == 0.2
    assert newest.headers["anthropic-version"] == "2026-10-21"
    assert before.headers["anthropic-version"] == "2023-06-01"


async def test_anthropic_gets_its_key_by_one_header(anthropic):
    await anthropic.ask()
    bearer = replace(anthropic.provider, options={"auth": "bearer"})
    await anthropic.ask(provider=bearer)
    one, other = (asked.headers for asked in anthropic.questions)
    assert one["x-api-key"] == KEY and "authorization" not in one
    assert other["authorization"] == f"Bearer {KEY}" and "x-api-key" not in other


async def test_google_refuses_a_prompt_without_any_candidate(google):
    google.far.prompt_blocked = True
    google.far.faults.append("filtered")
    with pytest.raises(errors.Filtered):
        await google.ask()


async def test_google_sends_errors_as_a_chunk_as_well(google):
    google.far.raw = False
    google.far.faults.append("error_inside")
    with pytest.raises(errors.FailedInside):
        await google.ask()
    assert google.text == HALF


@pytest.mark.slow
def test_nothing_of_the_vendors_is_imported_with_the_package_nor_with_the_app():
    asked = (
        "import sys, services.providers, services.probes, keepai.api, keepai.pages;"
        "heavy = {'pydantic_ai', 'openai', 'anthropic', 'google.genai', 'genai_prices', 'tiktoken'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
