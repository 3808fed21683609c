"""Objects under managed keys: whose key, told how, and unreadable at once without it."""

import base64
import hashlib
import json
import os
import re

import pytest
import requests
from boto3.s3.transfer import TransferConfig
from buckets import empty_bucket, new_bucket
from iam import allow, client_of, document
from kms import lets, root_of
from refusals import refused

MIB = 1024 * 1024
DENIED = ("AccessDenied", 403)
WORDS = b"the words of a patient"
HEX = re.compile(r'^"[0-9a-f]{32}"$')


@pytest.fixture
def other_bucket(s3):
    made = new_bucket(s3)
    yield made
    empty_bucket(s3, made)
    s3.delete_bucket(Bucket=made)


def md5_of(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def told_of(answer):
    """What an answer tells of encryption."""
    names = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled", "SSECustomerAlgorithm")
    return {name: answer[name] for name in names if name in answer}


def under(key, **more):
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, **more}


def rules(algorithm, key=None, **more):
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, **more}]}


def test_without_a_word(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="k", Body=WORDS)
    assert told_of(put) == {"ServerSideEncryption": "AES256"} and put["ETag"] == md5_of(WORDS)
    for answer in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        assert told_of(answer) == {"ServerSideEncryption": "AES256"}
    put = s3.put_object(Bucket=bucket, Key="k", Body=WORDS, ServerSideEncryption="AES256")
    assert told_of(put) == {"ServerSideEncryption": "AES256"} and put["ETag"] == md5_of(WORDS)


WAYS = {
    "kms": ({"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms"}),
    "bucket key": (
        {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True},
        {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True},
    ),
    "twice": ({"ServerSideEncryption": "aws:kms:dsse"}, {"ServerSideEncryption": "aws:kms:dsse"}),
}


@pytest.mark.parametrize("own", [True, False], ids=["own", "the service's"])
@pytest.mark.parametrize("way", WAYS)
def test_under_a_managed_key(s3, kms, keys, bucket, way, own):
    asked, told = WAYS[way]
    if own:
        key = keys.arn()
        asked = {**asked, "SSEKMSKeyId": key}
    else:
        key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    told = {**told, "SSEKMSKeyId": key}
    body = os.urandom(200_000)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **asked)
    assert told_of(put) == told
    # What is under a key does not tell the digest of its bytes.
    assert HEX.match(put["ETag"]) and put["ETag"] != md5_of(body)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body and told_of(got) == told and got["ETag"] == put["ETag"]
    assert told_of(s3.head_object(Bucket=bucket, Key="k")) == told
    for start, end in ((0, 0), (65_530, 65_545), (16_380, 16_400), (199_990, 199_999)):
        piece = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={start}-{end}")
        assert piece["Body"].read() == body[start : end + 1]
    again = s3.put_object(Bucket=bucket, Key="k", Body=body, **asked)
    assert again["ETag"] != put["ETag"]
    empty = s3.put_object(Bucket=bucket, Key="empty", Body=b"", **asked)
    assert told_of(empty) == told
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_a_key_may_be_named_in_each_way(s3, keys, bucket):
    key = keys.key()
    alias = keys.alias(key["KeyId"])
    arn = key["Arn"].replace(f"key/{key['KeyId']}", alias)
    for reference in (key["KeyId"], key["Arn"], alias, arn):
        put = s3.put_object(Bucket=bucket, Key="k", Body=WORDS, **under(reference))
        assert put["SSEKMSKeyId"] == key["Arn"]


def test_a_key_switched_off_stops_every_reader_at_once(s3, kms, keys, bucket):
    key = keys.arn()
    bodies = {"small": WORDS, "shared": WORDS * 2, "large": os.urandom(3 * MIB)}
    for name, body in bodies.items():
        shared = {"BucketKeyEnabled": True} if name == "shared" else {}
        s3.put_object(Bucket=bucket, Key=name, Body=body, **under(key, **shared))
    s3.put_object(Bucket=bucket, Key="free", Body=WORDS)
    for _ in range(2):
        for name, body in bodies.items():
            assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == body
        kms.disable_key(KeyId=key)
        for name in bodies:
            at = {"Bucket": bucket, "Key": name}
            with refused("KMS.DisabledException", 400, f"{key} is disabled."):
                s3.get_object(**at)
            with refused("KMS.DisabledException", 400):
                s3.get_object(**at, Range="bytes=0-1")
            with refused("KMS.DisabledException", 400):
                s3.copy_object(Bucket=bucket, Key="copy", CopySource=at)
            with refused("KMS.DisabledException", 400):
                s3.put_object(**at, Body=b"x", **under(key))
            # What is known of it besides its bytes stays known.
            assert s3.head_object(**at)["SSEKMSKeyId"] == key
        assert s3.get_object(Bucket=bucket, Key="free")["Body"].read() == WORDS
        kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with refused("KMS.KMSInvalidStateException", 400, "is pending deletion."):
        s3.get_object(Bucket=bucket, Key="large")
    s3.delete_object(Bucket=bucket, Key="large")


