"""The loops that run once per installation, wherever the lease is held."""
