"""Who may call and where users are reached: gate, digest, registrar."""
