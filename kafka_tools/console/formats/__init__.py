"""Records as text: one module for each way to print them."""
