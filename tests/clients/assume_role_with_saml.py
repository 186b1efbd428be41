"""Gives a SAML response to STS with boto3, and asks who the keys belong to.

The endpoint is in AWS_ENDPOINT_URL_STS. Standard input is JSON, the parameters of AssumeRoleWithSAML:
{RoleArn, PrincipalArn, SAMLAssertion} and perhaps DurationSeconds, Policy and PolicyArns. Prints
{answer, identity}, or {error: {class, code, message, status}} where STS says no.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"


def assume(parameters):
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("sts", region_name=REGION, config=once)
    answer = client.assume_role_with_saml(**parameters)
    keys = answer["Credentials"]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )
    identity = session.client("sts").get_caller_identity()
    return {"answer": answer, "identity": {name: identity[name] for name in ("Arn", "UserId")}}


def refusal(error):
    told = error.response
    return {
        "class": type(error).__name__,
        "code": told["Error"]["Code"],
        "message": told["Error"]["Message"],
        "status": told["ResponseMetadata"]["HTTPStatusCode"],
    }


def main():
    try:
        told = assume(json.load(sys.stdin))
    except ClientError as error:
        told = {"error": refusal(error)}
    json.dump(told, sys.stdout, default=str)


if __name__ == "__main__":
    main()
