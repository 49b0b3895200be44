"""Calibrations of the line chips, kept between starts: one small text file for each port.

With a stored calibration a port starts in a fraction of a second instead of several. A file
that was cut short or edited is not believed (CRC-32) and the chip is calibrated anew; whether
it belongs to the chip that answers is judged by `drivers/slic.py`.
"""

from __future__ import annotations

import logging
import os
import zlib
from pathlib import Path

log = logging.getLogger(__name__)

HEADING = "tipring calibration 1"


class CalibrationStore:
    """Files `PORT.calibration` in a folder, which is made when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, port: str) -> bytes | None:
        """The octets saved for `port`, or None when there are none to believe."""
        path = self._path(port)
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("%s: stored calibration cannot be read, calibrates anew (%s)", port, error)
            return None
        try:
            heading, octets, checksum = text.splitlines()
            kept = bytes.fromhex(octets)
            believed = heading == HEADING and int(checksum, 16) == zlib.crc32(kept)
        except ValueError:
            believed = False
        if not believed:
            log.warning("%s: stored calibration is damaged, calibrates anew (%s)", port, path)
            return None
        return kept

    def save(self, port: str, octets: bytes) -> None:
        """Keep `octets` for `port`; a full or read-only disk costs only the fast start."""
        path = self._path(port)
        text = f"{HEADING}\n{octets.hex()}\n{zlib.crc32(octets):08x}\n"
        fresh = path.with_suffix(".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            log.warning("%s: calibration cannot be stored (%s)", port, error)

    def _path(self, port: str) -> Path:
        return self.folder / f"{port}.calibration"
