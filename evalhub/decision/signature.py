"""Sign a decision's document, and check a signature with the public key alone. Pure.

Ed25519 (RFC 8032) over the document as it is printed, without its signatures: its canonical JSON
(evalhub.io.canonical) behind a line that says what it is, so that a signature of anything else
is none of a decision. It covers what stands beside the record too, such as a study's other arms.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from evalhub.decision.document import PrintedDecision
from evalhub.declare.decision import Signature
from evalhub.declare.declaration import validate
from evalhub.io.canonical import canonical_json

SIGNATURES = "signatures"
_KIND = b"evalhub.decision/2 signed\n"


class KeyFileError(ValueError):
    """The text isn't such a key; the message says what is expected."""


class Signed(StrEnum):
    """Result of checking a document with a public key."""

    SIGNED = "signed"
    CHANGED = "changed"
    OTHER_KEY = "another-key"
    UNSIGNED = "unsigned"


def new_key() -> tuple[bytes, bytes]:
    """A private key and its public one, as PEM (PKCS #8 and SubjectPublicKeyInfo)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """Read a private key. Raises KeyFileError."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError("isn't a private key in PEM, without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("isn't an Ed25519 key: `evalhub decision keygen` makes one")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Read a public key. Raises KeyFileError."""
    if b"PRIVATE KEY" in pem:
        raise KeyFileError("is a private key, which nobody else should have: give its .pub file")
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError("isn't a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError("isn't an Ed25519 key")
    return key


def key_digest(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key's 32 bytes, which names it in signatures."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def sign(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document with this key's signature, which replaces an earlier one by the same key."""
    name = key_digest(key.public_key())
    others = [each for each in document.get(SIGNATURES, ()) if each["key"] != name]
    value = b64encode(key.sign(_message(document))).decode()
    signature = Signature(algorithm="ed25519", key=name, value=value).as_json()
    return {**document, SIGNATURES: [*others, signature]}


def check_signature(document: Mapping[str, Any], key: Ed25519PublicKey) -> Signed:
    """Check whether the holder of `key` signed exactly this document.

    Raises:
        evalhub.declare.declaration.DeclarationError: it is no decision.
    """
    signatures = validate(PrintedDecision, document).signatures
    ours = [each for each in signatures if each.key == key_digest(key)]
    if not signatures:
        return Signed.UNSIGNED
    if not ours:
        return Signed.OTHER_KEY
    try:
        for signature in ours:
            key.verify(b64decode(signature.value, validate=True), _message(document))
    except (InvalidSignature, ValueError):  # no Base64, or not of 64 bytes
        return Signed.CHANGED
    return Signed.SIGNED


def _message(document: Mapping[str, Any]) -> bytes:
    bare = {name: value for name, value in document.items() if name != SIGNATURES}
    return _KIND + canonical_json(bare)
