"""Receptive fields against the support of gradients, known numbers, and counting by hand."""

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.receptive import ReceptiveField, Span, receptive_fields
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import ALL, NETWORKS
from cnn_explorer.networks.layers import Add, Concat
from tests.graph.examples import own_graph
from tests.graph.gradients import make_positive, spread, supports

MARGIN = 48
"""Pixels around a field in which a larger one would show."""


def _square(size: int, stride: int | None, offset: int) -> ReceptiveField:
    span = Span(size, stride, offset)
    return ReceptiveField(span, span)


@pytest.mark.parametrize(
    ("network", "layer", "size", "stride"),
    [
        ("alexnet", "features.12", 195, 32),  # Araujo et al., distill.pub 2019, and by hand
        ("vgg16", "features.30", 212, 32),
        ("resnet18", "layer4", 435, 32),
        ("resnet50", "layer4", 427, 32),
        ("resnet50-v1", "layer4", 483, 32),
        ("lenet5", "features.pool2", 16, 4),
        ("lenet5-1998", "features.c5", 32, 4),
    ],
)
def test_known_numbers(network: str, layer: str, size: int, stride: int) -> None:
    field = receptive_fields(own_graph(network))[layer]
    assert field is not None
    assert not field.whole
    assert (field.height.size, field.height.stride) == (size, stride)
    assert field.width == field.height


# the oracle


def _testable(graph: LayerGraph, modules: dict[str, nn.Module]) -> list[str]:
    """Layers whose units have a field and neighbours, before what depends on the picture's size:
    an adaptive pooling."""
    fields = receptive_fields(graph)
    names = []
    for layer in graph.layers:
        field = fields[layer.name]
        if layer.type_name.lower().startswith("adaptive") and not layer.training_only:
            break
        if (
            layer.name in modules
            and not layer.training_only
            and field is not None
            and not field.whole
            and field.height.stride is not None
            and layer.out_shape[1] == layer.out_shape[2]  # else the features stand last
        ):
            names.append(layer.name)
    return names


