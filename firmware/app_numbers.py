"""Ring groups and the numbers called from outside, from the settings file's words to those of the exchange."""

from __future__ import annotations

import logging
from dataclasses import replace

from firmware.config.number_span import read_span
from firmware.config.settings import Settings
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_options import FxoOptions
from firmware.pbx.inbound import InboundRule, InboundTable
from firmware.pbx.routes import RingGroup, Routes
from firmware.pbx.services.direct_in import DIRECT_IN, DirectInLine, DirectInPlan
from firmware.telephony.countries import Country
from firmware.telephony.numbering import Numbering

log = logging.getLogger(__name__)


def add_groups(settings: Settings, routes: Routes) -> None:
    """Give the groups their numbers. Raises ValueError when one is taken."""
    for group in settings.groups.values():
        routes.add(RingGroup(group.number, group.name, tuple(group.members), group.ring_s))


def inbound_table(settings: Settings, numbering: Numbering) -> InboundTable:
    """Where calls from outside lead; of what two rules claim, the log says who has it."""
    rules = [
        InboundRule(
            name,
            tuple(read_span(number) for number in table.numbers),
            table.lines,
            read_span(table.target) if table.target is not None else None,
            table.keep,
            table.add or "",
        )
        for name, table in settings.inbound.items()
    ]
    table = InboundTable(rules, numbering, settings.house_numbers)
    for first, second, number in table.clashes:
        log.warning("inbound.%s: %s is a number of inbound.%s, which has it", second, number, first)
    return table


def with_inbound(line: FxoLineSettings, name: str, table: InboundTable) -> FxoLineSettings:
    """An exchange line with the target that its own number leads to, where a rule speaks of it."""
    target = table.find(line.number or "", name)
    return replace(line, target=target) if target else line


def direct_in_plan(settings: Settings, country: Country) -> DirectInPlan:
    """What `Exchange` needs of the lines over which digits of the number called come."""
    table = inbound_table(settings, country.numbering)
    lines = {
        name: DirectInLine(name, line.did_digits, with_inbound(line, name, table).target or "")
        for name, line in settings.exchange_lines.items()
        if line.did_digits
    }
    return DirectInPlan(lines, table.find, country.tones)


def with_direct_in(line: FxoLineSettings, options: FxoOptions) -> FxoOptions:
    """What a line does over which digits come: all calls that no rule of `[callers]` sends elsewhere are taken."""
    return replace(options, target=DIRECT_IN) if line.did_digits else options
