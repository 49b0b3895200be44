"""A line's machine: a table of (state, event) -> (next state, actions), without I/O.

Why: the machines of telephone and exchange lines differ in their tables only. The tables: `fxs_machine.py`,
`fxo_machine.py`. Who obeys the actions: `fxs_line.py`, `fxo_line.py`.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

S = TypeVar("S", bound=enum.Enum)
E = TypeVar("E", bound=enum.Enum)
A = TypeVar("A")


class TableMachine(Generic[S, E, A]):
    """The state of one line. `state` is read by everybody, changed only by `feed` and by whoever owns the line."""

    def __init__(self, name: str, state: S, table: Mapping[tuple[S, E], tuple[S, tuple[A, ...]]]) -> None:
        self.name = name
        self.state = state
        self._table = table
        self._unknown: set[tuple[S, E]] = set()

    def feed(self, event: E) -> tuple[A, ...]:
        """The actions for `event`; none, and no change, when the table has no such pair, which is logged once."""
        pair = (self.state, event)
        row = self._table.get(pair)
        if row is None:
            if pair not in self._unknown:
                self._unknown.add(pair)
                log.warning("%s: %s means nothing while %s", self.name, event.name.lower(), self.state.value)
            return ()
        self.state = row[0]
        return row[1]
