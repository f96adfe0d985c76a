"""Pure geography: no wire, no database, no clock."""
