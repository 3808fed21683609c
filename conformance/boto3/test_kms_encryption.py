"""Encryption: contexts, limits, data keys; and whatever was changed on the way does not open."""

import itertools

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from iam import allow, client_of
from kms import assert_all_called, oaep, public_key
from refusals import refused

DENIED = ("AccessDeniedException", 400)
TAMPERED = ("InvalidCiphertextException", 400)
VALIDATION = ("ValidationException", 400)
CONTEXT = {"patient": "17", "ward": "3", "ünï": "çødé"}


@pytest.fixture(scope="module")
def unchecked(client):
    """Sends what the client itself would refuse."""
    return client("kms", parameter_validation=False)


def test_there_and_back(kms, keys):
    key = keys.key()
    alias = keys.alias(key["KeyId"])
    for reference in (key["KeyId"], key["Arn"], alias):
        told = kms.encrypt(KeyId=reference, Plaintext=b"words", EncryptionContext=CONTEXT)
        assert told["KeyId"] == key["Arn"] and told["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
        blob = told["CiphertextBlob"]
        assert b"words" not in blob
        # The blob names its key by itself; order in a context does not count.
        turned = dict(reversed(CONTEXT.items()))
        for more in ({}, {"KeyId": reference}):
            opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=turned, **more)
            assert (opened["Plaintext"], opened["KeyId"]) == (b"words", key["Arn"])
            assert opened["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    blobs = {kms.encrypt(KeyId=alias, Plaintext=b"same")["CiphertextBlob"] for _ in range(5)}
    assert len(blobs) == 5


def test_sizes(kms, keys, unchecked):
    key = keys.id()
    for size in (1, 4095, 4096):
        blob = kms.encrypt(KeyId=key, Plaintext=bytes(size))["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == bytes(size)
    for size in (0, 4097):
        with refused(*VALIDATION, "plaintext"):
            unchecked.encrypt(KeyId=key, Plaintext=bytes(size))
    with refused(*VALIDATION, "ciphertextBlob"):
        unchecked.decrypt(CiphertextBlob=b"x" * 6145)


def test_contexts_are_part_of_what_is_sealed(kms, keys):
    key = keys.id()
    contexts = [
        *({}, {"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"a": "b"}, {"A": "bc"}),
        *({"a": "bc "}, {"a": ""}, {"": "abc"}),
    ]
    blobs = [
        kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        for context in contexts
    ]
    for (blob, sealed), opened in itertools.product(zip(blobs, contexts), contexts):
        if sealed == opened:
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=opened)
            continue
        with refused(*TAMPERED):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=opened)
    # None at all is the same as an empty one.
    assert kms.decrypt(CiphertextBlob=blobs[0])["Plaintext"] == b"x"


def test_what_was_changed_does_not_open(kms, keys):
    key, other = keys.id(), keys.id()
    blob, second = (
        kms.encrypt(KeyId=one, Plaintext=b"some words of a patient")["CiphertextBlob"]
        for one in (key, other)
    )
    third = kms.encrypt(KeyId=key, Plaintext=b"more words of a patient")["CiphertextBlob"]
    half, late = len(blob) // 2, len(blob) - 24
    spliced = [blob[:late] + third[late:], second[:half] + blob[half:], blob[half:] + blob[:half]]
    cut = [blob[:-1], blob[1:], blob[:half], blob + b"\0", b"x", b"\0" * len(blob)]
    flipped = [
        blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :] for at in range(0, len(blob), 5)
    ]
    for wrong in (*spliced, *cut, *flipped):
        with refused(*TAMPERED):
            kms.decrypt(CiphertextBlob=wrong)
    with refused("IncorrectKeyException", 400, "does not identify a CMK"):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"some words of a patient"


def test_a_key_that_is_switched_off_opens_nothing(kms, keys):
    key = keys.id()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    for _ in range(3):
        kms.disable_key(KeyId=key)
        with refused("DisabledException", 400):
            kms.decrypt(CiphertextBlob=blob)
        kms.enable_key(KeyId=key)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.schedule_key_deletion(KeyId=key)
    with refused("KMSInvalidStateException", 400, "is pending deletion."):
        kms.decrypt(CiphertextBlob=blob)


@pytest.mark.parametrize("bits,limits", [(2048, (214, 190)), (3072, (342, 318)), (4096, (470, 446))])
def test_rsa(kms, keys, bits, limits):
    key = keys.pair(f"RSA_{bits}", "ENCRYPT_DECRYPT")
    public = public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert public.key_size == bits
    for hash_name, limit in zip(("SHA_1", "SHA_256"), limits):
        how = {"KeyId": key, "EncryptionAlgorithm": f"RSAES_OAEP_{hash_name}"}
        longest = b"m" * limit
        blob = kms.encrypt(**how, Plaintext=longest)["CiphertextBlob"]
        assert kms.decrypt(**how, CiphertextBlob=blob)["Plaintext"] == longest
        # What was encrypted outside opens inside.
        outside = public.encrypt(b"outside", oaep(hash_name))
        assert kms.decrypt(**how, CiphertextBlob=outside)["Plaintext"] == b"outside"
        with refused(*VALIDATION, f"larger than {limit} bytes"):
            kms.encrypt(**how, Plaintext=longest + b"m")
        with refused(*TAMPERED):
            kms.decrypt(**how, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]))
    other = {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    with refused(*TAMPERED):
        kms.decrypt(**other, CiphertextBlob=public.encrypt(b"x", oaep("SHA_256")))
    with refused("InvalidKeyUsageException", 400):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    with refused(*VALIDATION, "EncryptionContext"):
        kms.encrypt(**other, Plaintext=b"x", EncryptionContext=CONTEXT)
    with refused(*VALIDATION, "KeyId"):
        kms.decrypt(CiphertextBlob=outside, EncryptionAlgorithm="RSAES_OAEP_SHA_256")


def test_keys_for_something_else(kms, keys):
    mac = keys.pair("HMAC_256", "GENERATE_VERIFY_MAC")
    signing = keys.pair("RSA_2048", "SIGN_VERIFY")
    for key in (mac, signing):
        for use in (
            lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
            lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
            lambda: kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256"),
        ):
            with refused("InvalidKeyUsageException", 400, "key usage is"):
                use()
    with refused("InvalidKeyUsageException", 400, "incompatible with key spec"):
        kms.encrypt(KeyId=keys.id(), Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_1")


def test_data_keys(kms, keys, unchecked):
    key = keys.key()
    at = {"KeyId": key["KeyId"], "EncryptionContext": CONTEXT}
    sizes = [({"KeySpec": "AES_128"}, 16), ({"KeySpec": "AES_256"}, 32)]
    sizes += [({"NumberOfBytes": count}, count) for count in (1, 64, 1024)]
    for asked, size in sizes:
        told = kms.generate_data_key(**at, **asked)
        assert len(told["Plaintext"]) == size and told["KeyId"] == key["Arn"]
        blob = told["CiphertextBlob"]
        opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
        assert opened["Plaintext"] == told["Plaintext"]
        sealed = kms.generate_data_key_without_plaintext(**at, **asked)
        assert "Plaintext" not in sealed and sealed["KeyMaterialId"] == told["KeyMaterialId"]
        opened = kms.decrypt(
            CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=CONTEXT
        )
        assert len(opened["Plaintext"]) == size
    with refused(*TAMPERED):
        kms.decrypt(CiphertextBlob=blob)
    for generate in (unchecked.generate_data_key, unchecked.generate_data_key_without_plaintext):
        for wrong, says in (
            ({}, "either number of bytes or key spec"),
            ({"KeySpec": "AES_256", "NumberOfBytes": 32}, "either number of bytes or key spec"),
            ({"KeySpec": "AES_192"}, "keySpec"),
            ({"NumberOfBytes": 0}, "numberOfBytes"),
            ({"NumberOfBytes": 1025}, "numberOfBytes"),
        ):
            with refused(*VALIDATION, says):
                generate(**at, **wrong)
    with refused("UnsupportedOperationException", 400, "Recipient"):
        kms.generate_data_key(
            **at, KeySpec="AES_256", Recipient={"AttestationDocument": b"x" * 16}
        )


PAIRS = [
    ("RSA_2048", rsa.RSAPrivateKey, lambda key: key.key_size == 2048),
    ("ECC_NIST_P256", ec.EllipticCurvePrivateKey, lambda key: key.curve.name == "secp256r1"),
    ("ECC_NIST_P384", ec.EllipticCurvePrivateKey, lambda key: key.curve.name == "secp384r1"),
    ("ECC_NIST_P521", ec.EllipticCurvePrivateKey, lambda key: key.curve.name == "secp521r1"),
    ("ECC_SECG_P256K1", ec.EllipticCurvePrivateKey, lambda key: key.curve.name == "secp256k1"),
    ("ECC_NIST_EDWARDS25519", ed25519.Ed25519PrivateKey, lambda key: True),
]


@pytest.mark.parametrize("spec,kind,fits", PAIRS, ids=[pair[0] for pair in PAIRS])
def test_pairs(kms, keys, spec, kind, fits):
    at = {"KeyId": keys.id(), "KeyPairSpec": spec, "EncryptionContext": CONTEXT}
    told = kms.generate_data_key_pair(**at)
    private = serialization.load_der_private_key(told["PrivateKeyPlaintext"], None)
    assert isinstance(private, kind) and fits(private) and told["KeyPairSpec"] == spec
    assert public_key(told["PublicKey"]) == private.public_key()
    opened = kms.decrypt(
        CiphertextBlob=told["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT
    )
    assert opened["Plaintext"] == told["PrivateKeyPlaintext"]
    told = kms.generate_data_key_pair_without_plaintext(**at)
    assert "PrivateKeyPlaintext" not in told
    opened = kms.decrypt(
        CiphertextBlob=told["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT
    )
    private = serialization.load_der_private_key(opened["Plaintext"], None)
    assert public_key(told["PublicKey"]) == private.public_key()


def test_pairs_that_cannot_be_made(kms, keys):
    key = keys.id()
    with refused("UnsupportedOperationException", 400, "SM2"):
        kms.generate_data_key_pair(KeyId=key, KeyPairSpec="SM2")
    with refused(*VALIDATION, "keyPairSpec"):
        kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_1024")


def test_encrypted_anew(kms, keys, people):
    source, destination = keys.key(), keys.key()
    blob = kms.encrypt(KeyId=source["KeyId"], Plaintext=b"x", EncryptionContext=CONTEXT)
    blob = blob["CiphertextBlob"]
    anew = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": CONTEXT,
        "DestinationKeyId": destination["KeyId"],
        "DestinationEncryptionContext": {"new": "context"},
    }
    told = kms.re_encrypt(**anew)
    assert (told["SourceKeyId"], told["KeyId"]) == (source["Arn"], destination["Arn"])
    assert "Plaintext" not in told
    opened = kms.decrypt(
        CiphertextBlob=told["CiphertextBlob"], EncryptionContext={"new": "context"}
    )
    assert (opened["Plaintext"], opened["KeyId"]) == (b"x", destination["Arn"])
    with refused(*TAMPERED):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"])
    with refused("IncorrectKeyException", 400):
        kms.re_encrypt(**anew, SourceKeyId=destination["KeyId"])
    with refused("NotFoundException", 400):
        kms.re_encrypt(**{**anew, "DestinationKeyId": "alias/absent"})
    # Out of one key and into the other are two permissions.
    halves = [
        people.key_of_new(allow("kms:ReEncryptFrom", source["Arn"])),
        people.key_of_new(allow("kms:ReEncryptTo", destination["Arn"])),
    ]
    for pair in halves:
        with refused(*DENIED, "kms:ReEncrypt"):
            client_of("kms", pair).re_encrypt(**anew)
    both = people.key_of_new(
        allow("kms:ReEncryptFrom", source["Arn"]), allow("kms:ReEncryptTo", destination["Arn"])
    )
    client_of("kms", both).re_encrypt(**anew)
    with refused(*DENIED, "kms:Decrypt"):
        client_of("kms", both).decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)


def test_from_symmetric_to_rsa_and_back(kms, keys):
    key, pair = keys.id(), keys.pair("RSA_2048", "ENCRYPT_DECRYPT")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    oaep_256 = "RSAES_OAEP_SHA_256"
    there = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext=CONTEXT,
        DestinationKeyId=pair,
        DestinationEncryptionAlgorithm=oaep_256,
    )
    assert there["DestinationEncryptionAlgorithm"] == oaep_256
    back = kms.re_encrypt(
        CiphertextBlob=there["CiphertextBlob"],
        SourceKeyId=pair,
        SourceEncryptionAlgorithm=oaep_256,
        DestinationKeyId=key,
    )
    assert kms.decrypt(CiphertextBlob=back["CiphertextBlob"])["Plaintext"] == b"x"


def test_dry_runs(kms, keys):
    key = keys.id()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    dry = {"DryRun": True}
    for use in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x", **dry),
        lambda: kms.decrypt(CiphertextBlob=blob, **dry),
        lambda: kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key, **dry),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256", **dry),
        lambda: kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256", **dry),
        lambda: kms.generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_2048", **dry),
    ):
        with refused("DryRunOperationException", 400):
            use()
    with refused(*TAMPERED):
        kms.decrypt(CiphertextBlob=blob[:-1], **dry)


def test_random(kms, unchecked):
    drawn = {kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(5)}
    assert len(drawn) == 5
    assert [len(kms.generate_random(NumberOfBytes=n)["Plaintext"]) for n in (1, 1024)] == [1, 1024]
    for wrong in ({}, {"NumberOfBytes": 0}, {"NumberOfBytes": 1025}):
        with refused(*VALIDATION, "numberOfBytes"):
            unchecked.generate_random(**wrong)
    with refused("UnsupportedOperationException", 400, "custom key stores"):
        kms.generate_random(NumberOfBytes=8, CustomKeyStoreId="cks-1234567890abcdef0")


def test_every_operation_was_called():
    assert_all_called("encryption")
