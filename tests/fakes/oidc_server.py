"""A real HTTP server that speaks OpenID Connect: discovery, authorisation, token, keys, userinfo.

with OIDCServer() as server:
    server.person = {"sub": "7", "preferred_username": "olga", "email": "olga@example.org"}

Whoever comes to it is `person`, and agrees. It holds the site to its secret, to the address that
it came from, and to the proof (PKCE) that the same browser is back.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "evalhub", "the site's secret"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class OIDCServer:
    """`person` is who signs in; `token_claims` replace claims of the id token alone."""

    person: dict[str, Any] = field(default_factory=dict)
    token_claims: dict[str, Any] = field(default_factory=dict)
    refuses: str = ""
    port: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def app(self) -> dict[str, Any]:
        """As the site's settings keep it."""
        return {
            "provider_id": f"localhost-{self.port}",
            "name": "Example ID",
            "client_id": CLIENT,
            "secret": SECRET,
            "settings": {"server_url": self.url},
        }

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                match parts.path:
                    case "/.well-known/openid-configuration":
                        self.answer(server.discovery())
                    case "/authorize":
                        self.send_response(302)
                        self.send_header("Location", server.authorize(query))
                        self.end_headers()
                    case "/keys":
                        self.answer({"keys": [server.public_key()]})
                    case "/userinfo":
                        bearer = self.headers["Authorization"].removeprefix("Bearer ")
                        self.answer(server._tokens[bearer])
                    case _:
                        self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                token = server.token(fields)
                self.answer(token or {"error": "invalid_grant"}, 200 if token else 400)

            def answer(self, document: dict[str, Any], status: int = 200) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, query: dict[str, str]) -> str:
        """The address to which the person is sent back."""
        assert query["client_id"] == CLIENT
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        if self.refuses:
            back = {"error": self.refuses, "state": query["state"]}
        else:
            code = secrets.token_urlsafe()
            self._codes[code] = query
            back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, fields: dict[str, str]) -> dict[str, Any] | None:
        asked = self._codes.pop(fields.get("code", ""), None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or fields["client_secret"] != SECRET
            or fields["redirect_uri"] != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return None
        access = secrets.token_urlsafe()
        self._tokens[access] = dict(self.person)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300}
        signed = jwt.encode(
            claims | self.person | self.token_claims, KEY, "RS256", headers={"kid": "1"}
        )
        return {"access_token": access, "token_type": "Bearer", "id_token": signed}

    def public_key(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return key | {"kid": "1", "use": "sig", "alg": "RS256"}
