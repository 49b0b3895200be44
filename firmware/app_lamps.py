"""What people may tell core about messages that wait: the verb `lamp` of its socket.

Voice mail tells lines directly; this is for message takers outside, a script or a reception desk (`tipring lamp`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware.control.messages import ControlError
from firmware.lines.fxs_line import FxsLine

MOST = 9999


class CoreLamps:
    """lines: by port name."""

    def __init__(self, lines: Mapping[str, FxsLine]) -> None:
        self._lines = lines

    async def lamp(self, args: dict[str, Any]) -> dict[str, Any]:
        """port: a line. messages: how many wait for its telephone, 0 to MOST. Answers with both."""
        port, messages = str(args.get("port")), args.get("messages")
        if port not in self._lines:
            raise ControlError(f"port is {port!r}, allowed {', '.join(self._lines)}")
        if not isinstance(messages, int) or isinstance(messages, bool) or not 0 <= messages <= MOST:
            raise ControlError(f"messages is {messages!r}, allowed 0 to {MOST}")
        self._lines[port].sender.message_waiting(messages)
        return {"port": port, "messages": messages}
