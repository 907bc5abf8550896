"""Training: data sets and recipes, run in a process of its own."""