def test_after_a_rotation(s3, kms, keys, bucket):
    key = keys.arn()
    for turn in range(3):
        s3.put_object(Bucket=bucket, Key=f"k{turn}", Body=WORDS, **under(key))
        kms.rotate_key_on_demand(KeyId=key)
    for turn in range(3):
        assert s3.get_object(Bucket=bucket, Key=f"k{turn}")["Body"].read() == WORDS


def test_who_may_use_the_key(s3, kms, keys, people, bucket, account):
    objects = allow(["s3:PutObject", "s3:GetObject", "s3:ListBucket"])
    own = client_of("s3", people.key_of_new(objects))
    through_s3 = {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
    reader = people.user(objects)
    key = keys.arn(
        Policy=document(
            root_of(account), lets(people.arn(reader), "kms:Decrypt", Condition=through_s3)
        )
    )
    at = {"Bucket": bucket, "Key": "k"}
    put = {**at, "Body": WORDS, **under(key)}
    with refused(*DENIED, "kms:GenerateDataKey"):
        own.put_object(**put)
    s3.put_object(**put)
    with refused(*DENIED, "kms:Decrypt"):
        own.get_object(**at)
    own.head_object(**at)
    pair = people.key(reader)
    reading = client_of("s3", pair)
    assert reading.get_object(**at)["Body"].read() == WORDS
    with refused(*DENIED, "kms:GenerateDataKey"):
        reading.put_object(**put)
    # Through S3 it may, by itself it may not.
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException", 400):
        client_of("kms", pair).decrypt(CiphertextBlob=blob)
    # Under the service's own key, who may use the object may use the key.
    own.put_object(**{**put, **under("alias/aws/s3")})
    assert own.get_object(**at)["Body"].read() == WORDS


def test_bound_to_the_object_or_the_bucket(s3, keys, people, bucket, account):
    """The context of each data key is the ARN that it is for."""
    arn = f"arn:aws:s3:::{bucket}"
    key = keys.arn(Policy=document(root_of(account)))
    bound = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": [f"{arn}/allowed", arn]}}
    pair = people.key_of_new(allow("s3:*"), allow("kms:*", key, Condition=bound))
    own = client_of("s3", pair)
    own.put_object(Bucket=bucket, Key="allowed", Body=WORDS, **under(key))
    assert own.get_object(Bucket=bucket, Key="allowed")["Body"].read() == WORDS
    s3.put_object(Bucket=bucket, Key="other", Body=WORDS, **under(key))
    with refused(*DENIED, "kms:Decrypt"):
        own.get_object(Bucket=bucket, Key="other")
    # Under a bucket key it is the bucket's.
    shared = under(key, BucketKeyEnabled=True)
    own.put_object(Bucket=bucket, Key="shared", Body=WORDS, **shared)
    assert own.get_object(Bucket=bucket, Key="shared")["Body"].read() == WORDS


def test_contexts_of_clients(s3, keys, people, bucket):
    key = keys.arn()
    context = base64.b64encode(json.dumps({"patient": "17"}).encode()).decode()
    own = {"StringEquals": {"kms:EncryptionContext:patient": "17"}}
    reading = client_of(
        "s3", people.key_of_new(allow("s3:*"), allow("kms:Decrypt", key, Condition=own))
    )
    put = {"Bucket": bucket, "Body": WORDS, **under(key)}
    told = s3.put_object(Key="of 17", SSEKMSEncryptionContext=context, **put)
    given = json.loads(base64.b64decode(told["SSEKMSEncryptionContext"]))
    assert given["patient"] == "17"
    s3.put_object(Key="of nobody", **put)
    assert reading.get_object(Bucket=bucket, Key="of 17")["Body"].read() == WORDS
    with refused(*DENIED, "kms:Decrypt"):
        reading.get_object(Bucket=bucket, Key="of nobody")
    for wrong in ("!", base64.b64encode(b"[1]").decode(), base64.b64encode(b'{"a":1}').decode()):
        with refused("InvalidArgument", 400, "Base64-encoded"):
            s3.put_object(Key="k", SSEKMSEncryptionContext=wrong, **put)


WRONG = [
    ({"ServerSideEncryption": "rot13"}, "InvalidArgument"),
    ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": "alias/aws/s3"}, "InvalidArgument"),
    ({"SSEKMSKeyId": "alias/aws/s3"}, "InvalidArgument"),
    ({"ServerSideEncryption": "aws:kms:dsse", "BucketKeyEnabled": True}, "InvalidArgument"),
    (under("alias/absent"), "KMS.NotFoundException"),
    (under("00000000-0000-4000-8000-000000000000"), "KMS.NotFoundException"),
    (under("no key"), "KMS.NotFoundException"),
]


@pytest.mark.parametrize("wrong,code", WRONG, ids=range(len(WRONG)))
def test_wrong_requests(s3, bucket, wrong, code):
    with refused(code, 400):
        s3.put_object(Bucket=bucket, Key="k", Body=WORDS, **wrong)
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="k")


