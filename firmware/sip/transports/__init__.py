"""Carrying SIP over the network."""
