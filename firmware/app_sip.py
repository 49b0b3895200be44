"""From the settings file's words to those of the SIP room, which knows nothing of that file. Used by `app.py`."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.config.load import Loaded
from firmware.media.codec_table import CODECS, ORDER, CodecName
from firmware.sip.settings import SipSettings, SipUser
from firmware.version import VERSION


def sip_settings(loaded: Loaded) -> SipSettings:
    """[sip], and of [media] and [users] what the agent must know."""
    sip = loaded.settings.sip
    return SipSettings(
        listen_ip=next((ip for ip in sip.listen if ":" not in ip), ""),
        listen_ip6=next((ip for ip in sip.listen if ":" in ip), ""),
        udp_port=sip.udp_port,
        tcp_port=(sip.udp_port if sip.tcp_port is None else sip.tcp_port) or None,
        tls_port=sip.tls_port,
        tls_certificate=sip.tls_certificate or "",
        tls_key=sip.tls_key or "",
        tls_client_ca=sip.tls_client_ca or "",
        tls_ca=sip.tls_ca or "",
        size_switch=sip.size_switch,
        advertise_ip=sip.advertise,
        public_address=sip.public_address,
        stun_server=sip.stun_server or "",
        local_networks=sip.local_networks,
        force_rport=sip.force_rport,
        keepalive_s=sip.keepalive_s,
        trusted_networks=sip.trusted_networks,
        dns_servers=sip.dns_servers,
        min_expires_s=sip.min_expires_s,
        max_expires_s=sip.max_expires_s,
        default_expires_s=sip.default_expires_s,
        user_agent=f"Tipring/{VERSION}",
        domains=sip.domains,
        follow_redirects=sip.follow_redirects,
        step_ring_s=sip.step_ring_s,
        session_expires_s=sip.session_expires_s,
        require_100rel=sip.require_100rel,
        dtmf=sip.dtmf,
        codecs=_codecs(loaded.settings.media.codecs) or ORDER,
        user_codecs={number: _codecs(user.codecs) for number, user in loaded.settings.users.items() if user.codecs},
    )


def _codecs(names: Sequence[str]) -> tuple[CodecName, ...]:
    return tuple(dict.fromkeys(CODECS[name.upper()].name for name in names))


def sip_users(loaded: Loaded) -> dict[str, SipUser]:
    """The accounts by their number."""
    return {
        number: SipUser(number, user.name, user.ha1_md5, user.ha1_sha256)
        for number, user in loaded.settings.users.items()
    }
