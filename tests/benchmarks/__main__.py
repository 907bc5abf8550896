"""``python -m tests.benchmarks [NAME...]``: ratios measured in one run.

Each ratio is of two things done in turn, many times; the median of the paired ratios is printed
with its quartiles. Nothing is asserted: a machine that is busy gives other numbers, not failures.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

Measure = Callable[[], float]
"""Does the work once and gives its seconds."""


def timed(work: Callable[[], object]) -> Measure:
    def measure() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def paired(ours: Measure, base: Measure, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both, measured in turn; the order within a pair changes from pair to pair."""
    ours(), base()  # the first of each warms caches and is not counted
    left, right = [], []
    for number in range(rounds):
        if number % 2:
            right.append(base())
            left.append(ours())
        else:
            left.append(ours())
            right.append(base())
    return left, right


def ratio_line(name: str, goal: str, left: list[float], right: list[float]) -> str:
    ratios = sorted(a / b for a, b in zip(left, right, strict=True))
    low, middle, high = statistics.quantiles(ratios, n=4)
    return (
        f"{name:58} {middle:6.3f}  (quartiles {low:.3f} to {high:.3f}; "
        f"{statistics.median(left) * 1000:.1f} against {statistics.median(right) * 1000:.1f} ms; "
        f"{len(ratios)} pairs; goal {goal})"
    )


def _prepared(name: str):  # type: ignore[no-untyped-def]
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.paths import resource
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.session import Session

    session = Session.open(card_of(name))
    picture = decode_file(resource("samples", "photo-cat.jpg"))
    return session, prepare(picture, session.preprocessing)


def _bare(session, prepared):  # type: ignore[no-untyped-def]
    import torch

    batch = torch.from_numpy(prepared.tensor[None].copy())

    def forward() -> None:
        with torch.inference_mode():
            session.model(batch)

    return forward


def watched(fraction: float) -> None:
    """A checkpoint as the window's: there, so that a run reports and can be cancelled."""
    assert fraction >= 0


def capture_shown() -> None:
    """ResNet-50: a forward whose shown layer is captured and drawn, against the bare forward."""
    from PySide6.QtWidgets import QApplication

    from cnn_explorer.gui.state.shown import ActivationsShown
    from cnn_explorer.gui.widgets.activations_panel import ActivationsPanel

    app = QApplication.instance() or QApplication([])
    session, prepared = _prepared("resnet50")
    panel = ActivationsPanel()
    panel.resize(900, 300)
    panel.show()
    for layer in ("conv1", "layer3.5"):

        def captured(layer: str = layer) -> None:
            session.run(prepared, (layer,), watched)

        def shown(layer: str = layer) -> None:
            result = session.run(prepared, (layer,), watched)
            panel.show_activations(
                ActivationsShown(session.card, session.trained, layer, result.activations[layer])
            )
            app.processEvents()  # paints it

        left, right = paired(timed(captured), timed(_bare(session, prepared)), 40)
        print(ratio_line(f"ResNet-50, {layer} captured, answer ranked / bare", "1.05", left, right))
        left, right = paired(timed(shown), timed(_bare(session, prepared)), 40)
        print(ratio_line(f"ResNet-50, {layer} captured and drawn / bare", "1.05", left, right))
    panel.close()
    app.processEvents()


def capture_all() -> None:
    """ResNet-50: a forward with every leaf captured, against the bare forward."""
    session, prepared = _prepared("resnet50")
    import torch

    from cnn_explorer.probe.capture import capture

    batch = torch.from_numpy(prepared.tensor[None].copy())
    leaves = [name for name, module in session.model.named_modules() if not list(module.children())]

    def everything() -> None:
        with torch.no_grad(), capture(session.model, leaves):
            session.model(batch)

    left, right = paired(timed(everything), timed(_bare(session, prepared)), 40)
    name = f"ResNet-50, all {len(leaves)} leaves captured / bare"
    print(ratio_line(name, "1.20", left, right))


def thumbnails() -> None:
    """ResNet-50: a forward with thumbnails of all leaves and additions, against the bare one."""
    import torch

    from cnn_explorer.graph.extract import extract
    from cnn_explorer.probe.thumbnails import thumbnails as making

    session, prepared = _prepared("resnet50")
    batch = torch.from_numpy(prepared.tensor[None].copy())
    graph = extract(session.model, session.preprocessing.input_shape, network="resnet50")
    leaves = [node.name for node in graph.layers if node.kind not in ("input", "output")]

    for channel in ("mean", "strongest"):

        def everything(channel: str = channel) -> None:
            with torch.inference_mode(), making(session.model, leaves, channel, {}):
                session.model(batch)

        left, right = paired(timed(everything), timed(_bare(session, prepared)), 20)
        name = f"ResNet-50, {len(leaves)} thumbnails ({channel}) / bare"
        print(ratio_line(name, "1.15", left, right), flush=True)


_BARE_WINDOW = """
import os, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, self.painted)
    def painted(self):
        os._exit(0)
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""

_OUR_WINDOW = """
import os, sys
import cnn_explorer.app as program
# all as the command does it, up to the first paint, or until the panels are there
def furnish(self, furnish=program.Program._on_painted):
    if sys.argv[1] == "furnished":
        furnish(self)
        self.window.repaint()
    os._exit(0)
