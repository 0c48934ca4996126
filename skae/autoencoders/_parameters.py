"""Parameters that do not exist, or cannot be: refused with what was probably meant."""

import difflib
from inspect import signature
from numbers import Integral, Real

__all__ = ["ParameterMixin"]


class ParameterMixin:
    """Refusal of unknown parameters, and of shares in place of a number of units."""

    def __new__(cls, *args, **kwargs):
        """Make an estimator, or say which parameter was meant."""
        if text := _about_unknown(cls, kwargs.keys()):
            raise TypeError(text)
        return super().__new__(cls)

    def set_params(self, **params):
        """Set parameters, or say which one was meant; see scikit-learn's."""
        names = {key.partition("__")[0] for key in params}
        if text := _about_unknown(type(self), names):
            raise ValueError(text)
        return super().set_params(**params)

    def _validate_params(self):
        n_components = self.n_components
        is_number = isinstance(n_components, Real) and not isinstance(
            n_components, Integral
        )
        if is_number and 0 < n_components < 1:
            raise ValueError(
                f"n_components={n_components!r} is a share of the variance, as PCA "
                f"takes it, and {type(self).__name__} takes a number of units. Let "
                "skae.select_dimension(X) tell it, or ask for the smallest code that "
                "explains so much of held-out rows: LatentDimensionSearchCV(estimator, "
                f"rule=Threshold({n_components!r})), with Threshold from skae.search."
            )
        super()._validate_params()


def _about_unknown(cls, names):
    """Return what to say of the first name that is no parameter of a class, or None."""
    parameters = signature(cls.__init__).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return None
    if not (unknown := names - parameters.keys()):
        return None
    name, known = min(unknown), [each for each in parameters if each != "self"]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(known)}."
    return f"{cls.__name__} has no parameter {name!r}: {hint}"
