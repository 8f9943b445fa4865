"""The store, one SQLite file of records: `store.Store` reads it, `session` fills it as records are made."""
