"""Features as a table, and the files they are kept in."""

import numpy as np
import pytest

from avts_mm.apis import Features


@pytest.mark.parametrize('suffix', ['.npz', '.parquet'])
def test_files(tmp_path, suffix):
    if suffix == '.parquet':
        pytest.importorskip('pyarrow')
    rng = np.random.default_rng(0)
    features = Features(
        rng.normal(size=(5, 3)),
        ['a', 'a', 'ü/b.mp4', 'c', 'd'],
        [0, 0.1, 1 / 3, np.nan, 2],
        [0, 1, -1, 2, 3],
        dict(layer='audio_neck', pool=[3, 1], seed=None),
    )
    path = tmp_path / 'new' / f'features{suffix}'
    features.save(path)
    again = Features.load(path)
    assert again.features.dtype == np.float32
    np.testing.assert_array_equal(again.features, features.features)
    np.testing.assert_array_equal(again.starts, features.starts)
    np.testing.assert_array_equal(again.labels, features.labels)
    assert again.names == features.names
    assert again.metadata == features.metadata


def test_bad_files(tmp_path):
    with pytest.raises(ValueError, match=r'\.npz or \.parquet'):
        Features.load(tmp_path / 'a.csv')
    with pytest.raises(FileNotFoundError, match='extract_features'):
        Features.load(tmp_path / 'a.npz')
    path = tmp_path / 'b.npz'
    path.write_text('not an archive')
    with pytest.raises(ValueError, match=r'b\.npz is not a file of features'):
        Features.load(path)
    with pytest.raises(ValueError, match='do not fit'):
        Features(np.zeros((3, 2)), ['a'], [0.0], [0])
