"""Where the fits of a search run: in this process, in several, or on a cluster."""

from contextlib import contextmanager

from skae.cli._errors import InputError
from skae.stacking import stacked

__all__ = ["fits_together"]

# Seconds to wait for a cluster.
PATIENCE = 10


@contextmanager
def fits_together(settings):
    """Let fits train together, in `settings.processes` or on `settings.cluster`."""
    if settings.cluster is None:
        own = settings.processes
        with stacked(n_processes="auto" if own is None else own):
            yield
        return
    with _client(settings.cluster) as client:
        n_threads = sum(client.nthreads().values())
        if not n_threads:
            raise InputError(
                f"The cluster at {settings.cluster} has no workers: start some, as by "
                f"`dask worker {settings.cluster}`.",
                "--cluster",
            )
        with stacked(executor=client.get_executor(), n_processes=n_threads):
            yield


def _client(address):
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "A cluster needs Dask: pip install 'skae[cluster]'.", "--cluster"
        ) from None
    try:
        return Client(address, timeout=PATIENCE)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address!r} ({type(error).__name__}): pass "
            "an address such as tcp://host:8786.",
            "--cluster",
        ) from None
