"""What needs a server of its own: keys and secrets over a restart, files on disk, odd input."""

import os
from base64 import b64encode

import pytest
from iam import client_of, new_name
from kms import OPERATIONS as OF_KEYS
from odd import assert_bears
from secretsmanager import OPERATIONS as OF_SECRETS
from servers import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("keys") / "data", "--log-level", "warn").start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def client(server):
    told = server.environment()
    pair = {
        "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
    }
    return lambda service, **config: client_of(service, pair, server.url, **config)


def files_of(server):
    for folder, _, names in os.walk(server.data):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                yield os.path.join(folder, name), file.read()


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_all_outlives_a_restart_and_none_of_it_is_in_clear(server, client, ending):
    kms, sm, s3 = client("kms"), client("secretsmanager"), client("s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    words = os.urandom(24).hex()
    blob = kms.encrypt(KeyId=key, Plaintext=words.encode())["CiphertextBlob"]
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.rotate_key_on_demand(KeyId=key)
    secret = sm.create_secret(Name=new_name(), SecretString=words)["ARN"]
    bucket = new_name("b")
    s3.create_bucket(Bucket=bucket)
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    s3.put_object(Bucket=bucket, Key="k", Body=words.encode() * 50, **under)
    s3.put_object(Bucket=bucket, Key="own", Body=words.encode() * 50, Metadata={"w": words})
    mac_key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    how = {"KeyId": mac_key, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(**how)["Mac"]
    assert getattr(server, ending)() in (0, None)
    plain = data_key["Plaintext"]
    sought = (words.encode(), plain, plain.hex().encode(), b64encode(plain))
    for path, content in files_of(server):
        assert not [one for one in sought if one in content], path
    server.start()
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == words.encode()
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == plain
    assert kms.verify_mac(**how, Mac=mac)["MacValid"] is True
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == words
    for name in ("k", "own"):
        assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == words.encode() * 50
    assert not [line for line in server.lines if words in line]


@pytest.mark.parametrize("part", sorted(OF_KEYS))
def test_no_text_breaks_the_keys(client, part):
    kms = client("kms", parameter_validation=False)
    assert_bears(kms, OF_KEYS[part])


@pytest.mark.parametrize("part", sorted(OF_SECRETS))
def test_no_text_breaks_the_secrets(client, part):
    assert_bears(client("secretsmanager", parameter_validation=False), OF_SECRETS[part])
