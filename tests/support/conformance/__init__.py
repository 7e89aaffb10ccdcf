"""The recorded cases and idioms: how they are read, replayed, recorded and summed up."""
