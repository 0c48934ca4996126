"""The training kit, through the estimators' parameters."""

import pickle
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import normal, plane, wine
from helpers.models import weights
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping, EpochScoring

from skae import DenseAutoencoder
from skae.exceptions import OutOfRangeWarning
from skae.metrics import variance_explained
from skae.scorers import Reconstruction
from skae.training._learning_rate import LEARNING_RATE_SCHEDULES, one_cycle
from skae.training._net import AutoencoderNet

dense = partial(
    models.dense,
    linear_path=None,
    learning_rate_schedule="constant",
    weight_decay=0.0,
    max_epochs=5,
    batch_size=16,
)


# Learning rates


def test_one_cycle_is_torchs():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    n_steps = 4000  # torch counts to the last step, ours to the end of it
    oracle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=n_steps, cycle_momentum=False
    )
    for step in range(n_steps - 1):
        assert one_cycle(step / n_steps) == pytest.approx(
            optimizer.param_groups[0]["lr"], abs=0.001
        )
        optimizer.step()
        oracle.step()


@pytest.mark.parametrize("name", sorted(LEARNING_RATE_SCHEDULES))
def test_schedules_stay_between_zero_and_the_peak(name):
    factors = [LEARNING_RATE_SCHEDULES[name](i / 1000) for i in range(1001)]
    assert 0 <= min(factors) < 0.01
    assert max(factors) == pytest.approx(1.0, abs=1e-3)


def test_the_schedule_reaches_the_optimiser():
    rates = (
        dense(learning_rate=0.05, learning_rate_schedule="one_cycle", max_epochs=20)
        .fit(plane())
        .history_[:, "learning_rate"]
    )
    assert max(rates) == pytest.approx(0.05, rel=0.02)
    assert rates[-1] < 0.001
    assert rates.index(max(rates)) in (5, 6)


def test_plateau_lowers_the_rate():
    model = dense(
        learning_rate=1e-6,
        learning_rate_schedule="plateau",
        n_iter_no_change=2,
        max_epochs=12,
    ).fit(plane())
    assert model.history_[-1, "learning_rate"] < model.history_[0, "learning_rate"]


# Early stopping


def test_early_stopping_restores_the_best_weights():
    X, X_val = plane(), plane(seed=1)
    model = dense(
        early_stopping=True, learning_rate=0.05, max_epochs=300, n_iter_no_change=5
    ).fit(X, X_val=X_val)
    losses = model.history_[:, "valid_loss"]
    assert model.n_iter_ < 300
    assert min(losses) < losses[-1]
    found = -model.score_samples(X_val).mean()
    assert found == pytest.approx(min(losses), rel=1e-3)


def test_the_best_weights_are_restored_at_the_last_epoch_too():
    X, X_val = plane(), plane(seed=1)
    model = dense(
        early_stopping=True, learning_rate=0.1, max_epochs=9, n_iter_no_change=100
    ).fit(X, X_val=X_val)
    assert model.n_iter_ == 9
    found = -model.score_samples(X_val).mean()
    assert found == pytest.approx(min(model.history_[:, "valid_loss"]), rel=1e-3)


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_patience_begins_when_the_schedule_has_come_down(load):
    X = StandardScaler().fit_transform(load().data).astype(np.float32)
    model = DenseAutoencoder(2, early_stopping=True, max_epochs=50, random_state=0)
    rates = model.fit(X).history_[:, "learning_rate"]
    patience, peak = model.n_iter_no_change, int(np.argmax(rates))
    n_low = sum(rate <= max(rates) / 2 for rate in rates[peak:])
    assert n_low >= min(patience, 50 - peak)


@pytest.mark.parametrize("rate", [1.0, 3.0, 10.0])
def test_a_fit_that_diverged_keeps_good_weights_rather_than_the_best(rate):
    X = wine()
    model = DenseAutoencoder(
        2, early_stopping=True, optimizer="sgd", learning_rate=rate, random_state=0
    ).set_params(learning_rate_schedule="constant")
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X)
    assert model.score(X) > 0.5


