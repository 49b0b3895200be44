"""Where log lines go: the systemd journal on the appliance, standard error elsewhere.

Core hands its lines to a thread, since whoever should read them may not: a terminal stopped with
Ctrl-S, a journal on a full card. Calls go on then; lines beyond a bound are counted, not kept.

The journal gets PORT, CALL and PEER as fields, read off the line's subject ("fxs1: …",
"call 17: …", "sip:201/4: …"), so that `journalctl CALL=17` tells one call's story.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time

MAX_WAITING = 4096
"""Lines that wait to be written; about 2 MiB."""
_GATHER_S = 0.02
_LAST_WORDS_S = 1.0
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


class StderrHandler(logging.Handler):
    """Writes to standard error on `flush`, everything since the last in one go."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def flush(self) -> None:
        octets = "".join(f"{line}\n" for line in self._lines).encode("utf-8", "backslashreplace")
        self._lines.clear()
        try:
            while octets:
                octets = octets[os.write(2, octets) :]
        except OSError:
            return  # nobody is there any more, and there is no other place to say so


class LogThread(logging.Handler):
    """Takes lines without ever waiting; a thread hands what has gathered to `target`, every 20 ms at most."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._waiting: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._lost = self._lost_told = 0
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        if self._waiting.qsize() >= MAX_WAITING:
            self._lost += 1
            return
        record.msg, record.args = record.getMessage(), None  # what is logged may change after this
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        self._waiting.put(record)

    def close(self) -> None:
        """Write what is left, for at most a second; `logging` calls this when the process ends."""
        self._waiting.put(None)
        self._thread.join(_LAST_WORDS_S)
        super().close()

    def _work(self) -> None:
        going = True
        while going:
            batch = [self._waiting.get()]
            if batch[0] is not None:
                time.sleep(_GATHER_S)
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            going = None not in batch
            for record in batch:
                if record is not None:
                    self._target.handle(record)
            self._target.flush()
            self._tell_lost()

    def _tell_lost(self) -> None:
        lost = self._lost - self._lost_told
        if lost:
            self._lost_told += lost
            text = f"log: {lost} lines were lost, they were not taken in time"
            self._target.handle(logging.LogRecord(__name__, logging.WARNING, "", 0, text, None, None))
            self._target.flush()


def set_up_logging(process: str, *, debug: bool = False, in_thread: bool = False) -> None:
    """Send everything from level info (debug) on to the journal, if systemd started us, else to standard error.

    in_thread: never wait for either. Not for a process that forks.
    """
    handler: logging.Handler | None = None
    if os.environ.get("JOURNAL_STREAM"):
        handler = _journal(process)
    if handler is None:
        handler = StderrHandler() if in_thread else logging.StreamHandler()
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s"))
    if in_thread:
        handler = LogThread(handler)
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
