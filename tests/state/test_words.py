"""Texts that follow the reader's language: what a browser makes of the Vars, found out by running them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import reflex as rx

from services.i18n import words
from state.words import Words, by_language, t, t_count, t_state


class Shown(rx.State):
    total: int = 0
    state: str = ""


def run(var: rx.Var, **values: object) -> str:
    """What the browser shows for `var` when the state vars have these values (language=, total=, state=)."""
    names = {"language": Words.language, "total": Shown.total, "state": Shown.state}
    known: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        state, field = str(names[name]).split(".")
        known.setdefault(state, {})[field] = value
    states = "".join(f"const {state} = {json.dumps(fields)};" for state, fields in known.items())
    node = Path(sys.prefix) / "bin" / "node"
    result = subprocess.run(
        [node, "-e", f"{states} process.stdout.write(String({var!s}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_a_text_follows_the_language():
    assert run(t("common.cancel"), language="pt-BR") == "Cancelar"
    assert run(t("common.cancel"), language="en") == "Cancel"


def test_an_unknown_language_reads_portuguese():
    assert run(t("common.cancel"), language="xx") == "Cancelar"


def test_parameters_are_joined_in_whether_they_are_vars_or_texts():
    text = t("workers.picks.retire", number=Shown.total)
    assert run(text, language="pt-BR", total=14) == "Retirar 14"
    assert run(text, language="en", total=14) == "Retire 14"
    assert run(t("frame.go_to", place=t("frame.dashboard")), language="en") == "Go to Dashboard"


def test_a_text_brings_the_states_it_depends_on():
    var_data = t("workers.picks.retire", number=Shown.total)._get_all_var_data()
    hooks = "".join(var_data.hooks)
    assert Words.get_full_name().replace(".", "__") in hooks
    assert Shown.get_full_name().replace(".", "__") in hooks


def test_a_missing_text_or_parameter_is_noticed_where_the_page_is_built():
    with pytest.raises(KeyError):
        t("common.nothing_like_it")
    with pytest.raises(KeyError):
        t("workers.picks.retire")


def test_every_state_has_its_word_and_a_strange_one_is_unknown():
    for key in [key for key in words("en") if key.startswith("states.")]:
        assert run(t_state(Shown.state), language="en", state=key.removeprefix("states.")) == words("en")[key]
    assert run(t_state(Shown.state), language="pt-BR", state="closing_gracefully") == "Desconhecido"
    assert run(t_state("lost"), language="pt-BR") == "Perdido"


def test_a_count_of_one_has_its_own_text(monkeypatch):
    catalogues = {
        locale: {"x.one": "{count} worker", "x.other": "{count} workers"} for locale in ("pt-BR", "en")
    }
    monkeypatch.setattr("state.words.words", catalogues.__getitem__)
    assert run(t_count("x", Shown.total), language="en", total=1) == "1 worker"
    assert run(t_count("x", Shown.total), language="en", total=0) == "0 workers"
    assert run(t_count("x", 2), language="en") == "2 workers"


def test_what_was_formatted_once_per_language_is_chosen_by_it():
    assert run(by_language("há 4 min", "4 min ago"), language="en") == "4 min ago"


def test_the_tab_starts_in_portuguese_and_nobody_can_set_it_by_an_event():
    assert Words.get_fields()["language"].default == "pt-BR"
    assert [name for name in Words.event_handlers if not name.startswith(("set_is", "setvar"))] == []
