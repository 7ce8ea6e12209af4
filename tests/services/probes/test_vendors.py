"""The probes of vendors: asked where there is a key, and what they say of one that is refused."""

import pytest
from pydantic import SecretStr

from services.i18n import LOCALES, translate
from services.probes import PROBES, check
from services.settings import Settings
from tests.vendors.anthropic import Anthropic
from tests.vendors.gemini import Gemini
from tests.vendors.openai import OpenAI

ENDS = {"openai": (OpenAI, "/v1"), "anthropic": (Anthropic, ""), "google": (Gemini, "")}


@pytest.mark.parametrize("name", ENDS)
async def test_without_a_key_nobody_is_asked(name, tmp_path):
    found = await check(name, PROBES[name](Settings(data_dir=tmp_path)))
    assert (found.state, found.detail) == ("not_configured", {"setting": f"KEEPAI_{name.upper()}_API_KEY"})


@pytest.mark.parametrize("name", ENDS)
async def test_with_a_key_its_models_are_counted_and_a_refusal_is_said(name, tmp_path):
    made, path = ENDS[name]
    far = made()
    async with far.serving():
        given = {f"{name}_api_key": SecretStr("right"), f"{name}_base_url": far.url + path}
        probe = PROBES[name](Settings(data_dir=tmp_path, **given))
        found = await check(name, probe)
        assert (found.state, found.reason) == ("ok", "")
        assert found.detail["models"] >= 1
        far.key = "another"
        refused = await check(name, probe)
    assert (refused.state, refused.reason) == ("down", "providers.error.auth")
    for locale in LOCALES:
        assert translate(locale, refused.reason, **refused.params)
