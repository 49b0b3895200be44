"""Caller ID as libspandsp's receiver reads it: the judge of what our lines send, which shares no code with it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

STANDARDS = {"bellcore": 1, "etsi": 2, "japan": 4, "dtmf": 5}
_LIB = ctypes.CDLL("libspandsp.so.2")
_PUT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)
_LIB.adsi_rx_init.restype = ctypes.c_void_p
_LIB.adsi_rx_init.argtypes = [ctypes.c_void_p, ctypes.c_int, _PUT, ctypes.c_void_p]
_LIB.adsi_rx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
_LIB.adsi_rx_free.argtypes = [ctypes.c_void_p]
_LIB.adsi_next_field.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_uint8),
    ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int),
]  # fmt: skip


@dataclass
class Message:
    """One message that passed the receiver's checksum or CRC. fields: by parameter number."""

    kind: int = 0
    fields: dict[int, bytes] = field(default_factory=dict)


def decode(samples: NDArray[np.int16], standard: str) -> list[Message]:
    """Every message in a recording of 8 kHz. standard: a key of STANDARDS."""
    raw: list[bytes] = []
    put = _PUT(lambda _user, octets, size: raw.append(bytes(octets[:size])))
    receiver = _LIB.adsi_rx_init(None, STANDARDS[standard], put, None)
    pcm = np.ascontiguousarray(np.concatenate([samples, np.zeros(2000)]), np.int16)
    _LIB.adsi_rx(receiver, pcm.ctypes.data, pcm.size)
    messages = [_fields(receiver, octets) for octets in raw]
    _LIB.adsi_rx_free(receiver)
    return messages


def _fields(receiver: int, octets: bytes) -> Message:
    message = Message()
    kind, body, size = ctypes.c_uint8(), ctypes.c_void_p(), ctypes.c_int()
    at = -1
    while True:
        refs = (ctypes.byref(kind), ctypes.byref(body), ctypes.byref(size))
        at = _LIB.adsi_next_field(receiver, octets, len(octets), at, *refs)
        if at < 0:
            return message
        if body.value is None:
            message.kind = kind.value
        else:
            message.fields[kind.value] = ctypes.string_at(body.value, size.value)
        if at >= len(octets):
            return message
