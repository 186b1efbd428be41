"""Makes what has a secret, and keeps the secrets for whoever looks for them in the audit log."""

import base64
import hmac
import json
import struct
import time

from kit import ARGUMENTS, IAM


def code(seed, step):
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF) % 1000000)


IAM.create_user(UserName="ana")
key = IAM.create_access_key(UserName="ana")["AccessKey"]
device = IAM.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
seed = device["Base32StringSeed"]
step = int(time.time()) // 30
IAM.enable_mfa_device(
    UserName="ana",
    SerialNumber=device["SerialNumber"],
    AuthenticationCode1=code(seed, step - 1),
    AuthenticationCode2=code(seed, step),
)
with open(ARGUMENTS["kept"], "w") as kept:
    json.dump([key["SecretAccessKey"], seed.decode()], kept)
