"""Reading records: the console consumer."""
