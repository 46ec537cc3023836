"""What holders tell of environments."""

from __future__ import annotations

from collections.abc import Mapping


def facts_of(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts as they can be sent. Raises TypeError for what is no text: no server has to be asked for that."""
    if not isinstance(facts, Mapping):
        raise TypeError(f'facts are names and texts, such as {{"version": "1.2.3"}}, not {facts!r}')
    for name, text in facts.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(f"the fact {name!r} is {text!r}; facts are texts")
    return dict(facts)
