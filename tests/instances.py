"""The one list of everything: conformance tests run over all of it."""

from skae import (
    MMDVAE,
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    TabularVAE,
)
from skae.bottlenecks import GaussianBottleneck, PointBottleneck
from skae.networks import ConvolutionalNetwork, DenseNetwork, RecurrentNetwork
from skae.noise import (
    GaussianNoise,
    MaskingNoise,
    MixNoise,
    NestedDropout,
    SNRNoise,
    SwapNoise,
)
from skae.objectives import (
    MMD,
    AbsoluteError,
    BernoulliCrossEntropy,
    CategoricalLikelihood,
    ColumnError,
    ColumnLikelihood,
    GaussianLikelihood,
    Huber,
    KLDivergence,
    L1Activity,
    L2Activity,
    LaplaceLikelihood,
    MomentMatching,
    NegativeBinomialLikelihood,
    Objective,
    PoissonLikelihood,
    SquaredError,
    StudentTLikelihood,
)
from skae.samplers import GaussianSampler, MixtureSampler, PriorSampler
from skae.schedules import Cyclic, LinearWarmup
from skae.search import (
    Best,
    KeepIfBetter,
    Knee,
    MuPlusLambda,
    OneStandardError,
    Saturation,
    SecondDifference,
    ShortestDescription,
    Threshold,
)

AUTOENCODERS = [
    DenseAutoencoder(max_epochs=5),
    DenseAutoencoder(
        3,
        hidden_layer_sizes=1,
        linear_path=None,
        activation="tanh",
        early_stopping=True,
        optimizer="sgd",
        learning_rate_schedule="plateau",
        max_epochs=5,
    ),
    DenseAutoencoder(1, hidden_layer_sizes="", linear_path=None, max_epochs=5),
    DenseAutoencoder(missing_indicator=True, max_epochs=5),
    LSTMAutoencoder(hidden_size=8, max_epochs=3),
    LSTMAutoencoder(
        3,
        hidden_size=8,
        n_layers=2,
        decoder="repeat",
        linear_path=None,
        optimizer="rmsprop",
        max_epochs=3,
    ),
    VAE(max_epochs=5, beta=0.001),
    VAE(
        3,
        hidden_layer_sizes="8",
        linear_path=None,
        beta=LinearWarmup(3, final=1e-4),
        reconstruction="huber",
        sampler="gaussian",
        max_epochs=5,
    ),
    MMDVAE(max_epochs=5, sampler="gmm"),
    # f2: codes of unit scale, noisy at a fixed ratio
    Autoencoder(
        2,
        bottleneck=PointBottleneck(noise=SNRNoise(15)),
        objective=Objective(penalties=[("moments", MomentMatching(0.1))]),
        max_epochs=5,
    ),
    # a denoising recurrent autoencoder
    Autoencoder(
        2,
        network=RecurrentNetwork(8),
        input_noise=GaussianNoise(0.1),
        objective="absolute_error",
        max_epochs=3,
    ),
    Autoencoder(
        2,
        network=ConvolutionalNetwork("4", hidden_size=6, linear_path="pca"),
        max_epochs=3,
    ),
    # a recurrent VAE with both divergences
    Autoencoder(
        2,
        network=RecurrentNetwork(8, decoder="stateful", linear_path="pca"),
        bottleneck="gaussian",
        objective=Objective(penalties=[("kl", KLDivergence(1e-3)), ("mmd", MMD(0.1))]),
        max_epochs=3,
    ),
    TabularAutoencoder(max_epochs=3),
    TabularVAE(max_epochs=3),
]

# Those that draw nothing while training, so that CPU and GPU do the same.
DETERMINISTIC = AUTOENCODERS[:5]

# (network, shape of one event)
NETWORKS = [
    (DenseNetwork(), (7,)),
    (DenseNetwork((), output_activation="sigmoid"), (7,)),
    (DenseNetwork("6-5", activation="relu", linear_path="pca"), (4,)),
    (RecurrentNetwork(8), (6, 2)),
    (RecurrentNetwork(8, 2, decoder="stateful"), (6, 2)),
    (RecurrentNetwork(8, cell="gru", bidirectional=True), (6, 2)),
    (RecurrentNetwork(8, 2, decoder="stateful", cell="gru"), (6, 2)),
    (RecurrentNetwork(8, decoder="stateful", linear_path="pca"), (6, 2)),
    (RecurrentNetwork(8, linear_path="pca", dense_path=(4,)), (6, 2)),
    (RecurrentNetwork(8, linear_path="pca", patch_length=4), (6, 2)),
    (ConvolutionalNetwork("4-6"), (7, 2)),
    (ConvolutionalNetwork("4-6", linear_path="pca"), (7, 2)),
    (ConvolutionalNetwork((4, 6), image_shape=(8, 8)), (1, 8, 8)),
    (
        ConvolutionalNetwork(
            (4,),
            kernel_size=2,
            hidden_size=5,
            output_activation="sigmoid",
            image_shape=(3, 5, 7),
        ),
        (3, 5, 7),
    ),
]

BOTTLENECKS = [
    PointBottleneck(),
    PointBottleneck("tanh", noise=SNRNoise(10)),
    PointBottleneck(noise=NestedDropout()),
    GaussianBottleneck(),
]

NOISES = [
    GaussianNoise(),
    MaskingNoise(),
    NestedDropout(),
    SNRNoise(10),
    SNRNoise(3, unit="ratio"),
    SwapNoise(),
    MixNoise(),
]

RECONSTRUCTIONS = [
    SquaredError(),
    AbsoluteError(),
    Huber(0.5),
    BernoulliCrossEntropy(),
    GaussianLikelihood(),
    GaussianLikelihood(per_feature=True),
    LaplaceLikelihood(),
    StudentTLikelihood(),
    StudentTLikelihood(3.0, per_feature=True),
    PoissonLikelihood(),
    NegativeBinomialLikelihood(),
    CategoricalLikelihood(),
    CategoricalLikelihood((3, 2)),
    ColumnLikelihood(
        [
            (4, GaussianLikelihood(per_feature=True)),
            (5, CategoricalLikelihood((3, 2))),
        ]
    ),
    ColumnError((1, 1, 2)),
    ColumnError((3, 1), (0.7, 2.0)),
]

PENALTIES = [
    KLDivergence(),
    KLDivergence(free_bits=0.2),
    KLDivergence(capacity=1.0),
    L1Activity(),
    L2Activity(),
    MomentMatching(),
    MMD(),
    MMD(kernel="imq", bandwidth=1.0, prior="uniform"),
]

SCHEDULES = [LinearWarmup(5, final=0.3), Cyclic(4, final=2.0)]

SAMPLERS = [PriorSampler(), GaussianSampler(), MixtureSampler(), MixtureSampler(2)]

RULES = [
    Best(),
    OneStandardError(),
    Saturation(),
    Saturation(0.9, floor="first"),
    Threshold(0.9),
    Knee(),
    SecondDifference(),
    ShortestDescription(n_features=30),
]

STRATEGIES = [
    MuPlusLambda(),
    MuPlusLambda(3, tournament_size=2, crossover_probability=0.9),
    KeepIfBetter(),
    KeepIfBetter(1.0, n_layers=2),
]


def name_of(instance):
    """Return a readable test id."""
    return repr(instance).replace("\n", "").replace(" ", "")
