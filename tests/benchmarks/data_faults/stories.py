"""The numbers of word problems: what is drawn and what is computed, `r` being the result.

grammars/stories.txt tells each story and its solution, with `<a>` for the number `a`.
"""

from collections.abc import Callable, Mapping
from random import Random

type Numbers = Mapping[str, int]


def _two_packs(rng: Random) -> Numbers:
    a, b, c = rng.randint(3, 18), rng.randint(4, 24), rng.randint(2, 12)
    return {"a": a, "b": b, "c": c, "d": a * b, "r": a * b + c}


def _shared(rng: Random) -> Numbers:
    b, r, c = rng.randint(3, 12), rng.randint(4, 30), rng.randint(5, 40)
    return {"a": b * r + c, "b": b, "c": c, "d": b * r, "r": r}


def _change(rng: Random) -> Numbers:
    a, b, c, d = rng.randint(2, 9), rng.randint(2, 7), rng.randint(2, 8), rng.randint(2, 6)
    spent = a * b + c * d
    note = next(value for value in (20, 50, 100, 200) if value > spent)
    return {
        "a": a, "b": b, "c": c, "d": d, "e": a * b, "f": c * d, "g": spent, "h": note,
        "r": note - spent,
    }  # fmt: skip


def _speed(rng: Random) -> Numbers:
    a, b, c, d = rng.randint(40, 95), rng.randint(2, 6), rng.randint(40, 95), rng.randint(1, 5)
    return {"a": a, "b": b, "c": c, "d": d, "e": a * b, "f": c * d, "r": a * b + c * d}


def _percent(rng: Random) -> Numbers:
    percent, hundred = rng.choice((5, 10, 15, 20, 25, 30, 40)), rng.randint(2, 30) * 20
    off = hundred * percent // 100
    return {"a": hundred, "b": percent, "c": off, "r": hundred - off}


def _savings(rng: Random) -> Numbers:
    b, r, start = rng.randint(4, 25), rng.randint(3, 20), rng.randint(10, 90)
    return {"a": start, "b": b, "c": start + b * r, "d": b * r, "r": r}


def _area(rng: Random) -> Numbers:
    a, b, price = rng.randint(3, 22), rng.randint(3, 15), rng.randint(2, 19)
    return {"a": a, "b": b, "c": price, "d": a * b, "r": a * b * price}


def _fence(rng: Random) -> Numbers:
    a, b, gate = rng.randint(6, 48), rng.randint(5, 36), rng.randint(2, 5)
    return {"a": a, "b": b, "c": gate, "d": 2 * (a + b), "r": 2 * (a + b) - gate}


def _ages(rng: Random) -> Numbers:
    a, b, c = rng.randint(5, 15), rng.randint(2, 4), rng.randint(2, 12)
    return {"a": a, "b": b, "c": c, "d": a * b, "e": a * b + c, "f": a + c, "r": a * b + a + 2 * c}


def _eggs(rng: Random) -> Numbers:
    a, b, days, price = rng.randint(4, 20), rng.randint(1, 3), rng.randint(3, 9), rng.randint(2, 5)
    b = min(b, a - 1)
    return {
        "a": a, "b": b, "c": days, "d": a - b, "e": (a - b) * days, "f": price,
        "r": (a - b) * days * price,
    }  # fmt: skip


def _fraction(rng: Random) -> Numbers:
    part, unit = rng.choice((3, 4, 5, 6, 8)), rng.randint(4, 30)
    total = part * unit
    more = rng.randint(1, total - unit - 1)
    return {
        "a": total,
        "b": part,
        "c": more,
        "d": unit,
        "e": total - unit,
        "r": total - unit - more,
    }


def _bus(rng: Random) -> Numbers:
    a, b, c, d = rng.randint(15, 50), rng.randint(2, 14), rng.randint(3, 18), rng.randint(2, 14)
    return {"a": a, "b": b, "c": c, "d": d, "e": a - b, "f": a - b + c, "r": a - b + c - d}


def _wage(rng: Random) -> Numbers:
    a, b, c, d = rng.randint(9, 24), rng.randint(4, 9), rng.randint(2, 6), rng.randint(5, 60)
    return {"a": a, "b": b, "c": c, "d": d, "e": b * c, "f": a * b * c, "r": a * b * c + d}


def _recipe(rng: Random) -> Numbers:
    a, b, times = rng.randint(2, 9) * 50, rng.randint(2, 6), rng.randint(2, 6)
    return {"a": a, "b": b, "c": b * times, "d": times, "r": a * times}


def _average(rng: Random) -> Numbers:
    a, b, r = rng.randint(40, 95), rng.randint(40, 95), rng.randint(50, 85)
    c = 3 * r - a - b
    return {"a": a, "b": b, "c": c, "d": 3 * r, "r": r} if c > 0 else _average(rng)


def _boxes(rng: Random) -> Numbers:
    total, size = rng.randint(90, 700), rng.randint(6, 24)
    full, left = divmod(total, size)
    extra = {"a": total, "b": size, "c": full, "d": left}
    return {**extra, "r": full + 1} if left else _boxes(rng)


def _tank(rng: Random) -> Numbers:
    a, b, r = rng.randint(6, 20), rng.randint(2, 5), rng.randint(5, 40)
    return {"a": a, "b": b, "c": (a - b) * r, "d": a - b, "r": r}


def _ratio(rng: Random) -> Numbers:
    a, b, unit = rng.randint(2, 5), rng.randint(1, 7), rng.randint(3, 20)
    return {"a": a, "b": b, "c": (a + b) * unit, "d": a + b, "e": unit, "r": a * unit}


STORIES: Mapping[str, Callable[[Random], Numbers]] = {
    "packs": _two_packs,
    "sharing": _shared,
    "change": _change,
    "distance": _speed,
    "discount": _percent,
    "saving": _savings,
    "floor": _area,
    "fence": _fence,
    "ages": _ages,
    "eggs": _eggs,
    "fractions": _fraction,
    "passengers": _bus,
    "wages": _wage,
    "recipes": _recipe,
    "averages": _average,
    "boxes": _boxes,
    "tanks": _tank,
    "ratios": _ratio,
}
