"""For your own tests: simulators of the vendors, checks of exchanges against a vendor's description, a clock set by hand.

Rules kept here: importing a module of this package imports no test library and opens nothing (but for ``conformance``, which
is made of tests); what needs one
(aiosmtpd for mailboxes, jsonschema for contracts) asks for it when it is used and names the extra that has it.
"""
