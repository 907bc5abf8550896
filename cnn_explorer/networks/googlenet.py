"""GoogLeNet: look at several sizes at once, and pay little for it (2014).

The problem. Larger networks were better networks, but also slower, and with more weights than the
data could teach: VGG has 138 million. And which filter size is right? A face may fill the photo or
a corner of it.

The idea. Do not choose. An *Inception module* looks at the same maps with 1x1, 3x3 and 5x5 filters
and a pooling, and stands all results side by side. Done plainly this would explode, so 1x1
convolutions first reduce the number of maps to look at: of 192 maps the first module's 5x5 filters
see only 16 mixtures. Cheap is also the end: each of the 1024 last maps is averaged to one number
and one linear layer follows, in place of AlexNet's and VGG's giants.

So 22 layers have 6.6 million parameters here and need a tenth of VGG's arithmetic; seven such
networks together won ImageNet 2014 with a top-5 error of 6.67 %.

Since 22 layers were thought too many for a gradient to pass, two *auxiliary heads* half-way predict
the answer too while training, and are thrown away after.

The paper. C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke,
A. Rabinovich: "Going Deeper with Convolutions", CVPR 2015 (arXiv 1409.4842), table 1.

What to look at. Expand one Inception module in the diagram and compare its branches: ``branch1``
mixes maps in place, ``branch2`` and ``branch3`` find larger things. In *Details* see how much of
a branch the 1x1 reduction saves.

This is torchvision's network, which was ported from TensorFlow with its weights. It departs from
the paper: batch normalisation after every convolution in place of local response normalisation in
two places; the "5x5" branch has 3x3 filters, a slip in the port that the weights now depend on; the
fourth pooling is 2x2, not 3x3; dropout before the last layer is 0.2, not 0.4.
"""

from typing import NamedTuple

from torch import Tensor, nn

from cnn_explorer.networks.layers import Concat, Rescale


class BasicConv2d(nn.Module):
    """Convolution, normalisation, ReLU: the brick that all else is made of."""

    def __init__(
        self, in_channels: int, out_channels: int, size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        # No bias: the normalisation has one.
        self.conv = nn.Conv2d(in_channels, out_channels, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)  # TensorFlow's epsilon, with the weights
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = self.bn(x)
        maps: Tensor = self.relu(x)
        return maps


class Inception(nn.Module):
    """Four views of the same maps, side by side.

    (N, in, H, W) -> (N, ones + threes + fives + pooled, H, W). The arguments stand in the order
    of the columns of the paper's table 1.
    """

    def __init__(
        self,
        in_channels: int,
        ones: int,
        reduce3: int,
        threes: int,
        reduce5: int,
        fives: int,
        pooled: int,
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ones, 1)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, reduce3, 1),
            BasicConv2d(reduce3, threes, 3, padding=1),
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, reduce5, 1),
            BasicConv2d(reduce5, fives, 3, padding=1),  # the paper's 5x5: see above
        )
        self.branch4 = nn.Sequential(
            # Pooling usually halves the size. Stride 1 keeps it, so that the results fit.
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
            BasicConv2d(in_channels, pooled, 1),
        )
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        views = self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
        maps: Tensor = self.concat(*views)
        return maps


