"""What a file is, whatever it is called; and what it may be called."""

import pytest

from services.files import served_as, sniff, tidy_name
from services.files.kinds import LONGEST_NAME, UNKNOWN

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.mark.parametrize(
    ("head", "name", "kind", "served"),
    [
        (PNG, "a.html", "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0", "a", "image/jpeg", "image/jpeg"),
        (b"GIF89a....", "a", "image/gif", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a", "image/webp", "image/webp"),
        (b"%PDF-1.7", "a.png", "application/pdf", "application/pdf"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
            "a.png",
            "image/svg+xml",
            UNKNOWN,
        ),
        (b'<?xml version="1.0"?>\n<!-- x --><SVG onload="1">', "a.gif", "image/svg+xml", UNKNOWN),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>", "a.png", "text/html", UNKNOWN),
        (b"<script>alert(1)</script>", "a.txt", "text/html", UNKNOWN),
        ("<html>".encode("utf-16"), "a.txt", UNKNOWN, UNKNOWN),
        ("ação".encode(), "a.md", "text/markdown", "text/markdown; charset=utf-8"),
        (("x" + "é" * 600).encode()[:1024], "a.exe", "text/plain", "text/plain; charset=utf-8"),
        ("ação".encode()[:-2], "a.txt", UNKNOWN, UNKNOWN),
        (b"", "a.png", "text/plain", "text/plain; charset=utf-8"),
        (b"MZ\x90\x00\x03", "a.txt", UNKNOWN, UNKNOWN),
        (b"\x7fELF", "a.txt", UNKNOWN, UNKNOWN),
    ],
)
def test_a_file_is_what_its_bytes_say(head, name, kind, served):
    assert sniff(head, name) == kind
    assert served_as(kind) == served


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", "file"),
        ("", "file"),
        ("..", "file"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie: x=1.txt"),
        ("a\x00b\x07.txt", "ab.txt"),
        ("nota‮gpj.exe", "notagpj.exe"),
        ("  ação  2.pdf ", "ação 2.pdf"),
        ("ação.pdf", "ação.pdf"),
        ("\ud800x.txt", "x.txt"),
    ],
)
def test_a_name_has_no_folders_and_nothing_that_cannot_be_seen(given, kept):
    assert tidy_name(given) == kept


def test_a_long_name_keeps_its_ending():
    name = tidy_name("é" * 300 + ".tar.gz")
    assert (len(name), name[-3:]) == (LONGEST_NAME, ".gz")
    assert len(tidy_name("x" * 300)) == LONGEST_NAME
    assert len(tidy_name("x." + "y" * 300)) == LONGEST_NAME
