"""The numbered migrations, as SQL files: each is applied once, in order, and never changed after a release."""
