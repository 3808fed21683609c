"""Signatures, codes and agreed secrets, held against another library's."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from kms import assert_all_called, imported, pkcs8, public_key, spki
from refusals import refused

MESSAGE = b"the words that are signed"
WRONG = ("KMSInvalidSignatureException", 400)
VALIDATION = ("ValidationException", 400)
USAGE = ("InvalidKeyUsageException", 400)
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def digest(algorithm, message=MESSAGE):
    return hashlib.new(f"sha{algorithm[-3:]}", message).digest()


def check(public, algorithm, signature, message=MESSAGE):
    """Raises InvalidSignature, by the other library."""
    if algorithm.startswith("ED25519"):
        public.verify(signature, message)
        return
    hashed = HASHES[algorithm[-3:]]
    if algorithm.startswith("ECDSA"):
        public.verify(signature, message, ec.ECDSA(hashed))
        return
    pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
    public.verify(signature, message, pss if "_PSS_" in algorithm else padding.PKCS1v15(), hashed)


SIGNING = [
    *[
        (f"RSA_{bits}", [f"RSASSA_{p}_SHA_{h}" for p in ("PSS", "PKCS1_V1_5") for h in HASHES])
        for bits in (2048, 3072, 4096)
    ],
    ("ECC_NIST_P256", ["ECDSA_SHA_256"]),
    ("ECC_NIST_P384", ["ECDSA_SHA_384"]),
    ("ECC_NIST_P521", ["ECDSA_SHA_512"]),
    ("ECC_SECG_P256K1", ["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", ["ED25519_SHA_512"]),
]


@pytest.mark.parametrize("spec,algorithms", SIGNING, ids=[one[0] for one in SIGNING])
def test_signatures(kms, keys, spec, algorithms):
    key = keys.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    told = kms.get_public_key(KeyId=key["KeyId"])
    assert (told["KeyId"], told["KeySpec"], told["KeyUsage"]) == (key["Arn"], spec, "SIGN_VERIFY")
    assert sorted(told["SigningAlgorithms"]) == sorted(algorithms)
    public = public_key(told["PublicKey"])
    for algorithm in algorithms:
        how = {"KeyId": key["KeyId"], "SigningAlgorithm": algorithm}
        messages = [{"Message": MESSAGE}]
        if not algorithm.startswith("ED25519"):
            messages.append({"Message": digest(algorithm), "MessageType": "DIGEST"})
        for said in messages:
            answer = kms.sign(**how, **said)
            signature = answer["Signature"]
            assert (answer["KeyId"], answer["SigningAlgorithm"]) == (key["Arn"], algorithm)
            check(public, algorithm, signature)
            with pytest.raises(InvalidSignature):
                check(public, algorithm, signature, MESSAGE + b"!")
            for again in messages:
                assert kms.verify(**how, **again, Signature=signature)["SignatureValid"] is True
        changed = signature[:-1] + bytes([signature[-1] ^ 1])
        for wrong in ({"Signature": changed}, {"Signature": b"x"}, {"Message": b"other"}):
            with refused(*WRONG):
                kms.verify(**how, **{"Message": MESSAGE, "Signature": signature, **wrong})
        if len(messages) > 1:
            with refused(*VALIDATION, "Digest is invalid length"):
                kms.sign(**how, Message=b"short", MessageType="DIGEST")


def test_one_algorithm_is_not_another(kms, keys):
    key = keys.pair("RSA_2048", "SIGN_VERIFY")
    at = {"KeyId": key, "Message": MESSAGE}
    signature = kms.sign(**at, SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
    for other in ("RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_384"):
        with refused(*WRONG):
            kms.verify(**at, Signature=signature, SigningAlgorithm=other)
    second = {**at, "KeyId": keys.pair("RSA_2048", "SIGN_VERIFY")}
    with refused(*WRONG):
        kms.verify(**second, Signature=signature, SigningAlgorithm="RSASSA_PSS_SHA_256")


def test_what_others_signed_verifies(kms, keys):
    """Signatures of a private key that is known, because it was imported."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = keys.id(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")
    imported(kms, key, pkcs8(private))
    assert kms.get_public_key(KeyId=key)["PublicKey"] == spki(private)
    hashed = utils.Prehashed(hashes.SHA256())
    for signature in (
        private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())),
        private.sign(digest("ECDSA_SHA_256"), ec.ECDSA(hashed)),
    ):
        told = kms.verify(
            KeyId=key, Message=MESSAGE, Signature=signature, SigningAlgorithm="ECDSA_SHA_256"
        )
        assert told["SignatureValid"] is True


