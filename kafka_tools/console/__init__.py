"""The loops of the console tools. They know no command line and no renderer; progress and tables are handed in."""
