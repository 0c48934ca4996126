import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.pipeline import make_pipeline

from skae import DenseAutoencoder
from skae.plotting import LatentScatterDisplay


def test_latent_scatter(model, ax, drawn, X):
    display = drawn(LatentScatterDisplay.from_estimator(model, X, ax=ax))
    assert display.ax_ is ax
    assert display.Z.shape == (40, 2)
    assert display.ax_.get_xlabel() == "code unit 1"


def test_latent_classes_have_a_legend(model, drawn, X):
    labels = np.arange(40) % 3
    display = LatentScatterDisplay.from_estimator(model, X, labels=labels, name="kind")
    legend = drawn(display).ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["0", "1", "2"]
    assert legend.get_title().get_text() == "kind"


@pytest.mark.parametrize(
    "labels",
    [np.arange(40.0), np.arange(40).astype("datetime64[M]")],
    ids=["numbers", "dates"],
)
def test_latent_scale_has_a_colour_bar(model, labels, drawn, X):
    display = LatentScatterDisplay.from_estimator(model, X, labels=labels, name="time")
    bar = drawn(display).figure_.axes[1]
    assert bar.get_ylabel() == "time"
    if labels.dtype.kind == "M":
        assert bar.get_yticklabels()[0].get_text() == "1970-01"


@pytest.mark.parametrize("labels", [None, [0, 1] * 20, np.arange(40)])
def test_a_single_code_unit_is_a_histogram(labels, drawn, X):
    display = drawn(LatentScatterDisplay(X[:, :1], labels).plot())
    assert display.ax_.get_ylabel() == "rows"
    assert sum(patch.get_height() for patch in display.ax_.patches) == 40


def test_long_names_of_many_classes_stay_in_the_figure(X, drawn):
    labels = np.array([f"a class with quite a long name, {i}" for i in range(30)])
    display = drawn(LatentScatterDisplay(X[:30], labels).plot())
    legend = display.ax_.get_legend()
    edge = display.figure_.bbox.x1
    assert all(text.get_window_extent().x1 <= edge for text in legend.get_texts())
    assert all("…" in name for name in legend_of(display))
    assert display.ax_.get_window_extent().width > 0.4 * display.figure_.dpi * 5.6


def legend_of(display):
    legend = display.axes_[-1].get_legend() or display.figure_.legends[0]
    return [text.get_text() for text in legend.get_texts()]


def offsets(collection):
    return np.asarray(collection.get_offsets())


def test_chosen_dimensions(X, drawn):
    display = drawn(LatentScatterDisplay(X, dimensions=(3, 1)).plot())
    np.testing.assert_allclose(offsets(display.ax_.collections[0]), X[:, [3, 1]])
    assert display.ax_.get_xlabel() == "code unit 4"
    assert display.ax_.get_ylabel() == "code unit 2"


def test_three_dimensions_are_drawn_in_space(X, drawn):
    display = drawn(LatentScatterDisplay(X, dimensions=(0, 4, 2)).plot())
    dots = display.ax_.collections[0]
    np.testing.assert_allclose(np.transpose(dots._offsets3d), X[:, [0, 4, 2]])
    assert display.ax_.get_zlabel() == "code unit 3"


@pytest.mark.parametrize("labels", [["a", "b"] * 20, np.arange(40.0)])
def test_projections_draw_each_pair_of_units(X, labels, drawn):
    settings = {"dimensions": (0, 1, 2), "kind": "projections"}
    display = drawn(LatentScatterDisplay(X, labels, **settings).plot())
    assert len(display.axes_) == 3
    pairs = [[0, 1], [0, 2], [1, 2]]
    for ax, pair in zip(display.axes_, pairs, strict=True):
        points = np.concatenate([offsets(dots) for dots in ax.collections])
        both = np.sort(points, axis=0), np.sort(X[:, pair], axis=0)
        np.testing.assert_allclose(*both)
        assert ax.get_xlabel() == f"code unit {pair[0] + 1}"
        assert ax.get_ylabel() == f"code unit {pair[1] + 1}"
    n_bars = len(display.figure_.axes) - 3
    assert n_bars == (0 if isinstance(labels, list) else 1)


