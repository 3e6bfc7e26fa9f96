"""Water surfaces: steady profiles against an analytic one, the wave over a plane, float32 against float64, volume."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.flood.backwater import backwater_rating, profile
from network_models.flood.errors import FloodError
from network_models.flood.inertial import WALL, Flooding
from network_models.flood.sections import GRAVITY, Channel


def macdonald(n: int):
    """Depth and bed of MacDonald et al. 1997, problem 1: the bed that has this depth, by its slope formula."""
    x = np.linspace(0.0, 1000.0, n)
    bump = np.exp(-16.0 * (x / 1000.0 - 0.5) ** 2)
    scale = (4.0 / GRAVITY) ** (1.0 / 3.0)
    h, change = scale * (1.0 + 0.5 * bump), scale * 0.5 * bump * (-32.0) * (x / 1000.0 - 0.5) / 1000.0
    slope = (1.0 - 4.0 / (GRAVITY * h**3)) * change + 0.36 * (2.0 * h + 10.0) ** (4.0 / 3.0) / (10.0 * h) ** (
        10.0 / 3.0
    )
    middle = 0.5 * (slope[1:] + slope[:-1]) * np.diff(x)
    return x, h, np.concatenate([[0.0], -np.cumsum(middle)])


def test_a_steady_profile_converges_to_macdonalds():
    worst = []
    for n in (501, 1001, 2001):
        x, depth, bed = macdonald(n)
        worst.append(np.abs(profile(x, bed, 20.0, Channel(10.0, 0.03), downstream=depth[-1]) - depth).max())
    assert worst[-1] < 1e-6 and worst[0] / worst[1] == pytest.approx(4.0, rel=0.1)


def test_backwater_tends_to_normal_depth_and_fast_flow_jumps():
    channel, x = Channel(20.0, 0.03, 1.5), np.linspace(0.0, 20_000.0, 2001)
    normal = channel.normal_depth(50.0, 1e-3)
    slow = profile(x, -1e-3 * x, 50.0, channel, downstream=4.0)
    assert slow[0] == pytest.approx(normal, abs=1e-6) and slow[-1] == 4.0 and (np.diff(slow) >= -1e-9).all()
    steep = profile(x, -0.03 * x, 50.0, channel, downstream=3.0, upstream=0.4)
    assert steep[500] == pytest.approx(channel.normal_depth(50.0, 0.03), rel=1e-3)
    assert steep[-1] == 3.0 and (steep > channel.critical_depth(50.0)).any()


def test_backwater_ratings_rise_with_the_discharge():
    x = np.linspace(0.0, 5000.0, 101)
    level = backwater_rating(x, -1e-3 * x, [20.0, 50.0, 100.0], Channel(20.0, 0.03), [1.0, 1.5, 2.5])
    assert level.shape == (3, 101) and (np.diff(level, axis=0) > 0).all()


def travelling(xi: np.ndarray, n: float, u: float) -> np.ndarray:
    """Wave of constant form of the local-inertial equations.

    With q = u h they are (g h - u^2) h' = g n^2 u^2 h^(-1/3), so 3/7 h^(7/3) - 3/4 (u^2/g) h^(4/3) grows by n^2 u^2 a
    metre behind the front, where h = u^2 / g.
    """
    front = u * u / GRAVITY
    h = np.concatenate([front * (1.0 + np.logspace(-8, 0, 400)), np.linspace(2.0 * front, 4.0, 20_000)[1:]])
    grows = 3.0 / 7.0 * h ** (7.0 / 3.0) - 0.75 * front * h ** (4.0 / 3.0)
    start = (3.0 / 7.0 - 0.75) * front ** (7.0 / 3.0)
    return np.where(xi > 0, np.interp(xi, (grows - start) / (n * u) ** 2, h), 0.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_scheme_converges_to_the_wave_of_its_equations(dtype):
    worst = []
    for dx in (25.0, 12.5):
        columns = int(3000.0 / dx)
        bed = np.zeros((3, columns), dtype)
        bed[[0, 2]], bed[:, -1] = WALL, WALL
        grid = Flooding(np.zeros((3, columns), dtype), bed, dx, 0.03)

        def rising(at: float, depth: np.ndarray) -> None:
            depth[1, 0] = travelling(np.array(at), 0.03, 1.0)

        grid.run(1800.0, rising)
        x = dx * np.arange(columns)
        behind = x < 1600.0
        worst.append(np.abs(grid.depth[1] - travelling(1800.0 - x, 0.03, 1.0))[behind].max())
    assert worst[0] < 0.05 and worst[1] < 0.6 * worst[0]


def hills(dtype, wet: bool):
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:90, 0:70]
    bed = 0.01 * x + 0.3 * np.sin(x / 9.0) * np.cos(y / 7.0) + 0.01 * rng.random(x.shape)
    depth = np.full(x.shape, 0.4) if wet else np.where((x - 30) ** 2 + (y - 40) ** 2 < 200, 2.0, 0.0)
    return Flooding.walled(depth, bed, 10.0, 0.03, dtype)


def test_float32_is_float64_within_its_digits():
    fast, exact = hills(np.float32, True), hills(np.float64, True)
    for _ in range(200):
        fast.step(1.0)
        exact.step(1.0)
    assert np.abs(fast.depth - exact.depth).max() < 1e-4


@pytest.mark.parametrize("wet", [True, False])
def test_volume_is_kept_to_the_last_bits_in_float64(wet):
    grid = hills(np.float64, wet)
    before = grid.volume
    grid.run(1200.0)
    assert grid.volume == pytest.approx(before, rel=1e-12) and (grid.depth >= 0).all()


def test_volume_through_the_boundary_is_counted():
    bed = np.full((20, 30), 0.0)
    bed[0], bed[-1], bed[:, -1] = WALL, WALL, WALL
    grid = Flooding(np.zeros_like(bed), bed, 10.0, 0.03)

    def held(_: float, depth: np.ndarray) -> None:
        depth[1:-1, 0] = 1.0

    grid.run(600.0, held)
    assert grid.volume > 100.0 and grid.volume == pytest.approx(grid.entered, rel=1e-12)


def test_still_water_stays_still():
    bed = np.random.default_rng(0).uniform(0.0, 2.0, (30, 30))
    grid = Flooding.walled(3.0 - bed, bed, 10.0, 0.03, np.float64)
    grid.run(600.0)
    assert np.abs(grid.depth[1:-1, 1:-1] + bed - 3.0).max() < 1e-12


def test_bad_input_is_named():
    with pytest.raises(FloodError, match="float32"):
        Flooding(np.zeros((4, 4), np.float32), np.zeros((4, 4)), 10.0, 0.03)
    with pytest.raises(FloodError, match="negative depth"):
        Flooding(np.full((4, 4), -1.0), np.zeros((4, 4)), 10.0, 0.03)
    with pytest.raises(FloodError, match="x, item 2"):
        profile([0.0, 0.0], [1.0, 1.0], 10.0, Channel(5.0, 0.03))
    with pytest.raises(FloodError, match="manning"):
        Channel(5.0, 0.0)
