"""Eight numbers at a time: the innermost steps of the water kernels as LLVM vectors.

Numba does not vectorise these loops by itself. Working arrays with eight columns hold one scenario a column, a row being
one vector; with one column, eight links that follow each other are one vector. Every function takes the working arrays
as their named tuple and positions counted in vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from network_models.hydraulics import water_laws as law

WIDTH = 8
BYTES = 8 * WIDTH
INT = ir.IntType(64)
REAL = ir.DoubleType()
VECTOR = ir.VectorType(REAL, WIDTH)
INTS = ir.VectorType(INT, WIDTH)
ROUNDING = 6755399441055744.0
"""Added and taken off again, it rounds a small number to the nearest whole one."""
ROUNDING_BITS = 0x4338000000000000
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


class Lanes:
    """A vector of eight reals under construction; reads like arithmetic."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.b, self.v = builder, value

    def of(self, other: Any) -> Any:
        """LLVM value of another vector, or of a number eight times."""
        return other.v if isinstance(other, Lanes) else ir.Constant(VECTOR, [ir.Constant(REAL, float(other))] * WIDTH)

    def __add__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.fadd(self.v, self.of(other), flags=("contract",)))

    def __sub__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.fsub(self.v, self.of(other), flags=("contract",)))

    def __mul__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.fmul(self.v, self.of(other), flags=("contract",)))

    def __truediv__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.fdiv(self.v, self.of(other)))

    def __rtruediv__(self, other: float) -> Lanes:
        return Lanes(self.b, self.b.fdiv(self.of(other), self.v))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: float) -> Lanes:
        return Lanes(self.b, self.b.fsub(self.of(other), self.v, flags=("contract",)))

    def __lt__(self, other: Any) -> Any:
        return self.b.fcmp_ordered("<", self.v, self.of(other))

    def call(self, name: str, *others: Any) -> Lanes:
        """An LLVM intrinsic of reals."""
        kind = ir.FunctionType(VECTOR, [VECTOR] * (1 + len(others)))
        function = cgutils.get_or_insert_function(self.b.module, kind, f"llvm.{name}.v{WIDTH}f64")
        return Lanes(self.b, self.b.call(function, [self.v, *map(self.of, others)]))

    def where(self, condition: Any, other: Any) -> Lanes:
        """Here where the condition holds, ``other`` elsewhere."""
        return Lanes(self.b, self.b.select(condition, self.v, self.of(other)))

    def polynomial(self, coefficients: list[float]) -> Lanes:
        """Value of a polynomial, lowest power first."""
        total = self * 0.0 + coefficients[-1]
        for c in coefficients[-2::-1]:
            total = total.call("fmuladd", self, c)
        return total

    def log2(self) -> Lanes:
        """Binary logarithm of positive numbers."""
        b = self.b
        bits = b.bitcast(self.v, INTS)
        power = b.ashr(b.sub(bits, _ints(ROOT_HALF_BITS)), _ints(52))
        mantissa = Lanes(b, b.bitcast(b.sub(bits, b.shl(power, _ints(52))), VECTOR))
        s = (mantissa - 1.0) / (mantissa + 1.0)
        series = (s * s).polynomial([2.0 / math.log(2.0) / (2 * i + 1) for i in range(9)])
        return s.call("fmuladd", series, Lanes(b, b.sitofp(power, VECTOR)))

    def exp2(self) -> Lanes:
        """Two to this power."""
        b = self.b
        shifted = Lanes(b, b.fadd(self.v, self.of(ROUNDING)))
        rest = self - Lanes(b, b.fsub(shifted.v, self.of(ROUNDING)))
        series = rest.polynomial([math.log(2.0) ** i / math.factorial(i) for i in range(12)])
        whole = b.sub(b.bitcast(shifted.v, INTS), _ints(ROUNDING_BITS))
        return Lanes(b, b.bitcast(b.add(b.bitcast(series.v, INTS), b.shl(whole, _ints(52))), VECTOR))


def _ints(value: int) -> Any:
    return ir.Constant(INTS, [ir.Constant(INT, value)] * WIDTH)


