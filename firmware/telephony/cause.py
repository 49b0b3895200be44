"""Why a call ended: one table for SIP, ISDN, tones and people.

A cause is an ITU-T Q.850 number. Each row carries the SIP status it becomes
(RFC 3398 section 8.2.6.1, RFC 4497), the tone a telephone hears, and a sentence
in Spanish and English. `from_sip` is the way back (RFC 3398 section 7.2.4.1).
Log lines, call records and the page all read these rows; `codes.py` has those of SIP.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from firmware.telephony.codes import code_of


class Cause(enum.IntEnum):
    """ITU-T Q.850 cause values; each is described in `CAUSES`."""

    UNALLOCATED_NUMBER = 1
    NO_ROUTE_TO_NETWORK = 2
    NO_ROUTE_TO_DESTINATION = 3
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    CALL_REJECTED = 21
    NUMBER_CHANGED = 22
    EXCHANGE_ROUTING_ERROR = 25
    ANSWERED_ELSEWHERE = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER_FORMAT = 28
    FACILITY_REJECTED = 29
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT_AVAILABLE = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    SWITCHING_CONGESTION = 42
    CHANNEL_NOT_AVAILABLE = 44
    RESOURCE_UNAVAILABLE = 47
    FACILITY_NOT_SUBSCRIBED = 50
    INCOMING_BARRED = 55
    BEARER_NOT_AUTHORISED = 57
    BEARER_NOT_AVAILABLE = 58
    SERVICE_NOT_AVAILABLE = 63
    BEARER_NOT_IMPLEMENTED = 65
    ONLY_RESTRICTED_DIGITAL = 70
    SERVICE_NOT_IMPLEMENTED = 79
    NOT_IN_CLOSED_GROUP = 87
    INCOMPATIBLE_DESTINATION = 88
    RECOVERY_ON_TIMER = 102
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


@dataclass(frozen=True, slots=True)
class CauseRow:
    """sip: status for a call refused with this cause. tone: busy, congestion or sit, a country's key."""

    sip: int
    tone: str
    en: str
    es: str


CAUSES: dict[Cause, CauseRow] = {
    Cause.UNALLOCATED_NUMBER: CauseRow(404, "sit", "there is no such number", "ese número no existe"),
    Cause.NO_ROUTE_TO_NETWORK: CauseRow(404, "sit", "no route to that network", "no hay ruta a esa red"),
    Cause.NO_ROUTE_TO_DESTINATION: CauseRow(404, "sit", "no route to that number", "no hay ruta a ese número"),
    Cause.NORMAL_CLEARING: CauseRow(480, "busy", "hung up", "se colgó"),
    Cause.USER_BUSY: CauseRow(486, "busy", "busy", "ocupado"),
    Cause.NO_USER_RESPONDING: CauseRow(
        408, "congestion", "the other end did not respond", "el otro extremo no responde"
    ),
    Cause.NO_ANSWER: CauseRow(480, "busy", "nobody answered", "nadie contestó"),
    Cause.SUBSCRIBER_ABSENT: CauseRow(480, "congestion", "not registered or unplugged", "no registrado o desconectado"),
    Cause.CALL_REJECTED: CauseRow(603, "busy", "the call was refused", "la llamada fue rechazada"),
    Cause.NUMBER_CHANGED: CauseRow(410, "sit", "the number has changed", "el número ha cambiado"),
    Cause.EXCHANGE_ROUTING_ERROR: CauseRow(483, "congestion", "the call went in a circle", "la llamada daba vueltas"),
    Cause.ANSWERED_ELSEWHERE: CauseRow(487, "busy", "answered elsewhere", "contestada en otro teléfono"),
    Cause.DESTINATION_OUT_OF_ORDER: CauseRow(502, "congestion", "the line is out of order", "la línea está averiada"),
    Cause.INVALID_NUMBER_FORMAT: CauseRow(484, "sit", "the number is incomplete", "el número está incompleto"),
    Cause.FACILITY_REJECTED: CauseRow(501, "congestion", "that service is not offered", "ese servicio no se ofrece"),
    Cause.NORMAL_UNSPECIFIED: CauseRow(480, "busy", "ended for no stated reason", "terminó sin motivo declarado"),
    Cause.NO_CIRCUIT_AVAILABLE: CauseRow(503, "congestion", "all lines are in use", "todas las líneas están ocupadas"),
    Cause.NETWORK_OUT_OF_ORDER: CauseRow(503, "congestion", "the network is out of order", "la red está averiada"),
    Cause.TEMPORARY_FAILURE: CauseRow(
        503, "congestion", "a passing failure, try again", "fallo pasajero, inténtelo de nuevo"
    ),
    Cause.SWITCHING_CONGESTION: CauseRow(503, "congestion", "too many calls at once", "demasiadas llamadas a la vez"),
    Cause.CHANNEL_NOT_AVAILABLE: CauseRow(503, "congestion", "the channel is not free", "el canal no está libre"),
    Cause.RESOURCE_UNAVAILABLE: CauseRow(503, "congestion", "no audio port is free", "no queda ningún puerto de audio"),
    Cause.FACILITY_NOT_SUBSCRIBED: CauseRow(
        503, "congestion", "that service is not in the contract", "ese servicio no está contratado"
    ),
    Cause.INCOMING_BARRED: CauseRow(
        403, "congestion", "calls to this number are barred", "las llamadas a este número están restringidas"
    ),
    Cause.BEARER_NOT_AUTHORISED: CauseRow(
        403, "congestion", "this caller may not make that call", "este teléfono no puede hacer esa llamada"
    ),
    Cause.BEARER_NOT_AVAILABLE: CauseRow(
        503, "congestion", "that kind of call is not possible now", "ese tipo de llamada no es posible ahora"
    ),
    Cause.SERVICE_NOT_AVAILABLE: CauseRow(
        503, "congestion", "that service is not possible now", "ese servicio no es posible ahora"
    ),
    Cause.BEARER_NOT_IMPLEMENTED: CauseRow(488, "congestion", "no common codec", "no hay códec común"),
    Cause.ONLY_RESTRICTED_DIGITAL: CauseRow(
        488,
        "congestion",
        "only restricted digital information is possible",
        "solo se admite información digital restringida",
    ),
    Cause.SERVICE_NOT_IMPLEMENTED: CauseRow(501, "congestion", "not implemented", "no implementado"),
    Cause.NOT_IN_CLOSED_GROUP: CauseRow(
        403, "congestion", "the caller is not in the closed group", "el llamante no es del grupo cerrado"
    ),
    Cause.INCOMPATIBLE_DESTINATION: CauseRow(
        488, "congestion", "the other end cannot take this call", "el otro extremo no admite esta llamada"
    ),
    Cause.RECOVERY_ON_TIMER: CauseRow(504, "congestion", "a timer ran out", "se agotó un temporizador"),
    Cause.PROTOCOL_ERROR: CauseRow(500, "congestion", "protocol error", "error de protocolo"),
    Cause.INTERWORKING: CauseRow(500, "congestion", "failure beyond the gateway", "fallo más allá de la pasarela"),
}


def from_sip(status: int) -> Cause:
    """The cause of a failed SIP request. status: 300 to 699; unknown ones are treated as x00 (RFC 3261 8.1.3.2)."""
    return Cause(code_of(status).cause)
