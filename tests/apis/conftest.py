"""A model that needs no training."""

import pytest
from flash_and_click import flash_and_click


@pytest.fixture(params=['steps', 'clips'])
def embedder(request):
    """Of either sort of model, in small pieces."""
    return flash_and_click(request.param == 'steps', chunk=30, batch_size=7)
