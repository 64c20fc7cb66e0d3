"""The runtime: what touches the world on behalf of the rules. Drivers of HTTP flows, the relay, clock and randomness."""
