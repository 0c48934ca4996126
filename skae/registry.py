"""Parts by name: what a string parameter stands for, and how plugins join in.

Each kind of part has one `Registry`. The library registers its own parts with the
decorator `Registry.register`; other packages declare an entry point in the registry's
group and need no import of theirs to be found::

    [project.entry-points."skae.scorers"]
    my_scorer = "my_package.scorers:MyScorer"
"""

import difflib
import warnings
from importlib.metadata import entry_points

from skae.exceptions import UnknownNameError

__all__ = ["Registry", "unknown_name"]


def unknown_name(kind, name, known):
    """Return the error for a `name` outside `known`, with the closest known one.

    Parameters
    ----------
    kind : str
        What is being looked up, in the singular, as it reads in the message.
    name : object
        What was given.
    known : iterable of str
        What is allowed.

    Returns
    -------
    error : UnknownNameError
        To be raised by the caller.

    Examples
    --------
    >>> from skae.registry import unknown_name
    >>> print(unknown_name("scorer", "silhuette", ["kernel_mi", "silhouette"]))
    Unknown scorer 'silhuette': use one of 'kernel_mi', 'silhouette'. Did you mean
    'silhouette'?
    """
    known = sorted(known)
    message = f"Unknown {kind} {name!r}: use one of {', '.join(map(repr, known))}."
    if close := _closest(str(name), known):
        message += f" Did you mean {close!r}?"
    return UnknownNameError(message)


def _closest(name, known):
    """Return the one name that begins like `name`, or else the most similar one."""
    longer = [other for other in known if name and other.startswith(name)]
    similar = difflib.get_close_matches(name, known, n=1)
    return next(iter(longer if len(longer) == 1 else similar), None)


class Registry:
    """Classes of one kind, by name.

    Parameters
    ----------
    kind : str
        What the registry holds, in the singular, as it reads in messages.
    group : str
        Entry-point group in which other packages declare theirs.
    """

    def __init__(self, kind, group):
        self.kind = kind
        self.group = group
        self._classes = {}
        self._plugins_are_loaded = False

    def register(self, name):
        """Return a class decorator that registers the class under `name`."""

        def add(cls):
            self._classes[name] = cls
            return cls

        return add

    def names(self):
        """Return the sorted names, those of installed plugins included."""
        self._load_plugins()
        return sorted(self._classes)

    def get(self, name):
        """Return the class called `name`.

        Raises
        ------
        UnknownNameError
            When there is none; the message lists the names and the closest one.
        """
        if name not in self._classes:
            self._load_plugins()
        if name not in self._classes:
            raise unknown_name(self.kind, name, self._classes)
        return self._classes[name]

    def resolve(self, part):
        """Return `part` itself, or a default instance when it is a name."""
        return self.get(part)() if isinstance(part, str) else part

    def _load_plugins(self):
        if self._plugins_are_loaded:
            return
        self._plugins_are_loaded = True
        for entry_point in entry_points(group=self.group):
            self._load_plugin(entry_point)

    def _load_plugin(self, entry_point):
        try:
            self._classes.setdefault(entry_point.name, entry_point.load())
        except Exception as error:  # a stranger's import may raise anything
            warnings.warn(
                f"The {self.kind} {entry_point.name!r} ({entry_point.value}) could "
                f"not be loaded and is left out: {error!r}.",
                RuntimeWarning,
                stacklevel=4,
            )
