"""Key policies: who may use a key is decided by its policy first, from the next request on."""

import json

import pytest
from iam import allow, client_of, deny, document, new_name, trust
from kms import assert_all_called, lets, root_of
from refusals import refused

DENIED = ("AccessDeniedException", 400)
ADMINISTRATION = [
    *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*"),
    *("kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource"),
    *("kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
]


@pytest.fixture
def me(client):
    return client("sts").get_caller_identity()["Arn"]


def test_the_policy_that_a_key_begins_with(kms, keys, account):
    key = keys.id()
    told = kms.get_key_policy(KeyId=key)
    assert told["PolicyName"] == "default"
    assert json.loads(told["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    text = document(root_of(account), deny("kms:DeriveSharedSecret", Principal="*"))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text)
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == text
    with refused("NotFoundException", 400, "No such policy exists"):
        kms.get_key_policy(KeyId=key, PolicyName="other")
    with refused("ValidationException", 400, "default"):
        kms.put_key_policy(KeyId=key, PolicyName="other", Policy=text)


def test_wrong_policies(kms, keys, account):
    key = keys.id()
    root = root_of(account)
    invalid = "rincipal"
    wrong = {
        "{": None,
        "[]": None,
        json.dumps({"Statement": [{**root, "Principal": {"AWS": "nobody"}}]}): invalid,
        document(root, lets(f"arn:aws:iam::{account}:user/{new_name()}", "kms:*")): invalid,
        document(root, lets(f"arn:aws:iam::{account}:role/{new_name()}", "kms:*")): invalid,
        document(allow("kms:*")): None,
        document({**root, "Effect": "Maybe"}): None,
    }
    for text, says in wrong.items():
        with refused("MalformedPolicyDocumentException", 400, says):
            kms.put_key_policy(KeyId=key, Policy=text)
        with refused("MalformedPolicyDocumentException", 400, says):
            kms.create_key(Policy=text)
    long = document(root, *[lets("*", "kms:Decrypt", Sid=f"{n:060}") for n in range(250)])
    assert len(long) > 32_768
    with refused("LimitExceededException", 400, "32768"):
        kms.put_key_policy(KeyId=key, Policy=long)
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Id"] == "key-default-1"


def test_nobody_locks_themselves_out_unawares(kms, keys, people, account, me):
    key, other = keys.id(), people.user()
    words = "will not allow you to update the key policy in the future"
    for text in (
        document(lets(people.arn(other), "kms:*")),
        document(lets(me, ["kms:Encrypt", "kms:Decrypt"])),
        document(root_of(account), deny("kms:PutKeyPolicy", Principal={"AWS": me})),
        document(root_of(account), deny("kms:*", Principal="*")),
        document(lets(me, "kms:*", Condition={"StringEquals": {"kms:CallerAccount": "1" * 12}})),
    ):
        with refused("MalformedPolicyDocumentException", 400, words):
            kms.put_key_policy(KeyId=key, Policy=text)
        with refused("MalformedPolicyDocumentException", 400, words):
            kms.create_key(Policy=text)
    kms.put_key_policy(KeyId=key, Policy=document(lets(me, ADMINISTRATION)))
    # Whoever says so twice may.
    uses = [action for action in ADMINISTRATION if not action.startswith("kms:Put")]
    kms.put_key_policy(
        KeyId=key, Policy=document(lets(me, uses)), BypassPolicyLockoutSafetyCheck=True
    )
    with refused(*DENIED, "kms:PutKeyPolicy"):
        kms.put_key_policy(KeyId=key, Policy=document(root_of(account)))


def test_the_policy_alone_is_enough(kms, keys, people, account):
    user = people.user()
    own = client_of("kms", people.key(user))
    key = keys.id(Policy=document(root_of(account), lets(people.arn(user), "kms:Decrypt")))
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert own.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    for use in (
        lambda: own.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: own.describe_key(KeyId=key),
        lambda: own.get_key_policy(KeyId=key),
        lambda: own.disable_key(KeyId=key),
        lambda: own.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key),
        lambda: own.list_keys(),
        lambda: own.generate_random(NumberOfBytes=8),
        lambda: own.create_key(),
    ):
        with refused(*DENIED, f"user/{user} is not authorized to perform: kms:"):
            use()
    # Neither whether a key is there nor what is in a ciphertext is told to those who may not.
    with refused(*DENIED):
        own.describe_key(KeyId="00000000-0000-4000-8000-000000000000")
    with refused(*DENIED):
        own.decrypt(CiphertextBlob=blob[:-1] + b"\0", KeyId=keys.id())


def test_own_policies_count_only_where_the_key_leaves_it_to_them(kms, keys, people, account, me):
    own = client_of("kms", people.key_of_new(allow("kms:*")))
    left, closed = keys.id(), keys.id(Policy=document(lets(me, "kms:*")))
    own.encrypt(KeyId=left, Plaintext=b"x")
    with refused(*DENIED, "no resource-based policy allows the kms:Encrypt action"):
        own.encrypt(KeyId=closed, Plaintext=b"x")
    with refused(*DENIED):
        own.put_key_policy(KeyId=closed, Policy=document(root_of(account)))
    # And the other way round.
    none = client_of("kms", people.key_of_new(allow("s3:*")))
    with refused(*DENIED, "no identity-based policy allows the kms:Encrypt action"):
        none.encrypt(KeyId=left, Plaintext=b"x")


def test_a_denial_beats_all(kms, keys, people, account):
    user = people.user(allow("kms:*"))
    own, arn = client_of("kms", people.key(user)), people.arn(user)
    key = keys.id(
        Policy=document(
            root_of(account), lets(arn, "kms:*"), deny("kms:Encrypt", Principal={"AWS": arn})
        )
    )
    with refused(*DENIED, "with an explicit deny"):
        own.encrypt(KeyId=key, Plaintext=b"x")
    own.generate_data_key(KeyId=key, KeySpec="AES_256")
    people.iam.put_user_policy(
        UserName=user, PolicyName="more", PolicyDocument=document(deny("kms:GenerateDataKey"))
    )
    with refused(*DENIED, "with an explicit deny"):
        own.generate_data_key(KeyId=key, KeySpec="AES_256")


# Conditions of a statement that allows everything; a use that holds and one that does not.
CONDITIONS = {
    "context": (
        {"StringEquals": {"kms:EncryptionContext:patient": "17"}},
        lambda own, key: own.encrypt(
            KeyId=key, Plaintext=b"x", EncryptionContext={"patient": "17", "more": "y"}
        ),
        lambda own, key: own.encrypt(
            KeyId=key, Plaintext=b"x", EncryptionContext={"patient": "18"}
        ),
    ),
    "context keys": (
        {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "patient"}},
        lambda own, key: own.encrypt(
            KeyId=key, Plaintext=b"x", EncryptionContext={"patient": "1", "more": ""}
        ),
        lambda own, key: own.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"Patient": "1"}),
    ),
    "algorithm": (
        {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}},
        lambda own, key: own.encrypt(KeyId=key, Plaintext=b"x"),
        lambda own, key: own.describe_key(KeyId=key),
    ),
    "pair spec": (
        {"StringEquals": {"kms:DataKeyPairSpec": "ECC_NIST_P256"}},
        lambda own, key: own.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256"),
        lambda own, key: own.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P384"),
    ),
    "account": (
        {
            "StringNotEquals": {"kms:CallerAccount": "111111111111"},
            "Bool": {"kms:MultiRegion": "false"},
        },
        lambda own, key: own.encrypt(KeyId=key, Plaintext=b"x"),
        None,
    ),
    "only through a service": (
        {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}},
        None,
        lambda own, key: own.encrypt(KeyId=key, Plaintext=b"x"),
    ),
    "tag of the key": (
        {"StringEquals": {"aws:ResourceTag/ward": "3"}},
        lambda own, key: own.encrypt(KeyId=key, Plaintext=b"x"),
        None,
    ),
    "window": (
        {"NumericGreaterThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "10"}},
        lambda own, key: own.schedule_key_deletion(KeyId=key, PendingWindowInDays=10),
        lambda own, key: own.schedule_key_deletion(KeyId=key, PendingWindowInDays=9),
    ),
    "period": (
        {"NumericLessThanEquals": {"kms:RotationPeriodInDays": "180"}},
        lambda own, key: own.enable_key_rotation(KeyId=key, RotationPeriodInDays=180),
        lambda own, key: own.enable_key_rotation(KeyId=key),
    ),
    "safety": (
        {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "false"}},
        lambda own, key: own.put_key_policy(
            KeyId=key, Policy=own.meta.policy, BypassPolicyLockoutSafetyCheck=False
        ),
        lambda own, key: own.put_key_policy(
            KeyId=key, Policy=own.meta.policy, BypassPolicyLockoutSafetyCheck=True
        ),
    ),
}


