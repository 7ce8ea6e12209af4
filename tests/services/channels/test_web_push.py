"""Who we are for push services, and how a message is encrypted."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from services.channels import web_push
from services.settings import Settings
from tests.push_service import Browser, decoded, encoded

ENDPOINT = "https://push.example.org/1"


def test_a_message_is_encrypted_as_in_the_example_of_the_specification():
    # RFC 8291, 5 and appendix A.
    once = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    sealed = web_push.encrypt(
        b"When I grow up, I want to be a watermelon",
        decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        once=ec.derive_private_key(once, ec.SECP256R1()),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6P"
        "Bru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("length", [0, 1, web_push.LONGEST])
def test_a_browser_opens_it_and_it_is_no_larger_than_may_be(length):
    browser = Browser(ENDPOINT)
    sealed = web_push.encrypt(b"x" * length, browser.point, browser.auth)
    assert browser.open(sealed) == b"x" * length
    assert len(sealed) <= 4096
    assert web_push.encrypt(b"x" * length, browser.point, browser.auth) != sealed


def test_what_is_too_long_is_refused():
    browser = Browser(ENDPOINT)
    with pytest.raises(ValueError, match="long"):
        web_push.encrypt(b"x" * (web_push.LONGEST + 1), browser.point, browser.auth)


def test_the_key_stays_the_same_and_is_another_elsewhere(tmp_path):
    one, other = (Settings(data_dir=tmp_path, secret_key=text) for text in ("a" * 40, "b" * 40))
    assert web_push.public_key(one) == web_push.public_key(one) != web_push.public_key(other)
    assert len(decoded(web_push.public_key(one))) == 65


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, set()),
        ({"endpoint": "http://push.example.org/1"}, {"endpoint"}),
        ({"endpoint": "https://a@push.example.org/1"}, {"endpoint"}),
        ({"endpoint": "file:///etc/passwd"}, {"endpoint"}),
        ({"endpoint": "http://127.0.0.1:9/1"}, set()),
        ({"p256dh": "BA"}, {"p256dh"}),
        ({"p256dh": encoded(b"\4" + b"\1" * 64)}, {"p256dh"}),
        ({"p256dh": "ação"}, {"p256dh"}),
        ({"auth": encoded(b"1" * 15)}, {"auth"}),
        ({"auth": "*"}, {"auth"}),
    ],
)
def test_what_a_browser_gives_is_looked_at(given, wrong):
    browser = Browser(ENDPOINT)
    right = {"endpoint": ENDPOINT, "p256dh": encoded(browser.point), "auth": encoded(browser.auth)}
    assert web_push.check(**{**right, **given}, inside=frozenset({"127.0.0.1"})).keys() == wrong