def test_weights_of_a_high_rate_are_not_the_best():
    """Held-out rows of another kind, of which the start knows more than training."""
    rng = np.random.default_rng(0)
    X, X_val = rng.normal(size=(80, 4)), rng.normal(size=(20, 4)) + 1
    model = DenseAutoencoder(
        2, early_stopping=True, max_epochs=40, learning_rate=0.03, random_state=0
    ).fit(X, X_val=X_val)
    rates, losses = model.history_[:, "learning_rate"], model.history_[:, "valid_loss"]
    low = [i for i, rate in enumerate(rates) if rate <= max(rates) / 2]
    low = [i for i in low if i > np.argmax(rates)]
    assert min(losses) < min(losses[i] for i in low)
    found = -model.score_samples(X_val).mean()
    assert found == pytest.approx(min(losses[i] for i in low), rel=1e-3)


def test_early_stopping_learns_more_than_pca():
    X = StandardScaler().fit_transform(load_breast_cancer().data).astype(np.float32)
    model = DenseAutoencoder(5, early_stopping=True, max_epochs=60, random_state=0)
    score = model.fit(X[:400]).score(X[400:])
    pca = PCA(5).fit(X[:400])
    linear = pca.inverse_transform(pca.transform(X[400:]))
    assert score > variance_explained(X[400:], linear)


def test_weights_of_the_first_epoch_are_said():
    noise = normal(60, 10)
    model = DenseAutoencoder(2, early_stopping=True, learning_rate=0.2, random_state=0)
    model.set_params(learning_rate_schedule="constant", max_epochs=100)
    with pytest.warns(ConvergenceWarning, match="first of [0-9]+ epochs"):
        model.fit(noise)


