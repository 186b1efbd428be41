"""Changes a SAML provider as it is told, and prints the ids of its private keys."""

import json

from kit import ARGUMENTS, IAM

provider = ARGUMENTS["provider"]
IAM.update_saml_provider(SAMLProviderArn=provider, **ARGUMENTS["update"])
found = IAM.get_saml_provider(SAMLProviderArn=provider)
print(json.dumps([key["KeyId"] for key in found["PrivateKeyList"]]))
