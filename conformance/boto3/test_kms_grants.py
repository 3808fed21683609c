"""Grants: leave that is given beside the policy, bound to a context, passed on and taken back."""

import pytest
from iam import allow, client_of, document, new_name
from kms import assert_all_called, root_of
from refusals import refused

DENIED = ("AccessDeniedException", 400)
PATIENT = {"patient": "17"}
MORE = {**PATIENT, "ward": "3"}


@pytest.fixture
def somebody(people):
    """The ARN of a user who may nothing, and their client."""
    user = people.user()
    return people.arn(user), client_of("kms", people.key(user))


def test_life_of_a_grant(kms, keys, somebody, account):
    arn, own = somebody
    key = keys.key()
    at = {"KeyId": key["KeyId"]}
    blob = kms.encrypt(**at, Plaintext=b"x", EncryptionContext=PATIENT)["CiphertextBlob"]
    open_it = {"CiphertextBlob": blob, "EncryptionContext": PATIENT}
    with refused(*DENIED):
        own.decrypt(**open_it)
    told = kms.create_grant(**at, GranteePrincipal=arn, Operations=["Decrypt", "DescribeKey"])
    assert len(told["GrantId"]) == 64 and told["GrantToken"]
    assert own.decrypt(**open_it)["Plaintext"] == b"x"
    assert own.decrypt(**open_it, GrantTokens=[told["GrantToken"]])["Plaintext"] == b"x"
    assert own.describe_key(**at)["KeyMetadata"]["Arn"] == key["Arn"]
    for use in (
        lambda: own.encrypt(**at, Plaintext=b"x"),
        lambda: own.get_key_policy(**at),
        lambda: own.list_grants(**at),
    ):
        with refused(*DENIED):
            use()
    [entry] = kms.list_grants(**at)["Grants"]
    assert entry["CreationDate"] and entry.pop("CreationDate")
    assert entry == {
        "KeyId": key["Arn"],
        "GrantId": told["GrantId"],
        "GranteePrincipal": arn,
        "IssuingAccount": f"arn:aws:iam::{account}:root",
        "Operations": ["Decrypt", "DescribeKey"],
    }
    kms.revoke_grant(**at, GrantId=told["GrantId"])
    with refused(*DENIED):
        own.decrypt(**open_it)
    with refused("NotFoundException", 400, told["GrantId"]):
        kms.revoke_grant(**at, GrantId=told["GrantId"])
    with refused("InvalidGrantIdException", 400):
        kms.revoke_grant(**at, GrantId="0")
    assert kms.list_grants(**at)["Grants"] == []


