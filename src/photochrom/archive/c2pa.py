"""Content Credentials: results signed by the archive's own certificate, with the provenance record inside (C2PA)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from photochrom.archive.provenance import LABEL
from photochrom.errors import BatchError, MissingExtraError
from photochrom.images.metadata import SYNTHETIC

__all__ = ["Signer", "read_record", "signed_for"]

_TYPES = {
    **{".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jpe": "image/jpeg", ".png": "image/png"},
    **{".webp": "image/webp", ".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif"},
}


class Signer:
    """Signs files with a certificate chain and a private key, both PEM; elliptic curves P-256 (ES256) and Ed25519.

    Raises MissingExtraError, BatchError for a certificate or key that cannot be used.
    """

    def __init__(self, certificate: str, key: str) -> None:
        try:
            import c2pa
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError as error:
            raise MissingExtraError("c2pa", "--c2pa") from error
        try:
            chain, secret = Path(certificate).read_bytes(), Path(key).read_bytes()
            private = load_pem_private_key(secret, None)
        except (OSError, ValueError, TypeError) as error:
            raise BatchError(f"--c2pa: the certificate or the key cannot be read ({error})") from error
        if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1":
            algorithm = c2pa.C2paSigningAlg.ES256
        elif isinstance(private, ed25519.Ed25519PrivateKey):
            algorithm = c2pa.C2paSigningAlg.ED25519
        else:
            raise BatchError("--c2pa: the key is not one of P-256 or Ed25519")
        # Without a time stamp: an authority for those would have to be asked over the net.
        info = c2pa.C2paSignerInfo(alg=algorithm, sign_cert=chain, private_key=secret, ta_url=None)
        try:
            self._signer = c2pa.Signer.from_info(info)
        except c2pa.C2paError as error:
            raise BatchError(f"--c2pa: the certificate and key cannot sign ({error})") from error
        self._library: Any = c2pa

    def __call__(self, file: Path, record: dict[str, Any]) -> None:
        """Sign a file in its place. Raises BatchError."""
        kind = _TYPES[file.suffix.lower()]
        action = {"action": "c2pa.created", "digitalSourceType": SYNTHETIC}
        manifest = {
            "claim_generator_info": [{"name": "Photochrom", "version": record["photochrom"]}],
            "title": record["input"]["name"],
            "format": kind,
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
                {"label": LABEL, "data": record},
            ],
        }
        signed = io.BytesIO()
        try:
            with file.open("rb") as plain, self._library.Builder(json.dumps(manifest)) as builder:
                builder.sign(self._signer, kind, plain, signed)
        except self._library.C2paError as error:
            raise BatchError(f"cannot be signed ({error})", file.name) from error
        file.write_bytes(signed.getvalue())


def read_record(data: bytes, suffix: str) -> dict[str, Any] | None:
    """The provenance record in a signed file's bytes; None where there is none, or the signature does not hold."""
    import c2pa

    try:
        with c2pa.Reader(_TYPES[suffix.lower()], io.BytesIO(data)) as reader:
            found = json.loads(reader.json())
    except (c2pa.C2paError, KeyError, ValueError):
        return None
    if found.get("validation_state") not in ("Valid", "Trusted"):
        return None
    active = found["manifests"][found["active_manifest"]]
    records = [one["data"] for one in active.get("assertions", ()) if one["label"] == LABEL]
    return records[0] if records else None


def signed_for(data: bytes, suffix: str, input_sha256: str) -> bool:
    """Whether a file's signed record states that it was made from that input: signing a file twice gives different bytes."""
    found = read_record(data, suffix)
    return found is not None and found.get("input", {}).get("sha256") == input_sha256
