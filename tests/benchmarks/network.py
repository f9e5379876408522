"""A network that reads a code anywhere in a picture: convolutions, then a decoder that attends to the whole plane.

The convolutions make 8 rows of 15 cells of a picture of 120x60 px. A transformer decoder (Vaswani et al. 2017) of one
layer writes the code symbol by symbol. It gets the symbols that it has written, and every head attends to all 120
cells, whose positions are encoded as sines. So nothing assumes that the symbols are in one line, in rows of some
length, or in any order that training pictures don't show.

Architecture, learning rate and augmentations were chosen with pictures of another program, with two or three rows each,
never with pictures of captcha_guard. Trained for 2,500 steps on 40,000 of those in 4,000 styles, it read 84 % of 2,000
pictures of 20 other styles. Needs torch, and runs on a processor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from captcha_guard.challenge.difficulty import LONGEST

WIDTH, HEIGHT = 120, 60  # px of the pictures that the network reads
LENGTH = LONGEST + 1  # symbols that it writes, with the end
END = 0  # the class that ends a code
PAST_THE_END = -100  # the target of every symbol after it
_CELLS = (8, 15)  # rows and columns
_CHANNELS = 128
_HEADS = 4
_READ_AT_ONCE = 250  # pictures
_LONGEST_WAVE = 100.0  # cells, of the sines


@dataclass(frozen=True)
class Network:
    """The layers, and the symbols of the classes from 1 on."""

    layers: nn.ModuleDict
    symbols: str

    @classmethod
    def untrained(cls, symbols: str) -> Network:
        """Return a network with random weights that can write ``symbols``."""
        classes = len(symbols) + 1
        decoder = nn.TransformerDecoderLayer(_CHANNELS, _HEADS, 2 * _CHANNELS, 0.0, batch_first=True, norm_first=True)
        layers = {
            "trunk": _trunk(),
            "refinement": _refinement(),
            "symbols": nn.Embedding(classes + 1, _CHANNELS),  # the last one starts a code
            "positions": nn.Embedding(LENGTH, _CHANNELS),
            "decoder": decoder,
            "classifier": nn.Sequential(nn.LayerNorm(_CHANNELS), nn.Linear(_CHANNELS, classes)),
        }
        return cls(nn.ModuleDict(layers), symbols)

    @classmethod
    def load(cls, path: Path) -> Network:
        """Return the network that ``save`` wrote to this file."""
        kept = torch.load(path, weights_only=True)
        network = cls.untrained(kept["symbols"])
        network.layers.load_state_dict(kept["layers"])
        return network

    def save(self, path: Path) -> None:
        """Write the weights and the symbols to a file."""
        torch.save({"symbols": self.symbols, "layers": self.layers.state_dict()}, path)

    def targets(self, answer: str) -> list[int]:
        """Return the classes that the network must write for this code."""
        classes = [self.symbols.index(symbol) + 1 for symbol in answer]
        return [*classes, END, *[PAST_THE_END] * (LENGTH - len(classes) - 1)]

    def loss(self, pictures: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of a symbol in nats, given the right symbols before it."""
        start = torch.full_like(targets[:, :1], len(self.symbols) + 1)
        before = torch.cat([start, targets[:, :-1].clamp_min(END)], 1)
        # A third faster than float32 on a processor with AVX512-BF16.
        with torch.autocast("cpu", torch.bfloat16):
            scores = self._scores(self._cells(pictures), before)
        return functional.cross_entropy(scores.float().flatten(0, 1), targets.flatten(), ignore_index=PAST_THE_END)

    def read(self, greys: torch.Tensor) -> list[str]:
        """Return the code that the network reads in each of these pictures."""
        self.layers.eval()
        with torch.inference_mode():
            return [text for some in greys.split(_READ_AT_ONCE) for text in self._read(standardised(some))]

    def _read(self, pictures: torch.Tensor) -> list[str]:
        """Write the likeliest symbol first, then the likeliest next one, and so on."""
        cells = self._cells(pictures)
        written = torch.full((len(pictures), 1), len(self.symbols) + 1)
        for _ in range(LENGTH):
            following = self._scores(cells, written)[:, -1:].argmax(-1)
            written = torch.cat([written, following], 1)
        return ["".join(self.symbols[one - 1] for one in takewhile(bool, row)) for row in written[:, 1:].tolist()]

    def _cells(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the convolutions' output for each cell and its position, (batch, cells, channels)."""
        seen = self.layers["trunk"](pictures.contiguous(memory_format=torch.channels_last))
        planes = functional.relu(seen + self.layers["refinement"](seen))
        return planes.flatten(2).transpose(1, 2) + _places()

    def _scores(self, cells: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Return each class's score for each symbol, (batch, symbols, classes). ``before`` has the previous ones."""
        count = before.shape[1]
        hidden = torch.ones(count, count, dtype=torch.bool).triu(1)
        queries = self.layers["symbols"](before) + self.layers["positions"](torch.arange(count))
        return self.layers["classifier"](self.layers["decoder"](queries, cells, tgt_mask=hidden))


def standardised(greys: torch.Tensor) -> torch.Tensor:
    """Return the pictures, each with mean 0 and deviation 1."""
    values = greys.float()
    deviation, mean = torch.std_mean(values, (1, 2, 3), keepdim=True)
    return (values - mean) / (deviation + 1e-3)


def _trunk() -> nn.Sequential:
    """Return the first convolutions: (batch, 1, 60, 120) to (batch, 128, 8, 15). Each cell sees 41x41 px."""
    return nn.Sequential(
        *_block(1, 16, size=5, stride=2),  # to 30 rows, 60 columns
        *_block(16, 48, size=3, stride=2),  # 15, 30
        *_block(48, 64, size=3, stride=1),
        *_block(64, 128, size=3, stride=2),  # 8, 15
        *_block(128, _CHANNELS, size=3, stride=1),
    ).to(memory_format=torch.channels_last)


def _refinement() -> nn.Sequential:
    """Return a residual branch (He et al. 2016) that starts as zero. With it, each cell sees 73x73 px."""
    scale = nn.BatchNorm2d(_CHANNELS)
    nn.init.zeros_(scale.weight)
    block = _block(_CHANNELS, _CHANNELS, size=3, stride=1)
    return nn.Sequential(*block, nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1, bias=False), scale).to(
        memory_format=torch.channels_last
    )


def _block(before: int, after: int, *, size: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


def _places() -> torch.Tensor:
    """Return the position of each cell, (cells, channels): sines of its row, then of its column."""
    rows, columns = _CELLS
    quarter = _CHANNELS // 4
    frequencies = torch.exp(-math.log(_LONGEST_WAVE) * torch.arange(quarter) / quarter)
    down, across = (torch.arange(count)[:, None] * frequencies for count in _CELLS)
    row = torch.cat([down.sin(), down.cos()], 1)[:, None].expand(rows, columns, -1)
    column = torch.cat([across.sin(), across.cos()], 1)[None].expand(rows, columns, -1)
    return torch.cat([row, column], -1).flatten(0, 1)
