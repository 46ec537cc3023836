"""What to say of a call that no call-me server has judged."""

from __future__ import annotations

_SILENT = {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"}
_WHERE = "CALL_ME_URL, or give url"


def unheard(code: str, said: str, url: str) -> str:
    """One line with the address and the remedy, for a status that no server gave a reason with."""
    if "WRONG_VERSION_NUMBER" in said or "PACKET_LENGTH_TOO_LONG" in said:
        return f"{url} speaks clear text: set {_WHERE}, with http:// instead of https:// ({said})"
    if "CERTIFICATE" in said or "Hostname Verification" in said:
        authority = "Name its authority's in GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, or correct CALL_ME_URL"
        return f"the certificate of {url} is not accepted: {said}. {authority}"
    if url.startswith("http:") and ("Socket closed" in said or "reset by peer" in said or "Broken pipe" in said):
        return f"{url} hung up ({said}): if it speaks TLS, set {_WHERE}, with https:// instead of http://"
    if code in _SILENT:
        return f"no answer from {url}: {said}. Is the server running there? Set {_WHERE}"
    return f"no proper answer from {url}: {said}. Is it a call-me server? Set {_WHERE}"
