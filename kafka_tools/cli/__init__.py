"""The command line: Apache's argv rules, one group of tools, errors in each tool's own style."""
