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
from functools import partial, wraps
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks import layers
from tests.benchmarks.comparison import comparison
from tests.benchmarks.live import live
from tests.benchmarks.measuring import bare, paired, prepared_for, ratio_line, timed

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

        empty = timed(run(_BARE_WINDOW))
        for name, goal, word in (
            ("start to first paint (the frame) / bare PySide6 window", "1.5", "painted"),
            ("start to all panels there / bare PySide6 window", "none", "furnished"),
        ):
            left, right = paired(timed(run(_OUR_WINDOW, word)), empty, 12)
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
    session, prepared = prepared_for("resnet50")
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
            timed(bare(session, prepared)), 12,
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


def _usual_graph(name: str):  # type: ignore[no-untyped-def]
    from cnn_explorer.graph.extract import extract
    from cnn_explorer.networks.build import build_empty
    from cnn_explorer.networks.catalog import ALL

    card = ALL[name]
    return extract(build_empty(card), card.preprocessing.input_shape, network=name)


def _graph_view():  # type: ignore[no-untyped-def]
    """A view of 1280 x 800 pixels, and the application."""
    from PySide6.QtWidgets import QApplication

    from cnn_explorer.gui.widgets.graph_view import GraphView
    from cnn_explorer.gui.widgets.theme import load_fonts

    app = QApplication.instance() or QApplication([])
    load_fonts()
    view = GraphView()
    view.resize(1280, 800 + view.height() - view.canvas.height())
    view.show()
    app.processEvents()
    view.resize(1280, 800 + view.height() - view.canvas.viewport().height())
    app.processEvents()
    return view, app


def graph_open() -> None:
    """From click to drawn block-level graph: what comes on top of building each network."""
    import gc

    from cnn_explorer.graph.extract import extract
    from cnn_explorer.graph.hierarchy import default_expansion, visible
    from cnn_explorer.graph.layout import _engine, lay_out
    from cnn_explorer.gui.state.shown import NetworkShown
    from cnn_explorer.networks.build import build_empty
    from cnn_explorer.networks.catalog import ALL, NETWORKS

    view, _ = _graph_view()
    _usual_graph("lenet5")
    gc.collect()
    gc.freeze()  # as the window does when torch is there

    def draw(card, model) -> None:  # type: ignore[no-untyped-def]
        found = extract(model, card.preprocessing.input_shape, network=card.name)
        expanded = default_expansion(found)
        _engine.cache_clear()
        layout = lay_out(visible(found, expanded))
        view.show_network(NetworkShown(card, found, False, "", expanded, layout))
        view.canvas.viewport().repaint()

    rows = []
    for name, card in ALL.items():
        walls, works = [], []
        for _ in range(4):
            model = build_empty(card)
            wall, work = time.perf_counter(), time.thread_time()
            draw(card, model)
            walls.append((time.perf_counter() - wall) * 1000)
            works.append((time.thread_time() - work) * 1000)
        # the first warms caches and is not counted
        rows.append((statistics.median(walls[1:]), statistics.median(works[1:]), name))
    for what, chosen in (
        ("ours", [row for row in rows if row[2] in NETWORKS]),
        ("torchvision's others", [row for row in rows if row[2] not in NETWORKS]),
    ):
        within = sum(row[0] <= 150 for row in chosen), sum(row[1] <= 150 for row in chosen)
        print(
            f"{what}: {within[0]} of {len(chosen)} within 150 ms by the clock, {within[1]} by "
            f"processor time; median {statistics.median(row[0] for row in chosen):.0f} ms"
        )
        for wall, work, name in sorted(chosen, reverse=True)[:6]:
            print(f"    {name:36} {wall:6.0f} ms ({work:.0f} ms of processor time)")
    view.close()


def graph_layout() -> None:
    """Layout with every block open, nothing remembered; goal 100 ms."""
    from cnn_explorer.graph.hierarchy import visible
    from cnn_explorer.graph.layout import _engine, lay_out

    for name in ("resnet152", "densenet201"):
        found = _usual_graph(name)
        everything = frozenset(found.block)

        def cold(found=found, everything=everything) -> None:  # type: ignore[no-untyped-def]
            _engine.cache_clear()
            lay_out(visible(found, everything))

        walls, works = [], []
        for _ in range(9):
            wall, work = time.perf_counter(), time.thread_time()
            cold()
            walls.append((time.perf_counter() - wall) * 1000)
            works.append((time.thread_time() - work) * 1000)
        print(
            f"{name}, {len(found.layers)} layers laid out: {statistics.median(walls):.1f} ms "
            f"({statistics.median(works):.1f} ms of processor time)"
        )


