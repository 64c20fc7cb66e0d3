"""adapters/doors."""
