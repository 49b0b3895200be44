"""Where core's socket and its neighbours live.

The folder holds `core.sock`, on the simulated board also `simboard.spi` and `simboard.rig`,
and the supervisor's `tipring.lock`. Every process finds it by the same rule.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from firmware.control.messages import ControlError

APPLIANCE = Path("/run/tipring")
_SUN_PATH_OCTETS = 107


def run_folder() -> Path:
    """The folder of sockets: that of $TIPRING_SOCKET, else /run/tipring, else /tmp/tipring-UID.

    /run/tipring is used by root, or when it exists and is ours; the /tmp one is made private.
    Raises ControlError when the folder cannot be trusted.
    """
    given = os.environ.get("TIPRING_SOCKET")
    if given:
        return Path(given).absolute().parent
    uid = os.getuid()
    if uid == 0:
        APPLIANCE.mkdir(mode=0o755, exist_ok=True)
        return APPLIANCE
    if APPLIANCE.is_dir() and APPLIANCE.stat().st_uid == uid:
        return APPLIANCE
    return private_folder(Path(f"/tmp/tipring-{uid}"))


def core_socket() -> Path:
    """Path of core's socket. Raises ControlError as `run_folder` does."""
    given = os.environ.get("TIPRING_SOCKET")
    return Path(given).absolute() if given else run_folder() / "core.sock"


def private_folder(folder: Path) -> Path:
    """Make `folder` for us alone. In /tmp anybody could have made it first, so ownership is checked."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ControlError(f"{folder} belongs to somebody else; set TIPRING_SOCKET to another path") from None
        if found.st_mode & 0o077:
            folder.chmod(0o700)
    return folder


def check_length(path: Path) -> None:
    """Raise ControlError when `path` is too long for a Unix socket (107 octets, unix(7))."""
    if len(os.fsencode(path)) > _SUN_PATH_OCTETS:
        raise ControlError(f"{path} is too long for a socket; choose a shorter folder with TIPRING_SOCKET")