def test_keys_that_cannot(s3, keys, bucket):
    for key, code in (
        (keys.disabled(), "KMS.DisabledException"),
        (keys.ending(), "KMS.KMSInvalidStateException"),
        (keys.id(Origin="EXTERNAL"), "KMS.KMSInvalidStateException"),
        (keys.pair("HMAC_256", "GENERATE_VERIFY_MAC"), "KMS.InvalidKeyUsageException"),
    ):
        for use in (s3.put_object, s3.create_multipart_upload):
            body = {"Body": WORDS} if use == s3.put_object else {}
            with refused(code, 400):
                use(Bucket=bucket, Key="k", **body, **under(key))


def test_the_bucket_decides_unless_the_request_does(s3, keys, bucket):
    key, other = keys.arn(), keys.arn()
    # Every bucket has a rule; deleting it leads back there.
    plain = rules("AES256", BucketKeyEnabled=False)
    got = s3.get_bucket_encryption(Bucket=bucket)
    assert got["ServerSideEncryptionConfiguration"] == plain
    asked = rules("aws:kms", key, BucketKeyEnabled=True)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=asked)
    got = s3.get_bucket_encryption(Bucket=bucket)
    assert got["ServerSideEncryptionConfiguration"] == asked
    by_rule = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    put = {"Bucket": bucket, "Key": "k", "Body": WORDS}
    assert told_of(s3.put_object(**put)) == by_rule
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "k"})
    assert told_of(copied) == by_rule
    begun = s3.create_multipart_upload(Bucket=bucket, Key="m")
    assert told_of(begun) == by_rule
    assert s3.put_object(**put, **under(other))["SSEKMSKeyId"] == other
    assert "BucketKeyEnabled" not in s3.put_object(**put, BucketKeyEnabled=False)
    assert told_of(s3.put_object(**put, ServerSideEncryption="AES256")) == {
        "ServerSideEncryption": "AES256"
    }
    s3.put_object(**put)
    s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration=rules("aws:kms:dsse", other)
    )
    assert told_of(s3.put_object(**{**put, "Key": "twice"})) == {
        "ServerSideEncryption": "aws:kms:dsse",
        "SSEKMSKeyId": other,
    }
    # What is there stays under the key that it was put under.
    assert told_of(s3.head_object(Bucket=bucket, Key="k")) == by_rule
    s3.delete_bucket_encryption(Bucket=bucket)
    got = s3.get_bucket_encryption(Bucket=bucket)
    assert got["ServerSideEncryptionConfiguration"] == plain
    assert s3.get_object(Bucket=bucket, Key="twice")["Body"].read() == WORDS


def test_wrong_rules_of_buckets(s3, bucket):
    blocked = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C", "NONE"]}}
    for wrong, code in (
        ({"Rules": []}, "MalformedXML"),
        ({"Rules": rules("AES256")["Rules"] * 2}, "MalformedXML"),
        (rules("rot13"), "MalformedXML"),
        (rules("AES256", "alias/aws/s3"), "InvalidArgument"),
        (rules("AES256", **blocked), "MalformedXML"),
    ):
        with refused(code, 400):
            s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wrong)
    # Whether there is such a key is found out by the first write.
    s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration=rules("aws:kms", "alias/absent")
    )
    with refused("KMS.NotFoundException", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=WORDS)


def test_a_policy_that_wants_encryption(s3, keys, people, bucket, account):
    key = keys.arn()
    own = client_of("s3", people.key_of_new(allow(["s3:*", "kms:*"])))
    wants = {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key}}
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": wants,
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(refusal))
    with refused(*DENIED):
        own.put_object(Bucket=bucket, Key="k", Body=WORDS)
    with refused(*DENIED):
        own.put_object(Bucket=bucket, Key="k", Body=WORDS, **under("alias/aws/s3"))
    own.put_object(Bucket=bucket, Key="k", Body=WORDS, **under(key))
    s3.delete_bucket_policy(Bucket=bucket)


