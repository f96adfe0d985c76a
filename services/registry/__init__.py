"""Who and what may take part: organisations, licences, vehicles, tanks, people, permits, each fact dated."""