def _check(graph: LayerGraph, model: nn.Module, channels: int, count: int, across: int) -> int:
    """Compare at most so many layers along the height, and the last of them along the width; gives
    how many. Pictures are long along that axis and `across` pixels wide."""
    fields = receptive_fields(graph)
    names = spread(_testable(graph, dict(model.named_modules())), count)
    longest = max(fields[name].height.size + 2 * fields[name].height.stride for name in names)
    long = -(-(longest + 2 * MARGIN) // 32) * 32
    for axis, some in ((0, names), (1, names[-1:])):
        shape = (channels, long, across) if axis == 0 else (channels, across, long)
        units, expected = {}, {}
        for name in some:
            span = (fields[name].height, fields[name].width)[axis]
            # the unit whose field lies in the middle
            number = round(((long - span.size) / 2 - span.offset) / span.stride)
            units[name] = (number, 0) if axis == 0 else (0, number)
            start = span.offset + number * span.stride
            expected[name] = (start, start + span.size)
            assert 0 < start < start + span.size < long
        found = supports(model, shape, units)
        assert {name: (box[axis], box[axis + 2]) for name, box in found.items()} == expected
    return len(names)


@pytest.mark.parametrize("name", NETWORKS)
def test_fields_are_the_support_of_gradients(name: str) -> None:
    """Size and place, for each of our networks: all layers of the small ones, six of others."""
    card, graph = NETWORKS[name], own_graph(name)
    small = card.preprocessing.kind == "digit"
    model = make_positive(build_empty(card), thin=not small)
    channels = card.preprocessing.input_shape[0]
    across = 32 if card.preprocessing.input_shape[1] <= 32 else 96
    assert _check(graph, model, channels, 99 if small else 6, across) >= 4


FOREIGN = {
    "resnext50_32x4d": True, "densenet161": True, "inception_v3": True, "mobilenet_v2": True,
    "mobilenet_v3_large": True, "mnasnet0_5": True, "efficientnet_v2_s": True,
    "convnext_tiny": True, "regnet_x_400mf": True, "regnet_y_400mf": True,
    "shufflenet_v2_x0_5": False,
}  # fmt: skip
"""Torchvision's others, the smallest of each family; and whether their maps may be summed to one,
for channels that are shuffled have to be there. Where a network weighs its channels by their means
over the picture (squeeze and excitation) the layers up to that are compared. Transformers are left
out: they see a patch and then everything, or nobody knows what."""


@pytest.mark.parametrize("name", FOREIGN)
def test_fields_of_foreign_networks_are_the_support_of_gradients(name: str) -> None:
    card = ALL[f"torchvision/{name}"]
    graph = extract(build_empty(card), card.preprocessing.input_shape, network=name)
    model = make_positive(build_empty(card), thin=FOREIGN[name])
    assert _check(graph, model, 3, 5, 96) >= 3


class _Odd(nn.Module):
    """Windows that are neither square nor symmetrical, and branches of different reach."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, (4, 2), stride=(2, 1), padding=(1, 0))
        self.same = nn.Conv2d(2, 2, (1, 6), padding="same", dilation=(1, 3))
        self.tall = nn.Conv2d(2, 2, (7, 1), padding=(3, 0))
        self.pool = nn.AvgPool2d((3, 3), stride=1, padding=1)
        self.concat = Concat()
        self.left = nn.Conv2d(4, 2, 3, padding=1)
        self.right = nn.Conv2d(4, 2, (5, 1), padding=(2, 0))
        self.add = Add()
        self.down = nn.LPPool2d(2, 2, stride=3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.concat(self.tall(self.same(x)), self.pool(x))
        return self.down(self.add(self.left(x), self.right(x)))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_windows_that_are_not_square_and_branches_that_differ() -> None:
    graph = extract(_Odd(), (1, 120, 120))
    fields = receptive_fields(graph)
    names = [layer.name for layer in graph.layers if layer.kind not in ("input", "output")]
    units = dict.fromkeys(names, (8, 8))
    found = supports(make_positive(_Odd(), thin=False), (1, 120, 120), units)
    expected = {}
    for name in names:
        field = fields[name]
        assert field is not None
        top = field.height.offset + 8 * field.height.stride
        left = field.width.offset + 8 * field.width.stride
        expected[name] = (top, left, top + field.height.size, left + field.width.size)
    # half of the padding "same" is rounded down before and up behind
    assert (fields["same"].width.size, fields["same"].width.offset) == (17, -7)
    assert fields["down"] == fields["output"]
    assert found == expected


@pytest.mark.parametrize(
    ("name", "layers", "border"),
    [
        ("alexnet", ("avgpool", "classifier.1"), 0),
        ("vgg16", ("classifier.0",), 0),
        ("resnet18", ("avgpool", "fc"), 0),
        ("squeezenet1_0", ("classifier.3", "flatten"), 1),
        ("lenet5", ("classifier.fc3", "classifier.fc5"), 0),
    ],
)
def test_what_sees_the_whole_picture(name: str, layers: tuple[str, ...], border: int) -> None:
    """All but a border at the right and below that no window reaches: a pixel in SqueezeNet, whose
    windows of 7 every 2 pixels do not divide 224."""
    card = NETWORKS[name]
    fields = receptive_fields(own_graph(name))
    side = card.preprocessing.input_shape[1]
    model = make_positive(build_empty(card))
    found = supports(model, card.preprocessing.input_shape, dict.fromkeys(layers))
    for layer in layers:
        field = fields[layer]
        assert field is not None
        if layer != "avgpool" or name != "alexnet":
            assert field.whole
            assert field.height == Span(side, None, 0)
        top, left, bottom, right = found[layer]
        assert (top, left) == (0, 0)
        assert side - border <= bottom <= side
        assert side - border <= right <= side


# what the settings and shapes say


class _Called(nn.Module):
    """A block, which has a part, with a functional operation."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function
        self.part = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.part(x))  # type: ignore[operator]


def _after(module: nn.Module | object, shape: tuple[int, ...] = (8, 12, 12)) -> object:
    """The field of a layer behind a convolution of 3 x 3."""
    layer = module if isinstance(module, nn.Module) else _Called(module)
    model = nn.Sequential(nn.Conv2d(shape[0], shape[0], 3, padding=1), layer)
    graph = extract(model, shape)
    return receptive_fields(graph)["output"]


