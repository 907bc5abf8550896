"""The networks: what they are, how they are built, where their weights are."""
