"""Made-up secrets, put together here so that no scanner of repositories takes them for real."""

import base64
import json
import random
import string

LETTERS = string.ascii_letters + string.digits
rng = random.Random(11)


def random_text(length: int, letters: str = LETTERS) -> str:
    return "".join(rng.choices(letters, k=length))


def _jwt() -> str:
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": "1234567890"})]
    head, body = (base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)
    return f"{head}.{body}.{random_text(43)}"


def _pem() -> str:
    dashes = "-----"
    name = "RSA PRIVATE" + " KEY"
    body = "\n".join(random_text(64) for _ in range(2))
    return f"{dashes}BEGIN {name}{dashes}\n{body}\n{dashes}END {name}{dashes}"


SECRETS = {
    "AWS access key": "AKIA" + random_text(16, string.ascii_uppercase + "234567"),
    "GitHub token": "ghp" + "_" + random_text(36),
    "GitLab token": "glpat" + "-" + random_text(20),
    "Anthropic key": "sk-ant" + "-api03-" + random_text(93),
    "OpenAI key": "sk-proj" + "-" + random_text(74) + "9a",
    "Slack token": "xoxb" + "-123456789012-123456789012-" + random_text(24),
    "Google key": "AI" + "za" + random_text(35),
    "Hugging Face token": "hf" + "_" + random_text(34),
    "Stripe key": "sk" + "_live_" + random_text(24) + "7a",
    "npm token": "npm" + "_" + random_text(36),
    "SendGrid key": "SG" + "." + random_text(22) + "." + random_text(43),
    "JSON web token": _jwt(),
    "private key": _pem(),
}
PASSWORD = "h7Gk29dLq"
URLS = (
    f"postgresql://app:{PASSWORD}@db.shop.io/main",
    f"https://api.shop.io/v1?user=3&access_token={PASSWORD}",
)
HARMLESS = (
    "a risk-averse, task-based approach to ask-me-anything",
    "AKIAIOSFODNN7EXAMPLE is what the documents show",
    "set sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx in your shell",
    "https://user:password@host/ and postgres://app:$PASS@db/main and ftp://me:<secret>@h",
    "see https://example.org/a?b=c:d@e and http://shop.io:8080/@me",
    "a file that begins with -----BEGIN PRIVATE" + " KEY----- holds a key",
    "eyJ is how base64 of a JSON object begins, eyJhIjoxfQ.x.y is no token",
    "hf_hub_download and npm_config_registry and xoxo-love-from-all-of-us-to-you",
)