@pytest.mark.parametrize("dimensions", [(0, 6), (-1, 0), (0, 1, 2, 3), (), (0.5, 1)])
def test_dimensions_that_are_not_there(X, dimensions):
    with pytest.raises(ValueError, match="one to three of the 6 code units"):
        LatentScatterDisplay(X, dimensions=dimensions).plot()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "film"}, "use 'scatter' or 'projections'"),
        ({"kind": "projections"}, "takes three code units, not 2"),
    ],
)
def test_unknown_kinds_of_scatter(X, settings, words):
    with pytest.raises(ValueError, match=words):
        LatentScatterDisplay(X, **settings).plot()


def test_axes_must_have_the_dimensions_of_what_is_drawn(X, ax):
    with pytest.raises(ValueError, match="ax is flat"):
        LatentScatterDisplay(X, dimensions=(0, 1, 2)).plot(ax)
    solid = ax.figure.add_subplot(projection="3d")
    with pytest.raises(ValueError, match="ax has three dimensions"):
        LatentScatterDisplay(X).plot(solid)


def is_cross(dots):
    """Return whether a marker is made of lines without an inside."""
    (path,) = dots.get_paths()
    return len(path.vertices) == 4


@pytest.mark.parametrize("dimensions", [(0, 1), (0, 1, 2)])
def test_noise_is_drawn_as_grey_crosses(X, dimensions, drawn):
    labels = np.repeat([-1, 0, 1, 2], [4, 16, 12, 8])
    settings = {"noise": -1, "dimensions": dimensions, "name": "cluster"}
    display = drawn(LatentScatterDisplay(X, labels, **settings).plot())
    assert legend_of(display) == ["0", "1", "2", "noise"]
    *clusters, noise = display.ax_.collections
    assert [len(offsets(dots)) for dots in clusters] == [16, 12, 8]
    assert len(offsets(noise)) == 4
    assert is_cross(noise)
    assert not any(map(is_cross, clusters))
    assert noise.get_sizes()[0] < clusters[0].get_sizes()[0]
    red, green, blue, _ = noise.get_edgecolor()[0]
    assert red == green == blue


def test_minus_one_is_a_class_unless_it_is_said_to_be_noise(X, drawn):
    labels = np.repeat([-1, 1], 20)
    display = drawn(LatentScatterDisplay(X, labels).plot())
    assert legend_of(display) == ["-1", "1"]
    assert not any(map(is_cross, display.ax_.collections))


@pytest.mark.parametrize("noise", [-1, None])
def test_many_clusters_and_names_are_classes(X, noise, drawn):
    labels = np.arange(40) % 20
    labels = labels if noise == -1 else labels.astype(str)
    display = drawn(LatentScatterDisplay(X, labels, noise=noise).plot())
    assert legend_of(display) == [str(label) for label in np.unique(labels)]
    looks = {
        (tuple(dots.get_facecolor()[0]), dots.get_paths()[0].vertices.tobytes())
        for dots in display.ax_.collections
    }
    assert len(looks) == 20


def pipeline_with(clusterer):
    return make_pipeline(DenseAutoencoder(3, max_epochs=2, random_state=0), clusterer)


@pytest.mark.parametrize("n_rows", [40, 15])
def test_clusters_that_are_predicted(X, n_rows, drawn):
    model = pipeline_with(KMeans(3, random_state=0)).fit(X)
    display = LatentScatterDisplay.from_estimator(model, X[:n_rows], labels="cluster")
    np.testing.assert_array_equal(drawn(display).labels, model.predict(X[:n_rows]))
    assert display.ax_.get_legend().get_title().get_text() == "cluster"


def test_clusters_of_the_fit(X, drawn):
    model = pipeline_with(DBSCAN(1.0)).fit(X)
    assert (model[-1].labels_ == -1).any()
    display = LatentScatterDisplay.from_estimator(model, X, labels="cluster")
    assert legend_of(drawn(display))[-1] == "noise"
    with pytest.raises(ValueError, match="DBSCAN labels only the 40 rows of its fit"):
        LatentScatterDisplay.from_estimator(model, X[:9], labels="cluster")


def test_clusters_without_a_clusterer(model, X):
    with pytest.raises(TypeError, match="needs a pipeline that ends in a clusterer"):
        LatentScatterDisplay.from_estimator(model, X, labels="cluster")
    with pytest.raises(ValueError, match="labels='species'"):
        LatentScatterDisplay.from_estimator(model, X, labels="species")
