"""Features of clips as a table, and the files of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Features:
    """Features of clips, a row each.

    Attributes:
        features (np.ndarray): float32 ``(N, D)``.
        names (list[str]): The file that each clip is from.
        starts (np.ndarray): float64 ``(N,)``: where in it the clip begins,
            in seconds; NaN where that is not known.
        labels (np.ndarray): int64 ``(N,)``; -1 for none.
        metadata (dict): Where the features come from, such as ``layer``,
            ``config``, ``checkpoint`` and ``command``; anything JSON holds.

    Raises:
        ValueError: The columns do not fit each other.
    """

    features: np.ndarray
    names: list[str]
    starts: np.ndarray
    labels: np.ndarray
    metadata: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.features = np.asarray(self.features, np.float32)
        self.names = [str(name) for name in self.names]
        self.starts = np.asarray(self.starts, np.float64)
        self.labels = np.asarray(self.labels, np.int64)
        columns = (self.names, self.starts, self.labels)
        if self.features.ndim != 2 or any(
            np.shape(column) != self.features.shape[:1] for column in columns
        ):
            shapes = [self.features.shape, *(np.shape(c) for c in columns)]
            raise ValueError(
                'features (N, D), names, starts and labels (N,) do not fit '
                f'each other: {shapes}'
            )

    def __len__(self) -> int:
        return len(self.features)

    def save(self, path: str | Path) -> None:
        """Write an .npz or a .parquet file, by suffix.

        An .npz has the arrays ``features``, ``names``, ``starts``,
        ``labels`` and ``metadata`` (JSON); a .parquet file a row per clip
        with ``feature``, ``name``, ``start`` and ``label``, and the metadata
        under the schema's key ``avts_mm``.

        Raises:
            ValueError: Another suffix.
            ImportError: Parquet without pyarrow.
        """
        path = Path(path)
        kind = _suffix(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = json.dumps(self.metadata)
        if kind == '.npz':
            np.savez(
                path,
                features=self.features,
                names=np.array(self.names, np.str_),
                starts=self.starts,
                labels=self.labels,
                metadata=np.array(metadata),
            )
            return
        pa, parquet = _pyarrow()
        values = pa.array(np.ascontiguousarray(self.features).reshape(-1))
        table = pa.table(
            dict(
                name=pa.array(self.names, pa.string()),
                start=self.starts,
                label=self.labels,
                feature=pa.FixedSizeListArray.from_arrays(
                    values, self.features.shape[1]
                ),
            )
        )
        table = table.replace_schema_metadata({'avts_mm': metadata})
        parquet.write_table(table, path)

    @classmethod
    def load(cls, path: str | Path) -> 'Features':
        """Read what :meth:`save` has written.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: Another suffix, or not a file of features.
            ImportError: Parquet without pyarrow.
        """
        path = Path(path)
        kind = _suffix(path)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no such file of features; '
                'tools/extract_features.py writes them'
            )
        try:
            return cls(*(_read_npz if kind == '.npz' else _read_parquet)(path))
        except ImportError:
            raise
        except Exception as error:
            raise ValueError(
                f'{path} is not a file of features ({error}); write it anew '
                'with tools/extract_features.py'
            ) from error


def _suffix(path: Path) -> str:
    if path.suffix not in ('.npz', '.parquet'):
        raise ValueError(
            f'{path}: features are kept in .npz or .parquet files'
        )
    return path.suffix


def _pyarrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ImportError(
            'Parquet files need pyarrow: pip install avts_mm[parquet], or '
            'use .npz'
        ) from None
    return pyarrow, pyarrow.parquet


def _read_npz(path: Path) -> tuple:
    with np.load(path, allow_pickle=False) as file:
        return (
            file['features'],
            file['names'].tolist(),
            file['starts'],
            file['labels'],
            json.loads(str(file['metadata'])),
        )


def _read_parquet(path: Path) -> tuple:
    _, parquet = _pyarrow()
    table = parquet.read_table(path)
    column = table['feature'].combine_chunks()
    size = column.type.list_size
    return (
        column.flatten().to_numpy().reshape(-1, size),
        table['name'].to_pylist(),
        table['start'].to_numpy(),
        table['label'].to_numpy(),
        json.loads((table.schema.metadata or {})[b'avts_mm']),
    )
