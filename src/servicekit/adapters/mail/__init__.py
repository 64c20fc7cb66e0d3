"""Mail out over SMTP (:mod:`.smtp`), and mail in over SMTP or LMTP (:mod:`.listener`, extra ``gateway``)."""
