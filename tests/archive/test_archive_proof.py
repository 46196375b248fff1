"""What a batch leaves as proof: bags, records, signatures, and what verify finds."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import bagit
import pytest
from archive_helpers import done, outputs, rows

from helpers import Command
from photochrom.archive.c2pa import read_record, signed_for
from photochrom.archive.execute import Request, execute
from photochrom.archive.tasks import Settings
from photochrom.images.metadata import SYNTHETIC


def test_a_bag_holds_and_tells(scans: Path, expected: dict[str, bytes], tmp_path: Path, photochrom: Command) -> None:
    out = tmp_path / "bag"
    code, events, err = done(scans, "-o", out, "--bag", "--sidecars", "--workers", 1)
    assert code == 0, err
    assert outputs(out / "data") == expected
    assert [event["files"] for event in events if event["event"] == "bag"] == [2 * len(expected)]
    bag = bagit.Bag(str(out))
    bag.validate()
    assert bag.info["Bag-Software-Agent"].startswith("Photochrom")
    records = [json.loads(line) for line in (out / "provenance.jsonl").read_text().splitlines()]
    assert {record["output"]["name"] for record in records} == set(expected)
    record = next(record for record in records if record["output"]["name"] == "scan-001.png")
    assert record["input"]["sha256"] == hashlib.sha256((scans / "scan-001.png").read_bytes()).hexdigest()
    assert record["output"]["sha256"] == hashlib.sha256(expected["scan-001.png"]).hexdigest()
    assert record["digital_source_type"] == SYNTHETIC
    assert record["model"]["name"] == "photochrom"
    sidecar = json.loads((out / "data/scan-001.png.provenance.json").read_text())
    assert sidecar["output"]["sha256"] == record["output"]["sha256"]
    assert photochrom("batch", "verify", out).code == 0

    (out / "data/scan-001.png").write_bytes(b"changed")
    (out / "data/scan-002.png").unlink()
    (out / "data/strange.png").write_bytes(b"foreign")
    found = photochrom("batch", "verify", out, "--json")
    assert found.code == 1
    problems = {(line["problem"], Path(line["address"]).name) for line in found.lines}
    assert {("changed", "scan-001.png"), ("missing", "scan-002.png"), ("foreign", "strange.png")} <= problems
    assert any(line["message"].startswith("BagIt: ") for line in found.lines)


def test_a_bag_of_names_that_disks_hardly_take(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    """As long as a name may be, so that none is left for the record's ending; and with what tools escape in different ways."""
    names = ["x" * 249 + "1.png", "x" * 249 + "2.png", "ä" * 125 + ".png", "100%.png", "new\nline.png"]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes((scans / "scan-001.png").read_bytes())
    out = tmp_path / "bag"
    found = photochrom("batch", tmp_path / "in", "-o", out, "--bag", "--sidecars", "--workers", 1)
    assert found.code == 0, found.err
    files = [path.name for path in (out / "data").iterdir()]
    assert {*names[:3], "100_.png", "new_line.png"} <= set(files)
    assert len(files) == 2 * len(names)
    bagit.Bag(str(out)).validate()
    records = [json.loads(path.read_text()) for path in (out / "data").glob("*.provenance.json")]
    assert {record["input"]["name"] for record in records} == set(names)
    assert photochrom("batch", "verify", out).code == 0


def test_a_changed_original_is_found(
    scans: Path, expected: dict[str, bytes], tmp_path: Path, photochrom: Command
) -> None:
    copy = tmp_path / "scans"
    copy.mkdir()
    for name in ("scan-001.png", "scan-002.png"):
        (copy / name).write_bytes((scans / name).read_bytes())
    execute(Request(str(tmp_path / "out"), (str(copy),), workers=1), lambda _: None)
    assert photochrom("batch", "verify", tmp_path / "out").code == 0
    (copy / "scan-001.png").write_bytes(expected["scan-001.png"])
    (copy / "scan-002.png").unlink()
    found = photochrom("batch", "verify", tmp_path / "out")
    assert found.code == 1
    assert [line.split(":")[0] for line in found.out.splitlines()] == ["changed", "missing"]
    assert photochrom("batch", "verify", tmp_path / "out", "--no-sources").code == 0


