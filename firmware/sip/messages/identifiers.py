"""Branches, tags and Call-IDs: unguessable, so that nobody off the path can answer for a peer."""

from __future__ import annotations

from secrets import token_hex

MAGIC = "z9hG4bK"
"""Begins every branch of RFC 3261 (8.1.1.7); a peer's branch without it is from RFC 2543."""


def new_branch() -> str:
    return MAGIC + token_hex(8)


def new_tag() -> str:
    return token_hex(6)


def new_call_id(host: str) -> str:
    return f"{token_hex(10)}@{host}"
