"""Series to windows and back, and scaling of sequences, and of rows in chunks.

Three shapes appear throughout: a series ``(n_timesteps, n_channels)``, windows cut
from it ``(n_windows, length, n_channels)``, and the same windows flattened row by row
to ``(n_windows, length * n_channels)``, time first and channel second.
"""

from skae.preprocessing._by_chunks import ByChunks
from skae.preprocessing._scaler import SequenceScaler
from skae.preprocessing._time_axis import window_scores_to_series
from skae.preprocessing._windows import SlidingWindow

__all__ = ["ByChunks", "SequenceScaler", "SlidingWindow", "window_scores_to_series"]
