"""The protocol on core's socket."""
