"""Random calls over bad links, each in a house of its own on fake time; every seed is one call.

`play(seed)` returns what was wrong, nothing if all is well: the true agent and the true exchange between
phones that know the standard (`model_phone.py`), on links that lose, copy, delay and reorder
(`model_network.py`), judged by a reference model (`call_judge.py`). `TIPRING_SEED=n` with the test replays one.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fake_time import run
from tests.sip.call_agreement import disagreement, left_behind, wrong_record
from tests.sip.call_duties import missed_duties
from tests.sip.call_house import CALLER_IP, TWIN_IP, PlayedCall
from tests.sip.call_judge import Judge, Verdict
from tests.sip.call_promises import broken_promises
from tests.sip.model_network import Link, ladder
from tests.sip.model_script import Script
from tests.sip.model_wire import NEVER_S
from tests.sip.pairs import PBX


@dataclass
class Case:
    """One call and what was wrong with it. kinds: what happened, for the test's own check that all was tried."""

    seed: int
    faults: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    story: str = ""


def caller_script(dice: random.Random) -> Script:
    return Script(
        patience_s=dice.choice((dice.uniform(0, 0.2), dice.uniform(0, 3), dice.uniform(1, 20), 70, 70, 70)),
        early_bye=dice.random() < 0.2,
        talk_s=talk_s(dice),
        asks=asks(dice),
        dies_s=dies_s(dice),
        **abilities(dice),
    )


def callee_script(dice: random.Random) -> Script:
    finals = ("200 OK",) * 8 + ("486 Busy Here", "603 Decline", "480 Away", "480 Away", "")
    return Script(
        rings_s=dice.choice((0.0, dice.uniform(0, 0.5), dice.uniform(0, 4), dice.uniform(0, 70))),
        final=dice.choice(finals),
        early_media=dice.random() < 0.3,
        talk_s=talk_s(dice),
        asks=asks(dice),
        dies_s=dies_s(dice),
        **abilities(dice),
    )


def abilities(dice: random.Random) -> dict[str, Any]:
    """Which extensions a phone knows."""
    return {
        "reliable": dice.random() < 0.5,
        "updates": dice.random() < 0.5,
        "expires_s": dice.choice((0, 90, 90, 200)),
        "refreshes": dice.random() < 0.5,
    }


def dies_s(dice: random.Random) -> float:
    return (
        dice.choice((dice.uniform(0, 1), dice.uniform(0, 4), dice.uniform(0, 30))) if dice.random() < 0.1 else NEVER_S
    )


def talk_s(dice: random.Random) -> float:
    longest_s = dice.uniform(60, 400)
    return dice.choice(
        (0.0, dice.uniform(0, 0.3), dice.uniform(0, 3), dice.uniform(0, 60), longest_s, longest_s, longest_s)
    )


def asks(dice: random.Random) -> tuple[tuple[float, str], ...]:
    """What a phone asks for in the middle of a call; also just when refreshes are due, so that they collide."""
    if dice.random() < 0.5:
        return ()
    what = ("hold", "resume", "hold", "resume", "update", "OPTIONS")
    times = [dice.choice((dice.uniform(0, 20), dice.choice((45, 60)) + dice.uniform(-0.2, 0.2))) for _ in range(4)]
    return tuple((at_s, dice.choice(what)) for at_s in times[: dice.randint(1, 4)])


def play(seed: int) -> Case:
    """One call from beginning to end."""
    return run(_play(seed))


async def _play(seed: int) -> Case:
    case = Case(seed)
    dice = random.Random(seed)
    played = PlayedCall(dice)
    caller, callees = caller_script(dice), [callee_script(dice) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    twin = replace(callee_script(dice), final="200 OK") if dice.random() < 0.15 else None
    if twin is not None:  # lifted at nearly the same time, so that both may answer
        rings_s = twin.rings_s + dice.uniform(0, 0.4)
        callees[0] = replace(callees[0], final=dice.choice(("200 OK", "200 OK", "")), rings_s=rings_s)
    await played.start(caller, callees, twin, [Link.thrown(dice) for _ in range(len(callees) + 2)])
    await played.play()
    verdict = Judge(played.network, played.caller.address, played.twins, played.stops).verdict
    case.faults += left_behind(played) + wrong_record(played, verdict) + disagreement(played, verdict)
    case.faults += missed_duties(played.network)
    case.kinds.update(kinds(played, verdict))
    if case.faults:
        names = {
            CALLER_IP: "caller",
            PBX[0]: "house",
            "10.0.0.20": "20",
            "10.0.0.21": "21",
            "10.0.0.22": "22",
            TWIN_IP: "twin",
        }
        case.story = f"{verdict}\n{ladder(played.network, names, played.begin_s)}"
    await played.agent.stop(0)
    return case


def kinds(played: PlayedCall, verdict: Verdict) -> list[str]:
    """What this call was an example of."""
    notes = played.network.notes
    twins = [phone for phone in played.callees if phone.twin is not None]
    broken = [missing.what for missing in broken_promises(played.network)]
    found = ["talked" if verdict.winner else verdict.state, f"cause {verdict.cause}", f"caller: {played.caller.why}"]
    found += [f"callee: {phone.why}" for phone in played.callees if phone.why]
    found += ["dead phone"] * sum(phone.dead for phone in played.phones.values())
    found += [f"house sees: {what}" for what in broken]
    found += ["two answers to one INVITE"] * (len(twins) > 1 and all(phone.up_at_s for phone in twins))
    found += ["media time-out"] * bool(played.stops)
    found += ["loss"] * any(not note.arrived for note in notes)
    found += ["copies"] * any(len(note.arrived) > 1 for note in notes)
    found += ["hold"] * any(note.is_request and "a=sendonly" in note.text for note in notes)
    for phone in played.phones.values():
        theirs = Counter(f"{n.status or ''}{n.method}" for n in played.network.between(phone.address, PBX))
        ours = Counter(f"{n.status or ''}{n.method}" for n in played.network.between(PBX, phone.address))
        for name in ("PRACK", "UPDATE", "INVITE", "491INVITE"):
            found += [f"{name} by a phone"] * bool(theirs[name]) + [f"{name} by the house"] * bool(ours[name])
        found += ["200 crossed CANCEL"] * bool(theirs["200INVITE"] and ours["CANCEL"])
        found += ["BYE crossed BYE"] * bool(theirs["BYE"] and ours["BYE"])
        found += ["200 sent again"] * (ours["200INVITE"] > 1)
    return found
