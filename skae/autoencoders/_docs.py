"""The documentation that all estimators share, written once."""

from textwrap import dedent, indent

__all__ = ["document", "document_table"]

TRAINING_PARAMETERS = """\
max_epochs : int or "auto", default={max_epochs}
    Number of passes over the data, or the most that early stopping allows. ``"auto"``:
    as many as do best for rows that are held out, within 2,000 steps or 10 epochs.
    Below 1,000 rows five folds of them are held out in turn, and train as one stack
    (`skae.stacked`) where the network can; of more rows `validation_fraction` is held
    out once. Then the network trains on all rows for that long, with the callbacks, and
    `history_` is that of this training. Of a fit that starts as probabilistic PCA or
    factor analysis, or of a convolutional one of sequences that starts as PCA, output
    layers are then moved back toward that start as far as held-out rows do best with.
    The whole budget is used up where data are read as a stream, where the objective has
    penalties, of which held-out reconstructions know nothing, and for fewer than 10
    rows (100 epochs). With penalties, an `Autoencoder` trains for 100 epochs. Weights
    are averages over the steps with ``"auto"``, of which about the last tenth count.
batch_size : {sizes}, default={batch_size}
    Rows per optimisation step. It does not matter for prediction. With
    ``max_epochs="auto"`` the most of them: batches are about even.
learning_rate : float or "auto", default={learning_rate}
    Step size of the optimiser; the peak, where the schedule has one. ``"auto"``: 0.007
    where the fit finds the number of epochs, or a fifth, or a 25th of that if the
    loss explodes or training does not help; 0.002 where it does not; with a number of
    epochs 0.001, for `LSTMAutoencoder` 0.003.
learning_rate_schedule : {{"constant", "one_cycle", "cosine", "plateau"}}, \
default={learning_rate_schedule}
    ``"one_cycle"`` warms up from 1/25 of `learning_rate` over 30 % of the
    steps, then decays to nearly zero; ``"cosine"`` decays from the start;
    ``"plateau"`` divides the rate by 10 whenever the loss has not improved for
    half of `n_iter_no_change` epochs.
optimizer : str or torch.optim.Optimizer subclass, default="adamw"
    ``"adam"``, ``"adamw"``, ``"rmsprop"``, ``"sgd"`` (with Nesterov momentum 0.9),
    or a class.
weight_decay : float, default={weight_decay}
    Decoupled weight decay with ``"adamw"``, an L2 penalty with the others; optimiser
    classes that have none go without.
max_grad_norm : float or None, default={max_grad_norm}
    Gradients with a larger Euclidean norm are scaled down to it.
early_stopping : bool, "auto" or "refit", default="auto"
    Whether to hold out a validation set, stop when its loss no longer improves,
    and go back to the best weights. ``"auto"``: only as `max_epochs` of ``"auto"``
    describes. Rows that are held out are not learnt from, which
    costs most where there are few: with ``"refit"`` the network is then trained anew
    on all rows, up to the epoch that was best, or the last where it was not stopped;
    `history_` is that of this training, and callbacks follow the first one. There is
    none anew where `X_val` is given, or `warm_start` goes on. ``False`` with
    ``max_epochs="auto"`` uses up the budget; ``True`` keeps the best weights of a
    single training, as do `X_val` and callbacks that look at held-out rows.
validation_fraction : float, default=0.15
    Share of the rows, drawn at random, that is held out for early stopping, or for
    callbacks that look at such rows. Rows that overlap, as sliding windows do, leak:
    pass `X_val` to `fit` instead.
n_iter_no_change : int, default=10
    Epochs without improvement after which early stopping ends the fit. Those in which
    a learning-rate schedule has not yet come down to half of its peak do not count.
    With ``max_epochs="auto"`` patience is 100 steps and half of those up to the best.
tol : float, default=1e-4
    Relative decrease of the validation loss that counts as an improvement.
warm_start : bool, default=False
    Whether `fit` goes on from the weights of the previous one, with the objective and
    the optimiser that parameters describe by now. Those that describe another network
    are refused.
verbose : bool, default=False
    Whether to print a line per epoch.
random_state : int, RandomState instance or None, default=None
    Determines initial weights, batch orders and the validation split.
device : str, default="auto"
    ``"auto"`` (a CUDA device if there is one; in the worker processes of a search the
    devices take turns), ``"cpu"``, ``"cuda:1"``, ...
mixed_precision : bool, default=False
    Whether the network computes in bfloat16 while it is trained on float32 data, with
    weights and losses in float32 (`torch.autocast`). It saves time and memory on recent
    GPUs, hardly on CPUs; float64 data are not affected.
compile : bool, default=False
    Whether to train with `torch.compile`, which takes some seconds, up to minutes, to
    begin with: for large networks and many epochs. Compiled code rounds differently.
callbacks : list of skorch callbacks or None, default=None
    Instances, classes, or pairs of a name and one. A fit works on copies, which share
    what their constructors were given, as writers of logs. Those whose `monitor` is
    ``"valid_..."`` make the fit hold rows out; an `LRScheduler` takes the place of
    `learning_rate_schedule`. Callbacks that act on batches slow training down a little;
    they receive ``(x, x)`` as the batch, ``(x, y)`` where `fit` is given clean rows. A
    ``raise KeyboardInterrupt`` of theirs, in an epoch, ends the fit, which counts as
    finished; Ctrl-C, or another signal whose handler raises it, is raised by `fit`."""

