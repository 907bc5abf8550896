"""Run a network and look inside: preprocessing, sessions, capture, filters, pictures of maps."""
