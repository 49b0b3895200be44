"""What both ends of the rig socket know: its name, its limits, its one error.

The rig socket is the outside of the lines for `tipring rig`, `hil/` and tests:
newline JSON, one request at a time per connection,
`{"id": 1, "do": "phone.lift", "args": {"port": "fxs1"}}` answered by
`{"id": 1, "ok": {...}}` or `{"id": 1, "error": "sentence"}`. Standard library
only: the command line imports it. Next: `rig_client.py`, `rig_server.py`.
"""

SOCKET_NAME = "simboard.rig"
"""File of the rig socket in the run folder."""
SPI_SOCKET_NAME = "simboard.spi"
"""File of the SPI, GPIO and PCM socket beside it."""
LINE_LIMIT_OCTETS = 1 << 20


class RigError(Exception):
    """The rig cannot do what was asked; the text is a sentence for the person who asked."""
