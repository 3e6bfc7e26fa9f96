"""Sixteen values at once: a row of D holds the times of 16 sources at one node, int32 (one cache line) or float64.

Numba does not turn loops over 16 lanes into vector instructions by itself; these few operations say so in LLVM's own
language. Rows lie one after the other in a flat array that begins at a cache line. Times are compared as unsigned
whole numbers, so that 'none' (2**31 - 1) plus 'none' does not wrap round.
"""

# ruff: noqa: ARG001 - Numba gives an operation's arguments their types by position
from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types

from network_models._numba import inner

intrinsic: Any = extending.intrinsic

LANES = 16
NONE = int(np.iinfo(np.int32).max)
"""'No way' in milliseconds."""
LINE = 64
"""Bytes of a cache line."""
I1, I16, I32, I64 = ir.IntType(1), ir.IntType(16), ir.IntType(32), ir.IntType(64)


class _Rows:
    """Code for the rows of one array: their address, and what can be done with the 16 values."""

    def __init__(self, context: Any, builder: Any, array_type: Any, value: Any) -> None:
        self.b = builder
        self.whole = isinstance(array_type.dtype, types.Integer)
        self.element = I32 if self.whole else ir.DoubleType()
        self.type = ir.VectorType(self.element, LANES)
        self.bytes = LANES * (4 if self.whole else 8)
        self.base = builder.ptrtoint(context.make_array(array_type)(context, builder, value).data, I64)

    def _at(self, row: Any) -> Any:
        return self.b.inttoptr(self.b.add(self.base, self.b.mul(row, I64(self.bytes))), self.type.as_pointer())

    def load(self, row: Any) -> Any:
        value = self.b.load(self._at(row))
        value.align = LINE
        return value

    def store(self, value: Any, row: Any) -> None:
        self.b.store(value, self._at(row)).align = LINE

    def fetch(self, row: Any) -> None:
        """Ask for a row before it is needed."""
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
        ask = self.b.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        for line in range(0, self.bytes, LINE):
            at = self.b.add(self.base, self.b.add(self.b.mul(row, I64(self.bytes)), I64(line)))
            self.b.call(ask, [self.b.inttoptr(at, byte), I32(0), I32(3), I32(1)])

    def all(self, scalar: Any) -> Any:
        """The same value in every lane."""
        return spread(self.b, scalar, self.type)

    def none(self) -> Any:
        return ir.Constant(self.type, [self.element(NONE if self.whole else float("inf"))] * LANES)

    def add(self, a: Any, b: Any) -> Any:
        return self.b.add(a, b) if self.whole else self.b.fadd(a, b)

    def less(self, a: Any, b: Any, sign: str = "<") -> Any:
        return self.b.icmp_unsigned(sign, a, b) if self.whole else self.b.fcmp_ordered(sign, a, b)

    def least(self, a: Any, b: Any) -> Any:
        return self.b.select(self.less(a, b), a, b)


def spread(builder: Any, scalar: Any, vector: Any) -> Any:
    """A scalar in every lane of a vector."""
    empty = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(empty, scalar, I32(0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(I32, LANES), [I32(0)] * LANES))


def _data(context: Any, builder: Any, array_type: Any, value: Any) -> Any:
    return context.make_array(array_type)(context, builder, value).data


def _count(builder: Any, begin: Any, end: Any) -> tuple[Any, Any, Any, Any]:
    """Open a loop from begin to end: the counter, and the blocks before, inside and after."""
    before = builder.basic_block
    test, body, after = (builder.append_basic_block(name) for name in ("test", "body", "after"))
    builder.branch(test)
    builder.position_at_end(test)
    counter = builder.phi(I64)
    counter.add_incoming(begin, before)
    return counter, before, (test, body, after), end


def _step(builder: Any, counter: Any, test: Any) -> None:
    counter.add_incoming(builder.add(counter, I64(1)), builder.basic_block)
    builder.branch(test)


