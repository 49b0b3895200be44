"""Only for tests: found through PYTHONPATH, it lets SIGUSR2 hold core's GIL for 200 ms.

A busy Python loop would not do (it yields); a C call through PyDLL keeps the lock.
"""

import ctypes
import signal
import sys

if "firmware.app" in sys.orig_argv:
    signal.signal(signal.SIGUSR2, lambda *_: ctypes.PyDLL(None).usleep(200_000))
