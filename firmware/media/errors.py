"""What the media engine raises to those who ask it for something."""


class PortsExhausted(Exception):
    """No RTP port is free; SIP answers 503, cause 47."""


class BadSoundFile(ValueError):
    """A sound file cannot be played; the text names the file and what is wrong with it."""
