"""Material that was made elsewhere: every way in, its end, and whatever does not fit."""

import hmac
import os
from datetime import datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from kms import assert_all_called, imported, oaep, pkcs8, private_key, public_key, spki, wrapped
from refusals import refused
from waiting import until

DIRECT = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
TWICE = ["RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
WAYS = [(way, f"RSA_{bits}") for way in DIRECT + TWICE for bits in (2048, 3072, 4096)]
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
OTHER_MATERIAL = ("IncorrectKeyMaterialException", 400)
UNREADABLE = ("InvalidCiphertextException", 400)
VALIDATION = ("ValidationException", 400)


@pytest.fixture
def empty(keys):
    return keys.id(Origin="EXTERNAL")


def parameters(kms, key, way="RSAES_OAEP_SHA_256", spec="RSA_2048"):
    return kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=way, WrappingKeySpec=spec)


@pytest.mark.parametrize("way,spec", WAYS, ids=["-".join(way) for way in WAYS])
def test_every_way_in(kms, empty, way, spec):
    told = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert (told["KeyState"], told["Enabled"], told["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert "ExpirationModel" not in told and "CurrentKeyMaterialId" not in told
    how = parameters(kms, empty, way, spec)
    assert how["KeyId"] == told["Arn"]
    assert public_key(how["PublicKey"]).key_size == int(spec[4:])
    left = how["ParametersValidTo"] - datetime.now(timezone.utc)
    assert timedelta(hours=23) < left <= timedelta(hours=24, minutes=1)
    answer = kms.import_key_material(
        KeyId=empty,
        ImportToken=how["ImportToken"],
        EncryptedKeyMaterial=wrapped(os.urandom(32), how["PublicKey"], way),
        **FOREVER,
    )
    told = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert told["KeyState"] == "Enabled" and told["ExpirationModel"] == FOREVER["ExpirationModel"]
    assert told["CurrentKeyMaterialId"] == answer["KeyMaterialId"]
    blob = kms.encrypt(KeyId=empty, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_codes_are_those_of_the_material(kms, keys, bits):
    key = keys.id(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC", Origin="EXTERNAL")
    material = os.urandom(bits // 8)
    imported(kms, key, material)
    told = kms.generate_mac(KeyId=key, Message=b"words", MacAlgorithm=f"HMAC_SHA_{bits}")
    assert told["Mac"] == hmac.digest(material, b"words", f"sha{bits}")


# Spec, usage, how to make such a key, and the ways that it fits through.
PRIVATE_KEYS = [
    ("RSA_2048", "ENCRYPT_DECRYPT", lambda: rsa.generate_private_key(65537, 2048), TWICE),
    ("ECC_NIST_P256", "SIGN_VERIFY", lambda: ec.generate_private_key(ec.SECP256R1()), DIRECT + TWICE),
    ("ECC_NIST_P384", "KEY_AGREEMENT", lambda: ec.generate_private_key(ec.SECP384R1()), TWICE),
    ("ECC_NIST_P521", "SIGN_VERIFY", lambda: ec.generate_private_key(ec.SECP521R1()), TWICE),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", lambda: ec.generate_private_key(ec.SECP256K1()), DIRECT),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", ed25519.Ed25519PrivateKey.generate, DIRECT),
]


@pytest.mark.parametrize("spec,usage,make,ways", PRIVATE_KEYS, ids=[p[0] for p in PRIVATE_KEYS])
def test_private_keys(kms, keys, spec, usage, make, ways):
    for way in ways:
        private = make()
        key = keys.id(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")
        answer = imported(kms, key, pkcs8(private), way)
        assert "KeyMaterialId" not in answer
        assert kms.get_public_key(KeyId=key)["PublicKey"] == spki(private)
    if usage == "ENCRYPT_DECRYPT":
        how = {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
        blob = kms.encrypt(**how, Plaintext=b"x")["CiphertextBlob"]
        assert private.decrypt(blob, oaep("SHA_256")) == b"x"


def test_ways_that_are_not_there(kms, keys, empty):
    unsupported = ("UnsupportedOperationException", 400)
    rsa_key = keys.id(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")
    for way in DIRECT:
        with refused(*unsupported, "cannot wrap"):
            parameters(kms, rsa_key, way, "RSA_4096")
    for way, spec in (("RSAES_PKCS1_V1_5", "RSA_2048"), ("SM2PKE", "SM2")):
        with refused(*unsupported, "is not supported"):
            parameters(kms, empty, way, spec)
    with refused(*VALIDATION, "wrappingAlgorithm"):
        parameters(kms, empty, "ROT13")
    with refused(*VALIDATION, "wrappingKeySpec"):
        parameters(kms, empty, spec="RSA_1024")
    own = keys.id()
    for use in (
        lambda: parameters(kms, own),
        lambda: kms.delete_imported_key_material(KeyId=own),
        lambda: kms.import_key_material(
            KeyId=own, ImportToken=b"x", EncryptedKeyMaterial=b"x", **FOREVER
        ),
    ):
        with refused(*unsupported):
            use()


def test_what_does_not_fit(kms, keys, empty):
    how = parameters(kms, empty)
    at = {"KeyId": empty, "ImportToken": how["ImportToken"], **FOREVER}
    for size in (16, 31, 33):
        with refused(*OTHER_MATERIAL, "32 bytes"):
            kms.import_key_material(
                **at, EncryptedKeyMaterial=wrapped(bytes(size), how["PublicKey"], DIRECT[1])
            )
    other_way = wrapped(bytes(32), how["PublicKey"], DIRECT[0])
    for wrong in (b"x" * 256, other_way, wrapped(bytes(32), how["PublicKey"], TWICE[1])):
        with refused(*UNREADABLE):
            kms.import_key_material(**at, EncryptedKeyMaterial=wrong)
    right = wrapped(bytes(32), how["PublicKey"], DIRECT[1])
    token = how["ImportToken"]
    other = parameters(kms, keys.id(Origin="EXTERNAL"))
    for wrong in (b"x" * 64, token[:-1] + bytes([token[-1] ^ 1]), other["ImportToken"]):
        with refused("InvalidImportTokenException", 400):
            kms.import_key_material(
                **{**at, "ImportToken": wrong}, EncryptedKeyMaterial=right
            )
    # The right token with what was wrapped for another one.
    foreign = wrapped(bytes(32), other["PublicKey"], DIRECT[1])
    with refused(*UNREADABLE):
        kms.import_key_material(**at, EncryptedKeyMaterial=foreign)
    pair = keys.id(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")
    for private in (ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate()):
        with refused(*OTHER_MATERIAL, "ECC_NIST_P256"):
            imported(kms, pair, pkcs8(private))
    with refused(*OTHER_MATERIAL):
        imported(kms, pair, b"no key at all", TWICE[0])
    assert kms.describe_key(KeyId=empty)["KeyMetadata"]["KeyState"] == "PendingImport"
    # Refusals used nothing up.
    kms.import_key_material(**at, EncryptedKeyMaterial=right)


def test_only_the_same_comes_back(kms, empty):
    material = os.urandom(32)
    first = imported(kms, empty, material)["KeyMaterialId"]
    blob = kms.encrypt(KeyId=empty, Plaintext=b"x")["CiphertextBlob"]
    told = kms.delete_imported_key_material(KeyId=empty)
    assert told["KeyMaterialId"] == first
    assert kms.describe_key(KeyId=empty)["KeyMetadata"]["KeyState"] == "PendingImport"
    with refused("KMSInvalidStateException", 400, "is pending import."):
        kms.decrypt(CiphertextBlob=blob)
    with refused(*OTHER_MATERIAL, "imported into this key before"):
        imported(kms, empty, os.urandom(32))
    with refused(*OTHER_MATERIAL):
        imported(kms, empty, material, KeyMaterialId="0" * 64)
    assert imported(kms, empty, material, KeyMaterialId=first)["KeyMaterialId"] == first
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    # What is there may be imported again, also to change its end.
    imported(kms, empty, material, ImportType="EXISTING_KEY_MATERIAL")
    with refused(*OTHER_MATERIAL, "imported before"):
        imported(kms, empty, material, ImportType="NEW_KEY_MATERIAL")
    with refused("NotFoundException", 400, "0" * 64):
        kms.delete_imported_key_material(KeyId=empty, KeyMaterialId="0" * 64)


def test_the_end_comes_by_itself(kms, empty):
    material = os.urandom(32)
    end = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=3)
    expiring = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": end}
    imported(kms, empty, material, **expiring)
    told = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert (told["ExpirationModel"], told["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    blob = kms.encrypt(KeyId=empty, Plaintext=b"x")["CiphertextBlob"]
    until(
        lambda: kms.describe_key(KeyId=empty)["KeyMetadata"]["KeyState"] == "PendingImport", 20
    )
    assert datetime.now(timezone.utc) >= end
    with refused("KMSInvalidStateException", 400, "is pending import."):
        kms.decrypt(CiphertextBlob=blob)
    imported(kms, empty, material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_ends_that_cannot_be(kms, empty):
    now = datetime.now(timezone.utc)
    for wrong, says in (
        ({"ExpirationModel": "KEY_MATERIAL_EXPIRES"}, "validTo"),
        ({**FOREVER, "ValidTo": now + timedelta(days=1)}, "ValidTo"),
        ({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": now - timedelta(days=1)}, "future"),
        (
            {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": now + timedelta(days=366)},
            "365 days",
        ),
    ):
        with refused(*VALIDATION, says):
            imported(kms, empty, bytes(32), **wrong)


def test_a_pair_generated_here_can_be_imported_there(kms, keys):
    """Under one key of the server's own out, and into another in."""
    told = kms.generate_data_key_pair(KeyId=keys.id(), KeyPairSpec="ECC_NIST_P256")
    key = keys.id(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")
    imported(kms, key, told["PrivateKeyPlaintext"], TWICE[1], "RSA_3072")
    assert kms.get_public_key(KeyId=key)["PublicKey"] == told["PublicKey"]
    assert spki(private_key(told["PrivateKeyPlaintext"])) == told["PublicKey"]


def test_every_operation_was_called():
    assert_all_called("import")
