"""What drawings and figures can be saved as, known without what writes them."""

DRAWINGS = (".svg", ".png", ".pdf", ".json", ".dot")
"""Endings of a network's graph."""
FIGURES = (".png", ".svg")
"""Endings of maps and kernels with their colour bar."""
