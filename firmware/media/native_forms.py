"""How addresses, tones and errors look to the native engine and to Python.

Used by all that call it: `endpoints.py`, `engine.py`, `files.py`, `clip.py`.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

from firmware.media._engine import ffi, lib
from firmware.telephony.cadence import Tone

PAIR_DB = 3.0103
"""Each of two sines is this much below the level of both together."""
_MAPPED = bytes(10) + b"\xff\xff"
NO_IP = bytes(16)
"""The native form of "no address"."""


def ip_octets(ip: str) -> bytes:
    """The native form of an IPv4 or IPv6 address (`native/ip.h`); ValueError for anything else."""
    try:
        if ":" in ip:
            return socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
        return _MAPPED + socket.inet_pton(socket.AF_INET, ip)
    except OSError as error:
        raise ValueError(f"{ip!r} is not an IP address") from error


def ip_text(octets: bytes) -> str:
    """The address that `ip_octets` made octets."""
    if octets.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, octets[12:])
    return socket.inet_ntop(socket.AF_INET6, octets)


def remote_octets(ip: str) -> bytes:
    """As `ip_octets`, but `NO_IP` for an address that names nobody."""
    return NO_IP if ip in {"", "0.0.0.0", "::"} else ip_octets(ip)


def checked(result: int, what: str) -> int:
    """`result` of a native call; its negative errno as ValueError (a wrong argument) or OSError."""
    if result >= 0:
        return result
    if -result in (errno.EINVAL, errno.ENOENT):
        raise ValueError(f"{what}: {'closed or unknown endpoint' if -result == errno.ENOENT else 'out of range'}")
    raise OSError(-result, f"{what}: {errno.errorcode.get(-result, result)}")


def tone_spec(tone: Tone) -> Any:
    """The native form of `tone`."""
    if not 1 <= len(tone.segments) <= lib.TONE_SEGMENTS:
        raise ValueError(f"tone {tone.name}: {len(tone.segments)} segments, allowed 1 to {lib.TONE_SEGMENTS}")
    spec = ffi.new("struct tone_spec *")
    spec.count = len(tone.segments)
    spec.repeat = 1
    for native, segment in zip(spec.segment, tone.segments, strict=False):
        summed = len(segment.hz) == 2 and not segment.am
        for i, hz in enumerate(segment.hz):
            native.hz[i] = hz
            native.dbm0[i] = tone.level_dbm0 - segment.att_db - (PAIR_DB if summed else 0)
        native.kind = lib.TONE_AM if segment.am else lib.TONE_SUM if summed else lib.TONE_SINGLE
        native.ms = lib.TONE_FOR_EVER if segment.ms is None else segment.ms
        native.once = segment.once
    return spec
