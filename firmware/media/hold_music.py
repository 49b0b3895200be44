"""Music on hold: one piece after the other, the same for everybody who waits.

Listeners are given a mixer (`HoldMusic.id`) that hears the present piece's player, so nothing changes
for them from piece to piece. While nobody waits, mixer and player rest: no block, no disk. Who is put
on hold is decided in `pbx/call.py`.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import cycle
from pathlib import Path

from firmware.media.engine import Engine
from firmware.media.errors import BadSoundFile
from firmware.media.events import PlayerEnded
from firmware.media.files import Player

log = logging.getLogger(__name__)


class HoldMusic:
    """place: a WAV file, played in a loop, or a folder of them, played in the order of their names.

    Pieces that cannot be played are named in the log and left out; without any, and for place None, those
    on hold hear silence. Waits for the disk.
    """

    def __init__(self, engine: Engine, place: Path | None) -> None:
        self.id = 0
        """What those on hold listen to; 0: nothing."""
        self._engine = engine
        self._player: Player | None = None
        self._turn: asyncio.Task[None] | None = None
        pieces = [] if place is None else sorted(place.glob("*.wav")) if place.is_dir() else [place]
        self._loop = len(pieces) == 1
        self._pieces = cycle(pieces)
        self._count = len(pieces)
        if place is None:
            return
        if player := self._next():
            self.id = engine.open_mixer().id
            self._play(player)
        else:
            log.warning("music on hold: nothing in %s can be played; callers on hold hear silence", place)

    def ended(self, event: PlayerEnded) -> None:
        """A player came to its end; the next piece is opened in a thread when it was ours."""
        if self._player is not None and event.endpoint == self._player.id:
            self._turn = asyncio.get_running_loop().create_task(self._go_on(), name="next-hold-music")

    async def _go_on(self) -> None:
        player = await asyncio.to_thread(self._next)
        if player is None:
            log.warning("music on hold: no piece can be played any more; callers on hold hear silence")
        else:
            self._play(player)

    def _next(self) -> Player | None:
        """The next piece that can be played, opened."""
        for _ in range(self._count):
            piece = next(self._pieces)
            try:
                return self._engine.open_player(piece, loop=self._loop)
            except BadSoundFile as error:
                log.warning("music on hold: %s", error)
            except OSError as error:
                log.warning("music on hold: %s: %s", piece, error.strerror)
        return None

    def _play(self, player: Player) -> None:
        self._engine.listen(self.id, player.id)
        if self._player is not None:
            self._player.close()
        self._player = player
