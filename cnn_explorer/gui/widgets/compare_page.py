"""The page that compares networks: columns of maps, a table of answers, and what else is added."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QSlider,
    QSpinBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.comparison_state import (
    FEWEST_ROWS,
    MOST_ROWS,
    ComparisonState,
    wanted_of,
)
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.compare_answers import CompareAnswers
from cnn_explorer.gui.widgets.compare_maps import CompareMaps
from cnn_explorer.gui.widgets.panel_parts import ColourBar, IconButton, QuietLabel, ScaleBox
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.weights import at_hand
from cnn_explorer.probe.cells import row_of
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.compare_figure import legend_of
from cnn_explorer.probe.comparison import MOST_NETWORKS
from cnn_explorer.text import in_menu


class ComparePage(QWidget):
    """What is compared and how, above the tabs that show it."""

    save_asked = Signal()
    leave_asked = Signal()

    def __init__(
        self, state: ComparisonState, explorer: Explorer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._explorer = explorer
        self.maps = CompareMaps(state)
        self.answers = CompareAnswers(state)
        self.rule_box = self._box(
            (
                ("stride", self.tr("By stride")),
                ("depth", self.tr("By depth")),
                ("receptive", self.tr("By receptive field")),
                ("hand", self.tr("By hand")),
            ),
            self.tr("Rows"),
            self.tr(
                "Which layers stand side by side: those of the same output stride, at the same "
                "share of the depth, that see as much of the picture, or the ones you choose."
            ),
        )
        self.show_box = self._box(
            (
                ("mean", self.tr("Mean")),
                ("strongest", self.tr("Strongest")),
                ("components", self.tr("Components")),
                ("channel", self.tr("Channel")),
            ),
            self.tr("What cells show"),
            self.tr(
                "What of a layer's maps: the mean over the channels, the channel with the largest "
                "mean, the first three principal components as red, green and blue, or a channel."
            ),
        )
        self.channel_box = QSpinBox()
        self.channel_box.setRange(0, 9999)
        self.channel_box.setAccessibleName(self.tr("Channel"))
        self.channel_box.setToolTip(self.tr("The channel of every layer, counted from 0."))
        self.channel_box.setKeyboardTracking(False)
        self.scale_box = ScaleBox()
        self.rows_box = QSpinBox()
        self.rows_box.setRange(FEWEST_ROWS, MOST_ROWS)
        self.rows_box.setAccessibleName(self.tr("Most rows"))
        self.rows_box.setToolTip(self.tr("How many rows to show at most, besides pinned ones."))
        self.rows_box.setSuffix(self.tr(" rows"))
        self.rows_box.setKeyboardTracking(False)
        self.shine = QSlider(Qt.Orientation.Horizontal)
        self.shine.setRange(0, 100)
        self.shine.setFixedWidth(64)
        self.shine.setAccessibleName(self.tr("Picture through the maps"))
        self.shine.setToolTip(self.tr("How much of the picture is seen through all maps."))
        self.go_on_button = QToolButton()
        self.go_on_button.setText(self.tr("Go On"))
        self.go_on_button.setToolTip(self.tr("Run the networks that were stopped."))
        self.go_on_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.add_button = IconButton(
            "ph.plus", self.tr("Add Network"), self.tr("Add a network to the comparison.")
        )
        self.add_menu = QMenu(self)
        self.add_menu.setToolTipsVisible(True)
        self.add_button.setMenu(self.add_menu)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.save_button = IconButton(
            "ph.export", self.tr("Save Comparison"),
            self.tr("Save the comparison as PNG, HTML or JSON (Ctrl+Shift+S)."),
        )  # fmt: skip
        self.leave_button = IconButton(
            "ph.x", self.tr("Leave the Comparison"), self.tr("Go back to the graph (Esc).")
        )
        controls = QHBoxLayout()
        controls.setContentsMargins(theme.MARGIN, theme.GAP // 2, theme.GAP, theme.GAP // 2)
        controls.setSpacing(theme.GAP - 2)
        for control in (self.rule_box, self.rows_box, self.show_box, self.channel_box,
                        self.scale_box, self.shine, self.go_on_button):  # fmt: skip
            controls.addWidget(control)
        controls.addStretch(1)
        self.legend = QuietLabel()
        self.bar = ColourBar()
        below = QHBoxLayout()
        below.setContentsMargins(theme.MARGIN, 2, theme.MARGIN, 3)
        below.setSpacing(theme.GAP)
        below.addWidget(self.legend, 1)
        below.addWidget(self.bar)
        first = QWidget()
        column = QVBoxLayout(first)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(controls)
        column.addWidget(self.maps, 1)
        column.addLayout(below)
        corner = QWidget()
        buttons = QHBoxLayout(corner)
        buttons.setContentsMargins(0, 0, theme.GAP // 2, 0)
        buttons.setSpacing(2)
        for button in (self.add_button, self.save_button, self.leave_button):
            button.load_icon()
            buttons.addWidget(button)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName(self.tr("Comparison"))
        self.tabs.setCornerWidget(corner, Qt.Corner.TopRightCorner)
        self.add_page(first, self.tr("Maps"), self.tr("What the layers make of the picture"))
        self.add_page(
            self.answers, self.tr("Answers"), self.tr("What the networks say, and if they agree")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setAutoFillBackground(True)

        self.rule_box.activated.connect(self._on_rule)
        self.show_box.activated.connect(self._on_show)
        self.channel_box.valueChanged.connect(state.choose_channel)
        self.scale_box.scale_chosen.connect(self._on_scale)
        self.rows_box.valueChanged.connect(state.set_most_rows)
        self.shine.valueChanged.connect(self._on_shine)
        self.go_on_button.clicked.connect(state.go_on)
        self.add_menu.aboutToShow.connect(self._fill_menu)
        self.save_button.clicked.connect(self.save_asked)
        self.leave_button.clicked.connect(self.leave_asked)
        state.look_changed.connect(self._tell)
        state.rows_changed.connect(self._tell)
        state.networks_changed.connect(self._tell)
        state.column_changed.connect(self._tell)
        state.progress_changed.connect(self._tell)
        self._tell()

    def add_page(self, page: QWidget, title: str, tip: str) -> None:
        """Add another way to compare the networks, as a tab."""
        self.tabs.setTabToolTip(self.tabs.addTab(page, title), tip)

    def _box(self, choices: tuple[tuple[str, str], ...], name: str, tip: str) -> QComboBox:
        box = QComboBox()
        for key, text in choices:
            box.addItem(text, key)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    @Slot()
    def _tell(self) -> None:
        """Show what the state says of itself."""
        state = self._state
        self.rule_box.setCurrentIndex(self.rule_box.findData(state.rule))
        self.show_box.setCurrentIndex(self.show_box.findData(state.show))
        with QSignalBlocker(self.channel_box):
            self.channel_box.setValue(state.channel)
        self.channel_box.setVisible(state.show == "channel")
        with QSignalBlocker(self.rows_box):
            self.rows_box.setValue(state.most_rows)
        self.rows_box.setEnabled(state.rule != "hand")
        self.scale_box.setEnabled(state.show != "components")
        with QSignalBlocker(self.scale_box):
            self.scale_box.setCurrentIndex(self.scale_box.findData(state.shading.scale))
        self.go_on_button.setVisible(state.paused)
        self.add_button.setEnabled(len(state.networks) < MOST_NETWORKS)
        self.save_button.setEnabled(state.can_be_saved)
        one_scale = state.shading.scale == "layer"
        legend = self._legend(one_scale) if state.rows else ""
        self.legend.setText(legend)
        self.legend.setToolTip(f"{state.rule_in_words} {legend}" if legend else "")
        self._tell_colours()

    def _legend(self, one_scale: bool) -> str:
        told = legend_of(self._state.show, one_scale=one_scale)
        return self.tr("Cells: {}.").format(told)

    def _tell_colours(self) -> None:
        """The colours and what their ends mean, as the first row with maps has them."""
        state = self._state
        self.bar.setVisible(state.show != "components")
        for at, row in enumerate(state.rows):
            cells = [state.cell(at, number) for number in range(len(row.layers))]
            if any(cell is not None for cell in cells):
                colours = row_of(cells, state.shading).colours
                ends = ("−", "+") if colours == "diverging" else (
                    self.tr("low"), self.tr("high")
                )  # fmt: skip
                self.bar.set_scale(colormap(colours), *ends)
                return
        self.bar.hide()

    @Slot()
    def _on_rule(self) -> None:
        self._state.align_by(self.rule_box.currentData())

    @Slot()
    def _on_show(self) -> None:
        self._state.reduce_by(self.show_box.currentData())

    @Slot(str)
    def _on_scale(self, scale: str) -> None:
        self._state.shade(one_scale=scale == "layer")

    @Slot(int)
    def _on_shine(self, percent: int) -> None:
        self.maps.let_through(percent / 100)

    @Slot()
    def _fill_menu(self) -> None:
        """The network on show, then those with weights at hand, then the others by family."""
        menu, state = self.add_menu, self._state
        menu.clear()
        compared = {network.wanted for network in state.networks}
        shown = self._explorer.network
        if shown is not None and wanted_of(shown) not in compared:
            text = self.tr("{} (on show)").format(in_menu(shown.card.title))
            menu.addAction(text, state.add_shown)
            menu.addSeparator()
        names = {network.name for network in state.networks}
        cards = [card for card in self._explorer.networks.values() if card.name not in names]
        ready = [card for card in cards if at_hand(card) is not None]
        other = [card for card in cards if at_hand(card) is None]
        self._fill_families(menu, ready)
        if other:
            menu.addSeparator()
            self._fill_families(menu.addMenu(self.tr("Without Weights at Hand")), other)

    def _fill_families(self, menu: QMenu, cards: list[NetworkCard]) -> None:
        by_family: dict[str, list[NetworkCard]] = {}
        for card in cards:
            by_family.setdefault(card.family, []).append(card)
        for family, members in by_family.items():
            inner = menu if len(members) == 1 else menu.addMenu(in_menu(family))
            for card in members:
                action = inner.addAction(in_menu(card.title))
                action.setData(card.name)
                action.setToolTip(card.variant)
                action.triggered.connect(self._on_add)

    @Slot()
    def _on_add(self) -> None:
        self._state.add(str(self.sender().data()))  # type: ignore[attr-defined]
