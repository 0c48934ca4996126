"""skorch's own callbacks, as skorch's users write them."""

import sys
import threading
import types
from functools import partial

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import plane
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
    WarmRestartLR,
)

from skae import Checkpoint as OwnCheckpoint

dense = partial(models.watched, linear_path=None, max_epochs=4, batch_size=16)


class Uncopyable:
    """What stands for a connection or an open file: a lock forbids copies."""

    def __init__(self):
        self.lock, self.calls = threading.Lock(), []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))

    def named(self, name):
        return [(args, kwargs) for called, args, kwargs in self.calls if called == name]


# Files


def test_checkpoint(tmp_path):
    model = dense(Checkpoint(dirname=str(tmp_path))).fit(plane())
    files = {"params.pt", "optimizer.pt", "criterion.pt", "history.json"}
    assert {path.name for path in tmp_path.iterdir()} == files
    losses = model.history_[:, "valid_loss"]
    are_best = [loss == min(losses[: i + 1]) for i, loss in enumerate(losses)]
    assert model.history_[:, "valid_loss_best"] == are_best
    assert model.history_[:, "event_cp"] == are_best


def test_checkpoint_of_the_training_loss(tmp_path):
    checkpoint = Checkpoint(
        monitor="train_loss_best",
        dirname=str(tmp_path),
        f_params="{last_epoch[epoch]}-{last_batch[train_batch_size]}.pt",
    )
    model = dense(checkpoint).fit(plane(70))
    assert "valid_loss" not in model.history_[-1]
    names = {path.name for path in tmp_path.glob("*-*.pt")}
    assert names == {f"{epoch}-6.pt" for epoch in range(1, 5)}


def test_checkpoint_goes_back_to_the_best(tmp_path):
    checkpoint = Checkpoint(dirname=str(tmp_path), load_best=True)
    X, X_val = plane(), plane(seed=1)
    model = dense(checkpoint, learning_rate=0.2, max_epochs=12)
    model.fit(X, X_val=X_val)
    assert model.n_iter_ < 12  # the history is that of the best epoch, too
    assert model.history_[-1, "valid_loss_best"]
    found = -model.score_samples(X_val).mean()
    assert found == pytest.approx(model.history_[-1, "valid_loss"], rel=1e-3)


def test_train_end_checkpoint(tmp_path):
    model = dense(TrainEndCheckpoint(dirname=str(tmp_path))).fit(plane())
    saved = torch.load(tmp_path / "train_end_params.pt", weights_only=True)
    for name, value in model.net_.module_.state_dict().items():
        torch.testing.assert_close(saved[name], value)
    assert (tmp_path / "train_end_history.json").exists()


@pytest.mark.parametrize("cls", [Checkpoint, TrainEndCheckpoint])
def test_load_init_state(tmp_path, cls):
    def model():
        saved = cls(dirname=str(tmp_path))
        return dense(saved, LoadInitState(saved), learning_rate_schedule="constant")

    first, second = model().fit(plane()), model().fit(plane())
    assert (first.n_iter_, second.n_iter_) == (4, 8)
    assert second.history_[-1, "train_loss"] < first.history_[-1, "train_loss"]


def test_own_checkpoints_may_have_names(tmp_path):
    model = dense(("mine", OwnCheckpoint(tmp_path, interval=0.0))).fit(plane())
    assert model.n_iter_ == 4
    assert not list(tmp_path.iterdir())


# Loggers, none of which can be copied


def assert_logged(values, model):
    assert values == pytest.approx(model.history_[:, "train_loss"])


def tags(writer):
    return [kwargs["tag"] for _, kwargs in writer.named("add_scalar")]


def test_tensorboard():
    writer = Uncopyable()
    model = dense(TensorBoard(writer)).fit(plane())
    logged = [kwargs for _, kwargs in writer.named("add_scalar")]
    losses = [k["scalar_value"] for k in logged if k["tag"] == "Loss/train_loss"]
    assert_logged(losses, model)
    assert writer.named("close")


def test_a_writer_serves_all_fits_of_a_search():
    writer = Uncopyable()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), dense(TensorBoard(writer))),
        {"denseautoencoder__n_components": [1, 2]},
        cv=2,
        error_score="raise",
    )
    search.fit(plane())
    assert tags(writer).count("Loss/train_loss") == 4 * (2 * 2 + 1)


