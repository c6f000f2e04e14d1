"""The pool shows a discriminator paintings of earlier steps."""

import torch

from vidstyle.train.methods.cyclegan import ImagePool


def _step(pool: ImagePool, number: int) -> int:
    """Offer the painting of a step, whose every pixel is `number`, and return which step's is judged."""
    random = torch.Generator().manual_seed(number)
    return int(pool.exchange(torch.full((1, 3, 2, 2), float(number)), random)[0, 0, 0, 0])


def test_until_it_is_full_what_comes_is_what_is_judged() -> None:
    pool = ImagePool(4)
    assert [_step(pool, number) for number in range(4)] == [0, 1, 2, 3]
    assert len(pool.images) == 4


def test_then_about_half_are_exchanged_for_older_ones_and_none_is_judged_twice_from_the_pool() -> None:
    pool = ImagePool(10)
    judged = [_step(pool, number) for number in range(400)]
    older = [shown for number, shown in enumerate(judged) if shown != number]
    assert 140 < len(older) < 260
    assert len(pool.images) == 10
    assert len(set(older)) > 100


def test_a_pool_of_none_passes_everything() -> None:
    pool = ImagePool(0)
    assert [_step(pool, number) for number in range(20)] == list(range(20))


def test_what_is_kept_is_no_view_of_a_larger_batch() -> None:
    pool = ImagePool(2)
    pool.exchange(torch.rand(8, 3, 2, 2)[:1], torch.Generator())
    assert pool.images[0].untyped_storage().nbytes() == 3 * 2 * 2 * 4
