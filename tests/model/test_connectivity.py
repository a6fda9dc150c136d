"""Structure: exact counts after every step, what is pruned, what grows, what stays reachable."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from delaynet.config.errors import UserError
from delaynet.model.connectivity import connection_count, random_mask, reachable_outputs
from delaynet.model.structures.deep_r import NEWBORN_MAGNITUDE, rewire
from delaynet.model.structures.deep_r_rigl import growth_score
from delaynet.model.structures.magnitude import gradual_count, largest_connections
from delaynet.model.structures.static_connected import connected_masks

PAPER_SPARSITIES = ["0"] + [str(1 - 2.0**-k) for k in range(1, 10)]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("sparsity", PAPER_SPARSITIES)
def test_the_papers_sparsities_give_whole_numbers_of_connections(sparsity: str) -> None:
    assert connection_count(10240, sparsity) == 10240 * (1 - float(sparsity))


def test_a_count_is_not_spoilt_by_binary_fractions() -> None:
    assert int((1 - 0.9) * 10) == 0  # what floating point would give
    assert connection_count(10, "0.9") == 1


@given(
    size=st.tuples(st.integers(1, 2), st.integers(1, 12), st.integers(1, 12)),
    density=st.floats(0.05, 0.95),
    seed=st.integers(0, 999),
    growth=st.sampled_from(["random", "gradient", "magnitude", "positive_gradient"]),
)
@settings(deadline=None)
def test_rewiring_keeps_the_count_and_leaves_no_weight_on_dormant_connections(
    size: tuple[int, int, int], density: float, seed: int, growth: str
) -> None:
    draw = stream(seed)
    possible = size[0] * size[1] * size[2]
    mask = random_mask(size, max(1, int(density * possible)), draw)
    magnitude = torch.randn(size, generator=draw) * mask
    gradient = torch.randn(size, generator=draw)
    result = rewire(magnitude, mask, growth_score(gradient, growth, draw))
    assert result.mask.sum() == mask.sum()
    assert (result.magnitude[~result.mask] == 0).all()
    assert (result.magnitude[result.mask] > 0).all()
    kept = mask & (magnitude > 0)
    assert torch.equal(result.magnitude[kept], magnitude[kept])
    assert (result.magnitude[result.grown] == torch.tensor(NEWBORN_MAGNITUDE)).all()
    assert not (result.pruned & result.mask).any()


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ([-2.0, 1.0, 3.0], {"gradient": 2, "magnitude": 4, "positive_gradient": 4}),
        ([-4.0, 1.0, 3.0], {"gradient": 2, "magnitude": 2, "positive_gradient": 4}),
        ([2.0, 1.0, -0.1], {"gradient": 4, "magnitude": 2, "positive_gradient": 2}),
    ],
)
def test_growth_follows_the_gradient_of_dormant_connections_as_named(
    gradient: list[float], expected: dict[str, int]
) -> None:
    magnitude = torch.tensor([-0.1, 0.5, 0.0, 0.0, 0.0])
    mask = torch.tensor([True, True, False, False, False])
    of_all = torch.tensor([0.05, -9.0, *gradient])
    for growth, index in expected.items():
        grown = rewire(magnitude, mask, growth_score(of_all, growth, stream())).grown
        assert grown.nonzero().flatten().tolist() == [index], growth


def test_random_growth_chooses_every_dormant_connection_alike() -> None:
    magnitude, mask = torch.zeros(5), torch.tensor([True, False, False, False, False])
    draw, count = stream(), torch.zeros(5)
    for _ in range(5000):
        count += rewire(magnitude, mask, growth_score(magnitude, "random", draw)).grown
    # five candidates, the pruned one among them: binomial, 1000 +- 4.9 standard deviations of 28
    assert ((count - 1000).abs() < 140).all()


def test_without_anything_to_prune_nothing_changes() -> None:
    mask = random_mask((1, 5, 6), 11, stream())
    magnitude = torch.rand(1, 5, 6, generator=stream()) * mask + 0.1 * mask
    result = rewire(magnitude, mask, torch.randn(1, 5, 6, generator=stream()))
    assert torch.equal(result.mask, mask)
    assert torch.equal(result.magnitude, magnitude)


@given(
    hidden=st.lists(st.integers(4, 40), min_size=1, max_size=3),
    sparsity=st.sampled_from(["0.5", "0.75", "0.9", "0.9375", "0.984375", "0.998046875"]),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_connected_masks_leave_no_used_unit_without_input_or_output(
    hidden: list[int], sparsity: str, seed: int
) -> None:
    sizes = [40, *hidden, 20]
    shapes = [(1, out, into) for into, out in pairwise(sizes)]
    counts = [connection_count(out * into, sparsity) for _, out, into in shapes]
    try:
        masks = connected_masks(shapes, counts, stream(seed))
    except UserError as error:
        assert "no room" in str(error)
        assert len(hidden) > 1, "one hidden layer always has room"
        return
    assert [int(mask.sum()) for mask in masks] == counts
    for before, after in pairwise(masks):
        has_input, has_output = before.any(0).any(1), after.any(0).any(0)
        assert torch.equal(has_input, has_output)


def test_at_high_sparsity_a_random_net_reaches_few_outputs_and_a_connected_one_many() -> None:
    shapes = [(1, 256, 40), (1, 20, 256)]
    counts = [connection_count(out * into, "0.9921875") for _, out, into in shapes]
    random, connected = [], []
    for seed in range(20):
        draw = stream(seed)
        masks = [random_mask(s, c, draw) for s, c in zip(shapes, counts, strict=True)]
        random.append(reachable_outputs(masks))
        connected.append(reachable_outputs(connected_masks(shapes, counts, draw)))
    assert 5 < sum(random) / 20 < 11  # about 8, by the design's count
    assert min(connected) == 20


def test_gradual_pruning_falls_along_a_cubic_from_dense_to_its_final_count() -> None:
    counts = [gradual_count(1000, 200, progress) for progress in (0, 0.25, 0.5, 0.75, 1)]
    assert counts == [1000, 537, 300, 212, 200]  # 200 + 800 (1 - progress)^3


@given(
    size=st.tuples(st.integers(1, 2), st.integers(1, 12), st.integers(1, 12)),
    percent=st.tuples(st.integers(5, 100), st.integers(0, 100)),
    seed=st.integers(0, 999),
)
@settings(deadline=None)
def test_pruning_by_magnitude_keeps_the_largest_and_grows_none(
    size: tuple[int, int, int], percent: tuple[int, int], seed: int
) -> None:
    draw = stream(seed)
    before = size[0] * size[1] * size[2] * percent[0] // 100
    mask = random_mask(size, before, draw)
    magnitude = torch.rand(size, generator=draw)
    count = before * percent[1] // 100
    kept = largest_connections(magnitude, mask, count)
    assert kept.sum() == count
    assert not (kept & ~mask).any()
    pruned = mask & ~kept
    if kept.any() and pruned.any():
        assert magnitude[kept].min() >= magnitude[pruned].max()
    assert torch.equal(largest_connections(magnitude, mask, before), mask), "nothing to prune"
    assert torch.equal(largest_connections(magnitude, mask, before + 1), mask), "none to grow"


def test_of_connections_equally_strong_the_last_are_pruned() -> None:
    magnitude = torch.tensor([[0.0, 2.0, 0.5], [0.5, 0.0, 0.5]])
    mask = torch.tensor([[True, True, True], [True, False, True]])
    survivors = [largest_connections(magnitude, mask, count) for count in (4, 3, 2, 1)]
    indices = [kept.flatten().nonzero().flatten().tolist() for kept in survivors]
    assert indices == [[1, 2, 3, 5], [1, 2, 3], [1, 2], [1]]
