"""The law of the house: imports run one way, torch and Qt stay in their rooms."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "cnn_explorer"

# a room may import itself, what is named here, and nothing else of the package
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "paths": set(),
    "text": set(),
    "web": {"text"},
    "display": {"errors"},
    "networks": {"errors", "paths", "text", "web"},
    "media": {"errors", "paths", "text", "web"},
    "graph": {"errors", "paths", "text", "networks", "media"},
    "probe": {"errors", "paths", "text", "networks", "media"},
    "training": {"errors", "paths", "text", "networks", "media"},
    "gui.state": {"errors", "paths", "text", "networks", "media", "graph", "probe"},
    "gui.multimedia": {"errors", "paths", "text", "media", "gui.state"},
    "gui.widgets": {
        "errors",
        "paths",
        "text",
        "networks",
        "media",
        "graph",
        "probe",
        "gui.state",
        "gui.multimedia",
    },
}
JOINERS = {
    "app",
    "cli",
    "cli_activations",
    "cli_compare",
    "cli_architectures",
    "cli_fetch",
    "cli_filters",
    "cli_graph",
    "cli_inspect",
    "cli_layer_files",
    "cli_layers",
    "cli_live",
    "cli_match",
    "cli_onnx",
    "cli_parts",
    "cli_session",
    "cli_similarity",
    "cli_train",
    "cli_weights",
    "__init__",
    "__main__",
}
"""The composition roots may import anything."""

TORCH_ROOMS = {"networks", "graph", "probe", "training"}
TORCH_AT_IMPORT = {
    "graph.extract",
    "graph.module_tree",
    "graph.reach",
    "graph.record",
    "graph.second_opinion",
    "graph.twin",
    "networks.alexnet",
    "networks.build",
    "networks.densenet",
    "networks.functions",
    "networks.googlenet",
    "networks.googlenet_2014",
    "networks.inception_a",
    "networks.layers",
    "networks.lenet",
    "networks.resnet",
    "networks.resnet_cifar",
    "networks.squeezenet",
    "networks.torchvision_facts",
    "networks.torchvision_models",
    "networks.vgg",
    "networks.zfnet",
    "probe.fusing",
    "probe.listening",
    "probe.timing",
    "training.augment",
    "training.evaluate",
    "training.loop",
    "training.results",
}
"""Modules that import torch when they are imported, themselves or by what they import. All others
are there before torch is wanted: the command line and the GUI thread import them."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts if parts[-1] != "__init__" else parts[:-1] or ("__init__",))


def room_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "gui" and len(parts) > 1 else parts[0]


def imported(tree: ast.AST, *, top_level: bool) -> set[str]:
    """Dotted names that a module imports: all, or those that run when it is imported."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return  # for the type checker alone
        elif top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    room = room_of(module)
    if room in JOINERS or module == "gui":
        return
    assert room in ROOMS, f"{module} stands in no room; give it one here and in ARCHITECTURE.md"
    allowed = ROOMS[room] | {room, "__version__"}
    for name in imported(ast.parse(MODULES[module].read_text("utf-8")), top_level=False):
        if name.startswith("cnn_explorer."):
            target = room_of(name.removeprefix("cnn_explorer."))
            assert target in allowed, f"{module} must not import {name}"


@pytest.mark.parametrize("module", MODULES)
def test_qt_stays_in_the_gui(module: str) -> None:
    names = imported(ast.parse(MODULES[module].read_text("utf-8")), top_level=False)
    roots = {name.split(".")[0] for name in names}
    qt = {"PySide6", "pyqtgraph", "qtawesome", "qtpy", "shiboken6"}
    if room_of(module) not in {"gui", "gui.state", "gui.multimedia", "gui.widgets", "app"}:
        assert not roots & qt, f"{module} imports Qt"
    if room_of(module) in {"gui.state", "gui.multimedia"}:
        assert not any(name.startswith("PySide6.QtWidgets") for name in names), (
            f"{module}: the state knows no widgets"
        )
    if room_of(module) != "gui.multimedia":
        assert not any(name.startswith("PySide6.QtMultimedia") for name in names), (
            f"{module}: QtMultimedia may be missing, and gui.multimedia says so"
        )


@pytest.mark.parametrize("module", MODULES)
def test_torch_stays_in_the_engine(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    everywhere = {name.split(".")[0] for name in imported(tree, top_level=False)}
    at_import = imported(tree, top_level=True)
    heavy = {"torch", "torchview", "torchvision"}
    if room_of(module) not in TORCH_ROOMS:
        assert not everywhere & heavy, f"{module} imports torch"
    brings_torch = any(
        name.split(".")[0] in heavy or name.removeprefix("cnn_explorer.") in TORCH_AT_IMPORT
        for name in at_import
    )
    assert brings_torch == (module in TORCH_AT_IMPORT), (
        f"{module} imports torch when it is imported, or is said to and does not"
    )
    if module != "networks.torchvision_models":
        assert "torchvision" not in everywhere, "only networks.torchvision_models may"
    if module != "graph.second_opinion":
        assert "torchview" not in everywhere, "only graph.second_opinion may"
    if not module.startswith(("networks.onnx_", "graph.onnx_", "probe.onnx_")):
        assert not everywhere & {"onnx", "onnxruntime"}, f"{module} imports onnx"
    if module == "networks.onnx_facts":
        assert not everywhere & {"onnx", "numpy"}, "what the window imports is light"


@pytest.mark.parametrize("module", MODULES)
def test_cameras_and_videos_are_asked_for_where_they_can_be_missing(module: str) -> None:
    if room_of(module) == "gui.multimedia":
        return
    for name in imported(ast.parse(MODULES[module].read_text("utf-8")), top_level=False):
        rest = name.removeprefix("cnn_explorer.gui.multimedia.")
        if rest != name:
            assert rest.split(".")[0] in {"devices", "loading", "sources"}, (
                f"{module}: {name} imports QtMultimedia; ask gui.multimedia.sources"
            )


@pytest.mark.parametrize("module", ["devices", "loading", "sources"])
def test_what_may_be_asked_imports_no_qt_multimedia_itself(module: str) -> None:
    tree = ast.parse(MODULES[f"gui.multimedia.{module}"].read_text("utf-8"))
    for name in imported(tree, top_level=True):
        assert not name.startswith("PySide6.QtMultimedia")


def test_the_lists_above_name_real_modules() -> None:
    assert set(MODULES) >= TORCH_AT_IMPORT
    assert {room_of(module) for module in MODULES} >= set(ROOMS)