@pytest.mark.parametrize("what", CONDITIONS)
def test_conditions(keys, people, account, what):
    condition, holds, fails = CONDITIONS[what]
    user = people.user()
    own = client_of("kms", people.key(user))
    text = document(root_of(account), lets(people.arn(user), "kms:*", Condition=condition))
    own.meta.policy = text
    key = keys.id(Policy=text, Tags=[{"TagKey": "ward", "TagValue": "3"}])
    if fails:
        with refused(*DENIED):
            fails(own, key)
    if holds:
        holds(own, key)


def test_aliases_in_conditions(kms, keys, people):
    key = keys.id()
    alias = keys.alias(key)
    named = {"StringEquals": {"kms:RequestAlias": alias}}
    having = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    by_name = client_of("kms", people.key_of_new(allow("kms:Encrypt", Condition=named)))
    by_any = client_of("kms", people.key_of_new(allow("kms:Encrypt", Condition=having)))
    # The ARN of an alias is no resource that a key has.
    by_arn = client_of("kms", people.key_of_new(allow("kms:Encrypt", f"arn:aws:kms:*:*:{alias}")))
    by_name.encrypt(KeyId=alias, Plaintext=b"x")
    by_any.encrypt(KeyId=key, Plaintext=b"x")
    for own, reference in ((by_name, key), (by_arn, alias), (by_arn, key)):
        with refused(*DENIED):
            own.encrypt(KeyId=reference, Plaintext=b"x")
    kms.delete_alias(AliasName=alias)
    with refused(*DENIED):
        by_any.encrypt(KeyId=key, Plaintext=b"x")


