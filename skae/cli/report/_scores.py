"""The scores of a search as a table, and its numbers in words."""

from skae.cli._plan import PARAM
from skae.search._results import candidates, fold_scores, mean_seconds

__all__ = [
    "IN_FULL",
    "MEANINGS",
    "comparison_text",
    "digits",
    "error_text",
    "estimates_text",
    "explained_text",
    "explains_more",
    "fold_range_text",
    "metric_title",
    "pca_is_better",
    "scores_table",
]

_TITLES = {
    "kernel_mi": "share of information kept",
    "description_length": "saved by the code (nats per feature)",
    "mse": "negative mean squared error",
    "reconstruction": "variance explained (R²)",
    "silhouette": "silhouette, adjusted for chance",
}


#: What scorers say, in half a sentence.
MEANINGS = {
    "kernel_mi": "how much of what tells rows apart their codes tell, too: 1 is all",
    "description_length": "how much shorter rows are to write down with their codes; "
    "past its peak a unit costs more than it saves",
    "mse": "the mean square of what is lost, as the autoencoder sees the data",
    "reconstruction": "how much of what varies reconstructions keep: 1 is all",
    "rmse": "how far reconstructions are off",
    "silhouette": "how far apart clusters of codes lie, beyond what chance would do",
    "trustworthiness": "whether rows that are neighbours by their codes are neighbours "
    "in the data: 1 is all of them",
}


def metric_title(metric):
    """Return the title of a metric in a report; its own name if it has no other."""
    return _TITLES.get(metric, metric)


def scores_table(cv_results, metrics, in_full=None):
    """Return the scores of a search as a table, a row for each candidate.

    Parameters
    ----------
    cv_results : dict
        The `cv_results_` of the search.
    metrics : iterable of str
        Its metrics. A name that starts with ``neg_`` loses it, and its scores the
        sign.
    in_full : InFull or None, default=None
        The chosen model, where those of the search are of nested fits.

    Returns
    -------
    table : pandas.DataFrame
        Sorted by ``n_components``, with the rows of `cv_results` as its index; then
        what else was searched, by the autoencoder's names of parameters; then for each
        metric ``mean_<metric>``, ``std_<metric>`` and ``fold_<i>_<metric>``, counting
        from 1. With `in_full` its row is the last one, and ``trained_in_full`` tells it
        from the others.
    """
    import pandas as pd

    tried = candidates(cv_results)
    columns = {"n_components": [int(candidate[PARAM]) for candidate in tried]}
    for name in dict.fromkeys(name for candidate in tried for name in candidate):
        if name != PARAM:
            values = [candidate.get(name) for candidate in tried]
            columns[name.split("__")[-1]] = values
    for metric in metrics:
        columns |= _metric_columns(metric, fold_scores(cv_results, metric))
    columns["fit_seconds"] = mean_seconds(cv_results, "fit_time")
    table = pd.DataFrame(columns).sort_values("n_components", kind="stable")
    if in_full is None:
        return table
    own = {"n_components": [in_full.n_components], "trained_in_full": [True]}
    for metric, folds in in_full.scores.items():
        own |= _metric_columns(metric, folds[None])
    seeds = {"random_state": object} if "random_state" in table else {}
    table = table.assign(trained_in_full=False).astype(seeds)  # whole ones beside none
    return pd.concat([table, pd.DataFrame(own, index=[IN_FULL])])


#: Stands for a row of `cv_results`, which the model that is kept is not of.
IN_FULL = -1


def _metric_columns(metric, folds):
    """Return columns for scores of shape (n_candidates, n_folds)."""
    name = metric.removeprefix("neg_")
    folds = folds * (1 if name == metric else -1)
    return {
        f"mean_{name}": folds.mean(axis=1),
        f"std_{name}": folds.std(axis=1),
        **{f"fold_{i}_{name}": fold for i, fold in enumerate(folds.T, start=1)},
    }


def error_text(error, unit):
    """Return an error with its unit, in three digits or more.

    Examples
    --------
    >>> from skae.cli.report import error_text
    >>> error_text(21.345, "thousand passengers")
    '21.3 thousand passengers'
    >>> error_text(1234.5, None)
    '1,234 in the units of the data'
    """
    return f"{digits(error)} {unit or 'in the units of the data'}"


def fold_range_text(errors):
    """Return the range of errors over the folds, as text.

    Examples
    --------
    >>> from skae.cli.report import fold_range_text
    >>> fold_range_text([18.04, 62.9, 31.0])
    '18.0 to 62.9 over the folds'
    """
    return f"{digits(min(errors))} to {digits(max(errors))} over the folds"


def estimates_text(intrinsic):
    """Return the single estimates of an `IntrinsicDimension`.

    Examples
    --------
    >>> from skae.cli.report._scores import estimates_text
    >>> from skae.information import IntrinsicDimension
    >>> estimates_text(IntrinsicDimension(3.04, 2.2, 1.98, n_features=9))
    'TwoNN 3.0, Levina-Bickel 2.2, correlation 2.0'
    """
    return (
        f"TwoNN {intrinsic.two_nn:.1f}, Levina-Bickel {intrinsic.levina_bickel:.1f}, "
        f"correlation {intrinsic.correlation:.1f}"
    )


def comparison_text(rmse, linear_rmse, unit):
    """Return a comparison with PCA of the chosen dimension, as a sentence.

    Parameters
    ----------
    rmse, linear_rmse : float
        Held-out errors of the autoencoder and of PCA.
    unit : str or None
        Their unit.

    Examples
    --------
    >>> from skae.cli.report import comparison_text
    >>> comparison_text(77.1, 6.7, "cm")
    'For comparison, PCA of that dimension: 6.70 cm - better than the autoencoder here.'
    >>> comparison_text(6.7, 9.0, "cm")
    'For comparison, PCA of that dimension: 9.00 cm.'
    """
    better = " - better than the autoencoder here" * pca_is_better(rmse, linear_rmse)
    text = error_text(linear_rmse, unit)
    return f"For comparison, PCA of that dimension: {text}{better}."


def pca_is_better(rmse, linear_rmse):
    """Return whether PCA has the lower error, in three digits."""
    return float(f"{linear_rmse:.2e}") < float(f"{rmse:.2e}")


def explained_text(outcome):
    """Return the held-out variance explained, of a mixed table, in sentences."""
    folds = outcome.chosen_scores("reconstruction")
    own = float(folds.mean())
    lines = [
        f"Held-out variance explained: {own:.1%} ({min(folds):.1%} to "
        f"{max(folds):.1%} over the folds)"
    ]
    if outcome.linear is not None:
        better = " - better than the autoencoder here" * explains_more(outcome, own)
        lines.append(
            f"For comparison, PCA of that dimension: {outcome.linear:.1%}{better}."
        )
    return lines


def explains_more(outcome, own):
    """Return whether PCA explains more of the variance, in tenths of a percent."""
    return round(outcome.linear, 3) > round(own, 3)


def digits(number):
    """Return a number in three digits, and no fewer than stand before the point."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:#.3g}".removesuffix(".")
