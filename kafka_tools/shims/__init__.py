"""Scripts under Apache's names that run ktools: existing scripts only get another directory on PATH."""
