"""Who gives a job its token: rule 13 of clients/README.md."""

from __future__ import annotations

import json
import os
import shutil
from typing import Callable, NamedTuple

from callme._id_token import IdToken, id_token_of
from callme._token_ask import ask_command, ask_endpoint
from callme._token_error import TokenError, missing, out_of_reach


class TokenSource(NamedTuple):
    """One that is there, or is wanted."""

    name: str
    """As errors name it."""
    mints: bool
    """Whether each token is made for us, just now: then its age is known."""
    fetch: Callable[[str], IdToken]
    """Gets one for an audience. Raises TokenError."""


def source_of_tokens() -> TokenSource | None:
    """That of a job with our environment; None: there is none, or none is wanted. Raises ValueError for one that does not exist."""
    kind = _env("CALL_ME_ID_TOKEN_SOURCE") or "auto"
    if kind not in {"auto", "off", *_SOURCES}:
        raise ValueError(f'CALL_ME_ID_TOKEN_SOURCE "{kind}" is none of auto, {", ".join(_SOURCES)}, off')
    chosen = _offered() if kind == "auto" else kind
    return None if chosen is None or chosen == "off" else _SOURCES[chosen]()


def is_source_named() -> bool:
    """Whether somebody says where tokens come from: then they are shown beside a key, too."""
    return _env("CALL_ME_ID_TOKEN_SOURCE") not in {"", "auto", "off"}


def _offered() -> str | None:
    """The first that is there."""
    if _env("CALL_ME_ID_TOKEN") or _env("CALL_ME_ID_TOKEN_FILE"):
        return "given"
    if _env("ACTIONS_ID_TOKEN_REQUEST_URL") and _env("ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        return "github"
    if _env("BUILDKITE") == "true" and shutil.which("buildkite-agent"):
        return "buildkite"
    if _env("CIRCLECI") == "true" and (shutil.which("circleci") or _env("CIRCLE_OIDC_TOKEN_V2")):
        return "circleci"
    return None


def _github() -> TokenSource:
    remedy = "Give the job `permissions: id-token: write`"

    def fetch(audience: str) -> IdToken:
        url, key = _env("ACTIONS_ID_TOKEN_REQUEST_URL"), _env("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        if not url or not key:
            raise missing(f"no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set. {remedy}")
        return ask_endpoint(url, key, audience, remedy)

    return TokenSource("GitHub Actions", True, fetch)


def _buildkite() -> TokenSource:
    remedy = "Run it where the job's agent is (a container needs BUILDKITE_AGENT_ACCESS_TOKEN and the agent's command in it)"
    # Neither is in a token by itself, and all organisations share an issuer.
    claims = ",".join(["organization_id", "pipeline_id", *filter(None, [_env("BUILDKITE_OIDC_TOKEN_CLAIMS")])])
    words = ("oidc", "request-token", "--audience")
    fetch = lambda audience: ask_command("Buildkite", remedy, "buildkite-agent", *words, audience, "--claim", claims)  # noqa: E731
    return TokenSource("Buildkite", True, fetch)


def _circleci() -> TokenSource:
    remedy = "Pass secrets to it if it builds a fork (Project Settings, Advanced), or set CALL_ME_AUDIENCE to your organization's id"

    def fetch(audience: str) -> IdToken:
        claims = json.dumps({"aud": audience}, separators=(",", ":"), ensure_ascii=False)
        try:
            return ask_command("CircleCI", remedy, "circleci", "run", "oidc", "get", "--claims", claims)
        except TokenError:
            own = id_token_of(_env("CIRCLE_OIDC_TOKEN_V2"))
            # One for another audience could open what that stands for: it is not for this server to see.
            if own is None or audience not in own.audiences:
                raise
            # It was made before the job began: its end counts, and not its length.
            return own._replace(life=None)

    return TokenSource("CircleCI", True, fetch)


def _given() -> TokenSource:
    text, file = _env("CALL_ME_ID_TOKEN"), _env("CALL_ME_ID_TOKEN_FILE")
    if text or not file:
        return TokenSource("CALL_ME_ID_TOKEN", False, lambda _: _meant(_given_text(text), "CALL_ME_ID_TOKEN"))
    name = f'CALL_ME_ID_TOKEN_FILE "{file}"'
    return TokenSource(name, False, lambda _: _meant(_given_file(file, name), name))


def _given_text(text: str) -> IdToken:
    token = id_token_of(text)
    if token is None:
        why = "it is no JSON Web Token" if text else "it is not set"
        raise missing(f"no token from CALL_ME_ID_TOKEN: {why}. Set it to a token of the job (GitLab: id_tokens)")
    return token


def _given_file(file: str, name: str) -> IdToken:
    remedy = "Let it hold a token of the job"
    try:
        with open(file, encoding="latin-1") as content:
            token = id_token_of(content.read(65_536))
    except OSError as error:
        raise out_of_reach(f"no token from {name}: it cannot be read ({error.strerror}). {remedy}") from None
    if token is None:
        # Whoever replaces it may be in the midst of that.
        raise out_of_reach(f"no token from {name}: what it holds is no JSON Web Token. {remedy}")
    return token


def _meant(token: IdToken, name: str) -> IdToken:
    """A token that somebody gave is for whom they say, unless CALL_ME_AUDIENCE says that they meant another."""
    audience = _env("CALL_ME_AUDIENCE")
    if audience and audience not in token.audiences:
        told = ", ".join(f'"{one}"' for one in token.audiences) or "nobody"
        raise missing(f'the token in {name} is for {told}, and CALL_ME_AUDIENCE is "{audience}". Make them the same')
    return token


def _env(name: str) -> str:
    return os.environ.get(name, "").strip()


_SOURCES = {"given": _given, "github": _github, "buildkite": _buildkite, "circleci": _circleci}
