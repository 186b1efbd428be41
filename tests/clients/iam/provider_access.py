"""Who may change which provider: by its ARN, the tags that it has and those that it would be given."""

from kit import ARGUMENTS, IAM, arn, client, refused, same, tags
from saml_metadata import metadata

ANA = client(keys=ARGUMENTS["user"])
CREATE = ANA.create_open_id_connect_provider
OPS = tags(team="ops")
OWN = {"OpenIDConnectProviderArn": arn("oidc-provider/team.example.com")}
OTHER = {"OpenIDConnectProviderArn": arn("oidc-provider/other.example.com")}

refused("AccessDenied", CREATE, Url="https://team.example.com", says="iam:CreateOpenIDConnectProvider")
refused("AccessDenied", CREATE, Url="https://other.example.com", Tags=OPS)
more = OPS + tags(x="1")
refused("AccessDenied", CREATE, Url="https://team.example.com", Tags=more, says="iam:TagOpenIDConnectProvider")
CREATE(Url="https://team.example.com", Tags=OPS)
IAM.create_open_id_connect_provider(Url="https://other.example.com", Tags=tags(team="dev"))
assert OWN["OpenIDConnectProviderArn"] in str(ANA.list_open_id_connect_providers())
same(ANA.get_open_id_connect_provider(**OTHER)["Tags"], tags(team="dev"))

untag = ANA.untag_open_id_connect_provider
refused("AccessDenied", untag, TagKeys=["team", "x"], **OWN)
for call, parameters in [
    (ANA.delete_open_id_connect_provider, {}),
    (ANA.add_client_id_to_open_id_connect_provider, {"ClientID": "a"}),
    (ANA.list_open_id_connect_provider_tags, {}),
]:
    refused("AccessDenied", call, **OTHER, **parameters)
# What is not there is not told to who may not ask.
none = arn("oidc-provider/none.example.com")
refused("AccessDenied", ANA.delete_open_id_connect_provider, OpenIDConnectProviderArn=none)
ANA.delete_open_id_connect_provider(**OWN)
refused("NoSuchEntity", IAM.get_open_id_connect_provider, **OWN)

document = metadata("https://idp.example.com/saml")
create = ANA.create_saml_provider
refused("AccessDenied", create, Name="A", SAMLMetadataDocument=document, Tags=OPS)
for name, team in [("A", "ops"), ("B", "dev")]:
    IAM.create_saml_provider(Name=name, SAMLMetadataDocument=document, Tags=tags(team=team))
delete = ANA.delete_saml_provider
refused("AccessDenied", delete, SAMLProviderArn=arn("saml-provider/B"))
delete(SAMLProviderArn=arn("saml-provider/A"))

# As which a connection of the gateway speaks, for nobody to take away.
linked = arn("oidc-provider/" + ARGUMENTS["linked"].split("://")[1])
delete = IAM.delete_open_id_connect_provider
refused("InvalidInput", delete, OpenIDConnectProviderArn=linked, says="links/")
