"""Settings: one declaration each."""
