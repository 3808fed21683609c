"""Every operation of the key service by the AWS command line: each with right input at least once.

What comes out is checked by another library where it can be; bytes go in as files.
"""

import json
import os
import uuid
from base64 import b64decode
from functools import partial

import pytest
from asking import as_key, ask, assert_all_answered
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from iam import People, allow, document

CONTEXT = {"case": "a,b=c", "patient": "Zoë"}

kms = partial(ask, "kms")


class Keys:
    """Makes keys, and has them deleted after the test."""

    def __init__(self):
        self.made = []

    def __call__(self, **flags):
        made = kms("create-key", **flags)["KeyMetadata"]
        self.made.append(made["KeyId"])
        return made

    def id(self, **flags):
        return {"key_id": self(**flags)["KeyId"]}

    def clear(self):
        for key_id in self.made:
            described = kms("describe-key", key_id=key_id)["KeyMetadata"]
            if described["KeyState"] != "PendingDeletion":
                kms("schedule-key-deletion", key_id=key_id, pending_window_in_days="7")


@pytest.fixture
def new_key():
    keys = Keys()
    yield keys
    keys.clear()


@pytest.fixture
def people(client):
    made = People(client("iam"))
    yield made
    made.clear()


@pytest.fixture
def file_of(tmp_path):
    """Puts bytes, or what the command line printed for them, where it can read them."""

    def write(value):
        file = tmp_path / uuid.uuid4().hex
        file.write_bytes(b64decode(value) if isinstance(value, str) else value)
        return f"fileb://{file}"

    return write


def public_key(told):
    return serialization.load_der_public_key(b64decode(told["PublicKey"]))


def spki(public):
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_key(new_key, account, region):
    kms("create-key", key_usage="SIGN_VERIFY", refused="ValidationException")
    made = new_key(description="of cases", tags="TagKey=a,TagValue=1")
    of = {"key_id": made["KeyId"]}
    assert made["Arn"] == f"arn:aws:kms:{region}:{account}:key/{made['KeyId']}"
    assert (made["KeySpec"], made["KeyState"]) == ("SYMMETRIC_DEFAULT", "Enabled")
    entry = {"KeyId": made["KeyId"], "KeyArn": made["Arn"]}
    new_key()
    assert entry in kms("list-keys", page_size="1")["Keys"]
    kms("update-key-description", **of, description="of other cases")
    assert kms("describe-key", **of)["KeyMetadata"]["Description"] == "of other cases"
    kms("disable-key", **of)
    kms("encrypt", **of, plaintext="text", refused="DisabledException")
    kms("enable-key", **of)
    assert kms("encrypt", **of, plaintext="text")["KeyId"] == made["Arn"]
    gone = f"{uuid.uuid4()}"
    kms("describe-key", key_id=gone, refused="NotFoundException")


def test_deletion(new_key):
    of = new_key.id()
    end = partial(kms, "schedule-key-deletion", **of)
    end(pending_window_in_days="6", refused="ValidationException")
    told = end(pending_window_in_days="8")
    assert (told["KeyState"], told["PendingWindowInDays"]) == ("PendingDeletion", 8)
    kms("encrypt", **of, plaintext="text", refused="KMSInvalidStateException")
    kms("cancel-key-deletion", **of)
    assert kms("describe-key", **of)["KeyMetadata"]["KeyState"] == "Disabled"
    kms("cancel-key-deletion", **of, refused="KMSInvalidStateException")


def test_tags(new_key):
    of = new_key.id(tags="TagKey=a,TagValue=1")
    kms("tag-resource", **of, tags=["TagKey=b,TagValue=2", "TagKey=c,TagValue="])
    kms("tag-resource", **of, tags="TagKey=aws:x,TagValue=1", refused="TagException")
    kms("untag-resource", **of, tag_keys=["a", "c"])
    assert kms("list-resource-tags", **of)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]


