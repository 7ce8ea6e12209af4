"""A loopback issuer of OpenID Connect that does as the specification says, and what a test makes of it.

Discovery 1.0 for its metadata, Core 1.0 section 3.1 for the code flow, RFC 7636 for PKCE, RFC 9207 for `iss`.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "keepai", "the client's secret: with odd characters %+&"
Claims = dict[str, Any]


class OpenIDIssuer:
    """`claims` is who signs in there; `changes` are made to the ID token just before it is signed. `answers` maps a
    path to what is sent instead (status, body). `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.claims: Claims = {
            "sub": "s-1",
            "email": "ana@example.org",
            "email_verified": True,
            "name": "Ana Lima",
        }
        self.userinfo: Claims | None = None
        self.changes: Callable[[Claims], None] = lambda claims: None
        self.answers: dict[str, tuple[int, str]] = {}
        self.delay = 0.0
        self.error = ""
        self.name = ""
        self.algorithm = "RS256"
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self.keys = [_key()]
        self._codes: dict[str, dict[str, str]] = {}
        self._access = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realms/team"

    def close(self) -> None:
        """Let go of the port; for one that was never served."""
        self._server.server_close()

    def new_key(self) -> None:
        """Sign with another key from here on, and take the first one out of the published set."""
        self.keys = [_key()]

    def authorize(self, address: str, *, again: bool = False) -> str:
        """What the person's browser does there: go to that address, agree; returns where it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert len(asked["state"]) > 20
        assert len(asked["nonce"]) > 15
        back = {"state": asked["state"], "iss": self.name or self.url}
        if self.error:
            back |= {"error": self.error, "error_description": "no"}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = asked
            back["code"] = code
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **self.claims,
        }
        self.changes(claims)
        key = self.keys[0]
        if self.algorithm == "none":
            head = {"alg": "none", "kid": key.kid}
            return ".".join((_b64(json.dumps(head)), _b64(json.dumps(claims)), ""))
        return jwt.encode({"alg": self.algorithm, "kid": key.kid}, claims, key)

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        basic = base64.b64decode(authorization.removeprefix("Basic ") or "").decode()
        if basic != f"{CLIENT}:{SECRET}" and form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        token = {"access_token": self._access, "token_type": "Bearer", "expires_in": 300}
        return 200, {**token, "id_token": self._id_token(asked)}

    def _answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        here = path.removeprefix("/realms/team")
        if here == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.name or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        if here == "/keys":
            return 200, {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in self.keys]}
        if here == "/token":
            return self._token(form, authorization)
        if here == "/userinfo" and authorization == f"Bearer {self._access}":
            return 200, self.claims if self.userinfo is None else self.userinfo
        return 404, {"error": "not_found"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                self._respond({name: values[0] for name, values in parse_qs(body).items()})

            def _respond(self, form: dict[str, str]) -> None:
                path = urlsplit(self.path).path
                issuer.asked.append(path.removeprefix("/realms/team"))
                time.sleep(issuer.delay)
                if path.endswith("/authorize"):
                    self.send_response(302)
                    self.send_header("location", issuer.authorize(self.path))
                    self.send_header("content-length", "0")
                    return self.end_headers()
                status, said = issuer._answer(path, form, self.headers.get("authorization", ""))
                status, body = issuer.answers.get(issuer.asked[-1], (status, json.dumps(said)))
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing to the terminal."""

        return Handler

    @contextmanager
    def served(self) -> Iterator["OpenIDIssuer"]:
        """Answer until the end of the block."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _key() -> RSAKey:
    key = RSAKey.generate_key(2048, auto_kid=True)
    return key


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
