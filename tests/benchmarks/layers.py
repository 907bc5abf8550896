"""What it costs to look into a network: capturing, drawing, and computing fast."""

import statistics
import time
from functools import partial

from tests.benchmarks.measuring import (
    bare,
    paired,
    prepared_for,
    print_ratios,
    ratio_line,
    timed,
    watched,
    worked,
)

SHOWN = {
    "alexnet": ("features.0", "features.6"),
    "vgg16": ("features.0", "features.14"),
    "googlenet": ("conv1.conv", "inception4a"),
    "resnet50": ("conv1", "layer3.5"),
}
"""The first convolution and a layer in the middle."""


FAST = {
    "resnet18": "layer2.0",
    "googlenet": "inception4a",
    "vgg16": "features.14",
    "alexnet": "",
    "resnet50": "",
    "squeezenet1_1": "",
    "densenet121": "",
    "torchvision/mobilenet_v2": "",
}
"""Networks, and of those with a goal a layer in the middle."""


def capture_shown() -> None:
    """A forward whose shown layer is captured and drawn as a grid, against the bare forward."""
    from PySide6.QtWidgets import QApplication

    from cnn_explorer.gui.widgets.maps_view import MapsView

    app = QApplication.instance() or QApplication([])
    view = MapsView()
    view.resize(900, 300)
    view.show()
    app.processEvents()
    for name, layers in SHOWN.items():
        session, prepared = prepared_for(name)
        title, plain = session.card.title, bare(session, prepared)

        def captured(layer: str, session=session, prepared=prepared):  # type: ignore[no-untyped-def]
            return session.run(prepared, (layer,), watched).activations[layer]

        def drawn(layer: str, captured=captured) -> None:  # type: ignore[no-untyped-def]
            view.show_maps(captured(layer))
            view.viewport().repaint()

        for layer in layers:
            for what, work in (("captured", captured), ("captured, drawn", drawn)):
                of_layer = partial(work, layer)
                print_ratios(f"{title}, {layer} {what} / bare", "1.05", of_layer, plain, 16)
    view.close()
    app.processEvents()


def precision() -> None:
    """Fast against exact, answers ranked: for each network what a measurement finds quickest."""
    for name in (*SHOWN, "densenet121", "squeezenet1_1", "lenet5"):
        session, prepared = prepared_for(name)
        began = time.perf_counter()
        how = session.run(prepared, (), precision="fast").arithmetic
        finding = (time.perf_counter() - began) * 1000
        form = session._fast.get()  # what alternates would be dropped at each exact run

        def fast(session=session, prepared=prepared, form=form) -> None:  # type: ignore[no-untyped-def]
            session._run(form, prepared, (), watched, (), "mean")

        def exact(session=session, prepared=prepared) -> None:  # type: ignore[no-untyped-def]
            session._run(session._exact, prepared, (), watched, (), "mean")

        print_ratios(f"{session.card.title}, {how.how} / exact", "1", fast, exact, 16)
        print(f"    found with the first answer in {finding:.0f} ms; {how.note}", flush=True)


def fast() -> None:
    """Forwards a second in fast against plain float32 ones, and what preparing and capturing cost.

    The goals are those of a processor that computes in bfloat16.
    """
    import torch

    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.paths import resource
    from cnn_explorer.probe.preprocess import prepare

    picture = decode_file(resource("samples", "photo-cat.jpg"))
    for name, layer in FAST.items():
        session, prepared = prepared_for(name)
        session.run(prepared, (), precision="fast")
        form = session._fast.get()
        batch = form.batch(torch.from_numpy(prepared.tensor[None].copy()))

        def quick(form=form, batch=batch) -> None:  # type: ignore[no-untyped-def]
            with torch.inference_mode():
                form.model(batch)

        title, plain = session.card.title, bare(session, prepared)
        form.wanted(())
        print_ratios(f"{title}, plain / {form.arithmetic.how}", "1.8", plain, quick, 24)
        if layer:

            def seen(session=session, form=form, layer=layer) -> None:  # type: ignore[no-untyped-def]
                given = prepare(picture, session.preprocessing)
                session._run(form, given, (layer,), watched, (), "mean")

            def quick_alone(form=form, quick=quick) -> None:  # type: ignore[no-untyped-def]
                form.wanted(())
                quick()

            what = f"{title}, bare / prepared, {layer} captured, fast"
            print_ratios(what, "0.9", quick_alone, seen, 24)


