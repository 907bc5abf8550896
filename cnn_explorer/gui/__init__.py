"""The window: `state` holds what it shows and may do, `widgets` draw it."""
