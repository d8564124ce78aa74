"""Medians, and numbers as people read them."""

import statistics


def median(values):
    """The middle of those that there are, or None."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def short(value):
    """Three digits that count, in thousands and millions."""
    if value is None:
        return ""
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= 0.9995 * limit:
            return digits(value / limit) + unit
    return digits(value)


def digits(value):
    if value == 0 or abs(value) >= 99.95:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}"


def round_number(value):
    """As `short`, for what has few digits by itself."""
    number, space, unit = short(value).partition(" ")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + space + unit


def cells(*values):
    """A row of a table in Markdown."""
    return "| " + " | ".join(str(value) for value in values) + " |"
