"""Records kept in one SQLite file: `store.Store` reads it, `session` fills it as they are made."""