def test_a_copy_is_checked_itself(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    """A bag that was copied to another disk, and one that was moved: not the place where the batch wrote."""
    first, copy = tmp_path / "bag", tmp_path / "copy"
    command = "batch", scans / "scan-00[12].png", "--bag", "--workers", 1, "-o"
    assert photochrom(*command, first).code == 0
    shutil.copytree(first, copy)
    assert photochrom("batch", "verify", copy).code == 0
    (copy / "data/scan-001.png").write_bytes(b"changed")
    found = photochrom("batch", "verify", copy)
    assert (found.code, f"changed: {copy}/data/scan-001.png" in found.out) == (1, True)
    assert photochrom("batch", "verify", copy, "--manifest", first / "photochrom-batch.db").code == 1
    assert photochrom("batch", "verify", first).code == 0
    shutil.rmtree(copy)
    first.rename(copy)
    assert photochrom("batch", "verify", copy).code == 0
    assert f"{copy}: 2 pictures" in photochrom("batch", "status", copy).out
    assert photochrom("batch", "report", copy).out.strip() == f"{copy}/report.html"
    (copy / "data/scan-001.png").unlink()
    assert photochrom("batch", scans / "scan-00[123].*", "--bag", "--workers", 1, "-o", copy).code == 0, (
        "and gone on with"
    )
    assert sorted(outputs(copy / "data")) == ["scan-002.png"]
    assert not first.exists()


def test_signed_results(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    """Signed by a certificate of the test's own; a signature is never twice the same, and still nothing is done twice."""
    certificate, key = _certificate(tmp_path)
    out = tmp_path / "out"
    command = "batch", scans / "scan-00[0-1].*", "-o", out, "--workers", 1, "--c2pa", certificate, key
    assert photochrom(*command).code == 0
    for name in ("scan-000.jpg", "scan-001.png"):
        data = (out / name).read_bytes()
        record = read_record(data, Path(name).suffix)
        assert record is not None
        digest = hashlib.sha256((scans / name).read_bytes()).hexdigest()
        assert record["input"]["sha256"] == digest
        assert record["digital_source_type"] == SYNTHETIC
        assert signed_for(data, Path(name).suffix, digest)
        assert not signed_for(data, Path(name).suffix, "0" * 64)
    for path in out.glob("photochrom-batch.db*"):
        path.unlink()
    assert photochrom(*command).code == 0
    assert photochrom("batch", "verify", out).code == 0
    for row in rows(out):
        assert row.output_sha256 == hashlib.sha256((out / row.name).read_bytes()).hexdigest()


def test_a_key_that_cannot_sign(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("nonsense")
    settings = Settings(c2pa=(str(tmp_path / "c.pem"), str(tmp_path / "c.pem")))
    request = Request(str(tmp_path / "out"), (str(scans),), settings=settings, workers=1)
    with pytest.raises(Exception, match="--c2pa: the certificate or the key cannot be read"):
        execute(request, lambda _: None)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A chain of two certificates fit for signing, and the key: P-256, made here."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, text), x509.NameAttribute(NameOID.COMMON_NAME, text)]
        )

    def made(subject: str, issuer: str, public: Any, signer: Any, authority: bool, issuer_key: Any) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage),
                True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False)
        )
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return builder.sign(signer, hashes.SHA256())

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above = made("Test authority", "Test authority", root.public_key(), root, True, root.public_key())
    below = made("Test archive", "Test authority", leaf.public_key(), root, False, root.public_key())
    pem = serialization.Encoding.PEM
    certificate, key = folder / "chain.pem", folder / "key.pem"
    certificate.write_bytes(below.public_bytes(pem) + above.public_bytes(pem))
    key.write_bytes(leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, key
