"""What still gets an answer after its transaction is over: three stores of remains (RFC 3261 13.2.2.4, 17.1.1.2, 17.2).

Why: a 2xx or a failure may come again, from the same telephone or, behind a forking proxy, from another one; a
request of a peer too. How remains are kept and forgotten: `aftermath.py`. Used by `layer.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.sip.messages.message import Response
from firmware.sip.transactions.aftermath import Acknowledge, Aftermath, Remains
from firmware.sip.transactions.client_transaction import ClientTransaction
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transactions.tables import DURATIONS_S
from firmware.sip.transactions.timer_heap import TimerHeap


class Leftovers:
    """answered_too: hangs up on one more telephone that answers, where the call has nobody for that.

    forgotten: told of what is left of a peer's request when nothing is any more.
    """

    def __init__(self, timers: TimerHeap, answered_too: Acknowledge, forgotten: Callable[[Remains], None]) -> None:
        self._answered_too = answered_too
        self._answered = Aftermath(timers, forgotten)
        self._refused = Aftermath(timers, lambda remains: None)
        """INVITEs of ours that failed, each with its ACK."""
        self._accepted = Aftermath(timers, lambda remains: None)
        """INVITEs of ours that were answered, each with its ACK."""

    @property
    def of_ours(self) -> int:
        """How many INVITEs of ours are remembered."""
        return len(self._refused) + len(self._accepted)

    @property
    def of_peers(self) -> int:
        """How many requests of peers are remembered."""
        return len(self._answered)

    def clear(self) -> None:
        for store in (self._answered, self._refused, self._accepted):
            store.clear()

    def of_client(self, transaction: ClientTransaction, octets: bytes, life_s: float) -> None:
        """An INVITE of ours is over: for `life_s` seconds copies of its answer get `octets`, its ACK."""
        store = self._refused if transaction.to_tag is None else self._accepted
        remains = Remains(
            octets, transaction.transport, transaction.address, transaction.to_tag or "", others=transaction.others
        )
        store.keep(transaction.key, remains, life_s)

    def of_server(self, transaction: ServerTransaction, octets: bytes, life_s: float) -> None:
        """A request of a peer is over: for `life_s` seconds its copies get `octets`, b"" for nothing."""
        remains = Remains(octets, transaction.transport, transaction.address, transaction.to_tag, transaction.merge_key)
        self._answered.keep(transaction.key, remains, life_s)

    def answered(self, key: str) -> Remains | None:
        """What is left of a peer's request."""
        return self._answered.get(key)

    def take_response(self, response: Response, key: str) -> bool:
        """Answer a response that belongs to no transaction any more; False when nothing is known of it."""
        refused = self._refused.get(key)
        if refused is not None:
            if response.status >= 300:
                refused.transport.send(refused.octets, refused.address)
            return True
        accepted = self._accepted.get(key)
        if accepted is None:
            return False
        if 200 <= response.status < 300:
            self._answered_again(response, key, accepted)
        return True

    def _answered_again(self, response: Response, key: str, accepted: Remains) -> None:
        """A copy of a 2xx, or the first of another telephone; copies of that are expected from now on too."""
        tag = response.to.tag
        known: Remains | None = accepted
        if tag != accepted.to_tag:
            known = self._accepted.get(key + tag)
        if known is None:
            octets, hop = (accepted.others or self._answered_too)(response, accepted.transport)
            self._accepted.keep(key + tag, Remains(octets, *hop, tag), DURATIONS_S["M"])
        else:
            known.transport.send(known.octets, known.address)
