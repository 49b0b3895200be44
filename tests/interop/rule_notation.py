"""The notation of `rules/*.rules`: one rule of the standard a paragraph, turned into sipp scenarios.

Why: a sipp scenario is 40 lines of XML of which three matter. A rule names the party that acts
(`caller:`, `callee:`, `callee2:`) and then its messages in order:

    > INVITE sdp ; Require: foo      send; what follows ";" is a header that replaces or joins the usual ones
    > 180 tag=b                      answer the INVITE (a response answers what was received last, or INVITE
                                     where the line says `for INVITE`)
    < 420 ; Unsupported: foo         receive, and demand a header that matches a regular expression
    < 183 ; body: a=sendonly         … or a line of the body; `; !Expires` demands that a header is absent
    <? 100                           may come
    < 401 auth                       take the challenge; `> REGISTER auth` answers it
    > PRACK rack                     acknowledge the reliable answer received last (its RSeq was demanded)
    wait 300                         ms without a message

A header "Name: -" is left out. Bodies are named in BODIES. sipp speaks for itself: its own exit status is the verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

_SDP = """v=0
o=- 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 {ip}
t=0 0
"""
_AUDIO = """m=audio [rtp_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
"""


def _sdp(media: str, *, version: int = 1, ip: str = "[media_ip]") -> str:
    return _SDP.format(version=version, ip=ip) + media


BODIES = {
    "sdp": _sdp(_AUDIO),
    "sdp2": _sdp(_AUDIO, version=2),
    "hold": _sdp(_AUDIO + "a=sendonly\n", version=2),
    "inactive": _sdp(_AUDIO + "a=inactive\n", version=2),
    "old-hold": _sdp(_AUDIO, version=2, ip="0.0.0.0"),
    "resume": _sdp(_AUDIO + "a=sendrecv\n", version=3),
    "video": _sdp(_AUDIO + "m=video 9000 RTP/AVP 96\na=rtpmap:96 H264/90000\n"),
    "mulaw": _sdp("m=audio [rtp_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"),
    "two-laws": _sdp("m=audio [rtp_port] RTP/AVP 0 8\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n"),
    "opus": _sdp("m=audio [rtp_port] RTP/AVP 96\na=rtpmap:96 opus/48000/2\n"),
    "savp": _sdp("m=audio [rtp_port] RTP/SAVP 8\na=rtpmap:8 PCMA/8000\n"),
    "refused": _sdp("m=audio 0 RTP/AVP 8\n"),
    "broken": "this is no session description\n",
    "text": "hello\n",
    "dtmf": "Signal=5\nDuration=160\n",
    "flash": "Signal=16\n",
    "digit": "5",
    "picture": "<media_control/>\n",
}
_TYPES = {
    "text": "text/plain",
    "dtmf": "application/dtmf-relay",
    "flash": "application/dtmf-relay",
    "digit": "application/dtmf",
    "picture": "application/media_control+xml",
}


@dataclass
class Rule:
    """name and text: its first line. parties: name -> lines. settings: `user: 204`, `transport: t1`."""

    name: str
    text: str
    parties: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def read_rules(path: Path) -> list[Rule]:
    """All rules of a file. Raises ValueError with file and line for what it does not understand."""
    rules: list[Rule] = []
    party = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, colon, value = text.partition(":")
        if not line.startswith(" "):
            if not colon:
                raise ValueError(f"{path.name}:{number}: a rule begins with `name: what it says`")
            rules.append(Rule(key, value.strip()))
        elif text[0] in "<>" or text.startswith("wait"):
            rules[-1].parties[party].append(text)
        elif colon and not value and key in {"caller", "callee", "callee2"}:
            party = key
            rules[-1].parties[party] = []
        elif colon and value:
            rules[-1].settings[key] = value.strip()
        else:
            raise ValueError(f"{path.name}:{number}: {text!r} is neither message nor party nor setting")
    return rules


class Scenario:
    """One party's lines as the XML of a sipp scenario. number: whom the caller asks for."""

    def __init__(self, lines: list[str], party: str, number: str, user: str) -> None:
        self._caller = party == "caller"
        self._number = number
        self._me = user
        self._tag = "c" if self._caller else f"e{party[6:]}"
        self._cseq = 0
        self._branch = 0
        self._invite = (0, 0)
        self._peer_known = self._dialog = False
        self._last = self._sent = ""
        self._steps = [self._step(line) for line in lines]

    def xml(self) -> str:
        steps = "\n".join(self._steps)
        # sipp refuses a variable that is set and never read
        names = ",".join(sorted(set(re.findall(r'assign_to="(\w+)"', steps))))
        known = f'<Reference variables="{names}"/>\n' if names else ""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="rule">\n{steps}\n{known}</scenario>\n'

    # -- one line ----------------------------------------------------------------------
    def _step(self, line: str) -> str:
        if line.startswith("wait"):
            return f'<pause milliseconds="{int(line.split()[1])}"/>'
        head, *extras = [part.strip() for part in re.split(r"\s;\s", line)]
        mark, *words = head.split()
        if mark.startswith("<"):
            return self._receive(words, extras, optional=mark == "<?")
        if words[0].isdigit():
            return self._respond(words, extras)
        return self._request(words, extras)

    def _receive(self, words: list[str], extras: list[str], *, optional: bool) -> str:
        what = words[0]
        kind = "response" if what.isdigit() else "request"
        attributes = f'{kind}="{what}"' + (' optional="true"' if optional else "")
        attributes += ' auth="true"' if "auth" in words else ""
        if what == "INVITE" or (self._sent == "INVITE" and "100" < what < "300"):
            attributes += ' rrs="true"'
        actions = [_demand(extra) for extra in extras]
        if kind == "request":
            self._last = what
            if what == "INVITE":
                actions += _keep_invite()
        elif what != "100":
            self._last = what
            self._peer_known = True
            self._dialog = self._dialog or (self._sent == "INVITE" and what < "300")
            actions.append('<ereg regexp=".*" search_in="hdr" header="To:" assign_to="peer"/>')
        return f"<recv {attributes}><action>{''.join(actions)}</action></recv>"

    def _respond(self, words: list[str], extras: list[str]) -> str:
        status, to_invite = words[0], self._last == "INVITE" or words[-2:] == ["for", "INVITE"]
        tag = next((word[4:] for word in words if word.startswith("tag=")), self._tag)
        if to_invite:
            head = f"Via:[$v]\nFrom:[$f]\nTo:[$t];tag=[pid]{tag}[call_number]\n[last_Call-ID:]\nCSeq: [$n] INVITE\n"
        else:
            head = "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
        contact = f"Contact: <sip:{self._me}@[local_ip]:[local_port]>"
        again = ' retrans="500"' if to_invite and status >= "200" else ""
        return _send(f"SIP/2.0 {status} Rule\n{head}", [contact], words, extras, again)

    def _request(self, words: list[str], extras: list[str]) -> str:
        method = self._sent = words[0]
        if method in {"ACK", "CANCEL"}:
            cseq, branch = self._invite
        else:
            self._cseq += 1
            cseq = self._cseq
        if not (method == "CANCEL" or (method == "ACK" and self._last >= "300")):
            self._branch += 1
            branch = self._branch
        if method == "INVITE":
            self._invite = cseq, branch
        uri, to = self._target(method, words)
        here = "[local_ip]:[local_port]"
        from_ = f"[$t];tag=[pid]{self._tag}[call_number]"
        if self._caller:
            from_ = f" <sip:{self._me}@[remote_ip]:[remote_port]>;tag=[pid]{self._tag}[call_number]"
        head = (
            f"{method} {uri} SIP/2.0\nVia: SIP/2.0/[transport] {here};"
            f"branch=z9hG4bK-[pid]-[call_number]-{self._tag}{branch}\nFrom:{from_}\nTo:{to}\n[call_id]CSEQ"
        ).replace("[call_id]CSEQ", f"Call-ID: [call_id]\nCSeq: {cseq} {method}\n")
        usual = ["Max-Forwards: 70", f"Contact: <sip:{self._me}@{here}>"]
        if "auth" in words:
            usual.append("[authentication]")
        if "rack" in words:
            usual.append(f"RAck: [$rseq] {self._invite[0]} INVITE")
        again = "" if method in {"ACK", "CANCEL"} else ' retrans="500"'
        return _send(head, usual, words, extras, again)

    def _target(self, method: str, words: list[str]) -> tuple[str, str]:
        """(Request-URI, To) of a request."""
        first = f"sip:{self._number}@[remote_ip]:[remote_port]"
        asked = next((word[4:] for word in words if word.startswith("uri=")), first)
        if not self._caller:
            return "[next_url]", "[$f]"
        if self._dialog and method != "CANCEL" and "outside" not in words:
            return "[next_url]", "[$peer]"
        keep_tag = method == "ACK" and self._peer_known
        return asked, "[$peer]" if keep_tag else f" <{first}>"


def _demand(extra: str) -> str:
    """A header or body line that must be there, or must not."""
    if extra.startswith("!"):
        return f'<ereg regexp=".+" search_in="hdr" header="{extra[1:]}:" check_it_inverse="true" assign_to="c"/>'
    name, _, regexp = extra.partition(":")
    if name == "body":
        return f'<ereg regexp={quoteattr(regexp.strip())} search_in="msg" check_it="true" assign_to="c"/>'
    kept = "rseq" if name == "RSeq" else "c"
    what = f'search_in="hdr" header="{name}:" check_it="true" assign_to="{kept}"'
    return f"<ereg regexp={quoteattr(regexp.strip())} {what}/>"


def _keep_invite() -> list[str]:
    pieces = (("v", "Via"), ("f", "From"), ("t", "To"))
    kept = [f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{key}"/>' for key, name in pieces]
    return [*kept, '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="n"/>']


def _send(head: str, usual: list[str], words: list[str], extras: list[str], again: str) -> str:
    body = next((word for word in words if word in BODIES), "")
    if body:
        usual = [*usual, f"Content-Type: {_TYPES.get(body, 'application/sdp')}"]
    replaced = {extra.partition(":")[0].lower() for extra in extras}
    lines = [line for line in usual if line.partition(":")[0].lower() not in replaced]
    head_lines = [line for line in head.splitlines() if line.partition(":")[0].lower() not in replaced]
    lines += [extra for extra in extras if extra.partition(":")[2].strip() != "-"]
    length = "" if "content-length" in replaced else "Content-Length: [len]\n" if body else "Content-Length: 0\n"
    text = "\n".join([*head_lines, *lines]) + "\n" + length + "\n" + (BODIES[body] if body else "")
    return f"<send{again}><![CDATA[\n{text}\n]]></send>"
