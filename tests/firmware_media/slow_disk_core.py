"""Run by `test_slow_disk.py` in a process of its own: one SIP end hears music, another speaks, and both are recorded.

Arguments: the port of the hearer, that of the speaker, the folder. Prints the local ports of both; every line on
standard input asks for `RecorderError`s so far; its end closes all.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from firmware.media.engine import Engine


def main(hearer_port: int, speaker_port: int, folder: Path) -> None:
    with contextlib.suppress(PermissionError):  # without a card's clock the engine asks for no priority of its own
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    engine = Engine(rtp_ports=range(46000, 46100), local_ip="127.0.0.1")
    engine.start()
    hearer, speaker = engine.open_stream(), engine.open_stream()
    for stream, port in ((hearer, hearer_port), (speaker, speaker_port)):
        stream.set_codec(8, "PCMA", None)
        stream.set_remote("127.0.0.1", port)
    player = engine.open_player(folder / "music.wav", loop=True)
    recorder = engine.open_recorder(folder / "call.wav")
    recorder.record(speaker.id, player.id)
    engine.listen(hearer.id, player.id)
    print(hearer.local_port, speaker.local_port, flush=True)
    for _ in sys.stdin:
        print([event for event in engine.drain() if type(event).__name__ == "RecorderError"], flush=True)
    recorder.close()
    engine.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
