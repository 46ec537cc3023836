"""What goes wrong with the tokens of a CI job."""

from __future__ import annotations

from typing import Any

import grpc


class TokenError(grpc.RpcError):
    """A call that lacks a CI system's token, or whose token the server refuses.

    UNAVAILABLE: the source was out of reach, and the same call may succeed later. UNAUTHENTICATED: somebody has to set something. Its words
    say what is wrong, and what to do; the token is not in them.
    """

    def __init__(self, code: grpc.StatusCode, told: str, answer: Any = None) -> None:
        super().__init__(told)
        self._code = code
        self._told = told
        self._answer = answer

    def code(self) -> grpc.StatusCode:
        """The status."""
        return self._code

    def details(self) -> str:
        """What is wrong, in words."""
        return self._told

    def trailing_metadata(self) -> Any:
        """What came with the server's answer, if there was one."""
        return None if self._answer is None else self._answer.trailing_metadata()


def missing(told: str) -> TokenError:
    """What is wrong with a source."""
    return TokenError(grpc.StatusCode.UNAUTHENTICATED, told)


def out_of_reach(told: str) -> TokenError:
    """What kept a source from giving a token for now."""
    return TokenError(grpc.StatusCode.UNAVAILABLE, told)
