"""Frames from cameras, video files and the screen: the room of QtMultimedia."""
