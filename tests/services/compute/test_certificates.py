"""Certificates of the embedded compute: made once, private, renewed in time."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from services.compute.certificates import LIFETIME, RENEW_BEFORE, ensure

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_made_once_and_readable_by_nobody_else(tmp_path):
    files = ensure(tmp_path / "tls", NOW)
    first = files.cert.read_bytes()
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    for path in (files.ca, files.cert, files.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure(tmp_path / "tls", NOW + timedelta(days=1)).cert.read_bytes() == first
    assert {path.name for path in tmp_path.iterdir()} == {"tls"}


def test_the_certificate_is_of_the_authority_whose_key_is_gone(tmp_path):
    files = ensure(tmp_path, NOW)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    x509.load_pem_x509_certificate(files.cert.read_bytes()).verify_directly_issued_by(ca)
    assert [path.name for path in files.folder.iterdir() if b"PRIVATE" in path.read_bytes()] == ["key.pem"]


def test_renewed_before_it_ends(tmp_path):
    first = ensure(tmp_path / "tls", NOW).cert.read_bytes()
    almost = NOW + LIFETIME - RENEW_BEFORE
    assert ensure(tmp_path / "tls", almost - timedelta(days=1)).cert.read_bytes() == first
    renewed = ensure(tmp_path / "tls", almost + timedelta(days=1)).cert
    assert renewed.read_bytes() != first
    assert x509.load_pem_x509_certificate(renewed.read_bytes()).not_valid_after_utc > almost + LIFETIME / 2


@pytest.mark.parametrize("broken", ["ca.pem", "cert.pem", "key.pem"])
@pytest.mark.parametrize("how", ["missing", "garbage", "of another set"])
def test_made_anew_when_they_do_not_belong_together(tmp_path, broken, how):
    files = ensure(tmp_path / "tls", NOW)
    path = files.folder / broken
    if how == "missing":
        path.unlink()
    elif how == "garbage":
        path.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    else:
        path.write_bytes((ensure(tmp_path / "other", NOW).folder / broken).read_bytes())
    before = files.cert.read_bytes() if files.cert.exists() else b""
    ensure(tmp_path / "tls", NOW)
    assert files.cert.read_bytes() != before


def test_a_key_that_others_could_read_is_closed(tmp_path):
    files = ensure(tmp_path / "tls", NOW)
    files.key.chmod(0o644)
    ensure(tmp_path / "tls", NOW)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
