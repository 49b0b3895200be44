"""The media engine's Python face and SDP."""