def test_mlflow_logger():
    client = Uncopyable()
    run = types.SimpleNamespace(info=types.SimpleNamespace(run_id="7"))
    model = dense(MlflowLogger(run, client, log_on_batch_end=True)).fit(plane())
    metrics = client.named("log_metric")
    losses = [args[2] for args, _ in metrics if args[1] == "train_loss_epoch"]
    assert_logged(losses, model)
    assert len([args for args, _ in metrics if args[1] == "train_loss_batch"]) == 20
    artifacts = {args[1].name for args, _ in client.named("log_artifact")}
    expected = {"params.pth", "optimizer.pth", "criterion.pth", "history.json"}
    assert artifacts == expected
    assert client.named("set_terminated") == [(("7",), {})]


def test_wandb_logger(tmp_path):
    run = Uncopyable()
    run.dir = str(tmp_path)
    model = dense(WandbLogger(run)).fit(plane())
    assert_logged([args[0]["train_loss"] for args, _ in run.named("log")], model)
    assert (tmp_path / "best_model.pth").exists()
    assert run.named("watch")


def test_wandb_logger_without_files_needs_no_held_out_rows():
    run = Uncopyable()
    model = dense(WandbLogger(run, save_model=False)).fit(plane())
    assert "valid_loss" not in model.history_[-1]
    assert len(run.named("log")) == 4


class NeptuneRun(dict):
    """A tree of fields, made as they are named."""

    def __init__(self):
        self.lock, self.values = threading.Lock(), []

    def __missing__(self, name):
        self[name] = NeptuneRun()
        return self[name]

    def append(self, value):
        self.values.append(value)

    def stop(self):
        self.is_stopped = True


def test_neptune_logger(monkeypatch):
    files = types.SimpleNamespace(from_content=lambda text, extension: text)
    modules = {"types": {"File": files}, "handler": {"Handler": dict.fromkeys}}
    modules["handler"]["Handler"] = type("Handler", (), {})
    monkeypatch.setitem(sys.modules, "neptune", types.ModuleType("neptune"))
    for name, contents in modules.items():
        module = types.ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, f"neptune.{name}", module)
    run = NeptuneRun()
    model = dense(NeptuneLogger(run), max_epochs=3, learning_rate=0.02).fit(plane())
    fields = run["training"]
    assert fields["config/epochs"] == 3
    assert fields["config/lr"] == 0.02
    assert fields["config/batch_size"] == 16
    assert_logged(fields["train"]["epoch"]["loss"].values, model)
    assert run.is_stopped


def test_sacred_logger():
    experiment = Uncopyable()
    model = dense(SacredLogger(experiment, log_on_batch_end=True)).fit(plane())
    logged = [args for args, _ in experiment.named("log_scalar")]
    assert_logged([a[1] for a in logged if a[0] == "train_loss_epoch"], model)
    assert len([a for a in logged if a[0] == "train_loss_batch"]) == 20


# Scores


def errors(net, X, y):
    return float(net.history[-1, "epoch"])


@pytest.mark.parametrize("on_train", [True, False])
def test_epoch_scoring(on_train):
    scoring = EpochScoring(
        "neg_mean_squared_error", lower_is_better=False, on_train=on_train
    )
    model = dense(scoring, early_stopping=True, validation_fraction=0.25).fit(plane())
    scores = model.history_[:, "neg_mean_squared_error"]
    prefix = "train" if on_train else "valid"
    assert scores == pytest.approx([-x for x in model.history_[:, f"{prefix}_loss"]])


def test_batch_scoring():
    model = dense(BatchScoring(errors, on_train=True, name="epochs")).fit(plane())
    assert model.history_[:, "epochs"] == [1, 2, 3, 4]


def test_passthrough_scoring():
    model = dense(PassthroughScoring("train_loss", on_train=True)).fit(plane(70))
    alone = dense().fit(plane(70))
    losses = [model.history_[:, "train_loss"], alone.history_[:, "train_loss"]]
    assert losses[0] == pytest.approx(losses[1])


# What changes training


def test_early_stopping_of_held_out_rows():
    stopping = EarlyStopping(patience=2, threshold=0.9)
    model = dense(stopping, max_epochs=50).fit(plane())
    assert model.n_iter_ < 50
    assert "valid_loss" in model.history_[-1]


def test_classes_do_for_callbacks():
    assert "valid_loss" in dense(EarlyStopping).fit(plane()).history_[-1]


