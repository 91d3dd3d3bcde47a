"""A page's model that needs no training: it sees flashes and hears clicks."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

from torch.nn import functional as F

from avts_mm.apis import FilmEmbedder

TESTS = Path(__file__).parents[1]


def load(name: str, path: Path):
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flash_and_click():
    """What a page needs of an inferencer."""
    other = load('flash_and_click', TESTS / 'apis' / 'conftest.py')

    class WithPlaces(other.FlashAndClick):
        def embed_places(self, video, refine=1):
            size = video.shape[2], 3 * refine, 4 * refine
            bright = F.adaptive_avg_pool3d(video.mean(1, True), size) > 150
            bright = bright.float()
            return bright.diff(dim=2, prepend=bright[:, :, :1])

    model = WithPlaces(by_steps=True)
    return SimpleNamespace(embedder=FilmEmbedder(model, other.config(25)))
