"""What https is spoken with."""

from __future__ import annotations

import os

import grpc

_CERT, _KEY = "CALL_ME_CLIENT_CERT", "CALL_ME_CLIENT_KEY"


def credentials() -> grpc.ChannelCredentials:
    """The authorities of the server's certificate, and our own certificate, as CALL_ME_CA and the two settings above name them.

    Raises ValueError if a file cannot be read, or has nothing in PEM.
    """
    if bool(os.environ.get(_CERT)) != bool(os.environ.get(_KEY)):
        raise ValueError(f"{_CERT} and {_KEY} go together: give the paths of both PEM files")
    return grpc.ssl_channel_credentials(
        root_certificates=_pem("CALL_ME_CA", "CERTIFICATE-----"),
        certificate_chain=_pem(_CERT, "CERTIFICATE-----"),
        private_key=_pem(_KEY, "PRIVATE KEY-----"),
    )


def current(before: grpc.ChannelCredentials) -> grpc.ChannelCredentials:
    """What the files say now, as certificates are renewed while a lease is held; while they cannot be used, what they said before."""
    try:
        return credentials()
    except ValueError:
        return before


def _pem(setting: str, kind: str) -> bytes | None:
    file = os.environ.get(setting)
    if not file:
        return None
    try:
        with open(file, "rb") as content:
            pem = content.read()
    except OSError as error:
        raise ValueError(f"{setting} is {file}, which cannot be read: {error}") from None
    if kind.encode() not in pem:
        raise ValueError(f"{setting} is {file}, which has no {kind.rstrip('-').lower()} in PEM")
    return pem
