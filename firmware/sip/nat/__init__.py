"""Calls through NAT routers: which address a peer is told, STUN, keep-alives, and routers that rewrite SIP."""
