"""The cards of all networks, one file a family."""
