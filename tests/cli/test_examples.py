"""The example files name what there is."""

import re

from keepai.cli import ROOT
from services.settings import Settings, names


def test_the_example_settings_are_all_there_are_with_their_defaults():
    text = (ROOT / ".env.example").read_text()
    found = dict(re.findall(r"^#(KEEPAI_\w+)=(.*)$", text, re.MULTILINE))
    assert list(found) == names()
    assert found["KEEPAI_PORT"] == str(Settings.model_fields["port"].default)


def test_examples_of_other_programs_name_settings_that_exist():
    for path in (ROOT / "deploy").iterdir():
        for name in re.findall(r"KEEPAI_[A-Z_]+", path.read_text()):
            assert name in names(), f"{name} in {path.name}"


def test_make_has_every_command_that_the_help_promises():
    makefile = (ROOT / "Makefile").read_text()
    told = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert told >= {"help", "run", "demo", "dev", "test", "check", "bench", "fmt", "lock", "clean"}
    assert "make test" in (ROOT / ".ci" / "run").read_text()
