"""A small reader that is trained on labelled pictures: convolutions down to one row of columns, and CTC.

The shape and the rate were tuned on pictures of the ``captcha`` package alone and then frozen, never on ours. No part
is recurrent; every column is read on its own, and Connectionist Temporal Classification (Graves et al. 2006) finds
out which column belongs to which sign. Trained for 600 steps on 2,000 pictures of ``captcha`` at 240x80 it read 98 % of
1,000 fresh ones. Needs torch; runs on a processor.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from captcha_guard.challenge.answer import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.peers import Drawn

WIDTH, HEIGHT = 120, 40  # px every picture is brought to
_BATCH = 64
_PEAK_RATE = 0.004
_SHIFT = 2  # px that a picture is moved either way while training
_CONTRAST = 0.2  # share by which its contrast is changed then


@dataclass(frozen=True)
class Labelled:
    """Grey pictures, octets shaped (count, 1, HEIGHT, WIDTH), and what stands in each, folded."""

    greys: torch.Tensor
    answers: tuple[str, ...]

    @classmethod
    def of(cls, drawn: Sequence[Drawn]) -> Labelled:
        """Return these pictures as the reader takes them."""
        answers = tuple(normalise(one.answer) for one in drawn)
        return cls(torch.stack([_grey(one.octets) for one in drawn]), answers)

    def __len__(self) -> int:
        return len(self.answers)

    def part(self, start: int, stop: int) -> Labelled:
        """Return the pictures from ``start`` up to ``stop``."""
        return Labelled(self.greys[start:stop], self.answers[start:stop])


class Reading(NamedTuple):
    """What was read, and how sure the reader is of it: the logarithm of a chance, so at most 0."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Reader:
    """A trained network and the signs that its classes stand for; class 0 is CTC's blank."""

    layers: nn.Sequential
    signs: str
    loss: float

    def read(self, pictures: Labelled) -> list[Reading]:
        """Return the reading of each picture: the likeliest class of each column, repeats and blanks left out."""
        self.layers.eval()
        with torch.inference_mode():
            return [
                self._reading(classes, chance)
                for start in range(0, len(pictures), _BATCH)
                for classes, chance in _likeliest(self.layers, pictures.greys[start : start + _BATCH])
            ]

    def _reading(self, classes: list[int], confidence: float) -> Reading:
        text = "".join(self.signs[now - 1] for before, now in pairwise([0, *classes]) if now not in (0, before))
        return Reading(text, confidence)


def train(pictures: Labelled, *, steps: int, seed: str) -> Reader:
    """Return a reader trained on these pictures for ``steps`` batches of 64, however many pictures there are."""
    rng = random.Random(seed)
    torch.manual_seed(rng.getrandbits(32))
    signs = "".join(sorted(set("".join(pictures.answers))))
    layers = _layers(len(signs) + 1)
    layers.train()
    optimizer = torch.optim.AdamW(layers.parameters(), _PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _PEAK_RATE, total_steps=steps, pct_start=0.2)
    order = _order(len(pictures), rng)
    recent: list[float] = []
    for _ in range(steps):
        taken = [next(order) for _ in range(_BATCH)]
        scores = _scores(layers, _shaken(_normal(pictures.greys[taken]), rng))
        loss = _loss(scores, [[signs.index(sign) + 1 for sign in pictures.answers[one]] for one in taken])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(layers.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        recent = [*recent[-19:], loss.item()]
    return Reader(layers, signs, sum(recent) / len(recent))


def _grey(octets: bytes) -> torch.Tensor:
    picture = Image.open(io.BytesIO(octets)).convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(1, HEIGHT, WIDTH)


def _block(
    before: int, after: int, size: tuple[int, int], stride: tuple[int, int], *, padded: bool = True
) -> list[object]:
    reach = (size[0] // 2, size[1] // 2) if padded else 0
    convolution = nn.Conv2d(before, after, size, stride, padding=reach, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


def _layers(classes: int) -> nn.Sequential:
    """Return the network: (batch, 1, 40, 120) to (batch, classes, 1, 30)."""
    return nn.Sequential(
        *_block(1, 16, (5, 5), (2, 2)),  # to 20 rows, 60 columns
        *_block(16, 48, (3, 3), (2, 2)),  # 10, 30
        *_block(48, 64, (3, 3), (1, 1)),
        *_block(64, 96, (3, 3), (2, 1)),  # 5, 30
        *_block(96, 128, (5, 1), (1, 1), padded=False),  # 1, 30
        *_block(128, 128, (1, 3), (1, 1)),
        nn.Conv2d(128, classes, 1),
    ).to(memory_format=torch.channels_last)


def _normal(greys: torch.Tensor) -> torch.Tensor:
    """Return the pictures with mean 0 and deviation 1 each."""
    values = greys.float()
    deviation, mean = torch.std_mean(values, (1, 2, 3), keepdim=True)
    return (values - mean) / (deviation + 1e-3)


def _shaken(batch: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """Return the pictures moved by up to ``_SHIFT`` px and with a little more or less contrast."""
    padded = functional.pad(batch, (_SHIFT,) * 4, mode="replicate")
    moved = []
    for picture in padded:
        top, left = rng.randint(0, 2 * _SHIFT), rng.randint(0, 2 * _SHIFT)
        gain = rng.uniform(1 - _CONTRAST, 1 + _CONTRAST)
        moved.append(picture[:, top : top + HEIGHT, left : left + WIDTH] * gain)
    return torch.stack(moved)


def _scores(layers: nn.Sequential, batch: torch.Tensor) -> torch.Tensor:
    """Return the logarithms of the chances of each class, (columns, batch, classes)."""
    told = layers(batch.contiguous(memory_format=torch.channels_last))
    return told[:, :, 0].permute(2, 0, 1).log_softmax(2)


def _loss(scores: torch.Tensor, targets: list[list[int]]) -> torch.Tensor:
    columns = torch.full((len(targets),), scores.shape[0])
    lengths = torch.tensor([len(target) for target in targets])
    joined = torch.tensor([sign for target in targets for sign in target])
    return functional.ctc_loss(scores, joined, columns, lengths, zero_infinity=True)


def _likeliest(layers: nn.Sequential, greys: torch.Tensor) -> list[tuple[list[int], float]]:
    chances, classes = _scores(layers, _normal(greys)).max(2)
    return list(zip(classes.T.tolist(), chances.sum(0).tolist(), strict=True))


def _order(count: int, rng: random.Random) -> Iterator[int]:
    """Yield the numbers below ``count``, each once, shuffled; then again in another order, for ever."""
    while True:
        yield from rng.sample(range(count), count)
