"""Trains the network of :mod:`tests.benchmarks.network` on pictures that are changed randomly each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from tests.benchmarks.network import Network, standardised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.pictures import Pictures

_BATCH = 64
_PEAK_RATE = 0.003
_RISING = 0.1  # share of the steps during which the learning rate rises
_WEIGHT_DECAY = 0.02
_LARGEST_GRADIENT = 5.0
_TOLD_EVERY = 250  # steps

# The largest changes of a picture.
_TURN = 0.09  # radians to either side
_SCALE = 0.1  # share by which it is made wider or narrower, and higher or lower
_SHIFT = (0.06, 0.08)  # as a share of half its width, and of half its height
_CONTRAST = 0.2  # share
_NOISE = 0.15  # as a share of the deviation of the picture's own shades


def train(pictures: Pictures, *, steps: int, seed: int, on_progress: Callable[[int, float], None]) -> Network:
    """Return a network trained for ``steps`` batches of 64 pictures.

    ``on_progress`` is called at intervals with the number of steps and the mean loss of the last 250.
    """
    torch.manual_seed(seed)
    answers = [rights[0] for rights in pictures.answers]
    network = Network.untrained("".join(sorted(set("".join(answers)))))
    targets = torch.tensor([network.targets(answer) for answer in answers])
    network.layers.train()
    optimizer = torch.optim.AdamW(network.layers.parameters(), _PEAK_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _PEAK_RATE, total_steps=steps, pct_start=_RISING)
    batches = _batches(len(answers))
    losses: list[float] = []
    for step in range(1, steps + 1):
        taken = next(batches)
        loss = network.loss(_altered(standardised(pictures.greys[taken])), targets[taken])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.layers.parameters(), _LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % _TOLD_EVERY == 0 or step == steps:
            on_progress(step, sum(losses) / len(losses))
            losses.clear()
    return network


def _batches(count: int) -> Iterator[torch.Tensor]:
    """Yield the indices of batches without end. Each of ``count`` pictures is used once before any is used again."""
    left = torch.empty(0, dtype=torch.long)
    while True:
        while len(left) < _BATCH:
            left = torch.cat([left, torch.randperm(count)])
        yield left[:_BATCH]
        left = left[_BATCH:]


def _altered(pictures: torch.Tensor) -> torch.Tensor:
    """Return standardised pictures, turned, scaled, shifted, with other contrast and noise, half of them inverted."""
    moved = functional.grid_sample(pictures, _places(pictures), padding_mode="border", align_corners=False)
    one_each = (len(pictures), 1, 1, 1)
    sign = torch.randint(0, 2, one_each) * 2 - 1
    noise = torch.randn_like(moved) * torch.rand(one_each) * _NOISE
    return moved * sign * (1 + _either_way(*one_each) * _CONTRAST) + noise


def _places(pictures: torch.Tensor) -> torch.Tensor:
    """Return the source of each px of the altered pictures. Turning keeps the pictures' shapes."""
    count, _, height, width = pictures.shape
    angle = _either_way(count) * _TURN
    across, down = (1 + _either_way(count, 2) * _SCALE).unbind(1)
    right, below = (_either_way(count, 2) * torch.tensor(_SHIFT)).unbind(1)
    aspect = width / height
    first = torch.stack([angle.cos() * across, -angle.sin() * down / aspect, right], 1)
    second = torch.stack([angle.sin() * across * aspect, angle.cos() * down, below], 1)
    return functional.affine_grid(torch.stack([first, second], 1), list(pictures.shape), align_corners=False)


def _either_way(*shape: int) -> torch.Tensor:
    return torch.rand(shape) * 2 - 1
