"""What the window shows and may do: QtCore and QtGui, no widgets, no torch in the GUI thread."""
