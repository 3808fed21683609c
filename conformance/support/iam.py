"""Principals for tests: made, used and taken away again; policies; devices that give codes."""

import base64
import binascii
import hashlib
import hmac
import json
import struct
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
STEP_SECONDS = 30

# Every operation of the two services that is built, by the file that tests it.
OPERATIONS = {
    "users": """
        CreateUser GetUser UpdateUser DeleteUser ListUsers TagUser UntagUser ListUserTags
        PutUserPermissionsBoundary DeleteUserPermissionsBoundary CreateAccessKey UpdateAccessKey
        DeleteAccessKey ListAccessKeys GetAccessKeyLastUsed CreateLoginProfile GetLoginProfile
        UpdateLoginProfile DeleteLoginProfile ChangePassword
    """,
    "groups": """
        CreateGroup GetGroup UpdateGroup DeleteGroup ListGroups AddUserToGroup RemoveUserFromGroup
        ListGroupsForUser
    """,
    "roles": """
        CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole
        ListRoles PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole
        ListRoleTags CreateServiceLinkedRole DeleteServiceLinkedRole
        GetServiceLinkedRoleDeletionStatus CreateInstanceProfile GetInstanceProfile
        DeleteInstanceProfile ListInstanceProfiles ListInstanceProfilesForRole
        AddRoleToInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile
        UntagInstanceProfile ListInstanceProfileTags
    """,
    "policies": """
        CreatePolicy GetPolicy DeletePolicy ListPolicies TagPolicy UntagPolicy ListPolicyTags
        CreatePolicyVersion GetPolicyVersion ListPolicyVersions DeletePolicyVersion
        SetDefaultPolicyVersion ListEntitiesForPolicy AttachUserPolicy AttachGroupPolicy
        AttachRolePolicy DetachUserPolicy DetachGroupPolicy DetachRolePolicy
        ListAttachedUserPolicies ListAttachedGroupPolicies ListAttachedRolePolicies PutUserPolicy
        PutGroupPolicy PutRolePolicy GetUserPolicy GetGroupPolicy GetRolePolicy DeleteUserPolicy
        DeleteGroupPolicy DeleteRolePolicy ListUserPolicies ListGroupPolicies ListRolePolicies
    """,
    "mfa": """
        CreateVirtualMFADevice DeleteVirtualMFADevice ListVirtualMFADevices TagMFADevice
        UntagMFADevice ListMFADeviceTags EnableMFADevice DeactivateMFADevice ResyncMFADevice
        ListMFADevices GetMFADevice
    """,
    "account": """
        CreateAccountAlias DeleteAccountAlias ListAccountAliases UpdateAccountPasswordPolicy
        GetAccountPasswordPolicy DeleteAccountPasswordPolicy GetAccountSummary
        GenerateCredentialReport GetCredentialReport GetAccountAuthorizationDetails
    """,
    "providers": """
        CreateOpenIDConnectProvider GetOpenIDConnectProvider DeleteOpenIDConnectProvider
        ListOpenIDConnectProviders AddClientIDToOpenIDConnectProvider
        RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint
        TagOpenIDConnectProvider UntagOpenIDConnectProvider ListOpenIDConnectProviderTags
    """,
    "simulation": """
        SimulateCustomPolicy SimulatePrincipalPolicy GetContextKeysForCustomPolicy
        GetContextKeysForPrincipalPolicy
    """,
    "sessions": """
        AssumeRole DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity GetFederationToken
        GetSessionToken
    """,
    "web identities": "AssumeRoleWithWebIdentity",
}
OPERATIONS = {part: frozenset(names.split()) for part, names in OPERATIONS.items()}

called = set()


def _record(model, **_):
    called.add(model.name)


# Clients copy the hooks of their session when they are made, so this comes before any of them.
if boto3.DEFAULT_SESSION is None:
    boto3.setup_default_session()
for _service in ("iam", "sts"):
    boto3.DEFAULT_SESSION.events.register(f"before-call.{_service}", _record)


def assert_all_called(part):
    """For the last test of a file: none of the operations it stands for was left out."""
    assert OPERATIONS[part] - called == set()


def client_of(service, credentials, url=None, **config):
    """A client with these credentials: of an access key, of STS or of a sign-in."""
    config.setdefault("retries", {"total_max_attempts": 1})
    keys = {name[0].upper() + name[1:]: value for name, value in credentials.items()}
    return boto3.client(
        service,
        endpoint_url=url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(**config),
    )


