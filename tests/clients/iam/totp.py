"""What a device shows (RFC 6238)."""

import base64
import hmac
import struct
import time

STEP = 30


def step_with_time_left():
    """The step of now; not one that is over in a moment."""
    while time.time() % STEP > STEP - 8:
        time.sleep(0.5)
    return int(time.time()) // STEP


def code(seed, step):
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF) % 1000000)


def two(seed, step):
    return {"AuthenticationCode1": code(seed, step), "AuthenticationCode2": code(seed, step + 1)}
