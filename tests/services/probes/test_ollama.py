"""What is seen of Ollama, and the plain reasons why it is not well."""

import asyncio
import socket
from pathlib import Path

import pytest

from services import probes, settings
from services.i18n import LOCALES, translate
from services.probes.ollama import Ollama

MODEL = {
    "name": "llama3.2:3b",
    "model": "llama3.2:3b",
    "modified_at": "2026-11-20T10:00:00.123456789Z",
    "size": 2019393189,
    "digest": "a" * 64,
    "details": {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": None,
        "parameter_size": "3.2B",
        "quantization_level": "Q4_K_M",
    },
}
LOADED = MODEL | {
    "expires_at": "2026-11-20T10:05:00-03:00",
    "size": 3_000_000_000,
    "size_vram": 2_500_000_000,
    "context_length": 4096,
}


@pytest.fixture
def ollama(far_end):
    far_end.json("/api/version", {"version": "0.14.2"})
    far_end.json("/api/tags", {"models": [MODEL]})
    far_end.json("/api/ps", {"models": [LOADED]})
    return far_end


async def check(url: str, tmp_path: Path, within: float = 5.0) -> probes.ProbeResult:
    given = {"KEEPAI_DATA_DIR": str(tmp_path), "KEEPAI_OLLAMA_URL": url}
    found = await probes.check("ollama", Ollama(settings.load(given, None)), within)
    for locale in LOCALES:
        assert not found.reason or translate(locale, found.reason, **found.params)
    return found


async def test_models_and_what_is_loaded(ollama, tmp_path: Path) -> None:
    found = await check(ollama.url, tmp_path)
    assert (found.state, found.reason) == ("ok", "")
    assert 0 < found.latency < 2
    assert found.detail["version"] == "0.14.2"
    assert found.detail["models"] == [
        {
            "name": "llama3.2:3b",
            "size": 2019393189,
            "family": "llama",
            "parameters": "3.2B",
            "quantization": "Q4_K_M",
        }
    ]
    (loaded,) = found.detail["loaded"]
    assert (loaded["name"], loaded["vram"]) == ("llama3.2:3b", 2_500_000_000)
    assert ollama.asked == ["/api/version", "/api/tags", "/api/ps"]


async def test_nothing_loaded_is_not_an_error(ollama, tmp_path: Path) -> None:
    ollama.json("/api/ps", {"models": []})
    found = await check(ollama.url, tmp_path)
    assert (found.state, found.detail["loaded"]) == ("ok", [])


async def test_a_model_on_the_cpu_takes_no_vram(ollama, tmp_path: Path) -> None:
    ollama.json("/api/ps", {"models": [LOADED | {"size_vram": 0}]})
    assert (await check(ollama.url, tmp_path)).detail["loaded"][0]["vram"] == 0


async def test_without_an_address_it_is_not_configured(tmp_path: Path) -> None:
    found = await check("", tmp_path)
    assert (found.state, found.latency, found.reason) == ("not_configured", None, "")


async def test_nothing_listens(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        found = await check(f"http://127.0.0.1:{port}", tmp_path)
    assert (found.state, found.reason) == ("down", "probes.reason.refused")
    assert found.params == {"address": f"127.0.0.1:{port}"}


async def test_an_unknown_name(tmp_path: Path) -> None:
    assert (await check("http://keepai-test.invalid", tmp_path)).reason == "probes.reason.name"


async def test_a_bare_403_means_that_the_name_was_wrong(ollama, tmp_path: Path) -> None:
    ollama.text("/api/version", "", 403)
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.wrong_host"


@pytest.mark.parametrize("status", [500, 503, 429, 301])
async def test_the_status_is_told(ollama, tmp_path: Path, status: int) -> None:
    ollama.json("/api/tags", {"error": "server busy, please try again"}, status)
    found = await check(ollama.url, tmp_path)
    assert (found.state, found.reason, found.params) == (
        "down",
        "probes.reason.http",
        {"status": str(status)},
    )


async def test_another_program_at_the_address(ollama, tmp_path: Path) -> None:
    ollama.text("/api/version", "404 page not found", 404)
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.not_found"


@pytest.mark.parametrize(
    "body", ["", "<!doctype html><html></html>", '{"version": ', "\x00\xff", "[" * 100_000]
)
async def test_something_other_than_json(ollama, tmp_path: Path, body: str) -> None:
    ollama.text("/api/version", body)
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.not_json"


@pytest.mark.parametrize(
    "body", [[], 7, None, {}, {"models": None}, {"models": {"a": 1}}, {"models": ["llama", 3]}]
)
async def test_json_of_another_shape(ollama, tmp_path: Path, body: object) -> None:
    ollama.json("/api/tags", body)
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.not_understood"


async def test_wrong_types_inside_a_model_do_no_harm(ollama, tmp_path: Path) -> None:
    odd = {"name": None, "size": "much", "details": ["x"], "size_vram": -1}
    ollama.json("/api/tags", {"models": [odd]})
    ollama.json("/api/ps", {"models": [odd | {"name": "x" * 10_000}]})
    found = await check(ollama.url, tmp_path)
    assert found.state == "ok"
    assert found.detail["models"][0] == {
        "name": "",
        "size": 0,
        "family": "",
        "parameters": "",
        "quantization": "",
    }
    assert len(found.detail["loaded"][0]["name"]) <= 200
    assert found.detail["loaded"][0]["vram"] == 0


async def test_no_answer_in_time(ollama, tmp_path: Path) -> None:
    async def silence(_writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    ollama.answers["/api/version"] = silence
    found = await check(ollama.url, tmp_path, within=0.2)
    assert (found.state, found.reason) == ("down", "probes.reason.timed_out")


async def test_an_answer_without_end_is_cut(ollama, tmp_path: Path) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(4096):
            writer.write(b" " * 2**16)
            await writer.drain()

    ollama.answers["/api/tags"] = flood
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.not_understood"


async def test_a_connection_that_breaks_off(ollama, tmp_path: Path) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        writer.close()

    ollama.answers["/api/ps"] = half
    assert (await check(ollama.url, tmp_path)).reason == "probes.reason.broken"


async def test_a_late_answer_is_slow(ollama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.probes.base.SLOW", 0.0)
    found = await check(ollama.url, tmp_path)
    assert (found.state, found.reason) == ("slow", "probes.reason.slow")
    assert found.detail["version"] == "0.14.2"
