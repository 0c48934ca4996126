"""What a search leaves behind: a folder with model, scores, figures and a report."""

from skae.report.folder import write_report
from skae.report.scores import (
    comparison_text,
    error_text,
    fold_range_text,
    scores_table,
)
from skae.report.summary import summary

__all__ = [
    "comparison_text",
    "error_text",
    "fold_range_text",
    "scores_table",
    "summary",
    "write_report",
]