class InceptionAux(nn.Module):
    """A small classifier half-way, for training alone: (N, in, 14, 14) -> (N, num_classes)."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d((4, 4))  # the paper's 5x5 with stride 3, at 14x14
        # (N, in, 4, 4)
        self.conv = BasicConv2d(in_channels, 128, 1)
        self.flatten = nn.Flatten()
        # (N, 2048)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(p=0.7)
        # (N, 1024)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(x)
        x = self.conv(x)
        x = self.flatten(x)
        x = self.dropout(self.relu(self.fc1(x)))
        scores: Tensor = self.fc2(x)
        return scores


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet gives while training: logits (N, num_classes), torchvision's order.

    The paper's loss is that of `logits` plus 0.3 times that of each auxiliary head.
    """

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class GoogLeNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes).

    In training mode, with auxiliary heads, it gives `GoogLeNetOutputs`. In eval mode they do not
    run.
    """

    def __init__(self, num_classes: int = 1000, aux_logits: bool = True) -> None:
        super().__init__()
        self.rescale: Rescale | None
        self.register_module("rescale", None)  # holds the first place: see transform_input

        # (N, 3, 224, 224). Poolings may hang over the border (ceil_mode), which keeps sizes even.
        self.conv1 = BasicConv2d(3, 64, 7, stride=2, padding=3)
        # (N, 64, 112, 112)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 64, 56, 56)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3, padding=1)
        # (N, 192, 56, 56)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 192, 28, 28)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        # (N, 256, 28, 28)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        # (N, 480, 28, 28)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 480, 14, 14)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        # (N, 512, 14, 14)
        self.aux1 = InceptionAux(512, num_classes) if aux_logits else None
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        # (N, 512, 14, 14)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        # (N, 512, 14, 14)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        # (N, 528, 14, 14)
        self.aux2 = InceptionAux(528, num_classes) if aux_logits else None
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        # (N, 832, 14, 14)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        # (N, 832, 7, 7)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        # (N, 832, 7, 7)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        # (N, 1024, 7, 7)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 1024)
        self.dropout = nn.Dropout(p=0.2)
        self.fc = nn.Linear(1024, num_classes)
        # (N, 1000)

    @property
    def transform_input(self) -> bool:
        """Whether the input is first rescaled from ImageNet's normalisation to -1..1.

        Torchvision's pretrained weights came from TensorFlow, where a photo is (x - 0.5) / 0.5;
        theirs must set this. It adds a layer in front, ``rescale``, without any weights.
        """
        return self.rescale is not None

    @transform_input.setter
    def transform_input(self, wanted: bool) -> None:
        if not wanted:
            self.rescale = None
            return
        # x * std + mean gives 0..1 back, from which (x - 0.5) / 0.5 gives -1..1.
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        self.rescale = Rescale(
            scale=tuple(s / 0.5 for s in std),
            shift=tuple((m - 0.5) / 0.5 for m in mean),
        ).train(self.training)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        if self.rescale is not None:
            x = self.rescale(x)

        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))

        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.maxpool3(x)

        x = self.inception4a(x)
        aux1 = self.aux1(x) if self.training and self.aux1 is not None else None
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        aux2 = self.aux2(x) if self.training and self.aux2 is not None else None
        x = self.inception4e(x)
        x = self.maxpool4(x)

        x = self.inception5a(x)
        x = self.inception5b(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        x = self.dropout(x)
        x = self.fc(x)
        if aux1 is not None and aux2 is not None:
            return GoogLeNetOutputs(x, aux2, aux1)
        return x


def googlenet() -> GoogLeNet:
    """6,624,904 parameters, 13,004,888 with the auxiliary heads."""
    return GoogLeNet()


class GoogLeNetCifar(nn.Module):
    """GoogLeNet at half its width for small pictures (logits): (N, 3, 32, 32) -> (N, num_classes).

    All nine modules are there. The first convolution is 3x3 with stride 1 instead of 7x7 with
    stride 2, and the pooling after it is gone: 32x32 pixels cannot be halved five times. There are
    no auxiliary heads, for normalisation has made them needless.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        # (N, 3, 32, 32)
        self.conv1 = BasicConv2d(3, 32, 3, padding=1)
        self.conv2 = BasicConv2d(32, 32, 1)
        self.conv3 = BasicConv2d(32, 96, 3, padding=1)
        # (N, 96, 32, 32)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, padding=1)
        # (N, 96, 16, 16)
        self.inception3a = Inception(96, 32, 48, 64, 8, 16, 16)
        # (N, 128, 16, 16)
        self.inception3b = Inception(128, 64, 64, 96, 16, 48, 32)
        # (N, 240, 16, 16)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, padding=1)
        # (N, 240, 8, 8)
        self.inception4a = Inception(240, 96, 48, 104, 8, 24, 32)
        # (N, 256, 8, 8)
        self.inception4b = Inception(256, 80, 56, 112, 12, 32, 32)
        # (N, 256, 8, 8)
        self.inception4c = Inception(256, 64, 64, 128, 12, 32, 32)
        # (N, 256, 8, 8)
        self.inception4d = Inception(256, 56, 72, 144, 16, 32, 32)
        # (N, 264, 8, 8)
        self.inception4e = Inception(264, 128, 80, 160, 16, 64, 64)
        # (N, 416, 8, 8)
        self.maxpool4 = nn.MaxPool2d(3, stride=2, padding=1)
        # (N, 416, 4, 4)
        self.inception5a = Inception(416, 128, 80, 160, 16, 64, 64)
        # (N, 416, 4, 4)
        self.inception5b = Inception(416, 192, 96, 192, 24, 64, 64)
        # (N, 512, 4, 4)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 512)
        self.dropout = nn.Dropout(p=0.2)
        self.fc = nn.Linear(512, num_classes)
        # (N, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3(self.conv2(self.conv1(x)))
        x = self.maxpool2(x)

        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.maxpool3(x)

        x = self.inception4a(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        x = self.inception4e(x)
        x = self.maxpool4(x)

        x = self.inception5a(x)
        x = self.inception5b(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        x = self.dropout(x)
        scores: Tensor = self.fc(x)
        return scores


def googlenet_cifar() -> GoogLeNetCifar:
    """The edition for the ten classes of CIFAR-10: 1,407,258 parameters."""
    return GoogLeNetCifar()
