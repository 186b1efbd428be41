"""Every operation of STS by boto3, held against botocore's own model of the service.

tests/aws_clients/operations.rs runs each function by its name, as boto3_client.py does; the scene that it
describes has roles, tokens and responses for good calls and for bad ones. docs/sts-api.md says which errors
and members are not here; the tests read it from there (`inventory`).

To add an operation: its good call in GOOD, and in BAD each error of the model that docs/sts-api.md has
with "yes".
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
import time
from datetime import datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.session import Session

REGION = "us-east-1"
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
)
READ_ONLY = {"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
TAG = {"Key": "team", "Value": "ops"}
# More than a session token holds.
LARGE = [{"Key": f"Key{number}", "Value": "v" * 250} for number in range(30)]


# Regions by their endpoints: one that the account has, and one in which it has switched STS off.
IRELAND, PARIS = "eu-west-1", "eu-west-3"
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


# --- the calls -----------------------------------------------------------------------------------


def at(region, parameters):
    """A call to the endpoint of a region."""
    return {**parameters, "@region": region}


def by_session(scene, parameters, **more):
    """A call by a session of a role, which is taken for it."""
    return {**parameters, "@session": {**assume_role(scene), **more}}


def by_member(scene, parameters):
    """A call by a user of the other account."""
    return {**parameters, "@keys": scene["member_keys"]}


def assume_role(scene):
    return {"RoleArn": scene["worker"], "RoleSessionName": "ada"}


def by_saml(scene):
    return {
        "RoleArn": scene["partner"],
        "PrincipalArn": scene["saml_provider"],
        "SAMLAssertion": scene["responses"]["good"],
    }


def by_token(scene):
    return {
        "RoleArn": scene["reader"],
        "RoleSessionName": "ines",
        "WebIdentityToken": scene["tokens"]["good"],
    }


def with_code(scene, away):
    """A code of the device: of this half minute, or of one that is so many away (RFC 6238)."""
    key = base64.b32decode(scene["seed"])
    tag = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + away), hashlib.sha1).digest()
    at = tag[19] & 0xF
    number = struct.unpack(">I", tag[at : at + 4])[0] & 0x7FFFFFFF
    return {"SerialNumber": scene["device"], "TokenCode": f"{number % 1_000_000:06}"}


def assume_root(scene):
    return at(IRELAND, {"TargetPrincipal": scene["member"], "TaskPolicyArn": AUDIT})


def web_identity(**more):
    return at(IRELAND, {"Audience": ["app"], "SigningAlgorithm": "RS256", **more})


# A call with everything that gives a member of the answer. Each code is good once.
GOOD = {
    "AssumeRole": lambda scene: {
        **assume_role(scene),
        **with_code(scene, 0),
        "DurationSeconds": 900,
        "ExternalId": "agreed",
        "Policy": POLICY,
        "PolicyArns": [READ_ONLY],
        "SourceIdentity": "ada",
        "Tags": [TAG],
        "TransitiveTagKeys": ["team"],
    },
    "AssumeRoleWithSAML": lambda scene: {
        **by_saml(scene),
        "DurationSeconds": 900,
        "Policy": POLICY,
        "PolicyArns": [READ_ONLY],
    },
    "AssumeRoleWithWebIdentity": lambda scene: {
        **by_token(scene),
        "WebIdentityToken": scene["tokens"]["source_identity"],
        "DurationSeconds": 900,
        "Policy": POLICY,
        "PolicyArns": [READ_ONLY],
    },
    "AssumeRoot": lambda scene: by_session(
        scene, {**assume_root(scene), "DurationSeconds": 600}, SourceIdentity="ada"
    ),
    "DecodeAuthorizationMessage": lambda scene: {"EncodedMessage": scene["encoded"]},
    "GetAccessKeyInfo": lambda scene: {"AccessKeyId": scene["keys"]["aws_access_key_id"]},
    "GetCallerIdentity": lambda scene: {},
    "GetFederationToken": lambda scene: {
        "Name": "helper",
        "DurationSeconds": 900,
        "Policy": POLICY,
        "PolicyArns": [READ_ONLY],
        "Tags": [TAG],
    },
    "GetSessionToken": lambda scene: {**with_code(scene, 1), "DurationSeconds": 900},
    "GetWebIdentityToken": lambda scene: web_identity(DurationSeconds=60, Tags=[TAG]),
}
# No call of these is good; docs/sts-api.md says so.
NEVER = {"GetDelegatedAccessToken"}

# For each operation: the call that raises each error of the model.
BAD = {
    "AssumeRole": {
        "MalformedPolicyDocumentException": lambda scene: {**assume_role(scene), "Policy": "{"},
        "PackedPolicyTooLargeException": lambda scene: {**assume_role(scene), "Tags": LARGE},
        "RegionDisabledException": lambda scene: at(PARIS, assume_role(scene)),
    },
    "AssumeRoleWithSAML": {
        "ExpiredTokenException": lambda scene: response(scene, "old"),
        "IDPRejectedClaimException": lambda scene: response(scene, "refused"),
        "InvalidIdentityTokenException": lambda scene: response(scene, "elsewhere"),
        "MalformedPolicyDocumentException": lambda scene: {**by_saml(scene), "Policy": "{"},
        "PackedPolicyTooLargeException": lambda scene: response(scene, "large"),
        "RegionDisabledException": lambda scene: at(PARIS, by_saml(scene)),
    },
    "AssumeRoleWithWebIdentity": {
        "ExpiredTokenException": lambda scene: token(scene, "old"),
        "IDPCommunicationErrorException": lambda scene: token(scene, "unreachable"),
        "IDPRejectedClaimException": lambda scene: {
            **by_token(scene), "ProviderId": "www.amazon.com", "WebIdentityToken": "Atza|refused"
        },
        "InvalidIdentityTokenException": lambda scene: token(scene, "elsewhere"),
        "MalformedPolicyDocumentException": lambda scene: {**by_token(scene), "Policy": "{"},
        "PackedPolicyTooLargeException": lambda scene: token(scene, "large"),
        "RegionDisabledException": lambda scene: at(PARIS, by_token(scene)),
    },
    "AssumeRoot": {
        "RegionDisabledException": lambda scene: at(PARIS, assume_root(scene)),
    },
    "DecodeAuthorizationMessage": {
        "InvalidAuthorizationMessageException": lambda scene: {"EncodedMessage": "nothing"},
    },
    "GetDelegatedAccessToken": {
        "ExpiredTradeInTokenException": lambda scene: {"TradeInToken": "token"},
    },
    "GetFederationToken": {
        "MalformedPolicyDocumentException": lambda scene: {"Name": "helper", "Policy": "{"},
        "PackedPolicyTooLargeException": lambda scene: {"Name": "helper", "Tags": LARGE},
        "RegionDisabledException": lambda scene: at(PARIS, {"Name": "helper"}),
    },
    "GetSessionToken": {
        "RegionDisabledException": lambda scene: at(PARIS, {}),
    },
    "GetWebIdentityToken": {
        "JWTPayloadSizeExceededException": lambda scene: web_identity(
            Audience=[f"{number}".rjust(1000, "a") for number in range(10)]
        ),
        "OutboundWebIdentityFederationDisabledException": lambda scene: by_member(
            scene, web_identity()
        ),
        "SessionDurationEscalationException": lambda scene: by_session(
            scene, web_identity(DurationSeconds=3600), DurationSeconds=900
        ),
    },
}


def response(scene, which):
    return {**by_saml(scene), "SAMLAssertion": scene["responses"][which]}


def token(scene, which):
    return {**by_token(scene), "WebIdentityToken": scene["tokens"][which]}


# What a constraint is tried on: each call is good, and shows no code.
PLAIN = {
    **GOOD,
    "AssumeRoot": assume_root,
    "AssumeRole": lambda scene: {
        **{name: value for name, value in GOOD["AssumeRole"](scene).items() if "T" not in name[:1]},
        "SerialNumber": scene["device"],
        "TokenCode": "000000",
        "Tags": [TAG],
        "TransitiveTagKeys": ["team"],
    },
    "GetSessionToken": lambda scene: {"SerialNumber": scene["device"], "TokenCode": "000000"},
}

# Parameters whose constraints nobody looks at; docs/sts-api.md says so.
PASSED_OVER = {"MinimumSessionTokenSize"}
# Parameters that are refused whatever they say; docs/sts-api.md says so.
REFUSED = {"ProvidedContexts", "ProviderId"}


# --- the model -----------------------------------------------------------------------------------


def model():
    return Loader().load_service_model("sts", "service-2")


def members_of(shapes, name):
    return shapes[name].get("members", {})


def errors_of(operation):
    return [error["shape"] for error in operation.get("errors", [])]


def client(scene, region=None, keys=None, **config):
    config = Config(retries={"total_max_attempts": 1}, **config)
    place = {"region_name": region or REGION, **(keys or scene["keys"])}
    if region:
        place["endpoint_url"] = f"{scene['origin']}/regions/{region}/sts"
    return boto3.client("sts", config=config, **place)


def call(scene, operation, parameters, **config):
    """Calls an operation where, and as whom, the parameters say."""
    parameters = dict(parameters)
    region, keys = parameters.pop("@region", None), parameters.pop("@keys", None)
    session = parameters.pop("@session", None)
    if session:
        given = client(scene, IRELAND).assume_role(**session)["Credentials"]
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
    sts = client(scene, region, keys, **config)
    return getattr(sts, METHODS[operation])(**parameters)


def methods():
    sts = Session().create_client("sts", region_name=REGION)
    return {name: method for method, name in sts.meta.method_to_api_mapping.items()}


METHODS = methods()


# --- what is asked -------------------------------------------------------------------------------


def holds_the_inventory(inventory):
    """What the documentation and the calls above lack of the model, or have beyond it."""
    told = model()
    shapes, operations = told["shapes"], told["operations"]
    problems = []
    pairs = {
        (name, error) for name, operation in operations.items() for error in errors_of(operation)
    }
    absent = set(inventory["absent"])
    documented = {tuple(pair) for pair in [*inventory["raised"], *inventory["not_raised"]]}
    wanted = {pair for pair in pairs if pair[0] not in absent}
    problems += [f"undocumented: {pair}" for pair in sorted(wanted - documented)]
    problems += [f"not in the model: {pair}" for pair in sorted(documented - wanted)]
    raised = {tuple(pair) for pair in inventory["raised"]}
    tested = {(name, error) for name, errors in BAD.items() for error in errors}
    problems += [f"documented and not tested: {pair}" for pair in sorted(raised - tested)]
    problems += [f"tested and not documented: {pair}" for pair in sorted(tested - raised)]
    problems += [f"no good call: {name}" for name in sorted(set(operations) - absent - set(GOOD) - NEVER)]
    problems += [f"good call of what is absent: {name}" for name in sorted(absent & set(GOOD))]
    problems += [f"no such operation: {name}" for name in sorted(absent - set(operations))]
    every = {
        member
        for operation in operations.values()
        for member in members_of(shapes, operation.get("output", {}).get("shape"))
    }
    problems += [f"no such member: {name}" for name in inventory["not_given"] if name not in every]
    return problems


def answers_every_operation(scene, inventory):
    """For each operation that there is: which members of its answer are missing, or are no such value."""
    told, problems = model(), []
    for name, good in GOOD.items():
        shape = told["operations"][name]["output"]["shape"]
        answer = call(scene, name, good(scene))
        answer.pop("ResponseMetadata")
        problems += wrong_members(told["shapes"], shape, answer, inventory["not_given"], name)
    return {"problems": problems, "operations": sorted(GOOD)}


def wrong_members(shapes, shape, answer, not_given, place):
    problems = []
    members = members_of(shapes, shape)
    for name, member in members.items():
        here = f"{place}.{name}"
        if name in not_given:
            problems += [f"{here} is given all the same"] if name in answer else []
            continue
        if name not in answer:
            problems.append(f"{here} is missing")
            continue
        kind, value = shapes[member["shape"]]["type"], answer[name]
        if kind == "structure":
            problems += wrong_members(shapes, member["shape"], value, not_given, here)
        elif not isinstance(value, KINDS[kind]) or value == "":
            problems.append(f"{here} is {value!r}")
    return problems + [f"{place}.{name} is not in the model" for name in set(answer) - set(members)]


KINDS = {"string": str, "integer": int, "timestamp": datetime, "list": list}


def raises_every_error(scene):
    """For each error that there is: what boto3 raised in its place."""
    shapes, problems, raised = model()["shapes"], [], 0
    for name, errors in BAD.items():
        for error, bad in errors.items():
            wanted, modelled = error, shapes[error]["error"]
            try:
                call(scene, name, bad(scene))
                problems.append(f"{name}: nothing in place of {error}")
            except ClientError as found:
                told = found.response
                status = told["ResponseMetadata"]["HTTPStatusCode"]
                as_modelled = (
                    type(found).__name__ == wanted
                    and told["Error"]["Code"] == modelled["code"]
                    and told["Error"]["Type"] == "Sender"
                    and status == modelled["httpStatusCode"]
                    and told["Error"]["Message"]
                )
                raised += 1
                if not as_modelled:
                    problems.append(f"{name}: {found!r} ({status}) in place of {error}")
    return {"problems": problems, "raised": raised}


def refusal(scene, name, parameters):
    """The code, status and text of a refusal; nothing where there is none."""
    try:
        call(scene, name, parameters, parameter_validation=False)
        return None
    except ClientError as found:
        told = found.response
        error = told["Error"]
        status = told["ResponseMetadata"]["HTTPStatusCode"]
        return {"code": error["Code"], "status": status, "message": error["Message"]}


# --- constraints ---------------------------------------------------------------------------------


def keeps_to_every_constraint(scene):
    """What is outside a constraint and not refused, or inside and refused by it."""
    told, problems, tried = model(), [], 0
    for name, plain in PLAIN.items():
        operation = told["operations"][name]
        for member, shape in members_of(told["shapes"], operation["input"]["shape"]).items():
            if member in PASSED_OVER:
                continue
            for value, is_inside in values_around(told["shapes"], shape["shape"]):
                tried += 1
                answer = refusal(scene, name, {**plain(scene), member: value})
                wrong = judged(answer, member, told["shapes"][shape["shape"]]["type"], is_inside)
                if wrong:
                    problems.append(f"{name} {member} {shortened(value)}: {wrong}")
        for member in told["shapes"][operation["input"]["shape"]].get("required", []):
            tried += 1
            parameters = plain(scene)
            parameters.pop(member)
            answer = refusal(scene, name, parameters)
            text = f"Value null at '{camel(member)}' failed to satisfy constraint"
            if not answer or answer["code"] != "ValidationError" or text not in answer["message"]:
                problems.append(f"{name} without {member}: {answer}")
    return {"problems": problems, "tried": tried}


def judged(answer, member, kind, is_inside):
    """Why the answer is not the right one; nothing where it is."""
    message = answer["message"] or "" if answer else ""
    by_constraint = "failed to satisfy constraint" in message
    if is_inside:
        refused = by_constraint and member not in REFUSED
        return f"refused: {message}" if refused else None
    if not answer or (answer["code"], answer["status"]) != ("ValidationError", 400):
        return f"not refused: {answer}"
    is_plain = kind in ("string", "integer") and member not in REFUSED
    if is_plain and not (by_constraint and f"at '{camel(member)}'" in message):
        return f"refused in other words: {message}"
    return None


def camel(member):
    return member[0].lower() + member[1:]


def shortened(value):
    text = repr(value)
    return text if len(text) < 60 else f"{text[:40]}… ({len(text)})"


def values_around(shapes, name):
    """Values at the bounds of a shape and just beyond: with whether they keep to it."""
    shape = shapes[name]
    kind, least, most = shape["type"], shape.get("min"), shape.get("max")
    if kind == "integer":
        yield from ((number, True) for number in (least, most))
        yield from ((number, False) for number in (least - 1, most + 1))
    elif kind == "string":
        yield from strings_around(shape.get("pattern"), least, most)
    elif kind == "list":
        yield from lists_around(shapes, shape["member"]["shape"], most)


def strings_around(pattern, least, most):
    good, bad = characters(pattern)
    if least is not None:
        yield good * least, True
        if least > 0:
            yield good * (least - 1), False
    if most is not None:
        yield good * most, True
        yield good * (most + 1), False
    usual = min(max(least or 1, 6), most or 6)
    yield from ((good * (usual - 1) + character, False) for character in bad)


def characters(pattern):
    """One that fits a pattern of the model, and those around it that don't."""
    if pattern is None:
        return "a", ""
    if pattern == r"[\d]*":
        return "0", "a٣"
    if pattern.startswith(r"[\u0009"):
        return "a", "\u0001\u0100" if "00FF" in pattern else "\u0001\U0001f511"
    # Letters of other alphabets are letters where the model says so.
    return "a", "*" if r"\p{L}" in pattern else "*\u00e9"


def lists_around(shapes, name, most):
    member = shapes[name]
    if member["type"] == "string":
        if most is not None:
            yield [f"key{number}" for number in range(most + 1)], False
        return
    if most is not None:
        yield [filled(shapes, name, number) for number in range(most + 1)], False
    for field, shape in member["members"].items():
        for value, is_inside in values_around(shapes, shape["shape"]):
            if not is_inside:
                yield [{**filled(shapes, name, 0), field: value}], False


def filled(shapes, name, number):
    """A member of a list that keeps to the model."""
    if name == "PolicyDescriptorType":
        return READ_ONLY
    if name == "Tag":
        return {"Key": f"key{number}", "Value": "value"}
    return {field: "arn:aws:iam::123456789012:x" for field in shapes[name]["members"]}


def main():
    function, arguments = sys.argv[1], json.load(sys.stdin)
    json.dump(globals()[function](**arguments), sys.stdout, default=str)


if __name__ == "__main__":
    main()