@pytest.mark.parametrize(
    "kind,within,beyond",
    [
        ("EncryptionContextSubset", [PATIENT, MORE], [{}, {"patient": "18"}, {"Patient": "17"}]),
        ("EncryptionContextEquals", [PATIENT], [{}, MORE, {"patient": "18"}]),
    ],
)
def test_bound_to_a_context(kms, keys, somebody, kind, within, beyond):
    arn, own = somebody
    at = {"KeyId": keys.id()}
    kms.create_grant(
        **at,
        GranteePrincipal=arn,
        Operations=["Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey"],
        Constraints={kind: PATIENT},
    )
    for context in within:
        blob = own.encrypt(**at, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        assert own.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"x"
        own.generate_data_key(**at, KeySpec="AES_256", EncryptionContext=context)
    for context in beyond:
        blob = kms.encrypt(**at, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        with refused(*DENIED):
            own.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        with refused(*DENIED):
            own.encrypt(**at, Plaintext=b"x", EncryptionContext=context)
    own.describe_key(**at)
    [entry] = kms.list_grants(**at)["Grants"]
    assert entry["Constraints"] == {kind: PATIENT}


def test_the_same_request_makes_one_grant(kms, keys, somebody):
    arn, _ = somebody
    request = {"KeyId": keys.id(), "GranteePrincipal": arn, "Name": "once"}
    first = kms.create_grant(**request, Operations=["Encrypt", "Decrypt"])
    again = kms.create_grant(**request, Operations=["Decrypt", "Encrypt"])
    assert again["GrantId"] == first["GrantId"]
    other = kms.create_grant(**request, Operations=["Decrypt"])
    assert other["GrantId"] != first["GrantId"]
    nameless = {**request, "Operations": ["Decrypt"]}
    del nameless["Name"]
    ids = {kms.create_grant(**nameless)["GrantId"] for _ in range(2)}
    assert len(ids) == 2
    listed = kms.get_paginator("list_grants").paginate(
        KeyId=request["KeyId"], PaginationConfig={"PageSize": 3}
    )
    pages = [page["Grants"] for page in listed]
    assert [len(page) for page in pages] == [3, 1]
    assert {g["GrantId"] for g in sum(pages, [])} == {first["GrantId"], other["GrantId"], *ids}
    [only] = kms.list_grants(KeyId=request["KeyId"], GrantId=first["GrantId"])["Grants"]
    assert only["Name"] == "once"
    by_grantee = kms.list_grants(KeyId=request["KeyId"], GranteePrincipal=arn)["Grants"]
    assert len(by_grantee) == 4


def test_retired_by_whom_it_names(kms, keys, people, somebody):
    grantee, own = somebody
    retiring = people.user(allow("kms:ListRetirableGrants"))
    arn, end = people.arn(retiring), client_of("kms", people.key(retiring))
    at = {"KeyId": keys.arn()}
    request = {**at, "GranteePrincipal": grantee, "RetiringPrincipal": arn}
    made = [kms.create_grant(**request, Operations=["Decrypt"]) for _ in range(3)]
    other = kms.create_grant(**at, GranteePrincipal=grantee, Operations=["Decrypt"])
    pages = end.get_paginator("list_retirable_grants").paginate(
        RetiringPrincipal=arn, PaginationConfig={"PageSize": 2}
    )
    listed = [page["Grants"] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert {g["GrantId"] for g in sum(listed, [])} == {g["GrantId"] for g in made}
    assert {g["RetiringPrincipal"] for g in sum(listed, [])} == {arn}
    by_id = {**at, "GrantId": made[0]["GrantId"]}
    with refused(*DENIED):
        own.retire_grant(**by_id)
    with refused("DryRunOperationException", 400):
        end.retire_grant(**by_id, DryRun=True)
    end.retire_grant(**by_id)
    end.retire_grant(GrantToken=made[1]["GrantToken"])
    with refused(*DENIED):
        end.retire_grant(**at, GrantId=other["GrantId"])
    with refused(*DENIED):
        end.revoke_grant(**at, GrantId=made[2]["GrantId"])
    left = {g["GrantId"] for g in kms.list_grants(**at)["Grants"]}
    assert left == {made[2]["GrantId"], other["GrantId"]}
    # Of its own, where the grant says so.
    told = kms.create_grant(**at, GranteePrincipal=grantee, Operations=["RetireGrant"])
    own.retire_grant(**at, GrantId=told["GrantId"])
    with refused("ValidationException", 400, "GrantToken"):
        kms.retire_grant()
    with refused("ValidationException", 400, "GrantToken"):
        kms.retire_grant(**at, GrantToken=made[2]["GrantToken"], GrantId=made[2]["GrantId"])
    with refused("InvalidGrantTokenException", 400):
        kms.retire_grant(GrantToken="x" * 64)


def test_passed_on_but_never_more_than_there_was(kms, keys, people, somebody):
    arn, own = somebody
    third = people.user()
    at = {"KeyId": keys.id()}
    bound = {"Constraints": {"EncryptionContextSubset": PATIENT}}
    kms.create_grant(
        **at, GranteePrincipal=arn, Operations=["Decrypt", "Encrypt", "CreateGrant"], **bound
    )
    pass_on = {**at, "GranteePrincipal": people.arn(third)}
    own.create_grant(**pass_on, Operations=["Decrypt"], **bound)
    tighter = {"Constraints": {"EncryptionContextSubset": MORE}}
    own.create_grant(**pass_on, Operations=["Encrypt"], **tighter)
    for operations, constraints in (
        (["GenerateDataKey"], bound),
        (["Decrypt", "GenerateDataKey"], bound),
        (["Decrypt"], {}),
        (["Decrypt"], {"Constraints": {"EncryptionContextSubset": {"patient": "18"}}}),
    ):
        with refused(*DENIED):
            own.create_grant(**pass_on, Operations=operations, **constraints)
    blob = kms.encrypt(**at, Plaintext=b"x", EncryptionContext=PATIENT)["CiphertextBlob"]
    session = client_of("kms", people.key(third))
    assert session.decrypt(CiphertextBlob=blob, EncryptionContext=PATIENT)["Plaintext"] == b"x"
    with refused(*DENIED):
        session.encrypt(**at, Plaintext=b"x", EncryptionContext=PATIENT)


def test_who_may_give(kms, keys, people, somebody, account):
    arn, _ = somebody
    only_decrypt = {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}
    giver = client_of("kms", people.key_of_new(allow("kms:CreateGrant", Condition=only_decrypt)))
    key = keys.id(Policy=document(root_of(account)))
    giver.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])
    with refused(*DENIED, "kms:CreateGrant"):
        giver.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt", "Encrypt"])


def test_wrong_grants(client, kms, keys, somebody, account):
    arn, _ = somebody
    key, mac = keys.id(), keys.pair("HMAC_256", "GENERATE_VERIFY_MAC")
    absent = f"arn:aws:iam::{account}:user/{new_name()}"
    right = {"KeyId": key, "GranteePrincipal": arn, "Operations": ["Decrypt"]}
    context = {"EncryptionContextSubset": PATIENT}
    validation, bad_arn = "ValidationException", "InvalidArnException"
    wrong = [
        ({**right, "Operations": ["Sign"]}, validation, "Sign"),
        ({**right, "Operations": ["GenerateMac"]}, validation, "GenerateMac"),
        ({**right, "Operations": ["DisableKey"]}, validation, "operations"),
        ({**right, "Operations": []}, validation, None),
        ({**right, "GranteePrincipal": absent}, bad_arn, absent),
        ({**right, "GranteePrincipal": "nobody"}, bad_arn, "nobody"),
        ({**right, "RetiringPrincipal": absent}, bad_arn, absent),
        ({**right, "Name": "no spaces"}, validation, "name"),
        (
            {**right, "Constraints": {**context, "EncryptionContextEquals": PATIENT}},
            validation,
            "Only one of",
        ),
        ({**right, "Constraints": {"EncryptionContextEquals": {}}}, validation, "pairs"),
        (
            {**right, "Constraints": {"EncryptionContextSubset": {"a": "x" * 384}}},
            validation,
            "384",
        ),
        (
            {**right, "KeyId": mac, "Operations": ["GenerateMac"], "Constraints": context},
            validation,
            "context",
        ),
        ({**right, "KeyId": "alias/aws/s3"}, bad_arn, None),
    ]
    for request, code, says in wrong:
        with refused(code, 400, says):
            kms.create_grant(**request)
    with refused("DryRunOperationException", 400):
        kms.create_grant(**right, DryRun=True)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with refused("ValidationException", 400, "RetiringPrincipal"):
        client("kms", parameter_validation=False).list_retirable_grants()


def test_grants_of_every_kind_of_key(kms, keys, somebody):
    arn, own = somebody
    mac = keys.pair("HMAC_256", "GENERATE_VERIFY_MAC")
    signing = keys.pair("ECC_NIST_P256", "SIGN_VERIFY")
    kms.create_grant(KeyId=mac, GranteePrincipal=arn, Operations=["GenerateMac", "VerifyMac"])
    kms.create_grant(KeyId=signing, GranteePrincipal=arn, Operations=["Sign", "GetPublicKey"])
    said = {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}
    code = own.generate_mac(KeyId=mac, **said)["Mac"]
    assert own.verify_mac(KeyId=mac, Mac=code, **said)["MacValid"]
    said = {"KeyId": signing, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = own.sign(**said)["Signature"]
    assert own.get_public_key(KeyId=signing)["PublicKey"]
    with refused(*DENIED):
        own.verify(**said, Signature=signature)


def test_who_comes_back_under_an_old_name_has_no_grant(kms, keys, people):
    user = people.user()
    key = keys.id()
    kms.create_grant(KeyId=key, GranteePrincipal=people.arn(user), Operations=["Encrypt"])
    client_of("kms", people.key(user)).encrypt(KeyId=key, Plaintext=b"x")
    people.clear()
    people.users.remove(user)
    with refused(*DENIED):
        client_of("kms", people.key(people.user(name=user))).encrypt(KeyId=key, Plaintext=b"x")


def test_every_operation_was_called():
    assert_all_called("grants")
