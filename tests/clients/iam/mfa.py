"""Virtual MFA devices."""

import re

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, tags
from totp import code, step_with_time_left, two

made = IAM.create_virtual_mfa_device(VirtualMFADeviceName="phone", Path="/staff/", Tags=tags(team="ops"))["VirtualMFADevice"]
phone, seed = arn("mfa/staff/phone"), made["Base32StringSeed"]
same((made["SerialNumber"], made["Tags"]), (phone, tags(team="ops")))
assert re.fullmatch(rb"[A-Z2-7]{64}", seed), "the seed is base32"
assert made["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n"), "the code is a picture"
other = IAM.create_virtual_mfa_device(VirtualMFADeviceName="other")["VirtualMFADevice"]
assert other["Base32StringSeed"] != seed
text = "MFADevice entity at the same path and name already exists."
refused("EntityAlreadyExists", IAM.create_virtual_mfa_device, VirtualMFADeviceName="PHONE", Path="/staff/", says=text)
refused("ValidationError", IAM.create_virtual_mfa_device, VirtualMFADeviceName="a b")
listed = IAM.list_virtual_mfa_devices()
same([device["SerialNumber"] for device in listed["VirtualMFADevices"]], [arn("mfa/other"), phone])
pages = IAM.get_paginator("list_virtual_mfa_devices").paginate(PaginationConfig={"PageSize": 1})
same([len(page["VirtualMFADevices"]) for page in pages], [1, 1])
refused("ValidationError", IAM.list_virtual_mfa_devices, AssignmentStatus="Lost", says="[Assigned, Unassigned, Any]")

# Two codes in a row, of the device and of this time; a third one is good at STS, and those two are not.
user = IAM.create_user(UserName="ana")["User"]
key = IAM.create_access_key(UserName="ana")["AccessKey"]
keys = (key["AccessKeyId"], key["SecretAccessKey"])
sts = client("sts", keys)
enable = {"UserName": "ana", "SerialNumber": phone}
wrong = "Authentication code for device is not valid."
step = step_with_time_left()
swapped = {"AuthenticationCode1": code(seed, step), "AuthenticationCode2": code(seed, step - 1)}
refused("InvalidAuthenticationCode", IAM.enable_mfa_device, says=wrong, **swapped, **enable)
refused("InvalidAuthenticationCode", IAM.enable_mfa_device, says=wrong, **two(seed, step - 20), **enable)
refused("InvalidAuthenticationCode", IAM.enable_mfa_device, says=wrong, **two(other["Base32StringSeed"], step), **enable)
refused("ValidationError", IAM.enable_mfa_device, AuthenticationCode1="12345a", AuthenticationCode2="123456", says="authenticationCode1", **enable)
refused("NoSuchEntity", IAM.enable_mfa_device, **two(seed, step - 1), SerialNumber=arn("mfa/none"), UserName="ana", says="doesn't exist")
refused("NoSuchEntity", IAM.enable_mfa_device, **two(seed, step - 1), SerialNumber=phone, UserName="nobody", says="The user with name nobody")
same(IAM.list_mfa_devices(UserName="ana")["MFADevices"], [])
IAM.enable_mfa_device(**two(seed, step - 1), **enable)
for used in (step - 1, step):
    refused("AccessDenied", sts.get_session_token, SerialNumber=phone, TokenCode=code(seed, used), says="invalid MFA one time pass code")
sts.get_session_token(SerialNumber=phone, TokenCode=code(seed, step + 1))
refused("EntityAlreadyExists", IAM.enable_mfa_device, **two(seed, step), **enable)

listed = IAM.list_mfa_devices(UserName="ana")["MFADevices"]
same([(it["UserName"], it["SerialNumber"]) for it in listed], [("ana", phone)])
same(IAM.get_mfa_device(SerialNumber=phone)["UserName"], "ana")
found = IAM.get_mfa_device(SerialNumber=phone, UserName="ana")
same((found["SerialNumber"], found["EnableDate"]), (phone, listed[0]["EnableDate"]))
refused("NoSuchEntity", IAM.get_mfa_device, SerialNumber=arn("mfa/other"), UserName="ana")
refused("NoSuchEntity", IAM.list_mfa_devices, UserName="nobody")
assigned = IAM.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
same([(it["SerialNumber"], it["User"]["Arn"]) for it in assigned], [(phone, user["Arn"])])
unassigned = IAM.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
same([it["SerialNumber"] for it in unassigned], [arn("mfa/other")])
same(len(IAM.list_virtual_mfa_devices(AssignmentStatus="Any")["VirtualMFADevices"]), 2)

