"""Buckets of a test's own, or of a whole module's."""

import uuid


def new_bucket(s3):
    name = f"conformance-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def empty_bucket(s3, bucket):
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
