"""Simulated chips, copper and telephones, and the process that is the simulated board."""
