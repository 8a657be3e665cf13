"""The house's order: a module imports only what stands below it, and importing the package loads only NumPy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinygrad_opt

PACKAGE = Path(tinygrad_opt.__file__).parent

# From the bottom to the top.
LAYERS = [
    "spelling",
    "settings",
    "ops.scalars",
    "ops.operation",
    "ops.aside",
    "ops.operand",
    "ops.rules",
    "ops.elementwise",
    "ops.indexing",
    "ops.special",
    "ops.activations",
    "ops.shapes",
    "ops.vectors",
    "ops.joining",
    "ops.padding",
    "ops.diagonals",
    "ops.reductions",
    "ops.scans",
    "ops.ordering",
    "ops.statistics",
    "ops.loss_reduction",
    "ops.losses",
    "ops.binary_losses",
    "ops.regression_losses",
    "ops.margin_losses",
    "ops.likelihood_losses",
    "ops.normalization",
    "ops.batch_normalization",
    "ops.products",
    "ops.random",
    "ops.rrelu",
    "ops.sparsemax",
    "ops.dropout",
    "ops.subscripts",
    "ops.contractions",
    "ops.linalg",
    "ops.determinants",
    "ops.factorizations",
    "ops.norms",
    "ops.distance_losses",
    "ops.windows",
    "ops.convolution",
    "ops.convolution_layers",
    "ops.signals",
    "ops.pooling",
    "ops.pooling_layers",
    "ops.adaptive_pooling",
    "ops",
    "init.request",
    "init.fans",
    "init.constants",
    "init.distributions",
    "init.scaled",
    "init.structured",
    "init.dropout_adjusted",
    "init.registry",
    "init",
    "expr",
    "recording",
    "engine",
    "data",
    "methods",
    "value",
    "functional",
    "tree",
    "readable",
    "calculus",
    "checkpoint",
    "notation",
    "naming",
    "explain.steps",
    "explain.text",
    "explain.html",
    "explain.explanation",
    "explain",
    "draw.graph",
    "draw.scopes",
    "draw.snapshot",
    "draw.fold",
    "draw.labels",
    "draw.render",
    "draw.picture",
    "draw.look",
    "draw",
    "check.slope",
    "check.replay",
    "check.show",
    "check.report",
    "check.hints",
    "check.inputs",
    "check.rounding",
    "check.branches",
    "check.subject",
    "check.graph",
    "check.given",
    "check.unfit",
    "check.gradcheck",
    "check.call",
    "check.seen",
    "check.rule_probes",
    "check.fact_probes",
    "check.probes",
    "check.audit",
    "check",
    "tinygrad_opt",
    "nn.state",
    "nn.description",
    "nn.paths",
    "nn.arguments",
    "nn.attributes",
    "nn.watching",
    "nn.summary",
    "nn.module",
    "nn.inputs",
    "nn.weights",
    "nn.losses",
    "nn.activations",
    "nn.activations_over_axes",
    "nn.prelu",
    "nn.activation_names",
    "nn.data_dependent",
    "nn.containers",
    "nn.dropout",
    "nn.linear",
    "nn.mlp",
    "nn.convolution",
    "nn.pooling",
    "nn.shaping",
    "nn.embedding",
    "nn.noisy_weights",
    "nn.perceptron",
    "nn.normalization",
    "nn.batch_normalization",
    "nn.weight_normalization",
    "nn",
    "program.refusal",
    "program.terms",
    "program.sources",
    "program.expressions",
    "program.settled",
    "program.lent",
    "program.tape",
    "program.notebook",
    "program.forward",
    "program.backward",
    "program.writer",
    "program.surroundings",
    "program.effects",
    "program.proof",
    "program.compiled",
    "program",
    "optim.schedules.arguments",
    "optim.schedules.schedule",
    "optim.schedules.decay",
    "optim.schedules.cycles",
    "optim.schedules.composed",
    "optim.schedules",
    "optim.landscapes",
    "optim.deterministic.result",
    "optim.deterministic.problem",
    "optim.deterministic.line_search",
    "optim.deterministic.descent",
    "optim.deterministic.gradient_descent",
    "optim.deterministic.conjugate_gradient",
    "optim.deterministic.quasi_newton",
    "optim.deterministic.model_step",
    "optim.deterministic.curvature",
    "optim.deterministic.newton",
    "optim.deterministic.trust_region",
    "optim.deterministic.residuals",
    "optim.deterministic.levenberg_marquardt",
    "optim.deterministic.least_squares",
    "optim.deterministic.minimize",
    "optim.deterministic",
    "optim.core.kinds",
    "optim.core.hyper",
    "optim.core.trace",
    "optim.core.blocks",
    "optim.core.vocabulary",
    "optim.core.writer",
    "optim.core.pipeline",
    "optim.core.traced",
    "optim.core.kernel",
    "optim.core.members",
    "optim.core.groups",
    "optim.core.packing",
    "optim.core.parallel",
    "optim.core.scratch",
    "optim.core.passes",
    "optim.core.memory",
    "optim.core.reference",
    "optim.core.lane",
    "optim.core.formula",
    "optim.core.story",
    "optim.core.state",
    "optim.core.quiet",
    "optim.core.optimizer",
    "optim.core",
    "optim.around.units",
    "optim.around.transforms",
    "optim.around.constraints",
    "optim.around.wrapper",
    "optim.around.averaging",
    "optim.around.lookahead",
    "optim.around.sam",
    "optim.around.accumulation",
    "optim.around",
    "optim.rules.root",
    "optim.rules.adagrad",
    "optim.rules.rmsprop",
    "optim.rules.adam",
    "optim.rules.gradient_descent",
    "optim.rules.rprop",
    "optim.rules.polyak",
    "optim.rules.perceptron",
    "optim.rules.adam_relatives",
    "optim.rules.factored",
    "optim.rules.ftrl",
    "optim.rules.layerwise",
    "optim.rules.madgrad",
    "optim.rules.muon",
    "optim.rules.prodigy",
    "optim.rules.schedule_free",
    "optim.rules",
    "optim.closures.closure",
    "optim.closures.curvature",
    "optim.closures.quasi_newton",
    "optim.closures",
    "optim.registry",
    "optim.race",
    "optim",
    "train.loader",
    "train.data",
    "train.streams",
    "train.structure",
    "train.replacing",
    "train.formats",
    "train.files",
    "train.generators",
    "train.checkpoint",
    "train.weights",
    "train.metrics",
    "train.history",
    "train.advice",
    "train.callbacks.base",
    "train.callbacks.folders",
    "train.callbacks.known",
    "train.callbacks.monitor",
    "train.callbacks.stopping",
    "train.callbacks.rates",
    "train.callbacks.saving",
    "train.callbacks.logs",
    "train.callbacks.tensorboard",
    "train.callbacks.averaging",
    "train.callbacks.gradients",
    "train.callbacks.learning_rate_finder",
    "train.callbacks.progress",
    "train.callbacks",
    "train.evaluation",
    "train.steps",
    "train.interrupts",
    "train.run",
    "train.arguments",
    "train.fit",
    "train.recipe",
    "train",
    "datasets.points",
    "datasets.gates",
    "datasets.everyday",
    "datasets.classics",
    "datasets.idx",
    "datasets.mnist",
    "datasets.registry",
    "datasets",
    "plots",
    "testing.gradients",
    "testing.strategies",
    "testing.programs",
    "testing",
    "cli.table",
    "cli.expression",
    "cli.explain",
    "cli.check",
    "cli.race",
    "cli.train_data",
    "cli.train_files",
    "cli.train_model",
    "cli.train",
    "cli",
    "__main__",
]

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
FILES["tinygrad_opt"] = FILES.pop("__init__")


def imported(module: str) -> Iterator[str]:
    """The modules of the package that a module imports, in functions too, but not for its annotations only."""
    path = FILES[module]
    here = path.parent.relative_to(PACKAGE).parts
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = here[: len(here) - node.level + 1]
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("tinygrad_opt."):
            base = str(node.module).removeprefix("tinygrad_opt").strip(".")
        else:
            continue
        for name in node.names:
            inner = f"{base}.{name.name}".strip(".")
            yield inner if inner in FILES else base or "tinygrad_opt"


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under ``if TYPE_CHECKING``."""
    yield node
    if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from runtime_nodes(child)


