"""Finding SIP servers by name without ever standing in the way of a call (RFC 3263): locate, resolver, targets."""
