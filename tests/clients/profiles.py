"""Profiles that take roles by themselves, as boto3 and the command line read them.

tests/aws_clients/providers.rs runs each function by its name, with AWS_ENDPOINT_URL_STS, AWS_CONFIG_FILE and the
like; arguments are JSON on standard input.
"""

import base64
import hashlib
import hmac
import json
import os
import pty
import struct
import sys
import time
from datetime import timedelta

import boto3
import botocore.credentials
import botocore.session


def code(seed, away=0):
    """The device's code of this half minute, or of one that is so many away (RFC 6238)."""
    key = base64.b32decode(seed)
    tag = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + away), hashlib.sha1).digest()
    at = tag[19] & 0xF
    number = struct.unpack(">I", tag[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def session_of(profile, seed):
    """A session of the profile; whoever is asked for a code reads it off the device."""
    core = botocore.session.Session(profile=profile)
    provider = core.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = lambda prompt: code(seed)
    return boto3.Session(botocore_session=core)


def arn_of(session):
    return session.client("sts").get_caller_identity()["Arn"]


def takes_the_roles_of_profiles(profiles, seed):
    return {profile: arn_of(session_of(profile, seed)) for profile in profiles}


def renews_what_ends_soon(profile, seed):
    """Keys are kept while they are good for long, and renewed as their end comes near."""
    session = session_of(profile, seed)
    credentials = session.get_credentials()
    first, identity = credentials.get_frozen_credentials(), arn_of(session)
    again = credentials.get_frozen_credentials()
    let_time_pass(credentials, timedelta(minutes=55))
    renewed, identity_after = credentials.get_frozen_credentials(), arn_of(session)
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


def lives_for(profile, seed):
    """How many seconds the keys of a profile last."""
    credentials = session_of(profile, seed).get_credentials()
    credentials.get_frozen_credentials()
    left = credentials._expiry_time - botocore.credentials._local_now()
    return left.total_seconds()


def types_a_code(command, seed, wrong=False):
    """Runs a command at a terminal and types the device's code where it asks for one."""
    shown, ending = [], {}
    answer = code(seed)
    if wrong:
        answer = f"{(int(answer) + 1) % 1_000_000:06}"
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, os.environ)
    is_typed = False
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown.append(part.decode())
        if not is_typed and "MFA code" in "".join(shown):
            os.write(terminal, f"{answer}\n".encode())
            is_typed = True
    _, status = os.waitpid(child, 0)
    ending["status"] = os.waitstatus_to_exitcode(status)
    return {**ending, "asked": is_typed, "shown": "".join(shown)}


def main():
    function, arguments = sys.argv[1], json.load(sys.stdin)
    json.dump(globals()[function](**arguments), sys.stdout, default=str)


if __name__ == "__main__":
    main()
