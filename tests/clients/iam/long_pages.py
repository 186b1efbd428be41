"""Pages of what has documents end early where they would be long; nothing is left out, and nothing told twice."""

from kit import IAM, arn, refused, same, trust

MOST = 1024 * 1024
LONG = trust({"AWS": arn("root")}, Condition={"StringEquals": {"aws:username": ["*" * 3800]}})

names = [f"Role{number:03}" for number in range(120)]
for name in names:
    IAM.create_role(RoleName=name, AssumeRolePolicyDocument=LONG)

sizes = []
IAM.meta.events.register("before-parse.iam", lambda response_dict, **_: sizes.append(len(response_dict["body"])))


def all_of(operation, key, name, **parameters):
    """The names of everything, page by page, and how many each page told."""
    found, pages = [], []
    for page in IAM.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1000}, **parameters):
        assert page["IsTruncated"] == ("Marker" in page), page.keys()
        pages.append(len(page[key]))
        found += [item[name] for item in page[key]]
    return found, pages


found, pages = all_of("list_roles", "Roles", "RoleName")
same(found, names)
assert len(pages) == 2 and all(pages), pages

found, pages = all_of("get_account_authorization_details", "RoleDetailList", "RoleName", Filter=["Role"])
same(found, names)
assert len(pages) == 2 and all(pages), pages

# Each tells of its role, with the document.
profiles = [f"Profile{number:03}" for number in range(101)]
for name in profiles:
    IAM.create_instance_profile(InstanceProfileName=name)
for name in profiles[:100]:
    IAM.add_role_to_instance_profile(InstanceProfileName=name, RoleName=names[0])
refused(
    "LimitExceeded",
    IAM.add_role_to_instance_profile,
    InstanceProfileName=profiles[100],
    RoleName=names[0],
    says="InstanceProfilesPerRole: 100",
)
for operation, parameters in [
    ("list_instance_profiles", {}),
    ("list_instance_profiles_for_role", {"RoleName": names[0]}),
]:
    found, pages = all_of(operation, "InstanceProfiles", "InstanceProfileName", **parameters)
    same([name for name in found if name != profiles[100]], profiles[:100])
    assert len(pages) == 2, pages

# One that is too long for any page has one of its own.
found, pages = all_of("get_account_authorization_details", "RoleDetailList", "RoleName", Filter=["Role"])
same(found, names)
same(pages[0], 1)
sizes.sort()
assert sizes[-2] <= MOST, sizes[-2]
