"""FXS port machines, dialling, line profiles."""
