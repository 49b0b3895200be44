"""What is asked of DNS and what comes back, in words of our own.

Why: `wire.py` makes these from octets, the resolver keeps them, `search.py` decides on them.
"""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """name: lower case, without the last dot. kind: "A", "AAAA", "SRV" or "NAPTR"."""

    name: str
    kind: str


class Srv(NamedTuple):
    """RFC 2782. target "." says that there is decidedly no such service."""

    priority: int
    weight: int
    port: int
    target: str


class Naptr(NamedTuple):
    """RFC 3403 section 4; flags and service in upper case."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


class Answer(NamedTuple):
    """records: addresses as texts, `Srv` or `Naptr`, in the order received; empty when there is none.

    cause: in plain words why it is empty. failed: nobody could say (time-out, server failure),
    in contrast to "there is none".
    """

    records: tuple[str | Srv | Naptr, ...]
    cause: str = ""
    failed: bool = False
