"""testing/simulators."""
