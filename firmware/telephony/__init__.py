"""Words of the trade: leg, cause, number, cadence, clock, countries."""
