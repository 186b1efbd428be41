"""What the scripts of this folder share: clients of the gateway, and ways to say what a call must answer.

A script is run by tests/iam.rs. It reads its arguments from standard input, and fails by an exception.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ARGUMENTS = json.load(sys.stdin)
ACCOUNT = ARGUMENTS.get("account", "123456789012")


def client(service="iam", keys=None, region="us-east-1", endpoint=None, checked=True):
    """A client with these keys: (id, secret) or (id, secret, token); the administrator's where none are given.

    One that is not `checked` sends what the model forbids, too.
    """
    key, secret, *token = keys or ARGUMENTS["key"]
    return boto3.client(
        service,
        endpoint_url=endpoint or ARGUMENTS["endpoint"],
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token[0] if token else None,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=checked),
    )


IAM = client()


def arn(resource):
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


def policy(*statements):
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(principal, actions="sts:AssumeRole", **more):
    """A trust policy of one statement."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": actions, **more})


def refused(code, call, *, says=None, **parameters):
    """The call must be refused with this code, and with a message that has these words."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{call.__name__}: {found}, not {code}"
        if says is not None:
            assert says in found.get("Message", ""), f"{call.__name__}: {found} does not say {says!r}"
        return found
    raise AssertionError(f"{call.__name__} must be refused with {code}, and answered {answer}")


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]
