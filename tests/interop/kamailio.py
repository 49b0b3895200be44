"""kamailio 5.6 as the servers that stand between telephones and us, with a script the test writes.

Three of them: `EDGE`, an operator's proxy in front of us; `operator`, whom we call and who rings several
telephones at one time; `REFUSING`. Its own system service is never used: every instance has free ports.
"""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tests.interop.processes import Process, eventually, free_port
from tests.sip.certificates import Authority

_HEAD = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
tcp_connect_timeout=2
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "path.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("rr", "enable_double_rr", 1)
modparam("tm", "fr_timer", 2000)
modparam("auth", "force_stateless_reply", 1)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "gruu_enabled", 0)
"""

_IN_DIALOG = """\
request_route {
    if (!mf_process_maxfwd_header("30")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (has_totag()) {
        xlog("L_NOTICE", "in a dialog: $rm\\n");
        if (loose_route() || is_method("ACK") && t_check_trans()) t_relay();
        else if (!is_method("ACK")) sl_send_reply("481", "Not Here");
        exit;
    }
    t_check_trans();
"""

EDGE = """\
    if ($proto == "tcp") { loose_route(); record_route(); t_relay(); exit; }      # from us, by a Path
    if (is_method("REGISTER")) {
        add_path();
        if (is_present_hf("Expires") && $hdr(Expires) != "0") { remove_hf("Expires"); append_hf("Expires: 60\\r\\n"); }
    } else if (is_method("INVITE") && !($ua =~ "^Linphone")) {
        $var(secret) = "secret-" + $fU;
        if (!pv_proxy_authenticate("edge.test", "$var(secret)", "0")) {
            auth_challenge("edge.test", "1");
            exit;
        }
    }
    if (is_method("INVITE")) record_route();
    $du = "sip:127.0.0.1:%d;transport=tcp";
    t_relay();
}
"""
"""An operator's proxy: telephones over UDP, us over TCP. %d: our port.

Nobody stays registered for over a minute. It asks for their password itself and leaves it in, so that calls bring
two; but linphone 5.1 brings only what the last challenge asked for, so it is not asked.
"""


def operator(user: str = "", password: str = "") -> str:
    """A registrar that believes everybody and rings all telephones of a user at one time.

    With `user`, only that one's calls are let in, against its password.
    """
    gate = f"""\
    else if (is_method("INVITE") && !pv_proxy_authenticate("operator.test", "{password}", "0")) {{
        xlog("L_NOTICE", "asked $fU for a password\\n");
        auth_challenge("operator.test", "1");
    }}
    else if (is_method("INVITE") && !consume_credentials()) exit;
"""
    return f"""\
    if (is_method("REGISTER")) save("location");
{gate if user else ""}\
    else if (!lookup("location")) sl_send_reply("404", "Nobody Here");
    else {{
        record_route();
        t_relay();
    }}
}}
"""


REFUSING = """\
    sl_send_reply("503", "Service Unavailable");
}
"""
"""A server under repair."""


class Kamailio:
    """One server. script: what becomes of requests outside dialogs. authority: it then takes TLS and IPv6 as well."""

    def __init__(self, folder: Path, script: str, authority: Authority | None = None) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self.tls_port = free_port(socket.SOCK_STREAM)
        self.folder = folder / f"kamailio-{self.port}"
        self.folder.mkdir()
        settings = self.folder / "kamailio.cfg"
        settings.write_text(_HEAD + self._listening(authority) + _IN_DIALOG + script)
        argv = ["kamailio", "-DD", "-E", "-f", str(settings), "-m", "16", "-M", "4", "-Y", str(self.folder)]
        self.process = Process("kamailio", argv, self.folder / "log", start_new_session=True)
        eventually("kamailio listens", self._listens)

    def _listening(self, authority: Authority | None) -> str:
        modules = next(Path("/usr/lib").glob("*/kamailio/modules"))
        places = [f"udp:127.0.0.1:{self.port}", f"tcp:127.0.0.1:{self.port}"]
        text = f'mpath="{modules}"\n'
        if authority is not None:
            certificate, key = authority.sign(f"kamailio-{self.port}")
            places += [f"udp:[::1]:{self.port}", f"tls:127.0.0.1:{self.tls_port}"]
            text += (
                'enable_tls=yes\nloadmodule "tls.so"\nmodparam("tls", "tls_method", "TLSv1.2+")\n'
                f'modparam("tls", "certificate", "{certificate}")\nmodparam("tls", "private_key", "{key}")\n'
            )
        return "".join(f"listen={place}\n" for place in places) + text

    def _listens(self) -> bool:
        assert self.process.alive(), self.process.output()
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def output(self) -> str:
        return self.process.output()

    def stop(self) -> None:
        """All of its processes at once; asked politely, it sometimes waits for itself for a minute."""
        if self.process.alive():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
