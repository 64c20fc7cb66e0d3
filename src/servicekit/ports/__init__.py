"""Ports: what the use cases ask of the outside, in plain types and without any vendor's word.

Each port is a ``Protocol`` with a set of capabilities as data. HTTP vendors answer with an :data:`~servicekit.ports.http.HttpFlow`,
a generator that yields requests and is driven by ``runtime``; so an adapter is written once for sync and async callers.
"""
