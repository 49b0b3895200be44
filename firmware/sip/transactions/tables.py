"""The four transaction machines as tables (RFC 3261 section 17 with RFC 6026).

No I/O and no clock here: a row says which state follows and which actions are carried out,
in order; `transaction.py` carries them out. A pair that is not in a table changes nothing.

Actions that start a timer name it with the standard's letter; `DURATIONS_S` tells how long
it runs over UDP; the timers of `ONLY_UNRELIABLE` are 0 over reliable transports, and the
resend timers A, E, G do not run there at all.

An INVITE that nobody answered in time is over for its user, but its transaction listens on for a while
(`given_up`): a telephone whose 200 comes late is acknowledged and hung up, instead of talking to nobody.
"""

from __future__ import annotations

T1_S = 0.5
T2_S = 4.0
T4_S = 5.0

DURATIONS_S: dict[str, float] = {
    "B": 64 * T1_S,
    "D": 64 * T1_S,
    "F": 64 * T1_S,
    "H": 64 * T1_S,
    "I": T4_S,
    "J": 64 * T1_S,
    "L": 64 * T1_S,
    "M": 64 * T1_S,
}
ONLY_UNRELIABLE = frozenset("DIJ")
CAPPED = frozenset("EG")
"""Resend timers that double only up to T2; A doubles without a cap."""

Table = dict[tuple[str, str], tuple[str, tuple[tuple[str, str], ...]]]
"""(state, event) -> (next state, actions), an action being the name of a method and the letter of a timer or ""."""


def _table(rows: dict[tuple[str, str], tuple[str, tuple[str, ...]]]) -> Table:
    """Rows as they are written below ("life:B") as they are stepped through: every message takes one or two."""

    def method(action: str) -> tuple[str, str]:
        name, _, letter = action.partition(":")
        return f"_do_{name}", letter

    return {key: (state, tuple(map(method, actions))) for key, (state, actions) in rows.items()}


# Actions: send (request or last response), ack, tell (the message goes to the user), tell_ack, tell_timeout,
# tell_unreachable, resend:X (start resend timer X), again (send once more and double the interval),
# slow (resend at T2 from now on), quiet (stop resending), life:X (start the timer that ends this state),
# stop_life, spare (keep of the request what its ACK and CANCEL need), shed (let go of it altogether), end,
# leave:X (end, but answer copies for as long as timer X).
# Timer K of a non-INVITE client is not there: a copy of its response finds no transaction, and that is all it needs.

INVITE_CLIENT = _table(
    {
        ("calling", "start"): ("calling", ("send", "resend:A", "life:B")),
        ("calling", "resend"): ("calling", ("again",)),
        ("calling", "1xx"): ("proceeding", ("quiet", "stop_life", "tell")),
        ("calling", "2xx"): ("terminated", ("shed", "tell", "leave:M", "let_go")),
        ("calling", "failure"): ("terminated", ("ack", "leave:D", "tell", "let_go")),
        ("calling", "life_over"): ("given_up", ("quiet", "spare", "life:M", "tell_timeout")),
        ("calling", "unreachable"): ("terminated", ("end", "tell_unreachable", "let_go")),
        ("proceeding", "1xx"): ("proceeding", ("tell",)),
        ("proceeding", "2xx"): ("terminated", ("shed", "tell", "leave:M", "let_go")),
        ("proceeding", "failure"): ("terminated", ("ack", "leave:D", "tell", "let_go")),
        ("proceeding", "cancelled"): ("proceeding", ("life:B",)),
        ("proceeding", "life_over"): ("given_up", ("spare", "life:M", "tell_timeout")),
        ("given_up", "1xx"): ("proceeding", ("life:B", "tell")),
        ("given_up", "2xx"): ("terminated", ("shed", "tell", "leave:M", "let_go")),
        ("given_up", "failure"): ("terminated", ("ack", "leave:D", "let_go")),
        ("given_up", "life_over"): ("terminated", ("end", "let_go")),
    }
)

CLIENT = _table(
    {
        ("trying", "start"): ("trying", ("send", "resend:E", "life:F")),
        ("trying", "resend"): ("trying", ("again",)),
        ("trying", "1xx"): ("proceeding", ("slow", "tell")),
        ("trying", "2xx"): ("terminated", ("end", "tell", "let_go")),
        ("trying", "failure"): ("terminated", ("end", "tell", "let_go")),
        ("trying", "life_over"): ("terminated", ("end", "tell_timeout", "let_go")),
        ("trying", "unreachable"): ("terminated", ("end", "tell_unreachable", "let_go")),
        ("proceeding", "resend"): ("proceeding", ("again",)),
        ("proceeding", "1xx"): ("proceeding", ("tell",)),
        ("proceeding", "2xx"): ("terminated", ("end", "tell", "let_go")),
        ("proceeding", "failure"): ("terminated", ("end", "tell", "let_go")),
        ("proceeding", "life_over"): ("terminated", ("end", "tell_timeout", "let_go")),
        ("proceeding", "unreachable"): ("terminated", ("end", "tell_unreachable", "let_go")),
    }
)

INVITE_SERVER = _table(
    {
        ("proceeding", "request"): ("proceeding", ("send",)),
        ("proceeding", "answer_1xx"): ("proceeding", ("send",)),
        ("proceeding", "answer_2xx"): ("accepted", ("send", "life:L", "shed")),
        ("proceeding", "answer_failure"): ("completed", ("send", "resend:G", "life:H")),
        ("accepted", "answer_2xx"): ("accepted", ("send", "shed")),
        ("accepted", "ack"): ("accepted", ("tell_ack",)),
        ("accepted", "request"): ("accepted", ()),
        ("accepted", "let_go"): ("terminated", ("leave:L",)),
        ("accepted", "life_over"): ("terminated", ("end",)),
        ("completed", "request"): ("completed", ("send",)),
        ("completed", "resend"): ("completed", ("again",)),
        ("completed", "ack"): ("terminated", ("shed", "leave:I")),
        ("completed", "life_over"): ("terminated", ("end",)),
    }
)

SERVER = _table(
    {
        ("trying", "request"): ("trying", ()),
        ("trying", "answer_2xx"): ("terminated", ("send", "leave:J")),
        ("trying", "answer_failure"): ("terminated", ("send", "leave:J")),
    }
)
