"""adapters/meetings."""
