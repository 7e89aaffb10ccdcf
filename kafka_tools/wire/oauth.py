"""Gets tokens for OAUTHBEARER: from a token endpoint (RFC 6749, client credentials), or unsecured ones (KIP-255).

A file of its own: it imports urllib and ssl, which no other login needs.
"""

import base64
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote_plus, urlencode

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.addresses import without_secrets
from kafka_tools.model.security import OAuth, Tls
from kafka_tools.openssl import context

ENDPOINT_SECONDS = 5.0
"""How long the token endpoint is waited for."""

LIFE_SECONDS = 3600
"""How long an unsecured token is good: Kafka's own default (OAuthBearerUnsecuredLoginCallbackHandler)."""

MOST_BYTES = 1_000_000
"""The longest response of a token endpoint that is read."""


def token(oauth: OAuth) -> str:
    """Return a token. Raises KafkaToolError with the endpoint's address and its reason, never with the secret."""
    return _granted(oauth) if oauth.token_endpoint else unsecured(oauth.claims, time.time())


def unsecured(claims: tuple[tuple[str, str], ...], now: float) -> str:
    """Return a token that nobody signed (RFC 7519, alg none): for trying things only.

    Its time is in whole milliseconds: a broker refuses one that was issued later in the millisecond that it has.
    """
    now = int(now * 1000) / 1000
    body: dict[str, Any] = {"iat": now, "exp": now + LIFE_SECONDS} | dict(claims)
    # Three parts as in every JWT: head, claims, and the signature, which is empty here.
    return f"{_part({'alg': 'none'})}.{_part(body)}."


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a client secret goes to the endpoint that was named and to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _granted(oauth: OAuth) -> str:
    grant = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
    # Both are encoded before they are joined (RFC 6749, 2.3.1), else a colon in the id would end it.
    login = f"{quote_plus(oauth.client_id)}:{quote_plus(oauth.client_secret)}"
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}", "Accept": "application/json"}
    where = without_secrets(oauth.token_endpoint)
    try:
        request = urllib.request.Request(oauth.token_endpoint, urlencode(grant).encode(), headers)
        handlers = (
            _NoRedirect,
            urllib.request.HTTPSHandler(context=context(Tls(ca=oauth.ca))),
        )
        with urllib.request.build_opener(*handlers).open(request, timeout=ENDPOINT_SECONDS) as answer:
            # At most so many bytes: whoever listens at that address may send without end.
            return _token(json.loads(answer.read(MOST_BYTES)), where)
    except urllib.error.HTTPError as error:
        # An HTTPError is a response, too, whose connection stays open until it is collected.
        error.close()
        raise KafkaToolError(
            f"the token endpoint {where} refused: status {error.code} {error.reason}",
            "Are the client's id and secret right (sasl.jaas.config, sasl.oauthbearer.client.*)?",
        ) from None
    except OSError as error:
        # urllib wraps the cause in a URLError; str() of that would show as <urlopen error ...>.
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"cannot reach the token endpoint {where} ({str(reason).lower()})") from None
    except ValueError:
        raise KafkaToolError(f"the token endpoint {where} gave no JSON, or is no address") from None


def _token(answer: object, where: str) -> str:
    found = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise KafkaToolError(f"the token endpoint {where} gave no access_token")
    return found
