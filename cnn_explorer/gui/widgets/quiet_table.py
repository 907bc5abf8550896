"""Tables as all panels have them: quiet rows, chosen whole."""

from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars


class QuietTable(QTableView):
    """Whole rows are chosen; Tab leaves the table."""

    def __init__(self, spare: int = 8) -> None:
        """Rows are `spare` pixels taller than their text."""
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFont(theme.text_font(theme.SMALL))
        self.horizontalHeader().setFont(theme.text_font(theme.SMALL))
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + spare)
        quiet_bars(self)