class Memory:
    """The working arrays in LLVM: vectors read and written by name and position."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        self.context, self.b, self.kind, self.value = context, builder, kind, value

    def pointer(self, name: str, position: Any) -> Any:
        at = self.kind.fields.index(name)
        array = self.context.make_array(self.kind.types[at])(self.context, self.b, self.b.extract_value(self.value, at))
        address = self.b.add(self.b.ptrtoint(array.data, INT), self.b.mul(position, ir.Constant(INT, BYTES)))
        return self.b.inttoptr(address, VECTOR.as_pointer())

    def load(self, name: str, position: Any) -> Lanes:
        value = self.b.load(self.pointer(name, position))
        value.align = 8
        return Lanes(self.b, value)

    def store(self, name: str, position: Any, value: Lanes) -> None:
        self.b.store(value.v, self.pointer(name, position)).align = 8

    def add(self, name: str, position: Any, value: Lanes) -> None:
        self.store(name, position, self.load(name, position) + value)


def _slope_and_loss(formula: int, a: Lanes, m: Memory, k: Any) -> tuple[Lanes, Lanes]:
    """Slope and head loss (without sign) of open pipes by their formula."""
    resistance, minor = m.load("resistance", k), m.load("minor", k)
    if formula not in (law.HAZEN_WILLIAMS, law.CHEZY_MANNING):
        return _darcy(formula, a, resistance, minor, m.load("viscous", k), m.load("rough", k))
    power = 1.852 if formula == law.HAZEN_WILLIAMS else 2.0
    curve = (a.call("maxnum", 1e-30).log2() * (power - 1.0)).exp2() if formula == law.HAZEN_WILLIAMS else a
    slope = curve * resistance * power
    flat = slope < law.LEAST_SLOPE
    slope = (slope * 0.0 + law.LEAST_SLOPE).where(flat, slope)
    loss = slope * a * (a * 0.0 + 1.0).where(flat, 1.0 / power)
    return slope + minor * a * 2.0, loss + minor * a * a


def _darcy(
    formula: int, a: Lanes, resistance: Lanes, minor: Lanes, viscous: Lanes, rough: Lanes
) -> tuple[Lanes, Lanes]:
    """Darcy-Weisbach: laminar flow by Hagen and Poiseuille, then a friction factor."""
    w = (a / viscous).call("maxnum", 1e-3)
    laminar = viscous * resistance * (16.0 * math.pi)
    if formula == law.NIKURADSE:
        slope = laminar + (_logarithm(rough * (1.0 / 3.71)) * resistance + minor) * a * 2.0
        return slope, (slope + laminar) * a * 0.5
    f, change = _turbulent(formula, w, rough)
    mixed_f, mixed_change = _transition(formula, w, rough)
    mixed = w < (law.CRITICAL if formula == law.COLEBROOK_WHITE else law.TURBULENT)
    f, change = mixed_f.where(mixed, f), mixed_change.where(mixed, change) / viscous
    total = f * resistance + minor
    still = a.b.fcmp_ordered("<=", a.v, (viscous * (0.5 * law.TURBULENT)).v)
    slope = (laminar + minor * a * 2.0).where(still, total * a * 2.0 + change * resistance * a * a)
    return slope, ((laminar + minor * a) * a).where(still, total * a * a)


def _logarithm(inside: Lanes) -> Lanes:
    """``(2 log10 inside) ** -2``."""
    root = inside.log2() * (law.SWAMEE_A9 * math.log(2.0))
    return 1.0 / (root * root)


def _turbulent(formula: int, w: Lanes, rough: Lanes) -> tuple[Lanes, Lanes]:
    """Friction factor and its slope in ``w`` by Swamee and Jain; from there by Newton's method to Colebrook and White."""
    y1 = (w.log2() * -0.9).exp2() * law.SWAMEE_A8
    y2 = rough * (1.0 / 3.7) + y1
    y3 = y2.log2() * (law.SWAMEE_A9 * math.log(2.0))
    if formula == law.DARCY_WEISBACH:
        f = 1.0 / (y3 * y3)
        return f, 1.8 * f * y1 * law.SWAMEE_A9 / (y2 * y3 * w)
    root, thin = y3, law.COLEBROOK / w
    for _ in range(law.COLEBROOK_STEPS):
        inside = rough * (1.0 / 3.7) + thin * root
        miss = root - inside.log2() * (law.SWAMEE_A9 * math.log(2.0))
        root = root - miss / (1.0 - law.SWAMEE_A9 * thin / inside)
    inside = rough * (1.0 / 3.7) + thin * root
    fall = law.SWAMEE_A9 * thin / inside
    change = -1.0 * fall * root / (w * (1.0 - fall))
    return 1.0 / (root * root), -2.0 * change / (root * root * root)