def new_name(prefix="c"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def statement(effect, action, resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def allow(action, resource="*", **more):
    return statement("Allow", action, resource, **more)


def deny(action, resource="*", **more):
    return statement("Deny", action, resource, **more)


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*principals, action="sts:AssumeRole", **condition):
    """A trust policy for ARNs, account ids, or one dictionary by kind of principal."""
    who = principals[0] if isinstance(principals[0], dict) else {"AWS": list(principals)}
    said = {"Effect": "Allow", "Principal": who, "Action": action}
    return document({**said, "Condition": condition} if condition else said)


def tags_of(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class People:
    """Makes principals and policies; `clear` takes away all of them, whatever hangs on them."""

    def __init__(self, iam):
        self.iam = iam
        self.users, self.groups, self.roles = [], [], []
        self.policies, self.devices, self.profiles, self.providers = [], [], [], []

    def user(self, *statements, name=None, **more):
        """With one inline policy of the statements, if there are any. Answers the name."""
        made = name or new_name("user")
        self.iam.create_user(UserName=made, **more)
        self.users.append(made)
        if statements:
            self.iam.put_user_policy(
                UserName=made, PolicyName="own", PolicyDocument=document(*statements)
            )
        return made

    def key(self, user):
        return self.iam.create_access_key(UserName=user)["AccessKey"]

    def key_of_new(self, *statements, **more):
        return self.key(self.user(*statements, **more))

    def arn(self, user):
        return self.iam.get_user(UserName=user)["User"]["Arn"]

    def group(self, *statements, name=None, **more):
        made = name or new_name("group")
        self.iam.create_group(GroupName=made, **more)
        self.groups.append(made)
        if statements:
            self.iam.put_group_policy(
                GroupName=made, PolicyName="own", PolicyDocument=document(*statements)
            )
        return made

    def role(self, trusted, *statements, name=None, **more):
        """Answers the ARN. `trusted`: the trust policy's text."""
        made = name or new_name("role")
        told = self.iam.create_role(RoleName=made, AssumeRolePolicyDocument=trusted, **more)
        self.roles.append(made)
        if statements:
            self.iam.put_role_policy(
                RoleName=made, PolicyName="own", PolicyDocument=document(*statements)
            )
        return told["Role"]["Arn"]

    def policy(self, *statements, name=None, **more):
        """Answers the ARN."""
        told = self.iam.create_policy(
            PolicyName=name or new_name("policy"), PolicyDocument=document(*statements), **more
        )
        self.policies.append(told["Policy"]["Arn"])
        return self.policies[-1]

    def device(self, user=None):
        """Enabled for the user, if one is named."""
        told = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=new_name("device"))
        device = Device(self.iam, told["VirtualMFADevice"])
        self.devices.append(device.serial)
        if user is not None:
            device.enable(user)
        return device

    def clear(self):
        for name in self.profiles:
            _unless_gone(wipe_profile, self.iam, name)
        for name in self.users:
            _unless_gone(wipe_user, self.iam, name)
        for name in self.groups:
            _unless_gone(wipe_group, self.iam, name)
        for name in self.roles:
            _unless_gone(wipe_role, self.iam, name)
        for serial in self.devices:
            _unless_gone(self.iam.delete_virtual_mfa_device, SerialNumber=serial)
        for arn in self.policies:
            _unless_gone(wipe_policy, self.iam, arn)
        for arn in self.providers:
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def _unless_gone(remove, *args, **kwargs):
    try:
        remove(*args, **kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise


def wipe_user(iam, name):
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        iam.deactivate_mfa_device(UserName=name, SerialNumber=device["SerialNumber"])
    _unless_gone(iam.delete_login_profile, UserName=name)
    iam.delete_user(UserName=name)


def wipe_group(iam, name):
    for user in iam.get_group(GroupName=name)["Users"]:
        iam.remove_user_from_group(UserName=user["UserName"], GroupName=name)
    for policy in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]:
        iam.detach_group_policy(GroupName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_group_policies(GroupName=name)["PolicyNames"]:
        iam.delete_group_policy(GroupName=name, PolicyName=policy)
    iam.delete_group(GroupName=name)


def wipe_role(iam, name):
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def wipe_policy(iam, arn):
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def wipe_profile(iam, name):
    profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    for role in profile["Roles"]:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=name, RoleName=role["RoleName"]
        )
    iam.delete_instance_profile(InstanceProfileName=name)


def code_at(seed, step):
    """RFC 6238: SHA-1, six digits. `seed`: base32, as the device is given it."""
    padded = seed + b"=" * (-len(seed) % 8)
    digest = hmac.new(base64.b32decode(padded), struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class Device:
    """A virtual device. Its clock runs ahead as codes are taken, so that none is taken twice."""

    def __init__(self, iam, made):
        self.iam = iam
        self.serial = made["SerialNumber"]
        self.seed = made["Base32StringSeed"]
        self.user = None
        self.last = int(time.time() // STEP_SECONDS) - 2
        self.fresh = False

    def _next(self):
        self.last += 1
        return code_at(self.seed, self.last)

    def pair(self):
        """Two codes in a row, as EnableMFADevice and ResyncMFADevice want them."""
        self.fresh = True
        return {"AuthenticationCode1": self._next(), "AuthenticationCode2": self._next()}

    def enable(self, user):
        self.iam.enable_mfa_device(UserName=user, SerialNumber=self.serial, **self.pair())
        self.user = user

    def code(self):
        """The next one. After the first the server has to learn how far ahead the clock is."""
        if not self.fresh:
            self.iam.resync_mfa_device(
                UserName=self.user, SerialNumber=self.serial, **self.pair()
            )
        self.fresh = False
        return self._next()

    def wrong_code(self):
        right = {code_at(self.seed, self.last + step) for step in range(-4, 8)}
        return next(code for code in ("000000", "000001", "123456", "654321") if code not in right)


def png_size(png):
    """Width and height; fails for what is no PNG."""
    assert png[:8] == binascii.unhexlify("89504e470d0a1a0a")
    return struct.unpack(">II", png[16:24])
