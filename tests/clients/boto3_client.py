"""What boto3 makes of the gateway. One test of tests/aws_clients.rs runs each function by its name.

The endpoint is in AWS_ENDPOINT_URL_STS, tokens and the rest are arguments, as JSON.
"""

import json
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from email.utils import parsedate_to_datetime

import boto3
import botocore.credentials
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"


def sts(**config):
    return boto3.client("sts", region_name=REGION, config=Config(**config))


def assume(client, role, token, **more):
    return client.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="ines", WebIdentityToken=token, **more
    )


def session_of(answer):
    keys = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )


def identity_of(session):
    answer = session.client("sts").get_caller_identity()
    return {name: answer[name] for name in ("Arn", "UserId", "Account")}


def assumes_a_role(role, token, policy):
    answer = assume(sts(), role, token, DurationSeconds=900, Policy=policy)
    left = answer["Credentials"]["Expiration"].timestamp() - now_of(answer)
    return {
        "identity": identity_of(session_of(answer)),
        "assumed": answer["AssumedRoleUser"],
        "subject": answer["SubjectFromWebIdentityToken"],
        "audience": answer["Audience"],
        "provider": answer["Provider"],
        "packed": answer["PackedPolicySize"],
        "lives_for_the_duration": 890 <= left <= 910,
    }


def now_of(answer):
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()


def names_errors(calls):
    """For each call: which exception class of the client it raised, and what the exception says."""
    told = []
    for call in calls:
        client = sts(retries={"mode": call.pop("retries", "legacy"), "max_attempts": 1})
        try:
            client.assume_role_with_web_identity(**call)
            told.append({"class": None})
        except ClientError as error:
            told.append(
                {
                    "class": type(error).__name__,
                    "code": error.response["Error"]["Code"],
                    "message": error.response["Error"]["Message"],
                    "type": error.response["Error"]["Type"],
                    "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                    "retries": error.response["ResponseMetadata"]["RetryAttempts"],
                }
            )
    return told


def asks_again(call, mode):
    """How often boto3 had to ask for one answer."""
    client = sts(retries={"mode": mode, "total_max_attempts": 20})
    answer = client.assume_role_with_web_identity(**call)
    return {
        "subject": answer["SubjectFromWebIdentityToken"],
        "retries": answer["ResponseMetadata"]["RetryAttempts"],
    }


def presigns(role, token, header):
    """A presigned GetCallerIdentity, replayed as the verifiers of Kubernetes and Vault do."""
    session = session_of(assume(sts(), role, token))
    plain = presigned(session.client("sts"))
    name, value = header
    marked = presigned_with_header(session, name, value)
    return {
        "plain": fetched(plain, {}),
        "json": fetched(plain, {"Accept": "application/json"}),
        "marked": fetched(marked, {name: value, "Accept": "application/json"}),
        "other_mark": fetched(marked, {name: "another", "Accept": "application/json"}),
        "no_mark": fetched(marked, {"Accept": "application/json"}),
    }


def presigned_with_header(session, name, value):
    client = session.client("sts")
    client.meta.events.register(
        "before-sign.sts.GetCallerIdentity",
        lambda request, **_: request.headers.add_header(name, value),
    )
    return presigned(client)


def presigned(client):
    return client.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")


def fetched(url, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def reads_the_token_file():
    """The credentials of the environment, a token file and a role, renewed as their end comes near."""
    session = boto3.Session(region_name=REGION)
    credentials = session.get_credentials()
    first, identity = credentials.get_frozen_credentials(), identity_of(session)
    again = credentials.get_frozen_credentials()
    let_time_pass(credentials, timedelta(minutes=59))
    renewed, identity_after = credentials.get_frozen_credentials(), identity_of(session)
    return {
        "method": credentials.method,
        "identity": identity,
        "kept": again == first,
        "renewed": renewed.access_key != first.access_key,
        "identity_after": identity_after,
    }


def let_time_pass(credentials, span):
    """Moves the clock that botocore looks at for the end of credentials, and no other."""
    now = botocore.credentials._local_now
    later = lambda: now() + span  # noqa: E731
    botocore.credentials._local_now = credentials._time_fetcher = later


def main():
    function, arguments = sys.argv[1], json.load(sys.stdin)
    json.dump(globals()[function](**arguments), sys.stdout, default=str)


if __name__ == "__main__":
    main()
