"""What environments give to who holds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callme.v1.types_pb2 import Lease

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from callme.v1.types_pb2 import LeasedEnvironment

PREFIX = "CALL_ME_VAR_"
"""What the variables of a command begin with that come from what the lease holds."""


class HeldSlot:
    """One slot of an environment that is held. Its repr shows no variables."""

    def __init__(self, index: int, variables: Mapping[str, str]) -> None:
        self.index = index
        """Counted from 0, on its environment."""
        self._variables = dict(variables)

    @property
    def variables(self) -> dict[str, str]:
        """What the slot gives its holder: its own variables, and those of the environment that it has none of its own for."""
        return dict(self._variables)

    def __repr__(self) -> str:
        return f"HeldSlot(index={self.index})"


class HeldEnvironment:
    """An environment that is held. Its repr shows no variables."""

    def __init__(self, leased: LeasedEnvironment) -> None:
        self.name: str = leased.name
        """Its name: of a selector, what was chosen."""
        own = [slot.variables for slot in leased.slot_variables]
        self.slots: Sequence[HeldSlot] = [
            HeldSlot(index, {**leased.variables, **(own[nth] if nth < len(own) else {})}) for nth, index in enumerate(leased.slot_indexes)
        ]
        """Those of its slots that are held."""
        self.secret_variables: frozenset[str] = frozenset(leased.secret_variables)
        """The names of those variables, of the environment or a slot, whose values no log may show."""
        self._variables = dict(leased.variables)

    @property
    def variables(self) -> dict[str, str]:
        """What the environment gives its holder, such as URL. What only a slot gives is in the slot's own."""
        return dict(self._variables)

    def __repr__(self) -> str:
        return f"HeldEnvironment(name={self.name!r}, slots={list(self.slots)!r})"


def without_variables(lease: Lease) -> Lease:
    """A lease as it may be printed."""
    plain = Lease()
    plain.CopyFrom(lease)
    for one in plain.environments:
        one.ClearField("variables")
        one.ClearField("slot_variables")
    return plain


def missing_variables(lease: Lease) -> list[str]:
    """Those that the server has no value for: "PASSWORD of uat". Nobody is to begin without them."""
    return [f"{name} of {one.name}" for one in lease.environments for name in one.missing_variables]


def slots_of(leased: Sequence[LeasedEnvironment]) -> str:
    """The indexes of all slots, for a command: those of an environment with spaces between them, environments with commas."""
    return ",".join(" ".join(map(str, one.slot_indexes)) for one in leased)


def given_variables(leased: Sequence[LeasedEnvironment]) -> dict[str, str]:
    """The variables of all environments of a lease, as a command gets them.

    What has one value is given by its name alone: CALL_ME_VAR_URL. What has several is given with the environment, if there are
    several (CALL_ME_VAR_URL_UAT), and with the slot's index, if slots of it differ, or only some have it (CALL_ME_VAR_SERIAL_3). Where two
    values would still have one name, neither is given: a command shall rather miss one than take the wrong one.
    """
    plain: dict[str, str] = {}
    apart: dict[str, set[str]] = {}
    names = {name for one in leased for given in (one.variables, *(slot.variables for slot in one.slot_variables)) for name in given}
    for name in names:
        found = [(one.name, suffix, value) for one in leased for suffix, value in _values_of(one, name)]
        values = {value for _, _, value in found}
        if len(values) == 1 and not any(suffix for _, suffix, _ in found):
            plain[name] = values.pop()
            continue
        for environment, suffix, value in found:
            place = f"_{_spelled(environment)}" if len(leased) > 1 else ""
            apart.setdefault(f"{name}{place}{suffix}", set()).add(value)
    several = {name: values.pop() for name, values in apart.items() if len(values) == 1}
    return {f"{PREFIX}{name}": value for name, value in {**several, **plain}.items()}


def _values_of(leased: LeasedEnvironment, name: str) -> list[tuple[str, str]]:
    """Those of one variable on one environment, each with what tells it apart: one, or one for each slot where these differ."""
    general = [leased.variables[name]] if name in leased.variables else []
    if not leased.slot_variables:
        return [("", value) for value in general]
    by_slot = [
        (f"_{index}", value)
        for index, slot in zip(leased.slot_indexes, leased.slot_variables)
        for value in ([slot.variables[name]] if name in slot.variables else general)
    ]
    same = len({value for _, value in by_slot}) == 1 and len(by_slot) == len(leased.slot_variables)
    return [("", by_slot[0][1])] if same else by_slot


def _spelled(environment: str) -> str:
    """The name of an environment within that of a variable: ``rack-a/7`` is RACK_A_7."""
    return re.sub(r"[^A-Z0-9]", "_", environment.upper())
