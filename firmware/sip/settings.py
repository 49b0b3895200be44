"""What the SIP agent is told at start: its settings and its users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.media.codec_table import ORDER, CodecName

REALM = "tipring"
"""The digest realm; a constant, since the stored HA1 values depend on it."""


@dataclass(frozen=True, slots=True)
class SipUser:
    """One account. ha1_md5, ha1_sha256: H(user:tipring:password) in lower-case hex; "" if not known."""

    user: str
    name: str = ""
    ha1_md5: str = ""
    ha1_sha256: str = ""


@dataclass(frozen=True, slots=True)
class SipSettings:
    """listen_ip "0.0.0.0" and listen_ip6 "::" are every interface; "" does without that family.

    Ports: 0 lets the system choose; None does without that transport. tls_...: paths of PEM files
    (`transports/certificates.py`). size_switch: "auto", "always", "never" (`transactions/size_switch.py`).
    advertise_ip: the address every peer is told when it is not the local one, else None.
    public_address: what peers outside are told: an IPv4 address, or "auto" for what stun_server says.
    stun_server: "host" or "host:port", "" for none. local_networks: see `OwnAddresses`.
    force_rport: answer a request through NAT to its source also where the client asks for no rport.
    keepalive_s: time between packets that keep a registered phone's NAT router open; 0: none.
    trusted_networks: "192.0.2.0/24": INVITEs from there need no credentials, but reach no line port.
    dns_servers: numeric addresses of name servers; () asks those of /etc/resolv.conf.
    domains: names of this house besides its addresses and the realm.
    Expires in s. max_calls: SIP legs at one time; more are answered 503.
    step_ring_s: how long telephones of one q ring before those of the next lower q.
    follow_redirects: where a telephone's 3xx may lead: "no", "users" (numbers of this house), "any".
    session_expires_s: how often a call is confirmed to be alive (RFC 4028), 90 and more.
    codecs: those allowed, the preferred one first; user_codecs: the same for users that have a list of their own.
    dtmf: how peers get digits: "rtp", "inband", "info", or "auto" (`SipLeg`).
    require_100rel: callers that cannot acknowledge provisional responses (RFC 3262) are refused.
    """

    listen_ip: str = "0.0.0.0"
    listen_ip6: str = ""
    udp_port: int = 5060
    tcp_port: int | None = None
    tls_port: int | None = None
    tls_certificate: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    tls_ca: str = ""
    size_switch: str = "auto"
    advertise_ip: str | None = None
    public_address: str = "auto"
    stun_server: str = ""
    local_networks: tuple[str, ...] = ()
    force_rport: bool = True
    keepalive_s: float = 25.0
    trusted_networks: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    min_expires_s: int = 60
    max_expires_s: int = 3600
    default_expires_s: int = 3600
    user_agent: str = "Tipring"
    max_calls: int = 2000
    nonce_life_s: int = 600
    step_ring_s: float = 20.0
    follow_redirects: str = "users"
    session_expires_s: int = 1800
    require_100rel: bool = False
    dtmf: str = "auto"
    codecs: tuple[CodecName, ...] = ORDER
    user_codecs: Mapping[str, tuple[CodecName, ...]] = field(default_factory=dict)

    def codecs_of(self, user: str) -> tuple[CodecName, ...]:
        """What may be agreed on with the telephones of `user`, or with anybody else."""
        return self.user_codecs.get(user, self.codecs)

    @property
    def listen(self) -> tuple[str, ...]:
        """The addresses listened on, one of each family."""
        return tuple(ip for ip in (self.listen_ip, self.listen_ip6) if ip)