def test_aliases_need_leave_of_both(keys, people, name):
    key = keys.arn()
    arn = key.replace(key.rsplit(":", 1)[1], f"alias/{name}")
    alias_only = client_of("kms", people.key_of_new(allow("kms:CreateAlias", arn)))
    key_only = client_of("kms", people.key_of_new(allow("kms:CreateAlias", key)))
    both = client_of("kms", people.key_of_new(allow("kms:*Alias", [arn, key])))
    for own in (alias_only, key_only):
        with refused(*DENIED, "kms:CreateAlias"):
            own.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    both.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    both.delete_alias(AliasName=f"alias/{name}")


def test_who_comes_back_under_an_old_name_is_another(kms, keys, people, account):
    user = people.user()
    arn = people.arn(user)
    key = keys.id(Policy=document(root_of(account), lets(arn, "kms:Encrypt")))
    client_of("kms", people.key(user)).encrypt(KeyId=key, Plaintext=b"x")
    unique = people.iam.get_user(UserName=user)["User"]["UserId"]
    people.clear()
    people.users.remove(user)
    assert unique in kms.get_key_policy(KeyId=key)["Policy"]
    again = client_of("kms", people.key(people.user(name=user)))
    with refused(*DENIED):
        again.encrypt(KeyId=key, Plaintext=b"x")


def test_sessions_of_a_role(client, keys, people, account):
    root = f"arn:aws:iam::{account}:root"
    role = people.role(trust(root), name=(name := new_name("role")))
    key = keys.id(Policy=document(root_of(account), lets(role, "kms:Encrypt")))
    told = client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    session = client_of("kms", told)
    session.encrypt(KeyId=key, Plaintext=b"x")
    with refused(*DENIED, f"assumed-role/{name}/ann is not authorized"):
        session.decrypt(CiphertextBlob=b"x" * 64, KeyId=key)


def test_a_change_counts_from_the_next_request_on(kms, keys, people, account):
    user = people.user()
    own, arn = client_of("kms", people.key(user)), people.arn(user)
    key = keys.id()
    for _ in range(3):
        kms.put_key_policy(KeyId=key, Policy=document(root_of(account), lets(arn, "kms:Encrypt")))
        own.encrypt(KeyId=key, Plaintext=b"x")
        kms.put_key_policy(KeyId=key, Policy=document(root_of(account)))
        with refused(*DENIED):
            own.encrypt(KeyId=key, Plaintext=b"x")


def test_every_operation_was_called():
    assert_all_called("policies")