def graph_paint() -> None:
    """A full repaint of 1280 x 800 pixels at 1,000 boxes; goal 16 ms, which is 60 a second."""
    import numpy as np

    from cnn_explorer.graph.hierarchy import visible
    from cnn_explorer.graph.layout import lay_out
    from cnn_explorer.graph.model import USUAL, DrawingOptions, LayerGraph, LayerNode
    from cnn_explorer.gui.state.shown import NetworkShown, ThumbnailsShown
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.networks.catalog import ALL
    from cnn_explorer.probe.results import Thumbnail

    view, _ = _graph_view()
    card = ALL["torchvision/swin_b"]
    # as wide as high, so that as many as can be are in sight
    made = tuple(
        LayerNode(f"layer{at}", "", "conv", "Conv2d", (), (), 0, 0, (("kernel", "3 × 3"),))
        for at in range(1000)
    )
    picture = Picture(np.zeros((2, 2, 3), np.uint8), "made")
    rows = LayerGraph("made", made, (), (), "made")
    noise = np.random.default_rng(0)
    for title, found, options in (
        ("Swin-B, fully open", _usual_graph(card.name), USUAL),
        ("1,000 boxes in rows", rows, USUAL),
        ("1,000 boxes with thumbnails", rows, DrawingOptions(thumbnails=True)),
    ):
        expanded = frozenset(found.block)
        layout = lay_out(visible(found, expanded), options)
        view.show_network(NetworkShown(card, found, False, "", expanded, layout))
        if options.thumbnails:
            thumbs = {
                name: Thumbnail(
                    noise.integers(0, 256, ((48, 28, 14, 7)[at % 4],) * 2, dtype=np.uint8),
                    *noise.random(3).tolist(),
                )
                for at, name in enumerate(layout.boxes)
            }
            view.show_thumbnails(ThumbnailsShown(found, picture, "mean", thumbs, frozenset(thumbs)))
        view.canvas.fit()
        for zoom in (view.canvas.zoom, 0.34, 0.36, 0.45, 0.55, 0.8, 1.0, 2.0):
            view.canvas.zoom_to(zoom)
            view.canvas.viewport().repaint()  # makes its texts
            walls, works = [], []
            for _ in range(9):
                wall, work = time.perf_counter(), time.thread_time()
                view.canvas.viewport().repaint()
                walls.append((time.perf_counter() - wall) * 1000)
                works.append((time.thread_time() - work) * 1000)
            print(
                f"{title} ({len(layout.boxes)}) at {view.canvas.zoom:.2f}: "
                f"{statistics.median(walls):.1f} ms ({statistics.median(works):.1f} of processor)"
            )
    view.close()


def graph_memory() -> None:
    """DenseNet-201's graph: what it holds, and the most while it is made; goal 100 MB."""
    import gc
    import tracemalloc

    from cnn_explorer.graph.extract import extract
    from cnn_explorer.graph.hierarchy import visible
    from cnn_explorer.graph.layout import lay_out
    from cnn_explorer.networks.build import build_empty
    from cnn_explorer.networks.catalog import ALL

    def resident() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    _usual_graph("lenet5")
    card = ALL["densenet201"]
    model = build_empty(card)
    gc.collect()
    before = resident()
    found = extract(model, card.preprocessing.input_shape, network=card.name)
    layout = lay_out(visible(found, frozenset(found.block)))
    with_garbage = resident() - before
    gc.collect()
    held = resident() - before
    print(f"resident memory: {with_garbage:.1f} MB, garbage included; {held:.1f} MB without")
    del found, layout
    gc.collect()
    tracemalloc.start()
    found = extract(model, card.preprocessing.input_shape, network=card.name)
    layout = lay_out(visible(found, frozenset(found.block)))
    _, most = tracemalloc.get_traced_memory()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"Python's objects: {held / 1e6:.1f} MB held for {len(found.layers)} layers and "
        f"{len(layout.edges)} lines, {most / 1e6:.1f} MB at most"
    )


