"""Roles for jobs and models, through the server's Role Manager: each may use just the buckets it names."""

import json
import uuid

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session


class RoleManager:
    """The routes of one server, asked as whoever the session's keys belong to."""

    def __init__(self, url, session=None):
        self.url = url
        self.session = session or boto3.Session()

    def ask(self, action, body):
        """The status and the parsed answer of `plan` or `apply`."""
        request = AWSRequest(
            method="POST",
            url=f"{self.url}/_modelkeep/roles/{action}",
            data=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        SigV4Auth(self.session.get_credentials(), "iam", self.session.region_name).add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        return answer.status_code, json.loads(answer.content)

    def role_of(self, *buckets):
        """The ARN of a new role that jobs and models take, and that may use these buckets only."""
        body = {
            "persona": "sagemaker-compute",
            "activities": ["explain-models"],
            "name": f"c-{uuid.uuid4().hex[:12]}",
            "parameters": {"buckets": list(buckets)},
        }
        status, answer = self.ask("apply", body)
        assert status == 200, answer
        return answer["role"]["arn"]
