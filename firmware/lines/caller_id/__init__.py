"""Caller ID and message waiting as a telephone line sends them; begin reading in `sending.py`."""
