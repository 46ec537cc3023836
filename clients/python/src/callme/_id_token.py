"""What a token of a CI system says of itself. Nothing in it is verified: that is for the server."""

from __future__ import annotations

import base64
import json
import re
from typing import NamedTuple

# What a header can carry beside all others, in characters.
_LONGEST = 12_288
# A year 9999 is enough: beyond it a time cannot be written.
_LATEST = 253_402_300_800


class IdToken(NamedTuple):
    """A token, without the token where somebody prints it."""

    text: str
    issuer: str
    """Who made it; empty if it does not say."""
    audiences: tuple[str, ...]
    life: float | None
    """How long it is good for from its making, in seconds; None: it does not say, or that does not count."""
    end: float | None
    """When it ends, in seconds since 1970, by its issuer's clock; None: it does not say."""

    def __repr__(self) -> str:
        return f"IdToken(issuer={self.issuer!r}, audiences={self.audiences!r})"


def id_token_of(given: str) -> IdToken | None:
    """Reads a token, with or without white space around it; None: it is none."""
    text = given.strip()
    parts = re.fullmatch(r"[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*", text)
    if parts is None or len(text) > _LONGEST:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    audience, issuer, end, begin = (claims.get(name) for name in ("aud", "iss", "exp", "iat"))
    audiences = tuple(one for one in (audience if isinstance(audience, list) else [audience]) if isinstance(one, str))
    if isinstance(end, bool) or not isinstance(end, (int, float)) or not abs(end) < _LATEST:
        end = None
    life = float(end - begin) if end is not None and isinstance(begin, (int, float)) and begin < end else None
    return IdToken(text, issuer if isinstance(issuer, str) else "", audiences, life, end)
