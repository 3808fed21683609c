"""Policies that let trails into buckets and to keys, as the original's guide has them."""

import json

from iam import allow

SERVICE = {"Service": "cloudtrail.amazonaws.com"}


def bucket_policy(bucket, account):
    arn = f"arn:aws:s3:::{bucket}"
    acl = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    look = allow("s3:GetBucketAcl", arn, Principal=SERVICE)
    objects = f"{arn}/AWSLogs/{account}/*"
    put = allow("s3:PutObject", objects, Principal=SERVICE, Condition=acl)
    return json.dumps({"Version": "2012-10-17", "Statement": [look, put]})


def key_policy(account):
    context = "kms:EncryptionContext:aws:cloudtrail:arn"
    condition = {"StringLike": {context: f"arn:aws:cloudtrail:*:{account}:trail/*"}}
    own = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{account}:root"})
    seal = allow("kms:GenerateDataKey*", Principal=SERVICE, Condition=condition)
    return json.dumps({"Version": "2012-10-17", "Statement": [own, seal]})
