"""How a caller wants the called telephone to ring travels with the call."""

from __future__ import annotations

from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench


def test_the_called_leg_is_told_how_to_ring() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        leg = bench.leg("sip:201/1")
        leg.alert = "bellcore-dr2"
        _, called = bench.call("102", leg)
        assert called.request.alert == "bellcore-dr2"

    run(main())
