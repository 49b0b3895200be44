"""Finds a spoken prompt by language and name: the installer's own recording before an installed set.

`<data>/prompts/<language>/<name>.wav` wins, so that any prompt can be replaced by recording it. The installed
sets are Debian's; README.md beside this file names them and their licences. Files are checked when they are
played (`Engine.open_player`), not here.
"""

from __future__ import annotations

import re
from pathlib import Path

SOUNDS = Path("/usr/share/asterisk/sounds")
SETS = {"es": "es_MX_f_Allison", "en": "en_US_f_Allison"}
"""Folder of each language's recorded set below SOUNDS."""
_NAME = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?")


class Prompts:
    """data: the folder of this appliance's own files. installed: where the recorded sets lie."""

    def __init__(self, data: Path, installed: Path = SOUNDS) -> None:
        self._own = data / "prompts"
        self._installed = installed

    def find(self, name: str, language: str) -> Path:
        """The file of prompt `name`, such as "hello-world" or "digits/5", in language "es" or "en".

        LookupError names every place where it should have been. ValueError: no name of a prompt, or no
        such language.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a prompt")
        if language not in SETS:
            raise ValueError(f"no prompts in language {language!r}; there are {', '.join(SETS)}")
        places = [folder / f"{name}.wav" for folder in (self._own / language, self._installed / SETS[language])]
        for place in places:
            if place.is_file():
                return place
        raise LookupError(f"prompt {name} ({language}) is neither {places[0]} nor {places[1]}")
