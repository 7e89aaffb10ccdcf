"""Which cluster, and how to reach it: one module, one answer."""
