"""Whether OpenWebUI is well."""

from pathlib import Path

import pytest

from services import probes, settings
from services.probes.openwebui import OpenWebUI


async def check(url: str, tmp_path: Path) -> probes.ProbeResult:
    given = {"KEEPAI_DATA_DIR": str(tmp_path), "KEEPAI_OPENWEBUI_URL": url}
    return await probes.check("openwebui", OpenWebUI(settings.load(given, None)), 5.0)


async def test_well(far_end, tmp_path: Path) -> None:
    far_end.json("/health", {"status": True})
    far_end.json("/api/version", {"version": "0.9.1"})
    found = await check(far_end.url + "/", tmp_path)
    assert (found.state, found.detail) == ("ok", {"version": "0.9.1"})


async def test_well_without_a_version(far_end, tmp_path: Path) -> None:
    far_end.json("/health", {"status": True})
    assert (await check(far_end.url, tmp_path)).detail == {"version": ""}


@pytest.mark.parametrize(
    ("body", "reason"), [({"status": False}, "unwell"), ({}, "unwell"), ([], "not_understood")]
)
async def test_not_well(far_end, tmp_path: Path, body: object, reason: str) -> None:
    far_end.json("/health", body)
    found = await check(far_end.url, tmp_path)
    assert (found.state, found.reason) == ("down", f"probes.reason.{reason}")


async def test_a_page_instead_of_an_answer(far_end, tmp_path: Path) -> None:
    far_end.text("/health", "<!doctype html>")
    assert (await check(far_end.url, tmp_path)).reason == "probes.reason.not_json"


async def test_not_configured(tmp_path: Path) -> None:
    assert (await check("", tmp_path)).state == "not_configured"


async def test_under_a_path(far_end, tmp_path: Path) -> None:
    far_end.json("/ai/health", {"status": True})
    assert (await check(far_end.url + "/ai", tmp_path)).state == "ok"