def test_validation_rows_are_not_trained_on():
    X = plane()
    model = dense(early_stopping=True, validation_fraction=0.25)
    seen = []

    class Spy(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            seen.append((training, len(batch[0])))

    model.set_params(callbacks=[Spy()], max_epochs=1).fit(X)
    assert sum(n for training, n in seen if training) == 60
    assert sum(n for training, n in seen if not training) == 20


def test_early_stopping_without_rows_to_hold_out():
    assert dense(early_stopping=True).fit(plane(1)).n_iter_ >= 1


def test_x_val_is_recorded_without_early_stopping():
    model = dense().fit(plane(), X_val=plane(20, seed=1))
    assert len(model.history_[:, "valid_loss"]) == model.n_iter_ == 5


# Gradients


def test_clipping_bounds_the_step():
    X = 100 * plane()
    start = dense(max_epochs=1, optimizer=torch.optim.SGD, learning_rate=1e-12).fit(X)
    model = dense(
        max_epochs=1,
        batch_size=80,
        optimizer=torch.optim.SGD,
        learning_rate=0.5,
        max_grad_norm=0.1,
    ).fit(X)
    step = sum(
        (a - b).square().sum()
        for a, b in zip(weights(start), weights(model), strict=True)
    )
    assert step.sqrt() == pytest.approx(0.5 * 0.1, rel=1e-4)


def test_weight_decay_shrinks_the_weights():
    plain, decayed = dense(max_epochs=50), dense(max_epochs=50, weight_decay=5.0)
    norms = [
        sum(w.square().sum() for w in weights(model.fit(plane())))
        for model in (plain, decayed)
    ]
    assert norms[1] < 0.8 * norms[0]


@pytest.mark.parametrize(
    ("optimizer", "learning_rate"),
    [
        ("adam", 0.01),
        ("rmsprop", 0.01),
        ("sgd", 0.05),
        (torch.optim.NAdam, 0.01),
        (torch.optim.LBFGS, 1.0),
    ],
)
def test_optimisers(optimizer, learning_rate):
    model = dense(
        max_epochs=20, optimizer=optimizer, learning_rate=learning_rate, batch_size=80
    )
    losses = model.fit(plane()).history_[:, "train_loss"]
    assert losses[-1] < 0.9 * losses[0]


# Going on


def test_warm_start_goes_on_from_the_weights():
    X = plane()
    model = dense(warm_start=True).fit(X)
    before = model.history_[-1, "train_loss"]
    model.fit(X)
    assert model.n_iter_ == len(model.history_) == 10
    assert model.history_[5, "train_loss"] < model.history_[0, "train_loss"]
    assert model.history_[-1, "train_loss"] < before


def test_a_cold_fit_starts_again():
    X = plane()
    model = dense().fit(X)
    once = model.transform(X)
    np.testing.assert_array_equal(model.fit(X).transform(X), once)
    assert model.n_iter_ == 5


def test_partial_fits_are_a_fit():
    X = plane()
    whole, parts = dense(), dense()
    whole.fit(X)
    for _ in range(5):
        parts.partial_fit(X)
    for a, b in zip(weights(whole), weights(parts), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert parts.n_iter_ == 5


def test_warm_start_takes_changed_parameters():
    X = plane()
    model = dense(warm_start=True).fit(X)
    model.set_params(learning_rate=1e-5, max_epochs=1).fit(X)
    assert model.history_[-1, "learning_rate"] == pytest.approx(1e-5)


# Divergence


def test_divergence_keeps_finite_weights_and_warns():
    X = plane()
    match = r"learning_rate \(1e\+10\)"
    with pytest.warns(ConvergenceWarning, match=match) as record:
        model = dense(optimizer="sgd", learning_rate=1e10, max_epochs=50).fit(X)
    assert record[0].filename == __file__
    assert model.diverged_
    assert model.n_iter_ < 50
    assert np.isfinite(model.reconstruct(X)).all()
    assert np.isfinite(model.score(X))


def test_divergence_in_the_very_last_step_is_noticed(monkeypatch):
    """The last epoch's loss is fine and its last step is not."""
    step = AutoencoderNet.train_step

    def explode(net, *args):
        terms = step(net, *args)
        if len(net.history) == net.epochs_:
            for parameter in net.module_.parameters():
                parameter.data.mul_(torch.inf)
        return terms

    monkeypatch.setattr(AutoencoderNet, "train_step", explode)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model = dense(batch_size=80, max_epochs=3).fit(plane())
    assert model.diverged_
    assert np.isfinite(model.reconstruct(plane())).all()


def test_a_finite_explosion_is_divergence_too():
    with pytest.warns(ConvergenceWarning, match="exploded"):
        model = dense(learning_rate=1e10).fit(plane())
    assert model.diverged_
    assert model.score(plane()) > -10
    assert Reconstruction()(model, plane()) == Reconstruction.worst


def test_a_perfect_start_is_not_divergence():
    model = dense(linear_path="pca", n_components=6, max_epochs=20).fit(plane())
    assert not model.diverged_


def test_warm_start_keeps_the_size_of_the_code():
    model = dense(warm_start=True).fit(plane()).set_params(n_components=3)
    assert model.transform(plane()).shape == (80, 2)
    assert len(model.get_feature_names_out()) == 2
    assert model.inverse_transform(model.transform(plane())).shape == (80, 6)
    with pytest.raises(ValueError, match="warm_start=False"):
        model.fit(plane())


def test_huge_data_do_not_raise():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = dense().fit(1e200 * plane())
    assert np.isfinite(model.transform(plane())).all()


# Bounded outputs


def test_a_bounded_output_warns_when_data_lie_outside():
    with pytest.warns(OutOfRangeWarning, match=r"\[0, 1\].*'sigmoid'") as record:
        dense(output_activation="sigmoid").fit(plane())
    assert record[0].filename == __file__


def test_a_bounded_output_is_quiet_when_data_lie_inside():
    X = plane()
    X = (X - X.min()) / (X.max() - X.min())
    model = dense(output_activation="sigmoid").fit(X)
    assert 0 <= model.reconstruct(X).min() <= model.reconstruct(X).max() <= 1


# Callbacks


class Recorder(Callback):
    def __init__(self, log):
        self.log = log

    def __deepcopy__(self, memo):
        return Recorder(self.log)

    def on_epoch_end(self, net, **kwargs):
        self.log.append("epoch")

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        self.log.append("batch")

    def on_grad_computed(self, net, named_parameters, **kwargs):
        assert all(parameter.grad is not None for _, parameter in named_parameters)
        self.log.append("grad")


def test_callbacks_hear_of_batches_and_epochs():
    X, log = plane(), []
    observed = dense(max_epochs=2, batch_size=40, callbacks=[Recorder(log)]).fit(X)
    assert log == (["grad", "batch"] * 2 + ["epoch"]) * 2
    alone = dense(max_epochs=2, batch_size=40).fit(X)
    np.testing.assert_array_equal(observed.transform(X), alone.transform(X))
    assert len(observed.history_[0, "batches"]) == 2


def test_a_callback_is_not_changed_by_the_fit():
    stopping = EarlyStopping(
        "train_loss", patience=2, threshold=0.9, sink=lambda _: None
    )
    model = dense(max_epochs=50, callbacks=[stopping])
    assert model.fit(plane()).n_iter_ < 50
    assert stopping.misses_ == 0
    assert clone(model).fit(plane()).n_iter_ == model.n_iter_


def test_skorch_scoring_callbacks_work():
    def largest_weight(net, X, y):
        return max(p.abs().max().item() for p in net.module_.parameters())

    scoring = EpochScoring(
        largest_weight, name="largest", on_train=True, use_caching=False
    )
    model = dense(callbacks=[scoring]).fit(plane())
    assert len(model.history_[:, "largest"]) == 5


def test_ctrl_c_ends_more_than_the_fit(monkeypatch):
    def interrupted(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(AutoencoderNet, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dense().fit(plane())


def test_verbose_prints_a_line_per_epoch(capsys):
    dense(verbose=True).fit(plane())
    assert "train_loss" in capsys.readouterr().out
    dense().fit(plane())
    assert capsys.readouterr().out == ""


# scikit-learn's callbacks


class Listener:
    """A callback of scikit-learn's protocol that is handed down to sub-estimators."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.tasks = []

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.tasks.append(context.task_name)
        if context.task_name == "epoch":
            assert np.isfinite(fitted_estimator.score(X))
            return context.task_id + 1 == self.stop_after


def test_an_epoch_is_a_task():
    listener = Listener()
    model = dense(max_epochs=3).set_callbacks(listener).fit(plane())
    assert listener.tasks == ["setup", "epoch", "epoch", "epoch", "fit", "teardown"]
    np.testing.assert_array_equal(
        model.transform(plane()), dense(max_epochs=3).fit(plane()).transform(plane())
    )


def test_a_callback_may_stop_the_fit():
    model = dense(max_epochs=30).set_callbacks(Listener(stop_after=4)).fit(plane())
    assert model.n_iter_ == 4


def test_callbacks_reach_into_pipelines_and_searches():
    listener = Listener()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), dense(max_epochs=2)),
        {"denseautoencoder__n_components": [1, 2]},
        cv=2,
    )
    search.set_callbacks(listener).fit(plane())
    assert listener.tasks.count("epoch") == 2 * (2 * 2 + 1)


def test_scoring_monitor_follows_the_score():
    monitor = ScoringMonitor(scoring={"r2": Reconstruction()})
    model = dense(max_epochs=4).set_callbacks(monitor).fit(plane())
    scores = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")["r2"]
    assert len(scores) == 4
    assert scores.iloc[-1] == pytest.approx(model.score(plane()))


def test_progress_bars_work(capfd):
    model = dense(max_epochs=4).set_callbacks(ProgressBar()).fit(plane())
    assert "DenseAutoencoder" in capfd.readouterr().out
    assert pickle.loads(pickle.dumps(model)).n_iter_ == 4


# Faster arithmetic


def test_mixed_precision_trains_about_the_same_model():
    X = plane().astype(np.float32)
    models = [dense(mixed_precision=mixed, max_epochs=20) for mixed in (False, True)]
    plain, mixed = (model.fit(X) for model in models)
    assert mixed.score(X) == pytest.approx(plain.score(X), abs=0.02)
    assert mixed.transform(X).dtype == np.float32
    assert not np.array_equal(mixed.transform(X), plain.transform(X))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_module_trains_the_same_model():
    X = plane().astype(np.float32)
    plain, compiled = dense().fit(X), dense(compile=True).fit(X)
    np.testing.assert_allclose(compiled.transform(X), plain.transform(X), atol=1e-4)
    copy = pickle.loads(pickle.dumps(compiled))
    np.testing.assert_array_equal(copy.transform(X), compiled.transform(X))
