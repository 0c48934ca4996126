"""Registries of parts by name, with those of installed plugins.

Each kind of part has one `Registry`. The library registers its own parts with the
decorator `Registry.register`; other packages declare an entry point in the registry's
group and need no import of theirs to be found::

    [project.entry-points."skae.scorers"]
    my_scorer = "my_package.scorers:MyScorer"

`skae.plugins.list_plugins` shows what has been found, and what could not be loaded.
"""

import difflib
import threading
from abc import ABC
from dataclasses import dataclass
from importlib.metadata import entry_points, version

from skae._notices import warn
from skae.exceptions import UnknownNameError

__all__ = ["Plugin", "Registry", "declares", "unknown_name"]

# Fits in several threads may ask at the same time: the second waits for what the
# first one loads. The same thread may ask again while it loads.
_LOADING = threading.RLock()


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
    given = str(name)
    longer = [other for other in known if given and other.startswith(given)]
    similar = difflib.get_close_matches(given, known, n=1)
    if close := longer if len(longer) == 1 else similar:
        message += f" Did you mean {close[0]!r}?"
    return UnknownNameError(message)


def declares(part, name, *methods):
    """Return whether a part's class says something that holds of its methods.

    What a class says of its methods is inherited with them. It says nothing of those
    that a subclass has written in their place: that has to say so again.

    Parameters
    ----------
    part : object
        A part, or a module that one has built.
    name : str
        The attribute by which the class says so; truthy for yes.
    *methods : str
        What it says it of.

    Examples
    --------
    >>> from skae.objectives import L1Activity
    >>> from skae.registry import declares
    >>> class Renamed(L1Activity):
    ...     pass
    >>> class Rewritten(L1Activity):
    ...     def __call__(self, latent, generator=None, weight=None):
    ...         return latent.mean.abs().amax((-2, -1))
    >>> [declares(p(), "takes_units", "__call__") for p in (Renamed, Rewritten)]
    [True, False]
    """
    classes = type(part).__mro__

    def place(attribute):
        having = (i for i, cls in enumerate(classes) if attribute in vars(cls))
        return next(having, len(classes))

    if not getattr(part, name, False):
        return False
    return all(place(name) <= place(method) for method in methods)


@dataclass(frozen=True)
class Plugin:
    """Record of a named part: where it comes from, and why it was left out.

    Attributes
    ----------
    kind : str
        The kind of part, in the plural: ``"penalties"`` are declared in the group of
        entry points ``skae.penalties``.
    name : str
        What stands for it where parts are given.
    target : str
        The class, as ``"module:Class"``.
    origin : str
        What it comes from: ``"skae"`` or another distribution with its version, or the
        module in which a decorator registered it.
    error : str or None
        Why it is left out; None where it can be used.

    Examples
    --------
    >>> from skae.plugins import list_plugins
    >>> plugin = list_plugins("noises")[0]
    >>> plugin.name, plugin.target, plugin.error
    ('gaussian', 'skae.noise:GaussianNoise', None)
    """

    kind: str
    name: str
    target: str
    origin: str
    error: str | None = None


