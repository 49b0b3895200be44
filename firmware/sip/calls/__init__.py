"""SIP calls: legs, dialogs, and the INVITEs that make them."""
