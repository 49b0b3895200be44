"""The SIP stack: message, digest, transport, transaction, dialog, registrar, legs."""