@pytest.mark.parametrize("policy", [WarmRestartLR, "StepLR"])
def test_schedulers_take_the_place_of_the_estimators_own(policy):
    settings = {"step_size": 1, "gamma": 0.5} if policy == "StepLR" else {}
    model = dense(LRScheduler(policy, **settings), learning_rate=0.08).fit(plane())
    rates = model.history_[:, "event_lr"]
    if policy == "StepLR":
        assert rates == pytest.approx([0.08, 0.04, 0.02, 0.01])
    assert rates == pytest.approx(model.history_[:, "learning_rate"])
    assert len(set(rates)) == 4


def test_schedulers_of_batches():
    scheduler = LRScheduler(
        torch.optim.lr_scheduler.OneCycleLR,
        max_lr=0.1,
        total_steps=30,
        step_every="batch",
    )
    model = dense(scheduler).fit(plane())
    rates = model.history_[:, "batches", :, "event_lr"]
    assert len({rate for epoch in rates for rate in epoch}) == 20


def first_weight(model):
    return next(model.net_.module_.parameters())


def test_param_mapper():
    mapper = ParamMapper("encoder*weight", fn=torch.nn.init.zeros_, at=4)
    frozen = Freezer("encoder*", at=4)
    model = dense(mapper, frozen).fit(plane())
    weights = dict(model.net_.module_.named_parameters())
    zeros = [name for name, value in weights.items() if not value.any()]
    assert zeros == [n for n in weights if n.startswith("encoder") and "weight" in n]


def test_freezer_and_unfreezer():
    start = dense(max_epochs=1, learning_rate=1e-12).fit(plane())
    frozen = dense(Freezer("*encoder*")).fit(plane())
    torch.testing.assert_close(first_weight(frozen), first_weight(start))
    thawed = dense(Freezer("*encoder*"), Unfreezer("*encoder*", at=3)).fit(plane())
    assert not torch.equal(first_weight(thawed), first_weight(start))


def test_initializer():
    ones = Initializer("encoder*", fn=torch.nn.init.ones_)
    model = dense(ones, Freezer("encoder*")).fit(plane())
    assert (first_weight(model) == 1).all()


def test_gradient_norm_clipping():
    settings = {"optimizer": "sgd", "weight_decay": 0.0}
    clipped = dense(GradientNormClipping(1e-4), **settings).fit(plane())
    plain = dense(**settings).fit(plane())
    start = dense(max_epochs=1, learning_rate=1e-12).fit(plane())
    steps = [
        (first_weight(model) - first_weight(start)).norm() for model in (clipped, plain)
    ]
    assert steps[0] < 0.1 * steps[1]


# What is printed


def test_progress_bar(capfd):
    dense(ProgressBar(detect_notebook=False)).fit(plane())
    assert "0/5" in capfd.readouterr().err


def test_print_log():
    lines = []
    dense(PrintLog(sink=lines.append)).fit(plane())
    assert len(lines) == 2 + 4


def test_epoch_timer():
    assert dense(EpochTimer()).fit(plane()).history_[-1, "dur"] >= 0


# Callbacks of the user's own


class Watcher(Callback):
    """Looks at what skorch's documentation promises."""

    def __init__(self, seen):
        self.seen = seen
        self.losses = []

    def on_epoch_end(self, net, **kwargs):
        batches = net.history[-1, "batches", :, ("train_loss", "train_batch_size")]
        losses, sizes = zip(*batches, strict=True)
        self.losses.append(np.average(losses, weights=sizes))
        self.seen.append((list(self.losses), net.history[-1, "train_loss_best"]))


def test_the_history_has_every_batch():
    seen = []
    model = dense(Watcher(seen), learning_rate_schedule="constant").fit(plane(70))
    assert [len(losses) for losses, _ in seen] == [1, 2, 3, 4]
    assert seen[-1][0] == pytest.approx(model.history_[:, "train_loss"])
    assert all(is_best for _, is_best in seen)


def test_what_a_callback_notes_is_of_one_fit():
    watcher = Watcher([])
    model = dense(watcher)
    for other in (model, model, clone(model)):
        assert len(other.fit(plane()).net_.callbacks_[-1][1].losses) == 4
    assert watcher.losses == []


def test_callbacks_that_follow_no_batches_leave_the_history_small():
    model = dense(EarlyStopping("train_loss")).fit(plane())
    assert model.history_[-1]["batches"] == []
    assert "train_loss_best" not in model.history_[-1]


@pytest.mark.parametrize("callbacks", [["x"], [dict], [("name", 3)], "x"])
def test_what_is_no_callback_is_refused(callbacks):
    with pytest.raises((TypeError, ValueError), match="callbacks"):
        dense().set_params(callbacks=callbacks).fit(plane())
