"""Where log lines go: the systemd journal on the appliance, standard error elsewhere.

The journal gets PORT, CALL and PEER as fields, read off the line's subject ("fxs1: …",
"call 17: …", "sip:201/4: …"), so that `journalctl CALL=17` tells one call's story.
"""

from __future__ import annotations

import logging
import os
import re
import sys

_PORT = re.compile(r"^((?:fxs|fxo|bri)\d+)\b")
_CALL = re.compile(r"\bcall (\S+?)[:, ]")
_PEER = re.compile(r"^(sip:[^/: ]+)")


class JournalFields(logging.Filter):
    """Adds PORT, CALL and PEER to a record where its text names them."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for name, pattern in (("PORT", _PORT), ("CALL", _CALL), ("PEER", _PEER)):
            found = pattern.search(text)
            if found:
                setattr(record, name, found.group(1))
        return True


def set_up_logging(process: str, *, debug: bool = False) -> None:
    """Send everything from level info (debug) on to the journal, if systemd started us, else to standard error."""
    handler: logging.Handler | None = None
    if os.environ.get("JOURNAL_STREAM"):
        handler = _journal(process)
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)
    # No line shows thread, process or source line; finding them out would double what a line costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _journal(process: str) -> logging.Handler | None:
    try:
        from systemd.journal import JournalHandler
    except ImportError:
        return None
    handler: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER=f"tipring-{process}")
    handler.addFilter(JournalFields())
    return handler
