"""What the tests of data sets share."""

import pytest


@pytest.fixture
def printed(monkeypatch):
    """The lines that data sets and samplers print."""
    lines = []
    for module in ('usable_records', 'item_loading', 'pair_plan'):
        monkeypatch.setattr(
            f'avts_mm.datasets.{module}.print_log',
            lambda message, **kwargs: lines.append(message),
        )
    return lines
