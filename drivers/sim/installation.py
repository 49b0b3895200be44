"""How a telephone is installed: the kind of its bell, the length of its cable, the state of its hook contact.

Figures of the trade's cables and ringers, put into the wire of `phone.py`.
"""

from __future__ import annotations

from drivers.sim.phone import Phone
from drivers.sim.rig_protocol import RigError

RINGERS = {"none": 0.0, "electronic": 0.3, "bell": 1.0, "old-bell": 1.6, "house-full": 5.0}
"""Kind -> REN: a modern set with a sounder, an electromechanical bell, one of the 1950s, five sets in parallel [M]."""
OHM_PER_KM = 268.0
"""Of both wires of the usual 0.4 mm copper pair [M]."""
LOSS_DB_PER_KM = 1.7
"""At 1 kHz, 0.4 mm [M]."""
LONGEST_KM = 6.0


def install(phone: Phone, *, ringer: str = "bell", cable_km: float = 0.1, bounce_ms: float = 0.0) -> None:
    """Change the line to that of such a telephone. Raises RigError for what is not to be had.

    cable_km: 0 to LONGEST_KM, of 0.4 mm copper. bounce_ms: 0 to 50, how long the hook contact chatters when moved.
    """
    if ringer not in RINGERS:
        raise RigError(f"there is no ringer {ringer!r}, allowed are {', '.join(RINGERS)}")
    if not 0 <= cable_km <= LONGEST_KM:
        raise RigError(f"cable_km is {cable_km!r}, allowed 0 to {LONGEST_KM:g} km")
    phone.set_wire(
        ren=RINGERS[ringer],
        loop_ohm=OHM_PER_KM * cable_km,
        loss_db=LOSS_DB_PER_KM * cable_km,
        bounce_ms=bounce_ms,
    )