def _transition(formula: int, w: Lanes, rough: Lanes) -> tuple[Lanes, Lanes]:
    """Friction factor and its slope in ``w`` above laminar flow: Dunlop's cubic, or a line to Colebrook and White."""
    if formula == law.COLEBROOK_WHITE:
        top, _ = _turbulent(formula, w * 0.0 + law.CRITICAL, rough)
        change = (top - 0.032) * (1.0 / (law.CRITICAL - 0.5 * law.TURBULENT))
        return 0.032 + change * (w - 0.5 * law.TURBULENT), change
    y2 = rough * (1.0 / 3.7) + law.SWAMEE_AB
    y3 = y2.log2() * (law.SWAMEE_A9 * math.log(2.0))
    fa = 1.0 / (y3 * y3)
    fb = (law.SWAMEE_AC / (y2 * y3) + 2.0) * fa
    r = w * (2.0 / law.TURBULENT)
    x1, x2 = fa * 7.0 - fb, 0.128 - fa * 17.0 + fb * 2.5
    x3, x4 = fa * 13.0 - 0.128 - fb * 2.0, 0.032 - fa * 3.0 + fb * 0.5
    return x1 + r * (x2 + r * (x3 + r * x4)), (x2 + r * (x3 * 2.0 + r * x4 * 3.0)) * (2.0 / law.TURBULENT)


def _linearise(formula: int, q: Lanes, m: Memory, k: Any) -> None:
    """Store ``p`` and ``y`` of eight links at flows ``q``."""
    a = q.call("fabs")
    slope, loss = _slope_and_loss(formula, a, m, k)
    closed = m.load("resistance", k) < 0.0
    p = 1.0 / slope
    y = (loss * p).call("copysign", q)
    m.store("p", k, (p * 0.0 + 1.0 / law.STEEPEST).where(closed, p))
    m.store("y", k, q.where(closed, y))


def _update(fall: Lanes, relax: Lanes, m: Memory, k: Any) -> None:
    """New flows from new differences of head, and the sums of changes and flows."""
    q = m.load("flow", k)
    change = relax * (m.load("y", k) - m.load("p", k) * fall)
    q = q - change
    m.store("flow", k, q)
    m.add("sums", ir.Constant(INT, 0), change.call("fabs"))
    m.add("sums", ir.Constant(INT, 1), q.call("fabs"))


def _unit(context: Any) -> Any:
    return context.get_dummy_value()


def _linearise_intrinsic(formula: int) -> Callable[..., Any]:
    @intrinsic
    def step(typingctx, work, k):  # type: ignore[no-untyped-def] # noqa: ARG001
        def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
            m = Memory(context, builder, signature.args[0], args[0])
            _linearise(formula, m.load("flow", args[1]), m, args[1])
            return _unit(context)

        return types.void(work, types.int64), emit

    return step


linearise_hazen, linearise_darcy, linearise_manning, linearise_colebrook, linearise_nikuradse = map(
    _linearise_intrinsic, range(5)
)


