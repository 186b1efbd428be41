"""Calls one operation of STS with boto3, at a region's endpoint.

    python tests/clients/regional_sts.py < {"operation", "parameters"}

AWS_ENDPOINT_URL_STS and AWS_DEFAULT_REGION say where, the usual variables by whom. Prints the answer as JSON, or
the class that boto3's model has for the error.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

asked = json.load(sys.stdin)
client = boto3.client("sts")
try:
    answer = getattr(client, asked["operation"])(**asked["parameters"])
    del answer["ResponseMetadata"]
    print(json.dumps(answer, default=str))
except ClientError as error:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"]["Code"]
    print(json.dumps({"class": type(error).__name__, "code": code, "status": status}))