class Registry:
    """Classes of one kind, by name.

    The class that is registered first tells what the others have to be: subclasses of
    its abstract base class, `base`.

    Parameters
    ----------
    kind : str
        What the registry holds, in the singular, as it reads in messages.
    group : str
        Entry-point group in which other packages declare theirs.

    Examples
    --------
    >>> from skae.schedules import SCHEDULES
    >>> SCHEDULES.names()
    ['cyclic', 'linear_warmup']
    >>> SCHEDULES.resolve("cyclic")
    Cyclic()
    """

    def __init__(self, kind, group):
        self.kind = kind
        self.group = group
        self._classes = {}
        self._origins = {}
        self._left_out = []
        self._plugins_are_loaded = False

    @property
    def base(self):
        """The abstract class that every class of this kind derives from."""
        first = next(iter(self._classes.values()), object)
        return next((cls for cls in first.__mro__ if ABC in cls.__bases__), object)

    def register(self, name):
        """Return a class decorator that registers the class under `name`.

        A class takes the place of one that its own module registered before, so that
        the cell of a notebook can be run again.

        Raises
        ------
        TypeError
            By the decorator, when the class is not of the registry's kind.
        ValueError
            By the decorator, when another module's class has the name.
        """

        def add(cls):
            if problem := _not_a_part(cls, self.base):
                raise TypeError(f"{_target(cls)} is no {self.kind}: {problem}.")
            if problem := self._whose(name, cls):
                raise ValueError(f"{problem}. Choose another name for {_target(cls)}.")
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
            When there is none; the message lists the names and the closest one, or
            says why the plugin of that name could not be loaded.
        """
        if name not in self._classes:
            self._load_plugins()
        if name in self._classes:
            return self._classes[name]
        for plugin in self._left_out:
            if plugin.name == name:
                raise UnknownNameError(f"{self._left_out_text(plugin)}.")
        raise unknown_name(self.kind, name, self._classes)

    def resolve(self, part):
        """Return `part` itself, or a default instance when it is a name.

        Raises
        ------
        UnknownNameError
            See `get`.
        TypeError
            When the class of that name has parameters without default.
        """
        if not isinstance(part, str):
            return part
        cls = self.get(part)
        try:
            return cls()
        except TypeError as error:
            raise TypeError(
                f"The {self.kind} {part!r} cannot be made by its name alone ({error}): "
                f"pass an instance of {cls.__name__}."
            ) from error

    def plugins(self):
        """Return a `Plugin` for each name, and for what was left out, in that order."""
        loaded = [self._plugin(name, self._classes[name]) for name in self.names()]
        return [*loaded, *self._left_out]

    def _plugin(self, name, cls):
        origin = self._origins.get(name) or _origin_of_class(cls)
        return Plugin(self._plural, name, _target(cls), origin)

    @property
    def _plural(self):
        return self.group.rpartition(".")[2]

    def _whose(self, name, cls):
        """Return a clause that names a name's owner, None if `cls` may have it."""
        known = self._classes.get(name, cls)
        if _target(known) == _target(cls) or known.__module__ == cls.__module__:
            return None
        owner = self._plugin(name, known)
        return (
            f"the name {name!r} is that of the {self.kind} {owner.target} of "
            f"{owner.origin}"
        )

    def _load_plugins(self):
        with _LOADING:
            if self._plugins_are_loaded:
                return
            self._plugins_are_loaded = True
            found = entry_points(group=self.group)
            for entry_point in sorted(found, key=lambda e: (_origin(e), e.name)):
                self._load_plugin(entry_point)
            for plugin in self._left_out:
                text = f"{self._left_out_text(plugin)}. It is left out."
                warn(text, RuntimeWarning)

    def _load_plugin(self, entry_point):
        name, origin = entry_point.name, _origin(entry_point)
        try:
            cls = entry_point.load()
            if problem := _not_a_part(cls, self.base) or self._whose(name, cls):
                raise _LeftOut(problem)
        except (Exception, SystemExit) as error:  # a stranger's import may raise any
            target = entry_point.value
            left_out = Plugin(self._plural, name, target, origin, _reason(error))
            self._left_out.append(left_out)
        else:
            self._classes[name] = cls
            self._origins[name] = origin

    def _left_out_text(self, plugin):
        return (
            f"The {self.kind} {plugin.name!r} of {plugin.origin} ({plugin.target}) "
            f"could not be loaded: {plugin.error}"
        )


class _LeftOut(Exception):
    """Reason, in a clause, to leave out a class that was loaded."""


def _reason(error):
    if isinstance(error, _LeftOut):
        return str(error)
    return f"{type(error).__name__}: {error}".rstrip(".")


def _not_a_part(cls, base):
    """Return a clause that says why a class is no part of a kind, None if it is one."""
    if not isinstance(cls, type):
        return f"it is no class, but {cls!r:.80}"
    if not issubclass(cls, base):
        return f"it does not derive from {_public_name(base)}"
    if missing := getattr(cls, "__abstractmethods__", None):
        return f"it does not define {', '.join(sorted(missing))}"
    return None


def _public_name(cls):
    """Return the dotted name of a class without the private modules in it."""
    modules = cls.__module__.split(".")
    return ".".join([*(m for m in modules if not m.startswith("_")), cls.__name__])


def _target(cls):
    return f"{cls.__module__}:{cls.__qualname__}"


def _origin(entry_point):
    """Return the distribution that declared an entry point, or its module."""
    if dist := entry_point.dist:
        return f"{dist.name} {dist.version}"
    return entry_point.value.partition(":")[0]


def _origin_of_class(cls):
    package = cls.__module__.partition(".")[0]
    return f"skae {version('skae')}" if package == "skae" else package