def test_alias(new_key, name):
    first, second = new_key.id(), new_key.id()
    alias = {"alias_name": f"alias/{name}"}
    create = partial(kms, "create-alias", target_key_id=first["key_id"])
    create(alias_name="alias/aws/own", refused="NotAuthorizedException")
    create(**alias)
    try:
        create(**alias, refused="AlreadyExistsException")
        kms("update-alias", **alias, target_key_id=second["key_id"])
        assert kms("list-aliases", **first)["Aliases"] == []
        [told] = kms("list-aliases", **second)["Aliases"]
        assert told["AliasName"] == f"alias/{name}"
        by_alias = kms("describe-key", key_id=f"alias/{name}")["KeyMetadata"]
        assert by_alias["KeyId"] == told["TargetKeyId"] == second["key_id"]
    finally:
        kms("delete-alias", **alias)
    kms("delete-alias", **alias, refused="NotFoundException")


def test_key_policy(new_key, people, account):
    user = people.user()
    own = as_key(people.key(user))
    of = new_key.id()
    text = {"plaintext": "text"}
    kms("encrypt", **of, **text, env=own, refused="AccessDeniedException")
    told = kms("get-key-policy", **of)
    [statement] = json.loads(told["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}
    put = partial(kms, "put-key-policy", **of)
    use = allow("kms:Encrypt", Principal={"AWS": people.arn(user)})
    put(policy=document(use), refused="MalformedPolicyDocumentException")
    put(policy=document(statement, use))
    assert kms("list-key-policies", **of)["PolicyNames"] == ["default"]
    assert json.loads(kms("get-key-policy", **of)["Policy"])["Statement"] == [statement, use]
    kms("encrypt", **of, **text, env=own)
    kms("describe-key", **of, env=own, refused="AccessDeniedException")


def test_grant(new_key, people, file_of):
    user = people.user()
    arn, own = people.arn(user), as_key(people.key(user))
    of = new_key.id()
    create = partial(kms, "create-grant", **of, operations=["Encrypt", "RetireGrant"])
    create(grantee_principal=f"{arn}-gone", refused="InvalidArnException")
    constraints = json.dumps({"EncryptionContextSubset": CONTEXT})
    made = create(grantee_principal=arn, retiring_principal=arn, constraints=constraints)
    [told] = kms("list-grants", **of)["Grants"]
    assert told["GrantId"] == made["GrantId"]
    assert told["Constraints"] == {"EncryptionContextSubset": CONTEXT}
    assert told["Operations"] == ["Encrypt", "RetireGrant"]
    assert kms("list-retirable-grants", retiring_principal=arn)["Grants"] == [told]
    encrypt = partial(kms, "encrypt", **of, plaintext="text", env=own)
    encrypt(refused="AccessDeniedException")
    context = json.dumps({**CONTEXT, "more": "1"})
    encrypt(encryption_context=context, grant_tokens=made["GrantToken"])
    kms("retire-grant", grant_token=made["GrantToken"], env=own)
    encrypt(encryption_context=context, refused="AccessDeniedException")
    made = create(grantee_principal=arn, name="again")
    encrypt()
    kms("revoke-grant", **of, grant_id=made["GrantId"])
    assert kms("list-grants", **of)["Grants"] == []
    kms("revoke-grant", **of, grant_id=made["GrantId"], refused="NotFoundException")


def test_rotation(new_key, file_of):
    of = new_key.id()
    before = kms("encrypt", **of, plaintext="written before")["CiphertextBlob"]
    kms("enable-key-rotation", **of, rotation_period_in_days="90")
    told = kms("get-key-rotation-status", **of)
    assert (told["KeyRotationEnabled"], told["RotationPeriodInDays"]) == (True, 90)
    kms("rotate-key-on-demand", **of)
    [rotation] = kms("list-key-rotations", **of)["Rotations"]
    assert rotation["RotationType"] == "ON_DEMAND"
    opened = kms("decrypt", ciphertext_blob=file_of(before))
    assert b64decode(opened["Plaintext"]) == b"written before"
    described = kms("describe-key", **of)["KeyMetadata"]
    assert opened["KeyMaterialId"] != described["CurrentKeyMaterialId"]
    kms("disable-key-rotation", **of)
    assert kms("get-key-rotation-status", **of)["KeyRotationEnabled"] is False
    other = new_key.id(key_spec="HMAC_256", key_usage="GENERATE_VERIFY_MAC")
    kms("enable-key-rotation", **other, refused="UnsupportedOperationException")


def test_encryption(new_key, file_of):
    first, second = new_key(), new_key()
    secret = os.urandom(4_096)
    context = {"encryption_context": json.dumps(CONTEXT)}
    told = kms("encrypt", key_id=first["Arn"], plaintext=file_of(secret), **context)
    blob = {"ciphertext_blob": file_of(told["CiphertextBlob"])}
    kms("decrypt", **blob, refused="InvalidCiphertextException")
    opened = kms("decrypt", **blob, **context)
    assert b64decode(opened["Plaintext"]) == secret and opened["KeyId"] == first["Arn"]
    told = kms(
        "re-encrypt",
        **blob,
        source_encryption_context=json.dumps(CONTEXT),
        destination_key_id=second["Arn"],
        destination_encryption_context="case=other",
    )
    assert (told["SourceKeyId"], told["KeyId"]) == (first["Arn"], second["Arn"])
    blob = {"ciphertext_blob": file_of(told["CiphertextBlob"])}
    opened = kms("decrypt", **blob, encryption_context="case=other", key_id=second["Arn"])
    assert b64decode(opened["Plaintext"]) == secret
    wrong = {"encryption_context": "case=other", "key_id": first["Arn"]}
    kms("decrypt", **blob, **wrong, refused="IncorrectKeyException")


def test_data_keys(new_key, file_of):
    of = new_key.id()

    def opened(blob, **flags):
        return b64decode(kms("decrypt", ciphertext_blob=file_of(blob), **flags)["Plaintext"])

    told = kms("generate-data-key", **of, key_spec="AES_256")
    plaintext = b64decode(told["Plaintext"])
    assert len(plaintext) == 32 and opened(told["CiphertextBlob"]) == plaintext
    both = {"key_spec": "AES_256", "number_of_bytes": "32"}
    kms("generate-data-key", **of, **both, refused="ValidationException")
    told = kms(
        "generate-data-key-without-plaintext", **of, number_of_bytes="24", encryption_context="a=1"
    )
    assert "Plaintext" not in told
    assert len(opened(told["CiphertextBlob"], encryption_context="a=1")) == 24
    told = kms("generate-data-key-pair", **of, key_pair_spec="ECC_NIST_P384")
    private = b64decode(told["PrivateKeyPlaintext"])
    assert opened(told["PrivateKeyCiphertextBlob"]) == private
    pair = serialization.load_der_private_key(private, None)
    assert spki(pair.public_key()) == b64decode(told["PublicKey"])
    told = kms("generate-data-key-pair-without-plaintext", **of, key_pair_spec="RSA_2048")
    assert "PrivateKeyPlaintext" not in told
    private = serialization.load_der_private_key(opened(told["PrivateKeyCiphertextBlob"]), None)
    assert spki(private.public_key()) == b64decode(told["PublicKey"])
    first, second = (kms("generate-random", number_of_bytes="40")["Plaintext"] for _ in range(2))
    assert len(b64decode(first)) == 40 and first != second


def test_signature(new_key, file_of):
    of = new_key.id(key_spec="ECC_NIST_P256", key_usage="SIGN_VERIFY")
    told = kms("get-public-key", **of)
    how = {**of, "signing_algorithm": told["SigningAlgorithms"][0]}
    signature = kms("sign", **how, message="one message")["Signature"]
    public_key(told).verify(b64decode(signature), b"one message", ec.ECDSA(hashes.SHA256()))
    verify = partial(kms, "verify", **how, signature=file_of(signature))
    assert verify(message="one message")["SignatureValid"] is True
    verify(message="two messages", refused="KMSInvalidSignatureException")
    kms("get-public-key", **new_key.id(), refused="UnsupportedOperationException")


def test_mac(new_key, file_of):
    of = new_key.id(key_spec="HMAC_384", key_usage="GENERATE_VERIFY_MAC")
    how = {**of, "mac_algorithm": "HMAC_SHA_384"}
    mac = kms("generate-mac", **how, message="one message")["Mac"]
    assert len(b64decode(mac)) == 48
    verify = partial(kms, "verify-mac", **how, mac=file_of(mac))
    assert verify(message="one message")["MacValid"] is True
    verify(message="two messages", refused="KMSInvalidMacException")


def test_shared_secret(new_key, file_of):
    of = new_key.id(key_spec="ECC_NIST_P521", key_usage="KEY_AGREEMENT")
    other = ec.generate_private_key(ec.SECP521R1())
    derive = partial(kms, "derive-shared-secret", **of, key_agreement_algorithm="ECDH")
    told = derive(public_key=file_of(spki(other.public_key())))
    agreed = other.exchange(ec.ECDH(), public_key(kms("get-public-key", **of)))
    assert b64decode(told["SharedSecret"]) == agreed
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    derive(public_key=file_of(spki(stranger)), refused="ValidationException")


def test_imported_material(new_key, file_of):
    flags = {"key_spec": "HMAC_256", "key_usage": "GENERATE_VERIFY_MAC"}
    of = new_key.id(origin="EXTERNAL", **flags)
    mac = partial(kms, "generate-mac", **of, mac_algorithm="HMAC_SHA_256", message="one message")
    mac(refused="KMSInvalidStateException")
    how = {"wrapping_algorithm": "RSAES_OAEP_SHA_256", "wrapping_key_spec": "RSA_3072"}
    started = kms("get-parameters-for-import", **of, **how)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

    def bring(material, **expected):
        return kms(
            "import-key-material",
            **of,
            import_token=file_of(started["ImportToken"]),
            encrypted_key_material=file_of(public_key(started).encrypt(material, oaep)),
            expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE",
            **expected,
        )

    material = os.urandom(32)
    bring(material)
    ours = hmac.HMAC(material, hashes.SHA256())
    ours.update(b"one message")
    expected = ours.finalize()
    assert b64decode(mac()["Mac"]) == expected
    kms("delete-imported-key-material", **of)
    mac(refused="KMSInvalidStateException")
    bring(os.urandom(32), refused="IncorrectKeyMaterialException")
    bring(material)
    assert b64decode(mac()["Mac"]) == expected
    kms("get-parameters-for-import", **new_key.id(), **how, refused="UnsupportedOperationException")


def test_regions_there_are_none_of(new_key):
    made = new_key(multi_region=[])
    assert made["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    refused = "UnsupportedOperationException"
    for of in ({"key_id": made["KeyId"]}, new_key.id()):
        kms("replicate-key", **of, replica_region="eu-north-1", refused=refused)
        kms("update-primary-region", **of, primary_region="eu-north-1", refused=refused)


def test_every_operation_answered():
    operations = """
        CreateKey DescribeKey ListKeys EnableKey DisableKey UpdateKeyDescription
        ScheduleKeyDeletion CancelKeyDeletion CreateAlias UpdateAlias DeleteAlias ListAliases
        GetKeyPolicy PutKeyPolicy ListKeyPolicies
        CreateGrant ListGrants ListRetirableGrants RetireGrant RevokeGrant
        TagResource UntagResource ListResourceTags
        EnableKeyRotation DisableKeyRotation GetKeyRotationStatus RotateKeyOnDemand ListKeyRotations
        Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext
        GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateRandom
        GenerateMac VerifyMac Sign Verify GetPublicKey DeriveSharedSecret
        GetParametersForImport ImportKeyMaterial DeleteImportedKeyMaterial
    """
    assert_all_answered("kms", operations, always_refused="ReplicateKey UpdatePrimaryRegion")