def test_wrong_requests_to_sign(kms, keys):
    key = keys.pair("ECC_NIST_P256", "SIGN_VERIFY")
    with refused(*USAGE, "incompatible"):
        kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="RSASSA_PSS_SHA_256")
    with refused(*USAGE, "key usage is ENCRYPT_DECRYPT"):
        kms.sign(KeyId=keys.id(), Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")
    with refused(*VALIDATION, "signingAlgorithm"):
        kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="MD5")
    with refused(*VALIDATION, "message"):
        kms.sign(KeyId=key, Message=b"m" * 4097, SigningAlgorithm="ECDSA_SHA_256")
    with refused("UnsupportedOperationException", 400):
        kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="SM2DSA")
    edwards = keys.pair("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    with refused(*VALIDATION, "DIGEST"):
        kms.sign(
            KeyId=edwards,
            Message=digest("ED25519_SHA_512"),
            MessageType="DIGEST",
            SigningAlgorithm="ED25519_SHA_512",
        )
    with refused("DryRunOperationException", 400):
        kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256", DryRun=True)


def test_public_keys_are_of_pairs_in_use(kms, keys):
    with refused("UnsupportedOperationException", 400, "has no public key"):
        kms.get_public_key(KeyId=keys.id())
    key = keys.disabled(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    for use in (
        lambda: kms.get_public_key(KeyId=key),
        lambda: kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"),
        lambda: kms.verify(
            KeyId=key, Message=b"x", Signature=b"x", SigningAlgorithm="ECDSA_SHA_256"
        ),
    ):
        with refused("DisabledException", 400, "is disabled."):
            use()


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_codes(kms, keys, bits):
    key = keys.key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    how = {"KeyId": key["KeyId"], "MacAlgorithm": f"HMAC_SHA_{bits}", "Message": MESSAGE}
    told = kms.generate_mac(**how)
    code = told["Mac"]
    assert (told["KeyId"], len(code)) == (key["Arn"], bits // 8)
    assert kms.generate_mac(**how)["Mac"] == code
    assert kms.verify_mac(**how, Mac=code)["MacValid"] is True
    for wrong in ({"Mac": code[:-1]}, {"Mac": bytes(len(code))}, {"Message": MESSAGE + b"!"}):
        with refused("KMSInvalidMacException", 400):
            kms.verify_mac(**{**how, "Mac": code, **wrong})
    other = "HMAC_SHA_256" if bits != 256 else "HMAC_SHA_512"
    with refused(*USAGE, "incompatible"):
        kms.generate_mac(**{**how, "MacAlgorithm": other})
    with refused(*USAGE, "key usage is ENCRYPT_DECRYPT"):
        kms.generate_mac(**{**how, "KeyId": keys.id()})
    with refused("DryRunOperationException", 400):
        kms.generate_mac(**how, DryRun=True)
    kms.disable_key(KeyId=key["KeyId"])
    with refused("DisabledException", 400):
        kms.verify_mac(**how, Mac=code)


CURVES = [
    ("ECC_NIST_P256", ec.SECP256R1(), 32),
    ("ECC_NIST_P384", ec.SECP384R1(), 48),
    ("ECC_NIST_P521", ec.SECP521R1(), 66),
]


@pytest.mark.parametrize("spec,curve,size", CURVES, ids=[one[0] for one in CURVES])
def test_agreed_secrets(kms, keys, spec, curve, size):
    key = keys.key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")
    theirs = public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    ours = ec.generate_private_key(curve)
    how = {"KeyId": key["KeyId"], "KeyAgreementAlgorithm": "ECDH"}
    told = kms.derive_shared_secret(**how, PublicKey=spki(ours))
    assert told["SharedSecret"] == ours.exchange(ec.ECDH(), theirs)
    assert len(told["SharedSecret"]) == size and told["KeyId"] == key["Arn"]
    stranger = ec.generate_private_key(ec.SECP256K1())
    for wrong in (spki(stranger), spki(ours)[:-1], b"x" * 64):
        with refused(*VALIDATION, "PublicKey"):
            kms.derive_shared_secret(**how, PublicKey=wrong)
    signing = keys.pair("ECC_NIST_P256", "SIGN_VERIFY")
    with refused(*USAGE, "key usage is SIGN_VERIFY"):
        kms.derive_shared_secret(**{**how, "KeyId": signing}, PublicKey=spki(ours))


def test_every_operation_was_called():
    assert_all_called("signing")