MISSING_INDICATOR = """\
missing_indicator : bool, default=False
    Whether the encoder is told which entries are missing, by a further input for each
    feature, or channel of sequences and images, that is 1 where there is a gap and 0
    elsewhere. In any case gaps are given as the mean of their feature, which an entry
    may have as well. Only gaps of features that have some in the fit are told, as it
    is there that the encoder learns what they mean, or all with `MaskingNoise` on the
    input, whose masked entries are then gaps. Worth trying where values are missing
    for a reason."""

TABLE_PARAMETERS = """\
hidden_layer_sizes : tuple of int, str or int, default=(64, 64)
    Widths of the encoder's hidden layers, the decoder's in reverse: a tuple, a string
    such as ``"64-32"``, or a depth of up to 6 layers with geometrically tapering
    widths. One layer of 10 units is ``(10,)``; 10 is refused.
activation : str, default="silu"
    Activation of the hidden layers.
linear_path : {{"pca"}} or None, default="pca"
    ``"pca"``: linear maps beside the hidden layers of encoder and decoder, which start
    as principal components of the encoded table. ``None``: hidden layers only.
nested : bool, default=False
    Whether the units of the code are ordered, so that the first k units are themselves
    a code of size k; see `skae.noise.NestedDropout`.
categorical_features : "from_dtype", array-like or None, default="from_dtype"
    Columns that are categories whatever their values: their names, their numbers, or a
    mask. Other kinds are inferred: ordered categories are ordinal, other categories and
    text categorical, whole numbers boolean if they are 0 and 1, and counts if they
    begin at 0 and vary more than their mean. In an array of numbers, all are numeric.
column_types : dict or None, default=None
    Kinds of columns by their names or numbers: ``"numeric"``, ``"count"`` (never below
    0; if it is skewed, the network sees ``log(1 + x)``), ``"ordinal"`` (ranks),
    ``"date"``, ``"boolean"`` or ``"categorical"``.
max_categories : int or None, default=100
    Levels of a column that are told apart. Where there are more, the rare ones are one
    level, which stands for the most frequent of them in reconstructions.
handle_unknown : {{"missing", "error"}}, default="missing"
    What to do with categories that were not in the fit: take them for missing cells, or
    refuse them with an error that names the column.
robust : bool, default=False
    Whether numbers are standardised by their median and quartiles, which outliers leave
    alone, rather than by mean and standard deviation."""

TABLE_ATTRIBUTES = """\
columns_ : tuple
    Columns of the table, each with its `name`, `kind`, `dtype`, levels and number of
    missing cells; printed, a table of them.
encoder_ : object
    What turns tables into matrices and back."""

ATTRIBUTES = """\
net_ : skorch.NeuralNet
    The trained net; its ``module_`` is the torch module.
history_ : skorch.history.History
    One record per epoch: losses, terms and weights of the objective, learning
    rate, seconds. ``history_[:, "train_loss"]`` is the learning curve.
n_iter_ : int
    Number of epochs that were run.
diverged_ : bool
    Whether the loss exploded: became infinite, undefined, or 10,000 times both what
    it was before training and that of the mean of the rows (their variance, under
    squared error); or ended at a reconstruction ten times as bad as both. The weights
    are then the last ones that were fine, and scorers give the model their worst score.
n_features_in_ : int
    Number of columns seen in `fit`; of channels, for 3-D data.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, where `X` had names.
input_shape_ : tuple of int
    Shape of one row of the data seen in `fit`.
condition_categories_ : ndarray of shape (n_categories,)
    Labels of the condition seen in `fit`, where it has labels.
condition_scaling_ : ndarray of shape (2, n_conditions)
    Means and standard deviations of the condition's columns, where it has numbers."""


def document_table(cls):
    """Fill the placeholders of an estimator of tables, too; a decorator."""
    return document(
        cls,
        table_parameters=TABLE_PARAMETERS.format(),
        table_attributes=TABLE_ATTRIBUTES,
    )


def document(cls, **further):
    """Fill the placeholders in a class's docstring; a decorator.

    Examples
    --------
    >>> from skae.autoencoders import DenseAutoencoder, document
    >>> @document
    ... class Renamed(DenseAutoencoder):
    ...     '''An autoencoder.
    ...
    ...     Parameters
    ...     ----------
    ...     %(training_parameters)s
    ...     '''
    >>> "max_epochs : int" in Renamed.__doc__
    True
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    sections = {
        "missing_indicator": MISSING_INDICATOR,
        "training_parameters": TRAINING_PARAMETERS.format(**_defaults(cls)),
        "attributes": ATTRIBUTES,
        **further,
    }
    doc = dedent(cls.__doc__)
    for name, text in sections.items():
        doc = doc.replace(f"    %({name})s", indent(text, "    "))
        doc = doc.replace(f"%({name})s", text)
    cls.__doc__ = doc
    return cls


def _defaults(cls):
    defaults = cls().get_params(deep=False)
    texts = {
        name: f'"{value}"' if isinstance(value, str) else value
        for name, value in defaults.items()
    }
    is_auto = defaults.get("batch_size") == "auto"
    return {**texts, "sizes": 'int or "auto"' if is_auto else "int"}