def graph_dot(folder: Path | None) -> None:
    """The same graphs by ours and by graphviz's dot, fully open; a page with both where asked."""
    import html
    import shutil
    from dataclasses import replace

    from cnn_explorer.graph.export import dot_bytes, svg_bytes
    from cnn_explorer.graph.hierarchy import visible
    from cnn_explorer.graph.layout import _engine, lay_out
    from cnn_explorer.networks.catalog import ALL

    if shutil.which("dot") is None:
        print("graphviz's dot is not installed")
        return
    pages = []
    for name, goal, rounds in (
        ("resnet18", "none", 9), ("resnet152", "< 0.5", 5), ("googlenet", "none", 5),
        ("densenet121", "< 0.1", 3),
    ):  # fmt: skip
        found = _usual_graph(name)
        seen = visible(found, frozenset(found.block))
        layout = lay_out(seen)
        request = dot_bytes(layout, ALL[name].title)

        def dot(kind: str, request: bytes = request) -> bytes:
            done = subprocess.run(
                ["dot", f"-T{kind}"], input=request, capture_output=True, check=True
            )
            return done.stdout

        def ours(seen=seen):  # type: ignore[no-untyped-def]
            _engine.cache_clear()
            return lay_out(seen)

        title = ALL[name].title
        left, right = paired(timed(ours), timed(lambda dot=dot: dot("plain")), rounds)
        print(ratio_line(f"{title}, {len(seen.nodes)} boxes: layout / dot", goal, left, right))
        left_svg, right_svg = paired(
            timed(lambda ours=ours, title=title: svg_bytes(ours(), title)),
            timed(lambda dot=dot: dot("svg")),
            rounds,
        )
        print(
            ratio_line(f"{title}: layout, SVG / dot -Tsvg", goal, left_svg, right_svg), flush=True
        )
        if name.startswith("densenet"):
            raw = replace(layout, graph=replace(seen, edges=found.edges))
            started = time.perf_counter()
            try:
                subprocess.run(
                    ["dot", "-Tsvg"], input=dot_bytes(raw, title), capture_output=True,
                    check=True, timeout=60,
                )  # fmt: skip
                took = f"{time.perf_counter() - started:.1f} s"
            except subprocess.TimeoutExpired:
                took = "more than 60 s"
            print(
                f"    dot -Tsvg with all {len(found.edges)} lines of the network, not the "
                f"{len(seen.edges)} that are drawn: {took}, once"
            )
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}-ours.svg").write_bytes(svg_bytes(layout, title))
            (folder / f"{name}-dot.svg").write_bytes(dot("svg"))
            times = [statistics.median(values) * 1000 for values in (left, right)]
            pages.append(
                f"<h2>{html.escape(title)}, every block open</h2><div class=pair>"
                f"<figure><figcaption>CNN Explorer, {times[0]:.0f} ms</figcaption>"
                f"<img src='{name}-ours.svg'></figure>"
                f"<figure><figcaption>dot, {times[1]:.0f} ms</figcaption>"
                f"<img src='{name}-dot.svg'></figure></div>"
            )
    if folder is not None:
        style = ".pair{display:flex;gap:2em} figure{flex:1;margin:0} img{width:100%}"
        page = "<!doctype html><meta charset=utf-8><title>Layouts side by side</title>"
        page += f"<style>body{{font-family:sans-serif}} {style}</style>{''.join(pages)}"
        (folder / "side-by-side.html").write_text(page, encoding="utf-8")
        print(f"written: {folder / 'side-by-side.html'}")


BENCHMARKS: dict[str, Callable[[], None]] = {
    "capture-shown": layers.capture_shown,
    "capture-all": layers.capture_all,
    "thumbnails": layers.thumbnails,
    "precision": layers.precision,
    "fast": layers.fast,
    "agreement": layers.agreement,
    "mosaic": layers.mosaic,
    "scroll": layers.scroll,
    "cached-layer": layers.cached_layer,
    "start-up": start_up,
    "graph": graph,
    "graph-open": graph_open,
    "graph-layout": graph_layout,
    "graph-paint": graph_paint,
    "graph-memory": graph_memory,
    "graph-dot": lambda: graph_dot(None),
    "answering": answering,
    "comparison": comparison,
    "live": lambda: live(1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], default=[], metavar="NAME")
    parser.add_argument(
        "--pages", type=Path, metavar="FOLDER", help="where graph-dot writes both drawings"
    )
    parser.add_argument(
        "--minutes", type=float, default=1.0, help="how long live watches the memory"
    )
    options = parser.parse_args()
    BENCHMARKS["live"] = wraps(live)(partial(live, options.minutes))
    BENCHMARKS["graph-dot"] = wraps(graph_dot)(partial(graph_dot, options.pages))
    for name in options.names or list(BENCHMARKS):
        print(f"# {name}: {(BENCHMARKS[name].__doc__ or '').strip()}", flush=True)
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
