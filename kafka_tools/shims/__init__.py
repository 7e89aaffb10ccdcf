"""Scripts under the names of Apache's tools that run ktools, so that existing scripts need not change."""
