"""Keys of tests, which wait for their end afterwards; and cryptography outside of the server."""

import os

import boto3
import iam  # Sets up the session that clients are made of.
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

SHORTEST_WINDOW_DAYS = 7

# Every operation that is built, by the file that tests it.
OPERATIONS = {
    "keys": """
        CreateKey DescribeKey ListKeys EnableKey DisableKey UpdateKeyDescription ScheduleKeyDeletion
        CancelKeyDeletion TagResource UntagResource ListResourceTags ReplicateKey
        UpdatePrimaryRegion CreateAlias UpdateAlias DeleteAlias ListAliases
    """,
    "rotation": """
        EnableKeyRotation DisableKeyRotation GetKeyRotationStatus RotateKeyOnDemand ListKeyRotations
    """,
    "policies": "GetKeyPolicy PutKeyPolicy ListKeyPolicies",
    "grants": "CreateGrant ListGrants ListRetirableGrants RetireGrant RevokeGrant",
    "encryption": """
        Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext
        GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateRandom
    """,
    "signing": "Sign Verify GetPublicKey GenerateMac VerifyMac DeriveSharedSecret",
    "import": "GetParametersForImport ImportKeyMaterial DeleteImportedKeyMaterial",
}
OPERATIONS = {part: frozenset(names.split()) for part, names in OPERATIONS.items()}

called = set()

boto3.DEFAULT_SESSION.events.register("before-call.kms", lambda model, **_: called.add(model.name))


def assert_all_called(part):
    """For the last test of a file: none of the operations it stands for was left out."""
    assert OPERATIONS[part] - called == set()


class Keys:
    """Makes keys and aliases; `clear` takes the aliases away and schedules the ends of the keys."""

    def __init__(self, kms):
        self.kms = kms
        self.made, self.aliases = [], []

    def key(self, **more):
        """What the answer tells of the key."""
        told = self.kms.create_key(**more)["KeyMetadata"]
        self.made.append(told["KeyId"])
        return told

    def id(self, **more):
        return self.key(**more)["KeyId"]

    def arn(self, **more):
        return self.key(**more)["Arn"]

    def pair(self, spec, usage, **more):
        """The id of a key that needs its usage said."""
        return self.id(KeySpec=spec, KeyUsage=usage, **more)

    def alias(self, key):
        name = f"alias/{iam.new_name()}"
        self.kms.create_alias(AliasName=name, TargetKeyId=key)
        self.aliases.append(name)
        return name

    def disabled(self, **more):
        key = self.id(**more)
        self.kms.disable_key(KeyId=key)
        return key

    def ending(self, **more):
        key = self.id(**more)
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=SHORTEST_WINDOW_DAYS)
        return key

    def clear(self):
        for name in self.aliases:
            self._unless("NotFoundException", self.kms.delete_alias, AliasName=name)
        for key in self.made:
            self._unless(
                "KMSInvalidStateException",
                self.kms.schedule_key_deletion,
                KeyId=key,
                PendingWindowInDays=SHORTEST_WINDOW_DAYS,
            )

    @staticmethod
    def _unless(code, remove, **arguments):
        try:
            remove(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != code:
                raise


def root_of(account):
    """The statement that leaves a key to its account's own policies."""
    return {**iam.allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}


def lets(principal, action, **more):
    """A statement of a key policy."""
    return {**iam.allow(action, **more), "Principal": {"AWS": principal}}


def oaep(hash_name):
    digest = {"SHA_1": hashes.SHA1, "SHA_256": hashes.SHA256}[hash_name]
    return padding.OAEP(mgf=padding.MGF1(digest()), algorithm=digest(), label=None)


def public_key(der):
    return serialization.load_der_public_key(der)


def private_key(der):
    return serialization.load_der_private_key(der, None)


def pkcs8(key):
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def wrapped(material, der, algorithm):
    """Key material on its way in, as each wrapping algorithm has it."""
    scheme = oaep(algorithm[algorithm.rindex("SHA_") :])
    if not algorithm.startswith("RSA_AES_KEY_WRAP"):
        return public_key(der).encrypt(material, scheme)
    inner = os.urandom(32)
    sealed = keywrap.aes_key_wrap_with_padding(inner, material)
    return public_key(der).encrypt(inner, scheme) + sealed


def imported(kms, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", **more):
    """Imports it, which does not expire unless something else is said. Answers the answer."""
    how = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec
    )
    more.setdefault("ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    return kms.import_key_material(
        KeyId=key,
        ImportToken=how["ImportToken"],
        EncryptedKeyMaterial=wrapped(material, how["PublicKey"], algorithm),
        **more,
    )
