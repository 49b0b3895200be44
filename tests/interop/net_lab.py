"""A small Internet of network namespaces with the kernel's own NAT, for tests: no root needed where users may unshare.

A `Namespace` is held by a process that also makes sockets in it and hands them over, so that peers
written in Python live in the test's process and yet in another network. `Lab` joins public hosts by a
router that knows no private address; a `NatRouter` hides a home network behind one public address.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from tests.interop.host import Host

GATEWAY = "192.0.2.1"
"""Of every public host: the middle of the Internet."""
HOME = "192.168.1"
"""The first three numbers of every home network: all have the same ones, as in real life."""

_HOLDER = """
import socket, sys
ours = socket.socket(fileno=int(sys.argv[1]))
ours.send(b"ready")
while kind := ours.recv(1):
    made = socket.socket(socket.AF_INET, kind[0])
    socket.send_fds(ours, [b"made"], [made.fileno()])
    made.close()
"""


class Lab:
    """`with Lab() as lab:` ends every namespace with the block."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.enter: list[str] = []
        self._links = 0

    def __enter__(self) -> Lab:
        self.enter = self._privileges()
        self.internet = Namespace(self, GATEWAY)
        self.internet.sh(f"ip addr add {GATEWAY}/32 dev lo; {_FORWARD}")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _privileges(self) -> list[str]:
        """What goes before a command so that it may make namespaces: nothing for root, else a user namespace."""
        if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0:
            return []
        keeper = subprocess.Popen(
            ["unshare", "-Ur", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.keep(keeper)
        assert keeper.stdout is not None
        if not keeper.stdout.readline():
            raise AssertionError(
                "the NAT laboratory needs root, or a kernel that lets users unshare (unshare -Urn): neither works here"
            )
        return ["nsenter", "-t", str(keeper.pid), "-U", "--preserve-credentials"]

    def hold(self, line: socket.socket) -> None:
        """Keep a line to a namespace's holder, which ends when it is closed, until the lab ends."""
        self._stack.callback(line.close)

    def keep(self, process: subprocess.Popen[bytes]) -> None:
        """End `process` with the lab."""

        def end() -> None:
            process.kill()
            process.communicate()

        self._stack.callback(end)

    def join(self, upper: Namespace, lower: Namespace, gateway: str, name: str = "eth0") -> str:
        """A cable: `lower` reaches everything by its end `name` over `gateway` in `upper`; the upper end's name."""
        self._links += 1
        end = f"to{self._links}"
        upper.run("ip", "link", "add", end, "type", "veth", "peer", "name", name, "netns", str(lower.pid))
        upper.sh(f"ip addr add {gateway}/32 dev {end}; ip link set {end} up; ip route add {lower.ip}/32 dev {end}")
        lower.sh(
            f"ip addr add {lower.ip}/32 dev {name}; ip link set {name} up;"
            f"ip route add {gateway}/32 dev {name}; ip route add default via {gateway}"
        )
        return end

    def public_host(self, ip: str) -> Namespace:
        """A machine on the open Internet."""
        host = Namespace(self, ip)
        self.join(self.internet, host, GATEWAY)
        return host


_FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward"


class Namespace(Host):
    """One machine with one address."""

    def __init__(self, lab: Lab, ip: str) -> None:
        self.lab = lab
        self.ip = ip
        self._holder, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [*lab.enter, "unshare", "-n", sys.executable, "-S", "-E", "-c", _HOLDER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )
        lab.keep(process)
        lab.hold(self._holder)
        self.pid = process.pid
        self._holder.settimeout(10)
        assert self._holder.recv(5) == b"ready", "no network namespace"
        self.sh("ip link set lo up")

    def socket(self, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        self._holder.send(bytes([kind]))
        _, (number,), _, _ = socket.recv_fds(self._holder, 4, 1)
        return socket.socket(fileno=number)

    def argv(self, argv: list[str]) -> list[str]:
        return [*self.lab.enter, "nsenter", "-t", str(self.pid), "-n", *argv]

    def run(self, *argv: str, given: str | None = None) -> str:
        """Run a command to its end; AssertionError with what it said when it fails."""
        done = subprocess.run(self.argv(list(argv)), check=False, input=given, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}{given or ''}"
        return done.stdout

    def sh(self, script: str) -> None:
        self.run("sh", "-e", "-c", script)


class NatRouter(Namespace):
    """A home router: private hosts behind one public address. nft: its NAT rules, see below."""

    def __init__(self, lab: Lab, ip: str, rules: str) -> None:
        super().__init__(lab, ip)
        lab.join(lab.internet, self, GATEWAY, "wan")
        self.sh(_FORWARD + "; echo 1 > /proc/sys/net/ipv4/conf/all/proxy_arp")
        try:
            self.run("nft", "-f", "-", given=rules.replace("PUBLIC", ip))
        except AssertionError as error:
            raise AssertionError(f"the NAT laboratory needs nftables with NAT in the kernel: {error}") from error

    def inside(self, number: int = 20) -> Namespace:
        """A host in the home network, by the last number of its address."""
        host = Namespace(self.lab, f"{HOME}.{number}")
        end = self.lab.join(self, host, f"{HOME}.1")
        host.sh(f"ip addr add {host.ip}/24 dev eth0")  # as phones have it: the home network is theirs too
        self.sh(f"echo 1 > /proc/sys/net/ipv4/conf/{end}/proxy_arp")
        return host


def router_table(nat: str, forward: str, sets: str = "", out: str = "", open_port: int = 0) -> str:
    """The rules of a home router. nat, out: of its prerouting and postrouting chains. open_port: UDP, to itself."""
    return f"""
        table ip home {{
            {sets}
            chain pre {{ type nat hook prerouting priority -100; {nat} }}
            chain post {{ type nat hook postrouting priority 100; {out} }}
            chain input {{
                type filter hook input priority 0;
                iifname "wan" udp dport != {open_port} ct state new drop
            }}
            chain forward {{
                type filter hook forward priority 0; policy drop;
                iifname != "wan" {forward}
                ct state established,related accept
                ct status dnat accept
            }}
        }}"""


MASQUERADE = 'oifname "wan" masquerade;'
FULL_CONE = router_table(
    f'iifname "wan" meta l4proto udp dnat to {HOME}.20;', "accept", out='oifname "wan" snat to PUBLIC;'
)
"""Whoever sends to a port reaches the phone."""
ADDRESS_RESTRICTED = router_table(
    f'iifname "wan" ip saddr @met meta l4proto udp dnat to {HOME}.20;',
    "update @met { ip daddr } accept",
    sets="set met { type ipv4_addr; flags dynamic,timeout; timeout 60s; }",
    out='oifname "wan" snat to PUBLIC;',
)
"""Any port of a machine that the phone has sent to reaches it."""
PORT_RESTRICTED = router_table("", "accept", out=MASQUERADE)
"""Only who was sent to answers; the port is kept where it is free."""
SYMMETRIC = router_table(
    "", "accept", out='oifname "wan" meta l4proto udp masquerade random,fully-random;' + MASQUERADE
)
"""Another port for every destination."""


def forwarding(ports: Sequence[str], number: int = 10) -> str:
    """A masquerading router that forwards UDP `ports` to a host inside, also for hosts inside (hairpin)."""
    listed = ", ".join(ports)
    return router_table(
        f"ip daddr PUBLIC udp dport {{ {listed} }} dnat to {HOME}.{number};",
        "accept",
        out=f"{MASQUERADE} ip saddr {HOME}.0/24 ct status dnat masquerade;",
    )
