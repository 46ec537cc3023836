"""How long to be patient, and how often to try."""

from __future__ import annotations

import random

PATIENCE = 10.0
"""How long a server may be out of reach while nothing is at stake, in seconds."""
FAREWELL = 1.0
"""How long somebody who gives up may be kept, in seconds."""
RELEASE_TIMEOUT = 2.0
"""How long an unanswered Release may take before it is sent again, in seconds."""
SILENCE = 40.0
"""A stream that was silent for so long is dead, in seconds: the server sends a heartbeat every 15 s."""

_FIRST = 0.2
_LAST = 2.0


class Backoff:
    """Pauses of 0.1 s to 2 s that double from try to try, jittered so that clients of a restarted server don't come all at once."""

    def __init__(self) -> None:
        self._tries = 0

    def pause(self, least: float = 0.0) -> float:
        """How long to wait before the next try, in seconds."""
        longest = min(_LAST, _FIRST * 2.0**self._tries)
        self._tries = min(self._tries + 1, 10)
        return max(least, random.uniform(longest / 2, longest))

    def lasted(self, seconds: float) -> None:
        """It went well for so long. Only after a good while is the next pause a short one again: a proxy may cut each stream at once."""
        if seconds > _LAST:
            self._tries = 0