@intrinsic
def update_block(typingctx, work, falls, relax, k):  # type: ignore[no-untyped-def] # noqa: ARG001
    """New flows of eight links of one scenario from their differences of head."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
        m = Memory(context, builder, signature.args[0], args[0])
        array = context.make_array(signature.args[1])(context, builder, args[1])
        start = builder.gep(array.data, [builder.mul(args[3], ir.Constant(INT, WIDTH))])
        fall = builder.load(builder.bitcast(start, VECTOR.as_pointer()))
        fall.align = 8
        zero = ir.Constant(ir.IntType(32), 0)
        same = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), args[2], zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [zero] * WIDTH)
        relax = Lanes(builder, builder.shuffle_vector(same, same, mask))
        _update(Lanes(builder, fall), relax, m, args[3])
        return _unit(context)

    return types.void(work, falls, types.float64, types.int64), emit


@intrinsic
def update_lanes(typingctx, work, k, i, j):  # type: ignore[no-untyped-def] # noqa: ARG001
    """New flows of one link in eight scenarios, from the heads of rows ``i`` and ``j``."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
        m = Memory(context, builder, signature.args[0], args[0])
        fall = m.load("head", args[2]) - m.load("head", args[3])
        _update(fall, m.load("relax", ir.Constant(INT, 0)), m, args[1])
        return _unit(context)

    return types.void(work, types.int64, types.int64, types.int64), emit


@intrinsic
def assemble_lanes(typingctx, work, k, i, j, entry):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Add a pipe between two junctions to matrix and right-hand side."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
        m = Memory(context, builder, signature.args[0], args[0])
        _, k, i, j, entry = args
        p, through = m.load("p", k), m.load("flow", k) - m.load("y", k)
        m.add("matrix", i, p)
        m.add("matrix", j, p)
        m.add("matrix", entry, p * -1.0)
        m.add("right", i, through * -1.0)
        m.add("right", j, through)
        return _unit(context)

    return types.void(work, *[types.int64] * 4), emit


@intrinsic
def eliminate_lanes(typingctx, work, j, begin, end, row, target, at, n):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Eliminate column ``j`` of eight matrices; returns the next position in ``target``."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
        m = Memory(context, builder, signature.args[0], args[0])
        _, j, begin, end, row, target, at, n = args
        rows = context.make_array(signature.args[4])(context, builder, row).data
        targets = context.make_array(signature.args[5])(context, builder, target).data
        inverse = 1.0 / m.load("matrix", j)
        m.store("matrix", j, inverse)
        right = m.load("right", j)
        next_at = cgutils.alloca_once_value(builder, at)
        with cgutils.for_range_slice(builder, begin, end, ir.Constant(INT, 1), INT) as (x, _):
            factor = m.load("matrix", builder.add(n, x)) * inverse * -1.0
            r = builder.sext(builder.load(builder.gep(rows, [x])), INT)
            m.store("right", r, factor.call("fmuladd", right, m.load("right", r)))
            base = builder.sub(builder.load(next_at), x)
            with cgutils.for_range_slice(builder, x, end, ir.Constant(INT, 1), INT) as (y, _):
                t = builder.sext(builder.load(builder.gep(targets, [builder.add(base, y)])), INT)
                entry = m.load("matrix", builder.add(n, y))
                m.store("matrix", t, factor.call("fmuladd", entry, m.load("matrix", t)))
            builder.store(builder.add(base, end), next_at)
        return builder.load(next_at)

    return types.int64(work, *[types.int64] * 3, row, target, types.int64, types.int64), emit


@intrinsic
def substitute_lanes(typingctx, work, j, begin, end, row, n):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Head of row ``j`` from those of later rows."""

    def emit(context, builder, signature, args):  # type: ignore[no-untyped-def]
        m = Memory(context, builder, signature.args[0], args[0])
        _, j, begin, end, row, n = args
        rows = context.make_array(signature.args[4])(context, builder, row).data
        total = cgutils.alloca_once_value(builder, m.load("right", j).v)
        with cgutils.for_range_slice(builder, begin, end, ir.Constant(INT, 1), INT) as (x, _):
            r = builder.sext(builder.load(builder.gep(rows, [x])), INT)
            entry = m.load("matrix", builder.add(n, x)) * -1.0
            builder.store(entry.call("fmuladd", m.load("head", r), Lanes(builder, builder.load(total))).v, total)
        m.store("head", j, Lanes(builder, builder.load(total)) * m.load("matrix", j))
        return _unit(context)

    return types.void(work, *[types.int64] * 3, row, types.int64), emit