def agreement() -> None:
    """SqueezeNet with trained weights: how often fast and exact put the same class first."""
    from pathlib import Path

    import numpy as np
    import torch

    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.probe.fusing import Fused, chains
    from cnn_explorer.probe.precision import BFLOAT16, FLOAT32, FUSED, Arithmetic, Form, converted
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.session import Session

    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not data.is_dir():
        print("the development data (../shared/data) is not here")
        return
    weights = data / "squeezenet1_1" / "squeezenet1_1.pth"
    session = Session.open(card_of("squeezenet1_1"), weights)
    photos = [
        prepare(decode_file(path), session.preprocessing)
        for path in sorted((data / "imagenet_photos").glob("*.JPEG"))
    ]
    exact = [session.run(photo).classes for photo in photos]
    found = chains(session.model, torch.zeros(1, *session.preprocessing.input_shape))
    for how in (FLOAT32, BFLOAT16, FUSED):
        model = converted(session.model, how)
        fused = Fused(model, session.model, found) if how == FUSED else None
        form = Form(model, Arithmetic("fast", how), fused)
        fast = [session._run(form, photo, (), watched, (), "mean").classes for photo in photos]
        same = sum(a[0].index == b[0].index for a, b in zip(exact, fast, strict=True))
        moved = [
            abs(a[0].probability - next(s.probability for s in b if s.index == a[0].index))
            for a, b in zip(exact, fast, strict=True)
        ]
        print(
            f"{how}: the same first class for {same} of {len(photos)} photos; its probability "
            f"moves by {np.median(moved):.5f} in the median, by {max(moved):.5f} at most"
        )


def mosaic() -> None:
    """A mosaic of 512 maps of 28 x 28, goal 5 ms; and of others."""
    import numpy as np

    from cnn_explorer.probe.mosaic import mosaic as drawn

    noise = np.random.default_rng(0)
    for shape in ((512, 28, 28), (64, 224, 224), (64, 112, 112), (2048, 7, 7), (4096,)):
        for what, values in (
            ("signed", noise.normal(size=shape)),
            ("none negative", np.maximum(0, noise.normal(size=shape))),
        ):
            maps = values.astype(np.float32)
            drawn(maps)
            walls, works = [], []
            for _ in range(21):
                wall, work = time.perf_counter(), time.thread_time()
                drawn(maps)
                walls.append((time.perf_counter() - wall) * 1000)
                works.append((time.thread_time() - work) * 1000)
            print(
                f"{' x '.join(map(str, shape))}, {what}: {statistics.median(walls):.2f} ms "
                f"({statistics.median(works):.2f} ms of processor time)"
            )


def scroll() -> None:
    """Scrolling 2,048 maps of 7 x 7: time to paint a frame; goal 16 ms, which is 60 a second."""
    import numpy as np
    from PySide6.QtWidgets import QApplication

    from cnn_explorer.gui.widgets.maps_view import MapsView

    app = QApplication.instance() or QApplication([])
    view = MapsView()
    view.resize(1280, 600)
    view.show()
    app.processEvents()
    maps = np.random.default_rng(0).normal(size=(2048, 7, 7)).astype(np.float32)
    for size in (None, 24.0, 56.0, 112.0):
        view.show_maps(maps)
        view.set_tile_size(size)
        app.processEvents()
        view.viewport().repaint()  # makes the mosaic
        bar = view.verticalScrollBar()
        walls, works = [], []
        for number in range(60):
            wall, work = time.perf_counter(), time.thread_time()
            bar.setValue(round(bar.maximum() * number / 59))
            view.viewport().repaint()
            walls.append((time.perf_counter() - wall) * 1000)
            works.append((time.thread_time() - work) * 1000)
        print(
            f"tiles of {view.tile_size:.0f}, {view.columns} a row, {bar.maximum()} pixels to "
            f"scroll: {statistics.median(walls):.2f} ms a frame, {max(walls):.2f} at most "
            f"({statistics.median(works):.2f} and {max(works):.2f} of processor time)"
        )
    view.close()
    app.processEvents()


