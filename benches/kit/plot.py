"""Plots as SVG, by hand: panels side by side over one axis. Readable on light and on dark."""

import math

from kit.numbers import round_number, short

WIDTH, HEIGHT = 300, 190
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 44, 44
PANELS_IN_A_ROW = 3
# Strong enough for white, light enough for black.
COLOURS = ("#2f81f7", "#d9730d", "#2da05a")
STYLE = """
  text { font: 11px system-ui, sans-serif; fill: #6e7781; }
  .title { font-size: 12px; font-weight: 600; }
  .axis { stroke: #8c959f; }
  .grid { stroke: #8c959f; stroke-opacity: .25; }
  @media (prefers-color-scheme: dark) { text { fill: #9198a1; } .title { fill: #c9d1d9; } }
"""


def svg(title, x_label, panels):
    """`panels`: of each its title and its lines, a line being its name and its points (x, y)."""
    panels = [(name, series) for name, series in panels if any(points for _, points in series)]
    width = WIDTH * min(len(panels), PANELS_IN_A_ROW)
    height = HEIGHT * math.ceil(len(panels) / PANELS_IN_A_ROW)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escaped(title)}</title>",
        f"<style>{STYLE}</style>",
    ]
    for number, (name, series) in enumerate(panels):
        row, column = divmod(number, PANELS_IN_A_ROW)
        out.append(f'<g transform="translate({column * WIDTH} {row * HEIGHT})">')
        out += [*panel(name, x_label, series), "</g>"]
    return "\n".join([*out, "</svg>", ""])


def panel(name, x_label, series):
    points = [point for _, line in series for point in line]
    across = Scale([x for x, _ in points], LEFT, WIDTH - RIGHT, from_zero=False)
    up = Scale([y for _, y in points], HEIGHT - BOTTOM, TOP, from_zero=True)
    title = name + (" (log)" if up.is_log else "")
    out = [f'<text class="title" x="{LEFT}" y="16">{escaped(title)}</text>']
    for value in up.ticks():
        y = up.at(value)
        out.append(f'<line class="grid" x1="{across.low_at:.1f}" x2="{across.high_at:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{across.low_at - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{round_number(value)}</text>')
    for value in across.ticks():
        x = across.at(value)
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{up.low_at}" y2="{up.low_at + 4}"/>')
        out.append(f'<text x="{x:.1f}" y="{up.low_at + 16}" text-anchor="middle">{round_number(value)}</text>')
    middle = (across.low_at + across.high_at) / 2
    axis = x_label + (" (log)" if across.is_log else "")
    out.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escaped(axis)}</text>')
    out.append(f'<path class="axis" fill="none" d="M{across.low_at} {TOP} V{up.low_at} H{across.high_at}"/>')
    for (label, line), colour, at in zip(series, COLOURS, range(len(series))):
        places = [(across.at(x), up.at(y)) for x, y in line]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path fill="none" stroke="{colour}" stroke-width="2" d="M{path}"/>')
        for (x, y), (value_x, value_y) in zip(places, line):
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">')
            out.append(f"<title>{short(value_x)}: {short(value_y)}</title></circle>")
        if len(series) > 1:
            x = LEFT + at * 110
            out.append(f'<rect x="{x}" y="24" width="10" height="4" fill="{colour}"/>')
            out.append(f'<text x="{x + 14}" y="30">{escaped(label)}</text>')
    return out


class Scale:
    """From values to places; by their logarithm where they are far from each other."""

    def __init__(self, values, low_at, high_at, from_zero):
        self.low, self.high, self.low_at, self.high_at = min(values), max(values), low_at, high_at
        self.is_log = self.low > 0 and self.high / self.low >= (30 if from_zero else 8)
        if self.is_log and from_zero:
            self.low, self.high = 10 ** math.floor(math.log10(self.low)), 10 ** math.ceil(math.log10(self.high))
        elif from_zero:
            self.low = 0
            step = nice(self.high / 4)
            self.high = step * max(1, math.ceil(1.05 * self.high / step)) if self.high else 1

    def at(self, value):
        """Where a value lies."""
        low, high, value = (math.log(v) if self.is_log else v for v in (self.low, self.high, value))
        part = (value - low) / (high - low) if high > low else 0.5
        return self.low_at + part * (self.high_at - self.low_at)

    def ticks(self):
        """The values that are written."""
        if self.is_log:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            return [10**power for power in powers]
        step = nice((self.high - self.low) / 4) or 1
        first = math.ceil(self.low / step)
        return [step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def nice(step):
    """A round number no smaller than this."""
    if step <= 0:
        return 0
    power = 10 ** math.floor(math.log10(step))
    return next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= step * 0.999)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