# Tags, whoever has the device.
IAM.tag_mfa_device(SerialNumber=phone, Tags=tags(Team="dev", zone="a"))
same(IAM.list_mfa_device_tags(SerialNumber=phone)["Tags"], tags(Team="dev", zone="a"))
first = IAM.list_mfa_device_tags(SerialNumber=phone, MaxItems=1)
same((first["Tags"], first["IsTruncated"]), (tags(Team="dev"), True))
IAM.untag_mfa_device(SerialNumber=phone, TagKeys=["team"])
IAM.tag_mfa_device(SerialNumber=arn("mfa/other"), Tags=tags(a="b"))
same(IAM.list_mfa_device_tags(SerialNumber=arn("mfa/other"))["Tags"], tags(a="b"))
for call, more in (
    (IAM.tag_mfa_device, {"Tags": tags(a="b")}),
    (IAM.untag_mfa_device, {"TagKeys": ["a"]}),
    (IAM.list_mfa_device_tags, {}),
    (IAM.delete_virtual_mfa_device, {}),
):
    refused("NoSuchEntity", call, SerialNumber=arn("mfa/none"), **more)

# A clock that went away is found again by two codes.
refused("InvalidAuthenticationCode", IAM.resync_mfa_device, **two(seed, step), **enable)
IAM.resync_mfa_device(**two(seed, step + 6), **enable)
refused("AccessDenied", sts.get_session_token, SerialNumber=phone, TokenCode=code(seed, step + 2))
sts.get_session_token(SerialNumber=phone, TokenCode=code(seed, step + 8))
refused("NoSuchEntity", IAM.resync_mfa_device, **two(seed, step), UserName="ana", SerialNumber=arn("mfa/other"), says="MFA Device invalid for user.")

# What is deactivated is the user's no more, and the account's still.
refused("DeleteConflict", IAM.delete_virtual_mfa_device, SerialNumber=phone, says="Must deactivate first")
refused("DeleteConflict", IAM.delete_user, UserName="ana", says="access keys")
IAM.deactivate_mfa_device(UserName="ana", SerialNumber=phone)
refused("NoSuchEntity", IAM.deactivate_mfa_device, UserName="ana", SerialNumber=phone, says="MFA Device invalid for user.")
refused("AccessDenied", sts.get_session_token, SerialNumber=phone, TokenCode=code(seed, step + 9), says="unable to validate MFA code")
same(len(IAM.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]), 2)
same(IAM.list_mfa_device_tags(SerialNumber=phone)["Tags"], tags(zone="a"))
IAM.delete_virtual_mfa_device(SerialNumber=phone)
same([it["SerialNumber"] for it in IAM.list_virtual_mfa_devices()["VirtualMFADevices"]], [arn("mfa/other")])

# As IAM's guide has users manage their own devices.
IAM.put_user_policy(
    UserName="ana",
    PolicyName="own",
    PolicyDocument=policy(
        allow("iam:CreateVirtualMFADevice", f"arn:aws:iam::*:mfa/*"),
        allow(
            ["iam:DeactivateMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"],
            "arn:aws:iam::*:user/${aws:username}",
        ),
    ),
)
ana = client(keys=keys)
own = ana.create_virtual_mfa_device(VirtualMFADeviceName="own")["VirtualMFADevice"]
refused("AccessDenied", ana.enable_mfa_device, **two(own["Base32StringSeed"], step - 1), UserName="bob", SerialNumber=own["SerialNumber"])
ana.enable_mfa_device(**two(own["Base32StringSeed"], step_with_time_left() - 1), UserName="ana", SerialNumber=own["SerialNumber"])
same(len(ana.list_mfa_devices()["MFADevices"]), 1)
refused("AccessDenied", ana.delete_virtual_mfa_device, SerialNumber=own["SerialNumber"])
ana.deactivate_mfa_device(SerialNumber=own["SerialNumber"])
same(ana.list_mfa_devices()["MFADevices"], [])
same(ACCOUNT, phone.split(":")[4])

# At most eight devices of a user.
step = step_with_time_left() - 1
for number in range(9):
    made = IAM.create_virtual_mfa_device(VirtualMFADeviceName=f"phone{number}")["VirtualMFADevice"]
    shown = {"UserName": "ana", "SerialNumber": made["SerialNumber"], **two(made["Base32StringSeed"], step)}
    if number < 8:
        IAM.enable_mfa_device(**shown)
refused("LimitExceeded", IAM.enable_mfa_device, says="MFADevicesPerUser: 8", **shown)
pages = IAM.get_paginator("list_mfa_devices").paginate(UserName="ana", PaginationConfig={"PageSize": 3})
same([len(page["MFADevices"]) for page in pages], [3, 3, 2])