program.Program._on_painted = furnish
from cnn_explorer.cli import main
sys.exit(main([]))
"""


def start_up() -> None:
    """From the process's start to the first paint, against a bare PySide6 window."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}

        def run(*words: str) -> Callable[[], object]:
            return lambda: subprocess.run(
                [sys.executable, "-c", *words], check=True, env=environment
            )

        bare = timed(run(_BARE_WINDOW))
        for name, goal, word in (
            ("start to first paint (the frame) / bare PySide6 window", "1.5", "painted"),
            ("start to all panels there / bare PySide6 window", "none", "furnished"),
        ):
            left, right = paired(timed(run(_OUR_WINDOW, word)), bare, 12)
            print(ratio_line(name, goal, left, right))


def graph() -> None:
    """ResNet-50: extraction, layout and scene, beside its bare forward."""
    from PySide6.QtWidgets import QApplication

    from cnn_explorer.graph.extract import extract
    from cnn_explorer.graph.hierarchy import default_expansion, visible
    from cnn_explorer.graph.layout import lay_out
    from cnn_explorer.gui.state.shown import NetworkShown
    from cnn_explorer.gui.widgets.graph_view import GraphView

    app = QApplication.instance() or QApplication([])
    session, prepared = _prepared("resnet50")
    view = GraphView()
    view.resize(900, 600)
    view.show()
    shape = session.preprocessing.input_shape
    parts: dict[str, list[float]] = {"extraction": [], "layout": [], "scene": []}

    def draw(everything: bool) -> None:
        started = time.perf_counter()
        found = extract(session.model, shape, network="resnet50")
        extracted = time.perf_counter()
        expanded = (
            frozenset(block.name for block in found.blocks)
            if everything
            else default_expansion(found)
        )
        layout = lay_out(visible(found, expanded))
        laid_out = time.perf_counter()
        view.show_network(NetworkShown(session.card, found, False, "", expanded, layout))
        view.grab()
        parts["extraction"].append(extracted - started)
        parts["layout"].append(laid_out - extracted)
        parts["scene"].append(time.perf_counter() - laid_out)

    for what, everything in (("block level", False), ("fully open", True)):
        for values in parts.values():
            values.clear()
        left, right = paired(
            timed(lambda everything=everything: draw(everything)),
            timed(_bare(session, prepared)), 12,
        )  # fmt: skip
        print(ratio_line(f"ResNet-50 graph, {what} / bare forward", "none", left, right))
        for name, values in parts.items():
            print(f"    {name}: {statistics.median(values) * 1000:.1f} ms")
    view.close()
    app.processEvents()


def answering() -> None:
    """The longest time for which the event loop did not turn, through a session of gestures."""
    import tempfile

    from PySide6.QtCore import QTimer

    from cnn_explorer.app import Program, apply_theme, make_application
    from cnn_explorer.gui.state.settings import Settings
    from cnn_explorer.paths import resource

    app = make_application()
    apply_theme(app, "light")
    gaps: list[float] = []
    last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    def until_settled() -> float:
        while True:
            app.processEvents()
            if explorer.idle:
                break
            time.sleep(0.0005)
        for _ in range(20):
            app.processEvents()
        worst = max(gaps, default=0.0)
        gaps.clear()
        return worst * 1000

    with tempfile.TemporaryDirectory() as folder:
        program = Program(Settings.in_file(Path(folder) / "settings.ini"), "lenet5")
        window = program.window
        window.resize(1440, 900)
        window.show()
        started = time.perf_counter()
        while program.explorer is None:
            app.processEvents()
        spent = (time.perf_counter() - started) * 1000
        print(f"once, at the start: importing and building the panels {spent:.0f} ms")
        explorer = program.explorer
        pulse = QTimer()
        pulse.setInterval(1)
        pulse.timeout.connect(beat)
        pulse.start()
        last = time.perf_counter()
        print(f"longest pause: torch's import and LeNet-5     {until_settled():7.1f} ms")
        explorer.open_file(resource("samples", "digit-7.png"))
        print(f"longest pause: a digit                        {until_settled():7.1f} ms")
        explorer.open_file(resource("samples", "photo-cat.jpg"))
        until_settled()
        for name in ("alexnet", "vgg16", "googlenet", "resnet50", "densenet121"):
            explorer.choose_network(name)
            print(f"longest pause: opening {name:12} and its answer {until_settled():6.1f} ms")
            network = explorer.network
            assert network is not None
            explorer.select_layer(network.graph.layers[len(network.graph.layers) // 2].name)
            print(f"longest pause: a layer in the middle           {until_settled():7.1f} ms")
            started = time.perf_counter()
            explorer.expand(frozenset(network.graph.block))
            app.processEvents()
            spent = (time.perf_counter() - started) * 1000
            print(f"longest pause: all blocks of {name:12}       {spent:7.1f} ms")
            until_settled()
        pulse.stop()
        program.close()


BENCHMARKS: dict[str, Callable[[], None]] = {
    "capture-shown": capture_shown,
    "capture-all": capture_all,
    "thumbnails": thumbnails,
    "start-up": start_up,
    "graph": graph,
    "answering": answering,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], default=[], metavar="NAME")
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        print(f"# {name}: {(BENCHMARKS[name].__doc__ or '').strip()}", flush=True)
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
