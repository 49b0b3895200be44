"""The exchange: legs meet here."""
