"""Reflex takes unknown names in its configuration without a word; this test does not."""

import ast

import reflex as rx

from keepai.cli import ROOT
from rxconfig import origins
from services.settings import Settings


def test_every_name_in_the_configuration_is_one_that_reflex_knows():
    tree = ast.parse((ROOT / "rxconfig.py").read_text())
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Config"
    ]
    given = {keyword.arg for keyword in call.keywords}
    assert len(given) > 5
    assert given - set(rx.Config.class_fields()) == set()


def test_only_our_own_pages_may_open_a_socket():
    assert origins(Settings(port=3100)) == [
        "http://localhost:3100",
        "http://127.0.0.1:3100",
        "http://[::1]:3100",
    ]
    public = origins(Settings(public_url="https://keepai.example.org/app", tls_cert="c", tls_key="k"))
    assert public == [
        "https://localhost:3000",
        "https://127.0.0.1:3000",
        "https://[::1]:3000",
        "https://keepai.example.org",
    ]
