"""What other services tell us: each under `/webhook/`, in its own format and with its own proof of who it is."""