@intrinsic
def pull(typingctx, times, row, begin, end, tails, lengths, kept):  # type: ignore[no-untyped-def]
    """``times[row] = min(times[row] if kept else none, times[tails[e]] + lengths[e] for e in begin:end)``."""
    signature = types.void(times, types.int64, types.int64, types.int64, tails, lengths, types.boolean)

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        d = _Rows(context, b, sig.args[0], args[0])
        tail, length = (_data(context, b, sig.args[i], args[i]) for i in (4, 5))
        with b.if_else(b.trunc(args[6], I1) if args[6].type != I1 else args[6]) as (then, other):
            with then:
                own, from_then = d.load(args[1]), b.basic_block
            with other:
                from_other = b.basic_block
        first = b.phi(d.type)
        first.add_incoming(own, from_then)
        first.add_incoming(d.none(), from_other)
        e, before, (test, body, after), last = _count(b, args[2], args[3])
        best = b.phi(d.type)
        best.add_incoming(first, before)
        b.cbranch(b.icmp_signed("<", e, last), body, after)
        b.position_at_end(body)
        at = b.zext(b.load(b.gep(tail, [e])), I64)
        best.add_incoming(d.least(d.add(d.load(at), d.all(b.load(b.gep(length, [e])))), best), body)
        _step(b, e, test)
        b.position_at_end(after)
        d.store(best, args[1])
        return context.get_dummy_value()

    return signature, code


@intrinsic
def push(typingctx, times, row, begin, end, heads, lengths):  # type: ignore[no-untyped-def]
    """``times[heads[e]] = min(times[heads[e]], times[row] + lengths[e])`` for e in begin:end."""
    signature = types.void(times, types.int64, types.int64, types.int64, heads, lengths)

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        d = _Rows(context, b, sig.args[0], args[0])
        head, length = (_data(context, b, sig.args[i], args[i]) for i in (4, 5))
        own = d.load(args[1])
        e, _, (test, body, after), last = _count(b, args[2], args[3])
        b.cbranch(b.icmp_signed("<", e, last), body, after)
        b.position_at_end(body)
        at = b.zext(b.load(b.gep(head, [e])), I64)
        d.store(d.least(d.add(own, d.all(b.load(b.gep(length, [e])))), d.load(at)), at)
        _step(b, e, test)
        b.position_at_end(after)
        return context.get_dummy_value()

    return signature, code


@intrinsic
def clear(typingctx, times, row):  # type: ignore[no-untyped-def]
    """``times[row] = none``."""

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        d = _Rows(context, b, sig.args[0], args[0])
        d.store(d.none(), args[1])
        return context.get_dummy_value()

    return types.void(times, types.int64), code


@intrinsic
def copy(typingctx, source, i, target, j):  # type: ignore[no-untyped-def]
    """``target[j] = source[i]``."""

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        value = _Rows(context, b, sig.args[0], args[0]).load(args[1])
        _Rows(context, b, sig.args[2], args[2]).store(value, args[3])
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), code


@intrinsic
def within(typingctx, times, row, limit):  # type: ignore[no-untyped-def]
    """Bits of the lanes of a row whose time is at most ``limit`` (of the type of the times)."""

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        d = _Rows(context, b, sig.args[0], args[0])
        return b.zext(b.bitcast(d.less(d.load(args[1]), d.all(args[2]), "<="), I16), I64)

    return types.int64(times, types.int64, times.dtype), code


def _decay(b: Any, d: Any, vector: Any, rate: Any) -> Any:
    """``exp(-rate * time)``: two to a whole power by its bits, times two to a fraction by its series (1e-14 relative)."""
    double = ir.DoubleType()

    def all_of(x: float) -> Any:
        return ir.Constant(vector, [double(x)] * LANES)

    power = b.fmul(d, spread(b, b.fmul(rate, double(-1.4426950408889634)), vector))
    power = b.select(b.fcmp_ordered(">", power, all_of(-1022.0)), power, all_of(-1022.0))
    shifted = b.fadd(power, all_of(1.5 * 2.0**52))
    fraction = b.fsub(power, b.fsub(shifted, all_of(1.5 * 2.0**52)))
    series = all_of(0.0)
    for n in range(12, -1, -1):
        series = b.fadd(b.fmul(series, fraction), all_of(math.log(2.0) ** n / math.factorial(n)))
    whole = ir.VectorType(I64, LANES)
    bits = b.shl(b.bitcast(shifted, whole), ir.Constant(whole, [I64(52)] * LANES))
    return b.bitcast(b.add(b.bitcast(series, whole), bits), vector)


def _adder(share: Any) -> Any:
    """Operation that adds ``amount * share(time)`` to 16 sums where the time at a row is at most ``limit``."""

    def typing(typingctx, times, row, limit, amount, rate, sums):  # type: ignore[no-untyped-def]
        signature = types.void(times, types.int64, times.dtype, types.float64, types.float64, sums)

        def code(context, b, sig, args):  # type: ignore[no-untyped-def]
            d, total = (_Rows(context, b, sig.args[i], args[i]) for i in (0, 5))
            time = d.load(args[1])
            inside = d.less(time, d.all(args[2]), "<=")
            zero = ir.Constant(total.type, [ir.DoubleType()(0.0)] * LANES)
            time = b.select(inside, b.sitofp(time, total.type) if d.whole else time, zero)
            more = b.fmul(total.all(args[3]), share(b, time, total.type, args[4]))
            total.store(b.fadd(total.load(I64(0)), b.select(inside, more, zero)), I64(0))
            return context.get_dummy_value()

        return signature, code

    return intrinsic(typing)