PLACE = _square(3, 1, -1)
WHOLE = ReceptiveField(Span(12, None, 0), Span(12, None, 0), whole=True)


@pytest.mark.parametrize(
    ("module", "field"),
    [
        (nn.BatchNorm2d(8), PLACE),
        (nn.LocalResponseNorm(5), PLACE),
        (nn.GELU(), PLACE),
        (nn.Dropout2d(), PLACE),
        (nn.ChannelShuffle(2), PLACE),
        (nn.Softmax(dim=1), PLACE),
        (nn.Softmax(dim=2), None),
        (nn.LayerNorm((8, 12, 12)), WHOLE),
        (nn.LayerNorm(12), None),
        (nn.GroupNorm(2, 8), WHOLE),
        (nn.InstanceNorm2d(8), WHOLE),
        (nn.AdaptiveAvgPool2d(12), PLACE),
        (nn.AdaptiveAvgPool2d(1), WHOLE),
        (nn.AdaptiveMaxPool2d(4), _square(5, 3, -1)),
        (nn.AdaptiveAvgPool2d(5), None),
        (nn.AdaptiveAvgPool2d((4, 1)), ReceptiveField(Span(5, 3, -1), Span(14, 12, -1))),
        (nn.MaxPool2d(3, 2, ceil_mode=True), _square(5, 2, -1)),
        (nn.MaxPool2d(2, 2, dilation=3), _square(6, 2, -1)),
        (nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular"), None),
        (nn.ConvTranspose2d(8, 8, 2, stride=2), None),
        (nn.Upsample(scale_factor=2), None),
        (nn.PixelShuffle(2), None),
        (nn.Flatten(), _square(3, None, -1)),
        (nn.Sequential(nn.Flatten(), nn.Linear(1152, 4)), WHOLE),
        (nn.functional.relu, PLACE),
        (lambda x: x + 1, PLACE),
        (lambda x: nn.functional.max_pool2d(x, 2), _square(4, 2, -1)),
        (lambda x: nn.functional.max_pool2d(x, 3, stride=2, padding=1), _square(5, 2, -2)),
        (lambda x: nn.functional.avg_pool2d(x, (3, 1), 1), ReceptiveField(
            Span(5, 1, -1), Span(3, 1, -1))),
        (lambda x: nn.functional.conv2d(x, torch.ones(4, 8, 3, 3, device="meta"), padding="same"),
         _square(5, 1, -2)),
        (lambda x: nn.functional.adaptive_avg_pool2d(x, 1), WHOLE),
        (lambda x: x.mean((2, 3)), WHOLE),
        (lambda x: x.flatten(1), _square(3, None, -1)),
        (lambda x: x.permute(0, 2, 3, 1), PLACE),
        (lambda x: x.transpose(2, 3), None),
        (lambda x: x.chunk(2, 1)[0], PLACE),
        (lambda x: x.roll(1, 2), None),
        (lambda x: x * nn.functional.adaptive_avg_pool2d(x, 1), WHOLE),
        (lambda x: x + x[:, :, :1, :1], None),
        (lambda x: torch.cat((x, x), 1), PLACE),
        (lambda x: torch.cat((x, x), 2), None),
    ],
)  # fmt: skip
def test_what_a_layer_sees(module: object, field: object) -> None:
    assert _after(module) == field


def test_a_linear_layer_over_the_features_of_each_place() -> None:
    """As in ConvNeXt, features last."""
    model = nn.Sequential(
        nn.Conv2d(3, 6, 4, stride=4), _Called(lambda x: x.permute(0, 2, 3, 1)), nn.Linear(6, 2)
    )
    assert receptive_fields(extract(model, (3, 32, 32)))["output"] == _square(4, 4, 0)


def test_a_block_sees_what_its_output_sees() -> None:
    graph = own_graph("googlenet")
    fields = receptive_fields(graph)
    assert fields["inception3a"] == fields["inception3a.concat"]
    assert fields["inception3a"] != fields["inception3a.branch1.relu"]
    assert fields["aux1.avgpool"] is None  # it cuts 14 x 14 into 4 x 4 unequal windows
    group = next(block for block in graph.blocks if block.group == "stage")
    assert fields[group.name] == fields[group.children[-1]]
    assert set(fields) == {*graph.layer, *graph.block}
