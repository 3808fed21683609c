"""Secrets of tests, which are gone at once afterwards. Not named as the library's own `secrets`."""

import boto3
import iam  # Sets up the session that clients are made of.

# Every operation that is built, by the file that tests it.
OPERATIONS = {
    "secrets": """
        CreateSecret DescribeSecret UpdateSecret ListSecrets DeleteSecret RestoreSecret TagResource
        UntagResource GetRandomPassword ReplicateSecretToRegions RemoveRegionsFromReplication
        StopReplicationToReplica
    """,
    "values": """
        GetSecretValue PutSecretValue BatchGetSecretValue ListSecretVersionIds
        UpdateSecretVersionStage
    """,
    "policies": """
        PutResourcePolicy GetResourcePolicy DeleteResourcePolicy ValidateResourcePolicy
    """,
    "rotation": "RotateSecret CancelRotateSecret",
}
OPERATIONS = {part: frozenset(names.split()) for part, names in OPERATIONS.items()}

called = set()

boto3.DEFAULT_SESSION.events.register(
    "before-call.secrets-manager", lambda model, **_: called.add(model.name)
)


def assert_all_called(part):
    """For the last test of a file: none of the operations it stands for was left out."""
    assert OPERATIONS[part] - called == set()


class Secrets:
    """Makes secrets; `clear` deletes them without a window."""

    def __init__(self, client):
        self.client = client
        self.made = []

    def secret(self, value=None, name=None, **more):
        """What the answer tells of it. `value`: text, bytes or none."""
        kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
        given = {} if value is None else {kind: value}
        told = self.client.create_secret(Name=name or iam.new_name("secret"), **given, **more)
        self.made.append(told["ARN"])
        return told

    def id(self, value=None, **more):
        return self.secret(value, **more)["ARN"]

    def clear(self):
        for arn in self.made:
            self.client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def stages_of(client, secret):
    """The version that each label is on."""
    told = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    return {label: version for version, labels in told.items() for label in labels}


def pages_of(ask, **request):
    """Every page of an operation that the SDK has no paginator for."""
    while True:
        page = ask(**request)
        yield page
        if "NextToken" not in page:
            return
        request["NextToken"] = page["NextToken"]
