"""Keys: what they are, their states, names and tags, and their end."""

from datetime import datetime, timedelta, timezone

import pytest
from iam import document, new_name
from kms import assert_all_called, root_of
from refusals import refused

ABSENT = "00000000-0000-4000-8000-000000000000"
RSA_SIGNING = [
    f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)
]
OAEP = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
# Spec, usage, the member that lists the algorithms, and these.
KINDS = [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", ["SYMMETRIC_DEFAULT"]),
    *[(f"RSA_{bits}", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", OAEP) for bits in (2048, 3072)],
    ("RSA_4096", "SIGN_VERIFY", "SigningAlgorithms", RSA_SIGNING),
    ("ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_256"]),
    ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_384"]),
    ("ECC_NIST_P521", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_512"]),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "SigningAlgorithms", ["ED25519_SHA_512"]),
    ("ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", ["ECDH"]),
    *[
        (f"HMAC_{bits}", "GENERATE_VERIFY_MAC", "MacAlgorithms", [f"HMAC_SHA_{bits}"])
        for bits in (224, 256, 384, 512)
    ],
]
LISTS = {"EncryptionAlgorithms", "SigningAlgorithms", "KeyAgreementAlgorithms", "MacAlgorithms"}


def state_of(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def test_life_of_a_key(kms, keys, account, region):
    told = keys.key(Description="first", Tags=[{"TagKey": "a", "TagValue": "1"}])
    key = told["KeyId"]
    assert told["Arn"] == f"arn:aws:kms:{region}:{account}:key/{key}"
    assert told["AWSAccountId"] == account and told["Description"] == "first"
    assert told["KeyState"] == "Enabled" and told["Enabled"] is True
    assert told["KeyManager"] == "CUSTOMER" and told["Origin"] == "AWS_KMS"
    assert told["MultiRegion"] is False and len(told["CurrentKeyMaterialId"]) == 64
    for reference in (key, told["Arn"]):
        assert kms.describe_key(KeyId=reference)["KeyMetadata"] == told
    kms.update_key_description(KeyId=key, Description="second")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "second"
    kms.disable_key(KeyId=key)
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is False
    with refused("DisabledException", 400, f"{told['Arn']} is disabled."):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"]) == (told["Arn"], "PendingDeletion")
    left = answer["DeletionDate"] - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7, hours=1)
    assert answer["PendingWindowInDays"] == 7
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["DeletionDate"] == answer["DeletionDate"]
    with refused("KMSInvalidStateException", 400, "is pending deletion."):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == told["Arn"]
    assert state_of(kms, key) == "Disabled"
    with refused("KMSInvalidStateException", 400, "is not pending deletion."):
        kms.cancel_key_deletion(KeyId=key)
    assert kms.schedule_key_deletion(KeyId=key)["PendingWindowInDays"] == 30


@pytest.mark.parametrize("spec,usage,member,algorithms", KINDS, ids=[f"{k[0]}-{k[1]}" for k in KINDS])
def test_kinds(keys, spec, usage, member, algorithms):
    told = keys.key(KeySpec=spec, KeyUsage=usage)
    assert (told["KeySpec"], told["CustomerMasterKeySpec"], told["KeyUsage"]) == (spec, spec, usage)
    assert sorted(told[member]) == sorted(algorithms)
    assert LISTS & told.keys() == {member}


UNSUPPORTED = "UnsupportedOperationException"
VALIDATION = "ValidationException"
WRONG_KEYS = [
    (dict(KeySpec="RSA_2048"), VALIDATION, "You must specify a KeyUsage"),
    (dict(KeySpec="HMAC_256", KeyUsage="ENCRYPT_DECRYPT"), VALIDATION, "not compatible"),
    (dict(KeySpec="ECC_NIST_P256", KeyUsage="ENCRYPT_DECRYPT"), VALIDATION, "not compatible"),
    (dict(KeySpec="ECC_SECG_P256K1", KeyUsage="KEY_AGREEMENT"), VALIDATION, "not compatible"),
    (dict(KeyUsage="SIGN_VERIFY"), VALIDATION, "not compatible"),
    (dict(KeySpec="AES_999"), VALIDATION, "keySpec"),
    (dict(KeySpec="SM2", KeyUsage="SIGN_VERIFY"), UNSUPPORTED, "SM2"),
    (dict(KeySpec="ML_DSA_44", KeyUsage="SIGN_VERIFY"), UNSUPPORTED, "ML_DSA_44"),
    (dict(Origin="AWS_CLOUDHSM", CustomKeyStoreId="cks-1"), UNSUPPORTED, "custom key stores"),
    (dict(Origin="EXTERNAL_KEY_STORE"), UNSUPPORTED, "custom key stores"),
    (
        dict(KeySpec="SYMMETRIC_DEFAULT", CustomerMasterKeySpec="SYMMETRIC_DEFAULT"),
        VALIDATION,
        "deprecated",
    ),
    (dict(Description="d" * 8193), VALIDATION, "description"),
    (dict(Policy="{"), "MalformedPolicyDocumentException", None),
    (dict(Tags=[{"TagKey": "aws:x", "TagValue": ""}]), "TagException", "aws:"),
    (dict(Tags=[{"TagKey": "a", "TagValue": ""}] * 2), "TagException", "Duplicate"),
]


@pytest.mark.parametrize("wrong,code,says", WRONG_KEYS, ids=range(len(WRONG_KEYS)))
def test_wrong_keys_are_not_made(kms, wrong, code, says):
    with refused(code, 400, says):
        kms.create_key(**wrong)


def test_keys_that_are_not_there(kms, account, region):
    arn = f"arn:aws:kms:{region}:{account}:key/{ABSENT}"
    for reference in (ABSENT, arn):
        with refused("NotFoundException", 400, f"Key '{arn}' does not exist"):
            kms.describe_key(KeyId=reference)
    with refused("NotFoundException", 400, "Invalid keyId 'x'"):
        kms.describe_key(KeyId="x")
    with refused("NotFoundException", 400):
        kms.describe_key(KeyId=arn.replace(region, "mars-north-1"))
    with refused("NotFoundException", 400, "alias/absent is not found"):
        kms.describe_key(KeyId="alias/absent")
    for operation in ("enable_key", "disable_key", "schedule_key_deletion", "list_grants"):
        with refused("NotFoundException", 400):
            getattr(kms, operation)(KeyId=ABSENT)
    for days in (6, 31):
        with refused("ValidationException", 400, "endingWindowInDays"):
            kms.schedule_key_deletion(KeyId=ABSENT, PendingWindowInDays=days)


def test_pages(kms, keys):
    made = {keys.id() for _ in range(3)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) > 1 and all(len(page["Keys"]) <= 2 for page in pages)
    listed = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert made <= set(listed) and len(set(listed)) == len(listed)
    with refused("InvalidMarkerException", 400):
        kms.list_keys(Marker="!")
    with refused("ValidationException", 400, "imit"):
        kms.list_keys(Limit=1001)


ALWAYS = [
    ("describe_key", {}),
    ("get_key_policy", {}),
    ("list_key_policies", {}),
    ("list_grants", {}),
    ("list_aliases", {}),
    ("list_resource_tags", {}),
    ("get_key_rotation_status", {}),
]
NOT_AT_THE_END = [
    ("enable_key", {}),
    ("disable_key", {}),
    ("schedule_key_deletion", {}),
    ("update_key_description", dict(Description="x")),
    ("tag_resource", dict(Tags=[{"TagKey": "a", "TagValue": "b"}])),
    ("untag_resource", dict(TagKeys=["a"])),
    ("enable_key_rotation", {}),
    ("disable_key_rotation", {}),
    ("rotate_key_on_demand", {}),
]
USES = [
    ("encrypt", dict(Plaintext=b"x")),
    ("generate_data_key", dict(KeySpec="AES_256")),
    ("generate_data_key_without_plaintext", dict(KeySpec="AES_256")),
    ("generate_data_key_pair", dict(KeyPairSpec="ECC_NIST_P256")),
    ("generate_data_key_pair_without_plaintext", dict(KeyPairSpec="ECC_NIST_P256")),
    ("create_grant", dict(Operations=["Encrypt"])),
]


def test_what_each_state_allows(kms, keys, account):
    grantee = {"GranteePrincipal": f"arn:aws:iam::{account}:root"}
    key = keys.id()
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    disabled, ending, empty = keys.disabled(), keys.ending(), keys.id(Origin="EXTERNAL")
    codes = {
        disabled: "DisabledException",
        ending: "KMSInvalidStateException",
        empty: "KMSInvalidStateException",
    }
    for one, code in codes.items():
        for operation, arguments in ALWAYS:
            if (one, operation) != (empty, "get_key_rotation_status"):
                getattr(kms, operation)(KeyId=one, **arguments)
        for operation, arguments in USES:
            more = grantee if operation == "create_grant" else {}
            with refused(code, 400, one):
                getattr(kms, operation)(KeyId=one, **arguments, **more)
        with refused(code, 400, one):
            kms.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=one)
        kms.put_key_policy(KeyId=one, Policy=kms.get_key_policy(KeyId=one)["Policy"])
    for operation, arguments in NOT_AT_THE_END:
        with refused("KMSInvalidStateException", 400, ending):
            getattr(kms, operation)(KeyId=ending, **arguments)
    for one in (disabled, empty):
        kms.update_key_description(KeyId=one, Description="new")
        keys.alias(one)
    with refused("KMSInvalidStateException", 400):
        kms.create_alias(AliasName=f"alias/{new_name()}", TargetKeyId=ending)
    with refused("KMSInvalidStateException", 400, "is pending import."):
        kms.enable_key(KeyId=empty)


def test_aliases(kms, keys, account, region, name):
    first, second = keys.key(), keys.key()
    alias = keys.alias(first["KeyId"])
    arn = f"arn:aws:kms:{region}:{account}:{alias}"
    for reference in (alias, arn):
        assert kms.describe_key(KeyId=reference)["KeyMetadata"]["Arn"] == first["Arn"]
        assert kms.encrypt(KeyId=reference, Plaintext=b"x")["KeyId"] == first["Arn"]
    [entry] = kms.list_aliases(KeyId=first["KeyId"])["Aliases"]
    assert (entry["AliasName"], entry["AliasArn"]) == (alias, arn)
    assert entry["TargetKeyId"] == first["KeyId"]
    with refused("AlreadyExistsException", 400, arn):
        kms.create_alias(AliasName=alias, TargetKeyId=second["KeyId"])
    sealed = kms.encrypt(KeyId=alias, Plaintext=b"before")["CiphertextBlob"]
    kms.update_alias(AliasName=alias, TargetKeyId=second["Arn"])
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == second["Arn"]
    assert kms.list_aliases(KeyId=first["KeyId"])["Aliases"] == []
    assert kms.decrypt(CiphertextBlob=sealed)["KeyId"] == first["Arn"]
    with refused("IncorrectKeyException", 400):
        kms.decrypt(CiphertextBlob=sealed, KeyId=alias)
    mac = keys.pair("HMAC_256", "GENERATE_VERIFY_MAC")
    with refused("ValidationException", 400, "another type or usage"):
        kms.update_alias(AliasName=alias, TargetKeyId=mac)
    # What manages keys takes no alias.
    with refused("InvalidArnException", 400):
        kms.disable_key(KeyId=alias)
    with refused("ValidationException", 400, "Not aliases"):
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=alias)
    kms.delete_alias(AliasName=alias)
    with refused("NotFoundException", 400, f"Alias {arn} is not found."):
        kms.delete_alias(AliasName=alias)
    with refused("NotFoundException", 400):
        kms.update_alias(AliasName=alias, TargetKeyId=first["KeyId"])
    for wrong, code in (
        ("no-prefix", "ValidationException"),
        ("alias/aws/own", "NotAuthorizedException"),
        ("alias/sp ace", None),
    ):
        with pytest.raises(kms.exceptions.ClientError) as caught:
            kms.create_alias(AliasName=wrong, TargetKeyId=first["KeyId"])
        told = caught.value.response["Error"]["Code"]
        assert told in ([code] if code else ["InvalidAliasNameException", "ValidationException"])
    pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3})
    names = [entry["AliasName"] for page in pages for entry in page["Aliases"]]
    assert names == sorted(set(names)) and "alias/aws/s3" in names


