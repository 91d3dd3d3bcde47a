"""torchvision's ``mc3_18`` and our ``MC3``, each with a classifier."""

from collections.abc import Callable

import torch
import torch.nn as nn

from avts_mm.models import MC3

from .steps import Switches

CLASSES = 400


class _OurClassifier(nn.Module):
    def __init__(self, channels_last: bool) -> None:
        super().__init__()
        self.backbone = MC3(channels_last=channels_last)
        self.pool = nn.AdaptiveAvgPool3d(1)
        self.fc = nn.Linear(512, CLASSES)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.fc(self.pool(self.backbone(clips)).flatten(1))


def classifier_steps(
    switches: Switches, shape: tuple[int, ...], device: str
) -> dict[str, Callable[[], None]]:
    """Training steps of both on one batch of clips, with SGD.

    Args:
        switches (Switches): The same for both.
        shape (tuple[int]): ``(N, C, T, H, W)`` of the clips.
        device (str): Where to train.

    Raises:
        ImportError, RuntimeError: torchvision is missing, or does not match
            torch.
    """
    from torchvision.models.video import mc3_18

    models = dict(
        ours=_OurClassifier(switches.channels_last),
        torchvision=mc3_18(num_classes=CLASSES),
    )
    clips = torch.randn(shape, device=device)
    labels = torch.randint(CLASSES, shape[:1], device=device)
    if switches.channels_last:
        models['torchvision'].to(memory_format=torch.channels_last_3d)
        clips = clips.contiguous(memory_format=torch.channels_last_3d)
    return {
        name: _step(model.to(device).train(), clips, labels, switches)
        for name, model in models.items()
    }


def _step(
    model: nn.Module,
    clips: torch.Tensor,
    labels: torch.Tensor,
    switches: Switches,
) -> Callable[[], None]:
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    if switches.compile:
        model.compile()

    def step() -> None:
        with torch.autocast(
            clips.device.type, torch.bfloat16, enabled=switches.bf16
        ):
            scores = model(clips)
        nn.functional.cross_entropy(scores.float(), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step