def test_every_module_has_its_place():
    assert sorted(LAYERS) == sorted(FILES)


@pytest.mark.parametrize("module", LAYERS)
def test_imports_point_down(module):
    below = LAYERS[: LAYERS.index(module)]
    too_high = [name for name in imported(module) if name not in below]
    assert not too_high, f"{module} imports {', '.join(too_high)}, which must stand below it"


def test_the_order_is_read_from_the_imports():
    assert set(imported("ops.padding")) == {"ops.indexing", "ops.rules"}
    assert {"ops", "ops.operation", "ops.shapes"} <= set(imported("engine"))


def test_importing_loads_numpy_and_nothing_else_from_outside():
    program = (
        "import sys; before = set(sys.modules); import tinygrad_opt; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(name for name in new if name not in sys.stdlib_module_names))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, check=True, capture_output=True, text=True
    )
    assert loaded.stdout.split() == ["numpy", "tinygrad_opt"]


def test_rooms_are_loaded_when_they_are_asked_for():
    program = (
        "import sys, tinygrad_opt; before = {'tinygrad_opt.optim', 'tinygrad_opt.init'} & set(sys.modules); "
        "print(bool(before), tinygrad_opt.optim.Adam.__name__, tinygrad_opt.init.zeros.__name__, "
        "hasattr(tinygrad_opt, 'optimizers'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == ["False", "Adam", "zeros", "False"]
