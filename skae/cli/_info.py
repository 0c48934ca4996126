"""Facts of a saved model, for people and for machines."""

from skae._finder import find
from skae.cli._columns import shortened
from skae.cli._facts import versions

__all__ = ["facts_of_model", "lines_of"]

# Parameters that say how a model came about, and not what it is.
_OF_THE_RUN = {"random_state", "device", "verbose", "callbacks", "n_components"}
_SHOWN = "data", "n_rows", "latent_dimension", "verdict", "verdict_text", "unit"


def facts_of_model(model):
    """Return what is known of a `Model`, as data that JSON can hold.

    Parameters
    ----------
    model : Model
    """
    step, reader, window = find(model.rest).step, model.reader, model.window
    study = reader.facts_
    changed = _changed(step)
    return {
        "file": str(model.path),
        "class": type(step).__name__,
        "n_components": int(step.n_components),
        "n_parameters": sum(p.numel() for p in step.net_.module_.parameters()),
        "n_epochs": int(step.n_iter_),
        "parameters": changed,
        "steps": [name for name, _ in model.pipeline.steps],
        "columns": {name: reader.kinds[name] for name in reader.columns},
        "left_out": [str(n) for n in reader.others if n not in reader.axis.names],
        "axis": reader.axis.names,
        "index": reader.index,
        "window": window and _of_window(window),
        "study": {name: value for name, value in study.items() if name != "versions"},
        "versions": study.get("versions", {}),
    }


def _of_window(window):
    facts = {"length": window.length, "stride": window.stride}
    return facts if window.max_gap is None else facts | {"max_gap": window.max_gap}


def _changed(step):
    """Return the parameters that are not the defaults, as text or numbers."""
    defaults = type(step)().get_params(deep=False)
    params = step.get_params(deep=False)
    return {
        name: value if isinstance(value, int | float) else str(value)
        for name, value in params.items()
        if name not in _OF_THE_RUN and repr(value) != repr(defaults[name])
    }


def lines_of(facts):
    """Return the facts of `facts_of_model` as lines for a terminal."""
    study, window = facts["study"], facts["window"]
    params = ", ".join(f"{name}={value}" for name, value in facts["parameters"].items())
    lines = [
        f"Model: {facts['class']} with {facts['n_components']} units "
        f"({facts['n_parameters']:,} weights, {facts['n_epochs']} epochs)",
        f"Parameters other than defaults: {params or 'none'}",
        f"Columns: {len(facts['columns'])}: {_listed(facts['columns'])}",
    ]
    if facts["left_out"]:
        lines.append(f"Columns that are left out: {_listed(facts['left_out'])}")
    if facts["axis"]:
        lines.append(f"Rows are ordered by: {_listed(facts['axis'])}")
    if facts["index"]:
        lines.append(f"Rows are named by: {facts['index']}")
    if window:
        text = f"Windows: {window['length']} time steps, {window['stride']} apart"
        if "max_gap" in window:
            text += f", without steps above {window['max_gap']:g} times the usual one"
        lines.append(text)
    return lines + _lines_of_study(study) + _lines_of_versions(facts["versions"])


def _listed(names):
    """Return names, with their kinds where these are not numbers."""
    kinds = names if isinstance(names, dict) else {}
    words = (
        name if kinds.get(name, "number") == "number" else f"{name} ({kinds[name]})"
        for name in names
    )
    return shortened(", ".join(words))


def _lines_of_study(study):
    if not study:
        return ["Nothing is known of the study that it comes from."]
    error = f"Held-out variance explained: {study['variance_explained']:.1%}"
    if "rmse" in study:
        unit = study["unit"] or "in the units of the data"
        error += f", error (RMSE): {study['rmse']:.3g} {unit}"
    return [
        f"Fitted to: {study['data']}, {study['n_rows']:,} rows",
        error,
        f"Verdict ({study['verdict']}): {study['verdict_text']}",
        f"Command: {study['command']}",
    ]


def _lines_of_versions(saved):
    if not saved:
        return []
    here = versions()
    listed = ", ".join(f"{name} {number}" for name, number in saved.items())
    lines = [f"Versions: {listed}"]
    others = [name for name, number in saved.items() if here.get(name) != number]
    if others:
        listed = ", ".join(f"{name} {here.get(name)}" for name in others)
        lines.append(f"Here, other versions are installed: {listed}")
    return lines