add_amount = _adder(lambda *given: ir.Constant(given[2], [ir.DoubleType()(1.0)] * LANES))
"""``sums[0] += amount`` where ``times[row] <= limit``."""
add_time = _adder(lambda *given: given[1])
"""``sums[0] += amount * times[row]`` where ``times[row] <= limit``."""
add_decayed = _adder(_decay)
"""``sums[0] += amount * exp(-rate * times[row])`` where ``times[row] <= limit``."""


@intrinsic
def turn(typingctx, times, rows, i, ahead, out, column):  # type: ignore[no-untyped-def]
    """``out[j, column + q] = times[rows[i + q], j]`` for 16 j and q, 'none' as -1 in whole numbers; fetch ``ahead``."""

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        d = _Rows(context, b, sig.args[0], args[0])
        row = _data(context, b, sig.args[1], args[1])
        array = context.make_array(sig.args[4])(context, b, args[4])
        base, stride = b.ptrtoint(array.data, I64), b.extract_value(array.strides, 0)

        def number(begin, q):  # type: ignore[no-untyped-def]
            return b.zext(b.load(b.gep(row, [b.add(begin, I64(q))])), I64)

        for q in range(LANES):
            d.fetch(number(args[3], q))
        lines = [d.load(number(args[2], q)) for q in range(LANES)]
        for width in (8, 4, 2, 1):
            lines = _exchange(b, lines, width)
        for j, line in enumerate(lines):
            if d.whole:
                minus = ir.Constant(d.type, [I32(-1)] * LANES)
                line = b.select(b.icmp_unsigned("==", line, d.none()), minus, line)
            offset = b.add(b.mul(I64(j), stride), b.mul(args[5], I64(d.bytes // LANES)))
            b.store(line, b.inttoptr(b.add(base, offset), d.type.as_pointer())).align = d.bytes // LANES
        return context.get_dummy_value()

    return types.void(times, rows, types.int64, types.int64, out, types.int64), code


@intrinsic
def stream(typingctx, source, at, address, lines):  # type: ignore[no-untyped-def]
    """Copy cache lines from ``source[at:]`` to an aligned address past the caches: the table is not read again soon."""

    def code(context, b, sig, args):  # type: ignore[no-untyped-def]
        size = sig.args[0].dtype.bitwidth // 8
        line = ir.VectorType(I32, LINE // 4)
        base = b.add(b.ptrtoint(_data(context, b, sig.args[0], args[0]), I64), b.mul(args[1], I64(size)))
        e, _, (test, body, after), last = _count(b, I64(0), args[3])
        b.cbranch(b.icmp_signed("<", e, last), body, after)
        b.position_at_end(body)
        offset = b.mul(e, I64(LINE))
        value = b.load(b.inttoptr(b.add(base, offset), line.as_pointer()))
        value.align = size
        store = b.store(value, b.inttoptr(b.add(args[2], offset), line.as_pointer()))
        store.align = LINE
        store.set_metadata("nontemporal", b.module.add_metadata([I32(1)]))
        _step(b, e, test)
        b.position_at_end(after)
        return context.get_dummy_value()

    return types.void(source, types.int64, types.int64, types.int64), code


def _exchange(builder: Any, lines: list[Any], width: int) -> list[Any]:
    """One step of turning a square of 16 lines: blocks of ``width`` change places across the diagonal."""
    masks = ir.VectorType(I32, LANES)
    low = ir.Constant(masks, [I32(k if not k & width else LANES + (k ^ width)) for k in range(LANES)])
    high = ir.Constant(masks, [I32(k | width if not k & width else LANES + k) for k in range(LANES)])
    turned = list(lines)
    for a in range(LANES):
        if not a & width:
            turned[a] = builder.shuffle_vector(lines[a], lines[a | width], low)
            turned[a | width] = builder.shuffle_vector(lines[a], lines[a | width], high)
    return turned


@inner()
def rows_of(n, like):  # type: ignore[no-untyped-def]
    """``n`` rows of 16 in a flat array of the type of ``like`` that begins at a cache line."""
    room = np.empty(n * LANES + LINE, like.dtype)
    skip = (-room.ctypes.data % LINE) // room.itemsize
    return room[skip : skip + n * LANES]
