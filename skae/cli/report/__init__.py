"""Report of a search: a folder with model, scores, figures and an HTML page."""

from skae.cli.report._columns import columns_text
from skae.cli.report._conclusion import conclusion
from skae.cli.report._folder import write_report
from skae.cli.report._scores import (
    comparison_text,
    error_text,
    fold_range_text,
    scores_table,
)
from skae.cli.report._summary import summary

__all__ = [
    "columns_text",
    "comparison_text",
    "conclusion",
    "error_text",
    "fold_range_text",
    "scores_table",
    "summary",
    "write_report",
]
