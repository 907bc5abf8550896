"""A small window that asks for one of a network's layers."""

from PySide6.QtCore import QModelIndex, QSize, QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListView, QVBoxLayout, QWidget

from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.widgets import theme


class _SearchLine(QLineEdit):
    """Up and down go through what was found."""

    moved = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in steps:
            self.moved.emit(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class LayerChooser(QDialog):
    """All layers that put something out, in forward order; what is typed narrows them."""

    layer_chosen = Signal(str)

    def __init__(
        self, graph: LayerGraph, title: str, current: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Layer of {}").format(title))
        layers = [
            layer for layer in graph.layers
            if not layer.training_only and layer.kind not in ("input", "output")
        ]  # fmt: skip
        self._names = [layer.name for layer in layers]
        texts = [f"{layer.name}   {format_shape(layer.out_shape)}" for layer in layers]
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(QStringListModel(texts, self))
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = _SearchLine()
        self.search.setPlaceholderText(self.tr("Search layers"))
        self.search.setAccessibleName(self.tr("Search layers"))
        self.search.setToolTip(self.tr("Type a part of a layer's name; Enter takes it."))
        self.list = QListView()
        self.list.setModel(self._found)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName(self.tr("Layers"))
        self.list.setToolTip(self.tr("Layers in forward order, with the sizes of their outputs."))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.MARGIN] * 4)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        self.search.textChanged.connect(self._on_typed)
        self.search.moved.connect(self._on_moved)
        self.search.returnPressed.connect(self._on_return)
        self.list.clicked.connect(self._take)
        self.list.activated.connect(self._take)
        at = self._names.index(current) if current in self._names else 0
        self.list.setCurrentIndex(self._found.index(at, 0))
        self.list.scrollTo(self.list.currentIndex())

    def _on_typed(self, text: str) -> None:
        self._found.setFilterFixedString(text)
        if not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self._found.index(0, 0))

    def _on_moved(self, step: int) -> None:
        row = self.list.currentIndex().row() + step
        index = self._found.index(min(max(row, 0), self._found.rowCount() - 1), 0)
        self.list.setCurrentIndex(index)

    def _on_return(self) -> None:
        self._take(self.list.currentIndex())

    def _take(self, index: QModelIndex) -> None:
        if index.isValid() and self.isVisible():
            name = self._names[self._found.mapToSource(index).row()]
            self.accept()
            self.layer_chosen.emit(name)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(400, 460)
