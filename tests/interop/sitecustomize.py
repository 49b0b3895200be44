"""Only for tests: found through PYTHONPATH, it is loaded by every Python process of a site.

SIGUSR2 holds core's GIL for 300 ms; a busy Python loop would not do (it yields), a C call through
PyDLL keeps the lock. With TIPRING_LOOKUPS, a file, each host name asked of the system is noted there.
"""

import ctypes
import os
import signal
import sys

if "firmware.app" in sys.orig_argv:
    signal.signal(signal.SIGUSR2, lambda *_: ctypes.PyDLL(None).usleep(300_000))

if "TIPRING_LOOKUPS" in os.environ:
    from name_lookups import tell

    _notes = os.open(os.environ["TIPRING_LOOKUPS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _note(event: str, host: str) -> None:
        os.write(_notes, f"{event} {host} {' '.join(sys.orig_argv[1:4])}\n".encode())

    _note("started", "-")
    tell(_note)