def test_keys_of_services(kms, keys, account):
    told = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (told["KeyManager"], told["KeyState"]) == ("AWS", "Enabled")
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"] == told
    key = told["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    policy = kms.get_key_policy(KeyId=key)["Policy"]
    assert "kms:ViaService" in policy and account in policy
    changes = (
        lambda: kms.schedule_key_deletion(KeyId=key),
        lambda: kms.disable_key(KeyId=key),
        lambda: kms.put_key_policy(KeyId=key, Policy=policy),
        lambda: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
        lambda: kms.disable_key_rotation(KeyId=key),
        # Only through the service.
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.generate_data_key(KeyId="alias/aws/s3", KeySpec="AES_256"),
        # Its policy lets nobody move its alias, nor is there another to be made of that prefix.
        lambda: kms.update_alias(AliasName="alias/aws/s3", TargetKeyId=keys.id()),
        lambda: kms.delete_alias(AliasName="alias/aws/s3"),
    )
    for change in changes:
        with refused("AccessDeniedException", 400):
            change()
    with refused("NotAuthorizedException", 400):
        kms.create_alias(AliasName="alias/aws/own", TargetKeyId=keys.id())
    with refused("NotFoundException", 400):
        kms.describe_key(KeyId="alias/aws/made-up")


def test_tags(kms, keys):
    key = keys.id(Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": k, "TagValue": "2"} for k in ("a", "b", "c")])
    pages = kms.get_paginator("list_resource_tags").paginate(
        KeyId=key, PaginationConfig={"PageSize": 2}
    )
    listed = [page["Tags"] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert {tag["TagKey"]: tag["TagValue"] for tag in sum(listed, [])} == dict.fromkeys("abc", "2")
    kms.untag_resource(KeyId=key, TagKeys=["a", "absent"])
    assert {tag["TagKey"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]} == {"b", "c"}
    with refused("TagException", 400):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "aws:x", "TagValue": ""}])
    many = [{"TagKey": f"k{n}", "TagValue": ""} for n in range(49)]
    with refused("LimitExceededException", 400, "50 tags"):
        kms.tag_resource(KeyId=key, Tags=many)


def test_many_regions_are_said_not_pretended(kms, keys, region):
    told = keys.key(MultiRegion=True)
    assert told["KeyId"].startswith("mrk-") and told["MultiRegion"] is True
    assert told["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": told["Arn"], "Region": region},
        "ReplicaKeys": [],
    }
    with refused("UnsupportedOperationException", 400, "one Region"):
        kms.replicate_key(KeyId=told["KeyId"], ReplicaRegion="eu-west-1")
    with refused("UnsupportedOperationException", 400, "one Region"):
        kms.update_primary_region(KeyId=told["KeyId"], PrimaryRegion="eu-west-1")
    with refused("UnsupportedOperationException", 400, "not a multi-Region"):
        kms.replicate_key(KeyId=keys.id(), ReplicaRegion="eu-west-1")


def test_a_policy_from_the_start(kms, keys, account):
    text = document(root_of(account))
    assert kms.get_key_policy(KeyId=keys.id(Policy=text))["Policy"] == text


def test_every_operation_was_called():
    assert_all_called("keys")
