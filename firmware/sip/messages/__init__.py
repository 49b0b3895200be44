"""SIP messages: parsing on demand, writing, URIs, status codes."""