def test_in_parts(s3, kms, keys, bucket, tmp_path):
    key = keys.arn()
    path, back = tmp_path / "big", tmp_path / "back"
    path.write_bytes(body := os.urandom(11 * MIB + 17))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(path), bucket, "big", Config=config, ExtraArgs=under(key))
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ETag"].endswith('-3"') and head["SSEKMSKeyId"] == key
    s3.download_file(bucket, "big", str(back), Config=config)
    assert back.read_bytes() == body
    edge = 5 * MIB
    piece = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={edge - 9}-{edge + 9}")
    assert piece["Body"].read() == body[edge - 9 : edge + 10]
    part = s3.get_object(Bucket=bucket, Key="big", PartNumber=3)
    assert part["Body"].read() == body[2 * edge :] and told_of(part)["SSEKMSKeyId"] == key
    # By hand; and without the key not one part more.
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", **under(key, BucketKeyEnabled=True))
    told = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    assert told_of(begun) == told
    at = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    first = s3.upload_part(**at, PartNumber=1, Body=body[:edge])
    assert told_of(first) == told
    copied = s3.upload_part_copy(
        **at, PartNumber=2, CopySource={"Bucket": bucket, "Key": "big"}, CopySourceRange="bytes=5-9"
    )
    assert told_of(copied) == told
    kms.disable_key(KeyId=key)
    with refused("KMS.DisabledException", 400):
        s3.upload_part(**at, PartNumber=3, Body=WORDS)
    kms.enable_key(KeyId=key)
    parts = [
        {"PartNumber": 1, "ETag": first["ETag"]},
        {"PartNumber": 2, "ETag": copied["CopyPartResult"]["ETag"]},
    ]
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    assert told_of(done) == told
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body[:edge] + body[5:10]


def test_from_key_to_key(s3, kms, keys, people, bucket, other_bucket):
    first, second = keys.arn(), keys.arn()
    source = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**source, Body=WORDS, **under(first))
    copied = s3.copy_object(
        Bucket=other_bucket, Key="k", CopySource=source, **under(second)
    )
    assert told_of(copied)["SSEKMSKeyId"] == second
    # The key of the source does not come along.
    plain = s3.copy_object(Bucket=other_bucket, Key="plain", CopySource=source)
    assert told_of(plain) == {"ServerSideEncryption": "AES256"}
    assert plain["CopyObjectResult"]["ETag"] == md5_of(WORDS)
    # To change the key of an object is to copy it onto itself.
    s3.copy_object(**source, CopySource=source, **under(second))
    assert s3.head_object(**source)["SSEKMSKeyId"] == second
    kms.disable_key(KeyId=first)
    for at in ({"Bucket": other_bucket, "Key": "k"}, {"Bucket": other_bucket, "Key": "plain"}, source):
        assert s3.get_object(**at)["Body"].read() == WORDS
    halves = [["kms:Decrypt"], ["kms:GenerateDataKey"]]
    third = keys.arn()
    for actions in halves:
        own = client_of("s3", people.key_of_new(allow("s3:*"), allow(actions)))
        with refused(*DENIED, "kms:"):
            own.copy_object(Bucket=bucket, Key="c", CopySource=source, **under(third))
    own = client_of("s3", people.key_of_new(allow("s3:*"), allow(sum(halves, []))))
    own.copy_object(Bucket=bucket, Key="c", CopySource=source, **under(third))


def test_presigned(client, kms, keys, bucket):
    s3 = client("s3", signature_version="s3v4")
    key = keys.arn()
    params = {"Bucket": bucket, "Key": "k", **under(key)}
    signed = s3.generate_presigned_url("put_object", Params=params)
    headers = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": key,
    }
    # The signature holds the key: it can be neither left out nor changed.
    for wrong in ({}, {**headers, "x-amz-server-side-encryption-aws-kms-key-id": "alias/aws/s3"}):
        assert requests.put(signed, data=WORDS, headers=wrong, timeout=10).status_code == 403
    answer = requests.put(signed, data=WORDS, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-amz-server-side-encryption-aws-kms-key-id"] == key
    at = {"Bucket": bucket, "Key": "k"}
    reading = s3.generate_presigned_url("get_object", Params=at)
    assert requests.get(reading, timeout=10).content == WORDS
    kms.disable_key(KeyId=key)
    answer = requests.get(reading, timeout=10)
    assert answer.status_code == 400 and "<Code>KMS.DisabledException</Code>" in answer.text


def test_versions_keep_their_keys(s3, kms, keys, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = [keys.arn(), keys.arn()]
    put = {"Bucket": bucket, "Key": "k"}
    ids = [s3.put_object(**put, Body=key.encode(), **under(key))["VersionId"] for key in made]
    kms.disable_key(KeyId=made[1])
    with refused("KMS.DisabledException", 400):
        s3.get_object(**put)
    assert s3.get_object(**put, VersionId=ids[0])["Body"].read() == made[0].encode()
