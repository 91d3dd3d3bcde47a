"""A model for the page."""

import pytest
from flash_and_click import page_model


@pytest.fixture(scope='session')
def infer():
    return page_model()
