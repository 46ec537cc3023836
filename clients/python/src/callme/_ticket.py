"""Places in line that no process keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callme._options import HoldOptions

# What must be said of a wait that nobody attends: the defaults are for those who stay.
_NEEDED = ("ttl", "ticket_ttl", "claim_timeout")


@dataclass(frozen=True)
class Ticket:
    """A place in line, or a grant, that no process keeps: what ``detach`` gives and ``pick_up`` takes.

    To hand it on: ``json.dumps(dataclasses.asdict(ticket))``, and ``callme.Ticket(**json.loads(text))``.
    """

    lease_id: str
    lease_token: str = field(repr=False)
    """Opens the lease: keep it out of logs."""
    request_id: str = ""
    """For who has lost the token: ``hold`` with this one, and all else that ``detach`` was given, finds the same lease."""


def check_detached(options: HoldOptions) -> None:
    """Raises ValueError if the lease would most likely be over before anybody can pick it up."""
    missing = [name for name in _NEEDED if options.get(name) is None]
    if missing and not options.get("auto_claim"):
        raise ValueError(
            f"detach needs {', '.join(missing)}, since nobody renews it or keeps it in line until it is picked up. ttl: for how long it is "
            "held if it is granted at once; ticket_ttl: how long it waits; claim_timeout: how long a grant waits"
        )


def check_ticket(ticket: Ticket) -> None:
    """Raises TypeError for what cannot be a ticket."""
    if not isinstance(ticket, Ticket) or not ticket.lease_id or not ticket.lease_token:
        raise TypeError(f"{ticket!r} is no ticket; give a callme.Ticket with lease_id and lease_token, as detach gave it")