def cached_layer() -> None:
    """From choosing a layer to its maps in the window's state: captured already, and not."""
    from PySide6.QtCore import QEventLoop, Qt

    from cnn_explorer.app import make_application
    from cnn_explorer.gui.state.explorer import Explorer
    from cnn_explorer.paths import resource

    make_application()
    explorer = Explorer()
    explorer.show_thumbnails(None)
    loop = QEventLoop()
    times: list[float] = []
    explorer.activations_shown.connect(lambda _: times.append(time.perf_counter()))
    explorer.settled.connect(loop.quit, Qt.ConnectionType.QueuedConnection)

    def settle() -> None:
        while not explorer.idle:
            loop.exec()

    def chosen(layer: str) -> float:
        began = time.perf_counter()
        explorer.select_layer(layer)
        settle()
        return (times[-1] - began) * 1000

    explorer.start()
    for name, layers in SHOWN.items():
        explorer.choose_network(name)
        settle()
        explorer.open_file(resource("samples", "photo-cat.jpg"))
        settle()
        explorer.select_layer("")
        settle()
        explorer.keep_layers(0)
        fresh = [chosen(layers[number % 2]) for number in range(14)]
        explorer.keep_layers(512 * 2**20)
        for layer in layers:
            chosen(layer)
        kept = [chosen(layers[number % 2]) for number in range(30)]
        print(
            f"{name}: {statistics.median(kept):.2f} ms captured already, "
            f"{statistics.median(fresh):.1f} ms by a forward",
            flush=True,
        )
    explorer.close()


def capture_all() -> None:
    """ResNet-50: a forward with every leaf captured, against the bare forward."""
    session, prepared = prepared_for("resnet50")
    import torch

    from cnn_explorer.probe.capture import capture

    batch = torch.from_numpy(prepared.tensor[None].copy())
    leaves = [name for name, module in session.model.named_modules() if not list(module.children())]

    def everything() -> None:
        with torch.no_grad(), capture(session.model, leaves):
            session.model(batch)

    left, right = paired(timed(everything), timed(bare(session, prepared)), 40)
    name = f"ResNet-50, all {len(leaves)} leaves captured / bare"
    print(ratio_line(name, "1.20", left, right))


def thumbnails() -> None:
    """ResNet-50: a forward with thumbnails of all leaves and additions, against the bare one."""
    import torch

    from cnn_explorer.graph.extract import extract
    from cnn_explorer.probe.thumbnails import thumbnails as making

    session, prepared = prepared_for("resnet50")
    batch = torch.from_numpy(prepared.tensor[None].copy())
    graph = extract(session.model, session.preprocessing.input_shape, network="resnet50")
    leaves = [node.name for node in graph.layers if node.kind not in ("input", "output")]

    for channel in ("mean", "strongest"):

        def everything(channel: str = channel) -> None:
            with torch.inference_mode(), making(session.model, leaves, channel, {}):
                session.model(batch)

        plain = bare(session, prepared)
        for clock, measure in (("", timed), (", processor", worked)):
            left, right = paired(measure(everything), measure(plain), 20)
            name = f"ResNet-50, {len(leaves)} thumbnails ({channel}{clock}) / bare"
            print(ratio_line(name, "1.15", left, right), flush=True)
