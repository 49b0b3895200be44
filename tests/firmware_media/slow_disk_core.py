"""Run by `test_slow_disk.py` in a process of its own: one SIP end hears music, and both are recorded.

Arguments: the far end's port, the folder. Prints the local port; every line on standard input asks for `RecorderError`s
so far; its end closes all.
"""

from __future__ import annotations

import sys
from pathlib import Path

from firmware.media.engine import Engine


def main(far_port: int, folder: Path) -> None:
    engine = Engine(rtp_ports=range(46000, 46100), local_ip="127.0.0.1")
    engine.start()
    stream = engine.open_stream()
    stream.set_codec(8, "PCMA", None)
    stream.set_remote("127.0.0.1", far_port)
    player = engine.open_player(folder / "music.wav", loop=True)
    recorder = engine.open_recorder(folder / "call.wav")
    recorder.record(stream.id, player.id)
    engine.listen(stream.id, player.id)
    print(stream.local_port, flush=True)
    for _ in sys.stdin:
        print([event for event in engine.drain() if type(event).__name__ == "RecorderError"], flush=True)
    recorder.close()
    engine.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
