#!/usr/bin/env python3
"""An OpenID issuer that gives tokens to whoever asks, for Fulcio in tests.

    issuer.py PORT KEY   KEY is an RSA key in PEM; openssl signs with it

    GET /people/token?audience=sigstore&email=dev@example.com   a token of a person
    GET /github/token?audience=sigstore                         one of a workflow, as GitHub gives it to a job that sends
                                                                `Authorization: bearer of-the-tests`
    &seconds=60 says how long it lasts, five minutes where it is not said.

Both answer with `{"value": TOKEN}`.
"""

import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

PORT, KEY = int(sys.argv[1]), sys.argv[2]
HOST = f"http://127.0.0.1:{PORT}"
MODULUS = subprocess.run(
    ["openssl", "rsa", "-in", KEY, "-noout", "-modulus"], check=True, capture_output=True, text=True
).stdout.strip()

WORKFLOW = "stella-replay/stella/.github/workflows/release.yml@refs/heads/main"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


KEYS = {
    "keys": [
        {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": "1",
            "n": encoded(bytes.fromhex(MODULUS.split("=")[1])),
            "e": "AQAB",
        }
    ]
}


def signed(claims):
    head = {"alg": "RS256", "kid": "1", "typ": "JWT"}
    text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    command = ["openssl", "dgst", "-sha256", "-sign", KEY]
    signature = subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout
    return f"{text}.{encoded(signature)}"


def claims_of(kind, asked):
    if kind == "people":
        email = asked.get("email", "dev@example.com")
        return {"sub": email, "email": email, "email_verified": True}
    return {
        "sub": "repo:stella-replay/stella:ref:refs/heads/main",
        "event_name": "push",
        "job_workflow_ref": WORKFLOW,
        "job_workflow_sha": COMMIT,
        "ref": "refs/heads/main",
        "repository": "stella-replay/stella",
        "repository_id": "1",
        "repository_owner": "stella-replay",
        "repository_owner_id": "2",
        "repository_visibility": "public",
        "run_attempt": "1",
        "run_id": "3",
        "runner_environment": "github-hosted",
        "sha": COMMIT,
        "workflow": "release",
        "workflow_ref": WORKFLOW,
        "workflow_sha": COMMIT,
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        _, kind, *rest = url.path.split("/")
        if kind not in ("people", "github"):
            self.send_error(404)
        elif rest == [".well-known", "openid-configuration"]:
            issuer = f"{HOST}/{kind}"
            self.answer(
                {
                    "issuer": issuer,
                    "jwks_uri": f"{issuer}/keys",
                    "authorization_endpoint": f"{issuer}/auth",
                    "token_endpoint": f"{issuer}/token",
                    "response_types_supported": ["id_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif rest == ["keys"]:
            self.answer(KEYS)
        elif rest != ["token"]:
            self.send_error(404)
        elif kind == "github" and self.headers.get("Authorization", "").lower() != "bearer of-the-tests":
            self.send_error(401)
        else:
            now = int(time.time())
            about = {
                "iss": f"{HOST}/{kind}",
                "aud": asked.get("audience", "https://github.com/stella-replay"),
                "iat": now,
                "nbf": now,
                "exp": now + int(asked.get("seconds", "300")),
            }
            self.answer({"value": signed(about | claims_of(kind, asked))})

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
