"""SIP transactions: the four machines, their timers, and the layer that finds them."""
