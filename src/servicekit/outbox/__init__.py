"""The outbox: effects (what shall happen outside), retry (when again, pure) and facts (what did happen).

Nothing in here performs anything: the relay in ``runtime`` does, and asks these values what it may do.
"""
