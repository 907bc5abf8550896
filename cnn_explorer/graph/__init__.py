"""A network as a drawing: extraction, hierarchy, metrics, layout, export. No Qt."""
