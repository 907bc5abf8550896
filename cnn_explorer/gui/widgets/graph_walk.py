"""Walking through a drawn graph with the arrow keys: which box comes next. Neither torch nor Qt."""

from typing import Literal

from cnn_explorer.graph.model import GraphLayout, Rect, VisibleNode

Direction = Literal["up", "down", "left", "right"]

_SAME_RANK = 60.0
"""How much higher or lower, in scene units, a neighbour at the side may stand."""


def rect_of(layout: GraphLayout, name: str) -> Rect | None:
    """Where a box or a frame is drawn."""
    return layout.boxes.get(name) or layout.frames.get(name)


def shown_as(layout: GraphLayout, name: str) -> str:
    """The box or frame that stands for a layer or block: itself, the closed block that hides it,
    or the first part of an open block that has no frame. Empty where there is none."""
    graph = layout.graph
    way = (name,) if graph.source is None else graph.source.path.get(name, (name,))
    around = next((part for part in reversed(way) if rect_of(layout, part) is not None), "")
    if around in layout.boxes or around == name:
        return around
    for box in graph.nodes:  # an open block without a frame
        parent = box.parent
        while parent:
            if parent == name:
                return box.name
            parent = graph.parents.get(parent, "")
    return around


def first(layout: GraphLayout) -> str:
    """The first box in forward order; empty where there is none."""
    return next(iter(layout.boxes), "")


def last(layout: GraphLayout) -> str:
    """The last box in forward order that a prediction uses; empty where there is none."""
    for node in reversed(layout.graph.nodes):
        if not node.training_only:
            return node.name
    return first(layout)


def next_from(layout: GraphLayout, name: str, direction: Direction) -> str:
    """The box to go to from a box or frame; empty where the way ends.

    Down goes to a consumer of its output, up to a producer of its input: the nearest one, and
    rather one that a prediction uses. Left and right go to the nearest box beside it. Down from a
    frame leads into it. In a drawing from left to right, right and left follow the data so, and up
    and down go to what stands beside.
    """
    here = rect_of(layout, name)
    if here is None:
        return first(layout)
    forth, back = ("right", "left") if layout.options.direction == "right" else ("down", "up")
    if direction not in (forth, back):
        return _beside(layout, name, here, direction)
    inside = boxes_in(layout, name)
    if direction == forth and name in layout.frames:
        return inside[0] if inside else ""
    within = set(inside)
    if direction == forth:
        reached = {e.target for e in layout.edges if e.source in within and e.target not in within}
    else:
        reached = {e.source for e in layout.edges if e.target in within and e.source not in within}
    quiet = {node.name for node in layout.graph.nodes if node.training_only}

    def farness(other: str) -> tuple[bool, float, float]:
        there = layout.boxes[other]
        down = abs(there.centre[1] - here.centre[1])
        across = abs(there.centre[0] - here.centre[0])
        return (other in quiet, down, across) if forth == "down" else (other in quiet, across, down)

    return min(reached, key=farness, default="")


def boxes_in(layout: GraphLayout, name: str) -> list[str]:
    """The boxes in a frame, in forward order; for a box itself."""
    if name in layout.boxes:
        return [name]

    def liesboxes_in(node: VisibleNode) -> bool:
        around = layout.graph.frame_around(node.name)
        while around and around != name:
            around = layout.graph.frame_around(around)
        return around == name

    return [node.name for node in layout.graph.nodes if liesboxes_in(node)]


def _beside(layout: GraphLayout, name: str, here: Rect, direction: Direction) -> str:
    x, y = here.centre
    sign = 1.0 if direction in ("right", "down") else -1.0
    found = ""
    nearest = float("inf")
    for other, rect in layout.boxes.items():
        across, along = rect.centre[0] - x, rect.centre[1] - y
        if direction in ("up", "down"):
            across, along = along, across
        across, along = across * sign, abs(along)
        if other == name or across <= 8.0 or along > _SAME_RANK:
            continue
        distance = across + 3.0 * along
        if distance < nearest:
            found, nearest = other, distance
    return found
