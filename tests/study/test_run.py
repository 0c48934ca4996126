import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from skae.study.errors import InputError
from skae.study.inputs import DataSet
from skae.study.plan import Plan
from skae.study.run import run
from skae.study.settings import Settings

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
DATA = DataSet("noise", X, list("abcd"))


def plan(components, **choices):
    choices = {"max_epochs": 2, "folds": 2, "search": "grid"} | choices
    return Plan(DATA, Settings("noise", "out", "dense", components, **choices))


def outcome(components, **choices):
    return run(plan(components, **choices), lambda search: {})


def test_the_outcome_is_that_of_the_chosen_dimension():
    found = outcome((1, 3), scorer="reconstruction")
    assert found.chosen == found.verdict.best == 3
    assert found.model["autoencoder"].n_components == 3
    means = -found.cv_results["mean_test_neg_rmse"]
    assert found.rmse == pytest.approx(means[1])
    assert found.r2 == pytest.approx(found.curve.mean[1])
    assert found.remarks(4) == []


def test_pca_is_compared_on_the_same_folds():
    made = plan((2,), scale="none")
    errors = []
    for train, test in made.cv.split(X):
        pca = PCA(2).fit(X[train])
        X_hat = pca.inverse_transform(pca.transform(X[test]))
        errors.append(np.sqrt(np.mean((X[test] - X_hat) ** 2)))
    found = run(made, lambda search: {})
    assert found.linear_rmse == pytest.approx(np.mean(errors), rel=1e-5)


def test_pca_of_all_columns_is_no_comparison():
    found = outcome((4,))
    assert found.linear_rmse is None
    [remark] = found.remarks(4)
    assert "--components 1:3" in remark


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    outcome((1,))
    assert torch.get_num_threads() == before


def test_a_model_that_never_fits_is_told_before_the_search():
    made = plan((1,))
    made.pipeline.set_params(autoencoder__activation="nonsense")
    with pytest.raises(InputError, match=r"does not fit the data: .*nonsense"):
        run(made, lambda search: pytest.fail("the search was begun"))


def test_progress_may_pass_arguments_to_the_fit():
    seen = []
    progress = {"callback": lambda result: seen.append(len(result.x_iters))}
    made = plan((1, 2, 3), search="bayes", n_iter=2)
    run(made, lambda search: progress)
    assert seen == [1, 2]
