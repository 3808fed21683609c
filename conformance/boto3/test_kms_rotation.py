"""Rotation: new material seals, every older one opens; what does not rotate says so."""

from datetime import datetime, timedelta, timezone

import pytest
from kms import assert_all_called, imported
from refusals import refused

CONTEXT = {"patient": "17"}


def rotations(kms, key, **more):
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=key, PaginationConfig={"PageSize": 2}, **more
    )
    return [one for page in pages for one in page["Rotations"]]


def test_every_old_ciphertext_opens(kms, keys):
    key = keys.id()
    sealed = []
    for turn in range(4):
        plaintext = f"turn {turn}".encode()
        told = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionContext=CONTEXT)
        data = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        sealed.append((plaintext, told["CiphertextBlob"], data))
        kms.rotate_key_on_demand(KeyId=key)
    materials = set()
    for plaintext, blob, data in sealed:
        opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
        assert opened["Plaintext"] == plaintext
        opened_key = kms.decrypt(CiphertextBlob=data["CiphertextBlob"])
        assert opened_key["Plaintext"] == data["Plaintext"]
        assert opened["KeyMaterialId"] == opened_key["KeyMaterialId"] == data["KeyMaterialId"]
        materials.add(opened["KeyMaterialId"])
    current = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert len(materials) == 4 and current not in materials
    # Only what is encrypted anew comes under the new material.
    anew = kms.re_encrypt(
        CiphertextBlob=sealed[0][1],
        SourceEncryptionContext=CONTEXT,
        DestinationKeyId=key,
        DestinationEncryptionContext=CONTEXT,
    )
    assert anew["DestinationKeyMaterialId"] == current != anew["SourceKeyMaterialId"]
    opened = kms.decrypt(CiphertextBlob=anew["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"turn 0", current)
    listed = rotations(kms, key)
    assert [one["RotationType"] for one in listed] == ["ON_DEMAND"] * 4
    dates = [one["RotationDate"] for one in listed]
    assert dates == sorted(dates)
    assert abs(dates[-1] - datetime.now(timezone.utc)) < timedelta(minutes=5)
    states = {
        one["KeyMaterialId"]: one["KeyMaterialState"]
        for one in rotations(kms, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    }
    assert states == {**dict.fromkeys(materials, "NON_CURRENT"), current: "CURRENT"}


def test_at_most_25_on_demand(kms, keys):
    key = keys.id()
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
    with refused("LimitExceededException", 400, "25 times"):
        kms.rotate_key_on_demand(KeyId=key)
    assert len(rotations(kms, key)) == 25


def test_the_schedule(client, kms, keys):
    key = keys.key()
    arn, key = key["Arn"], key["KeyId"]
    told = kms.get_key_rotation_status(KeyId=key)
    assert told["KeyRotationEnabled"] is False and "NextRotationDate" not in told
    kms.enable_key_rotation(KeyId=key)
    told = kms.get_key_rotation_status(KeyId=arn)
    assert (told["KeyId"], told["KeyRotationEnabled"]) == (arn, True)
    assert told["RotationPeriodInDays"] == 365
    left = told["NextRotationDate"] - datetime.now(timezone.utc)
    assert timedelta(days=364) < left < timedelta(days=366)
    # On demand has no effect on the schedule, nor has asking for the same again.
    kms.rotate_key_on_demand(KeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=365)
    assert kms.get_key_rotation_status(KeyId=key)["NextRotationDate"] == told["NextRotationDate"]
    for days in (90, 2560):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
        told = kms.get_key_rotation_status(KeyId=key)
        assert told["RotationPeriodInDays"] == days
        left = told["NextRotationDate"] - datetime.now(timezone.utc)
        assert timedelta(days=days - 1) < left < timedelta(days=days + 1)
    unchecked = client("kms", parameter_validation=False)
    for days in (89, 2561):
        with refused("ValidationException", 400, "otationPeriodInDays"):
            unchecked.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


@pytest.mark.parametrize(
    "spec,usage",
    [
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ],
)
def test_only_symmetric_keys_rotate(kms, keys, spec, usage):
    key = keys.pair(spec, usage)
    for operation in (
        kms.enable_key_rotation,
        kms.disable_key_rotation,
        kms.get_key_rotation_status,
        kms.rotate_key_on_demand,
        kms.list_key_rotations,
    ):
        with refused("UnsupportedOperationException", 400, spec):
            operation(KeyId=key)


def test_imported_material_rotates_on_demand_only(kms, keys):
    key = keys.id(Origin="EXTERNAL")
    imported(kms, key, b"1" * 32)
    for operation in (kms.enable_key_rotation, kms.get_key_rotation_status):
        with refused("UnsupportedOperationException", 400, "EXTERNAL"):
            operation(KeyId=key)
    first = kms.encrypt(KeyId=key, Plaintext=b"first")["CiphertextBlob"]
    with refused("KMSInvalidStateException", 400, "No available key material pending rotation"):
        kms.rotate_key_on_demand(KeyId=key)
    told = imported(kms, key, b"2" * 32, ImportType="NEW_KEY_MATERIAL", KeyMaterialDescription="x")
    waiting = told["KeyMaterialId"]
    listed = rotations(kms, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    states = {one["KeyMaterialId"]: one["KeyMaterialState"] for one in listed}
    assert states.pop(waiting) == "PENDING_ROTATION" and list(states.values()) == ["CURRENT"]
    [entry] = [one for one in listed if one["KeyMaterialId"] == waiting]
    assert (entry["ImportState"], entry["KeyMaterialDescription"]) == ("IMPORTED", "x")
    with refused("KMSInvalidStateException", 400, "waits for a rotation"):
        imported(kms, key, b"3" * 32, ImportType="NEW_KEY_MATERIAL")
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == waiting
    second = kms.encrypt(KeyId=key, Plaintext=b"second")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=first)["Plaintext"] == b"first"
    # Without one of its materials the key does nothing at all.
    [old] = states
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=old)
    for blob in (first, second):
        with refused("KMSInvalidStateException", 400, "is pending import."):
            kms.decrypt(CiphertextBlob=blob)
    imported(kms, key, b"1" * 32, ImportType="EXISTING_KEY_MATERIAL")
    assert kms.decrypt(CiphertextBlob=first)["Plaintext"] == b"first"
    assert kms.decrypt(CiphertextBlob=second)["KeyMaterialId"] == waiting


def test_every_operation_was_called():
    assert_all_called("rotation")
