"""Views: they draw the state and forward gestures; no decisions about networks."""
