from __future__ import annotations

import torch
from torch import nn

from net_tester import NetTester
from photochrom.nets.cnn_baseline import CnnBaseline

#: The paper's table: output shape (without the batch) and number of parameters of every layer.
TABLE = [
    ((256, 256, 32), 320),
    ((128, 128, 32), 9248),
    ((128, 128, 64), 18496),
    ((64, 64, 64), 36928),
    ((64, 64, 128), 73856),
    ((128, 128, 128), 0),
    ((128, 128, 64), 73792),
    ((256, 256, 64), 0),
    ((256, 256, 32), 18464),
    ((256, 256, 2), 578),
]


class TestCnnBaseline(NetTester):
    parameters = 231_682

    @classmethod
    def make(cls) -> nn.Module:
        return CnnBaseline()

    def test_every_layer_is_the_one_of_the_papers_table(self, made: CnnBaseline) -> None:
        found, x = [], torch.zeros(1, 1, 256, 256)
        with torch.no_grad():
            for layer in made.layers:
                x = layer(x)
                _, channels, height, width = x.shape
                found.append(((height, width, channels), sum(p.numel() for p in layer.parameters())))
        assert found == TABLE
