"""What touches copper: chips, buses, the PCM highway. Nothing of the firmware is imported here."""
