"""Who talks to us: units they belong to, what they were told and chose about their data."""
