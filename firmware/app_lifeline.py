"""Core's care for the lifeline: lets the relay step, and says which telephone works without power.

The relay itself: `drivers/lifeline.py`. Page and `tipring status` show what `told` gives.
"""

from __future__ import annotations

import asyncio
from typing import Any

from drivers.lifeline import Lifeline

STEP_S = 0.25


async def tend_lifeline(lifeline: Lifeline | None) -> None:
    """Until cancelled."""
    while lifeline is not None:
        await asyncio.sleep(STEP_S)
        lifeline.step()


def told(lifeline: Lifeline | None) -> dict[str, Any] | None:
    """telephone: the port that works without power, over line. joined: it is there now. None: no telephone does."""
    if lifeline is None:
        return None
    return {"telephone": lifeline.phone.name, "line": lifeline.line.name, "joined": lifeline.joined}


def reason(lifeline: Lifeline | None, port: str) -> str:
    """Why a port that is ready does not serve; "" for all but the telephone that is on the exchange line."""
    if lifeline is None or not lifeline.joined or lifeline.phone.name != port or not lifeline.phone.in_service:
        return ""
    return f"its telephone is on the exchange line {lifeline.line.name}"


def notice(lifeline: Lifeline | None) -> dict[str, str] | None:
    """While the telephone is on the exchange line though its own port is ready: what that means, and what ends it."""
    if lifeline is None or not reason(lifeline, lifeline.phone.name):
        return None
    phone, line = lifeline.phone.name, lifeline.line.name
    return {
        "level": "warning",
        "en": f"{phone}: the telephone is straight on the exchange line {line}, as without power, and comes back "
        f"by itself when it is on hook and {line} can be seen to be at rest. Until then it has no number here.",
        "es": f"{phone}: el teléfono está directamente en la línea {line} de la compañía, como sin corriente, y "
        f"vuelve solo cuando está colgado y se ve que {line} está en reposo. Hasta entonces no tiene número aquí.",
    }
