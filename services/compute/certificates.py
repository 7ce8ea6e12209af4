"""The certificates with which the embedded compute and KeepAI recognise each other.

One authority and one certificate under it, made at first start, readable by their owner only, renewed before
they end. The authority's key is thrown away after signing: nobody can add a second certificate later.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=730)
RENEW_BEFORE = timedelta(days=60)
_SKEW = timedelta(hours=1)  # a clock that is set back a little must not make them invalid


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files in one folder. They exist once `ensure` has run."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    @property
    def cert(self) -> Path:
        """The certificate of scheduler, workers and KeepAI alike."""
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "key.pem"


def ensure(folder: Path, now: datetime) -> Certificates:
    """The certificates in `folder`, made when there are none, they end soon, or do not belong together."""
    files = Certificates(folder)
    if not _usable(files, now):
        _make(files, now)
    return files


def _usable(files: Certificates, now: datetime) -> bool:
    try:
        ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
        cert = x509.load_pem_x509_certificate(files.cert.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
        cert.verify_directly_issued_by(ca)
    except Exception:  # whatever is wrong with them, new ones are the answer
        return False
    if cert.public_key() != key.public_key() or cert.not_valid_before_utc > now:
        return False
    files.key.chmod(0o600)
    return min(ca.not_valid_after_utc, cert.not_valid_after_utc) - now > RENEW_BEFORE


def _make(files: Certificates, now: datetime) -> None:
    """Write a new set beside the old one and swap the folders, so that no reader sees half of each."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("KeepAI compute authority", ca_key, "KeepAI compute authority", ca_key, now, ca=True)
    cert = _certificate("KeepAI compute", key, "KeepAI compute authority", ca_key, now, ca=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    new = Certificates(files.folder.with_name(f"{files.folder.name}.new"))
    shutil.rmtree(new.folder, ignore_errors=True)
    new.folder.mkdir(parents=True, mode=0o700)
    for path, content in (
        (new.ca, ca.public_bytes(serialization.Encoding.PEM)),
        (new.cert, cert.public_bytes(serialization.Encoding.PEM)),
        (new.key, private),
    ):
        with open(path, "wb", opener=_private) as file:
            file.write(content)
    shutil.rmtree(files.folder, ignore_errors=True)
    new.folder.rename(files.folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    ca: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("keepai-compute")]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
