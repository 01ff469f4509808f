"""Access tokens of the simulated tenant: signed by the simulator, so that it can tell its own from forged ones."""
from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt

#: Who a service takes tokens for. Azure accepts each with and without the slash at the end.
ARM_AUDIENCES = ("https://management.core.windows.net", "https://management.azure.com")
ML_AUDIENCES = (*ARM_AUDIENCES, "https://ml.azure.com")
STORAGE_AUDIENCES = ("https://storage.azure.com",)
REGISTRY_AUDIENCES = ("https://containerregistry.azure.net",)
_KNOWN = {*ML_AUDIENCES, *STORAGE_AUDIENCES, *REGISTRY_AUDIENCES, "https://graph.microsoft.com",
          "https://vault.azure.net", "https://graph.windows.net"}


class TokenRefused(Exception):
    """A token was not accepted: ``code`` and ``message`` are what Azure Resource Manager answers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class TokenAuthority:
    """Issues and checks tokens for one tenant and one identity. ``lifetime`` is in seconds."""

    tenant_id: str
    principal_id: str
    lifetime: int = 3600
    key: str = field(default_factory=lambda: secrets.token_hex(32))

    def issue(self, audience: str, lifetime: int | None = None) -> tuple[str, int]:
        """A token for ``audience`` and when it expires (seconds since the epoch); LookupError for an unknown one."""
        if audience.rstrip("/") not in _KNOWN:
            raise LookupError(audience)
        now = int(time.time())
        expires = now + (self.lifetime if lifetime is None else lifetime)
        claims = {
            "aud": audience, "iss": f"https://sts.windows.net/{self.tenant_id}/", "iat": now, "nbf": now,
            "exp": expires, "tid": self.tenant_id, "oid": self.principal_id, "sub": self.principal_id,
            "appid": str(uuid.uuid5(uuid.NAMESPACE_OID, self.principal_id)), "idtyp": "app", "ver": "1.0",
            "uti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self.key, algorithm="HS256"), expires

    def check(self, authorization: str | None, audiences: tuple[str, ...]) -> dict[str, Any]:
        """The claims of a valid ``Authorization`` header; TokenRefused otherwise."""
        if not authorization:
            raise TokenRefused("AuthenticationFailed",
                               "Authentication failed. The 'Authorization' header is missing.")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("AuthenticationFailed",
                               "Authentication failed. The 'Authorization' header is provided in an invalid format.")
        try:
            claims: dict[str, Any] = jwt.decode(token, self.key, algorithms=["HS256"],
                                                options={"verify_aud": False, "verify_exp": False})
        except jwt.InvalidTokenError:
            raise TokenRefused("InvalidAuthenticationToken", "The access token is invalid.") from None
        if claims["exp"] <= time.time():
            raise TokenRefused("ExpiredAuthenticationToken", expiry_message(claims["exp"]))
        if claims["aud"].rstrip("/") not in audiences:
            allowed = ",".join(f"{audience}/" for audience in audiences)
            raise TokenRefused("InvalidAuthenticationTokenAudience",
                               "The access token has been obtained for wrong audience or resource "
                               f"'{claims['aud']}'. It should exactly match with one of the allowed audiences "
                               f"'{allowed}'.")
        return claims


def expiry_message(expires: float) -> str:
    """What Azure Resource Manager says of a token that expired at ``expires`` (seconds since the epoch)."""
    def utc(seconds: float) -> str:
        return time.strftime("%m/%d/%Y %H:%M:%S", time.gmtime(seconds))

    return (f"The access token expiry UTC time '{utc(expires)}' is earlier than current UTC time "
            f"'{utc(time.time())}'.")
