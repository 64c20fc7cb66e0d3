"""A small portal with real pages, on the kit: ``python -m examples.portal``. See README.md beside this file.

What the application does itself: pages, passwords, sessions, and to know which of its bookings are whose. What it leaves to
the kit: who may see and do what, what becomes of it outside, and the log of it.
"""
