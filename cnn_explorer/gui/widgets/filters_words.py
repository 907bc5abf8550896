"""What the panel of weights says of them: one sentence for each thing that can be read."""

from PySide6.QtCore import QObject

from cnn_explorer.gui.state.filter_views import FilterViews, View
from cnn_explorer.gui.widgets.maps_view import MapPoint
from cnn_explorer.probe.filters import Kernels, KernelStatistics, norms_of
from cnn_explorer.text import format_share, number_text


class FiltersWords(QObject):
    """Texts about the weights of one layer."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look: FilterViews | None = None

    def set_layer(self, look: FilterViews) -> None:
        """Speak of another layer."""
        self._look = look

    @property
    def _layer(self) -> FilterViews:
        assert self._look is not None
        return self._look

    def view(self, view: View) -> str:
        """What a view is called."""
        titles: dict[View, str] = {
            "weights": self.tr("Weights"),
            "one": self.tr("One output"),
            "all": self.tr("All kernels"),
            "norms": self.tr("Norms"),
            "matrix": self.tr("Matrix"),
            "biases": self.tr("Biases"),
            "plots": self.tr("All numbers"),
            "scale": self.tr("scale γ"),
            "shift": self.tr("shift β"),
            "mean": self.tr("running mean"),
            "variance": self.tr("running variance"),
            "effective_scale": self.tr("effective scale"),
            "effective_shift": self.tr("effective shift"),
        }
        return titles[view]

    def counted(self, view: View) -> str:
        """How many weights of what kind there are."""
        look, kernels = self._layer, self._layer.kernels
        form = look.form(view)
        if view == "biases":
            return self.tr("{count} biases").format(count=len(look.bars(view)))
        if look.filters.kind == "normalisation":
            count = look.filters.weight.size
            name = self.view("scale" if view == "plots" else view)
            return self.tr("{count} channels, {name}").format(count=count, name=name)
        if kernels is None:
            return self.tr("{count} weights").format(count=look.filters.weight.size)
        if form == "matrix":
            matrix = look.matrix()
            said = self.tr("{outputs} × {inputs} weights").format(
                outputs=matrix.outputs, inputs=matrix.in_channels
            )
            return said + self._grouped(kernels)
        height, width = kernels.size
        if look.filters.weight.ndim == 2:
            return self.tr("{outputs} units over {count} maps of {height} × {width}").format(
                outputs=kernels.outputs, count=kernels.in_channels, height=height, width=width
            )
        if kernels.table:
            return self.tr(
                "{outputs} filters by a table: {count} kernels of {height} × {width}"
            ).format(outputs=kernels.outputs, count=len(kernels.weight), height=height, width=width)
        size = " × ".join(str(side) for side in kernels.weight.shape[1:])
        said = self.tr("{count} filters of {size}").format(count=kernels.outputs, size=size)
        return said + self._grouped(kernels)

    def _grouped(self, kernels: Kernels) -> str:
        if kernels.groups == 1:
            return ""
        if kernels.weight.shape[1] == 1:
            return self.tr(", each on one input")
        return self.tr(" in {count} groups").format(count=kernels.groups)

    def ranged(self, numbers: KernelStatistics) -> str:
        """From which value to which, to follow what is counted."""
        low, high = float(numbers.minimum[0]), float(numbers.maximum[0])
        if low == high:
            return self.tr(", all {value}").format(value=number_text(low))
        if low < high:
            return self.tr(", {low} to {high}").format(low=number_text(low), high=number_text(high))
        return self.tr(", none of them a finite number")

    def numbers(self, name: str, numbers: KernelStatistics) -> str:
        """The numbers of some weights."""
        values = {
            key: number_text(float(found[0]))
            for key, found in vars(numbers).items()
            if key in ("l1", "l2", "mean", "deviation")
        }
        said = self.tr("{name} · L2 {l2} · L1 {l1} · mean {mean} · deviation {deviation}").format(
            name=name, **values
        )
        zeros = float(numbers.zeros[0])
        said += self.tr(" · zeros {share}").format(share=format_share(zeros)) if zeros else ""
        if numbers.not_finite[0]:
            said += self.tr(" · {count} infinite or not a number").format(
                count=int(numbers.not_finite[0])
            )
        return said

    def formula(self) -> str:
        """What a normalisation computes."""
        filters = self._layer.filters
        mean, variance = self.tr("mean"), self.tr("variance")
        if filters.running_var is not None:
            mean, variance = self.view("mean"), self.view("variance")
        said = f"(x − {mean}) / √({variance} + {number_text(filters.eps)}) · γ"
        return said if filters.bias is None else f"{said} + β"

    # names of kernels

    def output(self, output: int) -> str:
        """What an output is called."""
        name = self._layer.output_name(output)
        return self.tr("output {output}").format(output=output) + (f", {name}" if name else "")

    def all_of(self, output: int) -> str:
        """All kernels of an output."""
        return self.tr("all kernels of {output}").format(output=self.output(output))

    def joined(self, channel: int, output: int) -> str:
        """The kernel from an input to an output."""
        return self.tr("input {input} to {output}").format(
            input=channel, output=self.output(output)
        )

    def filter(self, output: int) -> str:
        """The filter of an output; on which input it works, where each works on its own."""
        said = self.tr("filter {filter}").format(filter=output)
        kernels = self._layer.kernels
        if kernels is not None and kernels.groups > 1:
            (channel,) = kernels.inputs(output).tolist()
            said += self.tr(" on input {input}").format(input=channel)
        return said

    # values

    def place(self, name: str, point: MapPoint) -> str:
        """The value at a place of a kernel with this name; three of a kernel in colour."""
        if len(point.values) == 3:
            red, green, blue = (number_text(value) for value in point.values)
            values = self.tr("red {red}, green {green}, blue {blue}").format(
                red=red, green=green, blue=blue
            )
        else:
            values = number_text(point.values[0])
        return self.tr("{name} · row {y}, column {x} · {values}").format(
            name=name, y=point.y, x=point.x, values=values
        )

    def weight(self, matrix: Kernels, row: int, column: int) -> str:
        """The one weight from an input to an output."""
        kernel = matrix.kernel(row, column)
        if kernel is None:
            return self._apart(row, column)
        return f"{self.joined(column, row)} · {number_text(float(kernel[0, 0]))}"

    def kernel(
        self, kernels: Kernels, row: int, column: int, within: tuple[int, int] | None
    ) -> str:
        """The kernel from an input to an output: the value at a place in it, or the whole."""
        kernel = kernels.kernel(row, column)
        if kernel is None:
            return self._apart(row, column)
        if within is not None:
            y, x = within
            point = MapPoint(column, x, y, (float(kernel[y, x]),))
            return self.place(self.joined(column, row), point)
        return self.tr("{name} · L2 norm {norm} · {low} to {high}").format(
            name=self.joined(column, row),
            norm=number_text(float(norms_of(kernel[None])[0])),
            low=number_text(float(kernel.min())),
            high=number_text(float(kernel.max())),
        )

    def _apart(self, row: int, column: int) -> str:
        return self.tr("{output} does not see input {input}").format(
            output=self.output(row), input=column
        )
