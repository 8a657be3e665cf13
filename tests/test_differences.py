"""The comparisons that recorded numbers are held against: none passes what differs."""

import numpy as np
import pytest
from differences import difference
from losses.case import furthest as between_losses
from networks.cases import furthest as between_layers
from optimizers.cases import furthest as between_walks

nan, inf = np.nan, np.inf
COMPARISONS = {
    "layers": lambda ours, theirs: between_layers(dict(enumerate(ours)), dict(enumerate(theirs)))[0],
    "losses": between_losses,
    "walks": lambda ours, theirs: between_walks([ours], [theirs]),
}
EACH = pytest.mark.parametrize("compare", COMPARISONS.values(), ids=COMPARISONS)
SOUND = np.array([1.0, 2.0, 3.0])


@EACH
def test_what_is_the_same(compare):
    for numbers in ([1.0, 2.0, 3.0], [1.0, nan, 3.0], [inf, -inf, nan], []):
        assert compare([SOUND, np.array(numbers)], [SOUND, numbers]) == 0


@EACH
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [([1.0, nan, 3.0], [1.0, 2.0, 3.0]), ([1.0, 2.0, 3.0], [1.0, nan, 3.0]), ([1.0, inf, 3.0], [1.0, 2.0, 3.0]),
     ([inf, 2.0, 4.0], [inf, 2.0, 3.0]), ([nan, 2.0, 4.0], [nan, 2.0, 3.0]), ([inf, 2.0], [-inf, 2.0]),
     ([nan, 2.0], [inf, 2.0]), ([1.0, 2.0, 3.1], [1.0, 2.0, 3.0])],
)  # fmt: skip
def test_what_differs(compare, place, ours, theirs):
    left, right = [SOUND], [SOUND]
    left.insert(place, np.array(ours))
    right.insert(place, theirs)
    assert compare(left, right) > 0.01


@EACH
def test_other_shapes_and_kinds_are_refused(compare):
    for ours in (np.ones((1, 3)), np.ones(3, np.float32), np.ones(3, int)):
        with pytest.raises(AssertionError):
            compare([ours], [[1.0, 1.0, 1.0]])


def test_the_difference_is_relative_to_the_largest_or_to_each():
    assert difference([1.0, 999.999], [2.0, 999.999]) == pytest.approx(1 / 1000)
    assert difference([1.0, 999.999], [2.0, 999.999], each=True) == pytest.approx(1 / 2.001)
    assert difference([0.0], [0.0]) == 0
