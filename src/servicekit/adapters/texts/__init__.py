"""adapters/texts."""
