"""Messages made to cost time: up to 64 KiB of what a parser might look at again and again.

Each is a name and a function of its size in octets, so that a test can see that twice the size takes
no more than about twice the time. Used by `test_hostile_time.py` and as seeds of the fuzzer.
"""

from __future__ import annotations

from collections.abc import Callable

Maker = Callable[[int], bytes]


def message(method: str = "INVITE", uri: str = "sip:201@h", **changed: str) -> bytes:
    """A whole request. changed: header (underscores for hyphens) -> its lines' value; "" leaves it out."""
    body = changed.pop("body", "")
    heads = {
        "Via": "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKh;rport",
        "Max-Forwards": "70",
        "From": "<sip:eva@h>;tag=1",
        "To": "<sip:201@h>",
        "Call-ID": "hostile",
        "CSeq": f"1 {method}",
        "Contact": "<sip:eva@10.0.0.9>",
        "Content-Type": "application/sdp" if body else "",
        **{name.replace("_", "-"): value for name, value in changed.items()},
        "Content-Length": str(len(body.encode())),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in heads.items() if value)
    return f"{method} {uri} SIP/2.0\r\n{lines}\r\n{body}".encode("utf-8", "surrogateescape")


def _filled(pattern: str, octets: int) -> str:
    return pattern * (octets // len(pattern.encode()))


_PATTERNS = {
    "commas": ",", "quotes": '"', "open quote": 'a="', "escapes": "\\", "escaped quotes": '\\"', "angles": "<",
    "closed angles": "<>", "semicolons": ";", "parameters": ";a=b", "other parameters": ";a", "blanks": " ",
    "folded": "\r\n ", "folded text": "x\r\n\t", "equals": "=", "at signs": "@", "colons": ":", "percents": "%",
    "escapes of one": "%41", "brackets": "[", "slashes": "/", "addresses": "<sip:a@b>,", "quoted": '"a" <sip:a@b>,',
    "tags": ";tag=1", "text": "a", "two octets": "é", "digits": "9", "tabs": "\t", "stray CRs": "\r", "nulls": "\0",
}  # fmt: skip
_FIELDS = (
    "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Record-Route", "Route", "Require", "Supported",
    "Authorization", "Proxy-Authorization", "Accept", "Reason", "Warning", "Session-Expires", "Content-Type",
    "Content-Disposition", "Expires", "RAck", "Timestamp", "Unknown",
)  # fmt: skip


def _field(field: str, pattern: str, before: str) -> Maker:
    name = field.replace("-", "_")
    return lambda octets: message(**{name: before + _filled(pattern, octets)})


_BEFORE = {
    "Via": "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKh;rport",
    "From": "<sip:eva@h>;tag=1",
    "To": "<sip:201@h>",
    "Contact": "<sip:eva@h>",
    "Authorization": "Digest realm=tipring,username=",
    "Proxy-Authorization": "Digest realm=tipring,username=",
    "Reason": "Q.850;cause=",
    "Content-Type": "multipart/mixed;boundary=",
}
HOSTILE: dict[str, Maker] = {}
for _name, _pattern in _PATTERNS.items():
    for _one in _FIELDS:
        HOSTILE[f"{_one} of {_name}"] = _field(_one, _pattern, "")
        if _one in _BEFORE:
            HOSTILE[f"{_one} and then {_name}"] = _field(_one, _pattern, _BEFORE[_one])
    HOSTILE[f"address of {_name}"] = lambda octets, p=_pattern: message(uri="sip:" + _filled(p, octets))
    HOSTILE[f"start line of {_name}"] = lambda octets, p=_pattern: _filled(p, octets).encode() + b"\r\n\r\n"
    HOSTILE[f"SDP of {_name}"] = lambda octets, p=_pattern: message(body="v=0\r\no=" + _filled(p, octets))
    HOSTILE[f"attribute of {_name}"] = lambda octets, p=_pattern: message(
        body="v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.4\r\nm=audio 4 RTP/AVP 8\r\na=rtpmap:"
        + _filled(p, octets)
    )


def _lines(pattern: str) -> Maker:
    return lambda octets: message().replace(b"\r\n\r\n", ("\r\n" + _filled(pattern, octets)).encode() + b"\r\n\r\n")


HOSTILE |= {
    "300 Vias": lambda octets: message().replace(
        b"Via:", b"".join(b"Via: SIP/2.0/UDP a;branch=z9hG4bK%d;x=%s\r\n" % (n, b"y" * (octets // 300 - 40))
                          for n in range(290)) + b"Via:"),
    "short Vias": _lines("v:a\r\n"),
    "lines without a colon": _lines("a\r\n"),
    "empty lines' worth of names": _lines(":\r\n"),
    "the same header": _lines("To: <sip:201@h>\r\n"),
    "attributes": lambda octets: message(body="v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 4 RTP/AVP 8\r\n"
                                         + _filled("a=rtpmap:8 a/1\r\n", octets)),
    "media lines": lambda octets: message(body="v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n"
                                          + _filled("m=audio 4 RTP/AVP 8\r\n", octets)),
    "formats": lambda octets: message(body="v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.4\r\nm=audio 4 RTP/AVP"
                                      + _filled(" 8", octets)),
    "body parts": lambda octets: message(Content_Type="multipart/mixed;boundary=b",
                                         body=_filled("--b\r\n\r\n", octets)),
    "body of boundaries": lambda octets: message(Content_Type="multipart/mixed;boundary=-", body="-" * octets),
}  # fmt: skip
