"""Memory that training takes: estimated before it begins, measured under way."""

import mmap
import sys
import threading
from pathlib import Path

import torch

__all__ = ["MemoryGauge", "bytes_of_activations", "bytes_of_weights", "in_gigabytes"]

# Tensors of the size of the weights while a network trains: the weights, gradients, two
# moments of the optimiser, an average, and two copies to go back to where the loss
# explodes.
COPIES_OF_WEIGHTS = 7


def bytes_of_weights(module, dtype, copies=COPIES_OF_WEIGHTS):
    """Return the bytes that copies of a module's weights take.

    Parameters
    ----------
    module : torch.nn.Module
        On any device, torch's "meta" too.
    dtype : torch.dtype
        What it is going to be trained in.
    copies : int
        How many; by default as many as there are while it trains.
    """
    n_weights = sum(parameter.numel() for parameter in module.parameters())
    n_values = copies * n_weights
    if copies > 1:  # two to go back to, of what modules keep besides, too
        n_values += 2 * sum(buffer.numel() for buffer in module.buffers())
    return n_values * dtype.itemsize


def bytes_of_activations(module, x, batch_size):
    """Return the bytes that a batch leaves in a network for the way back.

    It is what two rows leave beyond what one does, for each row of the batch.

    Parameters
    ----------
    module : torch.nn.Module
    x : torch.Tensor of shape (n_rows, ...)
        Some rows, on the device of the module; a single one tells nothing.
    batch_size : int
    """
    was_training = module.training
    module.eval()
    try:
        one, two = (_bytes_saved(module, x[:n_rows]) for n_rows in (1, 2))
    finally:
        module.train(was_training)
    return batch_size * (two - one)


def _bytes_saved(module, x):
    """Return the bytes that backpropagation through a module would need."""
    saved = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage
        return tensor

    with torch.enable_grad():
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            output = module(x)
        del output
    return sum(storage.nbytes() for storage in saved.values())


def in_gigabytes(n_bytes):
    """Return a number of bytes in words."""
    return f"{n_bytes / 1e9:.3g} GB"


class MemoryGauge:
    """Gauge of the memory allocated since it was made.

    On a CUDA device it reads torch's allocator, peaks included. On the CPU it reads the
    memory of the process, which other threads fill too: so it reads in the main
    thread only, and where the system tells it. Linux does; macOS tells the peak, which
    tells less after larger fits.
    """

    def __init__(self):
        self.of_process = _process_bytes()
        self.of_devices = _device_bytes()

    def growth(self, device):
        """Return the bytes allocated on a device since, or None if they are not known.

        Parameters
        ----------
        device : torch.device
        """
        if threading.current_thread() is not threading.main_thread():
            return None
        if device.type == "cuda":
            return self._growth_on_cuda(device)
        if device.type != "cpu" or self.of_process is None:
            return None
        return _process_bytes() - self.of_process

    def _growth_on_cuda(self, device):
        index = device.index
        if index is None:
            index = torch.cuda.current_device()
        before, peak_before = self.of_devices.get(index, (0, 0))
        peak = torch.cuda.max_memory_allocated(index)
        # an earlier peak that stands says nothing of what came since
        most = peak if peak > peak_before else torch.cuda.memory_allocated(index)
        return most - before


def _device_bytes():
    """Return the bytes allocated on each CUDA device, and the most that ever were."""
    cuda = torch.cuda
    if not cuda.is_initialized():
        return {}
    devices = range(cuda.device_count())
    return {
        i: (cuda.memory_allocated(i), cuda.max_memory_allocated(i)) for i in devices
    }


def _process_bytes():
    """Return the resident bytes of this process; None where nothing tells them."""
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None
