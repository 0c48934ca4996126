"""What notebooks show of a fitted autoencoder."""

from skae._html import card, curve, table

__all__ = ["NotebookMixin"]


class NotebookMixin:
    """Card of a fitted autoencoder, above scikit-learn's picture of its parameters."""

    def _html_repr(self):
        picture = super()._html_repr()
        if not hasattr(self, "history_"):
            return picture
        losses = [epoch["train_loss"] for epoch in self.history_]
        facts = [
            ("features", self.n_features_in_),
            ("epochs", self.n_iter_),
            ("weights", f"{self._n_weights:,}"),
            ("loss of training rows", f"{losses[0]:.3g} to {losses[-1]:.3g}"),
        ]
        valid = [epoch.get("valid_loss") for epoch in self.history_]
        if valid[-1] is not None:
            facts.append(("loss of held-out rows", f"{valid[-1]:.3g}"))
        title = f"{type(self).__name__}, fitted: {self.n_components} units"
        text = "Training has diverged." if self.diverged_ else ""
        drawn = curve(range(1, len(losses) + 1), losses, label="loss over epochs")
        return card(title, text, drawn, table(facts)) + picture

    @property
    def _n_weights(self):
        return sum(part.numel() for part in self.net_.module_.parameters())
