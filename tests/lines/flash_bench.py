"""A telephone line in a call, with the rules of R: what the tests of flash services and call waiting share."""

from __future__ import annotations

from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.line_options import LineOptions, ServiceRules
from firmware.lines.send_profile import SENDS_LITTLE, SendProfile
from firmware.telephony.leg import Leg
from tests.lines.line_bench import REQUEST, LineBench, settle

CODES = ServiceRules("codes")
HOOK = ServiceRules("hook")


class Telephone(LineBench):
    """The line of `LineBench` with one call up; what the exchange was told since is in `news`."""

    def __init__(
        self, country: str = "es", rules: ServiceRules | None = None, sends: SendProfile = SENDS_LITTLE
    ) -> None:
        options = LineOptions(services=rules) if rules is not None else None
        super().__init__(country, options=options, sends=sends)

    async def talks(self) -> Leg:
        leg = await self.call_out("201")
        leg.proceed()
        leg.accept()
        await settle()
        self.notes.told.clear()
        return leg

    async def news(self) -> list[tuple[object, ...]]:
        await settle()
        told, self.notes.told = self.notes.told, []
        return told

    async def consults(self, *, answered: bool = True) -> tuple[Leg, Leg]:
        """Talks with 201, holds it, calls 102: both legs."""
        held = await self.talks()
        self.flash()
        self.dial("102")
        await settle()
        beside = self.notes.arrived[-1]
        beside.show_ringing()
        if answered:
            beside.accept()
        await self.news()
        return held, beside

    async def waited(self) -> tuple[Leg, FxsLeg]:
        """Talks with 201 while another call waits: both legs."""
        leg = await self.talks()
        waiting = self.line.make_leg()
        assert isinstance(waiting, FxsLeg)
        waiting.place(REQUEST)
        assert await self.news() == [("ringing",)]
        return leg, waiting
