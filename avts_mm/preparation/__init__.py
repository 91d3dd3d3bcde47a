"""Turning the videos that people have into a corpus that trains fast."""

from .corpus import REASONS, Corpus, prepare_corpus
from .measure import measure
from .pool import run_jobs
from .sources import Shard, Source, find_sources, find_videos
from .split import split_records

__all__ = [
    'REASONS',
    'Corpus',
    'Shard',
    'Source',
    'find_sources',
    'find_videos',
    'measure',
    'prepare_corpus',
    'run_jobs',
    'split_records',
]
