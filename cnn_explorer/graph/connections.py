"""Which maps of its input each map of a layer's output sees, where that is not all of them: by
groups (AlexNet's two processors), by a table (LeNet-5's third layer). Maps are counted from 0."""

from dataclasses import dataclass

from cnn_explorer.graph.model import LayerNode


@dataclass(frozen=True)
class Group:
    """Maps of the output that see certain maps of the input, both as first and last."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]


@dataclass(frozen=True)
class ConnectionTable:
    """What is connected, map by map."""

    inputs: int
    outputs: tuple[tuple[int, ...], ...]
    """For each map of the output, the maps of the input that it sees."""

    def rows(self) -> tuple[str, ...]:
        """As lines of tab separated cells, a row for each map of the input, as papers print it."""
        head = "\t".join(("", *map(str, range(len(self.outputs)))))
        return (
            head,
            *(
                "\t".join((str(number), *("X" if number in seen else "" for seen in self.outputs)))
                for number in range(self.inputs)
            ),
        )


def groups_of(layer: LayerNode) -> tuple[Group, ...]:
    """The groups of a convolution; none where all its maps see all."""
    settings = dict(layer.attributes)
    try:
        count = int(settings["groups"])
        inputs, outputs = (int(settings[f"{end} channels"]) // count for end in ("in", "out"))
    except (KeyError, ValueError):
        return ()
    if layer.kind != "conv":
        return ()
    return tuple(
        Group(
            (number * inputs, (number + 1) * inputs - 1),
            (number * outputs, (number + 1) * outputs - 1),
        )
        for number in range(count)
    )


def table_of(layer: LayerNode) -> ConnectionTable | None:
    """The connection table of a layer that is wired by one."""
    if not layer.connections or not layer.in_shapes:
        return None
    return ConnectionTable(layer.in_shapes[0][0], layer.connections)
