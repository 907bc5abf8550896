"""Choosing among several layers to go to: a small menu, each with a number to press."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import LayerGraph


def ways_menu(
    title: str, graph: LayerGraph, names: Sequence[str], go: Callable[[str], None], parent: QWidget
) -> QMenu:
    """A menu of layers with their shapes; the first nine have their number as a key."""
    menu = QMenu(title, parent)
    for number, name in enumerate(names, start=1):
        key = f"&{number}" if number < 10 else str(number)
        shape = format_shape(graph.layer[name].out_shape)
        text = f"{key}  {name.replace('&', '&&')}\t{shape}"
        menu.addAction(text, partial(go, name))
    if names:
        menu.setActiveAction(menu.actions()[0])
    return menu
